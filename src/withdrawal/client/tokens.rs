//! Tokens: got, used, refreshed, given back (sections 3.5 to 3.7).

use std::fmt;

use http::{HeaderValue, Method, StatusCode, header};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use url::form_urlencoded;
use zeroize::{Zeroize as _, Zeroizing};

use super::answer::{oauth_refusal, read};
use super::authorize::Granted;
use super::metadata::url_of;
use super::transport::{Answer, FORM, Request};
use super::{ClientError, Discovered};
use crate::encoding::base64 as to_base64;
use crate::error::{Malformed, Misuse};
use crate::wire::withdrawal::{
    AuthorizationDetails, ClientId, HttpsUri, ScopeList, TokenResponse, TokenType,
};

/// How the client shows the token endpoint who it is, in the Baseline profile.
#[derive(Clone)]
#[non_exhaustive]
pub enum ClientAuthentication {
    /// A client that cannot keep a secret.
    Public,
    /// A secret in the header `Authorization` (`client_secret_basic`).
    Basic(Zeroizing<String>),
    /// A secret in the form (`client_secret_post`).
    Post(Zeroizing<String>),
}

impl fmt::Debug for ClientAuthentication {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Public => "Public",
            Self::Basic(_) => "Basic(…)",
            Self::Post(_) => "Post(…)",
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
    pub(super) fn header(&self) -> Result<HeaderValue, Malformed> {
        let value = Zeroizing::new(format!("Bearer {}", &*self.access));
        let mut value = HeaderValue::from_str(&value)
            .map_err(|_| Malformed::new("access token", "not fit for a header"))?;
        value.set_sensitive(true);
        Ok(value)
    }
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tokens")
            .field("expires_at", &self.expires_at)
            .field("scope", &self.scope)
            .field("details", &self.details)
            .finish_non_exhaustive()
    }
}

/// Who asks the token endpoint, and where that is.
pub(super) struct Endpoint<'a> {
    pub(super) discovered: &'a Discovered,
    pub(super) id: &'a ClientId,
    pub(super) authentication: &'a ClientAuthentication,
}

impl Endpoint<'_> {
    /// Exchanges a code.
    pub(super) fn exchange(&self, granted: &Granted) -> Result<Request, ClientError> {
        self.form(
            &self.discovered.authorization_server.token_endpoint,
            &[
                ("grant_type", "authorization_code"),
                ("code", &granted.code),
                ("redirect_uri", granted.redirect_uri.as_str()),
                ("code_verifier", &granted.verifier),
            ],
        )
    }

    /// Refreshes.
    pub(super) fn refresh(&self, token: &str) -> Result<Request, ClientError> {
        self.form(
            &self.discovered.authorization_server.token_endpoint,
            &[("grant_type", "refresh_token"), ("refresh_token", token)],
        )
    }

    /// Gives a token back.
    pub(super) fn revoke(&self, token: &str) -> Result<Request, ClientError> {
        self.form(
            &self.discovered.authorization_server.revocation_endpoint,
            &[("token", token)],
        )
    }

    fn form(&self, endpoint: &HttpsUri, fields: &[(&str, &str)]) -> Result<Request, ClientError> {
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.extend_pairs(fields);
        let mut authorization = None;
        match self.authentication {
            ClientAuthentication::Public => {
                form.append_pair("client_id", self.id.as_str());
            }
            ClientAuthentication::Post(secret) => {
                form.append_pair("client_id", self.id.as_str());
                form.append_pair("client_secret", secret);
            }
            ClientAuthentication::Basic(secret) => {
                authorization = Some(basic(self.id.as_str(), secret)?);
            }
        }
        let request = Request::new(Method::POST, url_of(endpoint)?);
        let mut request = request.with(FORM, form.finish().into_bytes());
        if let Some(value) = authorization {
            request.headers.insert(header::AUTHORIZATION, value);
        }
        Ok(request)
    }
}

/// The credentials of RFC 6749 §2.3.1: each part encoded like a form, then the pair in base64.
fn basic(id: &str, secret: &str) -> Result<HeaderValue, Misuse> {
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
    if response.token_type != TokenType::Bearer {
        return Err(ClientError::Unsupported(
            "an access token that is not Bearer",
        ));
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
    tokens.header()?;
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
