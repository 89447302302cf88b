//! Proofs that an address is under the control of the receiver (section 9.3).

use jiff::{SignedDuration, Timestamp};
use k256::ecdsa;
use sha3::{Digest as _, Keccak256};
use x428::clock::parse_timestamp;
use x428::did::PublicKey;
use x428::encoding::{parse_base58, parse_base64};
use x428::sign::{Signature, VerifyingKey};
use x428::wire::withdrawal::{
    ErrorDetailCode, HttpsUri, OWNERSHIP_MESSAGE_AGE_MAX, OwnershipProof, OwnershipProofType,
    WithdrawalId,
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
    if words.iter().any(|word| names_another(word, named)) {
        return Err(wrong("The message names several withdrawals.", "/message"));
    }
    let mut times = words.iter().filter_map(|word| parse_timestamp(word).ok());
    let at = times
        .next()
        .ok_or_else(|| wrong("The message has no time.", "/message"))?;
    if times.next().is_some() {
        return Err(wrong("The message has several times.", "/message"));
    }
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
        // No network of Bitcoin is listed.
        OwnershipProofType::Bip322 | OwnershipProofType::Bip137 => {
            return Err(wrong("Proofs of this type are not verified here.", "/type"));
        }
        _ => return Err(wrong("The type of the proof is not known.", "/type")),
    };
    if holds {
        Ok(())
    } else {
        Err(wrong("The signature does not verify.", "/proof"))
    }
}

/// Whether a word is a name of the kind that a message has, and none of those that it may have: a
/// signature over several names would serve for each of them.
fn names_another(word: &str, named: &Named<'_>) -> bool {
    // What the ids of this exchange begin with: those of another one cannot be told from words.
    let is_id = word.starts_with("wd_") && WithdrawalId::parse(word).is_ok();
    let is_withdrawal = is_id && !named.names.contains(&word);
    let is_issuer = HttpsUri::parse(word).is_ok() && word != named.issuer;
    is_withdrawal || is_issuer
}

/// A signature of `personal_sign` by the key of the address (ERC-191).
fn is_eip191(address: &str, message: &str, proof: &str) -> bool {
    recovered(message, proof).is_some_and(|own| address.eq_ignore_ascii_case(&own))
}

fn recovered(message: &str, proof: &str) -> Option<String> {
    let bytes = from_hex(proof.strip_prefix("0x")?)?;
    let (signature, recovery) = bytes.split_at_checked(64)?;
    let [recovery] = recovery else { return None };
    // Of the four ids, the other two are of points that nobody finds.
    let recovery = recovery.checked_sub(27).filter(|id| *id < 2)?;
    let recovery = ecdsa::RecoveryId::from_byte(recovery)?;
    let signature = ecdsa::Signature::from_slice(signature).ok()?;
    let signed = format!("\u{19}Ethereum Signed Message:\n{}{message}", message.len());
    let hash = Keccak256::digest(signed);
    let key = ecdsa::VerifyingKey::recover_from_prehash(&hash, &signature, recovery).ok()?;
    let point = key.to_sec1_point(false);
    let hash = Keccak256::digest(point.as_bytes().get(1..)?);
    let tail = hash.get(12..)?;
    Some(format!("0x{}", crate::exchange::digest::hex(tail)))
}

/// A signature by an address that is a key in base58.
fn is_ed25519(address: &str, message: &str, proof: &str) -> bool {
    let key = parse_base58(address)
        .ok()
        .and_then(|key| key.try_into().ok());
    let key = key.and_then(|key| VerifyingKey::new(PublicKey(key)).ok());
    let signature = parse_base64(proof)
        .ok()
        .and_then(|text| text.try_into().ok());
    // Strictly: under a key of small order, one signature would show every address.
    matches!((key, signature), (Some(key), Some(signature))
        if key.verify(message.as_bytes(), &Signature(signature)).is_ok())
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let is_hex = text.bytes().all(|byte| byte.is_ascii_hexdigit());
    if !is_hex || !text.len().is_multiple_of(2) {
        return None;
    }
    (0..text.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(text.get(at..at + 2)?, 16).ok())
        .collect()
}

#[cfg(test)]
mod tests;
