//! Redis 6.2 or later, for nonces and revocations of many machines.
//!
//! A consumed nonce is one `SET … NX PX`. What was acknowledged is as durable as the server makes
//! it: with `appendonly yes` and `appendfsync always` it survives the loss of power, with the
//! default of Redis it may not survive a restart, and a failover to a replica can lose it. A server
//! whose Redis forgets has to refuse every challenge that was issued before.
//!
//! A Redis that evicts keys when its memory is full would forget nonces and revocations silently.
//! It is refused when it is connected to: `maxmemory-policy` has to be `noeviction`.
//!
//! `rediss://` connects with TLS (rustls, the roots of the system or those that are given). Without
//! a provider of cryptography that the program has installed for rustls, that of aws-lc is.

use std::fmt;

use ::redis::{Client, Cmd, ConnectionAddr, FromRedisValue, IntoConnectionInfo as _};
use ::redis::{RedisError, TlsCertificates};
use tokio_rustls::rustls::crypto::{CryptoProvider, aws_lc_rs};

use super::{Fault, Settings};
use crate::clock::SystemClock;
use crate::error::{Error, Misuse, Unavailable};

mod connection;
mod nonce;
mod revocation;

use connection::Connection;

const WHAT: &str = "Redis";

/// Nonces and revocations under one prefix of keys.
pub struct RedisStore<C = SystemClock> {
    connection: Connection,
    prefix: String,
    clock: C,
}

impl From<RedisError> for Fault {
    /// Keeps what kind of error it is, and the server's code. Its texts repeat what was sent.
    fn from(error: RedisError) -> Self {
        let code = error.code().unwrap_or_default();
        Self::Failed(format!("{} {code}", error.category()).trim_end().to_owned())
    }
}

impl RedisStore {
    /// Connects to `redis://user:password@host:port/database`, or to `rediss://…` with TLS. All
    /// keys begin with `prefix`, `x428:` for instance, which another server has to itself.
    ///
    /// # Errors
    /// [`Error::Misuse`] for a URL that is none, and for a Redis that evicts keys;
    /// [`Error::Unavailable`] if it does not answer.
    pub async fn connect(url: &str, prefix: &str, settings: &Settings) -> Result<Self, Error> {
        Self::open(url, prefix, None, settings).await
    }

    /// As [`connect`](Self::connect), and trusts the certificates of `roots_pem` instead of those
    /// of the system.
    ///
    /// # Errors
    /// As [`connect`](Self::connect).
    pub async fn connect_with_roots(
        url: &str,
        prefix: &str,
        roots_pem: &[u8],
        settings: &Settings,
    ) -> Result<Self, Error> {
        Self::open(url, prefix, Some(roots_pem), settings).await
    }

    async fn open(
        url: &str,
        prefix: &str,
        roots_pem: Option<&[u8]>,
        settings: &Settings,
    ) -> Result<Self, Error> {
        let store = Self {
            connection: Connection::new(client(url, roots_pem)?, settings.timeout),
            prefix: prefix.to_owned(),
            clock: SystemClock,
        };
        store.refuse_eviction().await?;
        Ok(store)
    }

    // r[impl attestation.verify.retention]
    async fn refuse_eviction(&self) -> Result<(), Error> {
        let mut command = ::redis::cmd("INFO");
        command.arg("memory");
        let info: String = self.ask(WHAT, &command).await?;
        let policy = info
            .lines()
            .find_map(|line| line.strip_prefix("maxmemory_policy:"));
        match policy.map(str::trim) {
            Some("noeviction") => Ok(()),
            Some(_) => {
                Err(Misuse::new("Redis evicts keys: set maxmemory-policy noeviction").into())
            }
            None => Err(Misuse::new("Redis does not tell its maxmemory-policy: allow INFO").into()),
        }
    }
}

impl<C> RedisStore<C> {
    /// Takes the time from another clock. It tells how long something is to be kept.
    #[must_use]
    pub fn with_clock<D>(self, clock: D) -> RedisStore<D> {
        RedisStore {
            connection: self.connection,
            prefix: self.prefix,
            clock,
        }
    }

    async fn ask<T: FromRedisValue>(
        &self,
        what: &'static str,
        command: &Cmd,
    ) -> Result<T, Unavailable> {
        let answer = self.connection.ask(command).await;
        answer.map_err(|fault| Unavailable::new(what, fault))
    }
}

impl<C> fmt::Debug for RedisStore<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisStore").finish_non_exhaustive()
    }
}

fn client(url: &str, roots_pem: Option<&[u8]>) -> Result<Client, Misuse> {
    let refuse = || Misuse::new("not a URL of a Redis server");
    let info = url.into_connection_info().map_err(|_| refuse())?;
    if !matches!(info.addr(), ConnectionAddr::TcpTls { .. }) {
        if roots_pem.is_some() {
            return Err(Misuse::new("only rediss:// has use for roots"));
        }
        return Client::open(info).map_err(|_| refuse());
    }
    if CryptoProvider::get_default().is_none() {
        // Whoever was faster has installed one: that is as good.
        let _ = aws_lc_rs::default_provider().install_default();
    }
    let certificates = TlsCertificates {
        client_tls: None,
        root_cert: roots_pem.map(<[u8]>::to_vec),
    };
    match roots_pem {
        Some(_) => Client::build_with_tls(info, certificates)
            .map_err(|_| Misuse::new("the roots are not certificates in PEM")),
        None => Client::open(info).map_err(|_| refuse()),
    }
}
