//! Payloads as a server receives them (sections 5.5 and 6.2).

use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::wire::{ErrorCode, PAYLOAD_HEADER_MAX};
use crate::encoding::parse_base64url_header;
use crate::error::Rejected;
use crate::jcs::{Limits, StrictJson};
use crate::sign::SIGNATURE_MEMBER;

/// A payload as it was received: an object of strict JSON, and nothing more is known of it.
///
/// What is verified is this object with all its members, never one that was made of the members
/// that are understood.
#[derive(Debug, Clone, PartialEq)]
pub struct Payload(StrictJson);

impl Payload {
    /// Reads the value of the header `X-428-Attestation`. A header that stands twice in a request
    /// is not for this function to see: it is refused as malformed.
    ///
    /// # Errors
    /// [`Rejected`] with `malformed_payload` for a value that is not base64url, for a payload that
    /// is too long for a header, and as [`Payload::from_body`].
    // r[impl attestation.submit.accept-header]
    // r[impl attestation.submit.oversized-header]
    pub fn from_header(value: &str) -> Result<Self, Rejected> {
        // The length tells before anything is decoded: four characters are three bytes.
        if value.len() > PAYLOAD_HEADER_MAX.div_ceil(3) * 4 {
            return Err(malformed("the payload is too long for a header"));
        }
        let text =
            parse_base64url_header(value).map_err(|_| malformed("the header is not base64url"))?;
        if text.len() > PAYLOAD_HEADER_MAX {
            return Err(malformed("the payload is too long for a header"));
        }
        Self::from_body(&text)
    }

    /// Reads the body of a POST to the attestation endpoint: the JSON text itself.
    ///
    /// # Errors
    /// [`Rejected`] with `malformed_payload` for a text that is not strict JSON or not an object.
    // r[impl attestation.verify.unreadable]
    pub fn from_body(text: &[u8]) -> Result<Self, Rejected> {
        let json = StrictJson::parse(text, Limits::default())
            .map_err(|error| malformed(error.detail().to_owned()))?;
        Self::from_json(json)
    }

    /// Takes a value that has been read strictly.
    ///
    /// # Errors
    /// [`Rejected`] with `malformed_payload` if it is not an object.
    // r[impl attestation.json.object]
    pub fn from_json(json: StrictJson) -> Result<Self, Rejected> {
        if json.value().is_object() {
            Ok(Self(json))
        } else {
            Err(malformed("the payload is not an object"))
        }
    }

    /// The whole object.
    #[must_use]
    pub fn json(&self) -> &StrictJson {
        &self.0
    }

    /// The nonce that the payload answers, for a server that stores its challenges. It is what the
    /// client says, and verified is nothing yet.
    #[must_use]
    pub fn nonce(&self) -> Option<&str> {
        self.member("challenge").and_then(Value::as_str)
    }

    /// The resource that the payload is for, for an attestation endpoint that serves several. It
    /// is what the client says, and verified is nothing yet.
    #[must_use]
    pub fn resource(&self) -> Option<&str> {
        self.member("resource").and_then(Value::as_str)
    }

    /// The SHA-256 of the canonical bytes of the whole payload with its signature.
    #[must_use]
    pub fn digest(&self) -> [u8; 32] {
        Sha256::digest(self.0.canonical()).into()
    }

    pub(super) fn member(&self, name: &str) -> Option<&Value> {
        self.0.value().get(name)
    }

    // r[impl attestation.signature.input]
    // r[impl attestation.verify.received]
    pub(super) fn signed_bytes(&self) -> Vec<u8> {
        self.0.canonical_without(SIGNATURE_MEMBER)
    }
}

fn malformed(detail: impl Into<std::borrow::Cow<'static, str>>) -> Rejected {
    Rejected::new(ErrorCode::MalformedPayload, detail)
}
