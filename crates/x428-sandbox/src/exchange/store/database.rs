//! The two databases, as far as they differ: how one is opened, how a transaction begins, how
//! values go in and out.
//!
//! Every statement is written once, with `$1` for the first value, in the SQL that both have. A
//! column is a `BIGINT` or a `TEXT`.

use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::path::Path;
use std::str::FromStr as _;
use std::time::Duration;

use serde::de::DeserializeOwned;
use sqlx::postgres::{PgArguments, PgConnectOptions, PgPool, PgPoolOptions, PgRow};
use sqlx::sqlite::{
    SqliteArguments, SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions,
    SqliteRow, SqliteSynchronous,
};
use sqlx::{
    Arguments as _, Column as _, Connection as _, Postgres, Row as _, SqlSafeStr, Sqlite, raw_sql,
};

use super::Fault;
use super::group::{Turn, Writer};

/// How long a statement and a connection are waited for.
const PATIENCE: Duration = Duration::from_secs(30);
/// A connection to a server is taken to be alive for so long after it was used.
const ALIVE: Duration = Duration::from_secs(1);
const BEGIN: &str = "BEGIN";
const COMMIT: &str = "COMMIT";
/// Names the lock under which tables are made: "x428" and a number.
const MIGRATION_LOCK: &str = "SELECT pg_advisory_xact_lock(33831083903123458)";
const MIGRATIONS: &[&str] = &[include_str!("1.sql")];
const VERSIONS: &str =
    "CREATE TABLE IF NOT EXISTS x428_exchange_schema (version BIGINT NOT NULL PRIMARY KEY)";

/// A value that goes into a statement.
#[derive(Debug, Clone)]
pub(crate) enum Value {
    /// A whole number.
    Int(i64),
    /// A text.
    Text(String),
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}

impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Self::Text(value.to_owned())
    }
}

impl From<String> for Value {
    fn from(value: String) -> Self {
        Self::Text(value)
    }
}

/// What a statement answers: the columns of a row, by name.
#[derive(Debug, Default)]
pub(crate) struct Row(BTreeMap<String, Value>);

impl Row {
    /// A column of text.
    pub(crate) fn text(&self, column: &str) -> Result<&str, Fault> {
        match self.0.get(column) {
            Some(Value::Text(text)) => Ok(text),
            _ => Err(Fault::Damaged),
        }
    }

    /// A column of numbers.
    pub(crate) fn int(&self, column: &str) -> Result<i64, Fault> {
        match self.0.get(column) {
            Some(Value::Int(value)) => Ok(*value),
            _ => Err(Fault::Damaged),
        }
    }

    /// A column with the data of a record.
    pub(crate) fn record<R: DeserializeOwned>(&self, column: &str) -> Result<R, Fault> {
        serde_json::from_str(self.text(column)?).map_err(|_| Fault::Damaged)
    }
}

/// A database that is open.
#[derive(Clone)]
pub(crate) enum Database {
    /// One file. One connection writes, so that writers wait in their order.
    Sqlite { writer: Writer, readers: SqlitePool },
    /// A server, which several instances share.
    Postgres(PgPool),
}

/// A transaction that nobody sees until it is committed.
pub(crate) enum Open {
    Sqlite(sqlx::Transaction<'static, Sqlite>),
    Turn(Turn),
    Postgres(sqlx::Transaction<'static, Postgres>),
}

impl Database {
    /// Opens a file, and makes it, readable for its owner only, if it is not there.
    pub(super) async fn sqlite(path: &Path) -> Result<Self, Fault> {
        let mut file = OpenOptions::new();
        file.read(true).append(true).create(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut file, 0o600);
        file.open(path).map_err(Fault::because)?;
        let options = SqliteConnectOptions::new()
            .filename(path)
            .busy_timeout(PATIENCE)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .pragma("trusted_schema", "OFF")
            .pragma("secure_delete", "ON");
        let pool = |connections| {
            SqlitePoolOptions::new()
                .max_connections(connections)
                .acquire_timeout(PATIENCE)
                .idle_timeout(None)
                .max_lifetime(None)
                .connect_lazy_with(options.clone())
        };
        let database = Self::Sqlite {
            writer: Writer::new(pool(1), PATIENCE),
            readers: pool(4),
        };
        database.migrate(None).await?;
        Ok(database)
    }

    /// Connects to `postgres://user:password@host:port/database`.
    pub(super) async fn postgres(url: &str, connections: u32) -> Result<Self, Fault> {
        // What is wrong with a URL may repeat its password.
        let options = PgConnectOptions::from_str(url)
            .map_err(|_| Fault::Failed("not a URL of a PostgreSQL database".to_owned()))?;
        let pool = PgPoolOptions::new()
            .max_connections(connections.max(2))
            .acquire_timeout(PATIENCE)
            .test_before_acquire(false)
            .before_acquire(|connection, used| {
                Box::pin(async move {
                    // One that is used all the time needs no round trip to be tested.
                    if used.idle_for >= ALIVE {
                        connection.ping().await?;
                    }
                    Ok(true)
                })
            })
            .after_connect(|connection, _| {
                Box::pin(async move {
                    // Where the database has other defaults, a commit would be acknowledged
                    // before it is written. An instance that is cut off in an owner's turn gives
                    // it back in the end.
                    sqlx::query(
                        "SELECT set_config('default_transaction_isolation', 'read committed', FALSE),
                            set_config('statement_timeout', '30000', FALSE),
                            set_config('idle_in_transaction_session_timeout', '60000', FALSE),
                            CASE WHEN current_setting('synchronous_commit') IN ('off', 'local')
                            THEN set_config('synchronous_commit', 'on', FALSE) END",
                    )
                    .execute(connection)
                    .await?;
                    Ok(())
                })
            })
            .connect_lazy_with(options);
        let database = Self::Postgres(pool);
        database.migrate(Some(MIGRATION_LOCK)).await?;
        Ok(database)
    }

    async fn migrate(&self, lock: Option<&'static str>) -> Result<(), Fault> {
        let mut open = self.write().await?;
        if let Some(lock) = lock {
            open.batch(lock).await?;
        }
        open.batch(VERSIONS).await?;
        let version = "SELECT coalesce(max(version), 0) AS version FROM x428_exchange_schema";
        let rows = open.rows(version, Vec::new()).await?;
        let version = rows.first().ok_or(Fault::Damaged)?.int("version")?;
        let done = usize::try_from(version).map_err(|_| Fault::Damaged)?;
        let pending = MIGRATIONS.get(done..).ok_or_else(|| {
            Fault::Failed("the tables are of a later version of this program".to_owned())
        })?;
        for (next, migration) in (version + 1..).zip(pending) {
            open.batch(migration).await?;
            let insert = "INSERT INTO x428_exchange_schema (version) VALUES ($1)";
            open.execute(insert, vec![next.into()]).await?;
        }
        open.commit().await
    }

    /// Reads by a statement that is a transaction of its own.
    pub(super) async fn rows(
        &self,
        sql: &'static str,
        values: Vec<Value>,
    ) -> Result<Vec<Row>, Fault> {
        trip(sql);
        match self {
            Self::Sqlite { readers, .. } => {
                let query = sqlx::query_with(sql, sqlite_arguments(values)?);
                let rows = query.fetch_all(readers).await?;
                rows.iter().map(sqlite_row).collect()
            }
            Self::Postgres(pool) => {
                let query = sqlx::query_with(sql, postgres_arguments(values)?);
                let rows = query.fetch_all(pool).await?;
                rows.iter().map(postgres_row).collect()
            }
        }
    }

    /// Writes by a statement that is a transaction of its own, and gives its rows. What it wrote is
    /// durable then.
    pub(super) async fn change(
        &self,
        sql: &'static str,
        values: Vec<Value>,
    ) -> Result<Vec<Row>, Fault> {
        match self {
            Self::Sqlite { .. } => {
                let mut open = self.write().await?;
                let rows = open.rows(sql, values).await?;
                open.commit().await?;
                Ok(rows)
            }
            Self::Postgres(_) => self.rows(sql, values).await,
        }
    }

    /// Begins to read.
    pub(super) async fn read(&self) -> Result<Open, Fault> {
        trip(BEGIN);
        match self {
            Self::Sqlite { readers, .. } => Ok(Open::Sqlite(readers.begin().await?)),
            Self::Postgres(pool) => Ok(Open::Postgres(pool.begin().await?)),
        }
    }

    /// Begins to write. SQLite has one writer at a time, which takes the lock at once: a
    /// transaction that reads first and writes then may have to be undone.
    pub(super) async fn write(&self) -> Result<Open, Fault> {
        trip(BEGIN);
        match self {
            Self::Sqlite { writer, .. } => Ok(Open::Turn(writer.begin().await?)),
            Self::Postgres(pool) => Ok(Open::Postgres(pool.begin().await?)),
        }
    }

    /// Waits until everything that a transaction can have read is durable. A PostgreSQL shows
    /// nothing else.
    pub(super) async fn settled(&self) -> Result<(), Fault> {
        match self {
            Self::Sqlite { writer, .. } => writer.settled().await,
            Self::Postgres(_) => Ok(()),
        }
    }

    /// Closes the connections, after what is under way.
    pub(super) async fn close(&self) {
        match self {
            Self::Sqlite { writer, readers } => {
                readers.close().await;
                writer.close().await;
            }
            Self::Postgres(pool) => pool.close().await,
        }
    }
}

impl Open {
    /// Runs a statement, and tells how many rows it has changed.
    pub(super) async fn execute(
        &mut self,
        sql: impl SqlSafeStr,
        values: Vec<Value>,
    ) -> Result<u64, Fault> {
        let sql = sql.into_sql_str();
        trip(sql.as_str());
        match self {
            Self::Sqlite(open) => {
                let query = sqlx::query_with(sql, sqlite_arguments(values)?);
                Ok(query.execute(&mut **open).await?.rows_affected())
            }
            Self::Turn(turn) => {
                let query = sqlx::query_with(sql, sqlite_arguments(values)?);
                Ok(query.execute(turn.connection()?).await?.rows_affected())
            }
            Self::Postgres(open) => {
                let query = sqlx::query_with(sql, postgres_arguments(values)?);
                Ok(query.execute(&mut **open).await?.rows_affected())
            }
        }
    }

    /// Runs a statement, and gives its rows.
    pub(super) async fn rows(
        &mut self,
        sql: &'static str,
        values: Vec<Value>,
    ) -> Result<Vec<Row>, Fault> {
        trip(sql);
        match self {
            Self::Sqlite(open) => {
                let query = sqlx::query_with(sql, sqlite_arguments(values)?);
                let rows = query.fetch_all(&mut **open).await?;
                rows.iter().map(sqlite_row).collect()
            }
            Self::Turn(turn) => {
                let query = sqlx::query_with(sql, sqlite_arguments(values)?);
                let rows = query.fetch_all(turn.connection()?).await?;
                rows.iter().map(sqlite_row).collect()
            }
            Self::Postgres(open) => {
                let query = sqlx::query_with(sql, postgres_arguments(values)?);
                let rows = query.fetch_all(&mut **open).await?;
                rows.iter().map(postgres_row).collect()
            }
        }
    }

    /// Runs statements that take nothing.
    async fn batch(&mut self, sql: &'static str) -> Result<(), Fault> {
        match self {
            Self::Sqlite(open) => raw_sql(sql).execute(&mut **open).await.map(drop)?,
            Self::Turn(turn) => {
                let connection = turn.connection()?;
                raw_sql(sql).execute(connection).await.map(drop)?;
            }
            Self::Postgres(open) => raw_sql(sql).execute(&mut **open).await.map(drop)?,
        }
        Ok(())
    }

    /// Makes it durable, all of it.
    pub(super) async fn commit(self) -> Result<(), Fault> {
        trip(COMMIT);
        match self {
            Self::Sqlite(open) => open.commit().await?,
            Self::Turn(turn) => turn.commit().await?,
            Self::Postgres(open) => open.commit().await?,
        }
        Ok(())
    }
}

/// Logs, without the values, what a server is asked before anything else goes on.
fn trip(sql: &str) {
    tracing::trace!(sql, "asked");
}

fn sqlite_arguments(values: Vec<Value>) -> Result<SqliteArguments, Fault> {
    let mut arguments = SqliteArguments::default();
    for value in values {
        match value {
            Value::Int(value) => arguments.add(value),
            Value::Text(value) => arguments.add(value),
        }
        .map_err(|_| Fault::Damaged)?;
    }
    Ok(arguments)
}

fn postgres_arguments(values: Vec<Value>) -> Result<PgArguments, Fault> {
    let mut arguments = PgArguments::default();
    for value in values {
        match value {
            Value::Int(value) => arguments.add(value),
            Value::Text(value) => arguments.add(value),
        }
        .map_err(|_| Fault::Damaged)?;
    }
    Ok(arguments)
}

fn sqlite_row(row: &SqliteRow) -> Result<Row, Fault> {
    let mut read = Row::default();
    for column in row.columns() {
        let at = column.ordinal();
        let value = match row.try_get::<i64, _>(at) {
            Ok(value) => Value::Int(value),
            Err(_) => Value::Text(row.try_get(at)?),
        };
        read.0.insert(column.name().to_owned(), value);
    }
    Ok(read)
}

fn postgres_row(row: &PgRow) -> Result<Row, Fault> {
    let mut read = Row::default();
    for column in row.columns() {
        let at = column.ordinal();
        let value = match row.try_get::<i64, _>(at) {
            Ok(value) => Value::Int(value),
            Err(_) => Value::Text(row.try_get(at)?),
        };
        read.0.insert(column.name().to_owned(), value);
    }
    Ok(read)
}
