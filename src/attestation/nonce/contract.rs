//! What every nonce store has to keep, as a suite that its tests run: [`check`], [`check_expiry`]
//! and [`race`].
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
    )?;
    // What some database takes for another text, or for none.
    for nonce in ODD {
        expect(
            !store.is_consumed(nonce).await?
                && store.consume(nonce, soon).await? == Consumed::First,
            "one nonce is a replay of another that looks alike",
        )?;
    }
    for nonce in ODD {
        expect(
            store.is_consumed(nonce).await?
                && store.consume(nonce, soon).await? == Consumed::Replayed,
            "a nonce of odd characters is forgotten",
        )?;
    }
    let huge = "\u{1f600}".repeat(20_000);
    expect(
        store.consume(&huge, soon).await? == Consumed::First
            && store.consume(&huge, soon).await? == Consumed::Replayed
            && store.consume(&huge[4..], soon).await? == Consumed::First,
        "a nonce of 80,000 bytes is not kept",
    )
}

/// Nonces that differ: in case, in blanks, in composition, in what they quote.
const ODD: [&str; 16] = [
    "",
    " ",
    "nonce",
    "NONCE",
    "nonce ",
    " nonce",
    "nonce\0",
    "nonce\0more",
    "nonce\n",
    "'; DROP TABLE nonce; --",
    "\"\\%_*?[a-z]",
    "\u{e9}",
    "e\u{301}",
    "\u{200b}",
    "\u{fffd}",
    "\u{10ffff}",
];

/// Checks an empty store whose clock is at `now` and is set by `set_clock`: a nonce is kept until
/// its time, many others end and are forgotten, and one that was forgotten is not taken for a new
/// one after the clock has been set back.
///
/// # Errors
/// [`Violation`] names the first rule that is broken.
pub async fn check_expiry<S: NonceStore>(
    store: &S,
    now: Timestamp,
    set_clock: impl Fn(Timestamp),
) -> Result<(), Violation> {
    let old = "0".repeat(64);
    let until = after(now, 60)?;
    expect(
        store.consume(&old, until).await? == Consumed::First,
        "a new nonce is a replay",
    )?;
    race(store, 300, until).await?;
    set_clock(until);
    expect(
        store.is_consumed(&old).await? && store.consume(&old, until).await? == Consumed::Replayed,
        "a nonce is forgotten at the moment until which it is to be kept",
    )?;
    let later = after(now, 3600)?;
    set_clock(later);
    for number in 0..400 {
        let nonce = format!("later {number}");
        expect(
            store.consume(&nonce, after(later, 360)?).await? == Consumed::First,
            "a new nonce is a replay after others have ended",
        )?;
    }
    set_clock(now);
    expect(
        !matches!(store.consume(&old, until).await, Ok(Consumed::First)),
        "a forgotten nonce is new after the clock was set back",
    )?;
    expect(
        store.consume("now", after(now, 360)?).await? == Consumed::First,
        "after the clock was set back, nothing is accepted",
    )?;
    expect(
        store.is_consumed("later 399").await?,
        "a nonce is forgotten after the clock was set back",
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
