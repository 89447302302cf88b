//! Whom the client acts for.

use super::credential::Credential;
use crate::did::{Did, DidUrl};
use crate::error::{Error, Misuse};
use crate::jcs::StrictJson;
use crate::sign::{Signer, SigningKey, is_published_test_key};

/// The operator: a DID and a key that may assert for it.
#[derive(Debug, Clone)]
pub struct Operator<S> {
    did: Did,
    key_id: Option<DidUrl>,
    signer: S,
    credentials: Vec<Credential>,
}

impl Operator<SigningKey> {
    /// The operator that a key is by itself, as a did:key.
    ///
    /// # Errors
    /// As [`Operator::new`].
    pub fn of_key(key: SigningKey) -> Result<Self, Error> {
        let did = key.did()?;
        Ok(Self::new(did, key)?)
    }
}

impl<S: Signer> Operator<S> {
    /// An operator whose document lists the key of the signer.
    ///
    /// # Errors
    /// [`Misuse`] for a key of Appendix B: everybody has its secret.
    // r[impl attestation.key.test-keys]
    pub fn new(did: Did, signer: S) -> Result<Self, Misuse> {
        if is_published_test_key(&signer.public_key()) {
            return Err(Misuse::new("the key is published with the specification"));
        }
        Ok(Self {
            did,
            key_id: None,
            signer,
            credentials: Vec::new(),
        })
    }

    /// Names the key, for an operator with several.
    ///
    /// # Errors
    /// [`Misuse`] if the key is of another DID.
    pub fn with_key_id(mut self, key_id: DidUrl) -> Result<Self, Misuse> {
        if !key_id.is_of(&self.did) {
            return Err(Misuse::new("the key is not one of the operator's"));
        }
        self.key_id = Some(key_id);
        Ok(self)
    }

    /// Adds a credential about the operator. It is shown to a server that accepts its issuer, that
    /// does not take the operator's own word, and to which the policy lets credentials be shown.
    ///
    /// The client carries the credential as it is. It verifies no proof.
    ///
    /// # Errors
    /// [`Misuse`] if the JSON is no credential, or is about somebody else.
    pub fn with_credential(mut self, credential: &StrictJson) -> Result<Self, Misuse> {
        self.credentials
            .push(Credential::new(credential, &self.did)?);
        Ok(self)
    }

    /// The operator's DID.
    #[must_use]
    pub fn did(&self) -> &Did {
        &self.did
    }

    pub(super) fn key_id(&self) -> Option<&DidUrl> {
        self.key_id.as_ref()
    }

    pub(super) fn credentials(&self) -> &[Credential] {
        &self.credentials
    }

    pub(super) fn signer(&self) -> &S {
        &self.signer
    }
}
