//! Ed25519 (RFC 8032), over the canonical bytes of JSON objects.
//!
//! This is the only module that sees the bytes of a secret. They are erased when a key is dropped,
//! and no `Debug` output shows them.
//!
//! ```
//! use serde_json::json;
//! use x428::jcs::{Limits, StrictJson};
//! use x428::sign::{SigningKey, sign_object, verify_object};
//!
//! let key = SigningKey::generate()?;
//! let mut object = json!({"resource": "https://example.com/api/data"});
//! let signature = sign_object(&StrictJson::from_value(object.clone(), Limits::default())?, &key)?;
//! object["signature"] = signature.to_string().into();
//! let received = StrictJson::from_value(object, Limits::default())?;
//! verify_object(&received, &key.verifying_key())?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::fmt;
use std::future::{Future, ready};
use std::sync::Arc;

use serde_json::Value;

use crate::did::PublicKey;
use crate::encoding::{base64url, parse_base64url_array};
use crate::error::{Malformed, Unavailable};
use crate::jcs::StrictJson;

mod key;
mod published;
pub mod seal;
#[cfg(test)]
mod tests;
mod verify;

pub use key::SigningKey;
pub use published::is_published_test_key;
pub use verify::{InvalidSignature, VerifyingKey};

/// The member that carries the signature of an object and is not part of what is signed.
pub const SIGNATURE_MEMBER: &str = "signature";

/// An Ed25519 signature: 64 bytes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Signature(pub [u8; 64]);

impl Signature {
    /// Reads unpadded base64url.
    ///
    /// # Errors
    /// [`Malformed`] for anything else, and for any other number of bytes.
    // r[impl attestation.signature.strict-encoding]
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        parse_base64url_array(text).map(Self)
    }
}

impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&base64url(self.0))
    }
}

impl fmt::Debug for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Signature({self})")
    }
}

/// Holds an Ed25519 key, or has one used: by a key service, by a device, by a person.
pub trait Signer {
    /// The public half of the key.
    fn public_key(&self) -> PublicKey;

    /// Signs a message.
    ///
    /// # Errors
    /// [`Unavailable`] if the holder of the key did not answer.
    fn sign(&self, message: &[u8]) -> impl Future<Output = Result<Signature, Unavailable>> + Send;
}

impl Signer for SigningKey {
    fn public_key(&self) -> PublicKey {
        self.verifying_key().public_key()
    }

    fn sign(&self, message: &[u8]) -> impl Future<Output = Result<Signature, Unavailable>> + Send {
        ready(Ok(self.sign_bytes(message)))
    }
}

impl<S: Signer + ?Sized> Signer for &S {
    fn public_key(&self) -> PublicKey {
        (**self).public_key()
    }

    fn sign(&self, message: &[u8]) -> impl Future<Output = Result<Signature, Unavailable>> + Send {
        (**self).sign(message)
    }
}

impl<S: Signer + ?Sized> Signer for Arc<S> {
    fn public_key(&self) -> PublicKey {
        (**self).public_key()
    }

    fn sign(&self, message: &[u8]) -> impl Future<Output = Result<Signature, Unavailable>> + Send {
        (**self).sign(message)
    }
}

/// The bytes that the signature of an object covers: its canonical bytes without its own member
/// `signature`.
///
/// # Errors
/// [`Malformed`] if the value is not an object.
pub fn signed_bytes(object: &StrictJson) -> Result<Vec<u8>, Malformed> {
    object.object()?;
    Ok(object.canonical_without(SIGNATURE_MEMBER))
}

/// Signs an object. A member `signature` that it has already is not covered.
///
/// # Errors
/// [`Malformed`] if the value is not an object.
pub fn sign_object(object: &StrictJson, key: &SigningKey) -> Result<Signature, Malformed> {
    Ok(key.sign_bytes(&signed_bytes(object)?))
}

/// Verifies the member `signature` of an object.
///
/// # Errors
/// [`InvalidSignature`] if there is none, if it is not 64 bytes in unpadded base64url, and if the
/// key did not make it over this object.
pub fn verify_object(object: &StrictJson, key: &VerifyingKey) -> Result<(), InvalidSignature> {
    let signature = object
        .value()
        .get(SIGNATURE_MEMBER)
        .and_then(Value::as_str)
        .and_then(|text| Signature::parse(text).ok())
        .ok_or(InvalidSignature)?;
    let message = signed_bytes(object).map_err(|_| InvalidSignature)?;
    key.verify(&message, &signature)
}
