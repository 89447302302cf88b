//! Verification: the ten steps of section 6.3.

use std::borrow::Cow;

use jiff::Timestamp;
use serde_json::Value;

use super::challenge::Challenge;
use super::issue::{ChallengeIssuer, Policy};
use super::nonce::{Consumed, NonceStore};
use super::payload::Payload;
use super::uri::HttpUri;
use super::wire::{
    Attestation, AttestationPayload, CONFIRMED_AT_SKEW, ErrorCode, Precondition, ProtocolVersion,
};
use crate::clock::{Clock, SystemClock, parse_timestamp};
use crate::did::{Did, DidDocument, DidResolver, DidUrl, ResolveError};
use crate::error::{Error, Misuse, Rejected};
use crate::sign::{Signature, VerifyingKey, is_published_test_key};
use crate::vc::{NoProofs, ProofVerifier};

mod precondition;
#[cfg(test)]
mod tests;

/// What a payload has to answer.
#[derive(Debug, Clone, Copy)]
pub struct Expected<'a> {
    source: Source<'a>,
    requested: Option<&'a str>,
}

#[derive(Debug, Clone, Copy)]
enum Source<'a> {
    Stored(&'a Challenge),
    Sealed(&'a ChallengeIssuer, &'a Policy),
    Nothing,
}

impl<'a> Expected<'a> {
    /// A challenge that the server has kept.
    #[must_use]
    pub fn challenge(challenge: &'a Challenge) -> Self {
        Self {
            source: Source::Stored(challenge),
            requested: None,
        }
    }

    /// A challenge with a sealed nonce, for the resource that the payload names, whose policy it
    /// is.
    #[must_use]
    pub fn sealed(issuer: &'a ChallengeIssuer, policy: &'a Policy) -> Self {
        Self {
            source: Source::Sealed(issuer, policy),
            requested: None,
        }
    }

    /// No challenge at all: the server keeps none with this nonce, or guards no such resource.
    #[must_use]
    pub fn nothing() -> Self {
        Self {
            source: Source::Nothing,
            requested: None,
        }
    }

    /// Says for which URI the request was that carried the payload in a header.
    // r[impl attestation.submit.requested-resource]
    #[must_use]
    pub fn requested(mut self, uri: &'a str) -> Self {
        self.requested = Some(uri);
        self
    }
}

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

        step_1_version(payload)?;
        let message = step_2_form(payload)?;
        let challenge = step_3_nonce(&expected, &message)?;
        step_4_resource(&challenge, &message, expected.requested)?;
        step_5_expiry(&challenge, now)?;
        self.step_6_replay(&message).await?;
        let document = self.step_7_operator(&message).await?;
        let key = self.step_8_signature(payload, &message, &document)?;
        let answers = step_9_completeness(&challenge, &message, payload, now)?;
        for answer in &answers {
            self.step_10_precondition(answer, document.did(), now)
                .await?;
        }

        self.consume(&challenge).await?;
        Ok(Accepted {
            operator: document.did().clone(),
            key,
            document,
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

    // r[impl attestation.verify.replay]
    async fn step_6_replay(&self, message: &AttestationPayload) -> Result<(), Error> {
        if self.nonces.is_consumed(message.challenge.as_str()).await? {
            return Err(replayed());
        }
        Ok(())
    }

    // r[impl attestation.verify.operator]
    // r[impl attestation.did.fail]
    async fn step_7_operator(&self, message: &AttestationPayload) -> Result<DidDocument, Error> {
        let refuse = |error: &dyn std::fmt::Display| {
            reject(ErrorCode::UnresolvableOperator, error.to_string())
        };
        let did = Did::parse(message.operator_id.as_str()).map_err(|error| refuse(&error))?;
        match self.resolver.resolve(&did).await {
            Ok(document) if *document.did() == did => Ok(document),
            Ok(_) => Err(refuse(&"the document is of another DID").into()),
            Err(ResolveError::Unavailable(outage)) => Err(outage.into()),
            Err(error) => Err(refuse(&error).into()),
        }
    }

    // r[impl attestation.verify.signature]
    // r[impl attestation.verify.no-key]
    // r[impl attestation.did.try-all]
    // r[impl attestation.did.key-id]
    // r[impl attestation.key.test-keys]
    fn step_8_signature(
        &self,
        payload: &Payload,
        message: &AttestationPayload,
        document: &DidDocument,
    ) -> Result<DidUrl, Rejected> {
        let refuse = || {
            let why = "the signature is not one of the operator's keys over this payload";
            reject(ErrorCode::InvalidSignature, why)
        };
        let signature = Signature::parse(message.signature.as_str()).map_err(|_| refuse())?;
        let bytes = payload.signed_bytes();
        document
            .assertion_methods()
            .iter()
            .filter(|method| match &message.key_id {
                Some(key_id) => method.id.as_str() == key_id.as_str(),
                None => true,
            })
            .filter(|method| self.accepts_test_keys || !is_published_test_key(&method.public_key))
            .find(|method| {
                VerifyingKey::new(method.public_key)
                    .is_ok_and(|key| key.verify(&bytes, &signature).is_ok())
            })
            .map(|method| method.id.clone())
            .ok_or_else(refuse)
    }

    // r[impl attestation.verify.consume]
    // r[impl attestation.verify.retention]
    // r[impl attestation.verify.store-outage]
    async fn consume(&self, challenge: &Challenge) -> Result<(), Error> {
        let message = challenge.message();
        let expires_at = message.expires_at.instant();
        let retain_until = expires_at
            .checked_add(CONFIRMED_AT_SKEW)
            .unwrap_or(Timestamp::MAX);
        match self
            .nonces
            .consume(message.challenge.as_str(), retain_until)
            .await?
        {
            Consumed::First => Ok(()),
            Consumed::Replayed => Err(replayed()),
        }
    }
}

// r[impl attestation.verify.version]
// r[impl attestation.payload.version]
fn step_1_version(payload: &Payload) -> Result<(), Rejected> {
    let version = payload.member("x428Version");
    // A double after RFC 8785: `1.0` is the same number.
    #[expect(clippy::cast_precision_loss, reason = "versions are small")]
    let expected = ProtocolVersion::VALUE as f64;
    if version.and_then(Value::as_f64) == Some(expected) {
        Ok(())
    } else {
        let why = "the payload's version is not the challenge's";
        Err(reject(ErrorCode::UnsupportedVersion, why))
    }
}

// r[impl attestation.verify.form]
// r[impl attestation.verify.time]
// r[impl attestation.verify.duplicate-attestation]
// r[impl attestation.verify.key-id-form]
fn step_2_form(payload: &Payload) -> Result<AttestationPayload, Rejected> {
    let malformed = |why: Cow<'static, str>| reject(ErrorCode::MalformedPayload, why);
    let message: AttestationPayload = payload
        .json()
        .read("payload")
        .map_err(|error| malformed(error.detail().to_owned().into()))?;
    let attestations = &message.attestations;
    for (at, attestation) in attestations.iter().enumerate() {
        let id = attestation.precondition_id();
        if attestations[..at]
            .iter()
            .any(|other| other.precondition_id() == id)
        {
            let id = id.as_str();
            return Err(malformed(format!("two attestations for {id:?}").into()));
        }
        // Of attestations that the schema knows it has been read; others may have one too.
        if let Attestation::Other(extension) = attestation
            && let Some(time) = extension.extra.get("confirmedAt")
            && time
                .as_str()
                .is_none_or(|text| parse_timestamp(text).is_err())
        {
            return Err(malformed("a `confirmedAt` is no time".into()));
        }
    }
    let of_another = |key_id: &str| {
        let did = message.operator_id.as_str();
        key_id.split_once('#').is_none_or(|(of, _)| of != did)
    };
    if message
        .key_id
        .as_ref()
        .is_some_and(|key_id| of_another(key_id.as_str()))
    {
        return Err(malformed("the `keyId` is of another DID".into()));
    }
    Ok(message)
}

// r[impl attestation.verify.nonce]
// r[impl attestation.payload.nonce]
// r[impl attestation.issue.nonce-open]
fn step_3_nonce<'a>(
    expected: &Expected<'a>,
    message: &AttestationPayload,
) -> Result<Cow<'a, Challenge>, Rejected> {
    let challenge = match expected.source {
        Source::Stored(challenge) => {
            let same = challenge.message().challenge == message.challenge;
            same.then_some(Cow::Borrowed(challenge))
        }
        Source::Sealed(issuer, policy) => issuer
            .reopen(message.challenge.as_str(), policy, &message.resource)
            .map(Cow::Owned),
        Source::Nothing => None,
    };
    challenge.ok_or_else(|| {
        let why = "the payload answers another challenge";
        reject(ErrorCode::ChallengeMismatch, why)
    })
}

// r[impl attestation.verify.resource]
// r[impl attestation.payload.resource]
// r[impl attestation.submit.requested-resource]
fn step_4_resource(
    challenge: &Challenge,
    message: &AttestationPayload,
    requested: Option<&str>,
) -> Result<(), Rejected> {
    let attested = message.resource.as_str();
    let is_requested = |uri: &str| {
        let uri = HttpUri::parse(uri).map(HttpUri::without_fragment);
        uri.is_some() && uri == HttpUri::parse(attested)
    };
    if challenge.message().resource == attested && requested.is_none_or(is_requested) {
        Ok(())
    } else {
        let why = "the payload names another resource";
        Err(reject(ErrorCode::ResourceMismatch, why))
    }
}

// r[impl attestation.verify.expiry]
// r[impl attestation.challenge.expiry]
fn step_5_expiry(challenge: &Challenge, now: Timestamp) -> Result<(), Rejected> {
    let expires_at = &challenge.message().expires_at;
    if now >= expires_at.instant() {
        let why = format!("the challenge expired at {expires_at}");
        return Err(reject(ErrorCode::ChallengeExpired, why));
    }
    Ok(())
}

/// A precondition with its attestation.
struct Answer<'a> {
    precondition: &'a Precondition,
    attestation: &'a Attestation,
    /// The attestation with all its members, as it was received.
    received: &'a Value,
}

// r[impl attestation.verify.complete]
// r[impl attestation.verify.attestation-type]
// r[impl attestation.verify.minimum-age]
// r[impl attestation.payload.complete]
// r[impl attestation.payload.attestation-type]
// r[impl attestation.self.minimum-age]
fn step_9_completeness<'a>(
    challenge: &'a Challenge,
    message: &'a AttestationPayload,
    payload: &'a Payload,
    now: Timestamp,
) -> Result<Vec<Answer<'a>>, Rejected> {
    let missing = |why: String| reject(ErrorCode::MissingAttestation, why);
    let preconditions = &challenge.message().preconditions;
    for attestation in &*message.attestations {
        let id = attestation.precondition_id();
        if !preconditions
            .iter()
            .any(|precondition| precondition.id() == id)
        {
            let id = id.as_str();
            return Err(missing(format!("the challenge has no precondition {id:?}")));
        }
    }
    let received = payload.member("attestations").and_then(Value::as_array);
    let mut answers = Vec::with_capacity(preconditions.len());
    for precondition in &**preconditions {
        let id = precondition.id();
        let (attestation, received) = message
            .attestations
            .iter()
            .zip(received.into_iter().flatten())
            .find(|(attestation, _)| attestation.precondition_id() == id)
            .ok_or_else(|| missing(format!("no attestation for {:?}", id.as_str())))?;
        let id = id.as_str();
        if attestation.type_() != precondition.type_() {
            return Err(missing(format!(
                "the attestation for {id:?} is of another type"
            )));
        }
        if let (Precondition::Age(asked), Attestation::AgeSelf(attested)) =
            (precondition, attestation)
            && asked.minimum_age != attested.minimum_age
        {
            return Err(missing(format!(
                "the attestation for {id:?} is of another age"
            )));
        }
        if !confirmed_in_time(received, challenge.issued_at(), now) {
            return Err(missing(format!(
                "{id:?} was not confirmed for this challenge"
            )));
        }
        answers.push(Answer {
            precondition,
            attestation,
            received,
        });
    }
    Ok(answers)
}

// r[impl attestation.verify.confirmed-not-later]
// r[impl attestation.verify.confirmed-not-earlier]
fn confirmed_in_time(received: &Value, issued_at: Option<Timestamp>, now: Timestamp) -> bool {
    let Some(text) = received.get("confirmedAt").and_then(Value::as_str) else {
        return true;
    };
    let Ok(confirmed_at) = parse_timestamp(text) else {
        return false;
    };
    let latest = now.saturating_add(CONFIRMED_AT_SKEW);
    let earliest = issued_at.map(|issued_at| issued_at.saturating_sub(CONFIRMED_AT_SKEW));
    confirmed_at <= latest.unwrap_or(now)
        && earliest.is_none_or(|earliest| confirmed_at >= earliest.unwrap_or(now))
}

fn replayed() -> Error {
    let why = "the challenge has been answered already";
    reject(ErrorCode::NonceReplayed, why).into()
}

fn reject(code: ErrorCode, detail: impl Into<Cow<'static, str>>) -> Rejected {
    Rejected::new(code, detail)
}
