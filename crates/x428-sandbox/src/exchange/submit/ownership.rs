//! Proofs that an address is under the control of the receiver (section 9.3).

use aws_lc_rs::signature::{ED25519, UnparsedPublicKey};
use jiff::{SignedDuration, Timestamp};
use k256::ecdsa::{RecoveryId, Signature, VerifyingKey};
use sha3::{Digest as _, Keccak256};
use x428::clock::parse_timestamp;
use x428::wire::withdrawal::{
    ErrorDetailCode, OWNERSHIP_MESSAGE_AGE_MAX, OwnershipProof, OwnershipProofType,
};

/// How far the time of a message may be ahead.
const SKEW: SignedDuration = SignedDuration::from_secs(60);

/// What the message has to name.
#[derive(Clone, Copy)]
pub(crate) struct Named<'a> {
    pub(crate) issuer: &'a str,
    /// The withdrawal or the idempotency key: one of them.
    pub(crate) names: &'a [&'a str],
    pub(crate) address: &'a str,
}

/// What is wrong with a proof, and where below it.
pub(crate) struct Wrong {
    pub(crate) message: &'static str,
    pub(crate) field: &'static str,
    pub(crate) code: ErrorDetailCode,
}

/// Checks a proof.
// r[impl withdrawal.ownership.verify]
// r[impl withdrawal.ownership.message]
// r[impl withdrawal.ownership.address]
pub(crate) fn check(
    proof: &OwnershipProof,
    named: &Named<'_>,
    now: Timestamp,
) -> Result<(), Wrong> {
    let wrong = |message, field| Wrong {
        message,
        field,
        code: ErrorDetailCode::Value,
    };
    if proof.address != named.address {
        return Err(wrong("The proof is for another address.", "/address"));
    }
    let message = proof.message.as_str();
    let words: Vec<&str> = message
        .split(|c: char| c.is_whitespace())
        .map(|word| word.trim_end_matches(['.', ',', ';']))
        .collect();
    let has = |name: &str| words.contains(&name);
    if !has(named.address) || !has(named.issuer) || !named.names.iter().any(|name| has(name)) {
        return Err(wrong("The message names another withdrawal.", "/message"));
    }
    let mut times = words.iter().filter_map(|word| parse_timestamp(word).ok());
    let at = times
        .next()
        .ok_or_else(|| wrong("The message has no time.", "/message"))?;
    let age_max = SignedDuration::try_from(OWNERSHIP_MESSAGE_AGE_MAX).unwrap_or_default();
    let age = now.duration_since(at);
    if age > age_max || age < -SKEW {
        return Err(Wrong {
            message: "The message is too old.",
            field: "/message",
            code: ErrorDetailCode::Expired,
        });
    }
    let holds = match proof.type_ {
        OwnershipProofType::Eip191 => is_eip191(named.address, message, proof.proof.as_str()),
        OwnershipProofType::Ed25519 => is_ed25519(named.address, message, proof.proof.as_str()),
        // The sandbox lists no network of Bitcoin.
        _ => false,
    };
    if holds {
        Ok(())
    } else {
        Err(wrong("The signature does not verify.", "/proof"))
    }
}

/// A signature of `personal_sign` by the key of the address (ERC-191).
fn is_eip191(address: &str, message: &str, proof: &str) -> bool {
    recovered(message, proof).is_some_and(|own| address.eq_ignore_ascii_case(&own))
}

fn recovered(message: &str, proof: &str) -> Option<String> {
    let bytes = from_hex(proof.strip_prefix("0x")?)?;
    let (signature, recovery) = bytes.split_at_checked(64)?;
    let [recovery] = recovery else { return None };
    let recovery = RecoveryId::from_byte(recovery.checked_sub(27)?)?;
    let signature = Signature::from_slice(signature).ok()?;
    let signed = format!("\u{19}Ethereum Signed Message:\n{}{message}", message.len());
    let hash = Keccak256::digest(signed);
    let key = VerifyingKey::recover_from_prehash(&hash, &signature, recovery).ok()?;
    let point = key.to_sec1_point(false);
    let hash = Keccak256::digest(point.as_bytes().get(1..)?);
    let tail = hash.get(12..)?;
    Some(format!("0x{}", crate::exchange::digest::hex(tail)))
}

/// A signature by an address that is a key in base58.
fn is_ed25519(address: &str, message: &str, proof: &str) -> bool {
    let Ok(key) = x428::encoding::parse_base58(address) else {
        return false;
    };
    let url: String = proof
        .trim_end_matches('=')
        .chars()
        .map(|c| match c {
            '+' => '-',
            '/' => '_',
            other => other,
        })
        .collect();
    let Ok(signature) = x428::encoding::parse_base64url(&url) else {
        return false;
    };
    UnparsedPublicKey::new(&ED25519, key)
        .verify(message.as_bytes(), &signature)
        .is_ok()
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    if !text.is_ascii() || !text.len().is_multiple_of(2) {
        return None;
    }
    (0..text.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(text.get(at..at + 2)?, 16).ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The address of the example.
    const OWN_ADDRESS: &str = "0x3811A0834f7e1C0A9E3C0bFaAd5BbD2FA5De22A5";

    // r[verify withdrawal.ownership.verify]
    // r[verify withdrawal.ownership.message]
    // r[verify withdrawal.ownership.address]
    #[test]
    fn the_signature_of_the_text_is_by_its_address() {
        let manifest = include_str!("../../../../../schema/withdrawal.manifest.json");
        let manifest: serde_json::Value = serde_json::from_str(manifest).unwrap();
        let examples = manifest["examples"].as_array().unwrap();
        let example = examples
            .iter()
            .find(|example| example["id"] == "ownership-proof");
        let proof: OwnershipProof =
            serde_json::from_value(example.unwrap()["value"].clone()).unwrap();
        let named = Named {
            issuer: "https://exchange.example",
            names: &["wd_3Tg5hPnXe7QaU1oMdWzCk9"],
            address: OWN_ADDRESS,
        };
        let now = "2026-11-20T12:03:10Z".parse().unwrap();
        assert!(check(&proof, &named, now).is_ok());
        let later = "2026-11-22T12:03:10Z".parse().unwrap();
        assert!(check(&proof, &named, later).is_err());
        for names in [["wd_3Tg5hPnXe7QaU1oMdWzCk8"], ["wd_3Tg5hPnXe7QaU1oMdWzCk"]] {
            let other = Named {
                names: &names,
                ..named
            };
            assert!(check(&proof, &other, now).is_err(), "{names:?}");
        }
        let address = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed";
        assert!(check(&proof, &Named { address, ..named }, now).is_err());
        let mut stranger = proof.clone();
        stranger.message = stranger
            .message
            .as_str()
            .replace("12:03:00Z", "12:03:01Z")
            .parse()
            .unwrap();
        assert!(check(&stranger, &named, now).is_err());
    }

    /// The text gives the key, so that everybody can sign the example again.
    #[test]
    fn the_key_of_the_text_is_that_of_the_address() {
        let seed = sha2::Sha256::digest("x428 test key of a self-hosted wallet");
        let key = k256::ecdsa::SigningKey::from_slice(&seed).unwrap();
        let point = key.verifying_key().to_sec1_point(false);
        let hash = Keccak256::digest(&point.as_bytes()[1..]);
        let address = crate::exchange::digest::hex(&hash[12..]);
        assert_eq!(format!("0x{address}"), OWN_ADDRESS.to_ascii_lowercase());
    }
}
