//! From a DID to its document.

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
    /// What was found is not the document of this DID.
    #[error(transparent)]
    Malformed(#[from] Malformed),
    /// The answer is not known now. Asking again later may help.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

/// Resolves DIDs.
pub trait DidResolver {
    /// Returns the document of `did`.
    ///
    /// # Errors
    /// [`ResolveError`]; [`ResolveError::Unavailable`] only if nothing has been learned about the
    /// DID, such as after a timeout.
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
