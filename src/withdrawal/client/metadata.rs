//! What an exchange says of itself (section 3.9).

use http::{Method, StatusCode};
use serde_json::Value;
use url::Url;

use super::answer::{expect, known_words, read};
use super::authorize::NO_PUSHING;
use super::high::ALGORITHMS;
use super::transport::{Request, Transport};
use super::{ClientAuthentication, ClientError};
use crate::error::Misuse;
use crate::wire::withdrawal::{
    AuthorizationServerMetadata, ChallengePolicy, ClientAuthenticationMethod, CodeResponseType,
    ExchangeMetadata, HttpsUri, MetadataValue, Profile, ProtectedResourceMetadata,
    S256CodeChallengeMethod, Scope, StepUpMethod, WebhookSignatureKind,
};

const AUTHORIZATION_SERVER: &str = "oauth-authorization-server";
const PROTECTED_RESOURCE: &str = "oauth-protected-resource";
const EXCHANGE: &str = "x428-exchange";

/// An exchange: where its endpoints are and what it implements.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Discovered {
    /// The metadata of its authorization server.
    pub authorization_server: AuthorizationServerMetadata,
    /// What it implements of this protocol.
    pub exchange: ExchangeMetadata,
}

impl Discovered {
    /// By what name the exchange knows the algorithm of this client's keys.
    pub(super) fn algorithm(&self) -> &'static str {
        let [usual, newer] = ALGORITHMS;
        let supported = self
            .authorization_server
            .dpop_signing_alg_values_supported
            .as_deref();
        let has = |name: &str| {
            let mut supported = supported.unwrap_or_default().iter();
            supported.any(|supported| supported.as_str() == name)
        };
        if !has(usual) && has(newer) {
            newer
        } else {
            usual
        }
    }
}

/// Asks an issuer for its metadata.
// r[impl withdrawal.metadata.exchange]
pub(super) async fn discover(
    transport: &Transport,
    issuer: &HttpsUri,
    authentication: &ClientAuthentication,
) -> Result<Discovered, ClientError> {
    let mut json = fetch(transport, issuer, AUTHORIZATION_SERVER).await?;
    known_words::<Scope>(&mut json, "scopes_supported");
    let authorization_server: AuthorizationServerMetadata = read(&json, "metadata")?;
    // r[impl withdrawal.metadata.issuer]
    if authorization_server.issuer != *issuer {
        return Err(ClientError::Untrusted("metadata of another issuer"));
    }
    let is_high = authentication.keys().is_some();
    check(&authorization_server, is_high)?;

    let mut json = fetch(transport, issuer, EXCHANGE).await?;
    known_words::<Profile>(&mut json, "profiles");
    known_words::<Scope>(&mut json, "scopes");
    known_words::<StepUpMethod>(&mut json, "methods");
    known_words::<ChallengePolicy>(&mut json, "policies");
    known_words::<WebhookSignatureKind>(&mut json, "webhookSignatures");
    let exchange: ExchangeMetadata = read(&json, "metadata")?;
    if exchange.issuer != *issuer {
        return Err(ClientError::Untrusted("metadata of another issuer"));
    }
    if is_high && !exchange.profiles.contains(&Profile::High) {
        return Err(ClientError::Unsupported(
            "an exchange without the High profile",
        ));
    }
    if !is_high && !exchange.profiles.contains(&Profile::Baseline) {
        return Err(ClientError::Unsupported(
            "an exchange of the High profile alone",
        ));
    }

    let mut json = fetch(transport, &exchange.base_url, PROTECTED_RESOURCE).await?;
    known_words::<Scope>(&mut json, "scopes_supported");
    let resource: ProtectedResourceMetadata = read(&json, "metadata")?;
    // r[impl withdrawal.metadata.resource]
    if resource.resource != exchange.base_url {
        return Err(ClientError::Untrusted("metadata of another resource"));
    }
    if !resource.authorization_servers.contains(issuer) {
        return Err(ClientError::Untrusted(
            "an API that takes no tokens of this issuer",
        ));
    }
    if !is_high && resource.dpop_bound_access_tokens_required == Some(true) {
        return Err(ClientError::Unsupported(
            "an API that takes tokens bound by DPoP alone",
        ));
    }
    Ok(Discovered {
        authorization_server,
        exchange,
    })
}

fn check(metadata: &AuthorizationServerMetadata, is_high: bool) -> Result<(), ClientError> {
    let has = |values: &[MetadataValue], value: &str| {
        values.iter().any(|supported| supported.as_str() == value)
    };
    if !metadata.authorization_response_iss_parameter_supported {
        return Err(ClientError::Unsupported(
            "an authorization server without `iss`",
        ));
    }
    if !has(
        &metadata.code_challenge_methods_supported,
        S256CodeChallengeMethod::VALUE,
    ) {
        return Err(ClientError::Unsupported(
            "an authorization server without S256",
        ));
    }
    if !has(&metadata.response_types_supported, CodeResponseType::VALUE) {
        return Err(ClientError::Unsupported(
            "an authorization server without codes",
        ));
    }
    let must_push = metadata.require_pushed_authorization_requests == Some(true);
    let can_push = metadata.pushed_authorization_request_endpoint.is_some();
    if (is_high || must_push) && !can_push {
        return Err(NO_PUSHING);
    }
    if is_high {
        check_high(metadata)?;
    }
    Ok(())
}

fn check_high(metadata: &AuthorizationServerMetadata) -> Result<(), ClientError> {
    let has = |values: &[MetadataValue], value: &str| {
        values.iter().any(|supported| supported.as_str() == value)
    };
    if !has(
        &metadata.token_endpoint_auth_methods_supported,
        ClientAuthenticationMethod::PrivateKeyJwt.as_str(),
    ) {
        return Err(ClientError::Unsupported(
            "an authorization server without private_key_jwt",
        ));
    }
    let algorithms = metadata.dpop_signing_alg_values_supported.as_deref();
    let algorithms = algorithms.unwrap_or_default();
    if !ALGORITHMS
        .iter()
        .any(|algorithm| has(algorithms, algorithm))
    {
        return Err(ClientError::Unsupported(
            "an authorization server without DPoP by Ed25519",
        ));
    }
    Ok(())
}

async fn fetch(
    transport: &Transport,
    identifier: &HttpsUri,
    document: &str,
) -> Result<Value, ClientError> {
    let request = Request::new(Method::GET, address(identifier, document)?);
    let answer = transport.send(request).await?;
    Ok(expect(&answer, StatusCode::OK)?.into_value())
}

/// The well-known address of an identifier: before its path (RFC 8414 §3.1, RFC 9728 §3.1).
fn address(identifier: &HttpsUri, document: &str) -> Result<Url, ClientError> {
    let mut url = url_of(identifier)?;
    if url.query().is_some() || url.fragment().is_some() {
        return Err(Misuse::new("an issuer has neither query nor fragment").into());
    }
    let path = url.path().trim_end_matches('/').to_owned();
    url.set_path(&format!("/.well-known/{document}{path}"));
    Ok(url)
}

/// A URI of the wire as a URL that can be asked.
pub(super) fn url_of(uri: &HttpsUri) -> Result<Url, ClientError> {
    let url = Url::parse(uri.as_str())
        .map_err(|_| ClientError::Untrusted("an address that is no URL"))?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(ClientError::Untrusted("an address with user information"));
    }
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_document_stands_before_the_path() {
        for (identifier, expected) in [
            (
                "https://a.example",
                "https://a.example/.well-known/x428-exchange",
            ),
            (
                "https://a.example/",
                "https://a.example/.well-known/x428-exchange",
            ),
            (
                "https://a.example/eu/",
                "https://a.example/.well-known/x428-exchange/eu",
            ),
        ] {
            let identifier = HttpsUri::parse(identifier).unwrap();
            assert_eq!(address(&identifier, EXCHANGE).unwrap().as_str(), expected);
        }
        for wrong in ["https://a.example/?tenant=1", "https://u@a.example/"] {
            assert!(address(&HttpsUri::parse(wrong).unwrap(), EXCHANGE).is_err());
        }
    }
}
