//! One file on a local disk, for the processes of one machine.
//!
//! The file is in WAL mode and every commit is synchronized (`synchronous = FULL`): what was
//! acknowledged survives the end of the process, of the system and of the power, as far as the
//! disk keeps its promises. A network file system does not: its locks are not to be relied on.
//!
//! Writers wait for one another, in the process and between processes. Whoever waits longer than
//! the time of [`Settings`] is told that the store is unavailable.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use x428::attestation::nonce::{Consumed, NonceStore};
//! use x428::store::{Settings, sqlite::SqliteStore};
//!
//! # let directory = tempfile::tempdir()?;
//! # let path = directory.path().join("x428.db");
//! let store = SqliteStore::open(&path, &Settings::default()).await?;
//! let retain_until = "2100-01-01T00:00:00Z".parse()?;
//! assert_eq!(store.consume("nonce", retain_until).await?, Consumed::First);
//! assert_eq!(store.consume("nonce", retain_until).await?, Consumed::Replayed);
//! # Ok(())
//! # }
//! ```

use std::fmt;
use std::fs::OpenOptions;
use std::io;
use std::path::Path;
use std::time::Duration;

use sqlx::raw_sql;
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};

use super::table::{Turns, bounded, pending, readable};
use super::{Fault, Settings};
use crate::clock::SystemClock;
use crate::error::{Error, Unavailable};

mod audit;
mod nonce;
mod revocation;
#[cfg(test)]
mod tests;

const WHAT: &str = "SQLite database";
const MIGRATIONS: &[&str] = &[include_str!("sqlite/1.sql")];
/// Takes the lock at once: a transaction that reads first and writes then may have to be undone.
const BEGIN: &str = "BEGIN IMMEDIATE";
/// How long to wait until a file is opened again that another process is just making.
const BUSY: Duration = Duration::from_millis(10);

/// Nonces, revocations and the audit log in one file.
pub struct SqliteStore<C = SystemClock> {
    /// One connection: there is one writer at a time anyway, and so they wait in their order.
    writer: SqlitePool,
    readers: SqlitePool,
    timeout: Duration,
    clock: C,
    consumed: Turns,
    remembered: Turns,
}

impl SqliteStore {
    /// Opens the file, and makes it, readable for its owner only, if it is not there. The tables
    /// are brought to the version of this program; several processes may do so at once.
    ///
    /// # Errors
    /// [`Error::Unavailable`] if the file cannot be opened, [`Error::Misuse`] if its tables are of
    /// a later version.
    pub async fn open(path: impl AsRef<Path>, settings: &Settings) -> Result<Self, Error> {
        let path = path.as_ref();
        create(path).map_err(|error| Unavailable::new(WHAT, error))?;
        let options = options(path, settings)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .pragma("secure_delete", "ON");
        let store = Self::connect(&options, settings);
        let migrated = bounded(WHAT, settings.timeout, async {
            first(&store.writer).await?;
            Ok::<_, Fault>(Box::pin(migrate(&store.writer)).await)
        });
        migrated.await??;
        Ok(store)
    }

    /// Opens a file that is there, to read it: nothing in it is changed, and what would change it
    /// is unavailable. For those who verify the log of somebody else.
    ///
    /// # Errors
    /// [`Error::Unavailable`] if the file cannot be opened, [`Error::Misuse`] if it has no tables
    /// of this version.
    pub async fn open_read_only(
        path: impl AsRef<Path>,
        settings: &Settings,
    ) -> Result<Self, Error> {
        let options = options(path.as_ref(), settings).read_only(true);
        let store = Self::connect(&options, settings);
        let version = bounded(WHAT, settings.timeout, version(&store.readers)).await?;
        readable(MIGRATIONS, version)?;
        Ok(store)
    }

    fn connect(options: &SqliteConnectOptions, settings: &Settings) -> Self {
        let pool = |connections| {
            SqlitePoolOptions::new()
                .max_connections(connections)
                .acquire_timeout(settings.timeout)
                .idle_timeout(None)
                .max_lifetime(None)
                .connect_lazy_with(options.clone())
        };
        Self {
            writer: pool(1),
            readers: pool(settings.connections),
            timeout: settings.timeout,
            clock: SystemClock,
            consumed: Turns::default(),
            remembered: Turns::default(),
        }
    }
}

impl<C> SqliteStore<C> {
    /// Takes the time from another clock. It tells what need not be kept any longer.
    #[must_use]
    pub fn with_clock<D>(self, clock: D) -> SqliteStore<D> {
        SqliteStore {
            writer: self.writer,
            readers: self.readers,
            timeout: self.timeout,
            clock,
            consumed: self.consumed,
            remembered: self.remembered,
        }
    }

    /// Closes the file, after what is under way.
    pub async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }
}

impl<C> fmt::Debug for SqliteStore<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteStore").finish_non_exhaustive()
    }
}

/// The files that SQLite puts beside this one get its permissions.
fn create(path: &Path) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.read(true).append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map(drop)
}

fn options(path: &Path, settings: &Settings) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .busy_timeout(settings.timeout)
        .pragma("trusted_schema", "OFF")
}

/// The version of the tables, if there are any.
async fn version(readers: &SqlitePool) -> Result<Option<i64>, Fault> {
    let made: bool = sqlx::query_scalar(
        "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE name = 'x428_schema')",
    )
    .fetch_one(readers)
    .await?;
    if !made {
        return Ok(None);
    }
    let version = sqlx::query_scalar("SELECT max(version) FROM x428_schema");
    Ok(version.fetch_one(readers).await?)
}

/// Makes the first connection, which turns a new file to WAL mode. SQLite refuses that at once,
/// whatever the time to wait, while another process does the same; so it is asked again.
async fn first(writer: &SqlitePool) -> Result<(), Fault> {
    loop {
        match writer.acquire().await {
            Err(error) if is_busy(&error) => tokio::time::sleep(BUSY).await,
            made => return made.map(drop).map_err(Fault::from),
        }
    }
}

/// SQLITE_BUSY, with or without its extension: <https://sqlite.org/rescode.html#busy>.
fn is_busy(error: &sqlx::Error) -> bool {
    const SQLITE_BUSY: u32 = 5;
    error
        .as_database_error()
        .and_then(sqlx::error::DatabaseError::code)
        .and_then(|code| code.parse::<u32>().ok())
        .is_some_and(|code| code & 0xff == SQLITE_BUSY)
}

async fn migrate(writer: &SqlitePool) -> Result<(), Error> {
    let failed = |error: sqlx::Error| Unavailable::new(WHAT, Fault::from(error));
    let mut transaction = writer.begin_with(BEGIN).await.map_err(failed)?;
    raw_sql("CREATE TABLE IF NOT EXISTS x428_schema (version INTEGER NOT NULL PRIMARY KEY) STRICT")
        .execute(&mut *transaction)
        .await
        .map_err(failed)?;
    let version: i64 = sqlx::query_scalar("SELECT coalesce(max(version), 0) FROM x428_schema")
        .fetch_one(&mut *transaction)
        .await
        .map_err(failed)?;
    for (next, migration) in (version + 1..).zip(pending(MIGRATIONS, version)?) {
        raw_sql(*migration)
            .execute(&mut *transaction)
            .await
            .map_err(failed)?;
        sqlx::query("INSERT INTO x428_schema VALUES (?1)")
            .bind(next)
            .execute(&mut *transaction)
            .await
            .map_err(failed)?;
    }
    transaction.commit().await.map_err(failed)?;
    Ok(())
}
