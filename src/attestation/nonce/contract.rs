//! What every nonce store has to keep, as a suite that its tests run.
//!
//! The suite needs no runtime: it is a future, to be awaited in whatever the store needs. That
//! two threads or two processes cannot both be first is for the store's own tests to show, with
//! [`race`] in each of them.

use jiff::{SignedDuration, Timestamp};

use super::{Consumed, NonceStore};
use crate::error::Unavailable;

/// A store that is none.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Violation {
    /// The store did something that the contract excludes.
    #[error("the store breaks its contract: {0}")]
    Broken(&'static str),
    /// The store did not answer.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

/// Checks an empty store at the time `now` of its clock.
///
/// # Errors
/// [`Violation`] names the first rule that is broken.
pub async fn check<S: NonceStore>(store: &S, now: Timestamp) -> Result<(), Violation> {
    let soon = after(now, 360)?;
    let (one, other) = ("0".repeat(64), "1".repeat(64));
    expect(
        !store.is_consumed(&one).await?,
        "a new nonce has been consumed",
    )?;
    expect(
        !store.is_consumed(&one).await?,
        "asking for a nonce consumes it",
    )?;
    expect(
        store.consume(&one, soon).await? == Consumed::First,
        "a new nonce is a replay",
    )?;
    expect(
        store.is_consumed(&one).await?,
        "a consumed nonce is forgotten",
    )?;
    expect(
        store.consume(&one, soon).await? == Consumed::Replayed,
        "a nonce is consumed twice",
    )?;
    expect(
        store.consume(&one, after(now, 720)?).await? == Consumed::Replayed,
        "a nonce is consumed twice, once for longer",
    )?;
    expect(
        !store.is_consumed(&other).await?,
        "one nonce consumes another",
    )?;
    expect(
        store.consume(&other, soon).await? == Consumed::First,
        "one nonce is a replay of another",
    )?;
    let prefix = &one[..63];
    expect(
        store.consume(prefix, soon).await? == Consumed::First,
        "a nonce is a replay of one that it is the beginning of",
    )?;
    let long = "3".repeat(512);
    expect(
        store.consume(&long, soon).await? == Consumed::First
            && store.consume(&long, soon).await? == Consumed::Replayed,
        "a nonce of 512 characters is not kept",
    )
}

/// Consumes `nonces` nonces in a fixed order and returns how many of them this caller was first
/// for. Run at the same time from many threads or processes, the numbers add up to `nonces`.
///
/// # Errors
/// [`Unavailable`] if the store did not answer.
pub async fn race<S: NonceStore>(
    store: &S,
    nonces: u32,
    retain_until: Timestamp,
) -> Result<u32, Unavailable> {
    let mut first = 0;
    for number in 0..nonces {
        let consumed = store
            .consume(&format!("{number:064x}"), retain_until)
            .await?;
        first += u32::from(consumed == Consumed::First);
    }
    Ok(first)
}

fn expect(holds: bool, otherwise: &'static str) -> Result<(), Violation> {
    if holds {
        Ok(())
    } else {
        Err(Violation::Broken(otherwise))
    }
}

fn after(now: Timestamp, seconds: i64) -> Result<Timestamp, Violation> {
    now.checked_add(SignedDuration::from_secs(seconds))
        .map_err(|_| Violation::Broken("the clock is at the end of time"))
}
