//! What the vectors of the specification cannot show: races, outages, sealed challenges. The order
//! of the steps and their codes are in `tests/sdk`.

use std::future::{Future, pending, ready};
use std::sync::Arc;

use jiff::SignedDuration;
use serde_json::{Value, json};

use super::*;
use crate::attestation::issue::{ChallengeIssuer, Policy};
use crate::attestation::nonce::{Consumed, MemoryNonceStore};
use crate::attestation::{Answer, Challenge};
use crate::clock::{FixedClock, parse_timestamp};
use crate::did::key::KeyResolver;
use crate::did::{DidDocument, ResolveError};
use crate::error::Unavailable;
use crate::jcs::{Limits, StrictJson};
use crate::sign::SigningKey;
use crate::sign::seal::{SealKey, SealRing};
use crate::wire::attestation::{AbsoluteUri, ErrorCode, Precondition};

fn now() -> Timestamp {
    parse_timestamp("2026-11-20T12:00:00Z").unwrap()
}

fn key() -> SigningKey {
    SigningKey::from_seed(&[7; 32])
}

fn policy() -> Policy {
    let precondition: Precondition = serde_json::from_value(
        json!({"id": "op", "type": "identity", "allowedAttestationMethods": ["self"]}),
    )
    .unwrap();
    Policy::new(vec![precondition]).unwrap()
}

fn resource() -> AbsoluteUri {
    AbsoluteUri::parse("https://api.example.com/r?page=2").unwrap()
}

fn issuer() -> ChallengeIssuer {
    ChallengeIssuer::new(SealRing::new(SealKey::new(1, [1; 32])))
}

fn challenge() -> Challenge {
    issuer().issue(&policy(), &resource(), now()).unwrap()
}

fn answer(challenge: &Challenge, confirmed_at: Timestamp) -> Payload {
    let answer = Answer::new(challenge, key().did().unwrap());
    let signed = answer
        .confirm("op", confirmed_at)
        .and_then(|answer| answer.sign(&key()))
        .unwrap();
    Payload::from_header(&signed.to_header().unwrap()).unwrap()
}

fn verifier_at<R: DidResolver>(
    resolver: R,
    now: Timestamp,
) -> Verifier<R, MemoryNonceStore<FixedClock>, NoProofs, FixedClock> {
    let clock = FixedClock(now);
    Verifier::new(resolver, MemoryNonceStore::with_clock(100, clock)).with_clock(clock)
}

fn code(result: Result<Accepted, Error>) -> ErrorCode {
    result.unwrap_err().code().unwrap()
}

// r[verify attestation.issue.nonce-open]
// r[verify attestation.issue.nonce-instances]
// r[verify attestation.issue.stateless]
#[test]
fn a_sealed_challenge_is_verified_without_having_been_stored() {
    let payload = answer(&challenge(), now());
    let (issuer, policy) = (issuer(), policy());
    let verifier = verifier_at(KeyResolver, now());
    let expected =
        Expected::sealed(&issuer, &policy).requested("https://API.example.com:443/r?page=2#x");
    let accepted = verifier.verify_now(expected, &payload).unwrap();
    assert_eq!(accepted.scope(), "https://api.example.com/r");
    assert_eq!(accepted.challenge.issued_at(), Some(now()));
    assert_eq!(accepted.operator, key().did().unwrap());
    assert_eq!(
        code(verifier.verify_now(expected, &payload)),
        ErrorCode::NonceReplayed
    );
}

// r[verify attestation.issue.nonce-seal]
// r[verify attestation.issue.one-resource]
#[test]
fn what_a_sealed_nonce_binds_cannot_be_changed() {
    let payload = answer(&challenge(), now());
    let verify = |issuer: &ChallengeIssuer, policy: &Policy, payload: &Payload| {
        verifier_at(KeyResolver, now()).verify_now(Expected::sealed(issuer, policy), payload)
    };
    assert!(verify(&issuer(), &policy(), &payload).is_ok());

    let stranger = ChallengeIssuer::new(SealRing::new(SealKey::new(1, [2; 32])));
    assert_eq!(
        code(verify(&stranger, &policy(), &payload)),
        ErrorCode::ChallengeMismatch
    );
    let slower = issuer().with_lifetime(std::time::Duration::from_secs(301));
    assert_eq!(
        code(verify(&slower, &policy(), &payload)),
        ErrorCode::ChallengeMismatch
    );
    let other: Precondition = serde_json::from_value(
        json!({"id": "op", "type": "age", "allowedAttestationMethods": ["self"], "minimumAge": 18}),
    )
    .unwrap();
    let stricter = Policy::new(vec![other]).unwrap();
    assert_eq!(
        code(verify(&issuer(), &stricter, &payload)),
        ErrorCode::ChallengeMismatch
    );

    for (member, value) in [
        ("resource", json!("https://api.example.com/other")),
        ("challenge", json!("0".repeat(112))),
        ("challenge", json!("0".repeat(64))),
    ] {
        let mut changed = payload.json().value().clone();
        changed[member] = value;
        let changed = resigned(changed);
        assert_eq!(
            code(verify(&issuer(), &policy(), &changed)),
            ErrorCode::ChallengeMismatch,
            "{member}"
        );
    }
}

fn resigned(mut payload: Value) -> Payload {
    let json = StrictJson::from_value(payload.clone(), Limits::default()).unwrap();
    let signature = crate::sign::sign_object(&json, &key()).unwrap();
    payload["signature"] = json!(signature.to_string());
    Payload::from_body(payload.to_string().as_bytes()).unwrap()
}

// r[verify attestation.submit.requested-resource]
#[test]
fn a_header_is_for_the_resource_of_its_request() {
    let (issuer, policy) = (issuer(), policy());
    let payload = answer(&challenge(), now());
    for requested in [
        "https://api.example.com/r",
        "https://api.example.com/r?page=3",
        "http://api.example.com/r?page=2",
        "nonsense",
    ] {
        let expected = Expected::sealed(&issuer, &policy).requested(requested);
        let result = verifier_at(KeyResolver, now()).verify_now(expected, &payload);
        assert_eq!(code(result), ErrorCode::ResourceMismatch, "{requested}");
    }
}

#[test]
fn a_resource_that_is_not_guarded_has_no_challenge() {
    let payload = answer(&challenge(), now());
    let verifier = verifier_at(KeyResolver, now());
    assert_eq!(
        code(verifier.verify_now(Expected::nothing(), &payload)),
        ErrorCode::ChallengeMismatch
    );
    let unversioned = Payload::from_body(b"{}").unwrap();
    assert_eq!(
        code(verifier.verify_now(Expected::nothing(), &unversioned)),
        ErrorCode::UnsupportedVersion
    );
}

// r[verify attestation.verify.confirmed-not-earlier]
// r[verify attestation.verify.confirmed-not-later]
#[test]
fn confirmations_are_of_the_life_of_the_challenge() {
    let challenge = challenge();
    for (offset, accepted) in [
        (-61, false),
        (-60, true),
        (0, true),
        (60, true),
        (61, false),
    ] {
        let confirmed_at = now()
            .checked_add(SignedDuration::from_secs(offset))
            .unwrap();
        let payload = answer(&challenge, confirmed_at);
        let result =
            verifier_at(KeyResolver, now()).verify_now(Expected::challenge(&challenge), &payload);
        assert_eq!(result.is_ok(), accepted, "{offset}");
        if !accepted {
            assert_eq!(code(result), ErrorCode::MissingAttestation);
        }
    }
}

/// A store that is slow between the question and the answer: everyone is told that the nonce is
/// fresh, and only the atomic operation tells the truth.
struct Blind(MemoryNonceStore<FixedClock>);

impl NonceStore for Blind {
    fn is_consumed(&self, _: &str) -> impl Future<Output = Result<bool, Unavailable>> + Send {
        ready(Ok(false))
    }

    fn consume(
        &self,
        nonce: &str,
        retain_until: Timestamp,
    ) -> impl Future<Output = Result<Consumed, Unavailable>> + Send {
        self.0.consume(nonce, retain_until)
    }
}

// r[verify attestation.verify.consume]
#[test]
fn the_loser_of_a_race_is_refused() {
    let challenge = challenge();
    let payload = answer(&challenge, now());
    let clock = FixedClock(now());
    let store = Arc::new(Blind(MemoryNonceStore::with_clock(100, clock)));
    let accepted: usize = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..8)
            .map(|_| {
                scope.spawn(|| {
                    let verifier = Verifier::new(KeyResolver, Arc::clone(&store)).with_clock(clock);
                    match verifier.verify_now(Expected::challenge(&challenge), &payload) {
                        Ok(_) => 1,
                        Err(error) => {
                            assert_eq!(error.code(), Some(ErrorCode::NonceReplayed));
                            0
                        }
                    }
                })
            })
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .sum()
    });
    assert_eq!(accepted, 1);
}

struct Down;

impl NonceStore for Down {
    fn is_consumed(&self, _: &str) -> impl Future<Output = Result<bool, Unavailable>> + Send {
        ready(Err(Unavailable::new("nonce store", "down")))
    }

    fn consume(
        &self,
        _: &str,
        _: Timestamp,
    ) -> impl Future<Output = Result<Consumed, Unavailable>> + Send {
        ready(Err(Unavailable::new("nonce store", "down")))
    }
}

impl DidResolver for Down {
    fn resolve(&self, _: &Did) -> impl Future<Output = Result<DidDocument, ResolveError>> + Send {
        ready(Err(Unavailable::new("DID resolver", "timeout").into()))
    }
}

// r[verify attestation.verify.store-outage]
// r[verify attestation.error.outage]
#[test]
fn an_outage_is_no_refusal_and_no_acceptance() {
    let challenge = challenge();
    let payload = answer(&challenge, now());
    let expected = Expected::challenge(&challenge);
    let clock = FixedClock(now());
    let no_store = Verifier::new(KeyResolver, Down).with_clock(clock);
    assert!(matches!(
        no_store.verify_now(expected, &payload),
        Err(Error::Unavailable(_))
    ));

    let no_resolver = verifier_at(Down, now());
    let error = no_resolver.verify_now(expected, &payload).unwrap_err();
    assert!(matches!(error, Error::Unavailable(_)) && error.code().is_none());

    let full = Verifier::new(KeyResolver, MemoryNonceStore::with_clock(0, clock)).with_clock(clock);
    assert!(matches!(
        full.verify_now(expected, &payload),
        Err(Error::Unavailable(_))
    ));
}

/// A resolver that answers with a document, whatever it is asked.
struct Always(DidDocument);

impl DidResolver for Always {
    fn resolve(&self, _: &Did) -> impl Future<Output = Result<DidDocument, ResolveError>> + Send {
        ready(Ok(self.0.clone()))
    }
}

// r[verify attestation.did.document-id]
#[test]
fn the_document_of_another_is_not_taken() {
    let challenge = challenge();
    let payload = answer(&challenge, now());
    let expected = Expected::challenge(&challenge);
    let of = |did: &Did| crate::did::key::document(did).unwrap();
    let stranger = SigningKey::from_seed(&[8; 32]).did().unwrap();
    let refused = verifier_at(Always(of(&stranger)), now()).verify_now(expected, &payload);
    assert_eq!(code(refused), ErrorCode::UnresolvableOperator);
    let operator = key().did().unwrap();
    let accepted = verifier_at(Always(of(&operator)), now()).verify_now(expected, &payload);
    assert_eq!(accepted.unwrap().operator, operator);
}

struct Never;

impl DidResolver for Never {
    fn resolve(&self, _: &Did) -> impl Future<Output = Result<DidDocument, ResolveError>> + Send {
        pending()
    }
}

// r[verify attestation.did-web.after-checks]
#[test]
fn nothing_is_resolved_for_a_payload_that_fails_before() {
    let challenge = challenge();
    let payload = answer(&challenge, now());
    let late = now().checked_add(SignedDuration::from_secs(300)).unwrap();
    let expired = verifier_at(Never, late).verify_now(Expected::challenge(&challenge), &payload);
    assert_eq!(code(expired), ErrorCode::ChallengeExpired);
    let waiting = verifier_at(Never, now()).verify_now(Expected::challenge(&challenge), &payload);
    assert!(matches!(waiting, Err(Error::Misuse(_))));
}

// r[verify attestation.key.test-keys]
#[test]
fn published_keys_are_refused_unless_they_are_asked_for() {
    let jwk = json!({"kty": "OKP", "crv": "Ed25519", "x": "5WNqMojJZ8mwP0SX7Kdr5wCg3BIsIwv88ka-ifO8eV4", "d": "FWTPVbG1ErUqIb3SZdju7KvyG6EWh0C2g_simCUcocA"});
    let operator = SigningKey::from_jwk(jwk.as_object().unwrap()).unwrap();
    let challenge = challenge();
    let signed = Answer::new(&challenge, operator.did().unwrap())
        .confirm("op", now())
        .and_then(|answer| answer.sign(&operator))
        .unwrap();
    let payload = Payload::from_body(signed.text().as_bytes()).unwrap();
    let expected = Expected::challenge(&challenge);
    let result = verifier_at(KeyResolver, now()).verify_now(expected, &payload);
    assert_eq!(code(result), ErrorCode::InvalidSignature);
    let accepting = verifier_at(KeyResolver, now()).danger_accept_test_keys();
    assert!(accepting.verify_now(expected, &payload).is_ok());
}

/// What a payload says of a person stays out of the refusal.
// r[verify attestation.error.no-secrets]
#[test]
fn refusals_repeat_nothing_that_is_private() {
    let challenge = challenge();
    let payload = answer(&challenge, now());
    let secret = "born-1990-05-17";
    for (pointer, value) in [
        ("/signature", json!(7)),
        ("/operatorId", json!(secret)),
        ("/attestations", json!(secret)),
        ("/attestations/0/confirmedAt", json!(secret)),
        ("/attestations/0/method", json!([secret])),
        (
            "/attestations/0",
            json!({"preconditionId": "op", "type": "age", "method": "vc", "vc": {"credentialSubject": secret}}),
        ),
        (
            "/attestations/0",
            json!({"preconditionId": "op", "type": "age", "method": "vc", "vc": {"@context": [secret], "type": ["a"], "issuer": "i", "credentialSubject": secret}}),
        ),
        ("/keyId", json!(secret)),
        (secret, json!(1)),
    ] {
        let mut changed = payload.json().value().clone();
        match changed.pointer_mut(pointer) {
            Some(place) => *place = value,
            None => changed[pointer.trim_start_matches('/')] = value,
        }
        let changed = Payload::from_body(changed.to_string().as_bytes()).unwrap();
        let expected = Expected::challenge(&challenge);
        let error = verifier_at(KeyResolver, now())
            .verify_now(expected, &changed)
            .unwrap_err();
        assert!(!error.to_string().contains("1990"), "{pointer}: {error}");
    }
    let mut changed = payload.json().value().clone();
    changed["attestations"][0]["confirmedAt"] = json!("noon");
    let changed = Payload::from_body(changed.to_string().as_bytes()).unwrap();
    let error = changed.read_message().unwrap_err();
    assert_eq!(
        error.detail(),
        "`attestations[0].confirmedAt` is not of its form"
    );
}

// r[verify attestation.verify.clock]
#[test]
fn the_clock_is_read_once() {
    struct Counting(std::sync::atomic::AtomicUsize);
    impl Clock for Counting {
        fn now(&self) -> Timestamp {
            self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            now()
        }
    }
    let challenge = challenge();
    let payload = answer(&challenge, now());
    let clock = Counting(0.into());
    let store = MemoryNonceStore::with_clock(1, FixedClock(now()));
    let verifier = Verifier::new(KeyResolver, store).with_clock(&clock);
    verifier
        .verify_now(Expected::challenge(&challenge), &payload)
        .unwrap();
    assert_eq!(clock.0.load(std::sync::atomic::Ordering::Relaxed), 1);
}

#[test]
fn the_future_may_move_between_threads() {
    fn assert_send<T: Send>(_: &T) {}
    let challenge = challenge();
    let payload = answer(&challenge, now());
    let verifier = verifier_at(KeyResolver, now());
    assert_send(&verifier.verify(Expected::challenge(&challenge), &payload));
}

// r[verify attestation.submit.oversized-header]
#[test]
fn a_header_carries_8192_bytes_and_not_one_more() {
    let of_length = |length: usize| {
        let text = format!(r#"{{"a":"{}"}}"#, "x".repeat(length - 8));
        assert_eq!(text.len(), length);
        Payload::from_header(&crate::encoding::base64url(text))
    };
    assert!(of_length(8192).is_ok());
    assert_eq!(
        of_length(8193).unwrap_err().code(),
        ErrorCode::MalformedPayload
    );
    assert!(of_length(9000).is_err());
}
