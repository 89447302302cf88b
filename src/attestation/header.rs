//! The headers, and where a payload travels (section 6.2).
//!
//! The HTTP library is the caller's: these are the names and values of the headers.

use super::wire::{ENCODED_HEADER_MAX, PAYLOAD_HEADER_MAX, headers};
use crate::encoding::base64url;

/// Carries the challenge, in a response with the status 428.
pub const REQUIRED: &str = headers::X_428_REQUIRED;
/// Carries the payload, in the repeated request.
pub const ATTESTATION: &str = headers::X_428_ATTESTATION;
/// Carries the token: with its expiry and scope in the response that grants it, alone in later
/// requests.
pub const TOKEN: &str = headers::X_428_TOKEN;
/// The header of the response that carries a receipt.
pub const RECEIPT: &str = headers::X_428_RECEIPT;

/// Where a payload travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Form {
    /// In the header [`ATTESTATION`] of the repeated request.
    Header,
    /// As the body of a POST to the attestation endpoint.
    Body,
}

impl Form {
    /// The form of a serialized payload of so many bytes, for a client with or without an
    /// attestation endpoint to post it to.
    ///
    /// [`Form::Body`] without an endpoint means that the payload cannot be submitted.
    // r[impl attestation.submit.post]
    // r[impl attestation.submit.header]
    // r[impl attestation.submit.encoded-ceiling]
    #[must_use]
    pub fn of(payload_bytes: usize, has_endpoint: bool) -> Self {
        let encoded = payload_bytes.saturating_mul(4).div_ceil(3);
        if payload_bytes > PAYLOAD_HEADER_MAX || (has_endpoint && encoded > ENCODED_HEADER_MAX) {
            Self::Body
        } else {
            Self::Header
        }
    }
}

/// Encodes the JSON text of a challenge, a payload or a token for its header.
#[must_use]
pub fn encode(json: &str) -> String {
    base64url(json)
}
