//! What a client learns before it has a token (section 3.9).

use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use x428::wire::withdrawal::{
    AuthorizationCodeGrantType, AuthorizationServerMetadata, ChallengePolicy,
    ClientAuthenticationMethod, CodeResponseType, ExchangeMetadata, JsonWebKeySet,
    JsonWebKeySetKeys, PAGE_MAX, Profile, ProtectedResourceMetadata, RefreshTokenGrantType,
    S256CodeChallengeMethod, SPECIFICATION_VERSION, Scope, StepUpMethod, WebhookSignatureKind,
    X428WithdrawalType,
};
use x428::withdrawal::webhook::WebhookKey;

use super::jwt::ALGORITHMS;
use crate::exchange::call::Call;
use crate::exchange::failure::Failure;
use crate::exchange::keys;
use crate::exchange::settings::Settings;
use crate::exchange::store::Fault;

/// The profiles in which clients are served.
// r[impl withdrawal.oauth.profiles]
fn profiles(settings: &Settings) -> &'static [Profile] {
    if settings.require_high {
        &[Profile::High]
    } else {
        Profile::ALL
    }
}

/// The metadata of the authorization server (RFC 8414).
// r[impl withdrawal.metadata.algorithms]
pub(super) async fn authorization_server(call: Call) -> Result<Response, Failure> {
    let settings = &call.exchange.settings;
    let at = |path: &str| format!("{}{path}", settings.issuer);
    let methods: Vec<_> = ClientAuthenticationMethod::ALL
        .iter()
        .filter(|method| profiles(settings).contains(&method.profile()))
        .collect();
    answer::<AuthorizationServerMetadata>(json!({
        "issuer": settings.issuer,
        "authorization_endpoint": at("/oauth/authorize"),
        "token_endpoint": at("/oauth/token"),
        "jwks_uri": at("/oauth/jwks"),
        "revocation_endpoint": at("/oauth/revoke"),
        "introspection_endpoint": at("/oauth/introspect"),
        "pushed_authorization_request_endpoint": at("/oauth/par"),
        "require_pushed_authorization_requests": settings.require_high,
        "authorization_response_iss_parameter_supported": true,
        "response_types_supported": [CodeResponseType],
        "grant_types_supported": [
            AuthorizationCodeGrantType::VALUE,
            RefreshTokenGrantType::VALUE,
        ],
        "code_challenge_methods_supported": [S256CodeChallengeMethod],
        "token_endpoint_auth_methods_supported": methods,
        "token_endpoint_auth_signing_alg_values_supported": ALGORITHMS,
        "revocation_endpoint_auth_methods_supported": methods,
        "revocation_endpoint_auth_signing_alg_values_supported": ALGORITHMS,
        "introspection_endpoint_auth_methods_supported": methods,
        "introspection_endpoint_auth_signing_alg_values_supported": ALGORITHMS,
        "dpop_signing_alg_values_supported": ALGORITHMS,
        "scopes_supported": Scope::ALL,
        "authorization_details_types_supported": [X428WithdrawalType],
    }))
}

/// The metadata of the API (RFC 9728).
pub(super) async fn protected_resource(call: Call) -> Result<Response, Failure> {
    let settings = &call.exchange.settings;
    let scopes: Vec<_> = Scope::ALL
        .iter()
        .filter(|scope| **scope != Scope::OfflineAccess)
        .collect();
    answer::<ProtectedResourceMetadata>(json!({
        "resource": settings.issuer,
        "authorization_servers": [settings.issuer],
        "scopes_supported": scopes,
        "bearer_methods_supported": ["header"],
        "dpop_bound_access_tokens_required": settings.require_high,
    }))
}

/// The metadata of the exchange.
// r[impl withdrawal.metadata.exchange]
pub(super) async fn exchange(call: Call) -> Result<Response, Failure> {
    let settings = &call.exchange.settings;
    let keys = call.exchange.keys.turning.all(call.now)?;
    let of_webhooks: Vec<_> = keys
        .iter()
        .map(|known| {
            json!({
                "kid": keys::kid("hooks", &known.webhooks),
                "publicKey": WebhookKey::own(known.webhooks.clone()).public_key(),
            })
        })
        .collect();
    answer::<ExchangeMetadata>(json!({
        "version": SPECIFICATION_VERSION,
        "issuer": settings.issuer,
        "baseUrl": settings.issuer,
        "name": settings.name,
        "profiles": profiles(settings),
        "scopes": Scope::ALL,
        "methods": StepUpMethod::ALL,
        "policies": ChallengePolicy::ALL,
        "limits": {
            "requestsPerMinute": settings.requests_per_minute,
            "withdrawalsPerDay": settings.withdrawals_per_day,
            "pageMax": PAGE_MAX,
        },
        "lifetimes": {
            "accessToken": settings.access_token_lifetime.as_secs(),
            "quote": settings.quote_lifetime.as_secs(),
            "challenge": settings.challenge_lifetime.as_secs(),
            "proof": settings.proof_lifetime.as_secs(),
            "idempotency": settings.idempotency_retention.as_secs(),
        },
        "webhookSignatures": WebhookSignatureKind::ALL,
        "webhookKeys": of_webhooks,
    }))
}

/// The keys with which the exchange signs.
pub(super) async fn jwks(call: Call) -> Result<Response, Failure> {
    let mut published = Vec::new();
    for known in call.exchange.keys.turning.all(call.now)? {
        published.push(keys::published("proof", &known.proofs)?);
        published.push(keys::published("hooks", &known.webhooks)?);
    }
    let set = JsonWebKeySet::new(JsonWebKeySetKeys::new(published)?);
    Ok(axum::Json(set).into_response())
}

/// Answers with what has the form that the text gives it, and with the order of its members.
fn answer<T>(value: Value) -> Result<Response, Failure>
where
    T: serde::de::DeserializeOwned,
{
    // Members of RFC 8414 that the type does not name are not lost: the value is what is sent.
    serde_json::from_value::<T>(value.clone()).map_err(Fault::because)?;
    Ok(axum::Json(value).into_response())
}
