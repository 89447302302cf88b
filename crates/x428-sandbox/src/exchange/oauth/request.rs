//! What a client may ask the owner for.

use jiff::SignedDuration;
use url::{Host, Url};
use x428::wire::withdrawal::{
    CodeResponseType, OAuthErrorCode as Code, PushedAuthorizationRequestState as State,
    RedirectUri, S256CodeChallengeMethod, Scope, ScopeList, Sha256Digest,
};

use super::OAuthFailure;
use super::form::Form;
use crate::exchange::call::Call;
use crate::exchange::model::{AuthorizationRequest, Client, ListedAsset, Registered};
use crate::exchange::store::Fault;

/// Why a request is not shown to the owner.
#[derive(Debug)]
pub(super) enum Refusal {
    /// It is not known where to send the browser back to: a page says so.
    Page(&'static str),
    /// The client is told, at a place that is its own.
    Redirect {
        redirect_uri: String,
        state: Option<String>,
        failure: OAuthFailure,
    },
    /// The exchange failed, and nothing is known of the request.
    Fault(Fault),
}

impl From<Fault> for Refusal {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl Refusal {
    /// The error that a client gets which has pushed the request.
    pub(super) fn into_failure(self) -> OAuthFailure {
        match self {
            Self::Page(description) => OAuthFailure::invalid_request(description),
            Self::Redirect { failure, .. } => failure,
            Self::Fault(fault) => fault.into(),
        }
    }
}

/// Whether the URI is one of the client's. The port of a loopback address is not compared.
// r[impl withdrawal.authorize.redirect-uri]
pub(super) fn is_registered(client: &Client, given: &str) -> bool {
    client.redirect_uris.iter().any(|known| {
        known == given
            || without_loopback_port(known).is_some_and(|known| {
                without_loopback_port(given).is_some_and(|given| known == given)
            })
    })
}

/// A URI of RFC 8252 §7.3 without its port.
fn without_loopback_port(uri: &str) -> Option<String> {
    let url = Url::parse(uri).ok()?;
    let is_loopback = match url.host()? {
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.is_loopback(),
        Host::Domain(_) => false,
    };
    if url.scheme() != "http" || !is_loopback || !url.username().is_empty() {
        return None;
    }
    let (scheme, rest) = uri.split_once("://")?;
    let (authority, path) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
    let host = match url.port() {
        Some(port) => authority.strip_suffix(&format!(":{port}"))?,
        None => authority,
    };
    Some(format!("{scheme}://{host}{path}"))
}

/// Checks the parameters of an authorization request of a client.
pub(super) async fn check(
    call: &Call,
    form: &Form,
    client: &Client,
    pushed: bool,
) -> Result<AuthorizationRequest, Refusal> {
    let redirect_uri = form
        .get("redirect_uri")
        .filter(|uri| RedirectUri::parse(*uri).is_ok() && is_registered(client, uri))
        .ok_or(Refusal::Page(
            "The redirect URI is not one of the client's.",
        ))?
        .to_owned();
    let state = form.get("state").map(str::to_owned);
    let checked = parameters(call, form, client, pushed).await;
    match checked {
        Ok(request) => Ok(AuthorizationRequest {
            redirect_uri,
            state,
            ..request
        }),
        Err(failure) => Err(Refusal::Redirect {
            redirect_uri,
            state,
            failure,
        }),
    }
}

async fn parameters(
    call: &Call,
    form: &Form,
    client: &Client,
    pushed: bool,
) -> Result<AuthorizationRequest, OAuthFailure> {
    let exchange = &call.exchange;
    let must_be_pushed =
        exchange.settings.require_high || matches!(client.registered, Registered::High(_));
    // r[impl withdrawal.par.required]
    if must_be_pushed && !pushed {
        return Err(OAuthFailure::invalid_request(
            "The request has to be pushed.",
        ));
    }
    if form.get("response_type") != Some(CodeResponseType::VALUE) {
        let code = match form.get("response_type") {
            None => Code::InvalidRequest,
            Some(_) => Code::UnsupportedResponseType,
        };
        return Err(OAuthFailure::new(code, "The response type is not code."));
    }
    if form
        .get("state")
        .is_some_and(|state| State::parse(state).is_err())
    {
        return Err(OAuthFailure::invalid_request("The state is too long."));
    }
    // What they ask for would not happen, and what stands beside them would.
    if form.get("request").is_some() {
        return Err(OAuthFailure::invalid_request(
            "Request objects are not supported.",
        ));
    }
    if form
        .get("response_mode")
        .is_some_and(|mode| mode != "query")
    {
        return Err(OAuthFailure::invalid_request(
            "The response mode is not query.",
        ));
    }
    let jkt = form.get("dpop_jkt");
    if jkt.is_some_and(|jkt| Sha256Digest::parse(jkt).is_err()) {
        return Err(OAuthFailure::invalid_request("dpop_jkt is no thumbprint."));
    }
    // r[impl withdrawal.authorize.pkce]
    let code_challenge = form
        .get("code_challenge")
        .filter(|challenge| Sha256Digest::parse(*challenge).is_ok())
        .filter(|_| form.get("code_challenge_method") == Some(S256CodeChallengeMethod::VALUE))
        .ok_or_else(|| OAuthFailure::invalid_request("A code challenge of S256 is missing."))?;
    let scopes = scopes(form.get("scope").unwrap_or_default())?;
    let details = match form.get("authorization_details") {
        None => Vec::new(),
        Some(text) => {
            let details = super::details::parse(text)?;
            super::details::check(&details, &listed(call).await?)?;
            details
        }
    };
    let lifetime = SignedDuration::try_from(exchange.settings.request_lifetime);
    Ok(AuthorizationRequest {
        id: exchange.random.token("ar")?,
        client: client.id.clone(),
        redirect_uri: String::new(),
        scopes,
        state: None,
        code_challenge: code_challenge.to_owned(),
        details,
        jkt: jkt.map(str::to_owned),
        ends_at: call.now + lifetime.map_err(Fault::because)?,
    })
}

/// Reads scopes, each of which the exchange has to know.
pub(super) fn scopes(text: &str) -> Result<Vec<Scope>, OAuthFailure> {
    let refuse = || OAuthFailure::new(Code::InvalidScope, "A scope is not known.");
    ScopeList::parse(text).map_err(|_| refuse())?;
    let mut scopes: Vec<Scope> = Vec::new();
    for word in text.split(' ') {
        let known = Scope::ALL.iter().find(|scope| scope.as_str() == word);
        let scope = *known.ok_or_else(refuse)?;
        if !scopes.contains(&scope) {
            scopes.push(scope);
        }
    }
    Ok(scopes)
}

/// Writes scopes.
pub(super) fn scope_list(scopes: &[Scope]) -> Result<ScopeList, Fault> {
    let words: Vec<_> = scopes.iter().map(|scope| scope.as_str()).collect();
    ScopeList::parse(words.join(" ")).map_err(Fault::because)
}

/// The assets of the exchange.
pub(super) async fn listed(call: &Call) -> Result<Vec<ListedAsset>, Fault> {
    let mut reading = call.exchange.store.read().await?;
    let assets = crate::exchange::api::assets::listed(&mut reading).await?;
    reading.end().await?;
    Ok(assets)
}
