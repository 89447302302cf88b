//! The authorization server (chapter 3).

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};

use super::call::{self, Call};
use super::failure::Failure;
use super::{Exchange, pages, rate};

pub(crate) mod authorize;
mod client_auth;
pub(crate) mod details;
pub(crate) mod dpop;
mod failure;
mod form;
mod introspect;
pub(crate) mod jwt;
mod metadata;
mod par;
mod request;
mod revoke;
mod token;

pub(crate) use failure::OAuthFailure;
pub(crate) use revoke::end_consent;

/// The endpoints of OAuth 2.0 and the metadata.
pub(crate) fn routes() -> Router<Arc<Exchange>> {
    Router::new()
        .route("/oauth/authorize", get(authorize::get))
        .route("/oauth/par", post(par::post))
        .route("/oauth/token", post(token::post))
        .route("/oauth/revoke", post(revoke::post))
        .route("/oauth/introspect", post(introspect::post))
        .route("/oauth/jwks", get(metadata::jwks))
        .route(
            "/.well-known/oauth-authorization-server",
            get(metadata::authorization_server),
        )
        .route(
            "/.well-known/oauth-protected-resource",
            get(metadata::protected_resource),
        )
        .route("/.well-known/x428-exchange", get(metadata::exchange))
        .method_not_allowed_fallback(no_method)
}

/// Whether the errors of the endpoint have the form of RFC 6749 §5.2.
fn is_of_oauth(path: &str) -> bool {
    matches!(
        path,
        "/oauth/par" | "/oauth/token" | "/oauth/revoke" | "/oauth/introspect"
    )
}

/// Answers for a method that an endpoint has not. The router says in `Allow` which it has.
async fn no_method(call: Call) -> Response {
    if is_of_oauth(call.uri.path()) {
        let failure = OAuthFailure::invalid_request("The endpoint does not have this method.");
        let mut response = failure.into_response();
        *response.status_mut() = StatusCode::METHOD_NOT_ALLOWED;
        return response;
    }
    call::no_method(call).await.into_response()
}

/// Counts requests where they come from, and answers as each endpoint does if there are too many.
pub(crate) async fn limits(
    State(exchange): State<Arc<Exchange>>,
    request: Request,
    next: Next,
) -> Response {
    let refuse: fn(rate::Left) -> Response = match request.uri().path() {
        "/oauth/authorize" => pages::too_many,
        path if is_of_oauth(path) => |left| OAuthFailure::from(left).into_response(),
        _ => |left| Failure::from(left).into_response(),
    };
    rate::admit(exchange, request, next, refuse).await
}
