//! Starting a method: sending a code or a prompt (section 7.4).

use jiff::{SignedDuration, Timestamp};
use x428::wire::withdrawal::{
    ADDRESS_SHOWN_MIN, CODE_LIFETIME_MAX, ErrorDetailCode, MethodStatus, NUMBER_ENTRY_DIGITS_MIN,
    RESEND_INTERVAL_MIN, StepUpMethod, WithdrawalErrorCode as Code,
};
use x428::withdrawal::refusal::Refused;

use super::{attempts, codes, is_started};
use crate::exchange::failure::{Failure, refuse, refuse_at};
use crate::exchange::model::{self, Challenge, Owner};
use crate::exchange::store::{Fault, Writing};
use crate::exchange::{Exchange, notify};

const HOUR: std::time::Duration = std::time::Duration::from_hours(1);
const DAY: std::time::Duration = std::time::Duration::from_hours(24);

/// Sends the code or the prompt of a method, in the owner's turn.
// r[impl withdrawal.start.offered]
// r[impl withdrawal.start.same-code]
pub(crate) async fn start(
    exchange: &Exchange,
    writing: &mut Writing,
    challenge: &mut Challenge,
    owner: &Owner,
    method: StepUpMethod,
    now: Timestamp,
) -> Result<(), Failure> {
    let not_offered = || {
        refuse_at(
            Code::InvalidRequest,
            "The challenge does not offer this method, or it needs no start.",
            "/method",
            ErrorDetailCode::Value,
        )
    };
    let offered = challenge.method(method).ok_or_else(not_offered)?;
    if !is_started(method) {
        return Err(not_offered());
    }
    if offered.status == MethodStatus::Verified {
        return Ok(());
    }
    if attempts::is_locked(exchange, writing, &owner.id, method, now).await? {
        return Err(refuse(
            Code::ChallengeLocked,
            "There were too many wrong codes.",
        ));
    }
    interval(offered.sent_at, now)?;
    caps(exchange, writing, owner, method, now).await?;
    if method == StepUpMethod::Push {
        replace_others(writing, challenge, now).await?;
    }
    let mut code = None;
    let mut number = None;
    match method {
        StepUpMethod::Sms | StepUpMethod::Email => {
            let text = codes::fresh(exchange)?;
            let channel = method.as_str();
            let message = message(exchange, challenge, &text);
            let subject = "Approve a withdrawal";
            notify::send(writing, owner, channel, subject, message, now).await?;
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
    let offered = challenge.method_mut(method).ok_or_else(not_offered)?;
    offered.status = MethodStatus::Sent;
    offered.code = code;
    offered.number = number;
    offered.sent_at = Some(now);
    writing.put(challenge).await?;
    Ok(())
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

/// What is sent costs money and patience, over all clients: of an owner, and of a number.
async fn caps(
    exchange: &Exchange,
    writing: &mut Writing,
    owner: &Owner,
    method: StepUpMethod,
    now: Timestamp,
) -> Result<(), Failure> {
    let (an_hour, a_day) = exchange.settings.sends;
    let to = match method {
        StepUpMethod::Email => &owner.email,
        _ => &owner.phone,
    };
    let to = crate::exchange::digest::of(to);
    for (period, name, most) in [(HOUR, "hour", an_hour), (DAY, "day", a_day)] {
        for whom in [owner.id.as_str(), to.as_str()] {
            let counter = format!("sends {name} {whom}");
            if writing.count(&counter, now, period).await? > most {
                let wait = SignedDuration::try_from(period).map_err(Fault::because)?;
                return Err(too_soon(wait));
            }
        }
    }
    Ok(())
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
    format!(
        "{}: {code} approves that {} withdraws {} {} on {} to {shown}. The whole address is {address}. \
         Give the code to no person, not even to us.",
        exchange.settings.name,
        display.client.as_str(),
        display.amount,
        display.asset,
        display.network,
    )
}
