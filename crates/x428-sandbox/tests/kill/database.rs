//! The database, past the exchange.

use sqlx::postgres::PgPoolOptions;
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{PgPool, Row as _};
use tempfile::TempDir;

#[path = "../services/postgres.rs"]
mod postgres;

/// A database of its own.
pub(crate) struct Database {
    /// A path or a URL.
    pub(crate) at: String,
    kind: Kind,
}

enum Kind {
    /// Where its file is, as long as it is used.
    Sqlite {
        _directory: TempDir,
    },
    Postgres(PgPool),
}

impl Database {
    pub(crate) fn sqlite() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("exchange.db");
        Self {
            at: path.to_str().unwrap().to_owned(),
            kind: Kind::Sqlite {
                _directory: directory,
            },
        }
    }

    /// An empty one, where `tests/services` has started a server.
    pub(crate) async fn postgres() -> Option<Self> {
        let url = postgres::empty().await?;
        let pool = PgPool::connect_lazy(&url).unwrap();
        Some(Self {
            at: url,
            kind: Kind::Postgres(pool),
        })
    }

    /// Rows of texts.
    pub(crate) async fn rows<const N: usize>(&self, sql: &'static str) -> Vec<[String; N]> {
        match &self.kind {
            Kind::Sqlite { .. } => {
                let pool = self.file().await;
                let rows = sqlx::query(sql).fetch_all(&pool).await.unwrap();
                pool.close().await;
                rows.iter()
                    .map(|row| std::array::from_fn(|at| row.get(at)))
                    .collect()
            }
            Kind::Postgres(pool) => {
                let rows = sqlx::query(sql).fetch_all(pool).await.unwrap();
                rows.iter()
                    .map(|row| std::array::from_fn(|at| row.get(at)))
                    .collect()
            }
        }
    }

    pub(crate) async fn execute(&self, sql: &'static str) {
        match &self.kind {
            Kind::Sqlite { .. } => {
                let pool = self.file().await;
                sqlx::query(sql).execute(&pool).await.unwrap();
                pool.close().await;
            }
            Kind::Postgres(pool) => {
                sqlx::query(sql).execute(pool).await.unwrap();
            }
        }
    }

    /// Runs a statement that takes a text.
    pub(crate) async fn execute_with(&self, sql: &'static str, value: &str) {
        match &self.kind {
            Kind::Sqlite { .. } => {
                let pool = self.file().await;
                let query = sqlx::query(sql).bind(value);
                query.execute(&pool).await.unwrap();
                pool.close().await;
            }
            Kind::Postgres(pool) => {
                sqlx::query(sql).bind(value).execute(pool).await.unwrap();
            }
        }
    }

    /// Ends every connection of others, whatever they are doing.
    pub(crate) async fn cut_off(&self) {
        let cut = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
            WHERE datname = current_database() AND pid <> pg_backend_pid()";
        self.execute(cut).await;
    }

    async fn file(&self) -> SqlitePool {
        let options = SqliteConnectOptions::new()
            .filename(&self.at)
            .busy_timeout(std::time::Duration::from_mins(1));
        SqlitePool::connect_with(options).await.unwrap()
    }
}

/// A table without an exchange: what a database makes durable, a row at a time.
pub(crate) enum Table {
    Sqlite(SqlitePool),
    Postgres(PgPool),
}

impl Table {
    pub(crate) async fn make(database: &Database) -> Self {
        let create = "CREATE TABLE bare (data TEXT NOT NULL)";
        match &database.kind {
            Kind::Sqlite { .. } => {
                let options = SqliteConnectOptions::new()
                    .filename(&database.at)
                    .create_if_missing(true)
                    .journal_mode(SqliteJournalMode::Wal)
                    .synchronous(SqliteSynchronous::Full);
                // As the exchange does: one connection writes.
                let pool = SqlitePoolOptions::new().max_connections(1);
                let pool = pool.connect_with(options).await.unwrap();
                sqlx::query(create).execute(&pool).await.unwrap();
                Self::Sqlite(pool)
            }
            Kind::Postgres(_) => {
                let pool = PgPoolOptions::new().max_connections(12);
                let pool = pool.connect(&database.at).await.unwrap();
                sqlx::query(create).execute(&pool).await.unwrap();
                Self::Postgres(pool)
            }
        }
    }

    /// Adds a row, which is durable afterwards.
    pub(crate) async fn add(&self) {
        let insert = "INSERT INTO bare (data) VALUES ($1)";
        let data = "x".repeat(600);
        match self {
            Self::Sqlite(pool) => {
                sqlx::query(insert).bind(data).execute(pool).await.unwrap();
            }
            Self::Postgres(pool) => {
                sqlx::query(insert).bind(data).execute(pool).await.unwrap();
            }
        }
    }
}
