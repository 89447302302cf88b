//! Webhooks: signed by the exchange, verified by the client (section 8.5).
//!
//! What is signed is the id, the time and the body, as Standard Webhooks has it: with HMAC-SHA256
//! for `v1`, with Ed25519 for `v1a`. The same event may arrive twice: whoever receives it remembers
//! [`Verified::id`].
//!
//! ```
//! use x428::clock::{Clock, SystemClock};
//! use x428::withdrawal::webhook::{Delivery, WebhookKey, WebhookVerifier};
//!
//! let key = WebhookKey::generate()?;
//! let secret = key.secret().ok_or("a shared key has a secret")?;
//! let now = SystemClock.now();
//! let body = br#"{"type":"webhook.test","timestamp":"2026-11-20T11:50:05Z",
//!     "data":{"webhookId":"wh_9Ka3pDgSh1QiO7eRcUvJt0"}}"#;
//! let headers = Delivery::sign("msg_2Lp7vXcRq9Tz", now, body, &[&key])?;
//!
//! let verifier = WebhookVerifier::new().with_secret(&secret)?;
//! let verified = verifier.verify(&headers, body, now)?;
//! assert_eq!(verified.id(), "msg_2Lp7vXcRq9Tz");
//! assert!(verifier.verify(&headers, b"{}", now).is_err());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::fmt;

use hmac::{Hmac, KeyInit as _, Mac as _};
use jiff::Timestamp;
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use crate::encoding::{base64, parse_base64};
use crate::error::{Malformed, Misuse, Unavailable};
use crate::jcs::{Limits, StrictJson};
use crate::sign::seal::random;
use crate::sign::{Signature, SigningKey, VerifyingKey, is_published_test_key};
use crate::wire::withdrawal::{
    PublicKey, WEBHOOK_TOLERANCE, WebhookEvent, WebhookSecret, WebhookSignatureKind,
};

#[cfg(test)]
mod tests;

const SECRET_PREFIX: &str = "whsec_";
const PUBLIC_PREFIX: &str = "whpk_";
/// The bytes of a new secret.
const SECRET: usize = 32;
/// The longest id that is signed or verified.
const ID_MAX: usize = 256;
/// More signatures than any rotation of keys needs.
const SIGNATURES_MAX: usize = 16;

/// A key that signs webhooks.
pub struct WebhookKey(Key);

enum Key {
    Shared(Zeroizing<Vec<u8>>),
    Own(SigningKey),
}

/// The three headers of a webhook, as they are sent and as they were received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// `webhook-id`: names the event, the same on every attempt.
    pub id: String,
    /// `webhook-timestamp`: the time of the attempt in seconds since 1970-01-01T00:00:00Z.
    pub timestamp: String,
    /// `webhook-signature`: signatures, separated by spaces.
    pub signature: String,
}

/// Verifies the webhooks of an exchange.
#[derive(Default)]
pub struct WebhookVerifier {
    secrets: Vec<Zeroizing<Vec<u8>>>,
    keys: Vec<VerifyingKey>,
    accepts_test_keys: bool,
}

/// A webhook that the exchange has signed, and not too long ago.
#[derive(Debug, Clone, Copy)]
#[must_use = "the same event may arrive twice"]
pub struct Verified<'a> {
    id: &'a str,
    body: &'a [u8],
}

/// Why a webhook is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidWebhook {
    /// A header is not of its form.
    #[error("a header is not of its form")]
    Form,
    /// Its time differs too much from the clock.
    #[error("the time differs too much from the clock")]
    Time,
    /// None of the signatures is by a key that is known.
    #[error("no signature verifies")]
    Signature,
}

impl WebhookKey {
    /// Makes the key of a subscription of kind `v1`.
    ///
    /// # Errors
    /// [`Unavailable`] if the system has no random source.
    pub fn generate() -> Result<Self, Unavailable> {
        let mut secret = Zeroizing::new(vec![0; SECRET]);
        random(&mut secret)?;
        Ok(Self(Key::Shared(secret)))
    }

    /// Takes the secret of a subscription of kind `v1`.
    ///
    /// # Errors
    /// [`Malformed`] if it is not base64.
    pub fn shared(secret: &WebhookSecret) -> Result<Self, Malformed> {
        Ok(Self(Key::Shared(secret_bytes(secret)?)))
    }

    /// Takes the exchange's key for subscriptions of kind `v1a`.
    #[must_use]
    pub fn own(key: SigningKey) -> Self {
        Self(Key::Own(key))
    }

    /// Which kind of signature it makes.
    #[must_use]
    pub fn kind(&self) -> WebhookSignatureKind {
        match self.0 {
            Key::Shared(_) => WebhookSignatureKind::V1,
            Key::Own(_) => WebhookSignatureKind::V1a,
        }
    }

    /// The secret, for the answer that creates a subscription of kind `v1`. There is none for `v1a`.
    #[must_use]
    pub fn secret(&self) -> Option<WebhookSecret> {
        let Key::Shared(secret) = &self.0 else {
            return None;
        };
        WebhookSecret::parse(format!("{SECRET_PREFIX}{}", base64(secret))).ok()
    }

    /// The public key that the exchange publishes for `v1a`. There is none for `v1`.
    #[must_use]
    pub fn public_key(&self) -> Option<PublicKey> {
        let Key::Own(key) = &self.0 else {
            return None;
        };
        let bytes = key.verifying_key().public_key().0;
        PublicKey::parse(format!("{PUBLIC_PREFIX}{}", base64(bytes))).ok()
    }

    fn sign(&self, message: &[u8]) -> String {
        let code = match &self.0 {
            Key::Shared(secret) => base64(hmac(secret, message).finalize().into_bytes()),
            Key::Own(key) => base64(key.sign_bytes(message).0),
        };
        format!("{},{code}", self.kind())
    }
}

impl Delivery {
    /// Signs the body of a webhook with every key: with the old and the new one while a secret is
    /// being changed.
    ///
    /// # Errors
    /// [`Misuse`] for an id that is empty, longer than 256 bytes, or has a character that is no
    /// letter, digit, hyphen or underscore; for no key, and for more than sixteen.
    // r[impl withdrawal.webhook.sign]
    pub fn sign(
        id: &str,
        now: Timestamp,
        body: &[u8],
        keys: &[&WebhookKey],
    ) -> Result<Self, Misuse> {
        if !is_id(id) {
            return Err(Misuse::new("a webhook needs an id of letters and digits"));
        }
        if keys.is_empty() || keys.len() > SIGNATURES_MAX {
            return Err(Misuse::new("a webhook has one to sixteen signatures"));
        }
        let timestamp = now.as_second().to_string();
        let message = signed(id, &timestamp, body);
        let signatures: Vec<_> = keys.iter().map(|key| key.sign(&message)).collect();
        Ok(Self {
            id: id.to_owned(),
            timestamp,
            signature: signatures.join(" "),
        })
    }
}

impl WebhookVerifier {
    /// Knows no key, and refuses every webhook.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Knows the secret of one more subscription.
    ///
    /// # Errors
    /// [`Malformed`] if it is not base64.
    pub fn with_secret(mut self, secret: &WebhookSecret) -> Result<Self, Malformed> {
        self.secrets.push(secret_bytes(secret)?);
        Ok(self)
    }

    /// Knows one more key that the exchange publishes.
    ///
    /// Nothing is verified by a key that the specification publishes with its secret, unless
    /// [test keys are accepted](Self::danger_accept_test_keys).
    ///
    /// # Errors
    /// [`Malformed`] if it is no Ed25519 key, or a weak one.
    pub fn with_public_key(mut self, key: &PublicKey) -> Result<Self, Malformed> {
        let refuse = || Malformed::new("webhook key", "not 32 bytes in base64");
        let text = key
            .as_str()
            .strip_prefix(PUBLIC_PREFIX)
            .ok_or_else(refuse)?;
        let bytes = parse_base64(text)?.try_into().map_err(|_| refuse())?;
        self.keys
            .push(VerifyingKey::new(crate::did::PublicKey(bytes))?);
        Ok(self)
    }

    /// Accepts signatures by the keys that Appendix B publishes, secrets included: for examples and
    /// vectors, never for production.
    #[must_use]
    pub fn danger_accept_test_keys(mut self) -> Self {
        self.accepts_test_keys = true;
        self
    }

    /// Verifies a webhook over the bytes that were received, before anything in them is read.
    ///
    /// One signature that verifies is enough. Signatures of kinds that are not known are passed
    /// over.
    ///
    /// # Errors
    /// [`InvalidWebhook`]
    // r[impl withdrawal.webhook.sign]
    pub fn verify<'a>(
        &self,
        headers: &'a Delivery,
        body: &'a [u8],
        now: Timestamp,
    ) -> Result<Verified<'a>, InvalidWebhook> {
        if !is_id(&headers.id) {
            return Err(InvalidWebhook::Form);
        }
        let attempt = seconds(&headers.timestamp).ok_or(InvalidWebhook::Form)?;
        if now.as_second().abs_diff(attempt) > WEBHOOK_TOLERANCE.as_secs() {
            return Err(InvalidWebhook::Time);
        }
        let message = signed(&headers.id, &headers.timestamp, body);
        let signatures: Vec<_> = headers.signature.split(' ').collect();
        if signatures.len() > SIGNATURES_MAX {
            return Err(InvalidWebhook::Form);
        }
        if !signatures.iter().any(|text| self.is_signed(text, &message)) {
            return Err(InvalidWebhook::Signature);
        }
        Ok(Verified {
            id: &headers.id,
            body,
        })
    }

    // r[impl withdrawal.vectors.test-keys]
    fn is_signed(&self, signature: &str, message: &[u8]) -> bool {
        let Some((kind, code)) = signature.split_once(',') else {
            return false;
        };
        let (Ok(kind), Ok(code)) = (kind.parse(), parse_base64(code)) else {
            return false;
        };
        match kind {
            WebhookSignatureKind::V1 => self
                .secrets
                .iter()
                // The comparison takes the same time wherever the codes differ.
                .any(|secret| hmac(secret, message).verify_slice(&code).is_ok()),
            WebhookSignatureKind::V1a => {
                let Ok(code) = code.try_into() else {
                    return false;
                };
                let signature = Signature(code);
                self.keys
                    .iter()
                    .filter(|key| {
                        self.accepts_test_keys || !is_published_test_key(&key.public_key())
                    })
                    .any(|key| key.verify(message, &signature).is_ok())
            }
        }
    }
}

impl<'a> Verified<'a> {
    /// Names the event. The receiver acts on each once.
    #[must_use]
    pub fn id(&self) -> &'a str {
        self.id
    }

    /// Reads the event.
    ///
    /// # Errors
    /// [`Malformed`] for an event that this version does not know. The receiver ignores it.
    pub fn event(&self) -> Result<WebhookEvent, Malformed> {
        StrictJson::parse(self.body, Limits::default())?.read("webhook")
    }
}

fn hmac(secret: &[u8], message: &[u8]) -> Hmac<Sha256> {
    // RFC 2104 §2: a key that is longer than a block is hashed, a shorter one filled up.
    let mut block = Zeroizing::new([0; 64]);
    if let Some(start) = block.get_mut(..secret.len()) {
        start.copy_from_slice(secret);
    } else {
        block[..32].copy_from_slice(&Zeroizing::new(<[u8; 32]>::from(Sha256::digest(secret)))[..]);
    }
    let mut hmac = Hmac::<Sha256>::new((&*block).into());
    hmac.update(message);
    hmac
}

/// An id has no full stop: `a.1` at the time 2 would be signed as `a` at the time 1 is.
fn is_id(id: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    (1..=ID_MAX).contains(&id.len()) && id.bytes().all(allowed)
}

/// The time of an attempt, written as a number is.
fn seconds(text: &str) -> Option<i64> {
    let seconds: i64 = text.parse().ok()?;
    (seconds >= 0 && seconds.to_string() == text).then_some(seconds)
}

fn signed(id: &str, timestamp: &str, body: &[u8]) -> Vec<u8> {
    [id.as_bytes(), b".", timestamp.as_bytes(), b".", body].concat()
}

fn secret_bytes(secret: &WebhookSecret) -> Result<Zeroizing<Vec<u8>>, Malformed> {
    let text = secret.as_str().strip_prefix(SECRET_PREFIX);
    let text = text.ok_or_else(|| Malformed::new("webhook secret", "no prefix"))?;
    parse_base64(text).map(Zeroizing::new)
}

impl fmt::Debug for WebhookKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "WebhookKey({})", self.kind())
    }
}

impl fmt::Debug for WebhookVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (secrets, keys) = (self.secrets.len(), self.keys.len());
        write!(f, "WebhookVerifier({secrets} secrets, {keys} keys)")
    }
}
