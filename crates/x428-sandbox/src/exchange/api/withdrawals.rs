use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use x428::wire::withdrawal::headers::{IDEMPOTENCY_KEY, IDEMPOTENCY_REPLAYED};
use x428::wire::withdrawal::{Scope, StatusReasonCode as Because};
use x428::withdrawal::idempotency;
use x428::withdrawal::submission::Submission as Submitted;

use crate::exchange::access::{Caller, authorize};
use crate::exchange::call::Call;
use crate::exchange::failure::{Failure, not_found};
use crate::exchange::model::Withdrawal;
use crate::exchange::settlement;
use crate::exchange::submit::{Outcome, decide};

/// Submits a withdrawal: the steps 1 to 3 here, the others in their order in one function.
// r[impl withdrawal.submit.created]
pub(super) async fn post(call: Call) -> Result<Response, Failure> {
    let caller = authorize(&call, Scope::WithdrawalsCreate).await?;
    call.parameters(&[])?;
    let keys = call.headers.get_all(IDEMPOTENCY_KEY);
    let key = idempotency::key(keys.iter().map(HeaderValue::as_bytes))?;
    let submitted = Submitted::of(&call.strict_json()?, key)?;
    let outcome = decide(&call, &caller, &submitted).await?;
    let (withdrawal, replayed) = match outcome {
        Outcome::Challenge(failure) => return Err(failure),
        Outcome::Withdrawal {
            withdrawal,
            replayed,
        } => (withdrawal, replayed),
    };
    let location = format!("/withdrawals/{}", withdrawal.id);
    let body = axum::Json(withdrawal.wire);
    let mut response = (StatusCode::CREATED, body).into_response();
    let headers = response.headers_mut();
    if let Ok(location) = HeaderValue::from_str(&location) {
        headers.insert(header::LOCATION, location);
    }
    if replayed {
        headers.insert(IDEMPOTENCY_REPLAYED, HeaderValue::from_static("true"));
    }
    Ok(response)
}

/// Reads a withdrawal.
pub(super) async fn get(call: Call) -> Result<Response, Failure> {
    let caller = authorize(&call, Scope::WithdrawalsRead).await?;
    call.parameters(&[])?;
    let mut reading = call.exchange.store.read().await?;
    let withdrawal = own(&caller, reading.get(&call.id).await?)?;
    reading.end().await?;
    Ok(axum::Json(withdrawal.wire).into_response())
}

/// The withdrawal, if this client submitted it for this owner.
// r[impl withdrawal.oauth.own-withdrawals]
pub(super) fn own(caller: &Caller, withdrawal: Option<Withdrawal>) -> Result<Withdrawal, Failure> {
    withdrawal
        .filter(|withdrawal| {
            withdrawal.owner == caller.owner() && withdrawal.client == caller.client.id
        })
        .ok_or_else(not_found)
}

/// Cancels a withdrawal that is not on the network yet.
// r[impl withdrawal.cancel.no-step-up]
pub(super) async fn cancel(call: Call) -> Result<Response, Failure> {
    let caller = authorize(&call, Scope::WithdrawalsCancel).await?;
    call.parameters(&[])?;
    let mut writing = call.exchange.store.write().await?;
    writing.turn_of(caller.owner()).await?;
    let mut withdrawal = own(&caller, writing.get(&call.id).await?)?;
    let by = Because::CanceledByClient;
    settlement::ask_to_cancel(&mut withdrawal, by, &mut writing, call.now).await?;
    writing.commit().await?;
    Ok(axum::Json(withdrawal.wire).into_response())
}
