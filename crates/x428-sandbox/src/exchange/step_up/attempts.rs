//! Counters of wrong codes: of a challenge, of an account, of a credential.

use jiff::Timestamp;
use serde_json::json;
use x428::wire::withdrawal::{
    ChallengeStatus, ErrorDetailCode, MethodStatus, StepUpMethod, WithdrawalErrorCode as Code,
};

use crate::exchange::failure::{Failure, refuse, refuse_at};
use crate::exchange::model::{Challenge, Owner};
use crate::exchange::store::{Fault, Reading, Writing, counted};
use crate::exchange::{Exchange, audit, notify};

const DAY: std::time::Duration = std::time::Duration::from_hours(24);

fn of_account(owner: &str) -> String {
    format!("attempts {owner}")
}

fn of_credential(owner: &str, method: StepUpMethod) -> String {
    format!("attempts {owner} {method}")
}

/// Whether the account may be challenged.
// r[impl withdrawal.attempts.account]
pub(crate) async fn account_is_open(
    exchange: &Exchange,
    reading: &mut Reading,
    owner: &str,
    now: Timestamp,
) -> Result<bool, Fault> {
    let count = counted(reading, &of_account(owner), now, DAY).await?;
    Ok(count < exchange.settings.attempts.0)
}

/// Whether a method of the account is locked.
pub(crate) async fn is_locked(
    exchange: &Exchange,
    reading: &mut Reading,
    owner: &str,
    method: StepUpMethod,
    now: Timestamp,
) -> Result<bool, Fault> {
    let count = counted(reading, &of_credential(owner, method), now, DAY).await?;
    Ok(count >= exchange.settings.attempts.1)
}

/// Counts an attempt durably, before anything is compared. Attempts in parallel are counted one
/// after the other, and the one beyond the limit is refused unseen.
// r[impl withdrawal.attempts.before]
// r[impl withdrawal.attempts.challenge]
// r[impl withdrawal.attempts.survive]
pub(crate) async fn count(
    exchange: &Exchange,
    mut writing: Writing,
    challenge: &mut Challenge,
    method: StepUpMethod,
    now: Timestamp,
) -> Result<(), Failure> {
    let owner = challenge.owner.clone();
    let is_open = account_is_open(exchange, &mut writing, &owner, now).await?;
    let is_locked = is_locked(exchange, &mut writing, &owner, method, now).await?;
    if challenge.attempts_left() == 0 || !is_open || is_locked {
        return Err(refuse(
            Code::ChallengeLocked,
            "There were too many wrong codes.",
        ));
    }
    challenge.attempts += 1;
    writing.put(challenge).await?;
    writing.count(&of_account(&owner), now, DAY).await?;
    let of_credential = of_credential(&owner, method);
    let tries = writing.count(&of_credential, now, DAY).await?;
    if tries == exchange.settings.attempts.1 {
        tell_locked(&mut writing, &owner, method, now).await?;
    }
    writing.commit().await?;
    Ok(())
}

/// Takes an attempt back that was right.
pub(crate) async fn was_right(
    writing: &mut Writing,
    challenge: &mut Challenge,
    method: StepUpMethod,
) -> Result<(), Fault> {
    challenge.attempts = challenge.attempts.saturating_sub(1);
    writing
        .reset(&of_credential(&challenge.owner, method))
        .await?;
    let back = "UPDATE counter SET value = value - 1 WHERE id = $1 AND value > 0";
    let counter = of_account(&challenge.owner);
    writing.execute(back, vec![counter.into()]).await.map(drop)
}

/// Says that an attempt was wrong, and locks the challenge after the last one.
// r[impl withdrawal.verify.wrong-code]
pub(crate) async fn was_wrong(
    mut writing: Writing,
    mut challenge: Challenge,
    method: StepUpMethod,
    now: Timestamp,
) -> Result<Failure, Failure> {
    if challenge.attempts_left() == 0 && challenge.status_at(now) == ChallengeStatus::Pending {
        for offered in &mut challenge.methods {
            if offered.status != MethodStatus::Verified {
                offered.status = MethodStatus::Locked;
            }
        }
        let owner = challenge.owner.clone();
        let locked = ChallengeStatus::Locked;
        challenge.go(&mut writing, locked, now).await?;
        tell_locked(&mut writing, &owner, method, now).await?;
    }
    writing.commit().await?;
    let field = if method == StepUpMethod::Webauthn {
        "/credential"
    } else {
        "/code"
    };
    Ok(refuse_at(
        Code::ChallengeCodeInvalid,
        "The code is not accepted.",
        field,
        ErrorDetailCode::Value,
    ))
}

// r[impl withdrawal.attempts.owner]
async fn tell_locked(
    writing: &mut Writing,
    owner: &str,
    method: StepUpMethod,
    now: Timestamp,
) -> Result<(), Fault> {
    let known: Option<Owner> = writing.get(owner).await?;
    let known = known.ok_or(Fault::Damaged)?;
    // By another channel than the one whose codes were guessed.
    let channel = if method == StepUpMethod::Email {
        "sms"
    } else {
        "email"
    };
    let text = format!(
        "There were too many wrong codes of the method {method}. If it was not you, end the access \
         of your applications."
    );
    notify::send(writing, &known, channel, "A method was locked", text, now).await?;
    let what = json!({"event": "locked", "method": method});
    audit::append(writing, owner, now, what).await
}
