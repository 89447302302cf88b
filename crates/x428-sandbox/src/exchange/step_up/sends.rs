//! How much is sent: it costs money and patience, over all clients, challenges and logins.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use x428::wire::withdrawal::StepUpMethod;

use crate::exchange::model::Owner;
use crate::exchange::store::{Fault, Writing, counted_since};
use crate::exchange::{Exchange, digest};

const PERIODS: [(&str, Duration); 2] = [
    ("hour", Duration::from_hours(1)),
    ("day", Duration::from_hours(24)),
];

/// The counters of what goes to an owner, and to an address or a number, which several owners may
/// have.
fn counters(owner: &Owner, method: StepUpMethod) -> [(String, Duration, bool); 4] {
    let to = match method {
        StepUpMethod::Email => digest::of(&owner.email),
        StepUpMethod::Sms => digest::of(&owner.phone),
        // The app is the owner's own.
        _ => format!("{} app", owner.id),
    };
    let name = |number: usize, whom: &str| {
        let (name, period) = PERIODS[number];
        (format!("sends {name} {whom}"), period, number == 0)
    };
    [
        name(0, &owner.id),
        name(0, &to),
        name(1, &owner.id),
        name(1, &to),
    ]
}

/// Counts something that is sent by a method. If it is one too many, nothing is counted and it is
/// told how long to wait.
// r[impl withdrawal.start.resend]
pub(crate) async fn count(
    exchange: &Exchange,
    writing: &mut Writing,
    owner: &Owner,
    method: StepUpMethod,
    now: Timestamp,
) -> Result<Result<(), SignedDuration>, Fault> {
    let (an_hour, a_day) = exchange.settings.sends;
    let counters = counters(owner, method);
    for (counter, period, is_hour) in &counters {
        let most = if *is_hour { an_hour } else { a_day };
        let (count, since) = counted_since(writing, counter, now, *period).await?;
        if count >= most {
            let period = SignedDuration::try_from(*period).map_err(Fault::because)?;
            return Ok(Err((since + period).duration_since(now)));
        }
    }
    for (counter, period, _) in &counters {
        writing.count(counter, now, *period).await?;
    }
    Ok(Ok(()))
}

/// Takes back what was counted and could not be sent.
pub(crate) async fn take_back(
    writing: &mut Writing,
    owner: &Owner,
    method: StepUpMethod,
) -> Result<(), Fault> {
    for (counter, _, _) in &counters(owner, method) {
        writing.uncount(counter).await?;
    }
    Ok(())
}
