//! What is asked of every store.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use jiff::Timestamp;
use tokio::task::JoinSet;
use x428::attestation::nonce::{self, Consumed, NonceStore};
use x428::attestation::revocation::{LiveToken, RevocationStore};
use x428::clock::Clock;
use x428::did::Did;
use x428::store::Settings;
use x428::wire::attestation::Digest;

/// The settings of a store that waits for a slow disk and for its turn among many.
pub(crate) fn patient() -> Settings {
    Settings::default().with_timeout(Duration::from_mins(2))
}

pub(crate) const NOW: Timestamp = Timestamp::constant(1_800_000_000, 0);

/// A clock that is set by hand.
#[derive(Debug, Clone)]
pub(crate) struct Hand(Arc<AtomicI64>);

impl Hand {
    pub(crate) fn at(now: Timestamp) -> Self {
        Self(Arc::new(AtomicI64::new(now.as_second())))
    }

    pub(crate) fn set(&self, now: Timestamp) {
        self.0.store(now.as_second(), Ordering::SeqCst);
    }
}

impl Clock for Hand {
    fn now(&self) -> Timestamp {
        Timestamp::constant(self.0.load(Ordering::SeqCst), 0)
    }
}

pub(crate) fn seconds(later: i64) -> Timestamp {
    Timestamp::constant(NOW.as_second() + later, 0)
}

/// A time that the system's clock has not reached.
pub(crate) fn soon() -> Timestamp {
    Timestamp::now() + jiff::SignedDuration::from_mins(6)
}

/// Many tasks of several instances consume the same nonces: each nonce has one that is first.
pub(crate) async fn race<S>(instances: Vec<S>)
where
    S: NonceStore + Send + Sync + 'static,
{
    let instances: Vec<_> = instances.into_iter().map(Arc::new).collect();
    let mut tasks = JoinSet::new();
    for task in 0..16 {
        let store = Arc::clone(&instances[task % instances.len()]);
        tasks.spawn(async move { nonce::contract::race(&store, 50, soon()).await });
    }
    let mut first = 0;
    while let Some(task) = tasks.join_next().await {
        first += task.unwrap().unwrap();
    }
    assert_eq!(first, 50);
}

pub(crate) fn digest(number: u32) -> Digest {
    Digest::parse(format!("sha256-{number:064x}")).unwrap()
}

pub(crate) fn token(number: u32, expires_at: Timestamp) -> LiveToken {
    LiveToken {
        digest: digest(number),
        operator: Did::parse("did:web:ann.example").unwrap(),
        expires_at,
    }
}

/// What one instance was told, another one knows, and the next one after it.
pub(crate) async fn shared<S: NonceStore + RevocationStore>(one: &S, other: &S) {
    assert_eq!(
        one.consume("shared", soon()).await.unwrap(),
        Consumed::First
    );
    assert!(other.is_consumed("shared").await.unwrap());
    assert_eq!(
        other.consume("shared", soon()).await.unwrap(),
        Consumed::Replayed
    );
    let token = token(7, soon());
    one.remember(&token).await.unwrap();
    assert!(!other.is_revoked(&token.digest).await.unwrap());
    assert_eq!(other.revoke_operator(&token.operator).await.unwrap(), 1);
    assert!(one.is_revoked(&token.digest).await.unwrap());
}
