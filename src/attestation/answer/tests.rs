use serde_json::json;

use super::*;
use crate::clock::parse_timestamp;

const HASH: &str = "sha256-969248b43c92b6d938ea589b7255be8d3f835784699da8c53dfebf377230d466";

fn now() -> Timestamp {
    parse_timestamp("2026-11-20T12:00:00Z").unwrap()
}

fn key() -> SigningKey {
    SigningKey::from_seed(&[7; 32])
}

fn challenge(endpoint: bool) -> Challenge {
    let mut message = json!({
        "x428Version": 1,
        "preconditions": [
            {"id": "terms", "type": "tos", "allowedAttestationMethods": ["self", "vc"], "tosVersion": "1", "documentUrl": "https://a.example/t", "documentHash": HASH},
            {"id": "adult", "type": "age", "allowedAttestationMethods": ["self"], "minimumAge": 18},
            {"id": "crawl", "type": "https://types.example/crawl", "allowedAttestationMethods": ["self"]},
            {"id": "op", "type": "identity", "allowedAttestationMethods": ["self"]},
        ],
        "resource": "https://a.example/r",
        "challenge": "a".repeat(64),
        "expiresAt": "2026-11-20T12:05:00Z",
    });
    if endpoint {
        message["attestationEndpoint"] = json!("https://a.example/e");
    }
    let json = StrictJson::from_value(message, Limits::default()).unwrap();
    Challenge::read(&json).unwrap()
}

fn without_crawl() -> Challenge {
    let mut message = serde_json::to_value(challenge(true).message()).unwrap();
    message["preconditions"].as_array_mut().unwrap().remove(2);
    let json = StrictJson::from_value(message, Limits::default()).unwrap();
    Challenge::read(&json).unwrap()
}

fn credential(padding: usize) -> Map<String, Value> {
    let credential = json!({
        "@context": ["https://www.w3.org/ns/credentials/v2"],
        "type": ["VerifiableCredential"],
        "issuer": "did:web:issuer.example",
        "credentialSubject": {"id": "did:web:a"},
        "proof": {"proofValue": "z"},
        "unknown": "x".repeat(padding),
    });
    credential.as_object().unwrap().clone()
}

// r[verify attestation.json.member-order]
#[test]
fn members_stand_in_the_declared_order() {
    let challenge = without_crawl();
    let key_id = DidUrl::resolve("#k", &key().did().unwrap()).unwrap();
    let signed = Answer::new(&challenge, key().did().unwrap())
        .with_key_id(key_id)
        .and_then(|answer| answer.confirm("op", now()))
        .and_then(|answer| answer.confirm("adult", now()))
        .and_then(|answer| answer.present("terms", credential(0)))
        .and_then(|answer| answer.sign(&key()))
        .unwrap();
    let text = signed.text();
    let places: Vec<_> = [
        "x428Version",
        "challenge",
        "resource",
        "operatorId",
        "attestations",
        "keyId",
        "signature",
    ]
    .map(|name| text.find(&format!("{name:?}:")).unwrap())
    .into();
    assert!(places.is_sorted(), "{text}");
    assert!(
        signed
            .to_header()
            .unwrap()
            .starts_with("eyJ4NDI4VmVyc2lvbi")
    );
    assert!(text.contains(r#"{"preconditionId":"adult","type":"age","method":"self","confirmedAt":"2026-11-20T12:00:00Z","minimumAge":18}"#));
    assert!(text.contains(r#"{"preconditionId":"terms","type":"tos","method":"vc","vc":{"#));
    assert!(
        text.contains(r#""unknown":"""#),
        "a credential keeps what its proof covers"
    );
}

// r[verify attestation.client.nothing-partial]
// r[verify attestation.client.unknown-type]
#[test]
fn nothing_is_signed_by_halves() {
    let challenge = challenge(true);
    let answer = || Answer::new(&challenge, key().did().unwrap());
    let refusal = |result: Result<Answer<'_>, Misuse>| result.unwrap_err().to_string();
    assert_eq!(
        refusal(answer().confirm("crawl", now())),
        "the type of the precondition is not implemented"
    );
    assert_eq!(
        refusal(answer().confirm("other", now())),
        "the challenge has no such precondition"
    );
    assert_eq!(
        refusal(answer().present("adult", credential(0))),
        "the precondition does not allow this method"
    );
    assert_eq!(
        refusal(answer().present("terms", Map::new())),
        "the object is not a credential"
    );
    let twice = answer()
        .confirm("op", now())
        .and_then(|answer| answer.confirm("op", now()));
    assert_eq!(refusal(twice), "the precondition is attested already");
    let partial = answer()
        .confirm("op", now())
        .and_then(|answer| answer.sign(&key()));
    assert_eq!(
        partial.unwrap_err().to_string(),
        "not every precondition is attested"
    );
    let stranger = DidUrl::parse("did:web:stranger.example#k").unwrap();
    assert!(answer().with_key_id(stranger).is_err());
}

// r[verify attestation.submit.post]
// r[verify attestation.submit.encoded-ceiling]
// r[verify attestation.submit.no-endpoint]
#[test]
fn long_payloads_are_posted_or_not_submitted() {
    let sign = |endpoint: bool, padding: usize| {
        let mut message = serde_json::to_value(without_crawl().message()).unwrap();
        if !endpoint {
            message
                .as_object_mut()
                .unwrap()
                .remove("attestationEndpoint");
        }
        let json = StrictJson::from_value(message, Limits::default()).unwrap();
        let challenge = Challenge::read(&json).unwrap();
        Answer::new(&challenge, key().did().unwrap())
            .confirm("op", now())
            .and_then(|answer| answer.confirm("adult", now()))
            .and_then(|answer| answer.present("terms", credential(padding)))
            .and_then(|answer| answer.sign(&key()))
    };
    let length = sign(true, 0).unwrap().text().len();
    let form = |endpoint, bytes: usize| {
        let signed = sign(endpoint, bytes - length).unwrap();
        assert_eq!(signed.text().len(), bytes);
        assert_eq!(signed.to_header().is_some(), signed.form() == Form::Header);
        signed.form()
    };
    assert_eq!(form(true, 6000), Form::Header);
    assert_eq!(form(true, 6001), Form::Body);
    assert_eq!(form(false, 8192), Form::Header);
    assert!(sign(false, 8193 - length).is_err());
}

#[test]
fn a_signer_that_is_somewhere_else_signs_the_same() {
    let challenge = without_crawl();
    let answer = ["terms", "adult", "op"]
        .into_iter()
        .try_fold(
            Answer::new(&challenge, key().did().unwrap()),
            |answer, id| answer.confirm(id, now()),
        )
        .unwrap();
    let remote = crate::poll_ready(answer.clone().sign_with(&key()))
        .unwrap()
        .unwrap();
    assert_eq!(remote, answer.sign(&key()).unwrap());
}
