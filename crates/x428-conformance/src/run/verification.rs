//! Verifications whose world is the vector: its documents, its nonces, its time.

use std::future::{Future, ready};

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use x428::attestation::nonce::{MemoryNonceStore, NonceStore as _};
use x428::attestation::{Challenge, Expected, Payload, Verifier};
use x428::clock::{FixedClock, parse_timestamp};
use x428::did::{Did, DidDocument, DidResolver, ResolveError, key};
use x428::error::{Error, Rejected};
use x428::jcs::{Limits, StrictJson};
use x428::poll_ready;
use x428::vc::LegacyJcs;

use crate::format::VerifyInput;
use crate::profile::{Profile, ProofProfile};

/// More nonces than any vector consumes.
const NONCES: usize = 1 << 16;

/// What a verifier says to a payload.
#[derive(Debug, Clone, PartialEq)]
pub struct Verdict {
    /// The scope that is granted, or the refusal.
    pub result: Result<String, Rejected>,
}

/// Verifies one input with a nonce store of its own.
///
/// # Errors
/// A sentence about an input that cannot be used: a time that does not parse.
pub fn verify(input: &VerifyInput, profile: &Profile) -> Result<Verdict, String> {
    Verification::new(*profile).run(input)
}

/// Verifications with one nonce store.
pub(super) struct Verification {
    profile: Profile,
    nonces: MemoryNonceStore<FixedClock>,
}

impl Verification {
    pub(super) fn new(profile: Profile) -> Self {
        // At the beginning of time nothing is forgotten.
        let clock = FixedClock(Timestamp::MIN);
        Self {
            profile,
            nonces: MemoryNonceStore::with_clock(NONCES, clock),
        }
    }

    pub(super) fn run(&self, input: &VerifyInput) -> Result<Verdict, String> {
        let now = parse_timestamp(&input.current_time).map_err(|error| error.to_string())?;
        self.consume(&input.nonce_store, now)?;
        match self.judge(input, now) {
            Ok(scope) => Ok(Verdict { result: Ok(scope) }),
            Err(Error::Rejected(rejected)) => Ok(Verdict {
                result: Err(rejected),
            }),
            Err(error) => Err(error.to_string()),
        }
    }

    fn consume(&self, nonces: &[String], now: Timestamp) -> Result<(), String> {
        let later = now
            .saturating_add(SignedDuration::from_hours(1))
            .unwrap_or(now);
        for nonce in nonces {
            poll_ready(self.nonces.consume(nonce, later))
                .transpose()
                .map_err(|error| error.to_string())?;
        }
        Ok(())
    }

    /// Goes the way of a server: the payload is bytes before it is anything else.
    fn judge(&self, input: &VerifyInput, now: Timestamp) -> Result<String, Error> {
        let payload = Payload::from_body(input.attestation_payload.to_string().as_bytes())?;
        let challenge = StrictJson::from_value(input.challenge.clone(), Limits::default())
            .and_then(|json| Challenge::read(&json));
        let expected = match &challenge {
            Ok(challenge) => Expected::challenge(challenge),
            Err(_) => Expected::unreadable(&input.challenge),
        };
        let verifier = Verifier::new(Documents(input), &self.nonces)
            .with_clock(FixedClock(now))
            .danger_accept_test_keys();
        let accepted = match self.profile.proofs {
            ProofProfile::LegacyJcs => verifier
                .with_proofs(LegacyJcs::danger_for_test_vectors())
                .verify_now(expected, &payload),
            ProofProfile::Standard => verifier.verify_now(expected, &payload),
        };
        accepted.map(|accepted| accepted.scope().to_owned())
    }
}

/// The documents of a vector. They take precedence over derived ones, and nothing is fetched.
// r[impl attestation.vectors.documents]
struct Documents<'a>(&'a VerifyInput);

impl Documents<'_> {
    fn find(&self, did: &Did) -> Result<DidDocument, ResolveError> {
        let member =
            |value: &Value, name: &str| value.get(name).is_some_and(|id| id == did.as_str());
        if let Some(document) = &self.0.did_document
            && member(&self.0.attestation_payload, "operatorId")
        {
            return read(document, did);
        }
        if let Some(document) = &self.0.vc_issuer_did_document
            && (member(document, "id") || did.method() != "key")
        {
            return read(document, did);
        }
        key::document(did)
    }
}

fn read(document: &Value, did: &Did) -> Result<DidDocument, ResolveError> {
    if document.is_null() {
        return Err(ResolveError::NotFound);
    }
    let json = StrictJson::parse(document.to_string().as_bytes(), Limits::default())?;
    Ok(DidDocument::read(json, did)?)
}

impl DidResolver for Documents<'_> {
    fn resolve(&self, did: &Did) -> impl Future<Output = Result<DidDocument, ResolveError>> + Send {
        ready(self.find(did))
    }
}
