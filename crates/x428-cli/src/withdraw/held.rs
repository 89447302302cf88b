//! Submissions are held until the person at the terminal has seen what became of them.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, PoisonError},
};

use x428::{
    error::Unavailable,
    wire::withdrawal::IdempotencyKey,
    withdrawal::client::{FileKeeper, Keeper, Pending, Tokens},
};

/// Keeps in a file, and forgets a submission later than the client.
///
/// The client forgets it as soon as it knows the withdrawal. If the command ended at that moment,
/// the same command would send another one.
#[derive(Clone, Debug)]
pub(super) struct Held(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    keeper: FileKeeper,
    settled: Mutex<BTreeSet<IdempotencyKey>>,
}

impl Held {
    pub(super) fn new(keeper: FileKeeper) -> Self {
        Self(Arc::new(Inner {
            keeper,
            settled: Mutex::default(),
        }))
    }

    /// Forgets what the client has no use for any more: the person has seen it.
    pub(super) async fn seen(&self) -> Result<(), Unavailable> {
        let settled = std::mem::take(&mut *self.settled());
        for key in &settled {
            self.0.keeper.remove(key).await?;
        }
        Ok(())
    }

    fn settled(&self) -> std::sync::MutexGuard<'_, BTreeSet<IdempotencyKey>> {
        let settled = self.0.settled.lock();
        settled.unwrap_or_else(PoisonError::into_inner)
    }
}

impl Keeper for Held {
    async fn put(&self, pending: &Pending) -> Result<(), Unavailable> {
        self.settled().remove(pending.key());
        self.0.keeper.put(pending).await
    }

    async fn get(&self, key: &IdempotencyKey) -> Result<Option<Pending>, Unavailable> {
        self.0.keeper.get(key).await
    }

    async fn all(&self) -> Result<Vec<Pending>, Unavailable> {
        self.0.keeper.all().await
    }

    async fn remove(&self, key: &IdempotencyKey) -> Result<(), Unavailable> {
        self.settled().insert(key.clone());
        Ok(())
    }

    async fn put_tokens(&self, tokens: &Tokens) -> Result<(), Unavailable> {
        self.0.keeper.put_tokens(tokens).await
    }

    async fn tokens(&self) -> Result<Option<Tokens>, Unavailable> {
        self.0.keeper.tokens().await
    }

    async fn remove_tokens(&self) -> Result<(), Unavailable> {
        self.0.keeper.remove_tokens().await
    }
}
