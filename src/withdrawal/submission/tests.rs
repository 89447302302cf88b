use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::wire::withdrawal::{ClientId, HttpsUri, Subject};
use crate::withdrawal::example;
use crate::withdrawal::intent::intent_hash;

fn key() -> IdempotencyKey {
    IdempotencyKey::parse("7c9e6679-7425-40de-944b-e07fc1f90ae7").unwrap()
}

fn parties() -> Parties {
    Parties {
        issuer: HttpsUri::parse("https://exchange.example").unwrap(),
        client_id: ClientId::parse("example-wallet").unwrap(),
        subject: Subject::parse("acct-6c1f0b7e94d24a3c8b52e7d09a41f3c6").unwrap(),
    }
}

fn submission(body: &Value) -> Submission {
    Submission::read(body.to_string().as_bytes(), key()).unwrap()
}

fn refused(body: &Value) -> Refused {
    let read = Submission::read(body.to_string().as_bytes(), key());
    read.err().unwrap()
}

fn with(id: &str, name: &str, value: Value) -> Value {
    let mut body = example::example(id);
    body[name] = value;
    body
}

fn hash(body: &Value) -> String {
    let intent = submission(body).intent(&parties()).unwrap();
    intent_hash(&intent).unwrap().to_string()
}

// r[verify withdrawal.intent.members]
// r[verify withdrawal.intent.travel-rule]
#[test]
fn the_full_request_of_the_text_has_the_intent_of_the_text() {
    let body = example::example("withdrawal-request-full");
    let intent = submission(&body).intent(&parties()).unwrap();
    let expected = example::example("intent-xrp");
    assert_eq!(serde_json::to_value(&intent).unwrap(), expected);
}

// r[verify withdrawal.intent.change]
#[test]
fn the_client_reference_and_the_proof_are_no_part_of_the_intent() {
    let body = example::example("withdrawal-request-full");
    let other = with("withdrawal-request-full", "clientReference", json!("a"));
    assert_eq!(hash(&other), hash(&body));
    let fingerprint = submission(&body).fingerprint();
    assert_ne!(submission(&other).fingerprint(), fingerprint);
    let proven = example::example("withdrawal-request-proof");
    assert_eq!(hash(&proven), hash(&example::example("withdrawal-request")));
}

// r[verify withdrawal.idempotency.fingerprint]
#[test]
fn the_fingerprint_is_that_of_what_is_asked_for() {
    let of = |body: &Value| submission(body).fingerprint();
    let changed = |name: &str, value: &str| with("withdrawal-request", name, json!(value));
    let body = example::example("withdrawal-request");
    for same in [
        example::example("withdrawal-request-proof"),
        changed("amount", "1.500"),
        changed("feeMode", "exclusive"),
    ] {
        assert_eq!(of(&same), of(&body));
    }
    for other in [
        changed("amount", "1.51"),
        changed("feeMode", "inclusive"),
        changed("maxFee", "0"),
        changed("memo", "1"),
        changed("address", "0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed"),
    ] {
        assert_ne!(of(&other), of(&body));
    }
    assert_eq!(
        of(&changed("maxFee", "0.10")),
        of(&changed("maxFee", "0.1"))
    );
    // The canonical form, written out.
    let canonical_form = r#"{"address":"0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed","amount":"1.5","asset":"ETH","feeMode":"exclusive","network":"ethereum"}"#;
    let digest: [u8; 32] = Sha256::digest(canonical_form).into();
    assert_eq!(of(&body), digest);
}

// r[verify withdrawal.travel.form]
#[test]
fn travel_rule_data_have_a_code_of_their_own() {
    let of = |data: Value| refused(&with("withdrawal-request", "travelRule", data));
    let wrong = of(json!({"walletType": "paper", "isSelf": true}));
    assert_eq!(wrong.code(), WithdrawalErrorCode::TravelRuleInvalid);
    assert_eq!(wrong.details()[0].field.as_str(), "/travelRule/walletType");
    let missing = of(json!({"walletType": "custodial"}));
    assert_eq!(missing.code(), WithdrawalErrorCode::TravelRuleInvalid);
    let unknown = of(json!({"walletTyp": "custodial"}));
    assert_eq!(unknown.code(), WithdrawalErrorCode::InvalidRequest);
    let elsewhere = refused(&with("withdrawal-request", "amount", json!("0")));
    assert_eq!(elsewhere.code(), WithdrawalErrorCode::InvalidRequest);
}

proptest! {
    #![proptest_config(crate::fixed_seed())]

    #[test]
    fn any_bytes_are_read_or_refused(body in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = Submission::read(&body, key());
    }

    #[test]
    fn the_order_of_members_and_white_space_change_nothing(
        order in Just((0..10).collect::<Vec<usize>>()).prop_shuffle(),
    ) {
        let body = example::example("withdrawal-request-full");
        let members: Vec<_> = body.as_object().unwrap().iter().collect();
        prop_assert_eq!(members.len(), order.len());
        let shuffled: Vec<_> = order
            .iter()
            .map(|&index| format!("{} :\n{:#}", json!(members[index].0), members[index].1))
            .collect();
        let text = format!("{{ {} }}", shuffled.join(" , "));
        prop_assert_eq!(Submission::read(text.as_bytes(), key()).unwrap(), submission(&body));
    }
}
