//! Stores that several instances of a server share, and that outlive them.
//!
//! | feature | store | keeps |
//! |---|---|---|
//! | `sqlite` | `sqlite::SqliteStore`, one file on a local disk | nonces, revocations, the audit log |
//! | `postgres` | `postgres::PostgresStore` | nonces, revocations, the audit log |
//! | `redis` | `redis::RedisStore` | nonces, revocations |
//!
//! Each of them is a [`NonceStore`](crate::attestation::nonce::NonceStore) and a
//! [`RevocationStore`](crate::attestation::revocation::RevocationStore); the first two are an
//! [`AuditLog`](crate::attestation::audit::AuditLog) too.
//!
//! # What holds for all of them
//!
//! - A store that is down, slow or full answers [`Unavailable`](crate::error::Unavailable), never that a nonce is new, a token
//!   is good or a record is kept. Every call ends within [`Settings::timeout`].
//! - What a call has acknowledged survives the end of the process. Whether it survives the end of
//!   the machine is said at each store.
//! - What need not be kept any longer is deleted in small portions by the calls that add to it, so
//!   that the store stays bounded without a task of its own, and no request pays for a big
//!   deletion.
//! - A nonce that might have been forgotten already is not taken for a new one, also after the
//!   clock has been set back.
//! - No error and no `Debug` text repeats a connection URL, a nonce, a token or a record.

use std::time::Duration;

use sha2::{Digest as _, Sha256};

#[cfg(feature = "postgres")]
pub mod postgres;
#[cfg(feature = "redis")]
pub mod redis;
#[cfg(feature = "sqlite")]
pub mod sqlite;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
mod table;

/// How a store is used.
#[derive(Debug, Clone)]
pub struct Settings {
    timeout: Duration,
    connections: u32,
}

impl Default for Settings {
    /// Two seconds for every call, eight connections.
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(2),
            connections: 8,
        }
    }
}

impl Settings {
    /// Waits at most this long for an answer of the store, connecting included.
    #[must_use]
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Holds at most this many connections, and at least one. Redis needs one whatever this is.
    #[must_use]
    pub fn with_connections(mut self, connections: u32) -> Self {
        self.connections = connections.max(1);
        self
    }

    /// How long a call waits at most.
    #[must_use]
    pub fn timeout(&self) -> Duration {
        self.timeout
    }
}

/// Why a store did not answer, without anything that it was given.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Fault {
    #[error("no answer within {0:?}")]
    TimedOut(Duration),
    #[error("{0}")]
    Failed(String),
    #[cfg(any(feature = "sqlite", feature = "postgres"))]
    #[error("the nonce may have been consumed and forgotten: the clock was set back")]
    Forgotten,
    #[error("the store holds something that it was not given")]
    Damaged,
}

const NONCES: &str = "nonce store";
const REVOCATIONS: &str = "revocation store";

/// Clocks of instances differ, and are set back. What has ended is kept for this long in addition.
const GRACE: Duration = Duration::from_mins(1);

/// What stands for a nonce: it has one size whatever the nonce is.
fn nonce_key(nonce: &str) -> [u8; 32] {
    Sha256::digest(nonce).into()
}
