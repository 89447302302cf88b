//! did:web: the document stands on a web server that the DID names (section 7.5).
//!
//! The address of the document is chosen by whoever sends the DID. A resolver that went wherever it
//! is sent would be a way into the network that it stands in, so this one goes to public addresses
//! only, over HTTPS, without a proxy, follows no redirect, and reads no more than a document needs.
//!
//! ```no_run
//! use x428::did::cache::CachedResolver;
//! use x428::did::key::KeyResolver;
//! use x428::did::web::WebResolver;
//!
//! // What a verifier resolves: did:key by itself, did:web by HTTPS, for at most five minutes.
//! let resolver = (KeyResolver, CachedResolver::new(WebResolver::new()?, 1024));
//! # Ok::<(), x428::error::Unavailable>(())
//! ```

use std::error::Error as StdError;
use std::io;

use http::header::{ACCEPT, ACCEPT_ENCODING};
use http::{HeaderMap, StatusCode, header};
use reqwest::Response;

use super::{Did, DidDocument, DidResolver, ResolveError};
use crate::error::Unavailable;
use crate::jcs::{Limits, StrictJson};
use crate::wire::attestation::{DID_DOCUMENT_SIZE_MAX, JSON_DEPTH_MAX};

mod address;
mod freshness;
mod network;
mod url;

pub use address::is_public;
pub use network::{Lookup, Network, SystemLookup};
pub use url::document_url;

const ACCEPTED: &str = "application/did+json, application/did+ld+json, application/json";

/// Resolves did:web, and nothing else.
#[derive(Debug, Clone)]
pub struct WebResolver {
    client: reqwest::Client,
}

impl WebResolver {
    /// Resolves over the public internet.
    ///
    /// # Errors
    /// [`Unavailable`] if the system has no certificate authorities.
    pub fn new() -> Result<Self, Unavailable> {
        Self::with_network(Network::public())
    }

    /// Resolves over a network of the caller's making.
    ///
    /// # Errors
    /// [`Unavailable`] if the system has no certificate authorities.
    pub fn with_network(network: Network) -> Result<Self, Unavailable> {
        let client = network.client()?;
        Ok(Self { client })
    }

    // r[impl attestation.did-web.response]
    async fn fetch(&self, did: &Did) -> Result<DidDocument, ResolveError> {
        let url = document_url(did)?;
        let response = self
            .client
            .get(url)
            .header(ACCEPT, ACCEPTED)
            .header(ACCEPT_ENCODING, "identity")
            .send()
            .await
            .map_err(|error| failure(&error))?;
        match response.status() {
            StatusCode::OK => {}
            status if status.is_redirection() => {
                return Err(unobtainable(
                    "the server redirects, and that is not followed",
                ));
            }
            status => {
                let why = format!("the server answers with the status {}", status.as_u16());
                return Err(ResolveError::Unobtainable(why.into()));
            }
        }
        if !is_json(response.headers()) {
            return Err(unobtainable("the media type is not one of JSON"));
        }
        let max_age = freshness::max_age(response.headers());
        let text = read(response).await?;
        let limits = Limits {
            bytes: DID_DOCUMENT_SIZE_MAX,
            depth: JSON_DEPTH_MAX,
        };
        let json = StrictJson::parse(&text, limits)?;
        let document = DidDocument::read(json, did)?;
        Ok(match max_age {
            Some(max_age) => document.with_max_age(max_age),
            None => document,
        })
    }
}

impl DidResolver for WebResolver {
    // r[impl attestation.did.methods]
    async fn resolve(&self, did: &Did) -> Result<DidDocument, ResolveError> {
        if did.method() != "web" {
            return Err(ResolveError::UnsupportedMethod(did.method().to_owned()));
        }
        self.fetch(did).await
    }
}

/// `application/json`, and every type that is JSON with a meaning (RFC 6839 §3.1).
fn is_json(headers: &HeaderMap) -> bool {
    let Some(value) = headers.get(header::CONTENT_TYPE) else {
        return false;
    };
    let value = value.to_str().unwrap_or_default();
    let essence = value.split(';').next().unwrap_or_default();
    let essence = essence.trim().to_ascii_lowercase();
    essence == "application/json"
        || (essence.starts_with("application/") && essence.ends_with("+json"))
}

// r[impl attestation.did.strict-json]
async fn read(mut response: Response) -> Result<Vec<u8>, ResolveError> {
    let too_long = || unobtainable("the document is longer than 65536 bytes");
    let announced = response.content_length().unwrap_or_default();
    if announced > DID_DOCUMENT_SIZE_MAX as u64 {
        return Err(too_long());
    }
    let mut text = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| failure(&error))? {
        if text.len() + chunk.len() > DID_DOCUMENT_SIZE_MAX {
            return Err(too_long());
        }
        text.extend_from_slice(&chunk);
    }
    Ok(text)
}

fn unobtainable(why: &'static str) -> ResolveError {
    ResolveError::Unobtainable(why.into())
}

/// A document that its host does not give is one that does not resolve, whatever the reason. What is
/// told of it does not tell what stands at an address, else a stranger could explore with it.
fn failure(error: &reqwest::Error) -> ResolveError {
    let mut causes = std::iter::successors(StdError::source(error), |cause| (*cause).source());
    if let Some(cause) = causes.find_map(own_outage) {
        return Unavailable::new("network", io::Error::from(cause)).into();
    }
    unobtainable(if error.is_timeout() {
        "the server takes too long"
    } else {
        "the server cannot be reached at a public address by HTTPS"
    })
}

/// Faults of this machine, which say nothing about the DID.
fn own_outage(cause: &(dyn StdError + 'static)) -> Option<io::ErrorKind> {
    /// `ENFILE` and `EMFILE`: no file can be opened, and so no connection.
    const OUT_OF_FILES: [i32; 2] = [23, 24];
    let error = cause.downcast_ref::<io::Error>()?;
    let is_own = matches!(
        error.kind(),
        io::ErrorKind::NetworkDown | io::ErrorKind::OutOfMemory
    ) || (cfg!(unix)
        && error
            .raw_os_error()
            .is_some_and(|code| OUT_OF_FILES.contains(&code)));
    is_own.then(|| error.kind())
}

#[cfg(test)]
mod tests {
    use super::*;

    // r[verify attestation.error.outage]
    #[test]
    fn only_faults_of_this_machine_are_outages() {
        let own = [io::ErrorKind::NetworkDown, io::ErrorKind::OutOfMemory];
        for kind in own {
            assert_eq!(own_outage(&io::Error::from(kind)), Some(kind));
        }
        for kind in [
            io::ErrorKind::ConnectionRefused,
            io::ErrorKind::HostUnreachable,
            io::ErrorKind::TimedOut,
            io::ErrorKind::Other,
        ] {
            assert_eq!(own_outage(&io::Error::from(kind)), None, "{kind}");
        }
        assert_eq!(own_outage(&network::NotPublic), None);
    }

    #[cfg(unix)]
    #[test]
    fn a_machine_without_file_descriptors_is_out_of_order() {
        const EMFILE: i32 = 24;
        assert!(own_outage(&io::Error::from_raw_os_error(EMFILE)).is_some());
    }
}
