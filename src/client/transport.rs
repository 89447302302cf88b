//! Connections that may carry a payload or a token, and bodies that are read no further than needed.

use std::net::SocketAddr;

use reqwest::Response;
use url::{Host, Url};

use super::ClientError;
use crate::error::Malformed;

/// Whether a connection is protected by TLS, or does not leave this machine.
///
/// A name is no address: `localhost` counts only if the connection, where it is known, went to a
/// loopback address.
// r[impl attestation.client.secure-transport]
pub(super) fn is_secure(url: &Url, connected_to: Option<SocketAddr>) -> bool {
    match url.scheme() {
        "https" => true,
        "http" => is_loopback(url) && connected_to.is_none_or(|address| address.ip().is_loopback()),
        _ => false,
    }
}

/// Whether a URL names this machine.
pub(super) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

/// Reads a body of at most `limit` bytes.
pub(super) async fn read(mut response: Response, limit: usize) -> Result<Vec<u8>, ClientError> {
    let too_long = || Malformed::new("response", format!("longer than {limit} bytes"));
    let announced = response.content_length().unwrap_or_default();
    if announced > limit as u64 {
        return Err(too_long().into());
    }
    let mut body = Vec::new();
    while let Some(chunk) = response
        .chunk()
        .await
        .map_err(reqwest_middleware::Error::from)?
    {
        if body.len() + chunk.len() > limit {
            return Err(too_long().into());
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

#[cfg(test)]
mod tests {
    use super::*;

    // r[verify attestation.client.secure-transport]
    #[test]
    fn plain_http_is_for_this_machine() {
        for (url, connected_to, expected) in [
            ("https://api.example/", None, true),
            ("https://api.example/", Some("192.0.2.1:443"), true),
            ("http://api.example/", None, false),
            ("http://api.example/", Some("127.0.0.1:80"), false),
            ("http://192.0.2.1/", None, false),
            ("http://127.0.0.1:8080/", Some("127.0.0.1:8080"), true),
            ("http://127.8.0.1/", None, true),
            ("http://[::1]/", Some("[::1]:80"), true),
            ("http://localhost/", Some("127.0.0.1:80"), true),
            ("http://localhost/", Some("192.0.2.1:80"), false),
            ("http://127.0.0.1/", Some("192.0.2.1:3128"), false),
            ("http://localhost.example/", None, false),
            ("ftp://127.0.0.1/", None, false),
        ] {
            let connected_to = connected_to.map(|address| address.parse().unwrap());
            let parsed = Url::parse(url).unwrap();
            assert_eq!(is_secure(&parsed, connected_to), expected, "{url}");
        }
    }
}
