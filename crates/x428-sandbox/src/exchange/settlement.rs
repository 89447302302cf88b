//! The settlement, simulated: review, broadcast, confirmations, at a pace. A client injects what
//! goes wrong with the beginning of `clientReference`:
//!
//! | begins with | what happens |
//! |---|---|
//! | `sim:review` | a person looks at it before it goes on |
//! | `sim:reject` | it is reviewed and refused |
//! | `sim:fail` | no transaction can be made |
//! | `sim:drop` | the transaction fails on the network |
//! | `sim:late` | a request to cancel comes too late |
//! | `sim:stall` | it stays in processing |

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use x428::wire::withdrawal::{
    StatusReasonCode as Because, TransactionId, TravelRuleStatus, WithdrawalConfirmations,
    WithdrawalErrorCode as Code, WithdrawalStatus as Status,
};

use super::failure::{Failure, refuse};
use super::model::{Reason, Withdrawal};
use super::store::{Fault, Row, Writing};
use super::{Exchange, digest};

const DUE: &str = "SELECT id, owner FROM withdrawal WHERE due_at <= $1 ORDER BY due_at LIMIT 256";
const REVIEWING: &str = "The withdrawal is being reviewed.";

/// Moves on every withdrawal that is due, each in a transaction of its own.
pub(crate) async fn tick(exchange: &Arc<Exchange>) -> Result<(), Fault> {
    let now = exchange.now();
    let mut reading = exchange.store.read().await?;
    let due = reading.rows(DUE, vec![now.as_millisecond().into()]).await?;
    reading.end().await?;
    let mut outcome = Ok(());
    for row in &due {
        // One that fails keeps no other waiting.
        if let Err(fault) = move_on(exchange, row, now).await {
            tracing::error!(%fault, "a withdrawal was not moved on");
            outcome = Err(fault);
        }
    }
    outcome
}

async fn move_on(exchange: &Exchange, row: &Row, now: Timestamp) -> Result<(), Fault> {
    let mut writing = exchange.store.write().await?;
    writing.turn_of(row.text("owner")?).await?;
    let withdrawal: Option<Withdrawal> = writing.get(row.text("id")?).await?;
    // Another instance may have done it meanwhile.
    let is_due = |due: &Withdrawal| due.due_at.is_some_and(|at| at <= now);
    if let Some(mut withdrawal) = withdrawal.filter(is_due) {
        step(exchange, &mut withdrawal, &mut writing, now).await?;
        writing.commit().await?;
    }
    Ok(())
}

/// What happens to a withdrawal as soon as it is created.
pub(crate) async fn begin(
    exchange: &Exchange,
    withdrawal: &mut Withdrawal,
    hold: bool,
    writing: &mut Writing,
    now: Timestamp,
) -> Result<(), Fault> {
    if hold {
        let reason = Reason::new(
            Because::OwnershipProofMissing,
            "Show that the address is yours.",
        );
        let wait = exchange.settings.information_deadline;
        let deadline = now + SignedDuration::try_from(wait).map_err(Fault::because)?;
        withdrawal.deadline = Some(deadline);
        withdrawal.due_at = Some(deadline);
        let to = Status::AwaitingInformation;
        return withdrawal.go(writing, to, Some(reason), now).await;
    }
    withdrawal.due_at = Some(later(exchange, now)?);
    writing.put(withdrawal).await
}

fn later(exchange: &Exchange, now: Timestamp) -> Result<Timestamp, Fault> {
    let pace = SignedDuration::try_from(exchange.settings.pace).map_err(Fault::because)?;
    Ok(now + pace)
}

fn is(withdrawal: &Withdrawal, script: &str) -> bool {
    let name = withdrawal.wire.client_reference.as_ref();
    name.is_some_and(|name| name.as_str().starts_with(script))
}

fn needs_review(exchange: &Exchange, withdrawal: &Withdrawal) -> bool {
    let review_from = exchange.settings.review_from;
    review_from.is_some_and(|from| withdrawal.dollars >= from)
        || is(withdrawal, "sim:review")
        || is(withdrawal, "sim:reject")
}

/// Where a withdrawal goes whose information was supplied.
pub(crate) fn after_information(
    exchange: &Exchange,
    withdrawal: &Withdrawal,
) -> (Status, Option<Reason>) {
    if needs_review(exchange, withdrawal) {
        let reason = Reason::new(Because::ManualReview, REVIEWING);
        return (Status::UnderReview, Some(reason));
    }
    (Status::Processing, None)
}

async fn step(
    exchange: &Exchange,
    withdrawal: &mut Withdrawal,
    writing: &mut Writing,
    now: Timestamp,
) -> Result<(), Fault> {
    withdrawal.due_at = Some(later(exchange, now)?);
    let (to, reason) = match withdrawal.status() {
        Status::Pending if needs_review(exchange, withdrawal) => (
            Status::UnderReview,
            Some(Reason::new(Because::ManualReview, REVIEWING)),
        ),
        Status::UnderReview if is(withdrawal, "sim:reject") => {
            let why = "The exchange does not execute this withdrawal.";
            (
                Status::Rejected,
                Some(Reason::new(Because::NotDisclosed, why)),
            )
        }
        Status::Pending | Status::UnderReview => (Status::Processing, None),
        // r[impl withdrawal.travel.deadline]
        Status::AwaitingInformation => {
            let why = "What was asked for was not supplied in time.";
            (
                Status::Expired,
                Some(Reason::new(Because::InformationExpired, why)),
            )
        }
        Status::Processing if is(withdrawal, "sim:stall") => {
            withdrawal.due_at = None;
            return writing.put(withdrawal).await;
        }
        Status::Processing if is(withdrawal, "sim:fail") => {
            let why = "No transaction could be made.";
            (
                Status::Failed,
                Some(Reason::new(Because::ProviderFailed, why)),
            )
        }
        Status::Processing => {
            broadcast(exchange, withdrawal)?;
            (Status::Broadcast, None)
        }
        Status::Canceling if is(withdrawal, "sim:late") => {
            broadcast(exchange, withdrawal)?;
            (Status::Broadcast, None)
        }
        Status::Canceling => (Status::Canceled, Some(canceled(withdrawal))),
        Status::Broadcast => return confirm(withdrawal, writing, now).await,
        _ => {
            withdrawal.due_at = None;
            return writing.put(withdrawal).await;
        }
    };
    withdrawal.go(writing, to, reason, now).await
}

/// Takes the request of a client or of the owner to cancel a withdrawal. One that is being canceled
/// stays as it is.
// r[impl withdrawal.cancel.cancelable]
// r[impl withdrawal.cancel.idempotent]
pub(crate) async fn ask_to_cancel(
    withdrawal: &mut Withdrawal,
    by: Because,
    writing: &mut Writing,
    now: Timestamp,
) -> Result<(), Failure> {
    let to = match withdrawal.status() {
        Status::Canceling | Status::Canceled => return Ok(()),
        // No work has begun.
        Status::Pending | Status::AwaitingInformation => Status::Canceled,
        // Somebody may be at it: the settlement decides.
        Status::UnderReview | Status::Processing => Status::Canceling,
        Status::Broadcast => {
            return Err(refuse(
                Code::NotCancelable,
                "The transaction is on the network.",
            ));
        }
        _ => return Err(refuse(Code::NotCancelable, "The withdrawal has ended.")),
    };
    withdrawal.canceled_by = Some(by);
    let reason = if to == Status::Canceled {
        Some(canceled(withdrawal))
    } else {
        withdrawal.due_at = Some(now);
        None
    };
    withdrawal.go(writing, to, reason, now).await?;
    Ok(())
}

/// The words for a cancellation.
pub(crate) fn canceled(withdrawal: &Withdrawal) -> Reason {
    match withdrawal.canceled_by {
        Some(Because::CanceledByOwner) => Reason::new(
            Because::CanceledByOwner,
            "The owner canceled the withdrawal.",
        ),
        _ => Reason::new(
            Because::CanceledByClient,
            format!("The withdrawal was canceled by {}.", withdrawal.client_name),
        ),
    }
}

// r[impl withdrawal.object.txid]
fn broadcast(exchange: &Exchange, withdrawal: &mut Withdrawal) -> Result<(), Fault> {
    let mut id = [0; 32];
    exchange.random.fill(&mut id)?;
    let digits = digest::hex(&id);
    let text = if withdrawal.wire.network == "xrpl" {
        digits.to_ascii_uppercase()
    } else {
        format!("0x{digits}")
    };
    withdrawal.wire.txid = Some(TransactionId::parse(text)?);
    Ok(())
}

/// Counts confirmations, a quarter of what is needed at a time.
// r[impl withdrawal.state.broadcast-failed]
async fn confirm(
    withdrawal: &mut Withdrawal,
    writing: &mut Writing,
    now: Timestamp,
) -> Result<(), Fault> {
    let needed = i64::from(withdrawal.wire.required_confirmations.get());
    let count = withdrawal.wire.confirmations.get() + (needed / 4).max(1);
    let count = count.min(needed);
    if is(withdrawal, "sim:drop") && count * 2 >= needed {
        let why = "The transaction failed on the network.";
        let reason = Reason::new(Because::TransactionFailed, why);
        return withdrawal
            .go(writing, Status::Failed, Some(reason), now)
            .await;
    }
    withdrawal.wire.confirmations = WithdrawalConfirmations::new(count)?;
    if count >= needed {
        if withdrawal.wire.travel_rule.status == TravelRuleStatus::Pending {
            withdrawal.wire.travel_rule.status = TravelRuleStatus::Accepted;
        }
        return withdrawal.go(writing, Status::Completed, None, now).await;
    }
    withdrawal.wire.updated_at = now.try_into()?;
    writing.put(withdrawal).await
}
