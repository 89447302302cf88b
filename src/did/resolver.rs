//! From a DID to its document.

use std::borrow::Cow;
use std::future::Future;
use std::sync::Arc;

use super::{Did, DidDocument};
use crate::error::{Malformed, Unavailable};

/// Why a DID has no document.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ResolveError {
    /// The resolver does not know the method of the DID.
    #[error("DIDs of the method `{0}` are not resolved here")]
    UnsupportedMethod(String),
    /// There is no document of this DID.
    #[error("the DID does not resolve to a document")]
    NotFound,
    /// Whoever has the document does not give it, or not in the way that the method asks for.
    #[error("the document of the DID cannot be obtained: {0}")]
    Unobtainable(Cow<'static, str>),
    /// What was found is not the document of this DID.
    #[error(transparent)]
    Malformed(#[from] Malformed),
    /// Something of this party's own is out of order, and the answer is not known now.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

/// Resolves DIDs.
pub trait DidResolver {
    /// Returns the document of `did`.
    ///
    /// # Errors
    /// [`ResolveError`]; [`ResolveError::Unavailable`] only if this party could not ask. A host that
    /// does not answer is a DID that does not resolve (section 6.6).
    fn resolve(&self, did: &Did) -> impl Future<Output = Result<DidDocument, ResolveError>> + Send;
}

impl<R: DidResolver + ?Sized> DidResolver for &R {
    fn resolve(&self, did: &Did) -> impl Future<Output = Result<DidDocument, ResolveError>> + Send {
        (**self).resolve(did)
    }
}

impl<R: DidResolver + ?Sized> DidResolver for Arc<R> {
    fn resolve(&self, did: &Did) -> impl Future<Output = Result<DidDocument, ResolveError>> + Send {
        (**self).resolve(did)
    }
}

/// Asks the second resolver about the methods that the first one does not support.
impl<A: DidResolver + Sync, B: DidResolver + Sync> DidResolver for (A, B) {
    async fn resolve(&self, did: &Did) -> Result<DidDocument, ResolveError> {
        match self.0.resolve(did).await {
            Err(ResolveError::UnsupportedMethod(_)) => self.1.resolve(did).await,
            answer => answer,
        }
    }
}
