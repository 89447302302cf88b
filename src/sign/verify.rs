//! Strict verification.

use ed25519_dalek::Signature as DalekSignature;

use super::Signature;
use crate::did::PublicKey;
use crate::error::Malformed;

/// The signature is not one of this key over this message.
///
/// It says no more than that: which of the checks failed is nothing that a sender could mend.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the signature does not verify")]
pub struct InvalidSignature;

/// A public key that may verify.
#[derive(Clone, PartialEq, Eq)]
pub struct VerifyingKey(ed25519_dalek::VerifyingKey);

impl VerifyingKey {
    /// Takes the point that the bytes name.
    ///
    /// # Errors
    /// [`Malformed`] if the bytes are no point, are a second spelling of one (RFC 8032 §5.1.3), or
    /// are a point of small order: under such a key one signature fits every message.
    pub fn new(public_key: PublicKey) -> Result<Self, Malformed> {
        let key = point(public_key)?;
        if key.is_weak() {
            return Err(refuse("a point of small order"));
        }
        Ok(Self(key))
    }

    /// Verifies once under a key that may turn out to be none. Strict verification refuses a point
    /// of small order itself, so that it need not be looked for twice.
    pub(crate) fn verify_once(
        public_key: PublicKey,
        message: &[u8],
        signature: &Signature,
    ) -> Result<(), InvalidSignature> {
        let key = point(public_key).map_err(|_| InvalidSignature)?;
        Self(key).verify(message, signature)
    }

    pub(super) fn of(key: &ed25519_dalek::SigningKey) -> Self {
        Self(key.verifying_key())
    }

    /// The bytes of the key.
    #[must_use]
    pub fn public_key(&self) -> PublicKey {
        PublicKey(self.0.to_bytes())
    }

    /// Verifies a signature over a message, strictly: besides RFC 8032 §5.1.7, `R` is not of small
    /// order either, so that no signature can be turned into another one of the same message.
    ///
    /// # Errors
    /// [`InvalidSignature`]
    // r[impl attestation.signature.algorithm]
    // r[impl attestation.signature.strict]
    // r[impl attestation.signature.weak-key]
    pub fn verify(&self, message: &[u8], signature: &Signature) -> Result<(), InvalidSignature> {
        self.0
            .verify_strict(message, &DalekSignature::from_bytes(&signature.0))
            .map_err(|_| InvalidSignature)
    }
}

impl std::fmt::Debug for VerifyingKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "VerifyingKey({})", self.public_key().to_multibase())
    }
}

fn point(public_key: PublicKey) -> Result<ed25519_dalek::VerifyingKey, Malformed> {
    if !is_reduced(&public_key.0) {
        return Err(refuse("not the canonical encoding of a point"));
    }
    ed25519_dalek::VerifyingKey::from_bytes(&public_key.0)
        .map_err(|_| refuse("not a point of the curve"))
}

fn refuse(why: &'static str) -> Malformed {
    Malformed::new("Ed25519 public key", why)
}

/// Whether the y coordinate is below 2^255 − 19.
fn is_reduced(bytes: &[u8; 32]) -> bool {
    bytes[0] < 0xed || bytes[1..31].iter().any(|&byte| byte != 0xff) || bytes[31] & 0x7f != 0x7f
}
