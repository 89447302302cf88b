//! Whether a log is what it was.

use std::collections::BTreeSet;

use super::{AuditLog, Record, Stored, genesis, kind};
use crate::error::{Malformed, Misuse, Unavailable};
use crate::wire::attestation::Digest;

/// How many records are in memory at a time.
const PAGE: u32 = 32;

/// A place in a log and what stood there: what a server deposits with a witness.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// The number of the record; the first one has the number 0.
    pub number: u64,
    /// Its digest.
    pub digest: Digest,
}

/// The first record that is not what it was.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("record {number} {broken}")]
pub struct BrokenChain {
    /// The number of the record; the first one has the number 0.
    pub number: u64,
    /// What is wrong with it.
    pub broken: Broken,
}

/// What can be wrong with a record.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Broken {
    /// There are later records, and not this one.
    #[error("is missing: the next one is number {next}")]
    Missing {
        /// The number of the record in its place.
        next: u64,
    },
    /// The log ends before a record that was deposited.
    #[error("is missing: the log is cut off before record {deposited}, which was deposited")]
    CutOff {
        /// The number of the deposited record.
        deposited: u64,
    },
    /// The text is no record.
    #[error("was altered: {0}")]
    Unreadable(Malformed),
    /// The text is a record, but not the one that was appended.
    #[error("was altered: its digest is that of another content")]
    Altered,
    /// The record is whole and follows one that comes later.
    #[error("is out of order: it stands before the record that it follows")]
    OutOfOrder,
    /// The record is whole and does not follow the one before it.
    #[error("does not follow the record before it: one was replaced, removed or added there")]
    Unlinked,
    /// The content is gone, and no later record accounts for it.
    #[error("was erased, and no record says so")]
    ErasedSilently,
    /// The record fits the log, which is another one than that of the deposit.
    #[error("is not the record that was deposited")]
    NotDeposited,
}

/// Checks a log, record by record.
#[derive(Debug, Clone)]
pub struct Chain {
    next: u64,
    digest: Digest,
    /// Erased records that no record has accounted for yet.
    erased: Vec<(u64, Digest)>,
    /// What records of an erasure name.
    accounted: BTreeSet<Digest>,
}

impl Chain {
    /// Begins before the first record.
    ///
    /// # Errors
    /// None in practice; a digest always has the form of a `Digest`.
    pub fn new() -> Result<Self, Misuse> {
        Ok(Self {
            next: 0,
            digest: genesis()?,
            erased: Vec::new(),
            accounted: BTreeSet::new(),
        })
    }

    /// Takes the next record and gives it back as it was read.
    ///
    /// # Errors
    /// [`BrokenChain`] if it is not the next record. The chain stays where it is.
    // r[impl attestation.receipt.log-chain]
    pub fn push(&mut self, stored: &Stored) -> Result<Record, BrokenChain> {
        let number = self.next;
        let refuse = |broken| BrokenChain { number, broken };
        if stored.number > number {
            let next = stored.number;
            return Err(refuse(Broken::Missing { next }));
        }
        if stored.number < number {
            return Err(refuse(Broken::OutOfOrder));
        }
        let record = Record::parse(&stored.text)
            .map_err(|malformed| refuse(Broken::Unreadable(malformed)))?;
        if record.digest().as_str() != stored.digest {
            return Err(refuse(Broken::Altered));
        }
        if *record.predecessor() != self.digest {
            return Err(refuse(Broken::Unlinked));
        }
        if record.is_erased() {
            self.erased.push((number, record.digest().clone()));
        } else if kind(record.value()) == Some("erasure") {
            let of = record.value().get("of").and_then(|of| of.as_str());
            self.accounted
                .extend(of.and_then(|of| Digest::parse(of).ok()));
        }
        self.digest = record.digest().clone();
        self.next += 1;
        Ok(record)
    }

    /// The digest that the next record has to name.
    #[must_use]
    pub fn digest(&self) -> &Digest {
        &self.digest
    }

    /// How many records were taken.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.next
    }

    /// Whether no record was taken.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.next == 0
    }

    /// Ends the check, and returns the newest record, if there is one, to be deposited. An erased
    /// record needs a later one that says so.
    ///
    /// # Errors
    /// [`BrokenChain`] names the first erased record for which there is none.
    // r[impl attestation.receipt.log-erase]
    pub fn finish(self) -> Result<Option<Head>, BrokenChain> {
        let mut erased = self.erased.into_iter();
        if let Some((number, _)) = erased.find(|(_, digest)| !self.accounted.contains(digest)) {
            let broken = Broken::ErasedSilently;
            return Err(BrokenChain { number, broken });
        }
        let digest = self.digest;
        Ok(self
            .next
            .checked_sub(1)
            .map(|number| Head { number, digest }))
    }
}

/// Why a log could not be verified.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum VerifyError {
    /// The log is not what it was.
    #[error(transparent)]
    Broken(#[from] BrokenChain),
    /// The log did not answer: nothing is known of it.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
    /// None in practice.
    #[error(transparent)]
    Misuse(#[from] Misuse),
}

/// Reads a log from its beginning, a few records at a time, and returns its newest record.
///
/// A log that was rewritten or cut off as a whole shows nothing of it by itself: only the
/// `deposited` heads do, which the owner of the log cannot change.
///
/// # Errors
/// [`VerifyError::Broken`] names the first record that is not what it was.
// r[impl attestation.receipt.log-anchor]
pub async fn verify<L: AuditLog>(log: &L, deposited: &[Head]) -> Result<Option<Head>, VerifyError> {
    let mut chain = Chain::new()?;
    loop {
        let page = log.records(chain.len(), PAGE).await?;
        if page.is_empty() {
            break;
        }
        for (index, stored) in page.iter().enumerate() {
            let number = chain.len();
            let record = chain
                .push(stored)
                .map_err(|broken| explain(broken, &chain, page.get(index + 1..)))?;
            let mut here = deposited.iter().filter(|head| head.number == number);
            if here.any(|head| head.digest != *record.digest()) {
                let broken = Broken::NotDeposited;
                return Err(BrokenChain { number, broken }.into());
            }
        }
    }
    let number = chain.len();
    if let Some(head) = deposited.iter().find(|head| head.number >= number) {
        let deposited = head.number;
        let broken = Broken::CutOff { deposited };
        return Err(BrokenChain { number, broken }.into());
    }
    Ok(chain.finish()?)
}

/// A record that does not follow is out of order if the one that should stand here comes soon.
fn explain(mut broken: BrokenChain, chain: &Chain, later: Option<&[Stored]>) -> BrokenChain {
    let follows = |stored: &Stored| {
        Record::parse(&stored.text).is_ok_and(|record| record.predecessor() == chain.digest())
    };
    if broken.broken == Broken::Unlinked && later.is_some_and(|later| later.iter().any(follows)) {
        broken.broken = Broken::OutOfOrder;
    }
    broken
}
