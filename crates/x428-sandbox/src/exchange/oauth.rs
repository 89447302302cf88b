//! The authorization server (chapter 3).

use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};

use super::Exchange;

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
}
