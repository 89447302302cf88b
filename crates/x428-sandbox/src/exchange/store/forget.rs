//! Forgetting what has ended. The record of who approved what, the withdrawals and the movements of
//! balances stay, and with the withdrawals what was spent on their days: one that is released later
//! takes its part out of the sum again.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::{Fault, Store};

/// How many rows a transaction deletes, so that nobody waits long for it.
const PORTION: u64 = 256;
/// How many transactions a table gets before the next one has its turn.
const ROUNDS: usize = 16;
/// How often it is done, by one of the instances.
const EVERY: i64 = 10;
/// A code that was used is told apart from one that never was for as long as this; quotes of
/// submissions that have waited for a challenge are still found.
const GRACE: SignedDuration = SignedDuration::from_hours(1);
/// Longer than the period of any counter.
const COUNTED: SignedDuration = SignedDuration::from_hours(48);

/// Deletes the rows of a table that are older than `$1`, at most a portion of them.
macro_rules! delete {
    ($table:literal, $column:literal) => {
        concat!(
            "DELETE FROM ",
            $table,
            " WHERE ",
            $column,
            " < $1 AND id IN (SELECT id FROM ",
            $table,
            " WHERE ",
            $column,
            " < $1 ORDER BY ",
            $column,
            " LIMIT 256)"
        )
    };
}

const ENDED: [&str; 7] = [
    delete!("session", "ends_at"),
    delete!("authorization_request", "ends_at"),
    delete!("access_token", "ends_at"),
    delete!("authorization_code", "ends_at"),
    delete!("submission", "ends_at"),
    delete!("quote", "ends_at"),
    delete!("seen", "ends_at"),
];
const COUNTERS: &str = delete!("counter", "since");
// r[impl withdrawal.poll.gone]
const CHALLENGES: &str = delete!("challenge", "kept_until");
/// A message that still has to be sent is kept until it is.
const MESSAGES: &str = "DELETE FROM message WHERE at < $1 AND id IN
    (SELECT id FROM message WHERE at < $1 AND due_at = 9223372036854775807 ORDER BY at LIMIT 256)";

/// Deletes what has ended: messages after `messages`, everything else by the time that it says
/// itself. Each portion is a transaction of its own; of several instances, one does it.
pub(crate) async fn forget(store: &Store, messages: Duration, now: Timestamp) -> Result<(), Fault> {
    if !is_mine(store, now).await? {
        return Ok(());
    }
    let before = |age: SignedDuration| now.checked_sub(age).unwrap_or(Timestamp::MIN);
    let messages = SignedDuration::try_from(messages).unwrap_or(SignedDuration::MAX);
    let others = [
        (COUNTERS, before(COUNTED)),
        (CHALLENGES, now),
        (MESSAGES, before(messages)),
    ];
    let ended = ENDED.map(|statement| (statement, before(GRACE)));
    for (statement, until) in ended.into_iter().chain(others) {
        for _ in 0..ROUNDS {
            let mut writing = store.write().await?;
            let values = vec![until.as_millisecond().into()];
            let deleted = writing.execute(statement, values).await?;
            writing.commit().await?;
            if deleted < PORTION {
                break;
            }
        }
    }
    Ok(())
}

/// Whether it is this instance that forgets now.
async fn is_mine(store: &Store, now: Timestamp) -> Result<bool, Fault> {
    let turn = now.as_second().div_euclid(EVERY);
    store.see(&format!("forget {turn}"), now).await
}
