//! The keys under which a server recognizes what it has issued itself.
//!
//! Nonces are authenticated with HMAC-SHA-256 (RFC 2104), tokens are encrypted and authenticated
//! with XChaCha20-Poly1305. The two uses never share a key: that of the tokens is derived.

use std::fmt;

use chacha20poly1305::aead::{Aead as _, Payload};
use chacha20poly1305::{Key, KeyInit as _, XChaCha20Poly1305, XNonce};
use hmac::{Hmac, Mac as _};
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::encoding::{base64url, parse_base64url};
use crate::error::Unavailable;

#[cfg(test)]
mod tests;

/// The first byte of everything that is sealed: a later format has another one.
const VERSION: u8 = 1;
const HEADER: usize = 5;
const NONCE: usize = 24;

/// A secret of 32 bytes that all instances of a server share, and nobody else has.
#[derive(Clone)]
pub struct SealKey {
    id: u32,
    secret: Zeroizing<[u8; 32]>,
}

impl SealKey {
    /// Takes a secret. The `id` is public and tells the keys of a ring apart.
    #[must_use]
    pub fn new(id: u32, secret: [u8; 32]) -> Self {
        Self {
            id,
            secret: Zeroizing::new(secret),
        }
    }

    /// Makes a secret from the random source of the system.
    ///
    /// # Errors
    /// [`Unavailable`] if the system has no random source.
    pub fn generate(id: u32) -> Result<Self, Unavailable> {
        let mut key = Self::new(id, [0; 32]);
        random(key.secret.as_mut_slice())?;
        Ok(key)
    }

    /// The public name of the key.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.id
    }

    fn hmac(&self, parts: &[&[u8]]) -> Hmac<Sha256> {
        // A secret of 32 bytes is shorter than a block, so that the key is the secret.
        let mut block = Zeroizing::new([0; 64]);
        block[..32].copy_from_slice(self.secret.as_slice());
        let mut hmac = Hmac::<Sha256>::new((&*block).into());
        for part in parts {
            hmac.update(part);
        }
        hmac
    }

    fn cipher(&self, purpose: &str) -> XChaCha20Poly1305 {
        let mut key: Key = self
            .hmac(&[b"x428-seal-v1\0", purpose.as_bytes()])
            .finalize()
            .into_bytes();
        let cipher = XChaCha20Poly1305::new(&key);
        zeroize::Zeroize::zeroize(key.as_mut_slice());
        cipher
    }
}

impl fmt::Debug for SealKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SealKey({})", self.id)
    }
}

/// The key that seals, and those that still open what they have sealed.
///
/// To rotate without refusing anyone: add the new key as a previous one on every instance, then
/// make it the current one, then drop the old one when what it sealed has expired.
#[derive(Debug, Clone)]
pub struct SealRing {
    current: SealKey,
    previous: Vec<SealKey>,
}

impl SealRing {
    /// Seals and opens with one key.
    #[must_use]
    pub fn new(current: SealKey) -> Self {
        Self {
            current,
            previous: Vec::new(),
        }
    }

    /// Opens with another key too.
    #[must_use]
    pub fn with_previous(mut self, key: SealKey) -> Self {
        self.previous.push(key);
        self
    }

    fn keys(&self) -> impl Iterator<Item = &SealKey> {
        std::iter::once(&self.current).chain(&self.previous)
    }

    /// The authentication code of the current key over the parts, one after the other.
    pub(crate) fn authenticate(&self, parts: &[&[u8]]) -> [u8; 32] {
        self.current.hmac(parts).finalize().into_bytes().into()
    }

    /// Whether one of the keys made the code. Takes the same time wherever codes differ.
    pub(crate) fn is_authentic(&self, parts: &[&[u8]], code: &[u8; 32]) -> bool {
        self.keys()
            .any(|key| key.hmac(parts).verify(code.into()).is_ok())
    }

    /// Encrypts and authenticates a text for one purpose.
    pub(crate) fn seal(&self, purpose: &str, plain: &[u8]) -> Result<String, Unavailable> {
        let mut sealed = vec![VERSION];
        sealed.extend(self.current.id.to_be_bytes());
        let mut nonce = [0; NONCE];
        random(&mut nonce)?;
        let payload = Payload {
            msg: plain,
            aad: &sealed,
        };
        let cipher = self.current.cipher(purpose);
        let encrypted = cipher
            .encrypt(&XNonce::from(nonce), payload)
            .map_err(|error| Unavailable::new("cipher", error))?;
        sealed.extend(nonce);
        sealed.extend(encrypted);
        Ok(base64url(sealed))
    }

    /// Decrypts what a key of this ring has sealed for the same purpose; nothing otherwise.
    pub(crate) fn open(&self, purpose: &str, sealed: &str) -> Option<Vec<u8>> {
        let sealed = parse_base64url(sealed).ok()?;
        let (header, rest) = sealed.split_at_checked(HEADER)?;
        let (nonce, encrypted) = rest.split_first_chunk::<NONCE>()?;
        let (&[version], id) = header.split_first_chunk::<1>()?;
        let id = u32::from_be_bytes(id.try_into().ok()?);
        if version != VERSION {
            return None;
        }
        let payload = || Payload {
            msg: encrypted,
            aad: header,
        };
        self.keys().filter(|key| key.id == id).find_map(|key| {
            let cipher = key.cipher(purpose);
            cipher.decrypt(&XNonce::from(*nonce), payload()).ok()
        })
    }
}

pub(crate) fn random(bytes: &mut [u8]) -> Result<(), Unavailable> {
    getrandom::fill(bytes).map_err(|error| Unavailable::new("random source", error))
}
