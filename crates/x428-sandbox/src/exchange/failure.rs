//! What goes wrong in a request of the API, and how it is answered.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use x428::wire::withdrawal::headers::{DPOP_NONCE, WWW_AUTHENTICATE};
use x428::wire::withdrawal::{
    Challenge, ErrorDetailCode, RequestId, TokenType, WithdrawalErrorCode as Code,
};
use x428::withdrawal::refusal::Refused;

use super::store::Fault;

/// Why a request was not done.
#[derive(Debug, Clone)]
pub(crate) enum Failure {
    /// The client is told why.
    Refused(Box<Refused>),
    /// A second factor is needed first.
    Challenged(Box<Challenge>),
    /// The token does not suffice.
    Unauthorized(Box<(Refused, Challengers)>),
    /// The exchange failed. The client learns that, and the log why.
    Fault(String),
}

/// What the headers of a 401 say.
#[derive(Debug, Clone, Default)]
pub(crate) struct Challengers {
    /// The parameters of `WWW-Authenticate` after the error.
    pub(crate) parameters: String,
    /// Whether the scheme is DPoP.
    pub(crate) dpop: bool,
    /// The next nonce of DPoP.
    pub(crate) nonce: Option<String>,
}

impl From<Refused> for Failure {
    fn from(refused: Refused) -> Self {
        Self::Refused(Box::new(refused))
    }
}

impl From<Fault> for Failure {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault.to_string())
    }
}

impl From<x428::wire::Invalid> for Failure {
    fn from(invalid: x428::wire::Invalid) -> Self {
        Self::Fault(invalid.to_string())
    }
}

/// Refuses with a code.
pub(crate) fn refuse(code: Code, message: &'static str) -> Failure {
    Refused::new(code, message).into()
}

/// Refuses with a code, for something at a place.
pub(crate) fn refuse_at(
    code: Code,
    message: &'static str,
    field: &str,
    detail: ErrorDetailCode,
) -> Failure {
    Refused::new(code, message).at(field, detail).into()
}

/// Refuses for something that is not there, or belongs to another: both are the same.
// r[impl withdrawal.read.others]
pub(crate) fn not_found() -> Failure {
    refuse(Code::NotFound, "There is no such object.")
}

impl Failure {
    fn refused(&self) -> Refused {
        match self {
            Self::Refused(refused) => (**refused).clone(),
            Self::Unauthorized(both) => both.0.clone(),
            Self::Challenged(_) => Refused::new(
                Code::ChallengeRequired,
                "The owner has to approve this withdrawal.",
            ),
            // r[impl withdrawal.security.fail-closed]
            Self::Fault(_) => Refused::new(Code::InternalError, "The exchange failed."),
        }
    }

    /// The response with the name of the request.
    // r[impl withdrawal.error.envelope]
    // r[impl withdrawal.challenge.top-level]
    pub(crate) fn render(&self, request: &RequestId) -> Response {
        if let Self::Fault(fault) = self {
            tracing::error!(request = request.as_str(), fault, "the request failed");
        }
        let refused = self.refused();
        let status =
            StatusCode::from_u16(refused.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let Ok(error) = refused.response(request.clone()) else {
            return StatusCode::INTERNAL_SERVER_ERROR.into_response();
        };
        let mut body = json!(error);
        if let Self::Challenged(challenge) = self
            && let (Value::Object(body), Value::Object(challenge)) = (&mut body, json!(challenge))
        {
            body.extend(challenge);
        }
        let mut response = (status, axum::Json(body)).into_response();
        let headers = response.headers_mut();
        if let Some(seconds) = refused.retry_after() {
            headers.insert(header::RETRY_AFTER, seconds.into());
        }
        if let Self::Unauthorized(both) = self {
            both.1.put(&refused, headers);
        }
        response
    }
}

impl Challengers {
    // r[impl withdrawal.error.authenticate]
    fn put(&self, refused: &Refused, headers: &mut axum::http::HeaderMap) {
        let scheme = if self.dpop {
            TokenType::DPoP
        } else {
            TokenType::Bearer
        };
        let mut value = format!(
            "{scheme} error=\"{}\", error_description=\"{}\"",
            refused.code().as_str(),
            refused.message()
        );
        if !self.parameters.is_empty() {
            value.push_str(", ");
            value.push_str(&self.parameters);
        }
        put(headers, WWW_AUTHENTICATE, &value);
        if let Some(nonce) = &self.nonce {
            put(headers, DPOP_NONCE, nonce);
        }
    }
}

fn put(headers: &mut axum::http::HeaderMap, name: &'static str, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}

impl IntoResponse for Failure {
    /// The layer that knows the name of the request writes the body.
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.refused().status())
            .unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}
