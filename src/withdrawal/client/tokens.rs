//! Tokens: got, used, refreshed, given back (sections 3.5 to 3.7).

use std::fmt;

use http::{HeaderValue, StatusCode};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use url::form_urlencoded;
use zeroize::{Zeroize as _, Zeroizing};

use super::answer::{oauth_refusal, read};
use super::transport::Answer;
use super::{ClientError, HighKeys};
use crate::encoding::base64 as to_base64;
use crate::error::{Malformed, Misuse};
use crate::wire::withdrawal::{AuthorizationDetails, ScopeList, TokenResponse, TokenType};

/// How the client shows the exchange who it is: in the Baseline profile, or in the High one.
#[derive(Clone)]
#[non_exhaustive]
pub enum ClientAuthentication {
    /// A client that cannot keep a secret.
    Public,
    /// A secret in the header `Authorization` (`client_secret_basic`).
    Basic(Zeroizing<String>),
    /// A secret in the form (`client_secret_post`).
    Post(Zeroizing<String>),
    /// The High profile: a signature (`private_key_jwt`), pushed requests, and tokens that are bound
    /// to a key.
    High(HighKeys),
}

impl ClientAuthentication {
    /// The keys, if this is the High profile.
    pub(super) fn keys(&self) -> Option<&HighKeys> {
        match self {
            Self::High(keys) => Some(keys),
            _ => None,
        }
    }
}

impl fmt::Debug for ClientAuthentication {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Public => "Public",
            Self::Basic(_) => "Basic(…)",
            Self::Post(_) => "Post(…)",
            Self::High(_) => "High(…)",
        })
    }
}

/// What an owner has granted. It is a secret: an application keeps it in the key store of its
/// platform. What [`Serialize`] writes are the tokens themselves.
// r[impl withdrawal.security.client-storage]
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Tokens {
    #[serde(with = "super::secret")]
    access: Zeroizing<String>,
    #[serde(with = "super::secret::optional", default)]
    refresh: Option<Zeroizing<String>>,
    expires_at: Timestamp,
    scope: Option<ScopeList>,
    details: Option<AuthorizationDetails>,
}

impl Tokens {
    /// Takes tokens that were kept.
    #[must_use]
    pub fn kept(access: String, refresh: Option<String>, expires_at: Timestamp) -> Self {
        Self {
            access: Zeroizing::new(access),
            refresh: refresh.map(Zeroizing::new),
            expires_at,
            scope: None,
            details: None,
        }
    }

    /// The access token. It goes into no log and no URI.
    #[must_use]
    pub fn access(&self) -> &str {
        &self.access
    }

    /// The refresh token, which is good for one refresh.
    #[must_use]
    pub fn refresh(&self) -> Option<&str> {
        self.refresh.as_deref().map(String::as_str)
    }

    /// When the access token expires.
    #[must_use]
    pub fn expires_at(&self) -> Timestamp {
        self.expires_at
    }

    /// The scopes that were granted, if they came with these tokens.
    #[must_use]
    pub fn scope(&self) -> Option<&ScopeList> {
        self.scope.as_ref()
    }

    /// The limits that were granted, which the owner may have lowered.
    #[must_use]
    pub fn details(&self) -> Option<&AuthorizationDetails> {
        self.details.as_ref()
    }

    /// The value of the header `Authorization`.
    // r[impl withdrawal.token.header]
    pub(super) fn header(&self, kind: TokenType) -> Result<HeaderValue, Malformed> {
        let value = Zeroizing::new(format!("{kind} {}", &*self.access));
        let mut value = HeaderValue::from_str(&value)
            .map_err(|_| Malformed::new("access token", "not fit for a header"))?;
        value.set_sensitive(true);
        Ok(value)
    }
}

// r[impl withdrawal.privacy.logs]
impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tokens")
            .field("expires_at", &self.expires_at)
            .field("scope", &self.scope)
            .field("details", &self.details)
            .finish_non_exhaustive()
    }
}

/// The credentials of RFC 6749 §2.3.1: each part encoded like a form, then the pair in base64.
pub(super) fn basic(id: &str, secret: &str) -> Result<HeaderValue, Misuse> {
    let encode = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let pair = Zeroizing::new(format!("{}:{}", encode(id), encode(secret)));
    let value = Zeroizing::new(format!("Basic {}", to_base64(pair.as_bytes())));
    let mut value =
        HeaderValue::from_str(&value).map_err(|_| Misuse::new("a secret not fit for a header"))?;
    value.set_sensitive(true);
    Ok(value)
}

/// Reads what the token endpoint answers. `before` are the tokens that were refreshed.
// r[impl withdrawal.dpop.downgrade]
pub(super) fn tokens(
    answer: &Answer,
    kind: TokenType,
    now: Timestamp,
    before: Option<&Tokens>,
) -> Result<Tokens, ClientError> {
    if answer.status != StatusCode::OK {
        return Err(oauth_refusal(answer));
    }
    let mut json = answer.json()?.into_value();
    let response = read::<TokenResponse>(&json, "token response");
    wipe(&mut json);
    let response = response?;
    let access = Zeroizing::new(response.access_token.into_string());
    let refresh = response
        .refresh_token
        .map(|token| Zeroizing::new(token.into_string()));
    if response.token_type != kind {
        return Err(ClientError::Unsupported(match kind {
            TokenType::Bearer => "an access token that is not Bearer",
            TokenType::DPoP => "an access token that is not bound to the key of the client",
        }));
    }
    let lifetime = SignedDuration::from_secs(response.expires_in.get().into());
    let tokens = Tokens {
        access,
        // A server that does not rotate may leave the old one in use (RFC 6749 §6).
        refresh: refresh.or_else(|| before.and_then(|before| before.refresh.clone())),
        expires_at: now.saturating_add(lifetime).unwrap_or(Timestamp::MAX),
        scope: Some(response.scope),
        details: response
            .authorization_details
            .or_else(|| before.and_then(|before| before.details.clone())),
    };
    tokens.header(kind)?;
    Ok(tokens)
}

/// Overwrites the texts of a tree that held secrets.
pub(super) fn wipe(value: &mut Value) {
    match value {
        Value::String(text) => text.zeroize(),
        Value::Array(items) => items.iter_mut().for_each(wipe),
        Value::Object(members) => members.values_mut().for_each(wipe),
        _ => {}
    }
}
