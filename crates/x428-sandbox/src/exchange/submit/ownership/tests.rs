use k256::ecdsa::SigningKey as EthereumKey;
use serde_json::json;
use x428::encoding::base64;
use x428::sign::SigningKey;

use super::*;

const NAMED: &str = "wd_3Tg5hPnXe7QaU1oMdWzCk9";
const ISSUER: &str = "https://exchange.example";
const TIME: &str = "2026-11-20T12:03:00Z";

fn verdict(kind: &str, address: &str, message: &str, proof: &str) -> Result<(), &'static str> {
    let proof = json!({"type": kind, "address": address, "message": message, "proof": proof});
    let proof: OwnershipProof = serde_json::from_value(proof).unwrap();
    let named = Named {
        issuer: ISSUER,
        names: &[NAMED, "a-key-of-this-test"],
        address,
    };
    let now = "2026-11-20T12:03:10Z".parse().unwrap();
    check(&proof, &named, now).map_err(|wrong| wrong.field)
}

fn message(address: &str) -> String {
    format!("I control {address}.\nExchange: {ISSUER}\nWithdrawal: {NAMED}\nIssued at: {TIME}")
}

/// The address of a key, and what it signs.
fn ethereum(seed: u8) -> (String, impl Fn(&str) -> String) {
    ethereum_of(&[seed; 32])
}

fn ethereum_of(seed: &[u8]) -> (String, impl Fn(&str) -> String + use<>) {
    let key = EthereumKey::from_slice(seed).unwrap();
    let point = key.verifying_key().to_sec1_point(false);
    let hash = Keccak256::digest(&point.as_bytes()[1..]);
    let address = format!("0x{}", crate::exchange::digest::hex(&hash[12..]));
    let sign = move |message: &str| {
        let signed = format!("\u{19}Ethereum Signed Message:\n{}{message}", message.len());
        let hash = Keccak256::digest(signed);
        let (signature, recovery) = key.sign_prehash_recoverable(&hash);
        let bytes = crate::exchange::digest::hex(&signature.to_bytes());
        format!("0x{bytes}{:02x}", recovery.to_byte() + 27)
    };
    (address, sign)
}

// r[verify withdrawal.ownership.verify]
#[test]
fn the_signature_of_the_text_is_by_its_address() {
    let manifest = include_str!("../../../../../../schema/withdrawal.manifest.json");
    let manifest: serde_json::Value = serde_json::from_str(manifest).unwrap();
    let examples = manifest["examples"].as_array().unwrap();
    let example = examples
        .iter()
        .find(|example| example["id"] == "ownership-proof");
    let value = &example.unwrap()["value"];
    let text = |name: &str| value[name].as_str().unwrap();
    let [address, message, proof] = ["address", "message", "proof"].map(text);
    assert_eq!(verdict("eip191", address, message, proof), Ok(()));
    let later = message.replace("12:03:00Z", "12:03:01Z");
    assert_eq!(verdict("eip191", address, &later, proof), Err("/proof"));
    // The text gives the key, so that everybody can sign the example again.
    let seed = sha2::Sha256::digest("x428 test key of a self-hosted wallet");
    let (own, _) = ethereum_of(&seed);
    assert_eq!(own, address.to_ascii_lowercase());
}

// r[verify withdrawal.ownership.verify]
// r[verify withdrawal.ownership.message]
#[test]
fn a_proof_of_ethereum_is_by_the_address_over_the_message() {
    let (address, sign) = ethereum(7);
    let (_, other) = ethereum(8);
    let good = message(&address);
    assert_eq!(verdict("eip191", &address, &good, &sign(&good)), Ok(()));
    let upper = sign(&good).to_uppercase().replace("0X", "0x");
    assert_eq!(verdict("eip191", &address, &good, &upper), Ok(()));
    for proof in [
        other(&good),
        sign(&format!("{good} ")),
        sign(&good).replace("0x", ""),
        sign(&good).replace("0x", "0x+"),
        format!("{}00", sign(&good)),
        sign(&good)[..130].to_owned() + "1d",
        "0x".to_owned(),
    ] {
        let refused = verdict("eip191", &address, &good, &proof);
        assert_eq!(refused, Err("/proof"), "{proof}");
    }
    for (from, to) in [
        (NAMED, "wd_6Ys4cBvLi2RjF8kHtGpSx0"),
        (ISSUER, "https://other.example"),
        (TIME, "2026-11-19T12:03:00Z"),
        (TIME, "2026-11-20T12:05:00Z"),
        (TIME, "now"),
        (
            address.as_str(),
            "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
        ),
        // One signature for several: it could be used for each of them.
        (
            NAMED,
            "wd_3Tg5hPnXe7QaU1oMdWzCk9, wd_6Ys4cBvLi2RjF8kHtGpSx0",
        ),
        (ISSUER, "https://exchange.example https://other.example"),
        (TIME, "2026-11-20T12:03:00Z 2026-11-21T12:03:00Z"),
    ] {
        let changed = good.replace(from, to);
        let refused = verdict("eip191", &address, &changed, &sign(&changed));
        assert_eq!(refused, Err("/message"), "{changed}");
    }
}

// r[verify withdrawal.ownership.verify]
#[test]
fn a_proof_of_ed25519_is_strict() {
    let key = SigningKey::from_seed(&[7; 32]);
    let multibase = x428::encoding::multibase(key.verifying_key().public_key().0);
    let address = multibase.strip_prefix('z').unwrap();
    let good = message(address);
    let signature = base64(key.sign_bytes(good.as_bytes()).0);
    assert_eq!(verdict("ed25519", address, &good, &signature), Ok(()));
    for proof in [
        signature.trim_end_matches('=').to_owned(),
        base64(key.sign_bytes(b"another message").0),
        base64([0; 64]),
    ] {
        assert_eq!(verdict("ed25519", address, &good, &proof), Err("/proof"));
    }
    // The address is the point of order one: a signature of zeros would fit every message.
    let mut weak = [0; 32];
    weak[0] = 1;
    let weak = x428::encoding::multibase(weak);
    let weak = weak.strip_prefix('z').unwrap();
    let mut signature = [0; 64];
    signature[0] = 1;
    let refused = verdict("ed25519", weak, &message(weak), &base64(signature));
    assert_eq!(refused, Err("/proof"));
}

// r[verify withdrawal.ownership.address]
#[test]
fn a_proof_is_of_the_address_of_the_withdrawal() {
    let (address, sign) = ethereum(7);
    let message = message(&address);
    let proof = json!({
        "type": "eip191", "address": address, "message": message, "proof": sign(&message),
    });
    let proof: OwnershipProof = serde_json::from_value(proof).unwrap();
    let (other, _) = ethereum(8);
    for (address, holds) in [(&address, true), (&other, false)] {
        let named = Named {
            issuer: ISSUER,
            names: &[NAMED],
            address,
        };
        let now = "2026-11-20T12:03:10Z".parse().unwrap();
        let wrong = check(&proof, &named, now).err().map(|wrong| wrong.field);
        assert_eq!(wrong, (!holds).then_some("/address"));
    }
}

// r[verify withdrawal.ownership.verify]
#[test]
fn a_type_that_is_not_verified_is_refused_as_that() {
    let address = "bc1q8c6fshw2dlwun7ekn9qwf37cu2rn755upcp6el";
    for kind in ["bip322", "bip137"] {
        let refused = verdict(kind, address, &message(address), "AA==");
        assert_eq!(refused, Err("/type"));
    }
}
