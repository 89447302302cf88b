use axum::response::{IntoResponse, Response};
use jiff::SignedDuration;
use serde_json::json;
use x428::wire::withdrawal::{
    ErrorDetailCode, Scope, TravelRule, TravelRuleStatus, WalletType, WithdrawalErrorCode as Code,
    WithdrawalStatus as Status,
};
use x428::withdrawal::refusal::{self, Refused};

use super::withdrawals::own;
use crate::exchange::access::authorize;
use crate::exchange::audit;
use crate::exchange::call::Call;
use crate::exchange::failure::{Failure, refuse};
use crate::exchange::model::{Owner, Withdrawal};
use crate::exchange::settlement;
use crate::exchange::store::Fault;
use crate::exchange::submit::ownership::Named;
use crate::exchange::submit::travel;

/// Takes the Travel Rule data of a withdrawal that waits for them.
// r[impl withdrawal.travel.put]
// r[impl withdrawal.privacy.not-returned]
pub(super) async fn put(call: Call) -> Result<Response, Failure> {
    let caller = authorize(&call, Scope::WithdrawalsCreate).await?;
    call.parameters(&[])?;
    let data = read(&call)?;
    let text = serde_json::to_string(&data).map_err(Fault::because)?;
    let mut writing = call.exchange.store.write().await?;
    writing.turn_of(caller.owner()).await?;
    caller.still_granted(&mut writing).await?;
    let mut withdrawal = own(&caller, writing.get(&call.id).await?)?;
    let is_late = withdrawal.deadline.is_some_and(|until| call.now >= until);
    if withdrawal.status() == Status::AwaitingInformation && is_late {
        // The settlement has not come to it yet.
        settlement::expire(&mut withdrawal, &mut writing, call.now).await?;
        writing.commit().await?;
        return Err(refuse(Code::TravelRuleInvalid, settlement::NOT_IN_TIME));
    }
    if withdrawal.status() != Status::AwaitingInformation {
        if is_known(&call, &withdrawal, &text)? {
            // What says so may be on its way to the disk.
            writing.commit().await?;
            return Ok(axum::Json(withdrawal.wire).into_response());
        }
        return Err(refuse(
            Code::TravelRuleInvalid,
            "The withdrawal does not wait for data.",
        ));
    }
    let named = Named {
        issuer: &call.exchange.settings.issuer,
        names: &[withdrawal.id.as_str(), withdrawal.idempotency_key.as_str()],
        address: withdrawal.wire.address.as_str(),
    };
    travel::content(&data, &named, "", call.now)?;
    let is_own = data.wallet_type == WalletType::SelfHosted && data.is_self;
    if is_own && data.ownership_proof.is_none() {
        let message = "The owner has to show that the address is theirs.";
        return Err(Refused::new(Code::OwnershipProofRequired, message)
            .at("/ownershipProof", ErrorDetailCode::Missing)
            .into());
    }
    withdrawal.travel_rule = Some(call.exchange.keys.seal(&withdrawal.id, text.as_bytes())?);
    withdrawal.wire.travel_rule.status = TravelRuleStatus::Accepted;
    withdrawal.deadline = None;
    let pace = SignedDuration::try_from(call.exchange.settings.pace).map_err(Fault::because)?;
    withdrawal.due_at = Some(call.now + pace);
    if is_own {
        // r[impl withdrawal.ownership.reuse]
        let mut owner: Owner = writing.get(caller.owner()).await?.ok_or(Fault::Damaged)?;
        let address = withdrawal.wire.address.as_str();
        if !owner.shown.iter().any(|known| known == address) {
            owner.shown.push(address.to_owned());
            writing.put(&owner).await?;
        }
    }
    let what = json!({
        "event": "travel-rule", "withdrawal": withdrawal.id, "client": withdrawal.client,
    });
    audit::append(&mut writing, caller.owner(), call.now, what).await?;
    let (to, reason) = settlement::after_information(&call.exchange, &withdrawal);
    withdrawal.go(&mut writing, to, reason, call.now).await?;
    writing.commit().await?;
    Ok(axum::Json(withdrawal.wire).into_response())
}

// r[impl withdrawal.travel.form]
fn read(call: &Call) -> Result<TravelRule, Failure> {
    let json = call.strict_json()?;
    let read = refusal::read(&json);
    Ok(read.map_err(|refused| {
        let is_form = refused
            .details()
            .iter()
            .all(|detail| detail.code != ErrorDetailCode::Unknown);
        if !is_form {
            return refused;
        }
        let message = "The Travel Rule data are not of their form.";
        let start = Refused::new(Code::TravelRuleInvalid, message);
        refused.details().iter().fold(start, |refused, detail| {
            refused.at(detail.field.as_str(), detail.code)
        })
    })?)
}

/// Whether the exchange has these data already.
fn is_known(call: &Call, withdrawal: &Withdrawal, text: &str) -> Result<bool, Fault> {
    let Some(sealed) = &withdrawal.travel_rule else {
        return Ok(false);
    };
    let known = call.exchange.keys.open(&withdrawal.id, sealed)?;
    Ok(known.as_slice() == text.as_bytes())
}
