//! A log for tests and examples.

use std::future::{Future, ready};
use std::sync::{Mutex, MutexGuard};

use jiff::Timestamp;

use super::{AuditLog, Entry, Record, Stored, genesis};
use crate::error::{Misuse, Unavailable};
use crate::wire::attestation::Digest;

/// A log in the memory of one process. It is as durable as the process.
#[derive(Debug, Default)]
pub struct MemoryAuditLog {
    records: Mutex<Vec<Record>>,
}

#[derive(Debug, thiserror::Error)]
#[error("the log is in an unknown state")]
struct Poisoned;

impl MemoryAuditLog {
    /// Makes an empty log.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn lock(&self) -> Result<MutexGuard<'_, Vec<Record>>, Unavailable> {
        self.records.lock().map_err(|_| unavailable(Poisoned))
    }

    fn read(&self, from: u64, count: u32) -> Result<Vec<Stored>, Unavailable> {
        let records = self.lock()?;
        let numbered = (0..).zip(records.iter());
        Ok(numbered
            .skip(usize::try_from(from).unwrap_or(usize::MAX))
            .take(usize::try_from(count).unwrap_or(usize::MAX))
            .map(|(number, record)| record.at(number))
            .collect())
    }

    fn replace(&self, of: &Digest, at: Timestamp) -> Result<Option<Digest>, Unavailable> {
        let mut records = self.lock()?;
        let found = records
            .iter()
            .position(|record| record.digest() == of && !record.is_erased());
        let Some(index) = found else {
            return Ok(None);
        };
        let entry = Entry::erasure(of, at).map_err(unavailable)?;
        let erased = records[index].erased();
        let digest = push(&mut records, &entry).map_err(unavailable)?;
        records[index] = erased;
        Ok(Some(digest))
    }
}

fn push(records: &mut Vec<Record>, entry: &Entry) -> Result<Digest, Misuse> {
    let record = match records.last() {
        Some(newest) => entry.follow(newest.digest())?,
        None => entry.follow(&genesis()?)?,
    };
    let digest = record.digest().clone();
    records.push(record);
    Ok(digest)
}

impl AuditLog for MemoryAuditLog {
    fn append(&self, entry: &Entry) -> impl Future<Output = Result<Digest, Unavailable>> + Send {
        let appended = self
            .lock()
            .and_then(|mut records| push(&mut records, entry).map_err(unavailable));
        ready(appended)
    }

    fn records(
        &self,
        from: u64,
        count: u32,
    ) -> impl Future<Output = Result<Vec<Stored>, Unavailable>> + Send {
        ready(self.read(from, count))
    }

    fn erase(
        &self,
        record: &Digest,
        at: Timestamp,
    ) -> impl Future<Output = Result<Option<Digest>, Unavailable>> + Send {
        ready(self.replace(record, at))
    }
}

fn unavailable(reason: impl std::error::Error + Send + Sync + 'static) -> Unavailable {
    Unavailable::new("audit log", reason)
}
