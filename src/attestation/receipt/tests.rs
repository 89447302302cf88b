use std::fmt::Write as _;

use super::*;
use crate::did::key;

/// An example of the text, with all its members.
fn example(id: &str) -> StrictJson {
    let file = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/schema/attestation.manifest.json"
    );
    let text = std::fs::read_to_string(file).unwrap();
    let manifest: Value = serde_json::from_str(&text).unwrap();
    let mut examples = manifest["examples"].as_array().unwrap().iter();
    let example = examples.find(|example| example["id"] == id).unwrap();
    StrictJson::from_value(example["value"].clone(), Limits::default()).unwrap()
}

fn document(did: &str) -> DidDocument {
    key::document(&Did::parse(did).unwrap()).unwrap()
}

const SERVER: &str = "did:key:z6MksABNPpeUBTFCgTTCZ5RLMWgr3aVjU68SbbiXe5uNyJwd";

// r[verify attestation.receipt.digest]
// r[verify attestation.receipt.signature]
// r[verify attestation.receipt.check]
#[test]
fn the_receipt_of_the_text_checks() {
    let receipt = example("receipt-tos");
    assert_eq!(server(&receipt, None).unwrap().as_str(), SERVER);
    let evidence = Evidence {
        challenge: &example("challenge-tos"),
        payload: &example("payload-tos"),
        token: &example("token"),
        document: Some(&example("did-operator")),
    };
    check(&receipt, &document(SERVER), evidence).unwrap();
    // The digests stand in the text; here others than the SDK compute them.
    for (member, of) in [
        ("challengeDigest", evidence.challenge),
        ("payloadDigest", evidence.payload),
        ("tokenDigest", evidence.token),
        ("didDocumentDigest", &example("did-operator")),
    ] {
        let bytes = serde_json_canonicalizer::to_vec(of.value()).unwrap();
        let digest: [u8; 32] = Sha256::digest(bytes).into();
        let hex = digest.iter().fold(String::new(), |mut hex, byte| {
            let _ = write!(hex, "{byte:02x}");
            hex
        });
        assert_eq!(receipt.value()[member], format!("sha256-{hex}"), "{member}");
    }
    let operator = example("did-operator");
    let did = operator.value()["id"].as_str().unwrap();
    assert_eq!(document(did).to_json(), *operator.value());
    let other = Evidence {
        challenge: &example("challenge-again"),
        ..evidence
    };
    assert_eq!(
        check(&receipt, &document(SERVER), other),
        Err(ReceiptError::Differs("challengeDigest"))
    );
}

// r[verify attestation.receipt.server-id]
#[test]
fn a_receipt_without_a_server_is_of_the_discovered_one() {
    let mut nameless = example("receipt-tos").into_value();
    nameless.as_object_mut().unwrap().remove("serverId");
    let nameless = StrictJson::from_value(nameless, Limits::default()).unwrap();
    assert_eq!(server(&nameless, None), Err(ReceiptError::NoServer));
    let known = Did::parse(SERVER).unwrap();
    assert_eq!(server(&nameless, Some(&known)), Ok(known));
    let evidence = Evidence {
        challenge: &example("challenge-tos"),
        payload: &example("payload-tos"),
        token: &example("token"),
        document: None,
    };
    let refused = check(&nameless, &document(SERVER), evidence);
    assert_eq!(refused, Err(ReceiptError::InvalidSignature));
}

/// A member that nobody here knows is signed all the same.
#[test]
fn an_added_member_breaks_the_signature() {
    let mut added = example("receipt-tos").into_value();
    added["note"] = "x".into();
    let added = StrictJson::from_value(added, Limits::default()).unwrap();
    let evidence = Evidence {
        challenge: &added,
        payload: &added,
        token: &added,
        document: None,
    };
    let refused = check(&added, &document(SERVER), evidence);
    assert_eq!(refused, Err(ReceiptError::InvalidSignature));
}
