//! Starting a method: sending a code or a prompt (section 7.4).

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use x428::wire::withdrawal::{
    ADDRESS_SHOWN_MIN, CODE_LIFETIME_MAX, ChallengeStatus, ErrorDetailCode, MethodStatus,
    NUMBER_ENTRY_DIGITS_MIN, RESEND_INTERVAL_MIN, StepUpMethod, WebhookEventType,
    WithdrawalErrorCode as Code,
};
use x428::withdrawal::refusal::Refused;

use super::verify::{Whose, ended};
use super::{attempts, codes, is_started, sends};
use crate::exchange::failure::{Failure, refuse, refuse_at};
use crate::exchange::mail::{Mail, Mailer, plain};
use crate::exchange::model::{self, Challenge, Owner};
use crate::exchange::store::{Fault, Writing};
use crate::exchange::{Exchange, audit, deliver, notify};

/// How long to wait for a mail server that does not take an e-mail.
const OUTAGE: std::time::Duration = std::time::Duration::from_secs(30);
const SUBJECT: &str = "Approve a withdrawal";

/// What is left to be done outside of the transaction.
struct Sending {
    mail: Mail,
    /// The method as it was.
    before: model::Method,
    /// The digest of the code in the e-mail.
    code: String,
}

/// Sends the code or the prompt of a method, and gives the challenge and its owner as they are
/// then. A method is not `sent` before the mail server has the e-mail.
// r[impl withdrawal.start.offered]
// r[impl withdrawal.start.same-code]
pub(crate) async fn start(
    exchange: &Arc<Exchange>,
    whose: &Whose<'_>,
    id: &str,
    method: StepUpMethod,
    now: Timestamp,
) -> Result<(Challenge, Owner), Failure> {
    let mut writing = exchange.store.write().await?;
    writing.turn_of(whose.owner).await?;
    let owner: Owner = writing.get(whose.owner).await?.ok_or(Fault::Damaged)?;
    let mut challenge = whose.own(writing.get(id).await?)?;
    ended(challenge.status_at(now))?;
    let sending = begin(exchange, &mut writing, &mut challenge, &owner, method, now).await?;
    writing.commit().await?;
    let Some(sending) = sending else {
        return Ok((challenge, owner));
    };
    // The task ends what has begun, even if the client has gone away meanwhile.
    let (exchange, id) = (Arc::clone(exchange), challenge.id);
    let task = tokio::spawn(async move {
        let sent = carry(&exchange, &owner, &id, method, sending, now).await?;
        Ok::<_, Failure>((sent, owner))
    });
    let (challenge, owner) = task.await.map_err(Fault::because)??;
    ended(challenge.status_at(now))?;
    Ok((challenge, owner))
}

/// Does what belongs into the transaction, in the owner's turn.
async fn begin(
    exchange: &Exchange,
    writing: &mut Writing,
    challenge: &mut Challenge,
    owner: &Owner,
    method: StepUpMethod,
    now: Timestamp,
) -> Result<Option<Sending>, Failure> {
    let not_offered = || {
        refuse_at(
            Code::InvalidRequest,
            "The challenge does not offer this method, or it needs no start.",
            "/method",
            ErrorDetailCode::Value,
        )
    };
    let before = challenge.method(method).ok_or_else(not_offered)?.clone();
    if !is_started(method) {
        return Err(not_offered());
    }
    // A challenge that another method has met needs no further one.
    if before.status == MethodStatus::Verified || challenge.status == ChallengeStatus::Verified {
        return Ok(None);
    }
    if attempts::is_locked(exchange, writing, &owner.id, method, now).await? {
        return Err(refuse(
            Code::ChallengeLocked,
            "There were too many wrong codes.",
        ));
    }
    interval(before.sent_at, now)?;
    if let Err(wait) = sends::count(exchange, writing, owner, method, now).await? {
        return Err(too_soon(wait));
    }
    if method == StepUpMethod::Push {
        replace_others(writing, challenge, now).await?;
    }
    let mut mail = None;
    let mut code = None;
    let mut number = None;
    match method {
        StepUpMethod::Sms | StepUpMethod::Email => {
            let text = codes::fresh(exchange)?;
            let message = message(exchange, challenge, &text);
            if method == StepUpMethod::Email && exchange.mailer.is_some() {
                mail = Some(Mail::with_code(owner, SUBJECT, message, now)?);
            } else {
                let channel = method.as_str();
                notify::send(exchange, writing, owner, channel, SUBJECT, message, now).await?;
            }
            let purpose = format!("{} {method}", challenge.id);
            let lifetime = SignedDuration::try_from(CODE_LIFETIME_MAX).map_err(Fault::because)?;
            code = Some(model::Code {
                digest: codes::digest(exchange, &purpose, &text),
                ends_at: now + lifetime,
            });
        }
        // r[impl withdrawal.start.number]
        StepUpMethod::Push => number = Some(exchange.random.digits(NUMBER_ENTRY_DIGITS_MIN)?),
        _ => {}
    }
    let sending = mail.zip(code.clone()).map(|(mail, code)| Sending {
        mail,
        before,
        code: code.digest,
    });
    let offered = challenge.method_mut(method).ok_or_else(not_offered)?;
    offered.code = code;
    offered.number = number;
    offered.sent_at = Some(now);
    if sending.is_none() {
        offered.status = MethodStatus::Sent;
        record(writing, challenge, method, true, now).await?;
    }
    writing.put(challenge).await?;
    Ok(sending)
}

/// Hands the e-mail with a code over, and notes that it is on its way. If the server does not take
/// it, everything is as it was.
async fn carry(
    exchange: &Exchange,
    owner: &Owner,
    id: &str,
    method: StepUpMethod,
    sending: Sending,
    now: Timestamp,
) -> Result<Challenge, Failure> {
    let mailer: &Mailer = exchange.mailer.as_ref().ok_or(Fault::Damaged)?;
    let sent = mailer.send(&sending.mail).await;
    let mut writing = exchange.store.write().await?;
    writing.turn_of(&owner.id).await?;
    let mut challenge: Challenge = writing.get(id).await?.ok_or(Fault::Damaged)?;
    let is_pending = challenge.status == ChallengeStatus::Pending;
    let offered = challenge.method_mut(method).ok_or(Fault::Damaged)?;
    let code = offered.code.as_ref();
    let is_this = is_pending && code.is_some_and(|code| code.digest == sending.code);
    if is_this && sent.is_ok() {
        offered.status = MethodStatus::Sent;
    } else if is_this {
        *offered = sending.before;
    }
    if is_this {
        writing.put(&challenge).await?;
    }
    record(&mut writing, &challenge, method, sent.is_ok(), now).await?;
    if sent.is_err() {
        sends::take_back(&mut writing, owner, method).await?;
    }
    writing.commit().await?;
    match sent {
        Ok(()) => Ok(challenge),
        Err(why) => {
            tracing::warn!(challenge = id, %why, "a code was not sent");
            let message = "The e-mail cannot be sent at the moment.";
            Err(Refused::new(Code::ProviderUnavailable, message)
                .after(OUTAGE)
                .into())
        }
    }
}

async fn record(
    writing: &mut Writing,
    challenge: &Challenge,
    method: StepUpMethod,
    sent: bool,
    now: Timestamp,
) -> Result<(), Fault> {
    let what = json!({
        "event": "method", "challenge": challenge.id, "client": challenge.client,
        "method": method, "sent": sent,
    });
    audit::append(writing, &challenge.owner, now, what).await
}

// r[impl withdrawal.start.resend]
fn interval(sent_at: Option<Timestamp>, now: Timestamp) -> Result<(), Failure> {
    let Some(sent_at) = sent_at else {
        return Ok(());
    };
    let wait = SignedDuration::try_from(RESEND_INTERVAL_MIN).map_err(Fault::because)?;
    let left = (sent_at + wait).duration_since(now);
    if left.is_positive() {
        return Err(too_soon(left));
    }
    Ok(())
}

fn too_soon(left: SignedDuration) -> Failure {
    let left = std::time::Duration::try_from(left).unwrap_or(RESEND_INTERVAL_MIN);
    Refused::new(Code::ResendTooSoon, "The code was sent a moment ago.")
        .after(left)
        .into()
}

/// Takes the place of a push that waits for another challenge of the owner.
// r[impl withdrawal.start.pending-one]
async fn replace_others(
    writing: &mut Writing,
    challenge: &Challenge,
    now: Timestamp,
) -> Result<(), Fault> {
    let live = "SELECT data FROM challenge WHERE owner = $1 AND live_until > $2";
    let values = vec![challenge.owner.as_str().into(), now.as_millisecond().into()];
    let others: Vec<Challenge> = writing.find(live, values).await?;
    for mut other in others {
        if other.id == challenge.id || other.status_at(now) != other.status {
            continue;
        }
        if let Some(push) = other.method_mut(StepUpMethod::Push)
            && push.status == MethodStatus::Sent
        {
            push.status = MethodStatus::Available;
            push.number = None;
            writing.put(&other).await?;
            let data = json!({"challengeId": other.id, "status": other.status});
            let event = WebhookEventType::ChallengeUpdated;
            let whom = (other.owner.as_str(), other.client.as_str());
            deliver::enqueue(writing, whom, event, data, now).await?;
        }
    }
    Ok(())
}

/// The text with a code: who asks, for what, and a warning.
// r[impl withdrawal.start.message]
// r[impl withdrawal.challenge.display]
fn message(exchange: &Exchange, challenge: &Challenge, code: &str) -> String {
    let display = &challenge.display;
    let address = display.address.as_str();
    let (first, last) = match (
        address.get(..ADDRESS_SHOWN_MIN),
        address.get(address.len().saturating_sub(ADDRESS_SHOWN_MIN)..),
    ) {
        (Some(first), Some(last)) if address.len() > 2 * ADDRESS_SHOWN_MIN => (first, last),
        _ => (address, ""),
    };
    let shown = if last.is_empty() {
        first.to_owned()
    } else {
        format!("{first}…{last}")
    };
    let memo = match &challenge.memo {
        Some(memo) => format!(" with the memo {}", plain(memo)),
        None => String::new(),
    };
    format!(
        "{}: {code} approves that {} withdraws {} {} on {} to {shown}{memo}. The whole address is {address}. \
         Give the code to no person, not even to us.",
        exchange.settings.name,
        plain(display.client.as_str()),
        display.amount,
        display.asset,
        display.network,
    )
}
