//! The order of the checks (section 6.4), in one function.

use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use x428::encoding::base64url;
use x428::wire::withdrawal::{ErrorDetailCode, WithdrawalErrorCode as Code};
use x428::withdrawal::submission::Submission as Submitted;

use super::known::{Account, Records};
use super::{Destination, account, create, factor, grant, travel};
use crate::exchange::access::Caller;
use crate::exchange::call::Call;
use crate::exchange::failure::{Failure, refuse_at};
use crate::exchange::model::{Owner, Submission, Withdrawal};
use crate::exchange::store::Fault;
use crate::exchange::{audit, digest};

/// What a submission leads to.
pub(crate) enum Outcome {
    /// The withdrawal, and whether it was there before.
    Withdrawal {
        withdrawal: Box<Withdrawal>,
        replayed: bool,
    },
    /// The challenge that has to be met first.
    Challenge(Failure),
}

/// Decides a submission. That a proof was refused stays in the owner's record: somebody may have
/// changed what was approved.
pub(crate) async fn decide(
    call: &Call,
    caller: &Caller,
    submitted: &Submitted,
) -> Result<Outcome, Failure> {
    let decided = in_order(call, caller, submitted).await;
    if let Err(Failure::Refused(refused)) = &decided
        && refused.code() == Code::ChallengeProofInvalid
    {
        let mut writing = call.exchange.store.write().await?;
        writing.turn_of(caller.owner()).await?;
        let what = json!({"event": "proof.refused", "client": caller.client.id});
        audit::append(&mut writing, caller.owner(), call.now, what).await?;
        writing.commit().await?;
    }
    decided
}

/// Checks a submission in the order of the specification, and answers with the first failure.
///
/// The steps 1 and 2, token and scope, and 3, the form, have been taken. Everything else happens in
/// one transaction in the owner's turn: what has been checked holds until the withdrawal is there,
/// so that the second look of step 11 is the first one. If it fails, nothing has happened.
// r[impl withdrawal.order.steps]
// r[impl withdrawal.order.atomic]
// r[impl withdrawal.order.revalidate]
// r[impl withdrawal.order.no-oracle]
// r[impl withdrawal.idempotency.not-final]
// r[impl withdrawal.details.enforce]
async fn in_order(call: &Call, caller: &Caller, submitted: &Submitted) -> Result<Outcome, Failure> {
    let mut writing = call.exchange.store.write().await?;
    let owner: Owner = writing.in_turn_of(caller.owner()).await?;
    let records = Records::read(caller, submitted, &mut writing).await?;
    caller.is_granted(records.consent.as_ref())?;

    // 4: idempotency
    let mut kept = key(call, caller, submitted, records.submission)?;
    if let Some(id) = &kept.withdrawal {
        let withdrawal: Withdrawal = writing.get(id).await?.ok_or(Fault::Damaged)?;
        writing.put(&kept).await?;
        writing.commit().await?;
        return Ok(Outcome::Withdrawal {
            withdrawal: Box::new(withdrawal),
            replayed: true,
        });
    }

    // 5: limits and destinations of the authorization details
    let target = super::Target::of(submitted)?;
    grant::destination(caller, &target)?;
    let listed = records.listed;
    let account = Account::read(call, caller, &mut writing).await?;
    let mode = submitted.fee_mode();
    grant::limits(call, caller, &account.spent, &listed, &target, mode)?;

    // 6: asset, network, address, memo, amount, quote
    let destination = Destination::check(call, &listed, &target)?;
    let costs = destination
        .costs(caller, submitted, &kept, &mut writing)
        .await?;

    // 7: balance and limits of the account
    account::balance(&account, &destination, &costs)?;
    let dollars = destination.dollars(&costs, &listed)?;
    account::limits(call, caller, &owner, &account, dollars)?;

    // 8: holds and restrictions
    account::holds(&owner, &target, call.now)?;

    // 9: Travel Rule
    let travel_rule = travel::check(call, &owner, submitted, &target, dollars)?;

    // 10: second factor
    let approved = factor::check(
        call,
        caller,
        &owner,
        submitted,
        &destination,
        &costs,
        dollars,
        &mut kept,
        &mut writing,
    )
    .await?;
    let approval = match approved {
        factor::Factor::Challenged(failure) => {
            writing.put(&kept).await?;
            writing.commit().await?;
            return Ok(Outcome::Challenge(failure));
        }
        factor::Factor::NotNeeded => None,
        factor::Factor::Proved(challenge) => Some(challenge),
    };

    // 11: the reservation and the withdrawal
    let new = create::New {
        submitted,
        destination: &destination,
        costs: &costs,
        dollars,
        account: &account,
        travel_rule,
        approval,
    };
    let withdrawal = create::create(call, caller, &owner, new, &mut kept, &mut writing).await?;
    writing.put(&kept).await?;
    writing.commit().await?;
    Ok(Outcome::Withdrawal {
        withdrawal: Box::new(withdrawal),
        replayed: false,
    })
}

/// The key of the submission, with the fingerprint of the request for which it is.
// r[impl withdrawal.idempotency.fingerprint]
// r[impl withdrawal.idempotency.in-flight]
// r[impl withdrawal.idempotency.replay]
// r[impl withdrawal.idempotency.retention]
fn key(
    call: &Call,
    caller: &Caller,
    submitted: &Submitted,
    kept: Option<Submission>,
) -> Result<Submission, Failure> {
    let key = submitted.key().as_str();
    let id = Submission::name(caller.owner(), &caller.client.id, key);
    let fingerprint = base64url(submitted.fingerprint());
    let retention = call.exchange.settings.idempotency_retention;
    let ends_at: Timestamp =
        call.now + SignedDuration::try_from(retention).map_err(Fault::because)?;
    match kept.filter(|kept| call.now < kept.ends_at) {
        Some(kept) if !digest::same(&kept.fingerprint, &fingerprint) => Err(refuse_at(
            Code::IdempotencyMismatch,
            "The key was used with another request.",
            "/Idempotency-Key",
            ErrorDetailCode::Value,
        )),
        Some(kept) => Ok(Submission { ends_at, ..kept }),
        None => Ok(Submission {
            id,
            fingerprint,
            first_at: call.now,
            challenge: None,
            withdrawal: None,
            ends_at,
        }),
    }
}
