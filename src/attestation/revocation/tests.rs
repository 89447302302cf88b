use std::sync::Mutex;

use super::*;
use crate::clock::FixedClock;
use crate::poll_ready;

const NOW: Timestamp = Timestamp::constant(1_764_000_000, 0);

fn ready_now<F: Future>(future: F) -> F::Output {
    poll_ready(future).unwrap()
}

fn token(number: u8, expires_at: Timestamp) -> LiveToken {
    LiveToken {
        digest: Digest::parse(format!("sha256-{number:064x}")).unwrap(),
        operator: Did::parse("did:web:ann.example").unwrap(),
        expires_at,
    }
}

// r[verify attestation.receipt.revoke]
// r[verify attestation.receipt.revoke-operator]
#[test]
fn the_store_in_memory_keeps_the_contract() {
    let store = Arc::new(MemoryRevocationStore::with_clock(16, FixedClock(NOW)));
    ready_now(contract::check(&store, NOW)).unwrap();
}

#[test]
fn the_contract_catches_a_store_that_is_none() {
    struct Forgetful;
    impl RevocationStore for Forgetful {
        async fn remember(&self, _: &LiveToken) -> Result<(), Unavailable> {
            Ok(())
        }
        async fn revoke(&self, _: &Digest, _: Timestamp) -> Result<(), Unavailable> {
            Ok(())
        }
        async fn revoke_operator(&self, _: &Did) -> Result<u64, Unavailable> {
            Ok(0)
        }
        async fn is_revoked(&self, _: &Digest) -> Result<bool, Unavailable> {
            Ok(false)
        }
    }
    let violation = ready_now(contract::check(&Forgetful, NOW)).unwrap_err();
    assert_eq!(
        violation.to_string(),
        "the store breaks its contract: a revocation is forgotten"
    );
}

/// A clock that is set by hand.
struct Hand(Arc<Mutex<Timestamp>>);
impl Clock for Hand {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }
}

#[test]
fn a_full_store_remembers_nothing_until_a_token_has_expired() {
    let clock = Arc::new(Mutex::new(NOW));
    let store = MemoryRevocationStore::with_clock(1, Hand(Arc::clone(&clock)));
    let later = Timestamp::constant(1_764_000_060, 0);
    ready_now(store.remember(&token(1, later))).unwrap();
    assert!(ready_now(store.remember(&token(2, later))).is_err());
    ready_now(store.remember(&token(1, later))).unwrap();
    *clock.lock().unwrap() = Timestamp::constant(1_764_000_061, 0);
    ready_now(store.remember(&token(2, later))).unwrap();
}
