//! The discovery document (section 4.3).

use std::time::Duration;

use ::http::{HeaderMap, HeaderValue, Response, StatusCode, header};

use super::{JSON, is_json, wire};
use crate::error::{Malformed, Misuse};
use crate::jcs::{Limits, StrictJson};
use wire::DiscoveryDocument;

/// Writes the response to `GET /.well-known/x428`, which caches may keep for `max_age`.
///
/// # Errors
/// None in practice; the document is always JSON.
// r[impl attestation.discovery.valid]
// r[impl attestation.discovery.cache]
pub fn to_response(
    document: &DiscoveryDocument,
    max_age: Duration,
) -> Result<Response<Vec<u8>>, Misuse> {
    let misuse = |error: &dyn std::fmt::Display| Misuse::new(error.to_string());
    let body = serde_json::to_vec(document).map_err(|error| misuse(&error))?;
    let cache = HeaderValue::try_from(format!("max-age={}", max_age.as_secs()))
        .map_err(|error| misuse(&error))?;
    let mut response = Response::new(body);
    response.headers_mut().insert(header::CONTENT_TYPE, JSON);
    response.headers_mut().insert(header::CACHE_CONTROL, cache);
    Ok(response)
}

/// Reads the response to `GET /.well-known/x428`. Nothing if the server offers no discovery, which
/// says nothing about its preconditions.
///
/// # Errors
/// [`Malformed`] for a response with the status 200 that is no discovery document.
// r[impl attestation.discovery.valid]
pub fn read(
    status: StatusCode,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<Option<DiscoveryDocument>, Malformed> {
    if status != StatusCode::OK {
        return Ok(None);
    }
    if !is_json(headers) {
        return Err(Malformed::new(
            "discovery document",
            "not of the media type `application/json`",
        ));
    }
    let json = StrictJson::parse(body, Limits::default())?;
    json.read("discovery document").map(Some)
}
