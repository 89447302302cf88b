//! Absolute URIs, as far as they are compared: RFC 3986 §6.2.2 and §6.2.3, and nothing repaired.
//!
//! A browser's reading of a URL turns backslashes into slashes, resolves dot segments and drops
//! tabs. What guards a resource must not guess: a URI that could be read in two ways is refused.

use std::borrow::Cow;
use std::fmt::Write as _;

/// An absolute URI of the scheme `http` or `https`, normalized. It borrows what was normal before:
/// requested URIs are compared with every token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct HttpUri<'a> {
    /// Scheme and authority, normalized: `https://example.com:8443`.
    pub(crate) origin: Cow<'a, str>,
    /// Starts with `/`.
    pub(crate) path: Cow<'a, str>,
    /// Without the `?`.
    pub(crate) query: Option<Cow<'a, str>>,
    /// Whether something follows a `#`, and be it nothing.
    pub(crate) has_fragment: bool,
}

impl<'a> HttpUri<'a> {
    /// Returns nothing for a text that is no such URI, that has user information, or whose path
    /// holds dot segments, backslashes or encoded slashes.
    // r[impl attestation.scope.unparsable]
    // r[impl attestation.scope.userinfo]
    // r[impl attestation.scope.encoded-slash]
    // r[impl attestation.scope.dot-segments]
    pub(crate) fn parse(text: &'a str) -> Option<Self> {
        let (scheme, rest) = text.split_once("://")?;
        let default_port = match scheme {
            scheme if scheme.eq_ignore_ascii_case("https") => 443,
            scheme if scheme.eq_ignore_ascii_case("http") => 80,
            _ => return None,
        };
        let (rest, fragment) = split(rest, '#');
        let (rest, query) = split(rest, '?');
        let path_start = rest.find('/').unwrap_or(rest.len());
        let (authority, path) = rest.split_at(path_start);
        let origin_end = scheme.len() + "://".len() + authority.len();
        let origin = origin(&text[..origin_end], scheme, authority, default_port)?;
        let path = if path.is_empty() {
            Cow::Borrowed("/")
        } else {
            normalized(path, |byte| is_pchar(byte) || byte == b'/')?
        };
        let is_dots = |segment: &str| matches!(segment, "." | "..");
        let is_escaped = path.contains('%') && (path.contains("%2F") || path.contains("%5C"));
        if is_escaped || path.split('/').any(is_dots) {
            return None;
        }
        let is_query = |byte| is_pchar(byte) || matches!(byte, b'/' | b'?');
        let query = match query {
            Some(query) => Some(normalized(query, is_query)?),
            None => None,
        };
        if let Some(fragment) = fragment {
            normalized(fragment, is_query)?;
        }
        Some(Self {
            origin,
            path,
            query,
            has_fragment: fragment.is_some(),
        })
    }

    /// The same, for longer than the text it was read from.
    #[cfg(feature = "tower")]
    pub(crate) fn into_owned(self) -> HttpUri<'static> {
        HttpUri {
            origin: self.origin.into_owned().into(),
            path: self.path.into_owned().into(),
            query: self.query.map(|query| query.into_owned().into()),
            has_fragment: self.has_fragment,
        }
    }

    /// The URI as it is requested: a fragment stays with the client.
    pub(crate) fn without_fragment(self) -> Self {
        Self {
            has_fragment: false,
            ..self
        }
    }
}

fn split(text: &str, at: char) -> (&str, Option<&str>) {
    match text.split_once(at) {
        Some((before, after)) => (before, Some(after)),
        None => (text, None),
    }
}

/// `text` is the scheme and the authority as they were written.
fn origin<'a>(
    text: &'a str,
    scheme: &str,
    authority: &str,
    default_port: u16,
) -> Option<Cow<'a, str>> {
    let (host, port) = host_and_port(authority)?;
    let number = match port.filter(|digits| !digits.is_empty()) {
        None => None,
        Some(digits) if !digits.bytes().all(|byte| byte.is_ascii_digit()) => return None,
        Some(digits) => Some(digits.parse::<u16>().ok()?).filter(|port| *port != default_port),
    };
    let is_normal = match (port, number) {
        (None, _) => true,
        (Some(digits), Some(_)) => !digits.starts_with('0'),
        (Some(_), None) => false,
    };
    if is_normal && !text.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return Some(Cow::Borrowed(text));
    }
    let mut origin = format!("{scheme}://{host}").to_ascii_lowercase();
    if let Some(port) = number {
        // Writing to a string cannot fail.
        let _ = write!(origin, ":{port}");
    }
    Some(Cow::Owned(origin))
}

fn host_and_port(authority: &str) -> Option<(&str, Option<&str>)> {
    let Some(literal) = authority.strip_prefix('[') else {
        let (host, port) = split(authority, ':');
        // A user's name ends in `@`, which no host contains; an encoded host is no host name.
        let fits = |byte| is_unreserved(byte) || is_sub_delimiter(byte);
        let is_host = !host.is_empty() && host.bytes().all(fits);
        return is_host.then_some((host, port));
    };
    let (address, port) = literal.split_once(']')?;
    let fits = |byte: u8| byte.is_ascii_hexdigit() || matches!(byte, b':' | b'.');
    let port = match port {
        "" => None,
        port => Some(port.strip_prefix(':')?),
    };
    let is_address = !address.is_empty() && address.bytes().all(fits);
    is_address.then_some((&authority[..address.len() + 2], port))
}

/// Brings percent-encodings into their one form; refuses other characters than those that `fits`.
// r[impl attestation.scope.normalize]
fn normalized(part: &str, fits: impl Fn(u8) -> bool) -> Option<Cow<'_, str>> {
    if part.bytes().all(&fits) {
        return Some(Cow::Borrowed(part));
    }
    let mut out = String::with_capacity(part.len());
    let mut rest = part;
    while let Some(at) = rest.find('%') {
        let (plain, escape) = rest.split_at(at);
        let digits = escape.as_bytes().get(1..3)?;
        if !plain.bytes().all(&fits) || !digits.iter().all(u8::is_ascii_hexdigit) {
            return None;
        }
        let byte = u8::from_str_radix(escape.get(1..3)?, 16).ok()?;
        out.push_str(plain);
        if is_unreserved(byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
        rest = &escape[3..];
    }
    if !rest.bytes().all(fits) {
        return None;
    }
    out.push_str(rest);
    Some(Cow::Owned(out))
}

fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~')
}

fn is_sub_delimiter(byte: u8) -> bool {
    b"!$&'()*+,;=".contains(&byte)
}

fn is_pchar(byte: u8) -> bool {
    is_unreserved(byte) || is_sub_delimiter(byte) || matches!(byte, b':' | b'@')
}
