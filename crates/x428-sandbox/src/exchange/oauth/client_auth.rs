//! Which client it is that asks.

use axum::http::header;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use x428::encoding::base64url;
use x428::wire::withdrawal::{
    CLIENT_ASSERTION_LIFETIME_MAX, ClientAssertion, ClientAssertionClaims, OAuthErrorCode as Code,
};

use super::form::Form;
use super::jwt::{ALGORITHMS, Jwt, is_published};
use super::{OAuthFailure, dpop};
use crate::exchange::call::Call;
use crate::exchange::digest;
use crate::exchange::model::{Client, Registered};

const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
/// What the header of an assertion may say that it is, if it says something (RFC 7519 §5.1, and the
/// update of RFC 7523). A token of another kind is not taken for one.
const TYPES: [&str; 2] = ["JWT", "client-authentication+jwt"];
/// How far ahead the clock of a client may be, in seconds (FAPI 2.0 §5.3.2.1).
const AHEAD: i64 = 60;

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
            let text = Some(text).filter(|text| ClientAssertion::parse(*text).is_ok());
            Some(text.and_then(Jwt::parse).ok_or_else(|| refuse(false))?)
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
    let secret = basic
        .as_ref()
        .map(|(_, secret)| secret.as_str())
        .or_else(|| form.get("client_secret"))
        // Before the client is looked for: it takes as long for one that there is not.
        .map(digest::of);
    let mut reading = call.exchange.store.read().await?;
    let client: Option<Client> = reading.get(id).await?;
    reading.end().await?;
    let client = client.ok_or_else(|| refuse(basic.is_some()))?;
    let holds = match (&client.registered, secret, &assertion) {
        // r[impl withdrawal.client-auth.public]
        (Registered::Public, None, None) => !call.exchange.settings.require_high,
        (Registered::Secret(known), Some(secret), None) => {
            !call.exchange.settings.require_high && digest::same(known, &secret)
        }
        (Registered::High(keys), None, Some(assertion)) => {
            match own_assertion(call, &client.id, keys, assertion) {
                Some(claims) => is_fresh(call, &client.id, &claims).await?,
                None => false,
            }
        }
        _ => false,
    };
    if !holds {
        return Err(refuse(basic.is_some()));
    }
    // Nobody counts for a client but itself; a public one can be named by everybody.
    if !matches!(client.registered, Registered::Public) {
        call.exchange.rate_of_client(&client.id, call).await?;
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
    if decoded.contains('&') {
        // It would end the value: what is encoded has none.
        return Err(refuse());
    }
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

/// The claims of an assertion that is the client's own, for this exchange, and for a short time.
// r[impl withdrawal.client-auth.assertion]
fn own_assertion(
    call: &Call,
    client: &str,
    keys: &[Value],
    jwt: &Jwt<'_>,
) -> Option<ClientAssertionClaims> {
    let claims: ClientAssertionClaims = jwt.claims_as()?;
    let settings = &call.exchange.settings;
    let now = call.now.as_second();
    let longest = i64::try_from(CLIENT_ASSERTION_LIFETIME_MAX.as_secs()).unwrap_or(0);
    let expires = claims.exp.get();
    let is_known = |kind: &Value| {
        let kind = kind.as_str().unwrap_or_default();
        TYPES.iter().any(|known| known.eq_ignore_ascii_case(kind))
    };
    let is_of_the_type = jwt.header.get("typ").is_none_or(is_known);
    let is_asymmetric = jwt
        .header("alg")
        .is_some_and(|algorithm| ALGORITHMS.contains(&algorithm));
    let kid = jwt.header("kid");
    let mut keys = keys
        .iter()
        .filter_map(Value::as_object)
        .filter(|key| kid.is_none_or(|kid| key.get("kid").and_then(Value::as_str) == Some(kid)))
        .filter(|key| settings.accept_test_keys || !is_published(key));
    let holds = claims.aud.as_str() == settings.issuer
        && (now + 1..=now + longest).contains(&expires)
        && ["nbf", "iat"]
            .into_iter()
            .all(|name| jwt.has_begun(name, now, AHEAD))
        && is_of_the_type
        && is_asymmetric
        && claims.iss.as_str() == client
        && claims.sub.as_str() == client
        && keys.any(|key| jwt.is_signed_by(key));
    holds.then_some(claims)
}

/// Whether no assertion of that name was used before, at any instance.
async fn is_fresh(
    call: &Call,
    client: &str,
    claims: &ClientAssertionClaims,
) -> Result<bool, OAuthFailure> {
    let until = Timestamp::from_second(claims.exp.get()).unwrap_or(call.now)
        + SignedDuration::from_secs(AHEAD);
    let name = digest::of(&format!(
        "assertion {client} {}",
        base64url(claims.jti.as_str())
    ));
    Ok(call.exchange.store.see(&name, until).await?)
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
