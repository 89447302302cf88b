use serde_json::{Value, json};

use super::*;
use crate::wire::withdrawal::{VerifyRequest, WithdrawalRequest};

fn request_id() -> RequestId {
    RequestId::parse("req_4f1c9b7a2d3e48569a0b1c2d").unwrap()
}

fn request() -> Value {
    json!({"asset": "ETH", "network": "ethereum", "amount": "1.5", "address": "0x5aAe"})
}

fn refused<T: DeserializeOwned>(value: &Value) -> Refused {
    let text = value.to_string();
    read::<T>(&body(text.as_bytes()).unwrap()).err().unwrap()
}

fn place(value: &Value) -> (String, ErrorDetailCode) {
    let refused = refused::<WithdrawalRequest>(value);
    assert_eq!(refused.code(), Code::InvalidRequest);
    let [detail] = refused.details() else {
        panic!("one detail: {refused:?}");
    };
    (detail.field.to_string(), detail.code)
}

// r[verify withdrawal.error.codes]
#[test]
fn every_code_has_a_status_of_its_kind() {
    for &code in Code::ALL {
        let refused = Refused::new(code, code.meaning());
        assert!((400..=503).contains(&refused.status()), "{code}");
        let response = refused.response(request_id()).unwrap();
        assert_eq!(response.error.retryable, refused.is_retryable());
        if refused.status() >= 500 {
            assert!(refused.is_retryable(), "{code}");
        }
    }
    assert!(Refused::new(Code::ChallengeCodeInvalid, "").is_retryable());
    assert!(!Refused::new(Code::ChallengeProofInvalid, "").is_retryable());
}

// r[verify withdrawal.error.envelope]
#[test]
fn the_envelope_is_that_of_the_text() {
    let refused = Refused::new(Code::RateLimited, "The poll came too early.")
        .after(Duration::from_secs(5))
        .at("", ErrorDetailCode::SlowDown);
    assert_eq!(
        serde_json::to_value(refused.response(request_id()).unwrap()).unwrap(),
        json!({
            "error": {
                "code": "rate_limited",
                "message": "The poll came too early.",
                "requestId": "req_4f1c9b7a2d3e48569a0b1c2d",
                "retryable": true,
                "retryAfter": 5,
                "details": [{"field": "", "code": "slow_down"}]
            }
        })
    );
}

#[test]
fn waits_are_whole_seconds_and_a_day_at_most() {
    let after = |wait| {
        Refused::new(Code::RateLimited, "")
            .after(wait)
            .retry_after()
    };
    assert_eq!(after(Duration::ZERO), Some(0));
    assert_eq!(after(Duration::from_millis(1)), Some(1));
    assert_eq!(after(Duration::from_secs(61)), Some(61));
    assert_eq!(after(Duration::MAX), Some(86400));
}

#[test]
fn a_message_that_is_too_long_is_no_message() {
    assert!(
        Refused::new(Code::NotFound, "x".repeat(1024))
            .response(request_id())
            .is_ok()
    );
    assert!(
        Refused::new(Code::NotFound, "x".repeat(1025))
            .response(request_id())
            .is_err()
    );
}

// r[verify withdrawal.json.unknown-request]
#[test]
fn what_is_wrong_is_named_by_its_place() {
    let with = |name: &str, value: Value| {
        let mut request = request();
        request[name] = value;
        request
    };
    assert_eq!(
        place(&with("destinationTag", json!("1"))),
        ("/destinationTag".into(), ErrorDetailCode::Unknown)
    );
    assert_eq!(
        place(&with("amount", json!(1.5))),
        ("/amount".into(), ErrorDetailCode::Type)
    );
    assert_eq!(
        place(&with("amount", json!("0"))),
        ("/amount".into(), ErrorDetailCode::Format)
    );
    assert_eq!(
        place(&with("feeMode", json!("both"))),
        ("/feeMode".into(), ErrorDetailCode::Value)
    );
    assert_eq!(
        place(&with("memo", json!(null))),
        ("/memo".into(), ErrorDetailCode::Type)
    );
    assert_eq!(
        place(&with("a/b~c", json!(1))),
        ("/a~1b~0c".into(), ErrorDetailCode::Unknown)
    );
    assert_eq!(
        place(&with("travelRule", json!({"isSelf": true}))),
        ("/travelRule/walletType".into(), ErrorDetailCode::Missing)
    );
    let mut without = request();
    without.as_object_mut().unwrap().remove("network");
    assert_eq!(
        place(&without),
        ("/network".into(), ErrorDetailCode::Missing)
    );
}

// r[verify withdrawal.error.no-secrets]
#[test]
fn a_refusal_repeats_no_value() {
    let secret = "hunter2hunter2hunter2";
    let verify = json!({"method": "totp", "code": secret});
    let bad = json!({"asset": secret, "network": "ethereum", "amount": "1", "address": "x"});
    for refused in [
        refused::<VerifyRequest>(&verify),
        refused::<WithdrawalRequest>(&bad),
    ] {
        let shown = serde_json::to_string(&refused.response(request_id()).unwrap()).unwrap();
        assert!(!shown.contains("hunter2"), "{shown}");
        assert!(!refused.to_string().contains("hunter2"));
    }
}

// r[verify withdrawal.json.text]
// r[verify withdrawal.json.duplicate-members]
// r[verify withdrawal.json.size]
#[test]
fn a_body_is_one_object_with_one_reading() {
    assert!(body(br#"{"a": {"b": [1]}}"#).is_ok());
    let deep = format!("{}{}", "{\"a\":".repeat(15), "{}") + &"}".repeat(15);
    assert!(body(deep.as_bytes()).is_ok());
    let long = format!("{{\"a\":\"{}\"}}", "x".repeat(REQUEST_SIZE_MAX));
    let deeper = format!("{{\"a\":{deep}}}");
    for text in [
        "",
        "[]",
        "1",
        "{} {}",
        r#"{"a":1,"a":1}"#,
        r#"{"a":{"b":1,"b":2}}"#,
        "{\"a\":1e400}",
        &deeper,
        &long,
    ] {
        let refused = body(text.as_bytes()).err().unwrap();
        assert_eq!(refused.code(), Code::InvalidRequest);
    }
    assert!(body(b"{\"a\":\"\xff\"}").is_err());
}
