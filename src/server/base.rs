//! The address under which clients know the server.

use ::http::{HeaderMap, Uri, header};

use crate::attestation::HttpUri;
use crate::error::Misuse;
use crate::wire::attestation::AbsoluteUri;

/// The scheme, the authority and perhaps the beginning of the path of every guarded resource, as
/// clients request them: `https://api.example.com`, or `https://api.example.com/v1` behind a
/// gateway that removes `/v1`.
///
/// It is configuration. What a request says of its host is the client's choice, and a challenge
/// for another name would be signed for another server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicBase(Kind);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Kind {
    Fixed { origin: String, prefix: String },
    Host { scheme: &'static str },
}

impl PublicBase {
    /// Reads the base. A path is a prefix of every resource; a slash at its end is not part of it.
    ///
    /// # Errors
    /// [`Misuse`] for a text that is no absolute http or https URI, that has user information, a
    /// query, a fragment, dot segments or encoded slashes, and for `http` with another host than a
    /// loopback address: payloads and tokens would travel in the clear.
    // r[impl attestation.security.authority]
    // r[impl attestation.http.external-uri]
    // r[impl attestation.security.tls]
    pub fn parse(text: &str) -> Result<Self, Misuse> {
        let uri = HttpUri::parse(text)
            .filter(|uri| uri.query.is_none() && !uri.has_fragment)
            .ok_or_else(|| Misuse::new("the public base is no http or https URI of a directory"))?;
        if let Some(authority) = uri.origin.strip_prefix("http://")
            && !is_loopback(authority)
        {
            return Err(Misuse::new(
                "the public base is http and not a loopback address: use https",
            ));
        }
        Ok(Self(Kind::Fixed {
            prefix: uri.path.trim_end_matches('/').to_owned(),
            origin: uri.origin.into_owned(),
        }))
    }

    /// Takes the host of every request on trust, so that a client chooses for which name a
    /// challenge is issued. For servers behind a gateway that forwards a checked `Host` and
    /// nothing else. Challenges then name no attestation endpoint.
    #[must_use]
    pub fn danger_from_host() -> Self {
        Self(Kind::Host { scheme: "https" })
    }

    /// The URI of a request as its client knows it; nothing if the request names no host where one
    /// is needed.
    // r[impl attestation.http.external-uri]
    pub(super) fn resource(&self, uri: &Uri, headers: &HeaderMap) -> Option<String> {
        let path = uri.path_and_query().map_or("/", |path| path.as_str());
        match &self.0 {
            Kind::Fixed { origin, prefix } => Some([origin, prefix, path].concat()),
            Kind::Host { scheme } => {
                let of_uri = uri.authority().map(::http::uri::Authority::as_str);
                let mut hosts = headers.get_all(header::HOST).iter();
                let host = of_uri.or_else(|| hosts.next()?.to_str().ok())?;
                // A host with a path would move every rule that is below it.
                HttpUri::parse(&format!("{scheme}://{host}/"))
                    .filter(|uri| uri.path == "/" && uri.query.is_none() && !uri.has_fragment)?;
                Some(format!("{scheme}://{host}{path}"))
            }
        }
    }

    /// The request target of a resource under this base.
    pub(super) fn target(&self, resource: &str) -> Option<Uri> {
        let parsed = HttpUri::parse(resource).filter(|uri| !uri.has_fragment)?;
        let path = match &self.0 {
            Kind::Fixed { origin, prefix } if parsed.origin == *origin => {
                parsed.path.strip_prefix(prefix.as_str())?
            }
            Kind::Fixed { .. } => return None,
            Kind::Host { .. } => &*parsed.path,
        };
        let path = if path.is_empty() { "/" } else { path };
        let target = match &parsed.query {
            Some(query) if path.starts_with('/') => format!("{path}?{query}"),
            None if path.starts_with('/') => path.to_owned(),
            _ => return None,
        };
        target.parse().ok()
    }

    /// The address that reaches the server as `path`.
    pub(super) fn address(&self, path: &str) -> Option<AbsoluteUri> {
        match &self.0 {
            Kind::Fixed { origin, prefix } => {
                AbsoluteUri::parse([origin, prefix, path].concat()).ok()
            }
            Kind::Host { .. } => None,
        }
    }
}

fn is_loopback(authority: &str) -> bool {
    let host = match authority.strip_prefix('[') {
        Some(literal) => literal.split(']').next().unwrap_or_default(),
        None => authority.split(':').next().unwrap_or_default(),
    };
    let address = host.parse::<std::net::IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_base_is_https_or_loopback() {
        for text in [
            "https://api.example.com",
            "https://api.example.com/v1/",
            "http://127.0.0.1:8080",
            "http://localhost:8080",
            "http://[::1]:8080",
        ] {
            assert!(PublicBase::parse(text).is_ok(), "{text}");
        }
        for text in [
            "",
            "api.example.com",
            "http://api.example.com",
            "http://127.0.0.1.example.com",
            "https://api.example.com?x",
            "https://api.example.com#x",
            "https://me@api.example.com",
            "https://api.example.com/a/../b",
        ] {
            assert!(PublicBase::parse(text).is_err(), "{text}");
        }
    }

    // r[verify attestation.http.external-uri]
    #[test]
    fn resources_have_the_prefix_that_the_gateway_removes() {
        let base = PublicBase::parse("https://API.example.com:443/v1/").unwrap();
        let uri: Uri = "/reports?x=1".parse().unwrap();
        let resource = base.resource(&uri, &HeaderMap::new()).unwrap();
        assert_eq!(resource, "https://api.example.com/v1/reports?x=1");
        assert_eq!(base.target(&resource), Some(uri));
        for other in [
            "https://api.example.com/reports",
            "https://api.example.com/v10/reports",
            "https://other.example.com/v1/reports",
            "https://api.example.com/v1/%2e%2e/reports",
        ] {
            assert_eq!(base.target(other), None, "{other}");
        }
    }

    // r[verify attestation.security.authority]
    #[test]
    fn the_host_of_a_request_is_not_asked() {
        let base = PublicBase::parse("https://api.example.com").unwrap();
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, "evil.example".parse().unwrap());
        let uri: Uri = "https://evil.example/reports".parse().unwrap();
        let resource = base.resource(&uri, &headers).unwrap();
        assert_eq!(resource, "https://api.example.com/reports");
        let trusting = PublicBase::danger_from_host();
        let resource = trusting.resource(&"/reports".parse().unwrap(), &headers);
        assert_eq!(resource.unwrap(), "https://evil.example/reports");
    }
}
