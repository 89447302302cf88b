//! The store of consumed nonces: what makes every challenge good for one answer.

use std::collections::{BTreeSet, HashSet};
use std::future::{Future, ready};
use std::sync::{Arc, Mutex};

use jiff::Timestamp;
use sha2::{Digest as _, Sha256};

use crate::clock::{Clock, SystemClock};
use crate::error::Unavailable;

pub mod contract;
#[cfg(test)]
mod tests;

/// What became of an attempt to consume a nonce.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Consumed {
    /// The nonce was not in the store. It is now, and whoever reads this holds the only acceptance.
    First,
    /// The nonce was in the store.
    Replayed,
}

/// Remembers which nonces have been consumed.
///
/// Every instance of a server shares one store. Backends show with [`contract::check`] that they
/// are one.
pub trait NonceStore {
    /// Whether the nonce has been consumed.
    ///
    /// A `false` promises nothing: only [`consume`](Self::consume) decides.
    ///
    /// # Errors
    /// [`Unavailable`] if the store did not answer.
    fn is_consumed(&self, nonce: &str) -> impl Future<Output = Result<bool, Unavailable>> + Send;

    /// Inserts the nonce if it is absent, in one atomic operation, and keeps it at least until
    /// `retain_until`.
    ///
    /// # Errors
    /// [`Unavailable`] if it is not certain that the nonce is kept, which includes a full store.
    fn consume(
        &self,
        nonce: &str,
        retain_until: Timestamp,
    ) -> impl Future<Output = Result<Consumed, Unavailable>> + Send;
}

impl<S: NonceStore + ?Sized> NonceStore for &S {
    fn is_consumed(&self, nonce: &str) -> impl Future<Output = Result<bool, Unavailable>> + Send {
        (**self).is_consumed(nonce)
    }

    fn consume(
        &self,
        nonce: &str,
        retain_until: Timestamp,
    ) -> impl Future<Output = Result<Consumed, Unavailable>> + Send {
        (**self).consume(nonce, retain_until)
    }
}

impl<S: NonceStore + ?Sized> NonceStore for Arc<S> {
    fn is_consumed(&self, nonce: &str) -> impl Future<Output = Result<bool, Unavailable>> + Send {
        (**self).is_consumed(nonce)
    }

    fn consume(
        &self,
        nonce: &str,
        retain_until: Timestamp,
    ) -> impl Future<Output = Result<Consumed, Unavailable>> + Send {
        (**self).consume(nonce, retain_until)
    }
}

/// A store in the memory of one process, for a server of one instance.
///
/// It holds at most `capacity` nonces, of some hundred bytes each. Nonces are forgotten once they
/// need not be kept any longer. A full store consumes nothing, so that nothing is accepted: a
/// forgotten nonce would be a second acceptance, and the next challenge expires in minutes.
#[derive(Debug)]
pub struct MemoryNonceStore<C = SystemClock> {
    capacity: usize,
    clock: C,
    entries: Mutex<Entries>,
}

#[derive(Debug, Default)]
struct Entries {
    known: HashSet<Key>,
    by_expiry: BTreeSet<(Timestamp, Key)>,
    /// What was to be kept until then may have been forgotten.
    forgotten_until: Option<Timestamp>,
}

/// The SHA-256 of a nonce, which is of one size whatever the nonce is.
type Key = [u8; 32];

/// The store holds as many nonces as it may.
#[derive(Debug, thiserror::Error)]
#[error("the store is full")]
struct Full;

/// The nonce may have been consumed and forgotten, before the clock was set back.
#[derive(Debug, thiserror::Error)]
#[error("the nonce may have been consumed and forgotten: the clock was set back")]
struct Forgotten;

/// A thread panicked while it changed the store.
#[derive(Debug, thiserror::Error)]
#[error("the store is in an unknown state")]
struct Poisoned;

impl MemoryNonceStore {
    /// Makes a store of at most `capacity` nonces that asks the system for the time.
    #[must_use]
    pub fn new(capacity: usize) -> Self {
        Self::with_clock(capacity, SystemClock)
    }
}

impl<C: Clock> MemoryNonceStore<C> {
    /// Makes a store of at most `capacity` nonces.
    #[must_use]
    pub fn with_clock(capacity: usize, clock: C) -> Self {
        Self {
            capacity,
            clock,
            entries: Mutex::default(),
        }
    }

    fn contains(&self, nonce: &str) -> Result<bool, Unavailable> {
        let entries = self.entries.lock().map_err(|_| unavailable(Poisoned))?;
        Ok(entries.known.contains(&key(nonce)))
    }

    // r[impl attestation.verify.consume]
    // r[impl attestation.verify.retention]
    // r[impl attestation.security.clock]
    fn insert(&self, nonce: &str, retain_until: Timestamp) -> Result<Consumed, Unavailable> {
        let key = key(nonce);
        let now = self.clock.now();
        let mut entries = self.entries.lock().map_err(|_| unavailable(Poisoned))?;
        if entries.known.contains(&key) {
            return Ok(Consumed::Replayed);
        }
        entries.forget_before(now);
        if entries.forgotten_until >= Some(retain_until) {
            return Err(unavailable(Forgotten));
        }
        if entries.known.len() >= self.capacity {
            return Err(unavailable(Full));
        }
        entries.known.insert(key);
        entries.by_expiry.insert((retain_until, key));
        Ok(Consumed::First)
    }
}

impl<C: Clock + Sync> NonceStore for MemoryNonceStore<C> {
    fn is_consumed(&self, nonce: &str) -> impl Future<Output = Result<bool, Unavailable>> + Send {
        ready(self.contains(nonce))
    }

    fn consume(
        &self,
        nonce: &str,
        retain_until: Timestamp,
    ) -> impl Future<Output = Result<Consumed, Unavailable>> + Send {
        ready(self.insert(nonce, retain_until))
    }
}

impl Entries {
    fn forget_before(&mut self, now: Timestamp) {
        while let Some(&(retain_until, key)) = self.by_expiry.first()
            && retain_until < now
        {
            self.by_expiry.pop_first();
            self.known.remove(&key);
            self.forgotten_until = self.forgotten_until.max(Some(retain_until));
        }
    }
}

fn key(nonce: &str) -> Key {
    Sha256::digest(nonce).into()
}

fn unavailable(reason: impl std::error::Error + Send + Sync + 'static) -> Unavailable {
    Unavailable::new("nonce store", reason)
}
