//! Clients that are added by hand, in the form of RFC 7591 §3.2.1.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::Value;
use x428::error::Misuse;
use x428::wire::withdrawal::ClientAuthenticationMethod as Method;
use x428::wire::withdrawal::{ClientId, RedirectUri};

use super::model::{Client, Registered};
use super::oauth::jwt;
use super::{Exchange, ExchangeError, digest};

/// What is registered of a client: the members of RFC 7591 that the exchange uses.
#[derive(Debug, Clone, Deserialize)]
#[non_exhaustive]
pub struct ClientMetadata {
    /// The identifier.
    pub client_id: String,
    /// The name that the owner reads. Without it, the identifier.
    #[serde(default)]
    pub client_name: Option<String>,
    /// Where the browser may be sent back to.
    pub redirect_uris: Vec<String>,
    /// How the client authenticates; by its secret unless it is said.
    #[serde(default = "by_secret")]
    pub token_endpoint_auth_method: Method,
    /// The secret, which has to be random.
    #[serde(default)]
    pub client_secret: Option<String>,
    /// The public keys of a client of the High profile.
    #[serde(default)]
    pub jwks: Option<ClientKeys>,
}

/// What RFC 7591 takes when nothing is said.
fn by_secret() -> Method {
    Method::ClientSecretBasic
}

/// A set of public keys (RFC 7517 §5).
#[derive(Debug, Clone, Deserialize)]
#[non_exhaustive]
pub struct ClientKeys {
    /// The keys.
    pub keys: Vec<Value>,
}

/// Adds a client. One of that identifier that is there already gets what is registered now.
///
/// # Errors
/// [`ExchangeError::Misuse`] for metadata that say too little or contradict themselves, and for
/// private keys; [`ExchangeError::Store`] if the database does not answer.
pub async fn client(
    exchange: &Arc<Exchange>,
    metadata: ClientMetadata,
) -> Result<(), ExchangeError> {
    let client = checked(metadata)?;
    let mut writing = exchange.store.write().await?;
    writing.put(&client).await?;
    writing.commit().await?;
    Ok(())
}

fn checked(metadata: ClientMetadata) -> Result<Client, Misuse> {
    if ClientId::parse(metadata.client_id.as_str()).is_err() {
        return Err(Misuse::new("client_id is not one of RFC 6749"));
    }
    let is_redirect_uri = |uri: &String| RedirectUri::parse(uri.as_str()).is_ok();
    if metadata.redirect_uris.is_empty() || !metadata.redirect_uris.iter().all(is_redirect_uri) {
        return Err(Misuse::new("redirect_uris are missing or no URIs"));
    }
    let registered = match (
        metadata.token_endpoint_auth_method,
        metadata.client_secret,
        metadata.jwks,
    ) {
        (Method::None, None, None) => Registered::Public,
        (Method::ClientSecretBasic | Method::ClientSecretPost, Some(secret), None) => {
            Registered::Secret(digest::of(&secret))
        }
        (Method::PrivateKeyJwt, None, Some(ClientKeys { keys })) => {
            // A private key has no thumbprint here, so that none is kept.
            let is_public = |key: &Value| {
                key.as_object()
                    .is_some_and(|key| jwt::thumbprint(key).is_some())
            };
            if keys.is_empty() || !keys.iter().all(is_public) {
                return Err(Misuse::new("jwks are not public keys"));
            }
            Registered::High(keys)
        }
        _ => {
            let why = "token_endpoint_auth_method, client_secret and jwks do not fit together";
            return Err(Misuse::new(why));
        }
    };
    Ok(Client {
        name: metadata
            .client_name
            .unwrap_or_else(|| metadata.client_id.clone()),
        id: metadata.client_id,
        redirect_uris: metadata.redirect_uris,
        registered,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(mut more: Value) -> Result<Client, Misuse> {
        more["client_id"] = json!("wallet");
        more["redirect_uris"] = json!(["http://127.0.0.1/callback"]);
        checked(serde_json::from_value(more).unwrap())
    }

    #[test]
    fn each_way_to_authenticate_has_what_it_needs() {
        let key = json!({"kty": "OKP", "crv": "Ed25519", "x": "oUuMX4c6-Nys3YbTK6pm4utQ0gdgEzc98Jdc4zOdq-o"});
        let of_key = |key: Value| json!({"token_endpoint_auth_method": "private_key_jwt", "jwks": {"keys": [key]}});
        assert!(matches!(
            read(json!({"client_secret": "a secret"}))
                .unwrap()
                .registered,
            Registered::Secret(_)
        ));
        assert!(matches!(
            read(json!({"token_endpoint_auth_method": "none"}))
                .unwrap()
                .registered,
            Registered::Public
        ));
        assert!(matches!(
            read(of_key(key.clone())).unwrap().registered,
            Registered::High(_)
        ));
        let mut private = key;
        private["d"] = json!("OSUVuF6bG51PoielwFju3j6V3WvfEkCIr0-9Lddu1m0");
        for wrong in [
            json!({}),
            json!({"token_endpoint_auth_method": "none", "client_secret": "a secret"}),
            json!({"token_endpoint_auth_method": "private_key_jwt"}),
            of_key(private),
        ] {
            assert!(read(wrong.clone()).is_err(), "{wrong}");
        }
    }
}
