//! Step 11: the proof is consumed, the balance reserved, the withdrawal created and bound to its
//! key, in the transaction of the caller.

use serde_json::json;
use x428::wire::withdrawal::{
    ChallengeStatus, ErrorDetailCode, RequiredConfirmations, TravelRuleState, TravelRuleStatus,
    Withdrawal as Wire, WithdrawalConfirmations, WithdrawalErrorCode as Code, WithdrawalFee,
    WithdrawalStatus as Status,
};
use x428::withdrawal::decimal::Decimal;
use x428::withdrawal::submission::Submission as Submitted;

use super::Destination;
use super::known::Account;
use super::travel::Travel;
use crate::exchange::access::{Caller, periods};
use crate::exchange::api::fees::Costs;
use crate::exchange::call::Call;
use crate::exchange::failure::{Failure, refuse_at};
use crate::exchange::model::{Challenge, Owner, Past, Quote, Submission, Withdrawal};
use crate::exchange::store::{Fault, Writing, spending};
use crate::exchange::{audit, notify, settlement};

/// What is to be created.
pub(super) struct New<'a> {
    pub(super) submitted: &'a Submitted,
    pub(super) destination: &'a Destination<'a>,
    pub(super) costs: &'a Costs,
    pub(super) dollars: Decimal,
    /// Out of what, as it was before.
    pub(super) account: &'a Account,
    pub(super) travel_rule: Travel,
    pub(super) approval: Option<Box<Challenge>>,
}

/// Creates the withdrawal.
// r[impl withdrawal.proof.once]
// r[impl withdrawal.state.initial]
// r[impl withdrawal.object.address]
pub(super) async fn create(
    call: &Call,
    caller: &Caller,
    owner: &Owner,
    new: New<'_>,
    kept: &mut Submission,
    writing: &mut Writing,
) -> Result<Withdrawal, Failure> {
    let id = call.exchange.random.id("wd")?;
    let mut withdrawal = withdrawal(call, caller, &id, &new)?;
    reserve(call, caller, &id, &new, writing).await?;
    let approved_by = new.approval.as_ref().map(|challenge| challenge.id.clone());
    if let Some(mut challenge) = new.approval {
        let consumed = ChallengeStatus::Consumed;
        challenge.go(writing, consumed, call.now).await?;
    }
    if let Some(quote) = &new.submitted.request().quote_id {
        let quote: Option<Quote> = writing.get(quote.as_str()).await?;
        if let Some(mut quote) = quote {
            quote.used_by = Some(kept.id.clone());
            writing.put(&quote).await?;
        }
    }
    kept.withdrawal = Some(id.clone());
    let (day, _) = periods(call.now)?;
    let today = spending::of_day(&new.account.spent, &caller.client.id, day);
    writing.spend(&owner.id, today, new.dollars).await?;
    let what = json!({
        "event": "withdrawal.created", "withdrawal": id, "challenge": approved_by,
        "client": caller.client.id, "key": kept.id,
    });
    audit::append(writing, &owner.id, call.now, what).await?;
    withdrawal.tell(writing, call.now).await?;
    tell_owner(call, owner, &withdrawal, writing).await?;
    settlement::begin(
        &call.exchange,
        &mut withdrawal,
        new.travel_rule.hold,
        writing,
        call.now,
    )
    .await?;
    Ok(withdrawal)
}

fn withdrawal(
    call: &Call,
    caller: &Caller,
    id: &str,
    new: &New<'_>,
) -> Result<Withdrawal, Failure> {
    let request = new.submitted.request();
    let network = &new.destination.network.network;
    let at: x428::wire::withdrawal::Timestamp = call.now.try_into()?;
    let mut wire = Wire::new(
        id.parse()?,
        Status::Pending,
        request.asset.clone(),
        request.network.clone(),
        request.amount.clone(),
        WithdrawalFee::new(new.costs.fee_asset.clone(), new.costs.fee.try_into()?, true),
        new.costs.receive.try_into()?,
        new.costs.debit.try_into()?,
        request.address.clone(),
        WithdrawalConfirmations::new(0)?,
        RequiredConfirmations::new(network.confirmations.get())?,
        false,
        true,
        TravelRuleState::new(if new.travel_rule.given {
            TravelRuleStatus::Accepted
        } else {
            TravelRuleStatus::NotRequired
        }),
        at.clone(),
        at,
    );
    wire.memo.clone_from(&request.memo);
    wire.client_reference.clone_from(&request.client_reference);
    let travel_rule = match &new.travel_rule.data {
        Some(data) => Some(call.exchange.keys.seal(id, data.as_bytes())?),
        None => None,
    };
    Ok(Withdrawal {
        id: id.to_owned(),
        owner: caller.owner().to_owned(),
        client: caller.client.id.clone(),
        client_name: caller.client.name.clone(),
        idempotency_key: new.submitted.key().as_str().to_owned(),
        wire,
        dollars: new.dollars,
        travel_rule,
        created_at: call.now,
        due_at: None,
        deadline: None,
        canceled_by: None,
        history: vec![Past {
            status: Status::Pending,
            since: call.now,
            why: None,
        }],
    })
}

async fn reserve(
    call: &Call,
    caller: &Caller,
    id: &str,
    new: &New<'_>,
    writing: &mut Writing,
) -> Result<(), Failure> {
    let asset = new.destination.asset.id.as_str();
    let costs = new.costs;
    let mut parts = vec![(asset, costs.debit)];
    if costs.fee_asset != asset && costs.fee.is_positive() {
        parts.push((costs.fee_asset.as_str(), costs.fee));
    }
    for (asset, amount) in parts {
        let whose = (caller.owner(), asset);
        let balance = new.account.balance(asset);
        let reserved = writing.reserve(id, whose, balance, amount, call.now);
        if !reserved.await? {
            return Err(refuse_at(
                Code::InsufficientBalance,
                "The balance does not cover the amount.",
                "/amount",
                ErrorDetailCode::Range,
            ));
        }
    }
    Ok(())
}

// r[impl withdrawal.security.notify]
async fn tell_owner(
    call: &Call,
    owner: &Owner,
    withdrawal: &Withdrawal,
    writing: &mut Writing,
) -> Result<(), Fault> {
    let wire = &withdrawal.wire;
    let text = format!(
        "{} withdraws {} {} on {} to {}.",
        withdrawal.client_name, wire.amount, wire.asset, wire.network, wire.address
    );
    let subject = "A withdrawal";
    notify::send(
        &call.exchange,
        writing,
        owner,
        "email",
        subject,
        text,
        call.now,
    )
    .await
}
