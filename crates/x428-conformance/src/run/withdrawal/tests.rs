//! What a runner must not let pass.

use serde_json::{Value, json};

use crate::{FormatError, Outcome, Profile, run_value};

fn run(category: &str, input: &Value, expected: &Value) -> Result<Outcome, FormatError> {
    let vector = json!({
        "description": "a test",
        "category": category,
        "input": input,
        "expected": expected,
    });
    run_value(&vector, &Profile::default())
}

fn request() -> Value {
    json!({
        "request": {
            "asset": "ETH",
            "network": "ethereum",
            "amount": "1.50",
            "address": "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"
        },
        "idempotencyKey": "\"0f8fad5b-d9cb-469f-a165-70867728950e\"",
        "issuer": "https://exchange.example",
        "clientId": "example-wallet",
        "subject": "acct-6c1f0b7e94d24a3c8b52e7d09a41f3c6"
    })
}

const CANONICAL: &str = r#"{"address":"0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed","amount":"1.5","asset":"ETH","clientId":"example-wallet","feeMode":"exclusive","idempotencyKey":"0f8fad5b-d9cb-469f-a165-70867728950e","iss":"https://exchange.example","network":"ethereum","sub":"acct-6c1f0b7e94d24a3c8b52e7d09a41f3c6","v":1}"#;
const HASH: &str = "SNCaLQU0F1JDZr5l9d7VrY2b_Tz97jBPo9N5hREZ-Q8";

/// Category, input, expectation.
type Row = (&'static str, &'static str, &'static str);

const RIGHT: &[Row] = &[
    (
        "decimal",
        r#"{"text": "1.50"}"#,
        r#"{"valid": true, "normal": "1.5", "positive": true}"#,
    ),
    (
        "decimal",
        r#"{"text": "0.0"}"#,
        r#"{"valid": true, "normal": "0", "positive": false}"#,
    ),
    ("decimal", r#"{"text": "1e3"}"#, r#"{"valid": false}"#),
    (
        "state",
        r#"{"from": "canceling"}"#,
        r#"{"to": ["broadcast", "canceled", "processing"], "terminal": false}"#,
    ),
    (
        "state",
        r#"{"from": "failed"}"#,
        r#"{"to": [], "terminal": true}"#,
    ),
    (
        "challenge-state",
        r#"{"from": "verified"}"#,
        r#"{"to": ["expired", "consumed"], "terminal": false}"#,
    ),
    (
        "error",
        r#"{"code": "rate_limited"}"#,
        r#"{"status": 429, "retryable": true}"#,
    ),
    (
        "idempotency-key",
        r#"{"values": ["abcdefghijklmnop"]}"#,
        r#"{"key": "abcdefghijklmnop"}"#,
    ),
    (
        "idempotency-key",
        r#"{"values": []}"#,
        r#"{"errorCode": "idempotency_key_missing"}"#,
    ),
];

const WRONG: &[Row] = &[
    (
        "decimal",
        r#"{"text": "1.50"}"#,
        r#"{"valid": true, "normal": "1.50", "positive": true}"#,
    ),
    (
        "decimal",
        r#"{"text": "1.50"}"#,
        r#"{"valid": true, "normal": "1.5", "positive": false}"#,
    ),
    ("decimal", r#"{"text": "1.50"}"#, r#"{"valid": true}"#),
    ("decimal", r#"{"text": "1.50"}"#, r#"{"valid": false}"#),
    (
        "decimal",
        r#"{"text": "1e3"}"#,
        r#"{"valid": true, "normal": "1000", "positive": true}"#,
    ),
    ("decimal", r#"{"text": "1e3"}"#, r#"{"valid": true}"#),
    (
        "state",
        r#"{"from": "canceling"}"#,
        r#"{"to": ["broadcast"], "terminal": false}"#,
    ),
    (
        "state",
        r#"{"from": "canceling"}"#,
        r#"{"to": ["broadcast", "canceled", "processing", "failed"], "terminal": false}"#,
    ),
    (
        "state",
        r#"{"from": "failed"}"#,
        r#"{"to": [], "terminal": false}"#,
    ),
    (
        "state",
        r#"{"from": "verified"}"#,
        r#"{"to": ["expired", "consumed"], "terminal": false}"#,
    ),
    (
        "challenge-state",
        r#"{"from": "canceling"}"#,
        r#"{"to": ["broadcast", "canceled", "processing"], "terminal": false}"#,
    ),
    (
        "challenge-state",
        r#"{"from": "pending"}"#,
        r#"{"to": [], "terminal": true}"#,
    ),
    (
        "error",
        r#"{"code": "rate_limited"}"#,
        r#"{"status": 429, "retryable": false}"#,
    ),
    (
        "error",
        r#"{"code": "rate_limited"}"#,
        r#"{"status": 503, "retryable": true}"#,
    ),
    (
        "error",
        r#"{"code": "teapot"}"#,
        r#"{"status": 418, "retryable": false}"#,
    ),
    (
        "idempotency-key",
        r#"{"values": ["abcdefghijklmnop"]}"#,
        r#"{"key": "abcdefghijklmnoP"}"#,
    ),
    (
        "idempotency-key",
        r#"{"values": ["abcdefghijklmnop"]}"#,
        r#"{"errorCode": "idempotency_key_missing"}"#,
    ),
    (
        "idempotency-key",
        r#"{"values": ["abcdefghijklmnop"]}"#,
        r"{}",
    ),
    (
        "idempotency-key",
        r#"{"values": []}"#,
        r#"{"errorCode": "invalid_request"}"#,
    ),
];

// r[verify withdrawal.vectors.exact]
#[test]
fn only_the_whole_outcome_passes() -> Result<(), Box<dyn std::error::Error>> {
    for (rows, passes) in [(RIGHT, true), (WRONG, false)] {
        for (category, input, expected) in rows {
            let values = (
                serde_json::from_str(input)?,
                serde_json::from_str(expected)?,
            );
            let outcome = run(category, &values.0, &values.1)?;
            assert_eq!(
                outcome.passed(),
                passes,
                "{category} {input} {expected}: {outcome}"
            );
        }
    }
    Ok(())
}

// r[verify withdrawal.vectors.exact]
#[test]
fn an_intent_passes_with_its_form_and_its_hash() -> Result<(), FormatError> {
    let expected = |form: &str, hash: &str| json!({ "canonicalJson": form, "intentHash": hash });
    let right = expected(CANONICAL, HASH);
    assert_eq!(run("intent", &request(), &right)?, Outcome::Passed);
    for wrong in [expected(CANONICAL, "x"), expected("{}", HASH)] {
        assert!(!run("intent", &request(), &wrong)?.passed(), "{wrong}");
    }
    let requests = [
        with("/request/amount", &json!(1.5)),
        with("/request/amount", &json!("1.51")),
        with("/idempotencyKey", &json!("short")),
        with("/issuer", &json!("http://exchange.example")),
    ];
    for request in requests {
        assert!(!run("intent", &request, &right)?.passed(), "{request}");
    }
    Ok(())
}

// r[verify withdrawal.vectors.exact]
#[test]
fn a_challenge_of_webauthn_passes_alone() -> Result<(), FormatError> {
    let input = |nonce: &str| json!({ "intentHash": HASH, "nonce": nonce });
    let nonce = "nR9sQLfio1hMDZHo9ytq1T4PhMdhmrLYRQ5z8chtops";
    let right = json!({ "challenge": "s9IM6iX2wpjy_0HwmbjGaeen3OVI35CTtNTF6LhSPCw" });
    assert_eq!(
        run("webauthn-challenge", &input(nonce), &right)?,
        Outcome::Passed
    );
    let wrong = json!({ "challenge": HASH });
    assert!(!run("webauthn-challenge", &input(nonce), &wrong)?.passed());
    assert!(!run("webauthn-challenge", &input("AA"), &right)?.passed());
    Ok(())
}

/// Every published vector fails as soon as it expects the opposite.
// r[verify withdrawal.vectors.exact]
// r[verify withdrawal.vectors.pure]
#[test]
fn the_opposite_of_a_vector_fails() -> Result<(), Box<dyn std::error::Error>> {
    let directory =
        std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../vectors/withdrawal");
    for (file, code) in [
        ("proof", Some("challenge_proof_invalid")),
        ("webhook", None),
        ("cursor", Some("invalid_cursor")),
    ] {
        let text = std::fs::read(directory.join(format!("{file}.json")))?;
        let vectors: Vec<Value> = serde_json::from_slice(&text)?;
        assert!(vectors.len() > 10, "{file}");
        for vector in vectors {
            let input = vector.get("input").ok_or("no input")?;
            let expected = vector.get("expected").ok_or("no expectation")?;
            assert_eq!(run(file, input, expected)?, Outcome::Passed, "{vector}");
            let accepted = expected.get("accept") == Some(&json!(true));
            let opposite = match code {
                Some(code) if accepted => json!({ "accept": false, "errorCode": code }),
                _ => json!({ "accept": !accepted }),
            };
            assert!(!run(file, input, &opposite)?.passed(), "{vector}");
            let other = json!({ "accept": false, "errorCode": "not_found" });
            assert!(
                code.is_none() || !run(file, input, &other)?.passed(),
                "{vector}"
            );
        }
    }
    Ok(())
}

fn with(pointer: &str, value: &Value) -> Value {
    let mut request = request();
    if let Some(place) = request.pointer_mut(pointer) {
        place.clone_from(value);
    }
    request
}

// r[verify withdrawal.vectors.all]
#[test]
fn a_vector_that_is_none_is_a_failure() {
    let refused = |category: &str, input: &Value, expected: &Value| {
        run(category, input, expected)
            .err()
            .map(|error| error.to_string())
    };
    let unknown = refused("intents", &json!({}), &json!({}));
    assert!(unknown.is_some_and(|message| message.contains("unknown category `intents`")));
    let place = refused(
        "error",
        &json!({ "code": 7 }),
        &json!({ "status": 1, "retryable": true }),
    );
    assert!(place.is_some_and(|message| message.starts_with("/input/code")));
    let place = refused(
        "state",
        &json!({ "from": "pending" }),
        &json!({ "to": "failed" }),
    );
    assert!(place.is_some_and(|message| message.starts_with("/expected")));
}
