//! What a program sees of the types: order, open unions, constants, errors.

use serde_json::{Value, json};
use std::time::Duration;
use x428::wire::attestation::{
    AcceptedVcIssuers, AllowedAttestationMethods, Attestation, AttestationMethod,
    CHALLENGE_LIFETIME, ErrorCode, IdentitySelfAttestation, MinimumAge, PAYLOAD_HEADER_MAX,
    Precondition, PreconditionChallenge, PreconditionId, ProtocolVersion, Timestamp,
    TosPrecondition,
};

const HASH: &str = "sha256-0000000000000000000000000000000000000000000000000000000000000000";

fn terms() -> TosPrecondition {
    TosPrecondition::new(
        "terms".try_into().expect("an id"),
        AllowedAttestationMethods::new(vec![AttestationMethod::Self_]).expect("a method"),
        "2026-11".try_into().expect("a version"),
        "https://api.example.com/terms".try_into().expect("a URI"),
        HASH.try_into().expect("a hash"),
    )
}

#[test]
fn members_are_written_as_declared() {
    let written = serde_json::to_string(&Precondition::from(terms())).expect("it can be written");
    let expected = format!(
        r#"{{"id":"terms","type":"tos","allowedAttestationMethods":["self"],"tosVersion":"2026-11","documentUrl":"https://api.example.com/terms","documentHash":"{HASH}"}}"#
    );
    assert_eq!(written, expected);
}

#[test]
fn a_header_begins_with_the_version() {
    let challenge = PreconditionChallenge::new(
        vec![terms().into()].try_into().expect("one precondition"),
        "https://api.example.com/reports".try_into().expect("a URI"),
        "0".repeat(64).try_into().expect("a nonce"),
        "2026-11-20T12:00:00Z".try_into().expect("a time"),
    );
    let written = serde_json::to_string(&challenge).expect("it can be written");
    assert!(
        written.starts_with(r#"{"x428Version":1,"preconditions":[{"id":"terms","type":"tos","#),
        "{written}"
    );
    assert_eq!(
        serde_json::from_str::<PreconditionChallenge>(&written).expect("it can be read"),
        challenge
    );
}

#[test]
fn a_union_is_read_in_any_order() {
    let text = r#"{"confirmedAt":"2026-11-20T12:00:00Z","note":{"a":[1]},"method":"self","preconditionId":"me","type":"identity"}"#;
    let read: Attestation = serde_json::from_str(text).expect("an attestation");
    let expected = IdentitySelfAttestation::new(
        PreconditionId::parse("me").expect("an id"),
        Timestamp::parse("2026-11-20T12:00:00Z").expect("a time"),
    );
    assert_eq!(read, Attestation::IdentitySelf(expected));
    assert_eq!(
        (read.type_(), read.method(), read.precondition_id().as_str()),
        ("identity", "self", "me")
    );
}

#[test]
fn an_unknown_variant_is_kept_whole() {
    let value = json!({
        "preconditionId": "me", "type": "identity", "method": "vc", "vc": { "nested": [null, 1.5, "x"] }, "more": true,
    });
    let read: Attestation = serde_json::from_value(value.clone()).expect("an extension");
    assert!(matches!(read, Attestation::Other(_)), "{read:?}");
    assert_eq!((read.type_(), read.method()), ("identity", "vc"));
    assert_eq!(
        serde_json::to_value(&read).expect("it can be written"),
        value
    );
}

#[test]
fn a_known_variant_has_to_have_its_form() {
    let read = |value: Value| {
        serde_json::from_value::<Precondition>(value)
            .expect_err("it is refused")
            .to_string()
    };
    let base = json!({ "id": "p", "type": "age", "allowedAttestationMethods": ["self"] });
    assert_eq!(read(base.clone()), "missing field `minimumAge`");
    assert_eq!(read(json!({ "id": "p" })), "missing field `type`");
    assert!(read(json!({ "id": "p", "type": 1 })).contains("a text as tag"));
    assert!(read(json!([])).contains("an object of type Precondition"));
    let mut twice = base;
    twice["allowedAttestationMethods"] = json!(["self", "self"]);
    twice["minimumAge"] = json!(18);
    assert!(read(twice).contains("has an item twice"));
    let text = r#"{"type":"age","type":"age","id":"p"}"#;
    let error = serde_json::from_str::<Precondition>(text)
        .expect_err("a tag is there twice")
        .to_string();
    assert!(error.contains("duplicate field `type`"), "{error}");
}

#[test]
fn null_is_not_absent() {
    let mut value = serde_json::to_value(terms()).expect("it can be written");
    value["uiHint"] = Value::Null;
    assert!(serde_json::from_value::<TosPrecondition>(value).is_err());
}

#[test]
fn errors_name_the_type_and_the_rule_and_not_the_value() {
    let error = PreconditionId::parse("x".repeat(129)).expect_err("it is too long");
    assert_eq!(
        error.to_string(),
        "PreconditionId: not 1 to 128 characters long"
    );
    assert_eq!(
        MinimumAge::new(200).expect_err("out of range").to_string(),
        "MinimumAge: not in the range 0 to 150"
    );
    assert_eq!(
        ProtocolVersion::try_from(2)
            .expect_err("another version")
            .type_name(),
        "ProtocolVersion"
    );
    assert_eq!(
        "teapot"
            .parse::<ErrorCode>()
            .expect_err("no code")
            .type_name(),
        "ErrorCode"
    );
    assert!(AllowedAttestationMethods::new(Vec::new()).is_err());
}

#[test]
fn a_long_list_is_searched_for_duplicates() {
    let issuer = |number: usize| {
        format!("did:web:issuer-{number}.example")
            .try_into()
            .expect("a DID")
    };
    let mut issuers: Vec<_> = (0..1000).map(issuer).collect();
    assert!(AcceptedVcIssuers::new(issuers.clone()).is_ok());
    issuers.push(issuer(500));
    assert!(AcceptedVcIssuers::new(issuers).is_err());
}

#[test]
fn a_time_keeps_its_text() {
    let time = Timestamp::parse("2026-11-20T12:00:00.500Z").expect("a time");
    assert_eq!(time.as_str(), "2026-11-20T12:00:00.500Z");
    assert_eq!(time.instant().as_millisecond(), 1_795_176_000_500);
    assert_eq!(
        Timestamp::try_from(time.instant())
            .expect("a time")
            .as_str(),
        "2026-11-20T12:00:00.5Z"
    );
    let later = Timestamp::parse("2026-11-20T12:00:00.51Z").expect("a time");
    assert!(time < later);
}

#[test]
fn tables_become_constants_and_codes() {
    assert_eq!(CHALLENGE_LIFETIME, Duration::from_mins(5));
    assert_eq!(PAYLOAD_HEADER_MAX, 8192);
    assert!(!ErrorCode::ALL.is_empty());
    for code in ErrorCode::ALL {
        assert_eq!(code.status(), 428);
        assert_eq!(code.as_str().parse::<ErrorCode>().as_ref(), Ok(code));
        assert!(!code.meaning().is_empty());
    }
}
