//! A request: its parts, its body within the limit, one reading of the clock; and the layer that
//! names it.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::{FromRequest, FromRequestParts as _, RawPathParams, Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http_body_util::BodyExt as _;
use jiff::Timestamp;
use serde::de::DeserializeOwned;
use x428::wire::withdrawal::headers::{
    ALLOW, DPOP, DPOP_NONCE, RATELIMIT, RATELIMIT_POLICY, X_REQUEST_ID,
};
use x428::wire::withdrawal::{ErrorDetailCode, REQUEST_SIZE_MAX, RequestId, WithdrawalErrorCode};
use x428::withdrawal::refusal::{self, Refused};

use super::Exchange;
use super::failure::{Failure, refuse, refuse_at};
use super::oauth::dpop;
use super::rate::Visitor;

/// The longest body that is read to its end, in bytes: one that is too long by mistake.
const PASSED_OVER_MAX: usize = 16 * REQUEST_SIZE_MAX;
/// How long a client may take to send a body.
const PATIENCE: Duration = Duration::from_secs(30);

/// A request.
pub(crate) struct Call {
    pub(crate) exchange: Arc<Exchange>,
    pub(crate) method: Method,
    pub(crate) uri: Uri,
    pub(crate) headers: HeaderMap,
    body: Option<Bytes>,
    /// The parameter of the path, if there is one.
    pub(crate) id: String,
    /// Who sends it.
    pub(crate) visitor: Arc<Visitor>,
    /// When it is answered: the one reading of the clock.
    // r[impl withdrawal.security.clock]
    pub(crate) now: Timestamp,
}

impl FromRequest<Arc<Exchange>> for Call {
    type Rejection = std::convert::Infallible;

    async fn from_request(
        request: Request,
        exchange: &Arc<Exchange>,
    ) -> Result<Self, Self::Rejection> {
        let (mut parts, body) = request.into_parts();
        let id = match RawPathParams::from_request_parts(&mut parts, exchange).await {
            // No identifier has a NUL, which PostgreSQL takes in no text.
            Ok(params) => params
                .iter()
                .next()
                .map(|(_, value)| value.to_owned())
                .filter(|id| !id.contains('\0')),
            Err(_) => None,
        };
        let visitor = parts.extensions.get().cloned().unwrap_or_default();
        let body = tokio::time::timeout(PATIENCE, read(body)).await;
        Ok(Self {
            now: exchange.now(),
            exchange: Arc::clone(exchange),
            method: parts.method,
            uri: parts.uri,
            headers: parts.headers,
            id: id.unwrap_or_default(),
            visitor,
            body: body.ok().flatten(),
        })
    }
}

/// Reads a body; one that is longer than the limit is none. What it has beyond is passed over: a
/// connection that ends while the client is still sending may end before it has the answer.
async fn read(mut body: Body) -> Option<Bytes> {
    let mut bytes = Vec::new();
    let mut length: usize = 0;
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.ok()?.into_data() else {
            continue;
        };
        length = length.saturating_add(data.len());
        if length > PASSED_OVER_MAX {
            return None;
        }
        if length > REQUEST_SIZE_MAX {
            bytes = Vec::new();
        } else {
            bytes.extend_from_slice(&data);
        }
    }
    (length <= REQUEST_SIZE_MAX).then(|| bytes.into())
}

impl Call {
    /// The body of a form or a page. A longer one than the limit is none.
    pub(crate) fn form_body(&self) -> Option<&Bytes> {
        self.body.as_ref()
    }

    /// Reads a body of JSON.
    pub(crate) fn json<T: DeserializeOwned>(&self) -> Result<T, Failure> {
        Ok(refusal::read(&self.strict_json()?)?)
    }

    /// Reads a body of JSON, as the value that was sent.
    pub(crate) fn strict_json(&self) -> Result<x428::jcs::StrictJson, Failure> {
        let is_json = |value: &HeaderValue| {
            let value = value.to_str().unwrap_or_default();
            let essence = value.split(';').next().unwrap_or_default().trim();
            essence.eq_ignore_ascii_case("application/json")
        };
        if !self.headers.get(header::CONTENT_TYPE).is_some_and(is_json) {
            return Err(refuse_at(
                WithdrawalErrorCode::InvalidRequest,
                "The body is not application/json.",
                "/Content-Type",
                ErrorDetailCode::Value,
            ));
        }
        let body = self.body.as_ref().ok_or_else(|| {
            let message = "The body is too long, or did not come to its end.";
            Refused::new(WithdrawalErrorCode::InvalidRequest, message)
                .at("", ErrorDetailCode::Range)
        })?;
        Ok(refusal::body(body)?)
    }

    /// Takes one of the parameters of the URI that the operation knows; each at most once.
    // r[impl withdrawal.page.unknown-filter]
    pub(crate) fn parameters(&self, known: &[&str]) -> Result<Vec<(String, String)>, Failure> {
        let query = self.uri.query().unwrap_or_default();
        let mut parameters: Vec<(String, String)> = Vec::new();
        for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
            let place = format!("/{name}");
            if !known.contains(&&*name) {
                return Err(refuse_at(
                    WithdrawalErrorCode::InvalidRequest,
                    "A parameter is not known.",
                    &place,
                    ErrorDetailCode::Unknown,
                ));
            }
            if parameters.iter().any(|(other, _)| *other == name) {
                return Err(refuse_at(
                    WithdrawalErrorCode::InvalidRequest,
                    "A parameter is there twice.",
                    &place,
                    ErrorDetailCode::Duplicate,
                ));
            }
            parameters.push((name.into_owned(), value.into_owned()));
        }
        Ok(parameters)
    }
}

/// Names the request, and writes what every response of the API has.
// r[impl withdrawal.http.request-id]
// r[impl withdrawal.http.no-store]
pub(crate) async fn envelope(
    State(exchange): State<Arc<Exchange>>,
    request: Request,
    next: Next,
) -> Response {
    let Some(id) = exchange
        .random
        .id("req")
        .ok()
        .and_then(|id| RequestId::parse(id).ok())
    else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let shows_possession = request.headers().contains_key(DPOP);
    let mut response = next.run(request).await;
    // What was refused has committed nothing, and may have seen what is not durable yet.
    if !method.is_safe()
        && !response.status().is_success()
        && let Err(fault) = exchange.store.settled().await
    {
        response = Failure::from(fault).into_response();
    }
    if let Some(failure) = response.extensions_mut().remove::<Failure>() {
        let said = [RATELIMIT, RATELIMIT_POLICY, ALLOW]
            .map(|name| (name, response.headers().get(name).cloned()));
        response = failure.render(&id);
        for (name, value) in said {
            if let Some(value) = value {
                response.headers_mut().insert(name, value);
            }
        }
    }
    // The path alone: a query or a header may have codes, tokens and proofs in it.
    // r[impl withdrawal.privacy.logs]
    tracing::info!(
        request = id.as_str(),
        method = method.as_str(),
        path,
        status = response.status().as_u16(),
        "answered"
    );
    let headers = response.headers_mut();
    if let Ok(id) = HeaderValue::from_str(id.as_str()) {
        headers.insert(X_REQUEST_ID, id);
    }
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // The next proof has a current nonce before it is refused without one (RFC 9449 §8.2).
    if shows_possession
        && !headers.contains_key(DPOP_NONCE)
        && let Ok(nonce) = HeaderValue::from_str(&dpop::nonce(&exchange, exchange.now()))
    {
        headers.insert(DPOP_NONCE, nonce);
    }
    response
}

/// Answers for a path of the API that there is not. The body is read, so that the connection goes
/// on.
pub(crate) async fn nothing(_: Call) -> Failure {
    super::failure::not_found()
}

/// Answers for a method that a path has not. The router says in `Allow` which it has, and the body
/// is read, so that the connection goes on.
// r[impl withdrawal.http.method]
pub(crate) async fn no_method(_: Call) -> Failure {
    refuse(
        WithdrawalErrorCode::MethodNotAllowed,
        "The path does not have this method.",
    )
}
