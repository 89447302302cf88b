use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use x428::wire::withdrawal::{
    AuthorizationDetails, ClientId, IntrospectionResponse, IntrospectionResponseExp,
    IntrospectionResponseIat, Scope, Subject, TokenConfirmation, TokenType,
};

use super::client_auth::authenticate;
use super::form::Form;
use super::{OAuthFailure, request};
use crate::exchange::call::Call;
use crate::exchange::digest;
use crate::exchange::model::{AccessToken, Consent};

/// Says what is known of a token of the client that asks (RFC 7662).
pub(super) async fn post(call: Call) -> Result<Response, OAuthFailure> {
    let form = Form::of_body(&call)?;
    let authenticated = authenticate(&call, &form).await?;
    let token = form.need("token", "The token is missing.")?;
    let answer = about(&call, &authenticated.client.id, token).await?;
    let answer = answer.unwrap_or_else(|| IntrospectionResponse::new(false));
    let no_store = [(header::CACHE_CONTROL, HeaderValue::from_static("no-store"))];
    Ok((no_store, axum::Json(answer)).into_response())
}

// r[impl withdrawal.introspect.own]
async fn about(
    call: &Call,
    client: &str,
    token: &str,
) -> Result<Option<IntrospectionResponse>, OAuthFailure> {
    let mut reading = call.exchange.store.read().await?;
    if let Some((consent, generation)) = call.exchange.keys.read_refresh_token(token) {
        let consent: Option<Consent> = reading.get(consent).await?;
        reading.end().await?;
        let consent = consent.filter(|consent| {
            let is_current = consent
                .refresh
                .as_ref()
                .is_some_and(|refresh| refresh.generation == generation);
            consent.client == client && consent.ended_at.is_none() && is_current
        });
        let Some(consent) = consent else {
            return Ok(None);
        };
        return Ok(Some(describe(&consent, &consent.scopes)?));
    }
    let token: Option<AccessToken> = reading.get(&digest::of(token)).await?;
    let token =
        token.filter(|token| token.client == client && !token.revoked && call.now < token.ends_at);
    let consent: Option<Consent> = match &token {
        Some(token) => reading.get(&token.consent).await?,
        None => None,
    };
    reading.end().await?;
    let consent = consent.filter(|consent| consent.ended_at.is_none());
    let (Some(token), Some(consent)) = (token, consent) else {
        return Ok(None);
    };
    let seconds = |at: Timestamp| at.as_second();
    let mut answer = describe(&consent, &token.scopes)?
        .with_token_type(match token.jkt {
            Some(_) => TokenType::DPoP,
            None => TokenType::Bearer,
        })
        .with_exp(IntrospectionResponseExp::new(seconds(token.ends_at))?)
        .with_iat(IntrospectionResponseIat::new(seconds(token.issued_at))?);
    if let Some(jkt) = token.jkt {
        answer = answer.with_cnf(TokenConfirmation::new(jkt.parse()?));
    }
    Ok(Some(answer))
}

fn describe(consent: &Consent, scopes: &[Scope]) -> Result<IntrospectionResponse, OAuthFailure> {
    let mut answer = IntrospectionResponse::new(true)
        .with_scope(request::scope_list(scopes)?)
        .with_client_id(ClientId::parse(consent.client.as_str())?)
        .with_sub(Subject::parse(consent.subject.as_str())?);
    if !consent.details.is_empty() {
        let details = AuthorizationDetails::new(consent.details.clone())?;
        answer = answer.with_authorization_details(details);
    }
    Ok(answer)
}
