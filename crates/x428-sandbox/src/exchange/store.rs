//! What the exchange keeps: records in one SQLite file or in PostgreSQL.
//!
//! Whatever belongs to an owner changes in a transaction that has taken the owner's turn
//! ([`Writing::turn_of`]) first: these transactions come one after the other, on one machine or on
//! several, and what they read is what the one before has committed.

use std::path::Path;

use jiff::Timestamp;
use serde::{Serialize, de::DeserializeOwned};
use sqlx::SqlSafeStr;

use self::database::{Database, Open};
pub(crate) use self::database::{Row, Value};

mod balance;
mod chain;
mod database;
pub(crate) mod forget;
mod group;
pub(crate) mod record;
pub(crate) mod spending;
#[cfg(test)]
mod tests;

pub(crate) use self::record::Record;
pub(crate) use balance::{Balance, Movement};
pub(crate) use chain::Entry;

/// Why a database did not answer, without anything that it was given.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// The database says so.
    #[error("{0}")]
    Failed(String),
    /// It holds what this program has not written.
    #[error("the database holds something that it was not given")]
    Damaged,
}

impl Fault {
    pub(crate) fn because(error: impl std::error::Error) -> Self {
        Self::Failed(error.to_string())
    }
}

impl From<x428::wire::Invalid> for Fault {
    fn from(invalid: x428::wire::Invalid) -> Self {
        Self::Failed(invalid.to_string())
    }
}

impl From<x428::error::Misuse> for Fault {
    fn from(misuse: x428::error::Misuse) -> Self {
        Self::Failed(misuse.to_string())
    }
}

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

/// The records of an exchange.
#[derive(Clone)]
pub struct Store(Database);

impl Store {
    /// Opens a file, which is made if it is not there, and brings its tables to the version of
    /// this program.
    ///
    /// # Errors
    /// [`Fault`] if the file cannot be opened, or its tables are of a later version.
    pub async fn sqlite(path: impl AsRef<Path>) -> Result<Self, Fault> {
        Database::sqlite(path.as_ref()).await.map(Self)
    }

    /// Connects to `postgres://user:password@host:port/database`. Several instances may.
    ///
    /// # Errors
    /// [`Fault`] if the server does not answer, or its tables are of a later version.
    pub async fn postgres(url: &str, connections: u32) -> Result<Self, Fault> {
        Database::postgres(url, connections).await.map(Self)
    }

    /// Closes the connections, after what is under way.
    pub async fn close(&self) {
        self.0.close().await;
    }

    pub(crate) async fn read(&self) -> Result<Reading, Fault> {
        self.0.read().await.map(Reading)
    }

    /// The rows that a statement finds, in a transaction of its own.
    pub(crate) async fn rows(
        &self,
        sql: &'static str,
        values: Vec<Value>,
    ) -> Result<Vec<Row>, Fault> {
        self.0.rows(sql, values).await
    }

    /// Writes by a statement that is a transaction of its own, and gives its rows.
    pub(crate) async fn change(
        &self,
        sql: &'static str,
        values: Vec<Value>,
    ) -> Result<Vec<Row>, Fault> {
        self.0.change(sql, values).await
    }

    /// Notes a name until then, and tells whether it was not there.
    pub(crate) async fn see(&self, name: &str, until: Timestamp) -> Result<bool, Fault> {
        let see = "INSERT INTO seen (id, ends_at) VALUES ($1, $2)
            ON CONFLICT DO NOTHING RETURNING id";
        let values = vec![name.into(), until.as_millisecond().into()];
        Ok(!self.change(see, values).await?.is_empty())
    }

    /// The rows that a statement finds to be due; `$1` is the time, in milliseconds.
    pub(crate) async fn due(
        &self,
        statement: &'static str,
        now: Timestamp,
    ) -> Result<Vec<Row>, Fault> {
        self.rows(statement, vec![now.as_millisecond().into()])
            .await
    }

    /// Waits until everything that a transaction can have read is durable, for an answer that is
    /// given without a commit.
    pub(crate) async fn settled(&self) -> Result<(), Fault> {
        self.0.settled().await
    }

    pub(crate) async fn write(&self) -> Result<Writing, Fault> {
        let open = self.0.write().await?;
        Ok(Writing {
            reading: Reading(open),
            entries: Vec::new(),
        })
    }
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store").finish_non_exhaustive()
    }
}

/// A transaction that reads.
pub(crate) struct Reading(Open);

impl Reading {
    /// The record of that name.
    pub(crate) async fn get<R: Record>(&mut self, id: &str) -> Result<Option<R>, Fault> {
        // PostgreSQL takes no text with a NUL, and no name has one.
        if id.contains('\0') {
            return Ok(None);
        }
        let mut rows = self.rows(R::SELECT, vec![id.into()]).await?;
        rows.pop().map(|row| row.record("data")).transpose()
    }

    /// The records that a statement finds; it gives the column `data`.
    pub(crate) async fn find<R: DeserializeOwned>(
        &mut self,
        sql: &'static str,
        values: Vec<Value>,
    ) -> Result<Vec<R>, Fault> {
        let rows = self.rows(sql, values).await?;
        rows.iter().map(|row| row.record("data")).collect()
    }

    /// The rows that a statement finds.
    pub(crate) async fn rows(
        &mut self,
        sql: &'static str,
        values: Vec<Value>,
    ) -> Result<Vec<Row>, Fault> {
        self.0.rows(sql, values).await
    }

    /// Ends it. A reading that is dropped is undone by the next user of its connection.
    pub(crate) async fn end(self) -> Result<(), Fault> {
        self.0.commit().await
    }
}

/// A transaction that writes. Dropped without [`commit`](Self::commit), it has never been.
pub(crate) struct Writing {
    reading: Reading,
    /// What was appended to records and is not written yet.
    entries: Vec<Entry>,
}

impl std::ops::Deref for Writing {
    type Target = Reading;

    fn deref(&self) -> &Reading {
        &self.reading
    }
}

impl std::ops::DerefMut for Writing {
    fn deref_mut(&mut self) -> &mut Reading {
        &mut self.reading
    }
}

impl Writing {
    /// Waits until no other transaction changes what belongs to the owner.
    pub(crate) async fn turn_of(&mut self, owner: &str) -> Result<(), Fault> {
        let turn = "UPDATE owner SET turn = turn + 1 WHERE id = $1";
        match self.execute(turn, vec![owner.into()]).await? {
            1 => Ok(()),
            _ => Err(Fault::Damaged),
        }
    }

    /// The same, and the owner's record as the transaction before has left it.
    pub(crate) async fn in_turn_of<R: DeserializeOwned>(
        &mut self,
        owner: &str,
    ) -> Result<R, Fault> {
        let turn = "UPDATE owner SET turn = turn + 1 WHERE id = $1 RETURNING data";
        let mut owners = self.find(turn, vec![owner.into()]).await?;
        owners.pop().ok_or(Fault::Damaged)
    }

    /// Adds a record, and tells whether its name was free.
    pub(crate) async fn create<R: Record>(&mut self, record: &R) -> Result<bool, Fault> {
        Ok(self.execute(R::CREATE, values(record)?).await? == 1)
    }

    /// Adds a record, or takes it for the one of the same name.
    pub(crate) async fn put<R: Record>(&mut self, record: &R) -> Result<(), Fault> {
        self.execute(R::PUT, values(record)?).await.map(drop)
    }

    /// Runs a statement, and tells how many rows it has changed.
    pub(crate) async fn execute(
        &mut self,
        sql: impl SqlSafeStr,
        values: Vec<Value>,
    ) -> Result<u64, Fault> {
        self.reading.0.execute(sql, values).await
    }

    /// Adds one to a counter that begins anew after a period, and gives what it is now.
    pub(crate) async fn count(
        &mut self,
        counter: &str,
        now: Timestamp,
        period: std::time::Duration,
    ) -> Result<i64, Fault> {
        let now = now.as_millisecond();
        let period = i64::try_from(period.as_millis()).unwrap_or(i64::MAX);
        let count = "INSERT INTO counter (id, value, since) VALUES ($1, 1, $2)
            ON CONFLICT (id) DO UPDATE SET
                value = CASE WHEN counter.since <= $3 THEN 1 ELSE counter.value + 1 END,
                since = CASE WHEN counter.since <= $3 THEN $2 ELSE counter.since END
            RETURNING value";
        let begun = now.saturating_sub(period);
        let values = vec![counter.into(), now.into(), begun.into()];
        let rows = self.rows(count, values).await?;
        rows.first().ok_or(Fault::Damaged)?.int("value")
    }

    /// Takes one from a counter.
    pub(crate) async fn uncount(&mut self, counter: &str) -> Result<(), Fault> {
        let back = "UPDATE counter SET value = value - 1 WHERE id = $1 AND value > 1";
        if self.execute(back, vec![counter.into()]).await? == 0 {
            self.reset(counter).await?;
        }
        Ok(())
    }

    /// Begins a counter anew.
    pub(crate) async fn reset(&mut self, counter: &str) -> Result<(), Fault> {
        let reset = "DELETE FROM counter WHERE id = $1";
        self.execute(reset, vec![counter.into()]).await.map(drop)
    }

    /// Makes it durable, all of it.
    pub(crate) async fn commit(mut self) -> Result<(), Fault> {
        self.write_entries().await?;
        self.reading.0.commit().await
    }
}

/// What a counter is at, if its period has not ended.
pub(crate) async fn counted(
    reading: &mut Reading,
    counter: &str,
    now: Timestamp,
    period: std::time::Duration,
) -> Result<i64, Fault> {
    let (count, _) = counted_since(reading, counter, now, period).await?;
    Ok(count)
}

/// What a counter is at, and since when it counts.
pub(crate) async fn counted_since(
    reading: &mut Reading,
    counter: &str,
    now: Timestamp,
    period: std::time::Duration,
) -> Result<(i64, Timestamp), Fault> {
    let period = i64::try_from(period.as_millis()).unwrap_or(i64::MAX);
    let begun = now.as_millisecond().saturating_sub(period);
    let select = "SELECT value, since FROM counter WHERE id = $1 AND since > $2";
    let rows = reading
        .rows(select, vec![counter.into(), begun.into()])
        .await?;
    let Some(row) = rows.first() else {
        return Ok((0, now));
    };
    let since = Timestamp::from_millisecond(row.int("since")?).map_err(Fault::because)?;
    Ok((row.int("value")?, since))
}

fn encode(record: &impl Serialize) -> Result<String, Fault> {
    serde_json::to_string(record).map_err(Fault::because)
}

fn values<R: Record>(record: &R) -> Result<Vec<Value>, Fault> {
    let mut values = vec![record.id().into(), encode(record)?.into()];
    values.extend(record.columns());
    Ok(values)
}
