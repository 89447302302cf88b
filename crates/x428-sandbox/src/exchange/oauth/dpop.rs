//! Proofs of possession (RFC 9449).

use axum::http::HeaderMap;
use jiff::{SignedDuration, Timestamp};
use url::Url;
use x428::wire::withdrawal::headers::DPOP;
use x428::wire::withdrawal::{DPOP_WINDOW_MAX, DpopProofClaims, DpopProofHeader};

use super::jwt::{ALGORITHMS, Jwt, is_published, thumbprint, token_hash};
use crate::exchange::Exchange;
use crate::exchange::call::Call;
use crate::exchange::digest;
use crate::exchange::store::Fault;

/// How long a nonce is the current one, in seconds. The one before is accepted as well.
const NONCE_PERIOD: i64 = 300;

/// Why a proof is not accepted.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// It is not one, or is for something else.
    Invalid,
    /// It has no current nonce.
    NeedsNonce,
    /// Whether it was used before is not known.
    Fault(Fault),
}

impl From<Fault> for Refusal {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

/// The nonce that clients have to use now.
pub(crate) fn nonce(exchange: &Exchange, now: Timestamp) -> String {
    exchange.keys.dpop_nonce(now.as_second() / NONCE_PERIOD)
}

/// How many headers `DPoP` a request has.
pub(crate) fn count(headers: &HeaderMap) -> usize {
    headers.get_all(DPOP).iter().count()
}

/// Checks the proof of a request, and gives the thumbprint of its key.
// r[impl withdrawal.dpop.check]
// r[impl withdrawal.dpop.nonce]
pub(crate) async fn check(call: &Call, token: Option<&str>) -> Result<String, Refusal> {
    let mut proofs = call.headers.get_all(DPOP).iter();
    let (Some(proof), None) = (proofs.next(), proofs.next()) else {
        return Err(Refusal::Invalid);
    };
    let proof = proof.to_str().map_err(|_| Refusal::Invalid)?;
    let jwt = Jwt::parse(proof).ok_or(Refusal::Invalid)?;
    let (jkt, claims) = well_formed(call, &jwt, token).ok_or(Refusal::Invalid)?;
    let given = claims.nonce.as_ref().map_or("", |nonce| nonce.as_str());
    let period = call.now.as_second() / NONCE_PERIOD;
    let is_current = [period, period - 1]
        .into_iter()
        .any(|period| digest::same(&call.exchange.keys.dpop_nonce(period), given));
    if !is_current {
        return Err(Refusal::NeedsNonce);
    }
    let window = SignedDuration::try_from(DPOP_WINDOW_MAX).map_err(Fault::because)?;
    let until = call.now + window * 2;
    let name = digest::of(&format!("dpop {jkt} {}", claims.jti));
    if call.exchange.store.see(&name, until).await? {
        Ok(jkt)
    } else {
        Err(Refusal::Invalid)
    }
}

/// Whether it is a proof for this request by the key that it names.
fn well_formed(
    call: &Call,
    jwt: &Jwt<'_>,
    token: Option<&str>,
) -> Option<(String, DpopProofClaims)> {
    let header: DpopProofHeader = jwt.header_as()?;
    let claims: DpopProofClaims = jwt.claims_as()?;
    let jwk = jwt.header.get("jwk")?.as_object()?;
    let jkt = thumbprint(jwk)?;
    let age = call.now.as_second().abs_diff(claims.iat.get());
    let is_for_token = match token {
        None => true,
        Some(token) => digest::same(claims.ath.as_ref()?.as_str(), &token_hash(token)),
    };
    let holds = ALGORITHMS.contains(&header.alg.as_str())
        && claims.htm.as_str() == call.method.as_str()
        && is_target(call, claims.htu.as_str())
        && age <= DPOP_WINDOW_MAX.as_secs()
        && is_for_token
        && (call.exchange.settings.accept_test_keys || !is_published(jwk))
        && jwt.is_signed_by(jwk);
    holds.then_some((jkt, claims))
}

/// Whether a URI without query and fragment names the target of the request (RFC 9449 §4.3).
fn is_target(call: &Call, htu: &str) -> bool {
    let own = format!("{}{}", call.exchange.settings.issuer, call.uri.path());
    let normal = |text: &str| {
        let mut url = Url::parse(text).ok()?;
        url.set_query(None);
        url.set_fragment(None);
        Some(url)
    };
    match (normal(htu), normal(&own)) {
        (Some(given), Some(own)) => given == own,
        _ => false,
    }
}
