//! Keeps documents for a while: resolvers that go over the network are asked once.
//!
//! ```
//! use x428::did::cache::CachedResolver;
//! use x428::did::fixed::FixedResolver;
//!
//! let resolver = CachedResolver::new(FixedResolver::new(), 1024);
//! ```

use std::collections::{BTreeSet, HashMap};
use std::future::poll_fn;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use jiff::Timestamp;

use super::{Did, DidDocument, DidResolver, ResolveError};
use crate::clock::{Clock, SystemClock};
use crate::wire::attestation::DID_CACHE_LIFETIME_MAX;

#[cfg(test)]
mod tests;

/// How long a failure is kept. A DID that does not resolve is a request to a third party each time
/// that somebody sends it, and an operator who mends a document does not want to wait.
const FAILURE_LIFETIME: Duration = Duration::from_secs(10);

/// Asks another resolver, and keeps what it says.
///
/// A document is kept for as long as its source allows, five minutes at the most, so that a key
/// that the operator has removed is refused after that time. That a DID does not resolve is kept for
/// ten seconds. An outage and a method that is not supported are not kept.
///
/// At most `capacity` answers are kept, of some hundred kilobytes each if somebody wants to fill the
/// memory: the longest document has 64 KiB of text. A full cache forgets what would expire first.
/// Several callers that ask for one DID at the same time cause one question.
#[derive(Debug)]
pub struct CachedResolver<R, C = SystemClock> {
    resolver: R,
    capacity: usize,
    clock: C,
    slots: Mutex<Slots>,
}

#[derive(Debug, Default)]
struct Slots {
    known: HashMap<Did, Known>,
    by_expiry: BTreeSet<(Timestamp, Did)>,
    asking: HashMap<Did, Vec<Waker>>,
}

#[derive(Debug)]
struct Known {
    answer: Answer,
    expires_at: Timestamp,
}

/// An answer of the resolver that says something about the DID.
#[derive(Debug, Clone)]
enum Answer {
    Document(Box<DidDocument>),
    NotFound,
    Unobtainable(std::borrow::Cow<'static, str>),
    Malformed(crate::error::Malformed),
}

impl Answer {
    fn of(result: &Result<DidDocument, ResolveError>) -> Option<Self> {
        match result {
            Ok(document) => Some(Self::Document(Box::new(document.clone()))),
            Err(ResolveError::NotFound) => Some(Self::NotFound),
            Err(ResolveError::Unobtainable(why)) => Some(Self::Unobtainable(why.clone())),
            Err(ResolveError::Malformed(error)) => Some(Self::Malformed(error.clone())),
            Err(ResolveError::UnsupportedMethod(_) | ResolveError::Unavailable(_)) => None,
        }
    }

    // r[impl attestation.did-web.cache]
    fn lifetime(&self) -> Duration {
        match self {
            Self::Document(document) => document.max_age().map_or(DID_CACHE_LIFETIME_MAX, |age| {
                age.min(DID_CACHE_LIFETIME_MAX)
            }),
            _ => FAILURE_LIFETIME,
        }
    }

    fn into_result(self) -> Result<DidDocument, ResolveError> {
        match self {
            Self::Document(document) => Ok(*document),
            Self::NotFound => Err(ResolveError::NotFound),
            Self::Unobtainable(why) => Err(ResolveError::Unobtainable(why)),
            Self::Malformed(error) => Err(error.into()),
        }
    }
}

impl<R: DidResolver> CachedResolver<R> {
    /// Keeps at most `capacity` answers, by the clock of the system.
    #[must_use]
    pub fn new(resolver: R, capacity: usize) -> Self {
        Self::with_clock(resolver, capacity, SystemClock)
    }
}

impl<R, C: Clock> CachedResolver<R, C> {
    /// Keeps at most `capacity` answers.
    #[must_use]
    pub fn with_clock(resolver: R, capacity: usize, clock: C) -> Self {
        Self {
            resolver,
            capacity,
            clock,
            slots: Mutex::default(),
        }
    }

    /// Forgets what is kept of a DID, such as when its operator says that a key is compromised.
    pub fn forget(&self, did: &Did) {
        self.lock().remove(did);
    }

    /// Whatever a thread did before it panicked, the slots are sound: an answer is inserted whole.
    fn lock(&self) -> MutexGuard<'_, Slots> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The answer if it is known, else the right to ask for it. Waits while somebody else asks.
    fn poll_known(&self, did: &Did, context: &Context<'_>) -> Poll<Result<Answer, Ask<'_, R, C>>> {
        let now = self.clock.now();
        let mut slots = self.lock();
        if let Some(known) = slots.known.get(did).filter(|known| now < known.expires_at) {
            return Poll::Ready(Ok(known.answer.clone()));
        }
        if let Some(waiting) = slots.asking.get_mut(did) {
            if !waiting.iter().any(|waker| waker.will_wake(context.waker())) {
                waiting.push(context.waker().clone());
            }
            return Poll::Pending;
        }
        slots.asking.insert(did.clone(), Vec::new());
        Poll::Ready(Err(Ask {
            cache: self,
            did: did.clone(),
        }))
    }

    fn keep(&self, did: &Did, answer: Answer) {
        let now = self.clock.now();
        let expires_at = now.checked_add(answer.lifetime()).unwrap_or(now);
        let mut slots = self.lock();
        slots.remove(did);
        while let Some((expiry, _)) = slots.by_expiry.first()
            && (*expiry <= now || slots.known.len() >= self.capacity)
            && let Some((_, oldest)) = slots.by_expiry.pop_first()
        {
            slots.known.remove(&oldest);
        }
        if expires_at > now && slots.known.len() < self.capacity {
            slots.by_expiry.insert((expires_at, did.clone()));
            slots
                .known
                .insert(did.clone(), Known { answer, expires_at });
        }
    }
}

impl Slots {
    fn remove(&mut self, did: &Did) {
        if let Some(known) = self.known.remove(did) {
            self.by_expiry.remove(&(known.expires_at, did.clone()));
        }
    }
}

/// The right to ask for a DID. However the asking ends, the others that wait look again: for the
/// answer, or for the right to ask.
struct Ask<'a, R, C: Clock> {
    cache: &'a CachedResolver<R, C>,
    did: Did,
}

impl<R, C: Clock> Drop for Ask<'_, R, C> {
    fn drop(&mut self) {
        let waiting = self.cache.lock().asking.remove(&self.did);
        waiting.into_iter().flatten().for_each(Waker::wake);
    }
}

impl<R: DidResolver + Sync, C: Clock + Sync> DidResolver for CachedResolver<R, C> {
    async fn resolve(&self, did: &Did) -> Result<DidDocument, ResolveError> {
        match poll_fn(|context| self.poll_known(did, context)).await {
            Ok(answer) => answer.into_result(),
            Err(ask) => {
                let result = self.resolver.resolve(did).await;
                if let Some(answer) = Answer::of(&result) {
                    self.keep(did, answer);
                }
                drop(ask);
                result
            }
        }
    }
}
