//! Which client it is that asks.

use axum::http::header;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use x428::encoding::base64url;
use x428::wire::withdrawal::{CLIENT_ASSERTION_LIFETIME_MAX, OAuthErrorCode as Code};

use super::form::Form;
use super::jwt::{ALGORITHMS, Jwt};
use super::{OAuthFailure, dpop};
use crate::exchange::call::Call;
use crate::exchange::digest;
use crate::exchange::model::{Client, Registered};

const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// A client that has authenticated as it is registered.
pub(super) struct Authenticated {
    pub(super) client: Client,
}

impl Authenticated {
    /// Whether the High profile holds for it.
    pub(super) fn is_high(&self) -> bool {
        matches!(self.client.registered, Registered::High(_))
    }
}

/// Authenticates the client of a request to an endpoint that takes forms.
pub(super) async fn authenticate(call: &Call, form: &Form) -> Result<Authenticated, OAuthFailure> {
    let refuse = |basic| {
        let mut failure =
            OAuthFailure::new(Code::InvalidClient, "The client is not authenticated.");
        failure.basic = basic;
        failure
    };
    let basic = basic(call)?;
    let assertion = match form.get("client_assertion") {
        Some(text) => {
            if form.get("client_assertion_type") != Some(ASSERTION_TYPE) {
                return Err(refuse(false));
            }
            Some(Jwt::parse(text).ok_or_else(|| refuse(false))?)
        }
        None => None,
    };
    let ways = [
        basic.is_some(),
        form.get("client_secret").is_some(),
        assertion.is_some(),
    ];
    if ways.iter().filter(|way| **way).count() > 1 {
        return Err(OAuthFailure::invalid_request(
            "The client authenticates in more than one way.",
        ));
    }
    let named = form.get("client_id");
    let id = basic
        .as_ref()
        .map(|(id, _)| id.as_str())
        .or_else(|| assertion.as_ref()?.claim("sub"))
        .or(named)
        .ok_or_else(|| refuse(false))?;
    if named.is_some_and(|named| named != id) {
        return Err(refuse(basic.is_some()));
    }
    let mut reading = call.exchange.store.read().await?;
    let client: Option<Client> = reading.get(id).await?;
    reading.end().await?;
    let client = client.ok_or_else(|| refuse(basic.is_some()))?;
    let secret = basic
        .as_ref()
        .map(|(_, secret)| secret.as_str())
        .or_else(|| form.get("client_secret"));
    let holds = match (&client.registered, secret, &assertion) {
        (Registered::Public, None, None) => !call.exchange.settings.require_high,
        (Registered::Secret(known), Some(secret), None) => {
            !call.exchange.settings.require_high && digest::same(known, &digest::of(secret))
        }
        (Registered::High(keys), None, Some(assertion)) => {
            is_own_assertion(call, &client.id, keys, assertion)
                && is_fresh(call, &client.id, assertion).await?
        }
        _ => false,
    };
    if !holds {
        return Err(refuse(basic.is_some()));
    }
    Ok(Authenticated { client })
}

/// The id and secret of HTTP Basic, each encoded as in a form (RFC 6749 §2.3.1).
fn basic(call: &Call) -> Result<Option<(String, String)>, OAuthFailure> {
    let mut values = call.headers.get_all(header::AUTHORIZATION).iter();
    let Some(value) = values.next() else {
        return Ok(None);
    };
    let refuse = || {
        let mut failure = OAuthFailure::new(Code::InvalidClient, "Authorization is not readable.");
        failure.basic = true;
        failure
    };
    if values.next().is_some() {
        return Err(refuse());
    }
    let decoded = value
        .to_str()
        .ok()
        .and_then(|value| value.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("basic"))
        .and_then(|(_, text)| from_base64(text.trim()))
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .ok_or_else(refuse)?;
    let (id, secret) = decoded.split_once(':').ok_or_else(refuse)?;
    let decode = |text: &str| {
        let pair = format!("v={text}");
        let decoded = url::form_urlencoded::parse(pair.as_bytes()).next();
        decoded.map(|(_, value)| value.into_owned())
    };
    Ok(decode(id).zip(decode(secret)))
}

/// Reads base64 with the alphabet of RFC 4648 §4, padded or not.
fn from_base64(text: &str) -> Option<Vec<u8>> {
    let url: String = text
        .trim_end_matches('=')
        .chars()
        .map(|c| match c {
            '+' => '-',
            '/' => '_',
            other => other,
        })
        .collect();
    x428::encoding::parse_base64url(&url).ok()
}

/// Whether the assertion is the client's own, for this exchange, and for a short time.
// r[impl withdrawal.client-auth.assertion]
fn is_own_assertion(call: &Call, client: &str, keys: &[Value], jwt: &Jwt<'_>) -> bool {
    let issuer = call.exchange.settings.issuer.as_str();
    let is_audience = match jwt.claims.get("aud") {
        Some(Value::String(audience)) => audience == issuer,
        Some(Value::Array(audiences)) => {
            matches!(audiences.as_slice(), [Value::String(audience)] if audience == issuer)
        }
        _ => false,
    };
    let now = call.now.as_second();
    let longest = i64::try_from(CLIENT_ASSERTION_LIFETIME_MAX.as_secs()).unwrap_or(0);
    let lives = jwt
        .seconds("exp")
        .is_some_and(|exp| exp > now && exp <= now + longest);
    let has_begun = jwt.seconds("nbf").is_none_or(|nbf| nbf <= now + longest);
    let is_asymmetric = jwt
        .header("alg")
        .is_some_and(|algorithm| ALGORITHMS.contains(&algorithm));
    let kid = jwt.header("kid");
    let mut keys = keys
        .iter()
        .filter_map(Value::as_object)
        .filter(|key| kid.is_none_or(|kid| key.get("kid").and_then(Value::as_str) == Some(kid)));
    is_audience
        && lives
        && has_begun
        && is_asymmetric
        && jwt.claim("iss") == Some(client)
        && jwt.claim("sub") == Some(client)
        && keys.any(|key| jwt.is_signed_by(key))
}

async fn is_fresh(call: &Call, client: &str, jwt: &Jwt<'_>) -> Result<bool, OAuthFailure> {
    let Some(jti) = jwt.claim("jti").filter(|jti| !jti.is_empty()) else {
        return Ok(false);
    };
    let until = Timestamp::from_second(jwt.seconds("exp").unwrap_or_default()).unwrap_or(call.now)
        + SignedDuration::from_secs(60);
    let name = digest::of(&format!("assertion {client} {}", base64url(jti)));
    let mut writing = call.exchange.store.write().await?;
    let fresh = writing.see(&name, until).await?;
    writing.commit().await?;
    Ok(fresh)
}

/// Checks a DPoP proof of a request to the token or PAR endpoint, if there is one.
pub(super) async fn possession(call: &Call) -> Result<Option<String>, OAuthFailure> {
    if dpop::count(&call.headers) == 0 {
        return Ok(None);
    }
    match dpop::check(call, None).await {
        Ok(jkt) => Ok(Some(jkt)),
        Err(dpop::Refusal::Invalid) => Err(OAuthFailure::new(
            Code::InvalidDpopProof,
            "The DPoP proof is not accepted.",
        )),
        Err(dpop::Refusal::NeedsNonce) => {
            let mut failure =
                OAuthFailure::new(Code::UseDpopNonce, "The DPoP proof needs a nonce.");
            failure.nonce = Some(dpop::nonce(&call.exchange, call.now));
            Err(failure)
        }
        Err(dpop::Refusal::Fault(fault)) => Err(fault.into()),
    }
}
