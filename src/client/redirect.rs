//! Redirects (RFC 9110 §15.4): where the next request goes, and what it leaves behind.
//!
//! The HTTP client would take the headers of this protocol with it to another origin. It follows no
//! redirect here; every hop is a request of its own, with the token of its own scope.

use http::{HeaderName, Method, StatusCode, header};
use reqwest::{Request, Response};
use url::Url;

use crate::http::{ATTESTATION, TOKEN};

/// What speaks of a body.
const OF_BODY: [HeaderName; 4] = [
    header::CONTENT_TYPE,
    header::CONTENT_LENGTH,
    header::CONTENT_ENCODING,
    header::TRANSFER_ENCODING,
];
/// What is for the first server alone.
const OF_ORIGIN: [HeaderName; 6] = [
    header::AUTHORIZATION,
    header::COOKIE,
    header::PROXY_AUTHORIZATION,
    header::HOST,
    ATTESTATION,
    TOKEN,
];

/// Where the response to a request for a URL sends the client, if anywhere.
pub(super) fn target(response: &Response, requested: &Url) -> Option<Url> {
    let redirects = matches!(
        response.status(),
        StatusCode::MOVED_PERMANENTLY
            | StatusCode::FOUND
            | StatusCode::SEE_OTHER
            | StatusCode::TEMPORARY_REDIRECT
            | StatusCode::PERMANENT_REDIRECT
    );
    let location = response.headers().get(header::LOCATION)?.to_str().ok()?;
    let target = requested.join(location).ok()?;
    let is_followed = redirects && matches!(target.scheme(), "https" | "http");
    is_followed.then_some(target)
}

/// The request that follows a redirect; nothing if it needs a body that is spent. `spare` is a copy
/// of the request that was redirected, `spent` the same without its body.
// r[impl attestation.token.origin]
pub(super) fn followed(
    status: StatusCode,
    spare: Option<Request>,
    spent: Request,
    target: Url,
) -> Option<Request> {
    let only_retrieves = match status {
        StatusCode::SEE_OTHER => true,
        StatusCode::MOVED_PERMANENTLY | StatusCode::FOUND => *spent.method() == Method::POST,
        _ => false,
    };
    let mut request = if only_retrieves {
        let mut request = spent;
        if *request.method() != Method::HEAD {
            *request.method_mut() = Method::GET;
        }
        for name in OF_BODY {
            request.headers_mut().remove(name);
        }
        request
    } else {
        spare?
    };
    if request.url().origin() != target.origin() {
        for name in OF_ORIGIN {
            request.headers_mut().remove(name);
        }
    }
    *request.url_mut() = target;
    Some(request)
}

/// A copy of a request without its body, which may be one that cannot be copied.
pub(super) fn without_body(request: &Request) -> Request {
    let mut copy = Request::new(request.method().clone(), request.url().clone());
    *copy.headers_mut() = request.headers().clone();
    *copy.timeout_mut() = request.timeout().copied();
    *copy.version_mut() = request.version();
    copy
}
