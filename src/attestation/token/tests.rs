use jiff::SignedDuration;
use serde_json::json;

use super::*;
use crate::attestation::nonce::MemoryNonceStore;
use crate::attestation::{Answer, Challenge, Expected, Payload, Verifier};
use crate::clock::{FixedClock, parse_timestamp};
use crate::did::key::KeyResolver;
use crate::sign::SigningKey;
use crate::sign::seal::SealKey;

fn now() -> Timestamp {
    parse_timestamp("2026-11-20T12:00:00.123456789Z").unwrap()
}

fn later(seconds: i64) -> Timestamp {
    now()
        .checked_add(SignedDuration::from_secs(seconds))
        .unwrap()
}

fn issuer(secret: u8) -> TokenIssuer {
    TokenIssuer::new(SealRing::new(SealKey::new(1, [secret; 32])))
}

fn accepted() -> Accepted {
    let challenge = json!({
        "x428Version": 1,
        "preconditions": [{"id": "op", "type": "identity", "allowedAttestationMethods": ["self"]}],
        "resource": "https://a.example/r/1?page=2",
        "challenge": "a".repeat(64),
        "expiresAt": "2026-11-20T12:05:00Z",
    });
    let json = StrictJson::from_value(challenge, Limits::default()).unwrap();
    let challenge = Challenge::read(&json).unwrap();
    let key = SigningKey::from_seed(&[7; 32]);
    let signed = Answer::new(&challenge, key.did().unwrap())
        .confirm("op", now())
        .and_then(|answer| answer.sign(&key))
        .unwrap();
    let payload = Payload::from_body(signed.text().as_bytes()).unwrap();
    let clock = FixedClock(now());
    Verifier::new(KeyResolver, MemoryNonceStore::with_clock(1, clock))
        .with_clock(clock)
        .verify_now(Expected::challenge(&challenge), &payload)
        .unwrap()
}

// r[verify attestation.token.issue]
// r[verify attestation.token.sealed]
// r[verify attestation.token.expired]
// r[verify attestation.token.scope-mismatch]
#[test]
fn a_token_opens_its_scope_until_it_expires() {
    let token = issuer(1).issue(&accepted(), None, Some([9; 32])).unwrap();
    assert_eq!(token.scope.as_str(), "https://a.example/r/1");
    assert_eq!(token.expires_at.as_str(), "2026-11-20T13:00:00.123Z");

    let grant = issuer(1).open(token.token.as_str()).unwrap();
    assert_eq!(grant.expires_at, token.expires_at.instant());
    assert_eq!(grant.operator, accepted().operator);
    assert_eq!(grant.policy_digest, Some([9; 32]));
    let code = |requested, now| {
        grant
            .check(requested, now)
            .map_err(|rejected| rejected.code())
    };
    let (here, there) = ("https://a.example/r/1?page=3", "https://a.example/r/2");
    assert_eq!(code(here, now()), Ok(()));
    assert_eq!(code(there, now()), Err(ErrorCode::TokenScopeMismatch));
    assert_eq!(code(here, grant.expires_at), Err(ErrorCode::TokenExpired));
    assert_eq!(code(there, later(3600)), Err(ErrorCode::TokenExpired));
    assert_eq!(check(&token, here, now()), grant.check(here, now()));
}

// r[verify attestation.token.unknown]
// r[verify attestation.token.unguessable]
#[test]
fn a_token_of_somebody_else_is_none() {
    let token = issuer(1).issue(&accepted(), None, None).unwrap();
    assert_eq!(issuer(2).open(token.token.as_str()), None);
    for text in ["", "x", "ä", &"A".repeat(5000)] {
        assert_eq!(issuer(1).open(text), None);
    }
    let again = issuer(1).issue(&accepted(), None, None).unwrap();
    assert_ne!(again.token, token.token);
}

// r[verify attestation.token.lifetime]
// r[verify attestation.scope.grant]
#[test]
fn tokens_live_a_day_at_most_and_open_what_was_attested_for() {
    let day = std::time::Duration::from_hours(24);
    assert!(issuer(1).with_lifetime(day).is_ok());
    let longer = issuer(1).with_lifetime(day + std::time::Duration::from_millis(1));
    assert_eq!(
        longer.unwrap_err().to_string(),
        "a token lives for 24 hours at most"
    );

    let scope = |scope| {
        issuer(1)
            .issue(&accepted(), Some(scope), None)
            .map(|token| token.scope)
    };
    assert_eq!(
        scope("https://a.example/r/*").unwrap().as_str(),
        "https://a.example/r/*"
    );
    for other in [
        "https://a.example/*",
        "https://b.example/r/1",
        "https://*",
        "r/1",
    ] {
        assert!(matches!(scope(other), Err(Error::Misuse(_))), "{other}");
    }
}

// r[verify attestation.json.member-order]
#[test]
fn tokens_travel_in_a_header() {
    let token = issuer(1).issue(&accepted(), None, None).unwrap();
    let header = to_header(&token).unwrap();
    assert!(header.starts_with("eyJ0b2tlbi"), "{header}");
    assert_eq!(from_header(&header).unwrap(), token);
    assert!(from_header("e30").is_err());
}
