use std::thread;

use super::*;
use crate::clock::FixedClock;
use crate::poll_ready;

const NOW: Timestamp = Timestamp::constant(1_764_000_000, 0);

fn seconds(later: i64) -> Timestamp {
    Timestamp::constant(NOW.as_second() + later, 0)
}

fn ready_now<F: Future>(future: F) -> F::Output {
    poll_ready(future).unwrap()
}

// r[verify attestation.verify.consume]
#[test]
fn the_store_in_memory_keeps_the_contract() {
    let store = MemoryNonceStore::with_clock(32, FixedClock(NOW));
    ready_now(contract::check(&store, NOW)).unwrap();
    let shared = Arc::new(MemoryNonceStore::with_clock(32, FixedClock(NOW)));
    ready_now(contract::check(&shared, NOW)).unwrap();
}

/// Each half of a wrong store is caught.
#[test]
fn the_contract_catches_stores_that_are_none() {
    struct Forgetful;
    impl NonceStore for Forgetful {
        async fn is_consumed(&self, _: &str) -> Result<bool, Unavailable> {
            Ok(false)
        }
        async fn consume(&self, _: &str, _: Timestamp) -> Result<Consumed, Unavailable> {
            Ok(Consumed::First)
        }
    }
    let violation = ready_now(contract::check(&Forgetful, NOW)).unwrap_err();
    assert_eq!(
        violation.to_string(),
        "the store breaks its contract: a consumed nonce is forgotten"
    );
}

#[test]
fn one_of_many_threads_is_first() {
    let store = MemoryNonceStore::with_clock(10_000, FixedClock(NOW));
    let first: u32 = thread::scope(|scope| {
        let threads: Vec<_> = (0..8)
            .map(|_| {
                scope.spawn(|| ready_now(contract::race(&store, 2_000, seconds(300))).unwrap())
            })
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .sum()
    });
    assert_eq!(first, 2_000);
}

// r[verify attestation.verify.store-outage]
#[test]
fn a_full_store_accepts_nothing() {
    let store = MemoryNonceStore::with_clock(2, FixedClock(NOW));
    for nonce in ["a", "b"] {
        assert_eq!(
            ready_now(store.consume(nonce, seconds(60))).unwrap(),
            Consumed::First
        );
    }
    assert!(ready_now(store.consume("c", seconds(60))).is_err());
    assert_eq!(
        ready_now(store.consume("a", seconds(60))).unwrap(),
        Consumed::Replayed
    );
    assert!(!ready_now(store.is_consumed("c")).unwrap());
}

/// A clock that is set by hand.
struct Hand(Arc<Mutex<Timestamp>>);
impl Clock for Hand {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }
}

// r[verify attestation.verify.retention]
// r[verify attestation.security.clock]
#[test]
fn nonces_that_have_ended_make_room_and_do_not_come_back() {
    let clock = Arc::new(Mutex::new(NOW));
    let store = MemoryNonceStore::with_clock(402, Hand(Arc::clone(&clock)));
    let set_clock = |now| *clock.lock().unwrap() = now;
    ready_now(contract::check_expiry(&store, NOW, set_clock)).unwrap();
}

// r[verify attestation.verify.retention]
#[test]
fn nonces_are_forgotten_when_they_may_be() {
    let clock = Arc::new(Mutex::new(NOW));
    let store = MemoryNonceStore::with_clock(1, Hand(Arc::clone(&clock)));
    assert_eq!(
        ready_now(store.consume("a", seconds(60))).unwrap(),
        Consumed::First
    );
    *clock.lock().unwrap() = seconds(60);
    assert!(
        ready_now(store.consume("b", seconds(120))).is_err(),
        "kept until the very second"
    );
    *clock.lock().unwrap() = seconds(61);
    assert_eq!(
        ready_now(store.consume("b", seconds(120))).unwrap(),
        Consumed::First
    );
}
