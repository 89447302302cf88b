//! A full verification from the bytes of a header, beside a bare strict signature verification of
//! the same message, in the same run.
//!
//! Medians of three runs of 3000 samples on a shared machine with two busy cores:
//!
//! | | µs | of `verify_strict` |
//! |---|---|---|
//! | `verify_strict`, the key at hand | 45.4 | 1 |
//! | `verify_strict_from_bytes` | 51.3 | 1.13 |
//! | `full_verification` | 56.6 | 1.25 |
//! | `full_verification_sealed` | 57.7 | 1.27 |
//!
//! Of what is added, finding the point of the operator's key is half. Before strings were scanned
//! by words, canonical bytes written straight from the value and the order of the key checked once,
//! the whole was 61.6 µs.

#![expect(
    clippy::expect_used,
    reason = "a benchmark of nothing is worth nothing"
)]

use divan::Bencher;
use jiff::Timestamp;
use x428::attestation::issue::{ChallengeIssuer, Policy};
use x428::attestation::nonce::{Consumed, NonceStore};
use x428::attestation::{Answer, Challenge, Expected, Payload, Verifier};
use x428::clock::{FixedClock, parse_timestamp};
use x428::did::key::KeyResolver;
use x428::error::Unavailable;
use x428::sign::seal::{SealKey, SealRing};
use x428::sign::{Signature, SigningKey, VerifyingKey, signed_bytes};
use x428::wire::attestation::{AbsoluteUri, Precondition};

fn main() {
    divan::main();
}

/// Remembers nothing, so that one payload can be accepted again and again.
struct Forgetful;

impl NonceStore for Forgetful {
    async fn is_consumed(&self, _: &str) -> Result<bool, Unavailable> {
        Ok(false)
    }

    async fn consume(&self, _: &str, _: Timestamp) -> Result<Consumed, Unavailable> {
        Ok(Consumed::First)
    }
}

struct Case {
    now: Timestamp,
    policy: Policy,
    issuer: ChallengeIssuer,
    challenge: Challenge,
    header: String,
    message: Vec<u8>,
    key: VerifyingKey,
    signature: Signature,
}

impl Case {
    /// One precondition, as the simplest server has it.
    fn tos() -> Self {
        let now = parse_timestamp("2026-11-20T12:00:00Z").expect("a time");
        let precondition: Precondition = serde_json::from_value(serde_json::json!({
            "id": "terms",
            "type": "tos",
            "allowedAttestationMethods": ["self"],
            "tosVersion": "2026-11",
            "documentUrl": "https://api.example.com/terms/2026-11.txt",
            "documentHash": "sha256-969248b43c92b6d938ea589b7255be8d3f835784699da8c53dfebf377230d466",
        }))
        .expect("a precondition");
        let policy = Policy::new(vec![precondition]).expect("a policy");
        let issuer = ChallengeIssuer::new(SealRing::new(SealKey::new(1, [1; 32])));
        let resource =
            AbsoluteUri::parse("https://api.example.com/reports/2026-q3").expect("a URI");
        let challenge = issuer.issue(&policy, &resource, now).expect("a challenge");
        let key = SigningKey::from_seed(&[7; 32]);
        let signed = Answer::new(&challenge, key.did().expect("a DID"))
            .confirm("terms", now)
            .and_then(|answer| answer.sign(&key))
            .expect("a payload");
        let header = signed.to_header().expect("a short payload");
        let payload = Payload::from_header(&header).expect("a payload");
        let text = payload.json().value()["signature"]
            .as_str()
            .expect("a signature");
        Self {
            now,
            signature: Signature::parse(text).expect("a signature"),
            message: signed_bytes(payload.json()).expect("an object"),
            key: key.verifying_key(),
            policy,
            issuer,
            challenge,
            header,
        }
    }

    fn verify(&self, expected: Expected<'_>) {
        let verifier = Verifier::new(KeyResolver, Forgetful).with_clock(FixedClock(self.now));
        let payload = Payload::from_header(divan::black_box(&self.header)).expect("a payload");
        let accepted = verifier.verify_now(expected, &payload).expect("accepted");
        divan::black_box(accepted);
    }
}

/// What nobody can do without.
#[divan::bench]
fn verify_strict(bencher: Bencher) {
    let case = Case::tos();
    bencher.bench(|| {
        case.key
            .verify(divan::black_box(&case.message), &case.signature)
            .expect("valid");
    });
}

/// The same from the bytes of the key, as a did:key gives them.
#[divan::bench]
fn verify_strict_from_bytes(bencher: Bencher) {
    let case = Case::tos();
    let public_key = case.key.public_key();
    bencher.bench(|| {
        VerifyingKey::new(divan::black_box(public_key))
            .expect("a key")
            .verify(divan::black_box(&case.message), &case.signature)
            .expect("valid");
    });
}

/// From the header to acceptance, for a challenge that is at hand.
#[divan::bench]
fn full_verification(bencher: Bencher) {
    let case = Case::tos();
    bencher.bench(|| case.verify(Expected::challenge(&case.challenge)));
}

/// The same for a challenge that only its nonce remembers.
#[divan::bench]
fn full_verification_sealed(bencher: Bencher) {
    let case = Case::tos();
    bencher.bench(|| case.verify(Expected::sealed(&case.issuer, &case.policy)));
}

/// base64url and strict JSON.
#[divan::bench]
fn read_header(bencher: Bencher) {
    let case = Case::tos();
    bencher.bench(|| Payload::from_header(divan::black_box(&case.header)));
}

/// Steps 1 and 2.
#[divan::bench]
fn read_message(bencher: Bencher) {
    let case = Case::tos();
    let payload = Payload::from_header(&case.header).expect("a payload");
    bencher.bench(|| divan::black_box(&payload).read_message());
}

/// The canonical form of what is signed.
#[divan::bench]
fn canonical_form(bencher: Bencher) {
    let case = Case::tos();
    let payload = Payload::from_header(&case.header).expect("a payload");
    bencher.bench(|| signed_bytes(divan::black_box(payload.json())));
}

/// The operator's key, from the name of the operator.
#[divan::bench]
fn did_key(bencher: Bencher) {
    let did = SigningKey::from_seed(&[7; 32]).did().expect("a DID");
    bencher.bench(|| {
        let document = x428::did::key::document(divan::black_box(&did)).expect("a document");
        VerifyingKey::new(document.assertion_methods()[0].public_key)
    });
}
