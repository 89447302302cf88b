//! What a request carries: a payload or a token.

use ::http::{HeaderMap, HeaderValue, header};

use super::{ATTESTATION, Field, JSON, TOKEN, wire};
use crate::attestation::header::Form;
use crate::attestation::{Payload, SignedPayload};
use crate::error::{Misuse, Rejected};
use wire::{AttestationToken, ErrorCode};

/// The payload that a request carries in its header; nothing if it carries none.
///
/// # Errors
/// [`Rejected`] with `malformed_payload` if the header is repeated, and as
/// [`Payload::from_header`].
// r[impl attestation.submit.ambiguous]
pub fn payload(headers: &HeaderMap) -> Result<Option<Payload>, Rejected> {
    let malformed = |why: &'static str| Rejected::new(ErrorCode::MalformedPayload, why);
    match Field::of(headers, &ATTESTATION) {
        Field::Absent => Ok(None),
        Field::Repeated => Err(malformed("the header X-428-Attestation is repeated")),
        Field::Once(value) => {
            let text = value
                .to_str()
                .map_err(|_| malformed("the header is not base64url"))?;
            Payload::from_header(text).map(Some)
        }
    }
}

/// The token that a request presents. Nothing if it presents none, and nothing if it presents
/// several or something that no token can be.
// r[impl attestation.http.repeated]
#[must_use]
pub fn token(headers: &HeaderMap) -> Option<&str> {
    match Field::of(headers, &TOKEN) {
        Field::Once(value) => value.to_str().ok(),
        Field::Absent | Field::Repeated => None,
    }
}

/// Puts a payload into the header of the repeated request, in the place of any other.
///
/// # Errors
/// [`Misuse`] if the payload is to be posted: see [`SignedPayload::form`].
pub fn put_payload(headers: &mut HeaderMap, payload: &SignedPayload) -> Result<(), Misuse> {
    let value = payload
        .to_header()
        .ok_or_else(|| Misuse::new("the payload is too long for a header"))?;
    headers.insert(ATTESTATION, secret(&value)?);
    Ok(())
}

/// The body of a POST to the attestation endpoint; its media type goes into the headers.
///
/// # Errors
/// [`Misuse`] if the payload is to travel in a header.
// r[impl attestation.http.endpoint-method]
pub fn post_payload(headers: &mut HeaderMap, payload: &SignedPayload) -> Result<Vec<u8>, Misuse> {
    if payload.form() != Form::Body {
        return Err(Misuse::new("the payload is to travel in a header"));
    }
    headers.insert(header::CONTENT_TYPE, JSON);
    Ok(payload.text().as_bytes().to_vec())
}

/// Presents a token, in the place of any other: the opaque string alone.
///
/// # Errors
/// [`Misuse`] if the token has characters that a header cannot carry.
// r[impl attestation.token.present]
pub fn put_token(headers: &mut HeaderMap, token: &AttestationToken) -> Result<(), Misuse> {
    headers.insert(TOKEN, secret(token.token.as_str())?);
    Ok(())
}

/// The value of a header that neither logs nor `Debug` show.
fn secret(text: &str) -> Result<HeaderValue, Misuse> {
    let mut value = HeaderValue::from_str(text)
        .map_err(|_| Misuse::new("the value has characters that a header cannot carry"))?;
    value.set_sensitive(true);
    Ok(value)
}
