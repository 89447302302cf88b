//! The HTTP binding (chapter 8): headers, statuses and bodies, without a runtime.
//!
//! | what | server | client |
//! |---|---|---|
//! | a 428 ([8.2]) | [`PreconditionRequired::to_response`] | [`PreconditionRequired::read`] |
//! | the payload ([6.2]) | [`request::payload`] | [`request::put_payload`], [`request::post_payload`] |
//! | the token ([6.5]) | [`request::token`], [`response::put_token`] | [`request::put_token`], [`response::token`] |
//! | the receipt ([12.2]) | [`response::put_receipt`] | [`response::receipt`] |
//! | discovery ([4.3]) | [`discovery::to_response`] | [`discovery::read`] |
//!
//! Server and client read and write through this module, and through nothing else of each other.
//!
//! ```
//! use http::{HeaderMap, StatusCode};
//! use x428::http::PreconditionRequired;
//!
//! // A 428 that asks for `If-Match` is one of RFC 6585, and none of this protocol.
//! let read = PreconditionRequired::read(StatusCode::PRECONDITION_REQUIRED, &HeaderMap::new(), b"");
//! assert!(read?.is_none());
//! # Ok::<(), x428::error::Malformed>(())
//! ```
//!
//! [4.3]: crate::wire::attestation::DiscoveryDocument
//! [6.2]: crate::attestation::Payload
//! [6.5]: crate::attestation::token
//! [8.2]: crate::wire::attestation::PreconditionRequired
//! [12.2]: crate::wire::attestation::Receipt

use ::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};

use crate::error::{Malformed, Misuse};
use crate::wire::attestation as wire;

pub mod discovery;
pub(crate) mod name;
mod outage;
pub mod request;
mod required;
pub mod response;

use name::header_name;
pub use outage::outage;
pub use required::PreconditionRequired;

/// Carries the challenge, in a response with the status 428.
pub const REQUIRED: HeaderName = header_name!(wire::headers::X_428_REQUIRED);
/// Carries the payload, in the repeated request.
pub const ATTESTATION: HeaderName = header_name!(wire::headers::X_428_ATTESTATION);
/// Carries the token: with its expiry and scope in the response that grants it, alone in later
/// requests.
pub const TOKEN: HeaderName = header_name!(wire::headers::X_428_TOKEN);
/// Carries the receipt, in the response that grants the token.
pub const RECEIPT: HeaderName = header_name!(wire::headers::X_428_RECEIPT);

/// The status of every refusal, and of every request that lacks an attestation (RFC 6585 §3).
pub const STATUS: StatusCode = StatusCode::PRECONDITION_REQUIRED;
/// Where a server serves its discovery document.
pub const DISCOVERY_PATH: &str = "/.well-known/x428";
/// Where a server takes posted payloads, unless its challenges name another address.
pub const ATTESTATION_PATH: &str = "/.well-known/x428-attest";
/// The media type of every body of this protocol.
pub const JSON: HeaderValue = HeaderValue::from_static("application/json");
/// The value of `Cache-Control` of everything that is not for a second reader.
pub const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");

/// A header that may stand once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Field<'a> {
    /// It is not there.
    Absent,
    /// It is there once.
    Once(&'a HeaderValue),
    /// It is there more than once, and no reader may choose.
    Repeated,
}

impl<'a> Field<'a> {
    /// Looks for a header.
    #[must_use]
    pub fn of(headers: &'a HeaderMap, name: &HeaderName) -> Self {
        let mut values = headers.get_all(name).iter();
        match (values.next(), values.next()) {
            (None, _) => Self::Absent,
            (Some(value), None) => Self::Once(value),
            (Some(_), Some(_)) => Self::Repeated,
        }
    }
}

/// Whether the headers say that the body is JSON. Parameters of the media type are ignored.
#[must_use]
pub fn is_json(headers: &HeaderMap) -> bool {
    let Field::Once(value) = Field::of(headers, &header::CONTENT_TYPE) else {
        return false;
    };
    value.to_str().is_ok_and(|value| {
        let essence = value.split_once(';').map_or(value, |(essence, _)| essence);
        essence.trim().eq_ignore_ascii_case("application/json")
    })
}

/// A header of a response, as text; nothing if it is not there.
// r[impl attestation.http.repeated]
fn received<'a>(
    headers: &'a HeaderMap,
    name: &HeaderName,
    what: &'static str,
) -> Result<Option<&'a str>, Malformed> {
    match Field::of(headers, name) {
        Field::Absent => Ok(None),
        Field::Repeated => Err(Malformed::new(what, "the header stands more than once")),
        Field::Once(value) => value
            .to_str()
            .map(Some)
            .map_err(|_| Malformed::new(what, "the header is not ASCII")),
    }
}

/// A message as the value of a header: base64url of its JSON text.
// r[impl attestation.base64url.write]
fn encoded(message: &impl serde::Serialize) -> Result<HeaderValue, Misuse> {
    let misuse = |error: &dyn std::fmt::Display| Misuse::new(error.to_string());
    let text = serde_json::to_string(message).map_err(|error| misuse(&error))?;
    let value = crate::attestation::header::encode(&text);
    HeaderValue::try_from(value).map_err(|error| misuse(&error))
}
