use axum::response::{IntoResponse, Response};
use jiff::SignedDuration;
use x428::wire::withdrawal::{
    FeeMode, Quote as Wire, QuoteRequest, QuotedFee, Scope, TravelRuleRequirements,
};
use x428::withdrawal::decimal::Decimal;

use super::{assets, fees};
use crate::exchange::access::authorize;
use crate::exchange::call::Call;
use crate::exchange::failure::Failure;
use crate::exchange::model::{Owner, Quote};
use crate::exchange::store::Fault;
use crate::exchange::submit::{Destination, Target, travel};

/// Fixes the fee of a withdrawal for a short time.
// r[impl withdrawal.quote.expiry]
// r[impl withdrawal.quote.nothing-reserved]
pub(super) async fn post(call: Call) -> Result<Response, Failure> {
    let caller = authorize(&call, Scope::AssetsRead).await?;
    call.parameters(&[])?;
    let request: QuoteRequest = call.json()?;
    let target = Target {
        asset: request.asset.as_str().to_owned(),
        network: request.network.as_str().to_owned(),
        amount: Decimal::try_from(&request.amount).map_err(Fault::because)?,
        address: request
            .address
            .as_ref()
            .map(|text| text.as_str().to_owned()),
        memo: request.memo.as_ref().map(|text| text.as_str().to_owned()),
    };
    let mode = request.fee_mode.unwrap_or(FeeMode::Exclusive);
    let mut writing = call.exchange.store.write().await?;
    let listed = assets::listed(&mut writing).await?;
    let destination = Destination::check(&call, &listed, &target)?;
    let fee = fees::fee(destination.asset, destination.network, target.amount)?;
    let costs = destination.costs_of(fee, mode)?;
    let dollars = destination.dollars(&costs, &listed)?;
    let owner: Owner = writing.get(caller.owner()).await?.ok_or(Fault::Damaged)?;
    let lifetime = SignedDuration::try_from(call.exchange.settings.quote_lifetime);
    let quote = Quote {
        id: call.exchange.random.id("qt")?,
        owner: owner.id.clone(),
        client: caller.client.id.clone(),
        asset: target.asset.clone(),
        network: target.network.clone(),
        amount: target.amount,
        fee_mode: mode,
        address: target.address.clone(),
        memo: target.memo.clone(),
        fee: costs.fee,
        used_by: None,
        ends_at: call.now + lifetime.map_err(Fault::because)?,
    };
    writing.put(&quote).await?;
    writing.commit().await?;
    let requirements = travel::requirements(&call.exchange.settings, &owner, dollars);
    let answer = Wire::new(
        quote.id.parse()?,
        QuotedFee::new(costs.fee_asset.clone(), costs.fee.try_into()?),
        costs.receive.try_into()?,
        costs.debit.try_into()?,
        quote.ends_at.try_into()?,
        TravelRuleRequirements::new(requirements)?,
        dollars >= owner.step_up.from,
    );
    Ok(axum::Json(answer).into_response())
}
