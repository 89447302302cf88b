//! What the two databases have in common: what is no SQL.

use std::future::Future;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use jiff::Timestamp;

use super::{Fault, GRACE};
use crate::attestation::audit::{Stored, genesis};
use crate::clock::Clock;
use crate::error::{Misuse, Unavailable};
use crate::wire::attestation::Digest;

pub(super) const AUDIT: &str = "audit log";
/// Every so many additions something is deleted.
const TURN: u32 = 32;
/// How many rows are deleted at most: more than a turn adds, so that a backlog melts.
pub(super) const PORTION: i64 = 128;

impl From<sqlx::Error> for Fault {
    /// Keeps what the database says and leaves out the rows and texts that it says it of.
    fn from(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::Database(database) => {
                let code = database.code().unwrap_or_default();
                Self::Failed(format!("{} ({code})", database.message()))
            }
            sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) => Self::Damaged,
            other => Self::Failed(other.to_string()),
        }
    }
}

impl Fault {
    pub(super) fn because(error: impl std::error::Error) -> Self {
        Self::Failed(error.to_string())
    }
}

/// Waits for an answer as long as the settings say.
pub(super) async fn bounded<T, E: Into<Fault>>(
    what: &'static str,
    timeout: Duration,
    answer: impl Future<Output = Result<T, E>> + Send,
) -> Result<T, Unavailable> {
    match tokio::time::timeout(timeout, answer).await {
        Ok(answer) => answer.map_err(|error| Unavailable::new(what, error.into())),
        Err(_) => Err(Unavailable::new(what, Fault::TimedOut(timeout))),
    }
}

/// Milliseconds since 1970, rounded up: what is kept until then is kept long enough.
pub(super) fn milliseconds(at: Timestamp) -> i64 {
    at.as_millisecond().saturating_add(1)
}

/// Tells when it is time to delete what has ended.
#[derive(Debug, Default)]
pub(super) struct Turns(AtomicU32);

impl Turns {
    /// Whether this addition is one that deletes.
    pub(super) fn is_due(&self) -> bool {
        self.0.fetch_add(1, Ordering::Relaxed) % TURN == TURN - 1
    }
}

/// What ended before this, in milliseconds since 1970, may be deleted.
pub(super) fn ended_before(clock: &impl Clock) -> i64 {
    let now = clock.now();
    let cutoff = now.checked_sub(GRACE).unwrap_or(Timestamp::MIN);
    cutoff.as_millisecond()
}

/// The migrations that are still to be made.
pub(super) fn pending(
    known: &'static [&'static str],
    version: i64,
) -> Result<&'static [&'static str], Misuse> {
    usize::try_from(version)
        .ok()
        .and_then(|version| known.get(version..))
        .ok_or_else(|| Misuse::new("the tables are of a later version of this program"))
}

/// Whether tables of that version can be read as they are; nothing stands for no tables.
pub(super) fn readable(known: &'static [&'static str], version: Option<i64>) -> Result<(), Misuse> {
    let version = version.ok_or_else(|| Misuse::new("there are no tables of x428"))?;
    if pending(known, version)?.is_empty() {
        Ok(())
    } else {
        Err(Misuse::new(
            "the tables are of an earlier version of this program: a server has to open them first",
        ))
    }
}

/// The number and the predecessor of the next record, after the newest one.
pub(super) fn next(newest: Option<(i64, String)>) -> Result<(i64, Digest), Fault> {
    match newest {
        None => Ok((0, genesis().map_err(Fault::because)?)),
        Some((number, digest)) => {
            let number = number.checked_add(1).ok_or(Fault::Damaged)?;
            Ok((number, Digest::parse(digest).map_err(|_| Fault::Damaged)?))
        }
    }
}

/// The rows of the table of records.
pub(super) fn stored(rows: Vec<(i64, String, String)>) -> Result<Vec<Stored>, Unavailable> {
    let stored = |(number, digest, text)| {
        let number = u64::try_from(number).map_err(|_| Unavailable::new(AUDIT, Fault::Damaged))?;
        Ok(Stored {
            number,
            digest,
            text,
        })
    };
    rows.into_iter().map(stored).collect()
}
