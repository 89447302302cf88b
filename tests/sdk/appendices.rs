//! Facts that the code repeats, against the text.

#![expect(clippy::unwrap_used, reason = "a test fails by a panic")]

use std::fs;
use std::path::Path;

use serde_json::Value;
use x428::did::PublicKey;
use x428::sign::{SigningKey, is_published_test_key};

fn read(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

/// The keys that a page publishes with their secrets.
fn published(path: &str) -> Vec<Value> {
    let text = read(path);
    let fences = text.split("```json key").skip(1);
    let key = |fence: &str| {
        let json = fence.split_once('\n').unwrap().1;
        serde_json::from_str(json.split("```").next().unwrap()).unwrap()
    };
    fences.map(key).collect()
}

// r[verify attestation.key.test-keys]
// r[verify withdrawal.vectors.test-keys]
#[test]
fn every_key_of_appendix_b_is_known_to_be_public() {
    let attestation = published("spec/attestation/b-test-keys.md");
    assert!(attestation.len() >= 5);
    let withdrawal = published("spec/withdrawal/b-vectors.md");
    assert!(withdrawal.len() >= 4);
    assert!(!is_published_test_key(&PublicKey([7; 32])));
    for key in attestation.into_iter().chain(withdrawal) {
        let mut members = key.as_object().unwrap().clone();
        SigningKey::from_jwk(&members).unwrap();
        members.remove("d");
        assert!(
            is_published_test_key(&PublicKey::from_jwk(&members).unwrap()),
            "{key}"
        );
    }
}

// r[verify attestation.error.code]
#[test]
fn there_are_sixteen_codes_and_all_are_428() {
    use x428::wire::attestation::ErrorCode;
    assert_eq!(ErrorCode::ALL.len(), 16);
    assert!(ErrorCode::ALL.iter().all(|code| code.status() == 428));
}

#[test]
fn the_names_of_the_headers_are_those_of_section_8_1() {
    use std::collections::BTreeSet;
    use x428::attestation::header::{ATTESTATION, RECEIPT, REQUIRED, TOKEN};
    let manifest: Value = serde_json::from_str(&read("schema/attestation.manifest.json")).unwrap();
    let rows = manifest["tables"]["headers"]["rows"].as_array().unwrap();
    let names: BTreeSet<_> = rows
        .iter()
        .map(|row| row["header"].as_str().unwrap().trim_matches('`'))
        .collect();
    assert_eq!(
        names,
        BTreeSet::from([REQUIRED, ATTESTATION, TOKEN, RECEIPT])
    );
}
