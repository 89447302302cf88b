//! Tokens: what an accepted attestation is worth (sections 5.8 and 6.5).
//!
//! A sealed token carries its scope, expiry, operator and policy digest, encrypted and
//! authenticated with XChaCha20-Poly1305. Every instance with the keys opens it, no store is
//! asked, and whoever sees it on the way learns nothing from it.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::receipt::token_digest;
use super::scope;
use super::verify::Accepted;
use super::wire::{
    self, AttestationToken, AttestationTokenScope, AttestationTokenToken, Digest, ErrorCode,
    TOKEN_LIFETIME, TOKEN_LIFETIME_MAX,
};
use crate::did::Did;
use crate::encoding::{base64url, parse_base64url_array, parse_base64url_header};
use crate::error::{Error, Malformed, Misuse, Rejected};
use crate::jcs::{Limits, StrictJson};
use crate::sign::seal::{SealRing, random};

#[cfg(test)]
mod tests;

const PURPOSE: &str = "attestation token";

/// Issues sealed tokens, and opens them again.
#[derive(Debug, Clone)]
pub struct TokenIssuer {
    ring: SealRing,
    lifetime: Duration,
}

/// What a sealed token says.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Grant {
    /// Names the token in a list of revoked ones: 16 random bytes.
    pub id: [u8; 16],
    /// What the token opens.
    pub scope: String,
    /// From this moment on the token is refused.
    pub expires_at: Timestamp,
    /// Who attested.
    pub operator: Did,
    /// The digest of the policy under which the token was granted, if there was one.
    pub policy_digest: Option<[u8; 32]>,
}

/// The text inside a token. Its names are short because the token travels with every request.
#[derive(Serialize, Deserialize)]
struct Sealed {
    i: String,
    s: String,
    e: i64,
    o: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    p: Option<String>,
}

impl TokenIssuer {
    /// Issues tokens that live for the lifetime of section 2.5.
    #[must_use]
    pub fn new(ring: SealRing) -> Self {
        Self {
            ring,
            lifetime: TOKEN_LIFETIME,
        }
    }

    /// Lets tokens live for another time.
    ///
    /// # Errors
    /// [`Misuse`] for more than the longest lifetime of section 2.5.
    // r[impl attestation.token.lifetime]
    pub fn with_lifetime(mut self, lifetime: Duration) -> Result<Self, Misuse> {
        if lifetime > TOKEN_LIFETIME_MAX {
            let hours = TOKEN_LIFETIME_MAX.as_secs() / 3600;
            let why = format!("a token lives for {hours} hours at most");
            return Err(Misuse::new(why));
        }
        self.lifetime = lifetime;
        Ok(self)
    }

    /// Issues the token of an accepted attestation. Without a scope of its own it opens the
    /// resource of the challenge.
    ///
    /// # Errors
    /// [`Error::Misuse`] for a scope that does not contain the resource of the challenge,
    /// [`Error::Unavailable`] if the system has no random source.
    // r[impl attestation.token.issue]
    // r[impl attestation.token.sealed]
    // r[impl attestation.token.unguessable]
    // r[impl attestation.token.scope]
    // r[impl attestation.scope.grant]
    pub fn issue(
        &self,
        accepted: &Accepted,
        scope: Option<&str>,
        policy_digest: Option<[u8; 32]>,
    ) -> Result<AttestationToken, Error> {
        let scope = scope.unwrap_or_else(|| accepted.scope());
        let resource = accepted.challenge.message().resource.as_str();
        if !scope::matches(scope, resource) {
            return Err(Misuse::new("the scope does not contain the resource").into());
        }
        let invalid = |error: crate::wire::Invalid| Misuse::new(error.to_string());
        let expires_at = accepted
            .accepted_at
            .checked_add(self.lifetime)
            .map_err(|_| Misuse::new("the token outlives the calendar"))?;
        // The sealed expiry is the one that the client reads, to the millisecond.
        let expires_at = Timestamp::from_millisecond(expires_at.as_millisecond())
            .map_err(|_| Misuse::new("the token outlives the calendar"))?;
        let mut id = [0; 16];
        random(&mut id)?;
        let sealed = Sealed {
            i: base64url(id),
            s: scope.to_owned(),
            e: expires_at.as_millisecond(),
            o: accepted.operator.to_string(),
            p: policy_digest.map(base64url),
        };
        let text = serde_json::to_vec(&sealed).map_err(|error| Misuse::new(error.to_string()))?;
        let token = self.ring.seal(PURPOSE, &text)?;
        Ok(AttestationToken::new(
            AttestationTokenToken::parse(token).map_err(invalid)?,
            wire::Timestamp::try_from(expires_at).map_err(invalid)?,
            AttestationTokenScope::parse(scope).map_err(invalid)?,
        ))
    }

    /// Opens a token that a later request presents. Nothing if no instance of this server issued
    /// it: the request is then treated as if it carried none.
    // r[impl attestation.token.unknown]
    #[must_use]
    pub fn open(&self, token: &str) -> Option<Grant> {
        let text = self.ring.open(PURPOSE, token)?;
        let sealed: Sealed = serde_json::from_slice(&text).ok()?;
        Some(Grant {
            id: parse_base64url_array(&sealed.i).ok()?,
            scope: sealed.s,
            expires_at: Timestamp::from_millisecond(sealed.e).ok()?,
            operator: Did::parse(sealed.o).ok()?,
            policy_digest: match sealed.p {
                Some(digest) => Some(parse_base64url_array(&digest).ok()?),
                None => None,
            },
        })
    }
}

impl Grant {
    /// The digest of the token that was presented and opened: it names the token in receipts and
    /// in a list of revoked ones.
    ///
    /// # Errors
    /// [`Misuse`] if the text is not the one that was opened.
    pub fn digest(&self, token: &str) -> Result<Digest, Misuse> {
        let invalid = |error: crate::wire::Invalid| Misuse::new(error.to_string());
        token_digest(&AttestationToken::new(
            AttestationTokenToken::parse(token).map_err(invalid)?,
            wire::Timestamp::try_from(self.expires_at).map_err(invalid)?,
            AttestationTokenScope::parse(self.scope.as_str()).map_err(invalid)?,
        ))
    }

    /// Checks that the grant opens the requested URI now.
    ///
    /// # Errors
    /// [`Rejected`] with `token_expired` first, with `token_scope_mismatch` otherwise.
    pub fn check(&self, requested: &str, now: Timestamp) -> Result<(), Rejected> {
        check_presented(self.expires_at, now, || {
            scope::matches(&self.scope, requested)
        })
    }

    /// As [`check`](Self::check), with the scope of this grant that was read before.
    #[cfg(feature = "tower")]
    pub(crate) fn check_with(
        &self,
        scope: Option<&scope::Scope<'_>>,
        requested: &str,
        now: Timestamp,
    ) -> Result<(), Rejected> {
        check_presented(self.expires_at, now, || {
            scope.is_some_and(|scope| scope.opens(requested))
        })
    }
}

/// Checks that a token opens the requested URI now, for a server that keeps the tokens it issues,
/// and for a client before it presents one.
///
/// # Errors
/// [`Rejected`] with `token_expired` first, with `token_scope_mismatch` otherwise.
pub fn check(token: &AttestationToken, requested: &str, now: Timestamp) -> Result<(), Rejected> {
    let expires_at = token.expires_at.instant();
    check_presented(expires_at, now, || {
        scope::matches(token.scope.as_str(), requested)
    })
}

// r[impl attestation.token.expired]
// r[impl attestation.token.scope-mismatch]
fn check_presented(
    expires_at: Timestamp,
    now: Timestamp,
    opens: impl FnOnce() -> bool,
) -> Result<(), Rejected> {
    if now >= expires_at {
        let why = format!("the token expired at {expires_at}");
        return Err(Rejected::new(ErrorCode::TokenExpired, why));
    }
    if !opens() {
        let why = "the token does not open this resource";
        return Err(Rejected::new(ErrorCode::TokenScopeMismatch, why));
    }
    Ok(())
}

/// Writes the value of the header `X-428-Token` of the response that grants a token.
///
/// # Errors
/// None in practice; a token is always JSON.
pub fn to_header(token: &AttestationToken) -> Result<String, Misuse> {
    let text = serde_json::to_vec(token);
    text.map(base64url)
        .map_err(|error| Misuse::new(error.to_string()))
}

/// Reads the value of the header `X-428-Token` of the response that grants a token.
///
/// # Errors
/// [`Malformed`] if the value is not base64url of strict JSON of an `AttestationToken`.
pub fn from_header(value: &str) -> Result<AttestationToken, Malformed> {
    let text = parse_base64url_header(value)?;
    StrictJson::parse(&text, Limits::default())?.read("token")
}
