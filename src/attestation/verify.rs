//! Verification: the ten steps of section 6.3.

use jiff::Timestamp;

use super::challenge::Challenge;
use super::nonce::NonceStore;
use super::payload::Payload;
use super::wire::AttestationPayload;
use crate::clock::{Clock, SystemClock};
use crate::did::{Did, DidDocument, DidResolver, DidUrl};
use crate::error::{Error, Misuse, Rejected};
use crate::vc::{NoProofs, ProofVerifier};

mod expected;
mod precondition;
mod steps;
#[cfg(test)]
mod tests;

pub use expected::Expected;
use steps::{
    step_1_version, step_2_form, step_3_nonce, step_4_resource, step_5_expiry, step_9_completeness,
};

/// Verifies payloads.
///
/// It asks a resolver for DID documents and a store for consumed nonces, and awaits nothing else.
#[derive(Debug, Clone)]
pub struct Verifier<R, N, P = NoProofs, C = SystemClock> {
    resolver: R,
    nonces: N,
    proofs: P,
    clock: C,
    accepts_test_keys: bool,
}

impl<R: DidResolver, N: NonceStore> Verifier<R, N> {
    /// Makes a verifier that verifies no credentials.
    #[must_use]
    pub fn new(resolver: R, nonces: N) -> Self {
        Self {
            resolver,
            nonces,
            proofs: NoProofs,
            clock: SystemClock,
            accepts_test_keys: false,
        }
    }
}

impl<R, N, P, C> Verifier<R, N, P, C> {
    /// Verifies the proofs of credentials.
    #[must_use]
    pub fn with_proofs<Q: ProofVerifier>(self, proofs: Q) -> Verifier<R, N, Q, C> {
        Verifier {
            resolver: self.resolver,
            nonces: self.nonces,
            proofs,
            clock: self.clock,
            accepts_test_keys: self.accepts_test_keys,
        }
    }

    /// Takes the time from another clock.
    #[must_use]
    pub fn with_clock<D: Clock>(self, clock: D) -> Verifier<R, N, P, D> {
        Verifier {
            resolver: self.resolver,
            nonces: self.nonces,
            proofs: self.proofs,
            clock,
            accepts_test_keys: self.accepts_test_keys,
        }
    }

    /// The clock by which payloads are verified.
    #[must_use]
    pub fn clock(&self) -> &C {
        &self.clock
    }

    /// Accepts signatures by the keys that Appendix B publishes, secrets included: for examples
    /// and vectors, never for production.
    #[must_use]
    pub fn danger_accept_test_keys(mut self) -> Self {
        self.accepts_test_keys = true;
        self
    }
}

/// A payload that has been accepted. Its nonce is consumed: there is no second one like this.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Accepted {
    /// The operator.
    pub operator: Did,
    /// The key that made the signature.
    pub key: DidUrl,
    /// The operator's document, as it was resolved: evidence to be kept.
    pub document: DidDocument,
    /// The documents of the credentials' issuers, as they were resolved: evidence to be kept.
    pub issuer_documents: Vec<DidDocument>,
    /// The challenge that was answered.
    pub challenge: Challenge,
    /// What was attested.
    pub message: AttestationPayload,
    /// When the payload was accepted.
    pub accepted_at: Timestamp,
}

impl Accepted {
    /// The scope that is granted unless the server's policy says otherwise: the resource of the
    /// challenge, without its query.
    // r[impl attestation.scope.grant]
    #[must_use]
    pub fn scope(&self) -> &str {
        super::scope::of_resource(self.challenge.message().resource.as_str())
    }
}

impl<R, N, P, C> Verifier<R, N, P, C>
where
    R: DidResolver,
    N: NonceStore,
    P: ProofVerifier,
    C: Clock,
{
    /// Takes the ten steps of section 6.3 in their order, and consumes the nonce.
    ///
    /// # Errors
    /// [`Error::Rejected`] with the code of the first step that fails; [`Error::Unavailable`] if
    /// the store or the resolver did not answer, which says nothing about the payload.
    // r[impl attestation.verify.order]
    // r[impl attestation.verify.clock]
    // r[impl attestation.did-web.after-checks]
    // r[impl attestation.verify.consume-on-success]
    pub async fn verify(
        &self,
        expected: Expected<'_>,
        payload: &Payload,
    ) -> Result<Accepted, Error> {
        let now = self.clock.now();

        step_1_version(expected, payload)?;
        let message = step_2_form(expected, payload)?;
        let challenge = step_3_nonce(expected, &message)?;
        step_4_resource(&challenge, &message, expected.requested)?;
        step_5_expiry(&challenge, now)?;
        self.step_6_replay(&message).await?;
        let document = self.step_7_operator(&message).await?;
        let key = self.step_8_signature(payload, &message, &document)?;
        let answers = step_9_completeness(&challenge, &message, payload, now)?;
        let mut issuer_documents = Vec::new();
        for answer in &answers {
            let issuer = self.step_10_precondition(answer, document.did(), now);
            issuer_documents.extend(issuer.await?);
        }

        self.consume(&challenge).await?;
        Ok(Accepted {
            operator: document.did().clone(),
            key,
            document,
            issuer_documents,
            challenge: challenge.into_owned(),
            message,
            accepted_at: now,
        })
    }

    /// As [`verify`](Self::verify), for a resolver and a store that answer at once: did:key, fixed
    /// documents, a store in memory.
    ///
    /// # Errors
    /// As [`verify`](Self::verify), and [`Error::Misuse`] if one of them has to be awaited.
    pub fn verify_now(&self, expected: Expected<'_>, payload: &Payload) -> Result<Accepted, Error> {
        crate::poll_ready(self.verify(expected, payload)).unwrap_or_else(|| {
            Err(Misuse::new("the resolver or the nonce store has to be awaited").into())
        })
    }
}

impl Payload {
    /// Takes steps 1 and 2, which need no challenge: the version and the form. What the message
    /// says is not verified by that.
    ///
    /// # Errors
    /// [`Rejected`] with `unsupported_version` or `malformed_payload`.
    pub fn read_message(&self) -> Result<AttestationPayload, Rejected> {
        step_1_version(Expected::nothing(), self)?;
        step_2_form(Expected::nothing(), self)
    }
}
