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
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
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
    asking: HashMap<Did, Arc<Mutex<Question>>>,
}

#[derive(Debug)]
struct Known {
    answer: Answer,
    kept_at: Timestamp,
    expires_at: Timestamp,
}

impl Known {
    /// A clock that is set back makes nothing live longer.
    fn is_fresh(&self, now: Timestamp) -> bool {
        self.kept_at <= now && now < self.expires_at
    }
}

/// A question that somebody is asking while others wait.
#[derive(Debug, Default)]
struct Question {
    is_over: bool,
    /// Nothing if the question was given up, or if its answer says nothing about the DID.
    answer: Option<Answer>,
    waiting: Vec<Waker>,
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

    fn lock(&self) -> MutexGuard<'_, Slots> {
        locked(&self.slots)
    }

    /// The answer if it is known, else somebody's question about it, else the right to ask.
    fn look(&self, did: &Did) -> Look<'_, R, C> {
        let now = self.clock.now();
        let mut slots = self.lock();
        if let Some(known) = slots.known.get(did).filter(|known| known.is_fresh(now)) {
            return Look::Known(known.answer.clone());
        }
        if let Some(question) = slots.asking.get(did) {
            return Look::Asked(Arc::clone(question));
        }
        let question = Arc::default();
        slots.asking.insert(did.clone(), Arc::clone(&question));
        Look::Ask(Ask {
            cache: self,
            did: did.clone(),
            question,
        })
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
            slots.known.insert(
                did.clone(),
                Known {
                    answer,
                    kept_at: now,
                    expires_at,
                },
            );
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

enum Look<'a, R, C: Clock> {
    Known(Answer),
    Asked(Arc<Mutex<Question>>),
    Ask(Ask<'a, R, C>),
}

/// The right to ask for a DID. However the asking ends, the others that wait hear of it.
struct Ask<'a, R, C: Clock> {
    cache: &'a CachedResolver<R, C>,
    did: Did,
    question: Arc<Mutex<Question>>,
}

impl<R, C: Clock> Drop for Ask<'_, R, C> {
    fn drop(&mut self) {
        self.cache.lock().asking.remove(&self.did);
        let mut question = locked(&self.question);
        question.is_over = true;
        question.waiting.drain(..).for_each(Waker::wake);
    }
}

impl Question {
    /// The answer to the question of somebody else, if there is one in the end.
    fn poll_over(&mut self, context: &Context<'_>) -> Poll<Option<Answer>> {
        if self.is_over {
            return Poll::Ready(self.answer.clone());
        }
        let waker = context.waker();
        if !self.waiting.iter().any(|other| other.will_wake(waker)) {
            self.waiting.push(waker.clone());
        }
        Poll::Pending
    }
}

/// Whatever a thread did before it panicked, what is behind these locks is sound: answers are
/// inserted whole.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<R: DidResolver + Sync, C: Clock + Sync> DidResolver for CachedResolver<R, C> {
    async fn resolve(&self, did: &Did) -> Result<DidDocument, ResolveError> {
        loop {
            let ask = match self.look(did) {
                Look::Known(answer) => return answer.into_result(),
                Look::Ask(ask) => ask,
                Look::Asked(question) => {
                    let over = poll_fn(|context| locked(&question).poll_over(context)).await;
                    match over {
                        // Who waited has the answer even if it may not be kept.
                        Some(answer) => return answer.into_result(),
                        None => continue,
                    }
                }
            };
            let result = self.resolver.resolve(did).await;
            if let Some(answer) = Answer::of(&result) {
                locked(&ask.question).answer = Some(answer.clone());
                self.keep(did, answer);
            }
            drop(ask);
            return result;
        }
    }
}
