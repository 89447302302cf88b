use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use x428::wire::withdrawal::headers::DPOP_NONCE;
use x428::wire::withdrawal::{ErrorDescription, OAuthError, OAuthErrorCode as Code};

use crate::exchange::store::Fault;

/// An error of an endpoint of OAuth, in the form of RFC 6749 §5.2.
// r[impl withdrawal.oauth.errors]
#[derive(Debug, Clone)]
pub(crate) struct OAuthFailure {
    pub(crate) code: Code,
    pub(crate) description: &'static str,
    /// The nonce for the next proof.
    pub(crate) nonce: Option<String>,
    /// Whether the client tried HTTP Basic, and gets its challenge.
    pub(crate) basic: bool,
    /// Seconds after which to try again: too many requests.
    pub(crate) retry_after: Option<u32>,
}

impl OAuthFailure {
    pub(crate) fn new(code: Code, description: &'static str) -> Self {
        Self {
            code,
            description,
            nonce: None,
            basic: false,
            retry_after: None,
        }
    }

    pub(crate) fn invalid_request(description: &'static str) -> Self {
        Self::new(Code::InvalidRequest, description)
    }

    pub(crate) fn invalid_grant(description: &'static str) -> Self {
        Self::new(Code::InvalidGrant, description)
    }
}

impl From<Fault> for OAuthFailure {
    fn from(fault: Fault) -> Self {
        tracing::error!(%fault, "an endpoint of OAuth failed");
        Self::new(Code::ServerError, "The exchange failed.")
    }
}

impl From<x428::wire::Invalid> for OAuthFailure {
    fn from(invalid: x428::wire::Invalid) -> Self {
        Fault::because(invalid).into()
    }
}

impl IntoResponse for OAuthFailure {
    fn into_response(self) -> Response {
        let status = match self.retry_after {
            Some(_) => StatusCode::TOO_MANY_REQUESTS,
            None => StatusCode::from_u16(self.code.status())
                .unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
        };
        let mut body = OAuthError::new(self.code);
        if let Ok(description) = ErrorDescription::parse(self.description) {
            body = body.with_error_description(description);
        }
        let mut response = (status, axum::Json(body)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(Ok(nonce)) = self.nonce.as_deref().map(HeaderValue::from_str) {
            headers.insert(DPOP_NONCE, nonce);
        }
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, seconds.into());
        }
        if self.basic {
            let challenge = HeaderValue::from_static("Basic realm=\"token\"");
            headers.insert(header::WWW_AUTHENTICATE, challenge);
        }
        response
    }
}
