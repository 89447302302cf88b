//! Documents that are known beforehand: pinned operators, vectors, tests.

use std::collections::BTreeMap;
use std::future::{Future, ready};

use super::{Did, DidDocument, DidResolver, ResolveError, key};

/// Resolves the documents that it was given, and derives those of did:key.
///
/// A document that was given takes precedence over a derived one.
#[derive(Debug, Clone, Default)]
pub struct FixedResolver {
    documents: BTreeMap<Did, DidDocument>,
    only: bool,
}

impl FixedResolver {
    /// Knows did:key only.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a document.
    #[must_use]
    pub fn with(mut self, document: DidDocument) -> Self {
        self.documents.insert(document.did().clone(), document);
        self
    }

    /// Derives nothing: a DID whose document was not given is not found.
    #[must_use]
    pub fn only_given(mut self) -> Self {
        self.only = true;
        self
    }

    fn find(&self, did: &Did) -> Result<DidDocument, ResolveError> {
        match self.documents.get(did) {
            Some(document) => Ok(document.clone()),
            None if self.only => Err(ResolveError::NotFound),
            None => key::document(did),
        }
    }
}

impl DidResolver for FixedResolver {
    fn resolve(&self, did: &Did) -> impl Future<Output = Result<DidDocument, ResolveError>> + Send {
        ready(self.find(did))
    }
}
