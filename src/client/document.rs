//! The documents of `tos` preconditions: fetched without credentials, hashed, and no longer than
//! anybody reads.

use std::time::Duration;

use http::{StatusCode, header};
use reqwest::{Response, redirect};
use sha2::{Digest as _, Sha256};
use url::{Host, Url};

use super::error::{ClientError, DocumentError};
use super::transport::{is_loopback, read};
use crate::did::web::{Network, is_public};
use crate::error::{Error, Malformed, Unavailable};
use crate::http::{DISCOVERY_PATH, discovery};
use crate::wire::attestation::{DiscoveryDocument, DocumentHash, JSON_SIZE_MAX, TosPrecondition};

/// The longest document that is read, in bytes, unless the caller says otherwise.
const LONGEST: usize = 1024 * 1024;
/// How long a document may take.
const TIMEOUT: Duration = Duration::from_secs(10);

/// A document whose hash is the one that the challenge names.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Document {
    /// Where it was.
    pub url: Url,
    /// Its hash.
    pub hash: DocumentHash,
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// Its media type, as its server says.
    pub media_type: Option<String>,
}

/// Fetches documents.
///
/// The address is chosen by the server that asks for the attestation. A document of that very
/// server's origin is fetched like the resource. One of another origin is fetched by HTTPS from
/// public addresses only, so that nobody explores the client's network with it. No redirect is
/// followed.
#[derive(Debug, Clone)]
pub struct Documents {
    same_origin: reqwest::Client,
    elsewhere: reqwest::Client,
    longest: usize,
}

impl Documents {
    /// Fetches over the public internet.
    ///
    /// # Errors
    /// [`Unavailable`] if the system has no certificate authorities.
    pub fn new() -> Result<Self, Unavailable> {
        Self::with(reqwest::Client::builder(), Network::public())
    }

    /// Fetches documents of the asking server's origin with a client of the caller's making, such
    /// as one that trusts an authority of its own, and all others over `elsewhere`.
    ///
    /// The client follows no redirects and has a timeout, whatever the builder says. It has to come
    /// without cookies and without default headers that are for somebody.
    ///
    /// # Errors
    /// [`Unavailable`] if the system has no certificate authorities.
    // r[impl attestation.client.document-fetch]
    pub fn with(
        same_origin: reqwest::ClientBuilder,
        elsewhere: Network,
    ) -> Result<Self, Unavailable> {
        let same_origin = same_origin
            .redirect(redirect::Policy::none())
            .referer(false)
            .timeout(TIMEOUT)
            .build()
            .map_err(|error| Unavailable::new("TLS", error))?;
        Ok(Self {
            same_origin,
            elsewhere: elsewhere.with_timeout(TIMEOUT).client()?,
            longest: LONGEST,
        })
    }

    /// Reads documents of at most so many bytes.
    #[must_use]
    pub fn with_longest(mut self, bytes: usize) -> Self {
        self.longest = bytes;
        self
    }

    /// Fetches the document of a precondition that the server of `resource` asks for.
    // r[impl attestation.client.document]
    // r[impl attestation.client.document-address]
    pub(super) async fn fetch(
        &self,
        tos: &TosPrecondition,
        resource: &Url,
    ) -> Result<Document, DocumentError> {
        let refuse = |why| Err(DocumentError::Address(why));
        let Ok(url) = Url::parse(tos.document_url.as_str()) else {
            return refuse("its address is no URL");
        };
        if !url.username().is_empty() || url.password().is_some() {
            return refuse("its address holds credentials");
        }
        let is_same_origin = url.origin() == resource.origin();
        if url.scheme() != "https" && !(is_same_origin && is_loopback(&url)) {
            return refuse("its address is not one of HTTPS");
        }
        let client = if is_same_origin {
            &self.same_origin
        } else {
            let is_public_address = match url.host() {
                Some(Host::Ipv4(address)) => is_public(address.into()),
                Some(Host::Ipv6(address)) => is_public(address.into()),
                // The resolver of that client sees to names.
                Some(Host::Domain(_)) => true,
                None => false,
            };
            if !is_public_address {
                return refuse("its address is not public");
            }
            &self.elsewhere
        };
        let response = client
            .get(url.clone())
            .header(header::ACCEPT_ENCODING, "identity")
            .send()
            .await?;
        if !response.status().is_success() {
            return Err(DocumentError::Status(response.status()));
        }
        let codings = response.headers().get(header::CONTENT_ENCODING);
        if codings.is_some_and(|coding| coding != "identity") {
            return Err(DocumentError::Encoded);
        }
        let media_type = response.headers().get(header::CONTENT_TYPE);
        let media_type = media_type.and_then(|value| Some(value.to_str().ok()?.to_owned()));
        let bytes = self.read(response).await?;
        if hash(&bytes) != tos.document_hash.as_str() {
            return Err(DocumentError::Changed);
        }
        Ok(Document {
            url,
            hash: tos.document_hash.clone(),
            bytes,
            media_type,
        })
    }

    /// Reads the discovery document of the server of `resource`; nothing if it offers none.
    pub(super) async fn discover(
        &self,
        resource: &Url,
    ) -> Result<Option<DiscoveryDocument>, Error> {
        let unavailable = |error| Unavailable::new("discovery document", error);
        let url = resource.join(DISCOVERY_PATH);
        let url = url.map_err(|_| Malformed::new("resource", "not the base of a URL"))?;
        let request = self.same_origin.get(url);
        let request = request.header(header::ACCEPT_ENCODING, "identity");
        let response = request.send().await.map_err(unavailable)?;
        let (status, headers) = (response.status(), response.headers().clone());
        if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS {
            let status = std::io::Error::other(format!("status {status}"));
            return Err(Unavailable::new("discovery document", status).into());
        }
        let body = match read(response, JSON_SIZE_MAX).await {
            Ok(body) => body,
            Err(ClientError::Malformed(malformed)) => return Err(malformed.into()),
            Err(error) => return Err(Unavailable::new("discovery document", error).into()),
        };
        Ok(discovery::read(status, &headers, &body)?)
    }

    async fn read(&self, mut response: Response) -> Result<Vec<u8>, DocumentError> {
        let mut bytes = Vec::new();
        while let Some(chunk) = response.chunk().await? {
            if bytes.len() + chunk.len() > self.longest {
                return Err(DocumentError::TooLong(self.longest));
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(bytes)
    }
}

/// `sha256-` and the hexadecimal digits of the hash.
// r[impl attestation.tos.document-hash]
fn hash(bytes: &[u8]) -> String {
    let digits = Sha256::digest(bytes);
    let digits = digits.iter().map(|byte| format!("{byte:02x}"));
    std::iter::once(String::from("sha256-"))
        .chain(digits)
        .collect()
}
