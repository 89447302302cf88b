//! Revocation (section 12.4): tokens whose life ends early.
//!
//! A server that can revoke asks its store at every use of a token. It keeps digests, which open
//! nothing, and only for as long as the tokens would live.

use std::collections::{BTreeMap, HashMap};
use std::future::{Future, ready};
use std::sync::{Arc, Mutex};

use jiff::Timestamp;

use super::wire::Digest;
use crate::clock::{Clock, SystemClock};
use crate::did::Did;
use crate::error::Unavailable;

pub mod contract;
#[cfg(test)]
mod tests;

/// A token that has been issued, as far as a store knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LiveToken {
    /// The digest of the `AttestationToken`: see [`token_digest`](super::receipt::token_digest).
    pub digest: Digest,
    /// On whose signature it was issued.
    pub operator: Did,
    /// When it ends by itself, and need not be remembered any longer.
    pub expires_at: Timestamp,
}

/// Remembers which tokens are live, and which of them are revoked.
///
/// Every instance of a server shares one store. Backends show with [`contract::check`] that they
/// are one.
pub trait RevocationStore {
    /// Remembers a token until it expires, so that it is found by its operator. It is called
    /// before the token leaves the server.
    ///
    /// # Errors
    /// [`Unavailable`] if it is not certain that the token would be found.
    fn remember(&self, token: &LiveToken) -> impl Future<Output = Result<(), Unavailable>> + Send;

    /// Revokes one token, whether it was remembered or not, at least until it expires.
    ///
    /// # Errors
    /// [`Unavailable`] if it is not certain that the revocation is kept.
    fn revoke(
        &self,
        token: &Digest,
        expires_at: Timestamp,
    ) -> impl Future<Output = Result<(), Unavailable>> + Send;

    /// Revokes every remembered token of an operator in one atomic operation, and returns how many
    /// were not revoked before.
    ///
    /// # Errors
    /// [`Unavailable`] if it is not certain that the revocations are kept.
    fn revoke_operator(
        &self,
        operator: &Did,
    ) -> impl Future<Output = Result<u64, Unavailable>> + Send;

    /// Whether the token is revoked.
    ///
    /// # Errors
    /// [`Unavailable`] if the store did not answer; the token is then not accepted.
    fn is_revoked(&self, token: &Digest) -> impl Future<Output = Result<bool, Unavailable>> + Send;
}

macro_rules! forward {
    ($($pointer:ty),*) => {$(
        impl<S: RevocationStore + ?Sized> RevocationStore for $pointer {
            fn remember(
                &self,
                token: &LiveToken,
            ) -> impl Future<Output = Result<(), Unavailable>> + Send {
                (**self).remember(token)
            }

            fn revoke(
                &self,
                token: &Digest,
                expires_at: Timestamp,
            ) -> impl Future<Output = Result<(), Unavailable>> + Send {
                (**self).revoke(token, expires_at)
            }

            fn revoke_operator(
                &self,
                operator: &Did,
            ) -> impl Future<Output = Result<u64, Unavailable>> + Send {
                (**self).revoke_operator(operator)
            }

            fn is_revoked(
                &self,
                token: &Digest,
            ) -> impl Future<Output = Result<bool, Unavailable>> + Send {
                (**self).is_revoked(token)
            }
        }
    )*};
}
forward!(&S, Arc<S>);

/// A store in the memory of one process, for a server of one instance whose keys end with it.
///
/// It holds at most `capacity` tokens. A full store remembers nothing, so that no token is issued
/// that could not be revoked.
#[derive(Debug)]
pub struct MemoryRevocationStore<C = SystemClock> {
    capacity: usize,
    clock: C,
    entries: Mutex<Entries>,
}

#[derive(Debug, Default)]
struct Entries {
    known: HashMap<Digest, Known>,
    by_expiry: BTreeMap<Timestamp, Vec<Digest>>,
}

#[derive(Debug, Default)]
struct Known {
    operator: Option<Did>,
    revoked: bool,
}

#[derive(Debug, thiserror::Error)]
#[error("the store is full")]
struct Full;

#[derive(Debug, thiserror::Error)]
#[error("the store is in an unknown state")]
struct Poisoned;

impl MemoryRevocationStore {
    /// Makes a store of at most `capacity` tokens that asks the system for the time.
    #[must_use]
    pub fn new(capacity: usize) -> Self {
        Self::with_clock(capacity, SystemClock)
    }
}

impl<C: Clock> MemoryRevocationStore<C> {
    /// Makes a store of at most `capacity` tokens.
    #[must_use]
    pub fn with_clock(capacity: usize, clock: C) -> Self {
        Self {
            capacity,
            clock,
            entries: Mutex::default(),
        }
    }

    fn change<T>(
        &self,
        change: impl FnOnce(&mut Entries, usize) -> Result<T, Full>,
    ) -> Result<T, Unavailable> {
        let now = self.clock.now();
        let mut entries = self.entries.lock().map_err(|_| unavailable(Poisoned))?;
        entries.forget_before(now);
        change(&mut entries, self.capacity).map_err(unavailable)
    }
}

impl Entries {
    fn insert(
        &mut self,
        digest: &Digest,
        operator: Option<&Did>,
        expires_at: Timestamp,
        capacity: usize,
    ) -> Result<&mut Known, Full> {
        if !self.known.contains_key(digest) {
            if self.known.len() >= capacity {
                return Err(Full);
            }
            let same_expiry = self.by_expiry.entry(expires_at).or_default();
            same_expiry.push(digest.clone());
        }
        let known = self.known.entry(digest.clone()).or_default();
        if let Some(operator) = operator {
            known.operator = Some(operator.clone());
        }
        Ok(known)
    }

    fn forget_before(&mut self, now: Timestamp) {
        while let Some(entry) = self.by_expiry.first_entry()
            && *entry.key() < now
        {
            for digest in entry.remove() {
                self.known.remove(&digest);
            }
        }
    }
}

// r[impl attestation.receipt.revoke]
// r[impl attestation.receipt.revoke-operator]
impl<C: Clock + Sync> RevocationStore for MemoryRevocationStore<C> {
    fn remember(&self, token: &LiveToken) -> impl Future<Output = Result<(), Unavailable>> + Send {
        ready(self.change(|entries, capacity| {
            let operator = Some(&token.operator);
            entries.insert(&token.digest, operator, token.expires_at, capacity)?;
            Ok(())
        }))
    }

    fn revoke(
        &self,
        token: &Digest,
        expires_at: Timestamp,
    ) -> impl Future<Output = Result<(), Unavailable>> + Send {
        ready(self.change(|entries, capacity| {
            entries.insert(token, None, expires_at, capacity)?.revoked = true;
            Ok(())
        }))
    }

    fn revoke_operator(
        &self,
        operator: &Did,
    ) -> impl Future<Output = Result<u64, Unavailable>> + Send {
        ready(self.change(|entries, _| {
            let mut revoked = 0;
            for known in entries.known.values_mut() {
                if known.operator.as_ref() == Some(operator) && !known.revoked {
                    known.revoked = true;
                    revoked += 1;
                }
            }
            Ok(revoked)
        }))
    }

    fn is_revoked(&self, token: &Digest) -> impl Future<Output = Result<bool, Unavailable>> + Send {
        ready(
            self.change(|entries, _| {
                Ok(entries.known.get(token).is_some_and(|known| known.revoked))
            }),
        )
    }
}

fn unavailable(reason: impl std::error::Error + Send + Sync + 'static) -> Unavailable {
    Unavailable::new("revocation store", reason)
}
