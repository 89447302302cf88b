use axum::response::{IntoResponse, Response};
use x428::wire::withdrawal::{
    ChallengeStatus, ErrorDetailCode, SLOW_DOWN_STEP, Scope, StartRequest, VerifyRequest,
    WithdrawalErrorCode as Code,
};
use x428::withdrawal::refusal::Refused;

use crate::exchange::access::{Caller, authorize};
use crate::exchange::call::Call;
use crate::exchange::failure::{Failure, refuse, refuse_at};
use crate::exchange::model::{Challenge, Owner};
use crate::exchange::step_up::verify::{self, Brought, Whose};
use crate::exchange::step_up::{answer, start};
use crate::exchange::store::{Fault, Writing};

const POLLED: &str = "SELECT polled_at FROM challenge WHERE id = $1";
const POLL: &str = "UPDATE challenge SET polled_at = $2 WHERE id = $1";

fn whose(caller: &Caller) -> Whose<'_> {
    Whose {
        owner: caller.owner(),
        client: Some(&caller.client.id),
    }
}

fn answered(call: &Call, challenge: &Challenge, owner: &Owner) -> Result<Response, Failure> {
    let answer = answer::answer(&call.exchange, challenge, owner, call.now)?;
    Ok(axum::Json(answer).into_response())
}

async fn owner_of(caller: &Caller, writing: &mut Writing) -> Result<Owner, Fault> {
    writing.get(caller.owner()).await?.ok_or(Fault::Damaged)
}

/// Reads a challenge: a poll.
// r[impl withdrawal.poll.slow-down]
// r[impl withdrawal.poll.gone]
pub(super) async fn get(call: Call) -> Result<Response, Failure> {
    let caller = authorize(&call, Scope::WithdrawalsCreate).await?;
    call.parameters(&[])?;
    let mut writing = call.exchange.store.write().await?;
    writing.turn_of(caller.owner()).await?;
    let mut challenge = whose(&caller).own(writing.get(&call.id).await?)?;
    let owner = owner_of(&caller, &mut writing).await?;
    if challenge.status_at(call.now) == ChallengeStatus::Pending {
        let rows = writing.rows(POLLED, vec![call.id.as_str().into()]).await?;
        let polled_at = rows.first().ok_or(Fault::Damaged)?.int("polled_at")?;
        let since = call.now.as_millisecond().saturating_sub(polled_at);
        let wait = i64::try_from(challenge.poll_seconds * 1000).map_err(Fault::because)?;
        if since < wait {
            challenge.poll_seconds = (challenge.poll_seconds + SLOW_DOWN_STEP.as_secs()).min(60);
            writing.put(&challenge).await?;
            let wait = std::time::Duration::from_secs(challenge.poll_seconds);
            writing.commit().await?;
            return Err(Refused::new(Code::RateLimited, "The poll came too early.")
                .at("", ErrorDetailCode::SlowDown)
                .after(wait)
                .into());
        }
        let values = vec![call.id.as_str().into(), call.now.as_millisecond().into()];
        writing.execute(POLL, values).await?;
    }
    writing.commit().await?;
    answered(&call, &challenge, &owner)
}

/// Starts a method.
pub(super) async fn post_start(call: Call) -> Result<Response, Failure> {
    let caller = authorize(&call, Scope::WithdrawalsCreate).await?;
    call.parameters(&[])?;
    let request: StartRequest = call.json()?;
    let whose = whose(&caller);
    let started = start::start(&call.exchange, &whose, &call.id, request.method, call.now);
    let (challenge, owner) = started.await?;
    answered(&call, &challenge, &owner)
}

/// Takes a code or an assertion.
// r[impl withdrawal.verify.form]
pub(super) async fn post_verify(call: Call) -> Result<Response, Failure> {
    let caller = authorize(&call, Scope::WithdrawalsCreate).await?;
    call.parameters(&[])?;
    let request: VerifyRequest = call.json()?;
    let brought = Brought::of(request).ok_or_else(|| {
        refuse_at(
            Code::InvalidRequest,
            "The method is not known.",
            "/method",
            ErrorDetailCode::Value,
        )
    })?;
    let whose = whose(&caller);
    let verified = verify::verify(&call.exchange, &whose, &call.id, &brought, call.now);
    let (challenge, owner) = verified.await?;
    answered(&call, &challenge, &owner)
}

/// Gives a challenge up.
// r[impl withdrawal.challenge.cancel]
pub(super) async fn cancel(call: Call) -> Result<Response, Failure> {
    let caller = authorize(&call, Scope::WithdrawalsCreate).await?;
    call.parameters(&[])?;
    let mut writing = call.exchange.store.write().await?;
    writing.turn_of(caller.owner()).await?;
    let mut challenge = whose(&caller).own(writing.get(&call.id).await?)?;
    let owner = owner_of(&caller, &mut writing).await?;
    let to = match challenge.status_at(call.now) {
        ChallengeStatus::Canceled => {
            writing.commit().await?;
            return answered(&call, &challenge, &owner);
        }
        ChallengeStatus::Pending => ChallengeStatus::Canceled,
        ChallengeStatus::Verified => ChallengeStatus::Expired,
        ChallengeStatus::Consumed => {
            return Err(refuse(
                Code::ChallengeAlreadyUsed,
                "The proof of this challenge has been used.",
            ));
        }
        _ => return Err(refuse(Code::ChallengeExpired, "The challenge has ended.")),
    };
    challenge.go(&mut writing, to, call.now).await?;
    writing.commit().await?;
    answered(&call, &challenge, &owner)
}
