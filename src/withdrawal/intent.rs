//! The intent: what the owner approves, and the hash that ties everything to it (sections 7.3 and
//! 7.8).
//!
//! ```
//! use x428::withdrawal::{intent::{Parties, intent_hash}, submission::Submission};
//! use x428::wire::withdrawal::{ClientId, HttpsUri, IdempotencyKey, Subject};
//!
//! let key = IdempotencyKey::parse("0f8fad5b-d9cb-469f-a165-70867728950e")?;
//! let body = br#"{"asset": "ETH", "network": "ethereum", "amount": "1.50",
//!     "address": "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"}"#;
//! let parties = Parties {
//!     issuer: HttpsUri::parse("https://exchange.example")?,
//!     client_id: ClientId::parse("example-wallet")?,
//!     subject: Subject::parse("acct-6c1f0b7e94d24a3c8b52e7d09a41f3c6")?,
//! };
//! let intent = Submission::read(body, key)?.intent(&parties)?;
//! assert_eq!(intent_hash(&intent)?.to_string(), "SNCaLQU0F1JDZr5l9d7VrY2b_Tz97jBPo9N5hREZ-Q8");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::fmt;

use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::decimal::Decimal;
use crate::encoding::{base64url, parse_base64url_array};
use crate::error::{Malformed, Misuse};
use crate::jcs;
use crate::wire::Invalid;
use crate::wire::withdrawal::{
    self as wire, ClientId, HttpsUri, Intent, Sha256Digest, Subject, WEBAUTHN_NONCE,
};

#[cfg(test)]
mod tests;

const WEBAUTHN_PREFIX: &[u8] = b"x428-webauthn-v1\0";

/// Between whom a withdrawal is: the exchange, the application and the owner.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Parties {
    /// The issuer of the exchange.
    pub issuer: HttpsUri,
    /// The client that submits.
    pub client_id: ClientId,
    /// The account of the owner, as this client knows it.
    pub subject: Subject,
}

/// The SHA-256 of the canonical form of an intent.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct IntentHash(pub [u8; 32]);

/// The canonical form of an intent (RFC 8785), with its decimals in normal form.
///
/// # Errors
/// [`Misuse`] for a decimal that cannot be in an intent; none in practice.
// r[impl withdrawal.intent.members]
pub fn canonical(intent: &Intent) -> Result<Vec<u8>, Misuse> {
    let mut intent = intent.clone();
    intent.amount = normal_amount(&intent.amount)?;
    intent.max_fee = intent.max_fee.as_ref().map(normal).transpose()?;
    canonical_of(&intent)
}

/// The intent hash.
///
/// # Errors
/// [`Misuse`] as [`canonical`].
// r[impl withdrawal.intent.hash]
// r[impl withdrawal.intent.change]
pub fn intent_hash(intent: &Intent) -> Result<IntentHash, Misuse> {
    Ok(IntentHash(Sha256::digest(canonical(intent)?).into()))
}

/// The challenge of WebAuthn for an intent. The nonce is fresh and random for every challenge, and
/// secret until the assertion is verified.
// r[impl withdrawal.webauthn.challenge]
#[must_use]
pub fn webauthn_challenge(hash: &IntentHash, nonce: &[u8; WEBAUTHN_NONCE]) -> [u8; 32] {
    Sha256::new()
        .chain_update(WEBAUTHN_PREFIX)
        .chain_update(hash.0)
        .chain_update(nonce)
        .finalize()
        .into()
}

/// An amount in normal form.
pub(super) fn normal_amount(text: &wire::PositiveDecimal) -> Result<wire::PositiveDecimal, Misuse> {
    Decimal::try_from(text)
        .map_err(|error| Misuse::new(error.to_string()))?
        .try_into()
        .map_err(|error: Invalid| Misuse::new(error.to_string()))
}

/// A decimal in normal form.
pub(super) fn normal(text: &wire::Decimal) -> Result<wire::Decimal, Misuse> {
    Decimal::try_from(text)
        .map_err(|error| Misuse::new(error.to_string()))?
        .try_into()
        .map_err(|error: Invalid| Misuse::new(error.to_string()))
}

fn canonical_of(value: &impl Serialize) -> Result<Vec<u8>, Misuse> {
    let value = serde_json::to_value(value).map_err(|error| Misuse::new(error.to_string()))?;
    Ok(jcs::canonical(&value))
}

/// Writes unpadded base64url.
impl fmt::Display for IntentHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&base64url(self.0))
    }
}

impl fmt::Debug for IntentHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "IntentHash({self})")
    }
}

impl TryFrom<&Sha256Digest> for IntentHash {
    type Error = Malformed;

    fn try_from(digest: &Sha256Digest) -> Result<Self, Malformed> {
        parse_base64url_array(digest.as_str()).map(Self)
    }
}

impl TryFrom<IntentHash> for Sha256Digest {
    type Error = Invalid;

    fn try_from(hash: IntentHash) -> Result<Self, Invalid> {
        Self::parse(hash.to_string())
    }
}
