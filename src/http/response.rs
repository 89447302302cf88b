//! What the response to an accepted payload carries: the token, and perhaps a receipt.

use ::http::{HeaderMap, Response, header};

use super::{JSON, NO_STORE, RECEIPT, TOKEN, encoded, received, wire};
use crate::attestation::token;
use crate::encoding::parse_base64url_header;
use crate::error::{Malformed, Misuse};
use crate::jcs::{Limits, StrictJson};
use wire::{AttestationToken, Receipt};

/// Puts the token into the header, in the place of any other.
///
/// # Errors
/// None in practice; a token is always JSON.
// r[impl attestation.http.token-header]
pub fn put_token(headers: &mut HeaderMap, token: &AttestationToken) -> Result<(), Misuse> {
    let mut value = encoded(token)?;
    value.set_sensitive(true);
    headers.insert(TOKEN, value);
    Ok(())
}

/// Puts the receipt into the header, in the place of any other.
///
/// # Errors
/// None in practice; a receipt is always JSON.
// r[impl attestation.receipt.transport]
pub fn put_receipt(headers: &mut HeaderMap, receipt: &Receipt) -> Result<(), Misuse> {
    headers.insert(RECEIPT, encoded(receipt)?);
    Ok(())
}

/// The response of the attestation endpoint to a payload that is accepted: the token as the body
/// and in the header.
///
/// # Errors
/// None in practice; a token is always JSON.
// r[impl attestation.http.endpoint-success]
pub fn accepted(token: &AttestationToken) -> Result<Response<Vec<u8>>, Misuse> {
    let body = serde_json::to_vec(token).map_err(|error| Misuse::new(error.to_string()))?;
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, JSON);
    headers.insert(header::CACHE_CONTROL, NO_STORE);
    put_token(headers, token)?;
    Ok(response)
}

/// The token of a response with its expiry and scope; nothing if there is none.
///
/// # Errors
/// [`Malformed`] if the header is repeated or holds no token.
// r[impl attestation.http.repeated]
pub fn token(headers: &HeaderMap) -> Result<Option<AttestationToken>, Malformed> {
    let value = received(headers, &TOKEN, "token")?;
    value.map(token::from_header).transpose()
}

/// The token of a response with all its members, as it was received: a receipt names its digest.
///
/// # Errors
/// As [`token`](fn@token).
pub fn received_token(headers: &HeaderMap) -> Result<Option<StrictJson>, Malformed> {
    received(headers, &TOKEN, "token")?.map(json).transpose()
}

/// The receipt of a response with all its members, as it was received and not yet checked; nothing
/// if there is none.
///
/// # Errors
/// [`Malformed`] if the header is repeated or holds no strict JSON.
pub fn receipt(headers: &HeaderMap) -> Result<Option<StrictJson>, Malformed> {
    received(headers, &RECEIPT, "receipt")?
        .map(json)
        .transpose()
}

fn json(value: &str) -> Result<StrictJson, Malformed> {
    StrictJson::parse(&parse_base64url_header(value)?, Limits::default())
}
