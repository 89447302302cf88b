//! The settlement, simulated: review, broadcast, confirmations, at a pace. A client injects what
//! goes wrong with the beginning of `clientReference`: see [`SCRIPTS`].

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
pub(crate) const NOT_IN_TIME: &str = "What was asked for was not supplied in time.";
const REVIEWING: &str = "The withdrawal is being reviewed.";

/// With what the `clientReference` of a withdrawal begins so that something else happens to it than
/// its completion, and what that is.
pub const SCRIPTS: [(&str, &str); 7] = [
    (REVIEW, "a person looks at it before it goes on"),
    (REJECT, "it is reviewed, and becomes rejected"),
    (FAIL, "no transaction can be made: it becomes failed"),
    (
        DROP,
        "the transaction fails on the network: it becomes failed after broadcast",
    ),
    (
        INFORM,
        "it waits for Travel Rule data, and becomes expired without them",
    ),
    (STALL, "it stays in processing until it is canceled"),
    (LATE, "a request to cancel it comes too late: it goes on"),
];
const REVIEW: &str = "sim:review";
const REJECT: &str = "sim:reject";
const FAIL: &str = "sim:fail";
const DROP: &str = "sim:drop";
const INFORM: &str = "sim:inform";
const STALL: &str = "sim:stall";
const LATE: &str = "sim:late";

/// Moves on every withdrawal that is due, each in a transaction of its own.
pub(crate) async fn tick(exchange: &Arc<Exchange>) -> Result<(), Fault> {
    let now = exchange.now();
    let due = exchange.store.due(DUE, now).await?;
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

/// What happens to a withdrawal as soon as it is created. It is written with it.
pub(crate) async fn begin(
    exchange: &Exchange,
    withdrawal: &mut Withdrawal,
    hold: bool,
    writing: &mut Writing,
    now: Timestamp,
) -> Result<(), Fault> {
    if hold || is(withdrawal, INFORM) {
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
        || is(withdrawal, REVIEW)
        || is(withdrawal, REJECT)
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
        Status::UnderReview if is(withdrawal, REJECT) => {
            let why = "The exchange does not execute this withdrawal.";
            (
                Status::Rejected,
                Some(Reason::new(Because::NotDisclosed, why)),
            )
        }
        Status::Pending | Status::UnderReview => (Status::Processing, None),
        Status::AwaitingInformation => return expire(withdrawal, writing, now).await,
        Status::Processing if is(withdrawal, STALL) => {
            withdrawal.due_at = None;
            return writing.put(withdrawal).await;
        }
        Status::Processing if is(withdrawal, FAIL) => {
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
        Status::Canceling if is(withdrawal, LATE) => {
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

/// Ends a withdrawal whose information was not supplied in time.
// r[impl withdrawal.travel.deadline]
pub(crate) async fn expire(
    withdrawal: &mut Withdrawal,
    writing: &mut Writing,
    now: Timestamp,
) -> Result<(), Fault> {
    let reason = Reason::new(Because::InformationExpired, NOT_IN_TIME);
    withdrawal
        .go(writing, Status::Expired, Some(reason), now)
        .await
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
    if is(withdrawal, DROP) && count * 2 >= needed {
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
