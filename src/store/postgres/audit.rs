use jiff::Timestamp;
use sqlx::{Postgres, Transaction};

use super::{AUDIT_LOCK, BEGIN, PostgresStore};
use crate::attestation::audit::{AuditLog, Entry, Record, Stored};
use crate::clock::Clock;
use crate::error::Unavailable;
use crate::store::Fault;
use crate::store::table::{AUDIT, bounded, next, stored};
use crate::wire::attestation::Digest;

const NEWEST: &str = "SELECT number, digest FROM x428_audit ORDER BY number DESC LIMIT 1";
const INSERT: &str = "
    INSERT INTO x428_audit (number, digest, predecessor, record) VALUES ($1, $2, $3, $4)";
const PAGE: &str = "
    SELECT number, digest, record FROM x428_audit WHERE number >= $1 ORDER BY number LIMIT $2";
const FIND: &str = "SELECT number, record FROM x428_audit WHERE digest = $1";
const REPLACE: &str = "UPDATE x428_audit SET record = $2 WHERE number = $1";

/// Makes those who append wait for one another, until the transaction ends. Two that did not
/// would read the same newest record, and the number of one of the next ones be taken.
async fn lock(transaction: &mut Transaction<'_, Postgres>) -> Result<(), Fault> {
    sqlx::query("SELECT pg_advisory_xact_lock($1)")
        .bind(AUDIT_LOCK)
        .execute(&mut **transaction)
        .await?;
    Ok(())
}

/// Appends within a transaction that holds the lock.
async fn append(
    transaction: &mut Transaction<'_, Postgres>,
    entry: &Entry,
) -> Result<Digest, Fault> {
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

impl<C> PostgresStore<C> {
    async fn append_entry(&self, entry: &Entry) -> Result<Digest, Fault> {
        let mut transaction = self.pool.begin_with(BEGIN).await?;
        lock(&mut transaction).await?;
        let digest = append(&mut transaction, entry).await?;
        transaction.commit().await?;
        Ok(digest)
    }

    async fn erase_record(&self, of: &Digest, at: Timestamp) -> Result<Option<Digest>, Fault> {
        let entry = Entry::erasure(of, at).map_err(Fault::because)?;
        let mut transaction = self.pool.begin_with(BEGIN).await?;
        lock(&mut transaction).await?;
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
        Ok(Some(digest))
    }
}

// r[impl attestation.receipt.log-append]
// r[impl attestation.receipt.log-order]
impl<C: Clock + Sync> AuditLog for PostgresStore<C> {
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
            .fetch_all(&self.pool);
        stored(bounded(AUDIT, self.timeout, rows).await?)
    }

    async fn erase(&self, record: &Digest, at: Timestamp) -> Result<Option<Digest>, Unavailable> {
        let erased = Box::pin(self.erase_record(record, at));
        bounded(AUDIT, self.timeout, erased).await
    }
}
