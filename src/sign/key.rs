//! Secret keys and their file formats.

use std::fmt;

use ed25519_dalek::Signer as _;
use ed25519_dalek::pkcs8::spki::der::pem::LineEnding;
use ed25519_dalek::pkcs8::{DecodePrivateKey as _, EncodePrivateKey as _, KeypairBytes};
use serde_json::{Map, Value};
use zeroize::Zeroizing;

use super::{Signature, VerifyingKey};
use crate::did::{Did, key};
use crate::encoding::{ED25519_SECRET, base64url, multikey, parse_base64url_array, parse_multikey};
use crate::error::{Malformed, Unavailable};

/// An Ed25519 secret key. It is erased from memory when it is dropped.
#[derive(Clone)]
pub struct SigningKey(ed25519_dalek::SigningKey);

impl SigningKey {
    /// Makes a key from the random source of the system.
    ///
    /// # Errors
    /// [`Unavailable`] if the system has no random source.
    // r[impl attestation.key.random]
    pub fn generate() -> Result<Self, Unavailable> {
        let mut seed = Zeroizing::new([0; 32]);
        getrandom::fill(seed.as_mut_slice())
            .map_err(|error| Unavailable::new("random source", error))?;
        Ok(Self::from_seed(&seed))
    }

    /// Takes the 32 bytes of an Ed25519 private key (RFC 8032 §5.1.5).
    #[must_use]
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        Self(ed25519_dalek::SigningKey::from_bytes(seed))
    }

    /// Reads PKCS#8 in PEM, as OpenSSL writes it, version 1 or 2 (RFC 8410, RFC 5958).
    ///
    /// # Errors
    /// [`Malformed`] for other algorithms, encrypted keys, and a public key that is not of the
    /// secret one.
    pub fn from_pkcs8_pem(pem: &str) -> Result<Self, Malformed> {
        let pair = KeypairBytes::from_pkcs8_pem(pem)
            .map_err(|_| refuse("not PKCS#8 PEM of an Ed25519 key"))?;
        let key = Self::from_seed(&pair.secret_key);
        match &pair.public_key {
            Some(public_key) if public_key.0 != key.verifying_key().public_key().0 => {
                Err(refuse("the public key is not that of the secret key"))
            }
            _ => Ok(key),
        }
    }

    /// Writes PKCS#8 version 1 in PEM. Version 2, which repeats the public key, is refused by
    /// OpenSSL, Node.js and Python's cryptography.
    ///
    /// # Errors
    /// None in practice; the encoder reports the errors of every format in one type.
    pub fn to_pkcs8_pem(&self) -> Result<Zeroizing<String>, Malformed> {
        let pair = KeypairBytes {
            secret_key: self.0.to_bytes(),
            public_key: None,
        };
        pair.to_pkcs8_pem(LineEnding::LF)
            .map_err(|_| refuse("the key cannot be encoded"))
    }

    /// Reads a JSON Web Key with its secret (RFC 8037 §2).
    ///
    /// # Errors
    /// [`Malformed`] unless `kty` is `OKP`, `crv` is `Ed25519`, and `x` is the public key of `d`.
    pub fn from_jwk(jwk: &Map<String, Value>) -> Result<Self, Malformed> {
        let member = |name: &'static str| jwk.get(name).and_then(Value::as_str);
        if member("kty") != Some("OKP") || member("crv") != Some("Ed25519") {
            return Err(refuse("not of `kty` OKP and `crv` Ed25519"));
        }
        let (Some(secret), Some(public)) = (member("d"), member("x")) else {
            return Err(refuse("`d` and `x` are required"));
        };
        let seed = Zeroizing::new(parse_base64url_array(secret)?);
        let key = Self::from_seed(&seed);
        if parse_base64url_array(public)? != key.verifying_key().public_key().0 {
            return Err(refuse("`x` is not the public key of `d`"));
        }
        Ok(key)
    }

    /// Writes a JSON Web Key with its secret.
    #[must_use]
    pub fn to_jwk(&self) -> Zeroizing<String> {
        let secret = Zeroizing::new(base64url(Zeroizing::new(self.0.to_bytes()).as_slice()));
        let public = base64url(self.verifying_key().public_key().0);
        Zeroizing::new(format!(
            r#"{{"kty":"OKP","crv":"Ed25519","x":"{public}","d":"{}"}}"#,
            secret.as_str()
        ))
    }

    /// Reads a secret multikey: `z3u2…`, multibase base58btc with the multicodec prefix `8026`.
    ///
    /// # Errors
    /// [`Malformed`] for another base or another kind of key.
    pub fn from_multibase(text: &str) -> Result<Self, Malformed> {
        let seed = Zeroizing::new(parse_multikey(ED25519_SECRET, text)?);
        Ok(Self::from_seed(&seed))
    }

    /// Writes a secret multikey.
    #[must_use]
    pub fn to_multibase(&self) -> Zeroizing<String> {
        let seed = Zeroizing::new(self.0.to_bytes());
        Zeroizing::new(multikey(ED25519_SECRET, &seed))
    }

    /// The public half.
    #[must_use]
    pub fn verifying_key(&self) -> VerifyingKey {
        VerifyingKey::of(&self.0)
    }

    /// The did:key of the public half.
    ///
    /// # Errors
    /// None in practice; the text of a key is always a DID.
    pub fn did(&self) -> Result<Did, Malformed> {
        key::did(&self.verifying_key().public_key())
    }

    /// Signs a message.
    #[must_use]
    pub fn sign_bytes(&self, message: &[u8]) -> Signature {
        Signature(self.0.sign(message).to_bytes())
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let public = self.verifying_key().public_key().to_multibase();
        write!(f, "SigningKey(of {public})")
    }
}

fn refuse(why: &'static str) -> Malformed {
    Malformed::new("Ed25519 secret key", why)
}
