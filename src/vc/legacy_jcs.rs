//! The profile `legacy-jcs` (section 7.8), for published vectors only.

use serde_json::{Map, Value};

use super::{Credential, InvalidCredential, ProofVerifier};
use crate::jcs::canonical_without;
use crate::sign::{Signature, VerifyingKey};

/// Accepts proofs that call themselves `eddsa-rdfc-2022` and are a signature over the canonical
/// JSON of the credential without `proof`.
///
/// Such a proof says nothing about what the terms of the credential mean: a context may give them
/// any meaning without changing what is signed.
#[derive(Debug, Clone, Copy)]
pub struct LegacyJcs(());

impl LegacyJcs {
    /// Switches the profile on. It is for running published vectors, never for production.
    // r[impl attestation.legacy-jcs.explicit]
    // r[impl attestation.legacy-jcs.test-only]
    #[must_use]
    pub fn danger_for_test_vectors() -> Self {
        Self(())
    }
}

impl ProofVerifier for LegacyJcs {
    fn supports(&self, proof: &Map<String, Value>) -> bool {
        let is = |name, value| proof.get(name).and_then(Value::as_str) == Some(value);
        is("type", "DataIntegrityProof") && is("cryptosuite", "eddsa-rdfc-2022")
    }

    fn verify(
        &self,
        credential: Credential<'_>,
        key: &VerifyingKey,
    ) -> Result<(), InvalidCredential> {
        let refuse = InvalidCredential("the proof does not verify");
        let value = credential.proof().and_then(|proof| proof.get("proofValue"));
        let signature = value
            .and_then(Value::as_str)
            .and_then(|text| Signature::parse(text).ok())
            .ok_or(refuse)?;
        let message = canonical_without(&Value::Object(credential.members().clone()), "proof");
        key.verify(&message, &signature).map_err(|_| refuse)
    }
}
