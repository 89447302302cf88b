//! The owner's consent: the authorization request and its response (section 3.4).

use std::fmt;

use http::StatusCode;
use sha2::{Digest as _, Sha256};
use url::{Url, form_urlencoded};
use zeroize::Zeroizing;

use super::answer::{oauth_refusal, read};
use super::error::OAuthCode;
use super::metadata::url_of;
use super::{Client, ClientAuthentication, ClientError, Keeper, Time};
use crate::encoding::base64url;
use crate::error::{Malformed, Misuse, Unavailable};
use crate::sign::seal::random;
use crate::wire::withdrawal::{
    AuthorizationDetails, AuthorizationServerMetadata, CodeResponseType, HttpsUri,
    PushedAuthorizationResponse, RedirectUri, S256CodeChallengeMethod, Scope,
};

/// What an exchange lacks that wants requests pushed, and does not say where.
pub(super) const NO_PUSHING: ClientError =
    ClientError::Unsupported("an authorization server without an endpoint for pushed requests");

/// A request for the owner's consent that waits for its response.
///
/// It belongs to the browser session of one owner: a response that comes over another session is
/// not for it.
#[derive(Clone)]
pub struct Authorization {
    url: Url,
    issuer: HttpsUri,
    redirect_uri: RedirectUri,
    state: Zeroizing<String>,
    verifier: Zeroizing<String>,
}

/// What a response that is in order brings.
pub(super) struct Granted {
    pub(super) code: Zeroizing<String>,
    pub(super) redirect_uri: RedirectUri,
    pub(super) verifier: Zeroizing<String>,
}

/// What the owner is asked for.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Consent {
    /// The scopes. A client asks for those that it uses.
    pub scopes: Vec<Scope>,
    /// The limits of the client's own choice, if it wants any.
    pub details: Option<AuthorizationDetails>,
}

impl Consent {
    /// Asks for scopes.
    pub fn to(scopes: impl IntoIterator<Item = Scope>) -> Self {
        Self {
            scopes: scopes.into_iter().collect(),
            details: None,
        }
    }

    /// Asks for limits too.
    #[must_use]
    pub fn within(mut self, details: AuthorizationDetails) -> Self {
        self.details = Some(details);
        self
    }
}

/// What the authorization endpoint is asked, in a query or in a form.
pub(super) struct Asked {
    pub(super) parameters: Vec<(&'static str, String)>,
    redirect_uri: RedirectUri,
    state: Zeroizing<String>,
    verifier: Zeroizing<String>,
}

impl Asked {
    // r[impl withdrawal.authorize.pkce]
    // r[impl withdrawal.authorize.state]
    // r[impl withdrawal.oauth.least-scope]
    pub(super) fn new(redirect_uri: RedirectUri, consent: &Consent) -> Result<Self, ClientError> {
        if consent.scopes.is_empty() {
            return Err(Misuse::new("consent to no scope is none").into());
        }
        let (state, verifier) = (secret()?, secret()?);
        let scopes: Vec<_> = consent.scopes.iter().map(|scope| scope.as_str()).collect();
        let challenge = base64url(Sha256::digest(verifier.as_bytes()));
        let mut parameters = vec![
            ("redirect_uri", redirect_uri.as_str().to_owned()),
            ("scope", scopes.join(" ")),
            ("state", state.to_string()),
            ("code_challenge", challenge),
            (
                "code_challenge_method",
                S256CodeChallengeMethod::VALUE.to_owned(),
            ),
        ];
        if let Some(details) = &consent.details {
            let text =
                serde_json::to_string(details).map_err(|error| Misuse::new(error.to_string()))?;
            parameters.push(("authorization_details", text));
        }
        Ok(Self {
            parameters,
            redirect_uri,
            state,
            verifier,
        })
    }

    /// Waits for the response, after the browser was sent to the authorization endpoint with its own
    /// query.
    pub(super) fn at(
        self,
        metadata: &AuthorizationServerMetadata,
        query: &[(&str, &str)],
    ) -> Result<Authorization, ClientError> {
        let mut url = url_of(&metadata.authorization_endpoint)?;
        url.query_pairs_mut().extend_pairs(query);
        Ok(Authorization {
            url,
            issuer: metadata.issuer.clone(),
            redirect_uri: self.redirect_uri,
            state: self.state,
            verifier: self.verifier,
        })
    }
}

impl<K: Keeper, T: Time> Client<K, T> {
    /// Asks for consent by a query, or by the name of a request that was pushed.
    pub(super) async fn asked(&self, asked: Asked) -> Result<Authorization, ClientError> {
        let metadata = &self.discovered.authorization_server;
        let who = [
            ("response_type", CodeResponseType::VALUE),
            ("client_id", self.id.as_str()),
        ];
        let parameters = asked.parameters.clone();
        let parameters = parameters
            .iter()
            .map(|(name, value)| (*name, value.as_str()));
        let must_push = metadata.require_pushed_authorization_requests == Some(true);
        if self.authentication.keys().is_none() && !must_push {
            let query: Vec<_> = who.into_iter().chain(parameters).collect();
            return asked.at(metadata, &query);
        }
        let endpoint = metadata.pushed_authorization_request_endpoint.as_ref();
        let endpoint = endpoint.ok_or(NO_PUSHING)?;
        // Other ways to authenticate name the client themselves.
        let is_basic = matches!(self.authentication, ClientAuthentication::Basic(_));
        let who = &who[..if is_basic { 2 } else { 1 }];
        let fields: Vec<_> = who.iter().copied().chain(parameters).collect();
        let answer = self.form(endpoint, &fields).await?;
        if answer.status != StatusCode::CREATED {
            return Err(oauth_refusal(&answer));
        }
        let pushed = read::<PushedAuthorizationResponse>(answer.json()?.value(), "pushed request")?;
        let query = [
            ("client_id", self.id.as_str()),
            ("request_uri", pushed.request_uri.as_str()),
        ];
        asked.at(metadata, &query)
    }
}

impl Authorization {
    /// Where to send the owner's browser. It is not opened in a view that the application controls.
    // r[impl withdrawal.authorize.browser]
    #[must_use]
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// Reads the query with which the browser came back.
    // r[impl withdrawal.authorize.iss]
    // r[impl withdrawal.security.constant-time]
    pub(super) fn granted(self, query: &str) -> Result<Granted, ClientError> {
        let mut response = Response::default();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            let place = match &*name {
                "code" => &mut response.code,
                "state" => &mut response.state,
                "iss" => &mut response.iss,
                "error" => &mut response.error,
                // Others are ignored (RFC 6749 §4.1.2).
                _ => continue,
            };
            if place.replace(Zeroizing::new(value.into_owned())).is_some() {
                return Err(
                    Malformed::new("authorization response", "a parameter is there twice").into(),
                );
            }
        }
        let state = response.state.unwrap_or_default();
        if !is_equal(state.as_bytes(), self.state.as_bytes()) {
            return Err(ClientError::Untrusted(
                "an authorization response with another `state`",
            ));
        }
        if response
            .iss
            .is_none_or(|iss| iss.as_str() != self.issuer.as_str())
        {
            return Err(ClientError::Untrusted(
                "an authorization response of another issuer",
            ));
        }
        if let Some(code) = response.error {
            return Err(ClientError::OAuth {
                code: OAuthCode::new(&code),
            });
        }
        let code = response
            .code
            .ok_or_else(|| Malformed::new("authorization response", "no code"))?;
        Ok(Granted {
            code,
            redirect_uri: self.redirect_uri,
            verifier: self.verifier,
        })
    }
}

#[derive(Default)]
struct Response {
    code: Option<Zeroizing<String>>,
    state: Option<Zeroizing<String>>,
    iss: Option<Zeroizing<String>>,
    error: Option<Zeroizing<String>>,
}

impl fmt::Debug for Authorization {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authorization")
            .field("issuer", &self.issuer)
            .field("redirect_uri", &self.redirect_uri)
            .finish_non_exhaustive()
    }
}

/// 43 characters with 256 bits of randomness (RFC 7636 §4.1).
// r[impl withdrawal.security.random]
fn secret() -> Result<Zeroizing<String>, Unavailable> {
    let mut bytes = Zeroizing::new([0; 32]);
    random(bytes.as_mut_slice())?;
    Ok(Zeroizing::new(base64url(bytes.as_slice())))
}

/// Compares digests, so that the time tells nothing of the texts.
fn is_equal(a: &[u8], b: &[u8]) -> bool {
    Sha256::digest(a) == Sha256::digest(b)
}
