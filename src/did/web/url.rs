//! From a did:web to the address of its document.

use url::{Host, Url};

use super::super::Did;
use crate::error::Malformed;

/// The URL of the document of a did:web.
///
/// The host is a name of at least two labels. A number in any spelling that a URL parser takes for
/// an IPv4 address, an IPv6 address and an encoded character are refused here, because no resolver
/// of names would be asked about them. A segment of the path is taken as it stands, unless a server
/// could read it as another path.
///
/// # Errors
/// [`Malformed`] if the DID is of another method or names no such URL.
// r[impl attestation.did-web.url]
// r[impl attestation.did-web.https]
pub fn document_url(did: &Did) -> Result<Url, Malformed> {
    if did.method() != "web" {
        return Err(refuse("the method is not `web`"));
    }
    let mut parts = did.method_specific_id().split(':');
    let (host, port) = host_and_port(parts.next().unwrap_or_default())?;
    let path = path(parts)?;
    let authority = match port {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    };
    let url =
        Url::parse(&format!("https://{authority}{path}")).map_err(|_| refuse("it names no URL"))?;
    // Whatever a parser of URLs repairs is another address than the one that was checked.
    let is_as_checked = matches!(url.host(), Some(Host::Domain(name)) if name.eq_ignore_ascii_case(host))
        && url.path() == path
        && url.port_or_known_default() == Some(port.unwrap_or(443))
        && url.query().is_none();
    if is_as_checked {
        Ok(url)
    } else {
        Err(refuse("its URL can be read in two ways"))
    }
}

fn host_and_port(authority: &str) -> Result<(&str, Option<u16>), Malformed> {
    let (host, port) = match authority.find('%') {
        None => (authority, None),
        Some(at) => {
            let (host, escape) = authority.split_at(at);
            let is_colon = |colon: &str| colon.eq_ignore_ascii_case("%3A");
            let digits = match escape.split_at_checked(3) {
                Some((colon, digits)) if is_colon(colon) => digits,
                _ => return Err(refuse("the host has an encoded character")),
            };
            (host, Some(port(digits)?))
        }
    };
    // r[impl attestation.did-web.public-address]
    if !is_name(host) {
        return Err(refuse("the host is not a name of at least two labels"));
    }
    Ok((host, port))
}

fn port(digits: &str) -> Result<u16, Malformed> {
    let is_number = (1..=5).contains(&digits.len())
        && !digits.starts_with('0')
        && digits.bytes().all(|byte| byte.is_ascii_digit());
    let port = digits.parse().ok().filter(|_| is_number);
    port.ok_or_else(|| refuse("the port is not a number from 1 to 65535"))
}

/// A name of the DNS in ASCII (RFC 1123 §2.1), of two labels or more, that is no number.
fn is_name(host: &str) -> bool {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    // An address ends in a number, in decimal, octal or hexadecimal; no top-level domain starts
    // with a digit.
    let ends_in_name = |label: &str| !label.starts_with(|first: char| first.is_ascii_digit());
    host.len() <= 253
        && host.contains('.')
        && host.split('.').all(is_label)
        && host.rsplit('.').next().is_some_and(ends_in_name)
}

fn path<'d>(segments: impl Iterator<Item = &'d str>) -> Result<String, Malformed> {
    let mut path = String::new();
    for segment in segments {
        if !is_plain(segment) {
            return Err(refuse("a segment of the path can be read in two ways"));
        }
        path.push('/');
        path.push_str(segment);
    }
    if path.is_empty() {
        path.push_str("/.well-known");
    }
    path.push_str("/did.json");
    Ok(path)
}

/// Whether every server reads the segment alike: no dot segment, and no escape of a character that
/// would mean something without it.
fn is_plain(segment: &str) -> bool {
    let mut escapes = segment.split('%').skip(1);
    let harmless = |escape: &str| {
        let byte = escape.get(..2).and_then(|d| u8::from_str_radix(d, 16).ok());
        byte.is_some_and(|byte| !byte.is_ascii_control() && !b"./\\".contains(&byte))
    };
    !matches!(segment, "." | "..") && escapes.all(harmless)
}

fn refuse(why: &'static str) -> Malformed {
    Malformed::new("did:web", why)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(did: &str) -> Option<String> {
        let did = Did::parse(did).ok()?;
        document_url(&did).ok().map(String::from)
    }

    // r[verify attestation.did-web.url]
    // r[verify attestation.did-web.https]
    #[test]
    fn a_did_names_the_url_of_its_document() {
        for (did, expected) in [
            (
                "did:web:operator.example",
                "https://operator.example/.well-known/did.json",
            ),
            (
                "did:web:operator.example:agents:7",
                "https://operator.example/agents/7/did.json",
            ),
            (
                "did:web:operator.example%3A8443",
                "https://operator.example:8443/.well-known/did.json",
            ),
            (
                "did:web:operator.example%3a8443:a_b-c.d",
                "https://operator.example:8443/a_b-c.d/did.json",
            ),
            (
                "did:web:Operator.Example%3A443",
                "https://operator.example/.well-known/did.json",
            ),
            (
                "did:web:xn--bcher-kva.example:caf%C3%A9%20noir",
                "https://xn--bcher-kva.example/caf%C3%A9%20noir/did.json",
            ),
            (
                "did:web:1.2.3.example:...",
                "https://1.2.3.example/.../did.json",
            ),
        ] {
            assert_eq!(url(did).as_deref(), Some(expected), "{did}");
        }
    }

    // r[verify attestation.did-web.public-address]
    #[test]
    fn an_address_in_any_spelling_is_refused() {
        for host in [
            "127.0.0.1",
            "127.0.0.1%3A8443",
            "127.1",
            "2130706433",
            "0x7f000001",
            "0x7f.1",
            "0x7f.0.0.0x1",
            "0177.0.0.01",
            "017700000001",
            "1.2.3.0x",
            "127.0.0.1.",
            "93.184.216.34",
            "%5B::1%5D",
            "%5B%3A%3A1%5D",
            "%31%32%37.0.0.1",
            "0.0.0.0",
        ] {
            assert_eq!(url(&format!("did:web:{host}")), None, "{host}");
        }
    }

    #[test]
    fn what_is_no_name_port_or_path_is_refused() {
        for did in [
            "did:key:z6MkuthLAaRw5KjeGi6D2A1Jw5PxknfmxwZAcHqtBN5ns7Pj",
            "did:web:localhost",
            "did:web:localhost%3A8443",
            "did:web:operator.example.",
            "did:web:.example",
            "did:web:operator..example",
            "did:web:-operator.example",
            "did:web:operator-.example",
            "did:web:oper_ator.example",
            "did:web:user%40operator.example",
            "did:web:operator.example%2Fpath",
            "did:web:operator.example%3A",
            "did:web:operator.example%3A0",
            "did:web:operator.example%3A080",
            "did:web:operator.example%3A65536",
            "did:web:operator.example%3A-1",
            "did:web:operator.example%3A443%2Fpath",
            "did:web:operator.example:.",
            "did:web:operator.example:..:secret",
            "did:web:operator.example:%2e%2E:secret",
            "did:web:operator.example:a%2Fb",
            "did:web:operator.example:a%5Cb",
            "did:web:operator.example:a%00b",
        ] {
            assert_eq!(url(did), None, "{did}");
        }
        assert_eq!(url(&format!("did:web:{}.example", "a".repeat(64))), None);
        assert_eq!(url(&format!("did:web:{}example", "a.".repeat(128))), None);
    }
}
