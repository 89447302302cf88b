use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use sha2::{Digest as _, Sha256};
use x428::encoding::base64url;
use x428::wire::withdrawal::{
    AccessToken as AccessTokenText, AuthorizationCodeGrantType, AuthorizationDetails, CodeVerifier,
    OAuthErrorCode as Code, REFRESH_REUSE_WINDOW, RefreshToken, RefreshTokenGrantType, Scope,
    TokenResponse, TokenResponseExpiresIn, TokenType,
};

use super::client_auth::{Authenticated, authenticate, possession};
use super::form::Form;
use super::{OAuthFailure, end_consent, request};
use crate::exchange::audit;
use crate::exchange::call::Call;
use crate::exchange::digest;
use crate::exchange::model::{AccessToken, AuthorizationCode, Consent, Owner, Refresh, Registered};
use crate::exchange::store::{Fault, Writing};

/// Exchanges a code or a refresh token for tokens.
pub(super) async fn post(call: Call) -> Result<Response, OAuthFailure> {
    let form = Form::of_body(&call)?;
    let kind = form.need("grant_type", "The grant type is missing.")?;
    let authenticated = authenticate(&call, &form).await?;
    let shown = form.get("refresh_token");
    let shown = shown.and_then(|token| call.exchange.keys.read_refresh_token(token));
    if let (Registered::Public, Some((grant, _))) = (&authenticated.client.registered, shown) {
        call.exchange.rate_of_grant(grant, &call).await?;
    }
    let jkt = possession(&call).await?;
    // r[impl withdrawal.dpop.bound]
    if authenticated.is_high() && jkt.is_none() {
        return Err(OAuthFailure::new(
            Code::InvalidDpopProof,
            "The DPoP proof is missing.",
        ));
    }
    let response = match kind {
        AuthorizationCodeGrantType::VALUE => of_code(&call, &form, &authenticated, jkt).await?,
        RefreshTokenGrantType::VALUE => of_refresh(&call, &form, &authenticated, jkt).await?,
        _ => {
            return Err(OAuthFailure::new(
                Code::UnsupportedGrantType,
                "The grant type is not known.",
            ));
        }
    };
    // A public client has shown nothing until now.
    call.visitor.is_known();
    let no_store = [(header::CACHE_CONTROL, HeaderValue::from_static("no-store"))];
    Ok((no_store, axum::Json(response)).into_response())
}

async fn of_code(
    call: &Call,
    form: &Form,
    authenticated: &Authenticated,
    jkt: Option<String>,
) -> Result<TokenResponse, OAuthFailure> {
    let refuse = || OAuthFailure::invalid_grant("The authorization code is not valid.");
    let id = digest::of(form.need("code", "The code is missing.")?);
    let redirect_uri = form.need("redirect_uri", "The redirect URI is missing.")?;
    let verifier = form.need("code_verifier", "The code verifier is missing.")?;
    if CodeVerifier::parse(verifier).is_err() {
        return Err(OAuthFailure::invalid_request(
            "The code verifier is not of its form.",
        ));
    }
    let mut writing = call.exchange.store.write().await?;
    let code: AuthorizationCode = writing.get(&id).await?.ok_or_else(refuse)?;
    if code.client != authenticated.client.id {
        return Err(refuse());
    }
    let consent: Consent = writing.get(&code.consent).await?.ok_or_else(refuse)?;
    writing.turn_of(&consent.owner).await?;
    // What was read before the turn may be what another request has just changed.
    let mut code: AuthorizationCode = writing.get(&id).await?.ok_or_else(refuse)?;
    let mut consent: Consent = writing.get(&code.consent).await?.ok_or_else(refuse)?;
    // r[impl withdrawal.authorize.code]
    if code.used {
        end_consent(&mut writing, &mut consent, call.now).await?;
        writing.commit().await?;
        return Err(OAuthFailure::invalid_grant(
            "The authorization code has been used.",
        ));
    }
    // r[impl withdrawal.token.verifier]
    let computed = base64url(Sha256::digest(verifier));
    let holds = call.now < code.ends_at
        && consent.ended_at.is_none()
        && code.redirect_uri == redirect_uri
        && digest::same(&computed, &code.code_challenge)
        && code
            .jkt
            .as_ref()
            .is_none_or(|bound| jkt.as_ref() == Some(bound));
    if !holds {
        return Err(refuse());
    }
    code.used = true;
    if consent.scopes.contains(&Scope::OfflineAccess) {
        // What it gave may live for as long as nobody ends it: so long is the code known.
        code.ends_at = Timestamp::MAX;
    }
    writing.put(&code).await?;
    if consent.scopes.contains(&Scope::OfflineAccess) {
        consent.refresh = Some(Refresh {
            generation: 0,
            rotated_at: call.now,
            jkt: jkt.clone(),
        });
        writing.put(&consent).await?;
    }
    let scopes = consent.scopes.clone();
    let response = issue(call, &mut writing, &consent, scopes, jkt).await?;
    note(&mut writing, &consent, "tokens", call.now).await?;
    writing.commit().await?;
    Ok(response)
}

/// Puts into the owner's record what has become of the tokens of a grant.
async fn note(
    writing: &mut Writing,
    consent: &Consent,
    event: &str,
    now: Timestamp,
) -> Result<(), Fault> {
    let what = json!({"event": event, "client": consent.client, "consent": consent.id});
    audit::append(writing, &consent.owner, now, what).await
}

async fn of_refresh(
    call: &Call,
    form: &Form,
    authenticated: &Authenticated,
    jkt: Option<String>,
) -> Result<TokenResponse, OAuthFailure> {
    let refuse = || OAuthFailure::invalid_grant("The refresh token is not valid.");
    let token = form.need("refresh_token", "The refresh token is missing.")?;
    let (id, generation) = call
        .exchange
        .keys
        .read_refresh_token(token)
        .ok_or_else(refuse)?;
    let mut writing = call.exchange.store.write().await?;
    let consent: Consent = writing.get(id).await?.ok_or_else(refuse)?;
    if consent.client != authenticated.client.id {
        return Err(refuse());
    }
    writing.turn_of(&consent.owner).await?;
    let mut consent: Consent = writing.get(id).await?.ok_or_else(refuse)?;
    let mut refresh = consent.refresh.clone().ok_or_else(refuse)?;
    if refresh.jkt.is_some() && refresh.jkt != jkt {
        return Err(refuse());
    }
    if !may_refresh(&mut writing, &consent).await? {
        return Err(refuse());
    }
    if !authenticated.is_high() {
        match rotated(&refresh, generation, call.now)? {
            Rotation::New => {
                refresh.generation += 1;
                refresh.rotated_at = call.now;
                consent.refresh = Some(refresh);
                writing.put(&consent).await?;
            }
            Rotation::Repeated => {}
            Rotation::Reused => {
                note(&mut writing, &consent, "refresh.reused", call.now).await?;
                end_consent(&mut writing, &mut consent, call.now).await?;
                writing.commit().await?;
                return Err(refuse());
            }
        }
    }
    // r[impl withdrawal.refresh.narrow]
    let scopes = match form.get("scope") {
        None => consent.scopes.clone(),
        Some(text) => {
            let asked = request::scopes(text)?;
            if !asked.iter().all(|scope| consent.scopes.contains(scope)) {
                return Err(OAuthFailure::new(
                    Code::InvalidScope,
                    "A scope was not granted.",
                ));
            }
            asked
        }
    };
    let response = issue(call, &mut writing, &consent, scopes, jkt).await?;
    writing.commit().await?;
    Ok(response)
}

enum Rotation {
    New,
    Repeated,
    Reused,
}

/// What it means that the token of a generation is presented now.
// r[impl withdrawal.refresh.rotate]
// r[impl withdrawal.refresh.window]
fn rotated(refresh: &Refresh, generation: u32, now: Timestamp) -> Result<Rotation, Fault> {
    let window = SignedDuration::try_from(REFRESH_REUSE_WINDOW).map_err(Fault::because)?;
    let in_window = now <= refresh.rotated_at + window;
    Ok(if generation == refresh.generation {
        Rotation::New
    } else if generation + 1 == refresh.generation && in_window {
        Rotation::Repeated
    } else {
        Rotation::Reused
    })
}

// r[impl withdrawal.refresh.end]
async fn may_refresh(writing: &mut Writing, consent: &Consent) -> Result<bool, Fault> {
    let owner: Option<Owner> = writing.get(&consent.owner).await?;
    let owner = owner.ok_or(Fault::Damaged)?;
    Ok(consent.ended_at.is_none() && !owner.restricted && owner.secured_at <= consent.granted_at)
}

async fn issue(
    call: &Call,
    writing: &mut Writing,
    consent: &Consent,
    scopes: Vec<Scope>,
    jkt: Option<String>,
) -> Result<TokenResponse, OAuthFailure> {
    let lifetime = call.exchange.settings.access_token_lifetime;
    let text = call.exchange.random.token("at")?;
    let kind = if jkt.is_some() {
        TokenType::DPoP
    } else {
        TokenType::Bearer
    };
    let token = AccessToken {
        id: digest::of(&text),
        consent: consent.id.clone(),
        client: consent.client.clone(),
        scopes,
        jkt,
        issued_at: call.now,
        revoked: false,
        // r[impl withdrawal.token.lifetime]
        ends_at: call.now + SignedDuration::try_from(lifetime).map_err(Fault::because)?,
    };
    writing.put(&token).await?;
    let seconds = u32::try_from(lifetime.as_secs()).map_err(Fault::because)?;
    let mut response = TokenResponse::new(
        AccessTokenText::parse(text)?,
        kind,
        TokenResponseExpiresIn::new(seconds)?,
        request::scope_list(&token.scopes)?,
    );
    if let Some(refresh) = &consent.refresh {
        let text = call
            .exchange
            .keys
            .refresh_token(&consent.id, refresh.generation);
        response = response.with_refresh_token(RefreshToken::parse(text)?);
    }
    if !consent.details.is_empty() {
        let details = AuthorizationDetails::new(consent.details.clone())?;
        response = response.with_authorization_details(details);
    }
    Ok(response)
}
