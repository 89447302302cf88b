//! The states of withdrawals and challenges, and what may follow what (sections 7.2, 8.1 to 8.3).
//!
//! The tables of the text are in the generated types: `can_transition_to`, `is_terminal`. What no
//! table can say is here: that only an internal withdrawal skips the network, and what becomes of
//! the balance. A [`Transition`] exists only if it is one of the text.
//!
//! ```
//! use x428::withdrawal::state::{BalanceEffect, Kind, Transition};
//! use x428::wire::withdrawal::WithdrawalStatus::{Canceled, Completed, Pending, Processing};
//!
//! let cancel = Transition::new(Pending, Canceled, Kind::OnNetwork)?;
//! assert_eq!(cancel.effect(), BalanceEffect::Release);
//! assert!(Transition::new(Processing, Completed, Kind::OnNetwork).is_err());
//! assert!(Transition::new(Processing, Completed, Kind::Internal).is_ok());
//! # Ok::<(), x428::withdrawal::state::IllegalTransition>(())
//! ```

use std::collections::VecDeque;

use jiff::Timestamp;

use super::refusal::Refused;
use crate::error::Misuse;
use crate::wire;
use crate::wire::withdrawal::{
    ChallengeStatus, ReservedBalance as Balance, StatusReason, Withdrawal, WithdrawalErrorCode,
    WithdrawalStatus as Status,
};

#[cfg(test)]
mod tests;

/// Whether the assets leave the exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// They go to an address on a network.
    OnNetwork,
    /// They stay at the exchange.
    Internal,
}

/// What a transition does to the reserved balance, in the same transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum BalanceEffect {
    /// It stays reserved.
    Keep,
    /// It is released, fee included.
    Release,
    /// It becomes a debit.
    Debit,
}

/// A change of status that the text allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use = "the withdrawal has not changed yet"]
pub struct Transition {
    from: Status,
    to: Status,
    effect: BalanceEffect,
}

/// A change of status that the text does not allow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no withdrawal goes from {from} to {to}{}", internal(*self))]
pub struct IllegalTransition {
    /// The status that it has.
    pub from: Status,
    /// The status that it should have had.
    pub to: Status,
}

/// A change of status of a challenge that the text does not allow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no challenge goes from {from} to {to}")]
pub struct IllegalChallengeTransition {
    /// The status that it has.
    pub from: ChallengeStatus,
    /// The status that it should have had.
    pub to: ChallengeStatus,
}

impl Transition {
    /// Allows a change of status.
    ///
    /// # Errors
    /// [`IllegalTransition`] unless it stands in the table, and for `processing` to `completed` of
    /// a withdrawal that is not internal.
    // r[impl withdrawal.state.transitions]
    // r[impl withdrawal.state.internal]
    pub fn new(from: Status, to: Status, kind: Kind) -> Result<Self, IllegalTransition> {
        let skips_network = from == Status::Processing && to == Status::Completed;
        if !from.can_transition_to(to) || (skips_network && kind == Kind::OnNetwork) {
            return Err(IllegalTransition { from, to });
        }
        match effect(from, to) {
            Some(effect) => Ok(Self { from, to, effect }),
            None => Err(IllegalTransition { from, to }),
        }
    }

    /// The status before.
    #[must_use]
    pub fn from(self) -> Status {
        self.from
    }

    /// The status after.
    #[must_use]
    pub fn to(self) -> Status {
        self.to
    }

    /// What becomes of the balance. Of all transitions of a withdrawal, exactly one releases or
    /// debits it.
    // r[impl withdrawal.state.release]
    // r[impl withdrawal.state.debit]
    #[must_use]
    pub fn effect(self) -> BalanceEffect {
        self.effect
    }

    /// Changes a withdrawal: its status, its times, and whether it can be canceled.
    ///
    /// # Errors
    /// [`Misuse`] if the withdrawal has another status than the one before, for an end other than
    /// `completed` without a reason, and for a time that is before that of the last change.
    // r[impl withdrawal.state.updated]
    // r[impl withdrawal.object.reason]
    // r[impl withdrawal.cancel.cancelable]
    pub fn apply(
        self,
        withdrawal: &mut Withdrawal,
        reason: Option<StatusReason>,
        now: Timestamp,
    ) -> Result<(), Misuse> {
        if withdrawal.status != self.from {
            return Err(Misuse::new("the withdrawal has another status"));
        }
        if now < withdrawal.updated_at.instant() {
            return Err(Misuse::new("the withdrawal has changed later than now"));
        }
        if self.effect == BalanceEffect::Release && reason.is_none() {
            return Err(Misuse::new("this status needs a reason"));
        }
        let now = wire::withdrawal::Timestamp::try_from(now)
            .map_err(|error| Misuse::new(error.to_string()))?;
        withdrawal.status = self.to;
        withdrawal.status_reason = reason;
        withdrawal.cancelable = is_cancelable(self.to);
        if self.to.is_terminal() {
            withdrawal.completed_at = Some(now.clone());
            withdrawal.required_action = None;
        }
        withdrawal.updated_at = now;
        Ok(())
    }
}

fn effect(from: Status, to: Status) -> Option<BalanceEffect> {
    match (from.balance(), to.balance()) {
        (Balance::Reserved, Balance::Reserved) => Some(BalanceEffect::Keep),
        (Balance::Reserved, Balance::Released) => Some(BalanceEffect::Release),
        (Balance::Reserved, Balance::Debited) => Some(BalanceEffect::Debit),
        // A balance that is not reserved has been released or debited once.
        _ => None,
    }
}

/// The transitions that lead from one status to another, by the shortest way: for an exchange that
/// sees the statuses of another one at intervals.
///
/// There are none if the status has not changed.
///
/// # Errors
/// [`IllegalTransition`] if there is no way.
// r[impl withdrawal.coinbase.skipped]
pub fn path(from: Status, to: Status, kind: Kind) -> Result<Vec<Transition>, IllegalTransition> {
    let mut ways = VecDeque::from([(from, Vec::new())]);
    let mut seen = vec![from];
    while let Some((status, way)) = ways.pop_front() {
        if status == to {
            return Ok(way);
        }
        for &next in status.successors() {
            // To cancel is what a client asks for, and no station of anything else.
            let detour = next == Status::Canceling && to != Status::Canceling;
            if seen.contains(&next) || detour {
                continue;
            }
            if let Ok(step) = Transition::new(status, next, kind) {
                seen.push(next);
                ways.push_back((next, [way.clone(), vec![step]].concat()));
            }
        }
    }
    Err(IllegalTransition { from, to })
}

/// Whether a request to cancel would begin a cancellation.
// r[impl withdrawal.cancel.cancelable]
#[must_use]
pub fn is_cancelable(status: Status) -> bool {
    !status.is_terminal() && !matches!(status, Status::Broadcast | Status::Canceling)
}

/// What a request to cancel is answered: whether the withdrawal is to be canceled now, or is shown
/// as it is.
///
/// # Errors
/// [`Refused`] with `not_cancelable`.
// r[impl withdrawal.cancel.idempotent]
pub fn cancel(status: Status) -> Result<bool, Refused> {
    match status {
        Status::Canceling | Status::Canceled => Ok(false),
        status if is_cancelable(status) => Ok(true),
        _ => {
            let message = "It is too late to cancel.";
            Err(Refused::new(WithdrawalErrorCode::NotCancelable, message))
        }
    }
}

/// Allows a change of status of a challenge.
///
/// # Errors
/// [`IllegalChallengeTransition`] unless it stands in the table.
// r[impl withdrawal.challenge.transitions]
pub fn challenge(
    from: ChallengeStatus,
    to: ChallengeStatus,
) -> Result<ChallengeStatus, IllegalChallengeTransition> {
    if from.can_transition_to(to) {
        Ok(to)
    } else {
        Err(IllegalChallengeTransition { from, to })
    }
}

fn internal(error: IllegalTransition) -> &'static str {
    if error.from.can_transition_to(error.to) {
        ", unless it is internal"
    } else {
        ""
    }
}
