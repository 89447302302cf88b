//! Counters of wrong codes: of a challenge, of an account, of a credential. A code to log in counts
//! with the codes that approve withdrawals, for it is guessed in the same way.

use jiff::Timestamp;
use serde_json::json;
use x428::wire::withdrawal::{
    ChallengeStatus, ErrorDetailCode, MethodStatus, StepUpMethod, WithdrawalErrorCode as Code,
};

use crate::exchange::failure::{Failure, refuse, refuse_at};
use crate::exchange::model::{Challenge, Owner};
use crate::exchange::store::{Fault, Reading, Writing, counted, counted_since};
use crate::exchange::{Exchange, audit, notify};

const DAY: std::time::Duration = std::time::Duration::from_hours(24);
const LIVE: &str = "SELECT data FROM challenge WHERE owner = $1 AND live_until > $2";

fn of_account(owner: &str) -> String {
    format!("attempts {owner}")
}

fn of_credential(owner: &str, method: StepUpMethod) -> String {
    format!("attempts {owner} {method}")
}

/// Whether the owner has not been told yet of a counter that is at its limit. It is told once in
/// the period of the counter.
async fn is_news(
    writing: &mut Writing,
    counter: &str,
    most: i64,
    now: Timestamp,
) -> Result<bool, Fault> {
    let (count, since) = counted_since(writing, counter, now, DAY).await?;
    let notice = format!("told {counter} {}", since.as_millisecond());
    Ok(count >= most && writing.count(&notice, now, DAY).await? == 1)
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

/// Counts an attempt durably, before anything is compared, and tells whether it may be made.
/// Attempts in parallel are counted one after the other, and the one beyond the limit is refused
/// unseen.
// r[impl withdrawal.attempts.before]
// r[impl withdrawal.attempts.survive]
pub(crate) async fn count(
    exchange: &Exchange,
    mut writing: Writing,
    owner: &str,
    method: StepUpMethod,
    now: Timestamp,
) -> Result<bool, Fault> {
    let may_try = account_is_open(exchange, &mut writing, owner, now).await?
        && !is_locked(exchange, &mut writing, owner, method, now).await?;
    if may_try {
        writing.count(&of_account(owner), now, DAY).await?;
        writing
            .count(&of_credential(owner, method), now, DAY)
            .await?;
    } else {
        // Who counted the last one may not have come to say so.
        tell_if_locked(exchange, &mut writing, owner, method, now).await?;
    }
    writing.commit().await?;
    Ok(may_try)
}

/// Counts an attempt at a challenge as well.
// r[impl withdrawal.attempts.challenge]
pub(crate) async fn count_of(
    exchange: &Exchange,
    mut writing: Writing,
    challenge: &mut Challenge,
    method: StepUpMethod,
    now: Timestamp,
) -> Result<(), Failure> {
    let locked = || refuse(Code::ChallengeLocked, "There were too many wrong codes.");
    if challenge.attempts_left() == 0 {
        return Err(locked());
    }
    challenge.attempts += 1;
    let owner = challenge.owner.clone();
    let may_try = account_is_open(exchange, &mut writing, &owner, now).await?
        && !is_locked(exchange, &mut writing, &owner, method, now).await?;
    if may_try {
        writing.put(challenge).await?;
    }
    if count(exchange, writing, &owner, method, now).await? {
        Ok(())
    } else {
        Err(locked())
    }
}

/// Takes an attempt back that was right.
pub(crate) async fn was_right(
    writing: &mut Writing,
    owner: &str,
    method: StepUpMethod,
) -> Result<(), Fault> {
    writing.reset(&of_credential(owner, method)).await?;
    writing.uncount(&of_account(owner)).await
}

/// Notes an attempt to log in that was wrong.
pub(crate) async fn was_wrong_at_login(
    exchange: &Exchange,
    writing: &mut Writing,
    owner: &str,
    method: StepUpMethod,
    now: Timestamp,
) -> Result<(), Fault> {
    let what = json!({"event": "login", "method": method, "accepted": false});
    audit::append(writing, owner, now, what).await?;
    tell_if_locked(exchange, writing, owner, method, now).await
}

/// Says that an attempt was wrong, and locks the challenge after the last one.
// r[impl withdrawal.verify.wrong-code]
pub(crate) async fn was_wrong(
    exchange: &Exchange,
    mut writing: Writing,
    mut challenge: Challenge,
    method: StepUpMethod,
    now: Timestamp,
) -> Result<Failure, Failure> {
    let owner = challenge.owner.clone();
    let what = json!({
        "event": "attempt", "challenge": challenge.id, "client": challenge.client,
        "method": method, "accepted": false,
    });
    audit::append(&mut writing, &owner, now, what).await?;
    if challenge.attempts_left() == 0 && challenge.status_at(now) == ChallengeStatus::Pending {
        for offered in &mut challenge.methods {
            if offered.status != MethodStatus::Verified {
                offered.status = MethodStatus::Locked;
            }
        }
        let locked = ChallengeStatus::Locked;
        challenge.go(&mut writing, locked, now).await?;
        let what =
            format!("A challenge was ended after too many wrong codes of the method {method}.");
        tell(exchange, &mut writing, &owner, method, what, now).await?;
    }
    tell_if_locked(exchange, &mut writing, &owner, method, now).await?;
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

/// If the method or the account has just been locked, tells the owner once, and shows it in the
/// challenges that wait.
// r[impl withdrawal.attempts.owner]
async fn tell_if_locked(
    exchange: &Exchange,
    writing: &mut Writing,
    owner: &str,
    method: StepUpMethod,
    now: Timestamp,
) -> Result<(), Fault> {
    let (of_all, of_one) = exchange.settings.attempts;
    if is_news(writing, &of_credential(owner, method), of_one, now).await? {
        lock_in_challenges(writing, owner, method, now).await?;
        let what = format!(
            "There were too many wrong codes of the method {method}. It is locked for a day."
        );
        tell(exchange, writing, owner, method, what, now).await?;
    }
    if is_news(writing, &of_account(owner), of_all, now).await? {
        let what = "There were too many wrong codes. Withdrawals cannot be approved for a day.";
        tell(exchange, writing, owner, method, what.to_owned(), now).await?;
    }
    Ok(())
}

async fn lock_in_challenges(
    writing: &mut Writing,
    owner: &str,
    method: StepUpMethod,
    now: Timestamp,
) -> Result<(), Fault> {
    let values = vec![owner.into(), now.as_millisecond().into()];
    for mut challenge in writing.find::<Challenge>(LIVE, values).await? {
        if let Some(offered) = challenge.method_mut(method)
            && offered.status != MethodStatus::Verified
        {
            offered.status = MethodStatus::Locked;
            writing.put(&challenge).await?;
        }
    }
    Ok(())
}

async fn tell(
    exchange: &Exchange,
    writing: &mut Writing,
    owner: &str,
    method: StepUpMethod,
    what: String,
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
        "{what} If it was not you, end the access of your applications and change \
         your password."
    );
    let subject = "A method was locked";
    notify::send(exchange, writing, &known, channel, subject, text, now).await?;
    let what = json!({"event": "locked", "method": method});
    audit::append(writing, owner, now, what).await
}
