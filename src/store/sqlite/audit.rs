use jiff::Timestamp;
use sqlx::{Sqlite, Transaction};

use super::{BEGIN, SqliteStore};
use crate::attestation::audit::{AuditLog, Entry, Record, Stored};
use crate::clock::Clock;
use crate::error::Unavailable;
use crate::store::Fault;
use crate::store::table::{AUDIT, bounded, next, stored};
use crate::wire::attestation::Digest;

const NEWEST: &str = "SELECT number, digest FROM x428_audit ORDER BY number DESC LIMIT 1";
const INSERT: &str = "
    INSERT INTO x428_audit (number, digest, predecessor, record) VALUES (?1, ?2, ?3, ?4)";
const PAGE: &str = "
    SELECT number, digest, record FROM x428_audit WHERE number >= ?1 ORDER BY number LIMIT ?2";
const FIND: &str = "SELECT number, record FROM x428_audit WHERE digest = ?1";
const REPLACE: &str = "UPDATE x428_audit SET record = ?2 WHERE number = ?1";

/// Appends within a transaction that holds the lock of the writer.
async fn append(transaction: &mut Transaction<'_, Sqlite>, entry: &Entry) -> Result<Digest, Fault> {
    let newest = sqlx::query_as(NEWEST).fetch_optional(&mut **transaction);
    let (number, predecessor) = next(newest.await?)?;
    let record = entry.follow(&predecessor).map_err(Fault::because)?;
    sqlx::query(INSERT)
        .bind(number)
        .bind(record.digest().as_str())
        .bind(predecessor.as_str())
        .bind(record.text())
        .execute(&mut **transaction)
        .await?;
    Ok(record.digest().clone())
}

impl<C> SqliteStore<C> {
    async fn append_entry(&self, entry: &Entry) -> Result<Digest, Fault> {
        let mut transaction = self.writer.begin_with(BEGIN).await?;
        let digest = append(&mut transaction, entry).await?;
        transaction.commit().await?;
        Ok(digest)
    }

    async fn erase_record(&self, of: &Digest, at: Timestamp) -> Result<Option<Digest>, Fault> {
        let entry = Entry::erasure(of, at).map_err(Fault::because)?;
        let mut transaction = self.writer.begin_with(BEGIN).await?;
        let found: Option<(i64, String)> = sqlx::query_as(FIND)
            .bind(of.as_str())
            .fetch_optional(&mut *transaction)
            .await?;
        let Some((number, text)) = found else {
            return Ok(None);
        };
        let record = Record::parse(&text).map_err(|_| Fault::Damaged)?;
        if record.is_erased() {
            return Ok(None);
        }
        sqlx::query(REPLACE)
            .bind(number)
            .bind(record.erased().text())
            .execute(&mut *transaction)
            .await?;
        let digest = append(&mut transaction, &entry).await?;
        transaction.commit().await?;
        // The content stands in the write-ahead log until that is emptied. Where a reader is in the
        // way, the next checkpoint does it; the record is erased.
        let _ = sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)")
            .execute(&self.writer)
            .await;
        Ok(Some(digest))
    }
}

// r[impl attestation.receipt.log-append]
// r[impl attestation.receipt.log-order]
impl<C: Clock + Sync> AuditLog for SqliteStore<C> {
    async fn append(&self, entry: &Entry) -> Result<Digest, Unavailable> {
        // A transaction is many kilobytes of state: not in the future of every request.
        let appended = Box::pin(self.append_entry(entry));
        bounded(AUDIT, self.timeout, appended).await
    }

    async fn records(&self, from: u64, count: u32) -> Result<Vec<Stored>, Unavailable> {
        let Ok(from) = i64::try_from(from) else {
            return Ok(Vec::new());
        };
        let rows = sqlx::query_as(PAGE)
            .bind(from)
            .bind(i64::from(count))
            .fetch_all(&self.readers);
        stored(bounded(AUDIT, self.timeout, rows).await?)
    }

    async fn erase(&self, record: &Digest, at: Timestamp) -> Result<Option<Digest>, Unavailable> {
        let erased = Box::pin(self.erase_record(record, at));
        bounded(AUDIT, self.timeout, erased).await
    }
}
