use serde_json::{Value, json};

use super::*;
use crate::withdrawal::example;

fn hash(value: &Value) -> String {
    let intent: Intent = serde_json::from_value(value.clone()).unwrap();
    intent_hash(&intent).unwrap().to_string()
}

/// The values of section 7.3.
// r[verify withdrawal.intent.hash]
#[test]
fn the_intents_of_the_text_have_the_hashes_of_the_text() {
    let eth = example::example("intent-eth");
    let intent: Intent = example::read("intent-eth");
    assert_eq!(
        String::from_utf8(canonical(&intent).unwrap()).unwrap(),
        r#"{"address":"0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed","amount":"1.5","asset":"ETH","clientId":"example-wallet","feeMode":"exclusive","idempotencyKey":"0f8fad5b-d9cb-469f-a165-70867728950e","iss":"https://exchange.example","network":"ethereum","sub":"acct-6c1f0b7e94d24a3c8b52e7d09a41f3c6","v":1}"#
    );
    assert_eq!(hash(&eth), "SNCaLQU0F1JDZr5l9d7VrY2b_Tz97jBPo9N5hREZ-Q8");
    let xrp = example::example("intent-xrp");
    assert_eq!(hash(&xrp), "ZJ-sYCOMJw2NjqKBCuL4qd_gvUT4fFi_OiA9Wy71W8c");
    let mut other = eth;
    other["address"] = json!("0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359");
    assert_eq!(hash(&other), "5rXkO-uI8EwUCLoBbCQR2hV_kKWi5_xZOMpvW7t3TLA");
}

// r[verify withdrawal.intent.change]
#[test]
fn any_other_member_is_another_intent() {
    let intent = example::example("intent-xrp");
    let changes = [
        ("iss", "https://other.example"),
        ("clientId", "other-wallet"),
        ("sub", "acct-0"),
        ("idempotencyKey", "0f8fad5b-d9cb-469f-a165-70867728950e"),
        ("asset", "XLM"),
        ("network", "stellar"),
        ("amount", "250.000000000000000000000000000001"),
        ("address", "rHb9CJAWyB4rj91VRWn96DkukG4bwdtyTH"),
        ("memo", "90418"),
        ("feeMode", "exclusive"),
        ("maxFee", "0.51"),
        ("quoteId", "qt_5Hn7tRzPk3WvB9xGdMyCa2"),
        (
            "travelRuleDigest",
            "SNCaLQU0F1JDZr5l9d7VrY2b_Tz97jBPo9N5hREZ-Q8",
        ),
    ];
    // All members but `v`, which cannot be another.
    assert_eq!(changes.len() + 1, intent.as_object().unwrap().len());
    let mut seen = vec![hash(&intent)];
    for (name, value) in changes {
        let mut other = intent.clone();
        other[name] = json!(value);
        seen.push(hash(&other));
    }
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), changes.len() + 1);
}

// r[verify withdrawal.decimal.normal]
#[test]
fn decimals_are_hashed_in_normal_form() {
    let intent = example::example("intent-xrp");
    let mut other = intent.clone();
    other["amount"] = json!("250.00");
    other["maxFee"] = json!("0.50");
    assert_eq!(hash(&other), hash(&intent));
}

/// The value of section 7.8.
// r[verify withdrawal.webauthn.challenge]
#[test]
fn the_challenge_of_webauthn_is_that_of_the_text() {
    let hash = Sha256Digest::parse("SNCaLQU0F1JDZr5l9d7VrY2b_Tz97jBPo9N5hREZ-Q8").unwrap();
    let nonce = [
        0x9d, 0x1f, 0x6c, 0x40, 0xb7, 0xe2, 0xa3, 0x58, 0x4c, 0x0d, 0x91, 0xe8, 0xf7, 0x2b, 0x6a,
        0xd5, 0x3e, 0x0f, 0x84, 0xc7, 0x61, 0x9a, 0xb2, 0xd8, 0x45, 0x0e, 0x73, 0xf1, 0xc8, 0x6d,
        0xa2, 0x9b,
    ];
    let challenge = webauthn_challenge(&IntentHash::try_from(&hash).unwrap(), &nonce);
    let shown = example::example("challenge-webauthn");
    let methods = shown["methods"].as_array().unwrap();
    let expected = methods
        .iter()
        .find_map(|method| method["publicKey"]["challenge"].as_str());
    assert_eq!(Some(base64url(challenge).as_str()), expected);
}

#[test]
fn a_hash_goes_over_the_wire_and_back() {
    let hash = IntentHash([7; 32]);
    let wire = Sha256Digest::try_from(hash).unwrap();
    assert_eq!(IntentHash::try_from(&wire).unwrap(), hash);
}
