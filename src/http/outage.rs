//! The answer to a request that could not be judged (section 6.6).

use std::time::Duration;

use ::http::{HeaderValue, Response, StatusCode, header};

use super::{JSON, NO_STORE};

/// Answers 503 (RFC 9110 §15.6.4) with `Retry-After` in whole seconds, rounded up.
///
/// The body says that nothing was decided, and nothing of what is out of order: that is for the
/// server's own log.
// r[impl attestation.error.outage]
#[must_use]
pub fn outage(retry_after: Duration) -> Response<Vec<u8>> {
    let body = br#"{"detail":"The request could not be judged now. Nothing was accepted or refused. Try again later."}"#;
    let mut response = Response::new(body.to_vec());
    *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
    let seconds = retry_after.as_secs() + u64::from(retry_after.subsec_nanos() > 0);
    let headers = response.headers_mut();
    headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    headers.insert(header::CONTENT_TYPE, JSON);
    headers.insert(header::CACHE_CONTROL, NO_STORE);
    response
}
