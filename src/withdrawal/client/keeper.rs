//! Submissions whose outcome is not known yet, kept so that a restart goes on under the same key
//! (section 6.3).

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::{ClientError, Tokens};
use crate::encoding::base64url;
use crate::error::{Malformed, Misuse, Unavailable};
use crate::jcs::{Limits, StrictJson};
use crate::sign::seal::random;
use crate::wire::withdrawal::{IdempotencyKey, WithdrawalRequest};

/// Keeps what must survive a restart of the application.
///
/// What it is given are secrets and personal data: it keeps them where nobody else can read them.
pub trait Keeper: Send + Sync {
    /// Keeps a submission, in the place of the one with the same key. When the future is ready, it
    /// survives a restart.
    fn put(&self, pending: &Pending) -> impl Future<Output = Result<(), Unavailable>> + Send;

    /// The submission with a key.
    fn get(
        &self,
        key: &IdempotencyKey,
    ) -> impl Future<Output = Result<Option<Pending>, Unavailable>> + Send;

    /// All submissions.
    fn all(&self) -> impl Future<Output = Result<Vec<Pending>, Unavailable>> + Send;

    /// Forgets a submission whose outcome is known. One that is not there is no error.
    fn remove(&self, key: &IdempotencyKey) -> impl Future<Output = Result<(), Unavailable>> + Send;

    /// Keeps tokens, in the place of all earlier ones. Called whenever there are new ones: the
    /// refresh token before is of no use any more.
    fn put_tokens(&self, tokens: &Tokens) -> impl Future<Output = Result<(), Unavailable>> + Send {
        let _ = tokens;
        std::future::ready(Ok(()))
    }

    /// The tokens, with which a client begins that is given none.
    fn tokens(&self) -> impl Future<Output = Result<Option<Tokens>, Unavailable>> + Send {
        std::future::ready(Ok(None))
    }

    /// Forgets the tokens: they were given back, or are refused.
    fn remove_tokens(&self) -> impl Future<Output = Result<(), Unavailable>> + Send {
        std::future::ready(Ok(()))
    }
}

/// A submission: the request, byte for byte, and its key.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Pending {
    key: IdempotencyKey,
    #[serde(with = "super::secret")]
    body: Zeroizing<String>,
    sent_at: Option<Timestamp>,
    unanswered: bool,
}

impl Pending {
    /// A submission under a new random key.
    ///
    /// # Errors
    /// [`ClientError::Unavailable`] if the system has no random source; [`ClientError::Misuse`] for
    /// a request that has a proof already.
    // r[impl withdrawal.idempotency.fresh]
    pub fn new(request: &WithdrawalRequest) -> Result<Self, ClientError> {
        let mut bytes = [0; 24];
        random(&mut bytes)?;
        let key = IdempotencyKey::parse(base64url(bytes))
            .map_err(|error| Misuse::new(error.to_string()))?;
        Self::with_key(request, key)
    }

    /// A submission under a key of the application, which names this withdrawal and no other.
    ///
    /// # Errors
    /// [`ClientError::Misuse`] for a request that has a proof already.
    pub fn with_key(request: &WithdrawalRequest, key: IdempotencyKey) -> Result<Self, ClientError> {
        if request.challenge_proof.is_some() {
            return Err(Misuse::new("a new submission has no proof").into());
        }
        let body =
            serde_json::to_string(request).map_err(|error| Misuse::new(error.to_string()))?;
        Ok(Self {
            key,
            body: Zeroizing::new(body),
            sent_at: None,
            unanswered: false,
        })
    }

    /// The key.
    #[must_use]
    pub fn key(&self) -> &IdempotencyKey {
        &self.key
    }

    /// What is to be withdrawn.
    ///
    /// # Errors
    /// [`Malformed`] if what was kept was changed.
    pub fn request(&self) -> Result<WithdrawalRequest, Malformed> {
        StrictJson::parse(self.body.as_bytes(), Limits::default())?.read("submission")
    }

    /// Whether a request was sent of which it is not known what became.
    #[must_use]
    pub fn is_unanswered(&self) -> bool {
        self.unanswered
    }

    /// When it was sent; if it is unanswered, for the first time since the last answer.
    #[must_use]
    pub fn sent_at(&self) -> Option<Timestamp> {
        self.sent_at
    }

    pub(super) fn body(&self) -> &str {
        &self.body
    }

    /// A request that is sent again may never arrive, and does not make the key younger.
    pub(super) fn sent(&mut self, now: Timestamp) {
        if !self.unanswered {
            self.sent_at = Some(now);
        }
        self.unanswered = true;
    }

    pub(super) fn answered(&mut self) {
        self.unanswered = false;
    }
}

impl fmt::Debug for Pending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pending")
            .field("key", &self.key)
            .field("sent_at", &self.sent_at)
            .field("unanswered", &self.unanswered)
            .finish_non_exhaustive()
    }
}

/// Keeps submissions in memory: for tests, and for applications that never restart.
#[derive(Debug, Default)]
pub struct MemoryKeeper {
    kept: Mutex<BTreeMap<IdempotencyKey, Pending>>,
}

impl MemoryKeeper {
    fn with<T>(&self, act: impl FnOnce(&mut BTreeMap<IdempotencyKey, Pending>) -> T) -> T {
        act(&mut self.kept.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Keeper for MemoryKeeper {
    async fn put(&self, pending: &Pending) -> Result<(), Unavailable> {
        self.with(|kept| kept.insert(pending.key.clone(), pending.clone()));
        Ok(())
    }

    async fn get(&self, key: &IdempotencyKey) -> Result<Option<Pending>, Unavailable> {
        Ok(self.with(|kept| kept.get(key).cloned()))
    }

    async fn all(&self) -> Result<Vec<Pending>, Unavailable> {
        Ok(self.with(|kept| kept.values().cloned().collect()))
    }

    async fn remove(&self, key: &IdempotencyKey) -> Result<(), Unavailable> {
        self.with(|kept| kept.remove(key));
        Ok(())
    }
}

impl<K: Keeper> Keeper for std::sync::Arc<K> {
    async fn put(&self, pending: &Pending) -> Result<(), Unavailable> {
        (**self).put(pending).await
    }

    async fn get(&self, key: &IdempotencyKey) -> Result<Option<Pending>, Unavailable> {
        (**self).get(key).await
    }

    async fn all(&self) -> Result<Vec<Pending>, Unavailable> {
        (**self).all().await
    }

    async fn remove(&self, key: &IdempotencyKey) -> Result<(), Unavailable> {
        (**self).remove(key).await
    }

    async fn put_tokens(&self, tokens: &Tokens) -> Result<(), Unavailable> {
        (**self).put_tokens(tokens).await
    }

    async fn tokens(&self) -> Result<Option<Tokens>, Unavailable> {
        (**self).tokens().await
    }

    async fn remove_tokens(&self) -> Result<(), Unavailable> {
        (**self).remove_tokens().await
    }
}
