//! Section 6.2, the duties of a client that need neither network nor consent.

#![expect(clippy::unwrap_used, reason = "a test fails by a panic")]

use serde_json::{Value, json};
use x428::attestation::Challenge;
use x428::clock::parse_timestamp;
use x428::jcs::{Limits, StrictJson};

fn challenge(change: impl FnOnce(&mut Value)) -> Challenge {
    let mut challenge = json!({
        "x428Version": 1,
        "preconditions": [
            {"id": "age", "type": "age", "allowedAttestationMethods": ["self"], "minimumAge": 18},
            {"id": "op", "type": "identity", "allowedAttestationMethods": ["self"]},
        ],
        "resource": "https://a.example/r?page=2",
        "challenge": "a".repeat(64),
        "expiresAt": "2026-11-20T12:05:00Z",
        "attestationEndpoint": "https://a.example:443/e",
    });
    change(&mut challenge);
    let json = StrictJson::from_value(challenge, Limits::default()).unwrap();
    Challenge::read(&json).unwrap()
}

fn refusal(challenge: &Challenge, requested: &str, now: &str) -> Option<String> {
    let now = parse_timestamp(now).unwrap();
    let refusal = challenge.check_for_request(requested, now).err()?;
    Some(refusal.detail().to_owned())
}

// r[verify attestation.client.resource]
#[test]
fn a_challenge_is_for_the_uri_that_was_requested() {
    let now = "2026-11-20T12:00:00Z";
    let challenge = challenge(|_| ());
    for requested in [
        "https://a.example/r?page=2",
        "HTTPS://A.example:443/%72?page=2#top",
    ] {
        assert_eq!(refusal(&challenge, requested, now), None, "{requested}");
    }
    for requested in [
        "https://a.example/r",
        "https://a.example/r?page=3",
        "https://a.example/R?page=2",
        "http://a.example/r?page=2",
        "https://a.example.evil.example/r?page=2",
        "https://a.example/x/../r?page=2",
        "/r?page=2",
    ] {
        assert!(refusal(&challenge, requested, now).is_some(), "{requested}");
    }
}

// r[verify attestation.client.endpoint-origin]
// r[verify attestation.client.expired]
// r[verify attestation.client.well-formed]
#[test]
fn a_challenge_that_asks_for_too_much_is_not_signed() {
    let requested = "https://a.example/r?page=2";
    let now = "2026-11-20T12:00:00Z";
    for endpoint in [
        "https://b.example/e",
        "http://a.example/e",
        "https://a.example:8443/e",
    ] {
        let challenge = challenge(|challenge| challenge["attestationEndpoint"] = json!(endpoint));
        assert_eq!(
            refusal(&challenge, requested, now).unwrap(),
            "the attestation endpoint has another origin"
        );
    }
    let sound = challenge(|_| ());
    assert_eq!(refusal(&sound, requested, "2026-11-20T12:05:59.999Z"), None);
    assert_eq!(
        refusal(&sound, requested, "2026-11-20T12:06:00Z").unwrap(),
        "it has expired"
    );

    let methods = |at: usize, methods: Value| {
        challenge(|challenge| challenge["preconditions"][at]["allowedAttestationMethods"] = methods)
    };
    for (challenge, reason) in [
        (
            methods(0, json!(["self", "vc"])),
            "an age precondition allows credentials and names no issuers",
        ),
        (
            methods(0, json!(["gov"])),
            "a precondition allows the method `gov`, which is reserved",
        ),
        (
            methods(1, json!(["self", "gov"])),
            "an identity precondition allows another method than `self`",
        ),
    ] {
        assert_eq!(refusal(&challenge, requested, now).unwrap(), reason);
    }
}

// r[verify attestation.precondition.id-unique]
#[test]
fn two_preconditions_of_one_id_are_no_challenge() {
    let mut message = serde_json::to_value(challenge(|_| ()).message()).unwrap();
    message["preconditions"][1]["id"] = json!("age");
    let json = StrictJson::from_value(message, Limits::default()).unwrap();
    assert_eq!(
        Challenge::read(&json).unwrap_err().to_string(),
        "malformed challenge: two preconditions have the same id"
    );
}

// r[verify attestation.precondition.unknown-type]
// r[verify attestation.json.member-order]
// r[verify attestation.model.null]
#[test]
fn a_challenge_is_carried_unchanged() {
    let challenge = challenge(|challenge| {
        challenge["preconditions"][0] = json!({
            "id": "crawl",
            "type": "https://types.example/crawl",
            "allowedAttestationMethods": ["self"],
            "requestsPerMinute": 10,
        });
    });
    let header = challenge.to_header().unwrap();
    assert!(header.starts_with("eyJ4NDI4VmVyc2lvbi"), "{header}");
    assert_eq!(Challenge::from_header(&header).unwrap(), challenge);
    let message = serde_json::to_value(challenge.message()).unwrap();
    assert_eq!(message["preconditions"][0]["requestsPerMinute"], 10);
    assert!(
        !message.to_string().contains("null"),
        "what is absent is left out: {message}"
    );
}
