use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use jiff::SignedDuration;
use x428::wire::withdrawal::{
    ExpiresIn, OAuthErrorCode as Code, PAR_LIFETIME_MAX, PushedAuthorizationResponse, RequestUri,
};

use super::client_auth::{authenticate, possession};
use super::form::Form;
use super::{OAuthFailure, request};
use crate::exchange::call::Call;
use crate::exchange::model::AuthorizationRequest;

pub(super) const URN: &str = "urn:ietf:params:oauth:request_uri:";
/// How long a pushed request waits for the browser, in seconds.
const LIFETIME: u16 = 60;

const _: () = assert!(LIFETIME as u64 <= PAR_LIFETIME_MAX.as_secs());

/// Stores an authorization request and names it (RFC 9126).
pub(super) async fn post(call: Call) -> Result<Response, OAuthFailure> {
    let form = Form::of_body(&call)?;
    let authenticated = authenticate(&call, &form).await?;
    if form.get("request_uri").is_some() {
        return Err(OAuthFailure::invalid_request(
            "A request that is pushed names no other.",
        ));
    }
    let jkt = possession(&call).await?;
    let checked = request::check(&call, &form, &authenticated.client, true).await;
    let checked = checked.map_err(request::Refusal::into_failure)?;
    if let (Some(named), Some(shown)) = (&checked.jkt, &jkt)
        && named != shown
    {
        return Err(OAuthFailure::new(
            Code::InvalidDpopProof,
            "The DPoP proof is by another key than dpop_jkt.",
        ));
    }
    let request = AuthorizationRequest {
        jkt: jkt.or(checked.jkt),
        ends_at: call.now + SignedDuration::from_secs(LIFETIME.into()),
        ..checked
    };
    let uri = format!("{URN}{}", request.id);
    let mut writing = call.exchange.store.write().await?;
    writing.put(&request).await?;
    writing.commit().await?;
    let body = PushedAuthorizationResponse::new(RequestUri::parse(uri)?, ExpiresIn::new(LIFETIME)?);
    let no_store = [(header::CACHE_CONTROL, HeaderValue::from_static("no-store"))];
    Ok((StatusCode::CREATED, no_store, axum::Json(body)).into_response())
}
