use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::*;

const OPERATOR_JWK: &str = r#"{"kty": "OKP", "crv": "Ed25519", "x": "5WNqMojJZ8mwP0SX7Kdr5wCg3BIsIwv88ka-ifO8eV4", "d": "FWTPVbG1ErUqIb3SZdju7KvyG6EWh0C2g_simCUcocA"}"#;

fn run(value: &Value) -> Outcome {
    run_value(value, &Profile::default()).unwrap()
}

fn refusal(text: &str) -> String {
    parse(text.as_bytes()).unwrap_err().to_string()
}

/// A `verify` input whose payload is signed by the operator.
fn verify_input(patch: impl FnOnce(&mut Value, &mut Value)) -> Value {
    let key: Value = serde_json::from_str(OPERATOR_JWK).unwrap();
    let key = x428::sign::SigningKey::from_jwk(key.as_object().unwrap()).unwrap();
    let mut challenge = json!({
        "x428Version": 1,
        "preconditions": [{"id": "op", "type": "identity", "allowedAttestationMethods": ["self"]}],
        "resource": "https://api.example.com/r",
        "challenge": "a".repeat(64),
        "expiresAt": "2026-11-20T12:05:00Z",
    });
    let mut payload = json!({
        "x428Version": 1,
        "challenge": "a".repeat(64),
        "resource": "https://api.example.com/r",
        "operatorId": key.did().unwrap().as_str(),
        "attestations": [{"preconditionId": "op", "type": "identity", "method": "self", "confirmedAt": "2026-11-20T12:01:00Z"}],
    });
    patch(&mut challenge, &mut payload);
    let json = x428::jcs::StrictJson::from_value(payload.clone(), x428::jcs::Limits::default());
    payload["signature"] = x428::sign::sign_object(&json.unwrap(), &key)
        .unwrap()
        .to_string()
        .into();
    json!({
        "challenge": challenge,
        "attestationPayload": payload,
        "nonceStore": [],
        "currentTime": "2026-11-20T12:04:00Z",
    })
}

fn verify_vector(input: &Value, expected: &Value) -> Value {
    json!({"description": "d", "category": "verify", "input": input, "expected": expected})
}

// r[verify attestation.vectors.all]
// r[verify withdrawal.vectors.all]
#[test]
fn files_that_are_none_are_refused_with_their_place() {
    assert!(refusal("[{]").starts_with("not JSON: key must be a string at line 1 column 3"));
    assert_eq!(
        refusal("{}"),
        "not a vector file: the outermost value is not an array"
    );
    assert_eq!(refusal("[]"), "not a vector file: the array is empty");
    assert_eq!(refusal("[7]"), "/0: a vector is an object");
    assert_eq!(
        refusal(r#"[{"description": "d"}]"#),
        "/0/category (\"d\"): the category is missing"
    );
    assert_eq!(
        refusal(r#"[{"description": "d", "category": "scop"}]"#),
        "/0 (\"d\"): unknown category `scop`, expected one of scope, signature, verify, \
         verify-sequence, jcs, routing, parse, token, decimal, intent, webauthn-challenge, state, \
         challenge-state, error, idempotency-key, proof, webhook, cursor, coinbase"
    );
    assert_eq!(
        refusal(r#"[{"description": "d", "category": "scope", "input": {}}]"#),
        "/0 (\"d\"): the member `expected` is missing"
    );
    assert_eq!(
        refusal(
            r#"[{"description": "d", "category": "scope", "input": {}, "expected": {"matches": true}}]"#
        ),
        "/0/input (\"d\"): missing field `tokenScope`"
    );
    let sequence = r#"[{"description": "d", "category": "verify-sequence", "steps": [{"input": {"challenge": 1, "attestationPayload": 1, "currentTime": 7}}]}]"#;
    assert_eq!(
        refusal(sequence),
        "/0/steps/0/input/currentTime (\"d\"): invalid type: integer `7`, expected a string"
    );
    assert_eq!(
        refusal(
            r#"[{"category": "scope", "input": {"tokenScope": "", "requestedResource": ""}, "expected": {"matches": true}}]"#
        ),
        "/0: missing field `description`"
    );
}

// r[verify attestation.vectors.exact]
// r[verify withdrawal.vectors.exact]
#[test]
fn a_refusal_with_another_code_has_not_passed() {
    let input = verify_input(|_, payload| payload["x428Version"] = json!(2));
    let expect = |code: &str| json!({"accept": false, "errorCode": code});
    assert!(run(&verify_vector(&input, &expect("unsupported_version"))).passed());
    assert_eq!(
        run(&verify_vector(&input, &expect("malformed_payload"))).to_string(),
        "expected malformed_payload, got unsupported_version"
    );
    assert!(!run(&verify_vector(&input, &json!({"accept": true}))).passed());
    assert!(!run(&verify_vector(&input, &json!({"accept": false}))).passed());
}

#[test]
fn the_scope_is_part_of_the_outcome() {
    let input = verify_input(|_, _| ());
    let expect = |scope: &str| json!({"accept": true, "tokenScope": scope});
    assert_eq!(
        run(&verify_vector(&input, &expect("https://api.example.com/r"))),
        Outcome::Passed
    );
    assert_eq!(
        run(&verify_vector(&input, &expect("https://api.example.com/*"))).to_string(),
        "expected the scope https://api.example.com/*, got the scope https://api.example.com/r"
    );
}

// r[verify attestation.vectors.pure]
// r[verify withdrawal.vectors.pure]
#[test]
fn the_world_of_a_vector_is_the_vector() {
    let expect = |code: &str| json!({"accept": false, "errorCode": code});
    let mut input = verify_input(|_, _| ());
    input["nonceStore"] = json!(["a".repeat(64)]);
    assert!(run(&verify_vector(&input, &expect("nonce_replayed"))).passed());
    input["nonceStore"] = json!(["b".repeat(64)]);
    assert!(run(&verify_vector(&input, &json!({"accept": true}))).passed());
    input["currentTime"] = json!("2026-11-20T12:05:00Z");
    assert!(run(&verify_vector(&input, &expect("challenge_expired"))).passed());
    input["currentTime"] = json!("noon");
    assert!(!run(&verify_vector(&input, &expect("challenge_expired"))).passed());
}

// r[verify attestation.vectors.documents]
#[test]
fn given_documents_take_precedence() {
    let expect = |code: &str| json!({"accept": false, "errorCode": code});
    let mut input = verify_input(|_, _| ());
    input["didDocument"] = Value::Null;
    assert!(run(&verify_vector(&input, &expect("unresolvable_operator"))).passed());
    input["didDocument"] = json!({"id": "did:web:other.example"});
    assert!(run(&verify_vector(&input, &expect("unresolvable_operator"))).passed());
    input["didDocument"] = json!({"id": input["attestationPayload"]["operatorId"]});
    assert!(run(&verify_vector(&input, &expect("invalid_signature"))).passed());
}

#[test]
fn challenges_may_be_malformed_and_of_another_version() {
    let expect = |code: &str| json!({"accept": false, "errorCode": code});
    let input = verify_input(|challenge, _| challenge["x428Version"] = json!(2));
    assert!(run(&verify_vector(&input, &expect("unsupported_version"))).passed());
    let input = verify_input(|challenge, _| challenge["expiresAt"] = json!("tomorrow"));
    assert!(run(&verify_vector(&input, &expect("malformed_payload"))).passed());
    let input = verify_input(|challenge, _| {
        let twin = challenge["preconditions"][0].clone();
        challenge["preconditions"]
            .as_array_mut()
            .unwrap()
            .push(twin);
    });
    assert!(run(&verify_vector(&input, &expect("malformed_payload"))).passed());
}

#[test]
fn sequences_share_one_store() {
    let input = verify_input(|_, _| ());
    let step = |expected: Value| json!({"input": input, "expected": expected});
    let replayed = json!({"accept": false, "errorCode": "nonce_replayed"});
    let good = [step(json!({"accept": true})), step(replayed.clone())];
    let bad = [step(json!({"accept": true})), step(json!({"accept": true}))];
    for (name, wrap) in [("input", true), ("steps", false)] {
        let vector = |steps: &[Value]| {
            let mut vector = json!({"description": "d", "category": "verify-sequence"});
            vector[name] = if wrap {
                json!({"steps": steps})
            } else {
                json!(steps)
            };
            vector
        };
        assert_eq!(run(&vector(&good)), Outcome::Passed);
        assert_eq!(
            run(&vector(&bad)).to_string(),
            "expected accept in step 2, got nonce_replayed"
        );
    }
}

#[test]
fn the_other_categories_run() {
    for (category, input, expected, wrong) in [
        (
            "jcs",
            json!({"b": 1.50, "a": "é"}),
            json!({"canonicalJson": "{\"a\":\"é\",\"b\":1.5}", "canonicalHex": "7b2261223a22c3a9222c2262223a312e357d"}),
            json!({"canonicalHex": "7b7d"}),
        ),
        ("jcs", json!([]), json!({"canonicalHex": "5B5D"}), json!({})),
        (
            "routing",
            json!({"serializedPayload": "x".repeat(8192)}),
            json!({"form": "header"}),
            json!({"form": "body"}),
        ),
        (
            "routing",
            json!({"serializedPayload": "x".repeat(6001), "attestationEndpoint": "https://a.example/e"}),
            json!({"form": "body"}),
            json!({"form": "header"}),
        ),
        (
            "parse",
            json!({"text": "{\"x428Version\": 1, \"x428Version\": 1}"}),
            json!({"wellFormed": false, "errorCode": "malformed_payload"}),
            json!({"wellFormed": true}),
        ),
        (
            "parse",
            json!({"header": "e30"}),
            json!({"wellFormed": false, "errorCode": "unsupported_version"}),
            json!({"wellFormed": false, "errorCode": "malformed_payload"}),
        ),
        (
            "token",
            json!({
                "token": {"token": "t", "expiresAt": "2026-11-20T12:00:00Z", "scope": "https://a.example/*"},
                "requestedResource": "https://b.example/x",
                "currentTime": "2026-11-20T12:00:00Z",
            }),
            json!({"accept": false, "errorCode": "token_expired"}),
            json!({"accept": false, "errorCode": "token_scope_mismatch"}),
        ),
    ] {
        let vector = |expected: &Value| json!({"description": "d", "category": category, "input": input, "expected": expected});
        assert_eq!(run(&vector(&expected)), Outcome::Passed, "{category}");
        assert!(!run(&vector(&wrong)).passed(), "{category}");
    }
}

#[test]
fn vectors_are_written_as_they_are_read() {
    let input = verify_input(|_, _| ());
    let vector = verify_vector(&input, &json!({"accept": true}));
    assert_eq!(
        serde_json::to_value(parse_value(&vector).unwrap()).unwrap(),
        vector
    );
}

/// Runs every file of a directory, and returns how many vectors it holds.
fn run_directory(directory: &Path, profile: Profile) -> usize {
    let mut count = 0;
    for file in fs::read_dir(directory).unwrap() {
        let path = file.unwrap().path();
        for vector in parse(&fs::read(&path).unwrap()).unwrap() {
            let outcome = vector.run(&profile);
            assert!(
                outcome.passed(),
                "{}: {}: {outcome}",
                path.display(),
                vector.name()
            );
            count += 1;
        }
    }
    count
}

// r[verify attestation.vectors.legacy-both]
// r[verify attestation.legacy-jcs.explicit]
#[test]
fn the_vectors_of_the_specification_pass_in_both_profiles() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../vectors/attestation");
    let withdrawal = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../vectors/withdrawal");
    assert_ne!(run_directory(&withdrawal, Profile::default()), 0);
    for profile in [Profile::default(), Profile::legacy_jcs()] {
        assert_ne!(run_directory(&directory, profile), 0);
    }
}

#[test]
fn the_schema_is_met_by_the_vectors_and_by_no_part_of_one() {
    let validator = jsonschema::validator_for(&schema()).unwrap();
    let mut files = 0;
    for protocol in ["attestation", "withdrawal"] {
        let directory = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../../vectors")
            .join(protocol);
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            let vectors: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
            let wrong = validator.iter_errors(&vectors).next();
            assert!(wrong.is_none(), "{}: {wrong:?}", path.display());
            let first = vectors[0].as_object().unwrap();
            for member in ["description", "category", "input", "expected"] {
                let mut part = first.clone();
                if part.remove(member).is_some() {
                    let part = json!([part]);
                    assert!(!validator.is_valid(&part), "without {member}: {part}");
                }
            }
            files += 1;
        }
    }
    assert_ne!(files, 0);
}

/// Published vectors, where they are at hand.
#[test]
#[expect(clippy::print_stderr, reason = "says that it has not run")]
fn published_vectors_pass() {
    let Some(directory) = std::env::var_os("X428_PUBLISHED_VECTORS").map(PathBuf::from) else {
        eprintln!("not run: X428_PUBLISHED_VECTORS names no directory of published vectors");
        return;
    };
    assert_ne!(run_directory(&directory, Profile::legacy_jcs()), 0);
}
