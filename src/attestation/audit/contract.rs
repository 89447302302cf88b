//! What every audit log has to keep, as a suite that its tests run.

use jiff::Timestamp;

use super::{AuditLog, BrokenChain, Chain, Entry, VerifyError, genesis, verify};
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
    /// The log cannot be verified.
    #[error(transparent)]
    Verify(#[from] VerifyError),
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
    expect(
        verify(log, &[]).await?.is_none(),
        "a new log has a newest record",
    )?;
    let mut digests = Vec::new();
    for number in 0..5 {
        let why = format!("number {number}, \u{20ac}, \u{1f600}, \0 and \"quotes\"");
        let entry = Entry::correction(&genesis()?, &why, now)?;
        digests.push(log.append(&entry).await?);
    }
    let records = log.records(0, 10).await?;
    expect(
        records.len() == digests.len(),
        "a record is lost or doubled",
    )?;
    let mut chain = Chain::new()?;
    for (stored, digest) in records.iter().zip(&digests) {
        let record = chain.push(stored)?;
        expect(
            record.digest() == digest,
            "the returned digest is of another record",
        )?;
    }
    expect(
        log.records(3, 1).await? == records[3..4],
        "a part of the log is another part",
    )?;
    expect(
        log.records(5, 1).await?.is_empty() && log.records(u64::MAX, 1).await?.is_empty(),
        "there are records after the last",
    )?;
    let head = verify(log, &[]).await?;
    expect(
        head.is_some_and(|head| head.number == 4 && head.digest == digests[4]),
        "the newest record is another one",
    )?;

    let unknown = log.erase(&genesis()?, now).await?;
    expect(unknown.is_none(), "a record that is not there was erased")?;
    let erasure = log.erase(&digests[1], now).await?;
    let left = log.records(0, 10).await?;
    expect(
        left.len() == 6 && !left[1].text.contains("number 1"),
        "the content of an erased record is kept",
    )?;
    expect(
        erasure.is_some_and(|digest| left[5].digest == digest.as_str()),
        "no record says that another was erased",
    )?;
    expect(
        log.erase(&digests[1], now).await?.is_none() && log.records(0, 10).await? == left,
        "a record is erased twice",
    )?;
    expect(
        (0..5).all(|at| at == 1 || left[at] == records[at]),
        "an erasure changes another record",
    )?;
    verify(log, &[]).await?;
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

fn expect(holds: bool, otherwise: &'static str) -> Result<(), Violation> {
    if holds {
        Ok(())
    } else {
        Err(Violation::Broken(otherwise))
    }
}
