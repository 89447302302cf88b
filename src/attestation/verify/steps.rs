//! The steps, one function each. In which order they are taken is not decided here.

use std::borrow::Cow;

use jiff::Timestamp;
use serde_json::Value;

use super::super::challenge::Challenge;
use super::super::nonce::{Consumed, NonceStore};
use super::super::payload::Payload;
use super::super::uri::HttpUri;
use super::super::wire::{
    Attestation, AttestationPayload, CONFIRMED_AT_SKEW, ErrorCode, Precondition, ProtocolVersion,
};
use super::Verifier;
use super::expected::{Expected, Source};
use crate::clock::{Clock, parse_timestamp};
use crate::did::{Did, DidDocument, DidResolver, DidUrl, ResolveError};
use crate::error::{Error, Rejected};
use crate::sign::{Signature, VerifyingKey, is_published_test_key};
use crate::vc::ProofVerifier;

impl<R, N, P, C> Verifier<R, N, P, C>
where
    R: DidResolver,
    N: NonceStore,
    P: ProofVerifier,
    C: Clock,
{
    // r[impl attestation.verify.replay]
    pub(super) async fn step_6_replay(&self, message: &AttestationPayload) -> Result<(), Error> {
        if self.nonces.is_consumed(message.challenge.as_str()).await? {
            return Err(replayed());
        }
        Ok(())
    }

    // r[impl attestation.verify.operator]
    // r[impl attestation.did.fail]
    pub(super) async fn step_7_operator(
        &self,
        message: &AttestationPayload,
    ) -> Result<DidDocument, Error> {
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
    pub(super) fn step_8_signature(
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
            .find(|method| VerifyingKey::verify_once(method.public_key, &bytes, &signature).is_ok())
            .map(|method| method.id.clone())
            .ok_or_else(refuse)
    }

    // r[impl attestation.verify.consume]
    // r[impl attestation.verify.retention]
    // r[impl attestation.verify.store-outage]
    pub(super) async fn consume(&self, challenge: &Challenge) -> Result<(), Error> {
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
pub(super) fn step_1_version(expected: Expected<'_>, payload: &Payload) -> Result<(), Rejected> {
    // As doubles, after RFC 8785: `1.0` is the same number.
    #[expect(clippy::cast_precision_loss, reason = "versions are small")]
    let expected = match expected.source {
        Source::Unreadable(challenge) => challenge.get("x428Version").and_then(Value::as_f64),
        // Every challenge that can be read is of this version.
        _ => Some(ProtocolVersion::VALUE as f64),
    };
    let version = payload.member("x428Version").and_then(Value::as_f64);
    if version.is_some() && version == expected {
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
// r[impl attestation.verify.challenge-form]
pub(super) fn step_2_form(
    expected: Expected<'_>,
    payload: &Payload,
) -> Result<AttestationPayload, Rejected> {
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
    }
    // Where the schema has the member it has been read. An attestation of another type, or by
    // another method, may have one too.
    let received = payload.member("attestations").and_then(Value::as_array);
    let mut times = received
        .into_iter()
        .flatten()
        .filter_map(|attestation| attestation.get("confirmedAt"));
    let is_time = |time: &Value| {
        time.as_str()
            .is_some_and(|text| parse_timestamp(text).is_ok())
    };
    if !times.all(is_time) {
        return Err(malformed("a `confirmedAt` is no time".into()));
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
    if matches!(expected.source, Source::Unreadable(_)) {
        return Err(malformed("the challenge itself is malformed".into()));
    }
    Ok(message)
}

// r[impl attestation.verify.nonce]
// r[impl attestation.payload.nonce]
// r[impl attestation.issue.nonce-open]
pub(super) fn step_3_nonce<'a>(
    expected: Expected<'a>,
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
        Source::Unreadable(_) | Source::Nothing => None,
    };
    challenge.ok_or_else(|| {
        let why = "the payload answers another challenge";
        reject(ErrorCode::ChallengeMismatch, why)
    })
}

// r[impl attestation.verify.resource]
// r[impl attestation.payload.resource]
// r[impl attestation.submit.requested-resource]
pub(super) fn step_4_resource(
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
pub(super) fn step_5_expiry(challenge: &Challenge, now: Timestamp) -> Result<(), Rejected> {
    let expires_at = &challenge.message().expires_at;
    if now >= expires_at.instant() {
        let why = format!("the challenge expired at {expires_at}");
        return Err(reject(ErrorCode::ChallengeExpired, why));
    }
    Ok(())
}

/// A precondition with its attestation.
pub(super) struct Answer<'a> {
    pub(super) precondition: &'a Precondition,
    pub(super) attestation: &'a Attestation,
    /// The attestation with all its members, as it was received.
    pub(super) received: &'a Value,
}

// r[impl attestation.verify.complete]
// r[impl attestation.verify.attestation-type]
// r[impl attestation.verify.minimum-age]
// r[impl attestation.payload.complete]
// r[impl attestation.payload.attestation-type]
// r[impl attestation.self.minimum-age]
pub(super) fn step_9_completeness<'a>(
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

pub(super) fn replayed() -> Error {
    let why = "the challenge has been answered already";
    reject(ErrorCode::NonceReplayed, why).into()
}

pub(super) fn reject(code: ErrorCode, detail: impl Into<Cow<'static, str>>) -> Rejected {
    Rejected::new(code, detail)
}
