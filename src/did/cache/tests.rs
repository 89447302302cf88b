use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::task::Wake;

use serde_json::json;

use super::*;
use crate::error::{Malformed, Unavailable};
use crate::jcs::{Limits, StrictJson};
use crate::poll_ready;

/// A clock that is moved by hand.
#[derive(Debug, Default)]
struct HandClock(AtomicI64);

impl HandClock {
    fn advance(&self, seconds: i64) {
        self.0.fetch_add(seconds, Ordering::Relaxed);
    }
}

impl Clock for HandClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + self.0.load(Ordering::Relaxed)).unwrap()
    }
}

/// Counts questions, and answers by the name of the DID.
#[derive(Debug, Default)]
struct Counting {
    asked: AtomicUsize,
    /// Holds the answers back while it is even.
    gate: Gate,
}

#[derive(Debug)]
struct Gate(Mutex<(bool, Vec<Waker>)>);

impl Default for Gate {
    fn default() -> Self {
        Self(Mutex::new((true, Vec::new())))
    }
}

impl Gate {
    fn close(&self) {
        self.0.lock().unwrap().0 = false;
    }

    fn open(&self) {
        let mut gate = self.0.lock().unwrap();
        gate.0 = true;
        gate.1.drain(..).for_each(Waker::wake);
    }

    async fn pass(&self) {
        poll_fn(|context| {
            let mut gate = self.0.lock().unwrap();
            if gate.0 {
                return Poll::Ready(());
            }
            gate.1.push(context.waker().clone());
            Poll::Pending
        })
        .await;
    }
}

impl DidResolver for Counting {
    async fn resolve(&self, did: &Did) -> Result<DidDocument, ResolveError> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        self.gate.pass().await;
        let document = StrictJson::from_value(json!({"id": did.as_str()}), Limits::default())?;
        let document = DidDocument::read(document, did)?;
        match did.method_specific_id() {
            "absent.example" => Err(ResolveError::NotFound),
            "refused.example" => Err(ResolveError::Unobtainable("refused".into())),
            "broken.example" => Err(Malformed::new("DID document", "broken").into()),
            "down.example" => Err(Unavailable::new("network", "down").into()),
            "other.example" => Err(ResolveError::UnsupportedMethod("other".into())),
            "minute.example" => Ok(document.with_max_age(Duration::from_mins(1))),
            "day.example" => Ok(document.with_max_age(Duration::from_hours(24))),
            "never.example" => Ok(document.with_max_age(Duration::ZERO)),
            _ => Ok(document),
        }
    }
}

fn did(name: &str) -> Did {
    Did::parse(format!("did:web:{name}.example")).unwrap()
}

fn cache(capacity: usize) -> (CachedResolver<Counting, Arc<HandClock>>, Arc<HandClock>) {
    let clock = Arc::new(HandClock::default());
    let cache = CachedResolver::with_clock(Counting::default(), capacity, Arc::clone(&clock));
    (cache, clock)
}

impl CachedResolver<Counting, Arc<HandClock>> {
    /// How often the resolver is asked when the cache is.
    fn asks(&self, name: &str) -> usize {
        let before = self.resolver.asked.load(Ordering::Relaxed);
        let did = did(name);
        if let Ok(document) = poll_ready(self.resolve(&did)).unwrap() {
            assert_eq!(*document.did(), did);
        }
        self.resolver.asked.load(Ordering::Relaxed) - before
    }
}

// r[verify attestation.did-web.cache]
// r[verify attestation.privacy.resolution]
#[test]
fn a_document_is_kept_for_as_long_as_it_may_be_and_no_longer() {
    let (cache, clock) = cache(8);
    let most = i64::try_from(DID_CACHE_LIFETIME_MAX.as_secs()).unwrap();
    for (name, lifetime) in [("plain", most), ("day", most), ("minute", 60)] {
        assert_eq!(cache.asks(name), 1, "{name}");
        clock.advance(lifetime - 1);
        assert_eq!(cache.asks(name), 0, "{name}");
        clock.advance(1);
        assert_eq!(cache.asks(name), 1, "{name}");
    }
    assert_eq!(cache.asks("never"), 1);
    assert_eq!(cache.asks("never"), 1);
}

#[test]
fn a_failure_is_kept_for_seconds_and_an_outage_not_at_all() {
    let (cache, clock) = cache(8);
    for name in ["absent", "refused", "broken"] {
        assert_eq!(cache.asks(name), 1, "{name}");
        let first = poll_ready(cache.resolve(&did(name))).unwrap().unwrap_err();
        let plain = poll_ready(cache.resolver.resolve(&did(name))).unwrap();
        assert_eq!(first.to_string(), plain.unwrap_err().to_string());
        clock.advance(9);
        assert_eq!(cache.asks(name), 0, "{name}");
        clock.advance(1);
        assert_eq!(cache.asks(name), 1, "{name}");
    }
    for name in ["down", "other"] {
        assert_eq!(cache.asks(name), 1, "{name}");
        assert_eq!(cache.asks(name), 1, "{name}");
    }
}

#[test]
fn a_full_cache_forgets_what_would_expire_first() {
    let (cache, _) = cache(2);
    assert_eq!(cache.asks("a"), 1);
    assert_eq!(cache.asks("minute"), 1);
    assert_eq!(cache.asks("b"), 1);
    assert_eq!(cache.lock().known.len(), 2);
    assert_eq!(cache.lock().by_expiry.len(), 2);
    assert_eq!((cache.asks("a"), cache.asks("b")), (0, 0));
    assert_eq!(cache.asks("minute"), 1);
    for name in 0..100 {
        cache.asks(&name.to_string());
    }
    assert_eq!(cache.lock().known.len(), 2);
    assert_eq!(cache.lock().by_expiry.len(), 2);
    assert_eq!(cache.lock().asking.len(), 0);
}

#[test]
fn a_cache_without_room_asks_every_time() {
    let (cache, _) = cache(0);
    assert_eq!(cache.asks("a"), 1);
    assert_eq!(cache.asks("a"), 1);
}

#[test]
fn what_is_forgotten_is_asked_for_again() {
    let (cache, _) = cache(8);
    assert_eq!(cache.asks("a"), 1);
    cache.forget(&did("a"));
    assert_eq!(cache.asks("a"), 1);
    assert_eq!(cache.asks("a"), 0);
}

#[derive(Default)]
struct Woken(AtomicUsize);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

#[test]
fn a_clock_that_is_set_back_makes_nothing_live_longer() {
    let (cache, clock) = cache(8);
    clock.advance(3600);
    assert_eq!(cache.asks("a"), 1);
    clock.advance(-3600);
    assert_eq!(cache.asks("a"), 1);
    assert_eq!(cache.asks("a"), 0);
}

#[test]
fn callers_at_the_same_time_cause_one_question() {
    // The second answer may not be kept, and is for those who waited all the same.
    for name in ["a", "never"] {
        one_question(&did(name));
    }
}

fn one_question(did: &Did) {
    let (cache, _) = cache(8);
    cache.resolver.gate.close();
    let woken = Arc::new(Woken::default());
    let waker = Waker::from(Arc::clone(&woken));
    let mut context = Context::from_waker(&waker);
    let (mut first, mut second) = (pin!(cache.resolve(did)), pin!(cache.resolve(did)));
    assert!(first.as_mut().poll(&mut context).is_pending());
    assert!(second.as_mut().poll(&mut context).is_pending());
    cache.resolver.gate.open();
    assert_eq!(woken.0.load(Ordering::Relaxed), 1);
    assert!(first.as_mut().poll(&mut context).is_ready());
    assert_eq!(woken.0.load(Ordering::Relaxed), 2);
    assert!(second.as_mut().poll(&mut context).is_ready());
    assert_eq!(cache.resolver.asked.load(Ordering::Relaxed), 1);
}

#[test]
fn who_waits_asks_when_the_one_who_asked_gives_up() {
    let (cache, _) = cache(8);
    let did = did("a");
    cache.resolver.gate.close();
    let woken = Arc::new(Woken::default());
    let waker = Waker::from(Arc::clone(&woken));
    let mut context = Context::from_waker(&waker);
    let mut second = pin!(cache.resolve(&did));
    {
        let mut first = Box::pin(cache.resolve(&did));
        assert!(first.as_mut().poll(&mut context).is_pending());
        assert!(second.as_mut().poll(&mut context).is_pending());
    }
    assert_eq!(woken.0.load(Ordering::Relaxed), 1);
    cache.resolver.gate.open();
    assert!(second.as_mut().poll(&mut context).is_ready());
    assert_eq!(cache.resolver.asked.load(Ordering::Relaxed), 2);
    assert_eq!(cache.lock().asking.len(), 0);
}
