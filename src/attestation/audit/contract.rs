//! What every audit log has to keep, as a suite that its tests run.

use jiff::Timestamp;

use super::{AuditLog, BrokenChain, Chain, Entry, Record, genesis};
use crate::error::{Malformed, Misuse, Unavailable};

/// A log that is none.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Violation {
    /// The log did something that the contract excludes.
    #[error("the log breaks its contract: {0}")]
    Broken(&'static str),
    /// The records do not follow one another.
    #[error(transparent)]
    Chain(#[from] BrokenChain),
    /// A record cannot be read.
    #[error(transparent)]
    Malformed(#[from] Malformed),
    /// The suite itself is wrong.
    #[error(transparent)]
    Misuse(#[from] Misuse),
    /// The log did not answer.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

/// Checks an empty log.
///
/// # Errors
/// [`Violation`] names the first rule that is broken.
pub async fn check<L: AuditLog>(log: &L, now: Timestamp) -> Result<(), Violation> {
    expect(
        log.records(0, 10).await?.is_empty(),
        "a new log has records",
    )?;
    let mut digests = Vec::new();
    for number in 0..5 {
        let why = format!("number {number}, \u{20ac} and \"quotes\"");
        let entry = Entry::correction(&genesis()?, &why, now)?;
        digests.push(log.append(&entry).await?);
    }
    let texts = log.records(0, 10).await?;
    expect(texts.len() == digests.len(), "a record is lost or doubled")?;
    let mut chain = Chain::new()?;
    for (text, digest) in texts.iter().zip(&digests) {
        let record = Record::parse(text)?;
        expect(
            record.digest() == digest,
            "the returned digest is of another record",
        )?;
        chain.push(&record)?;
    }
    expect(
        log.records(3, 1).await? == texts[3..4],
        "a part of the log is another part",
    )?;
    expect(
        log.records(5, 1).await?.is_empty(),
        "there are records after the last",
    )?;
    chain.finish()?;
    Ok(())
}

/// Appends `records` records. Run at the same time from many threads or processes, [`verify`] finds
/// one unbroken chain of all of them.
///
/// # Errors
/// As [`check`].
pub async fn race<L: AuditLog>(log: &L, records: u32, now: Timestamp) -> Result<(), Violation> {
    for number in 0..records {
        let entry = Entry::correction(&genesis()?, &number.to_string(), now)?;
        log.append(&entry).await?;
    }
    Ok(())
}

/// Checks the whole chain of a log, and returns how many records it has.
///
/// # Errors
/// [`Violation::Chain`] names the first broken record.
pub async fn verify<L: AuditLog>(log: &L) -> Result<u64, Violation> {
    let mut chain = Chain::new()?;
    loop {
        let texts = log.records(chain.len(), 256).await?;
        if texts.is_empty() {
            break;
        }
        for text in &texts {
            chain.push(&Record::parse(text)?)?;
        }
    }
    let length = chain.len();
    chain.finish()?;
    Ok(length)
}

fn expect(holds: bool, otherwise: &'static str) -> Result<(), Violation> {
    if holds {
        Ok(())
    } else {
        Err(Violation::Broken(otherwise))
    }
}
