use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::json;

use super::*;
use crate::clock::parse_timestamp;
use crate::sign::seal::SealKey;

fn now() -> Timestamp {
    parse_timestamp("2026-11-20T12:00:00.123456Z").unwrap()
}

fn preconditions() -> Vec<Precondition> {
    serde_json::from_value(json!([
        {"id": "op", "type": "identity", "allowedAttestationMethods": ["self"]},
        {"id": "x", "type": "https://t.example/x", "allowedAttestationMethods": ["self"], "z": 1.0, "a": "é"},
    ]))
    .unwrap()
}

fn issuer() -> ChallengeIssuer {
    ChallengeIssuer::new(SealRing::new(SealKey::new(1, [1; 32])))
}

fn resource() -> AbsoluteUri {
    AbsoluteUri::parse("https://a.example/r").unwrap()
}

// r[verify attestation.issue.nonce-form]
#[test]
fn a_nonce_is_composed_as_section_6_1_says() {
    let policy = Policy::new(preconditions()).unwrap();
    let challenge = issuer().issue(&policy, &resource(), now()).unwrap();
    let message = challenge.message();
    let nonce: [u8; 56] = parse_hex(message.challenge.as_str()).unwrap();
    let (issued_at, rest) = nonce.split_at(8);
    let (salt, code) = rest.split_at(16);
    assert_eq!(issued_at, now().as_millisecond().to_be_bytes());
    assert_eq!(message.expires_at.as_str(), "2026-11-20T12:05:00.123Z");

    let canonical = r#"[{"allowedAttestationMethods":["self"],"id":"op","type":"identity"},{"a":"é","allowedAttestationMethods":["self"],"id":"x","type":"https://t.example/x","z":1}]"#;
    let mut text = b"x428-nonce-v1\0".to_vec();
    text.extend(issued_at);
    text.extend(salt);
    text.extend(Sha256::digest("https://a.example/r"));
    text.extend(Sha256::digest("2026-11-20T12:05:00.123Z"));
    text.extend(Sha256::digest(canonical));
    let expected = Hmac::<Sha256>::new_from_slice(&[1; 32])
        .unwrap()
        .chain_update(&text)
        .finalize()
        .into_bytes();
    assert_eq!(code, expected.as_slice());
}

// r[verify attestation.issue.nonce-unpredictable]
#[test]
fn no_two_nonces_are_the_same() {
    let policy = Policy::new(preconditions()).unwrap();
    let nonces: std::collections::BTreeSet<_> = (0..100)
        .map(|_| issuer().issue(&policy, &resource(), now()).unwrap())
        .map(|challenge| challenge.message().challenge.as_str()[16..48].to_owned())
        .collect();
    assert_eq!(nonces.len(), 100);
    assert_ne!(random_nonce().unwrap(), random_nonce().unwrap());
    assert_eq!(random_nonce().unwrap().as_str().len(), 64);
}

// r[verify attestation.issue.expiry]
// r[verify attestation.issue.nonce-instances]
#[test]
fn another_instance_rebuilds_the_challenge() {
    let policy = Policy::new(preconditions()).unwrap();
    let challenge = issuer().issue(&policy, &resource(), now()).unwrap();
    assert!(challenge.message().expires_at.instant() > now());
    let nonce = challenge.message().challenge.as_str();
    assert_eq!(
        issuer().reopen(nonce, &policy, &resource()),
        Some(challenge.clone())
    );

    let rotated = SealRing::new(SealKey::new(2, [2; 32])).with_previous(SealKey::new(1, [1; 32]));
    let rotated = ChallengeIssuer::new(rotated);
    assert_eq!(
        rotated.reopen(nonce, &policy, &resource()),
        Some(challenge.clone())
    );
    assert_eq!(
        issuer().reopen(&nonce.to_uppercase(), &policy, &resource()),
        None
    );
    assert_eq!(
        issuer().reopen(&format!("{nonce}00"), &policy, &resource()),
        None
    );
}

// r[verify attestation.challenge.endpoint]
// r[verify attestation.challenge.resource]
#[test]
fn endpoint_and_resource_have_one_origin() {
    let policy = Policy::new(preconditions()).unwrap();
    let endpoint = |uri| issuer().with_endpoint(AbsoluteUri::parse(uri).unwrap());
    let issue = |issuer: ChallengeIssuer, resource| {
        issuer.issue(&policy, &AbsoluteUri::parse(resource).unwrap(), now())
    };
    let sound = issue(endpoint("https://a.example/e"), "https://a.example/r").unwrap();
    assert_eq!(
        sound
            .message()
            .attestation_endpoint
            .as_ref()
            .unwrap()
            .as_str(),
        "https://a.example/e"
    );
    for (endpoint, resource) in [
        (endpoint("https://b.example/e"), "https://a.example/r"),
        (endpoint("http://a.example/e"), "https://a.example/r"),
        (issuer(), "https://a.example/r#top"),
        (issuer(), "https://a.example/x/../r"),
    ] {
        let result = issue(endpoint, resource);
        assert!(matches!(result, Err(Error::Misuse(_))), "{resource}");
    }
}

// r[verify attestation.challenge.nonempty]
// r[verify attestation.precondition.id-unique]
// r[verify attestation.age.issuers]
// r[verify attestation.identity.self-only]
// r[verify attestation.method.reserved]
// r[verify attestation.issue.answerable]
#[test]
fn a_policy_can_be_kept() {
    let age = |methods: serde_json::Value, issuers: bool| {
        let mut age = json!({"id": "age", "type": "age", "allowedAttestationMethods": methods, "minimumAge": 18});
        if issuers {
            age["acceptedVcIssuers"] = json!(["did:web:issuer.example"]);
        }
        age
    };
    let identity =
        |id: String| json!({"id": id, "type": "identity", "allowedAttestationMethods": ["self"]});
    let policy = |list: Vec<serde_json::Value>| {
        let preconditions = list
            .into_iter()
            .map(|item| serde_json::from_value(item).unwrap());
        Policy::new(preconditions.collect())
    };
    assert!(policy(vec![age(json!(["self", "vc"]), true)]).is_ok());
    assert!(policy((0..16).map(|id| identity(id.to_string())).collect()).is_ok());
    assert!(policy((0..17).map(|id| identity(id.to_string())).collect()).is_err());
    assert!(policy(Vec::new()).is_err());
    assert!(policy(vec![identity("a".into()), identity("a".into())]).is_err());
    assert!(policy(vec![age(json!(["vc"]), false)]).is_err());
    assert!(policy(vec![age(json!(["gov"]), true)]).is_err());
    let mut passport = identity("a".into());
    passport["allowedAttestationMethods"] = json!(["vc"]);
    assert!(policy(vec![passport]).is_err());
}
