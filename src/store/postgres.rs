//! PostgreSQL, for the instances of many machines.
//!
//! What was acknowledged is on the disk of the server: a `synchronous_commit` that is `off` or
//! `local` is raised to `on` for these connections. Whether it survives the loss of the server is
//! for its replication to say; a consumed nonce that a failover loses can be answered again until
//! its challenge expires.
//!
//! The connection is encrypted with rustls. Without an `sslmode` in the URL, a server on another
//! machine has to prove its name (`verify-full`, under the Mozilla roots or `sslrootcert`); one on
//! a loopback address or a socket need not. The program connects to the primary, and not through a
//! pool that shares sessions between transactions.
//!
//! The role needs `CREATE` in its schema at the first start only. After that, `INSERT`, `SELECT`,
//! `UPDATE` and `DELETE` on `x428_nonce`, `x428_token` and `x428_horizon`, `SELECT` on
//! `x428_schema`, and on `x428_audit` `INSERT` and `SELECT`, with `UPDATE` where records are
//! erased. A trigger denies every other change of the audit log to everybody but the owner of the
//! table, who can remove it: let that be another role.

use std::fmt;
use std::str::FromStr as _;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions, PgSslMode};
use sqlx::raw_sql;
use url::{Host, Url};

use super::table::{Turns, bounded, pending, readable};
use super::{Fault, Settings};
use crate::clock::SystemClock;
use crate::error::{Error, Misuse, Unavailable};

mod audit;
mod nonce;
mod revocation;
#[cfg(test)]
mod tests;

const WHAT: &str = "PostgreSQL database";
const MIGRATIONS: &[&str] = &[include_str!("postgres/1.sql")];
/// Names the lock under which tables are made: "x428" and a number.
const MIGRATION_LOCK: i64 = 0x7834_3238_0000_0000;
/// Names the lock under which records are appended.
const AUDIT_LOCK: i64 = 0x7834_3238_0000_0001;
/// Every statement has to see what others have committed before it.
const BEGIN: &str = "BEGIN ISOLATION LEVEL READ COMMITTED";
/// What sqlx understands. It would print the others, with their values, to the log.
const PARAMETERS: [&str; 17] = [
    "application_name",
    "dbname",
    "host",
    "hostaddr",
    "options",
    "password",
    "port",
    "ssl-ca",
    "ssl-cert",
    "ssl-key",
    "ssl-mode",
    "ssl-root-cert",
    "sslcert",
    "sslkey",
    "sslmode",
    "sslrootcert",
    "user",
];

/// Nonces, revocations and the audit log in one schema of a database.
pub struct PostgresStore<C = SystemClock> {
    pool: PgPool,
    timeout: Duration,
    clock: C,
    consumed: Turns,
    remembered: Turns,
}

impl PostgresStore {
    /// Connects to `postgres://user:password@host:port/database?sslmode=…`, with the parameters of
    /// libpq. The tables are brought to the version of this program, in the first schema of the
    /// search path; several instances may do so at once.
    ///
    /// # Errors
    /// [`Error::Misuse`] for a URL that is none, and for tables of a later version;
    /// [`Error::Unavailable`] if the server does not answer.
    pub async fn connect(url: &str, settings: &Settings) -> Result<Self, Error> {
        let store = Self::lazy(options(url)?, settings);
        let migrated = bounded(WHAT, settings.timeout, async {
            Ok::<_, Fault>(Box::pin(migrate(&store.pool)).await)
        });
        migrated.await??;
        Ok(store)
    }

    /// Connects to a database that has the tables, to read them: nothing is changed, and what
    /// would change them is unavailable. For those who verify the log of somebody else.
    ///
    /// # Errors
    /// As [`connect`](Self::connect), and [`Error::Misuse`] if there are no tables of this version.
    pub async fn connect_read_only(url: &str, settings: &Settings) -> Result<Self, Error> {
        let options = options(url)?.options([("default_transaction_read_only", "on")]);
        let store = Self::lazy(options, settings);
        let version = bounded(WHAT, settings.timeout, version(&store.pool)).await?;
        readable(MIGRATIONS, version)?;
        Ok(store)
    }

    fn lazy(options: PgConnectOptions, settings: &Settings) -> Self {
        let statement_timeout = settings.timeout.as_millis().max(1).to_string();
        let pool = PgPoolOptions::new()
            .max_connections(settings.connections)
            .acquire_timeout(settings.timeout)
            // Where the database has other defaults, a racing replay would be an outage, and a
            // commit be acknowledged before it is written.
            .after_connect(move |connection, _| {
                let statement_timeout = statement_timeout.clone();
                Box::pin(async move {
                    sqlx::query(
                        "SELECT set_config('statement_timeout', $1, FALSE),
                            set_config('default_transaction_isolation', 'read committed', FALSE),
                            CASE WHEN current_setting('synchronous_commit') IN ('off', 'local')
                            THEN set_config('synchronous_commit', 'on', FALSE) END",
                    )
                    .bind(statement_timeout)
                    .execute(connection)
                    .await?;
                    Ok(())
                })
            })
            .connect_lazy_with(options);
        Self {
            pool,
            timeout: settings.timeout,
            clock: SystemClock,
            consumed: Turns::default(),
            remembered: Turns::default(),
        }
    }
}

impl<C> PostgresStore<C> {
    /// Takes the time from another clock. It tells what need not be kept any longer.
    #[must_use]
    pub fn with_clock<D>(self, clock: D) -> PostgresStore<D> {
        PostgresStore {
            pool: self.pool,
            timeout: self.timeout,
            clock,
            consumed: self.consumed,
            remembered: self.remembered,
        }
    }

    /// Closes the connections, after what is under way.
    pub async fn close(&self) {
        self.pool.close().await;
    }
}

impl<C> fmt::Debug for PostgresStore<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresStore").finish_non_exhaustive()
    }
}

fn options(text: &str) -> Result<PgConnectOptions, Misuse> {
    let refuse = || Misuse::new("not a URL of a PostgreSQL database");
    let url = Url::parse(text).map_err(|_| refuse())?;
    if !matches!(url.scheme(), "postgres" | "postgresql") {
        return Err(refuse());
    }
    let known = |name: &str| PARAMETERS.contains(&name) || name.starts_with("options[");
    if !url.query_pairs().all(|(name, _)| known(&name)) {
        return Err(Misuse::new("the URL has a parameter that is not known"));
    }
    let mut options = PgConnectOptions::from_str(text).map_err(|_| refuse())?;
    let chosen = url
        .query_pairs()
        .any(|(name, _)| matches!(&*name, "sslmode" | "ssl-mode"));
    if !chosen && !is_local(&options) {
        options = options.ssl_mode(PgSslMode::VerifyFull);
    }
    Ok(options)
}

fn is_local(options: &PgConnectOptions) -> bool {
    let host = options.get_host();
    options.get_socket().is_some()
        || host.starts_with('/')
        || match Host::parse(host) {
            Ok(Host::Domain(name)) => name == "localhost",
            Ok(Host::Ipv4(address)) => address.is_loopback(),
            Ok(Host::Ipv6(address)) => address.is_loopback(),
            Err(_) => host == "::1",
        }
}

/// The version of the tables, if there are any.
async fn version(pool: &PgPool) -> Result<Option<i64>, Fault> {
    let made: bool = sqlx::query_scalar("SELECT to_regclass('x428_schema') IS NOT NULL")
        .fetch_one(pool)
        .await?;
    if !made {
        return Ok(None);
    }
    let version = sqlx::query_scalar("SELECT max(version) FROM x428_schema");
    Ok(version.fetch_one(pool).await?)
}

async fn migrate(pool: &PgPool) -> Result<(), Error> {
    let failed = |error: sqlx::Error| Unavailable::new(WHAT, Fault::from(error));
    let mut transaction = pool.begin_with(BEGIN).await.map_err(failed)?;
    sqlx::query("SELECT pg_advisory_xact_lock($1)")
        .bind(MIGRATION_LOCK)
        .execute(&mut *transaction)
        .await
        .map_err(failed)?;
    let is_made: bool = sqlx::query_scalar("SELECT to_regclass('x428_schema') IS NOT NULL")
        .fetch_one(&mut *transaction)
        .await
        .map_err(failed)?;
    if !is_made {
        raw_sql("CREATE TABLE x428_schema (version BIGINT NOT NULL PRIMARY KEY)")
            .execute(&mut *transaction)
            .await
            .map_err(failed)?;
    }
    let version: i64 = sqlx::query_scalar("SELECT coalesce(max(version), 0) FROM x428_schema")
        .fetch_one(&mut *transaction)
        .await
        .map_err(failed)?;
    for (next, migration) in (version + 1..).zip(pending(MIGRATIONS, version)?) {
        raw_sql(*migration)
            .execute(&mut *transaction)
            .await
            .map_err(failed)?;
        sqlx::query("INSERT INTO x428_schema VALUES ($1)")
            .bind(next)
            .execute(&mut *transaction)
            .await
            .map_err(failed)?;
    }
    transaction.commit().await.map_err(failed)?;
    Ok(())
}
