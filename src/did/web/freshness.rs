//! For how long a response may be kept (RFC 9111 §4.2).

use std::time::Duration;

use http::{HeaderMap, header};
use jiff::fmt::rfc2822;

/// How long a private cache may keep the response, from now on; nothing if the response does not
/// say. What says something and cannot be read is not kept.
// r[impl attestation.did-web.cache]
pub(super) fn max_age(headers: &HeaderMap) -> Option<Duration> {
    let none = Some(Duration::ZERO);
    let age = match seconds(headers, &header::AGE) {
        Ok(age) => age.unwrap_or_default(),
        Err(Unreadable) => return none,
    };
    let mut lifetime = None;
    for value in headers.get_all(header::CACHE_CONTROL) {
        let Ok(value) = value.to_str() else {
            return none;
        };
        for directive in value.split(',') {
            let (name, argument) = match directive.split_once('=') {
                Some((name, argument)) => (name, Some(argument)),
                None => (directive, None),
            };
            match name.trim().to_ascii_lowercase().as_str() {
                "no-store" | "no-cache" => return none,
                "max-age" => {
                    let digits = argument.unwrap_or_default().trim().trim_matches('"');
                    let Ok(seconds) = digits.parse() else {
                        return none;
                    };
                    let given = Duration::from_secs(seconds);
                    lifetime = Some(lifetime.map_or(given, |other: Duration| other.min(given)));
                }
                _ => {}
            }
        }
    }
    let lifetime = lifetime.or_else(|| until_expiry(headers));
    lifetime.map(|lifetime| lifetime.saturating_sub(age))
}

struct Unreadable;

fn seconds(headers: &HeaderMap, name: &header::HeaderName) -> Result<Option<Duration>, Unreadable> {
    let Some(value) = headers.get(name) else {
        return Ok(None);
    };
    let text = value.to_str().map_err(|_| Unreadable)?;
    let seconds = text.trim().parse().map_err(|_| Unreadable)?;
    Ok(Some(Duration::from_secs(seconds)))
}

/// The time from `Date` to `Expires`, both by the clock of the server.
fn until_expiry(headers: &HeaderMap) -> Option<Duration> {
    let expires = headers.get(header::EXPIRES)?;
    let moment = |value: &header::HeaderValue| {
        let moment = rfc2822::parse(value.to_str().ok()?).ok()?;
        Some(moment.timestamp())
    };
    let lifetime = (|| {
        let date = moment(headers.get(header::DATE)?)?;
        Duration::try_from(moment(expires)?.duration_since(date)).ok()
    })();
    Some(lifetime.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use http::{HeaderName, HeaderValue};

    use super::*;

    // r[verify attestation.did-web.cache]
    #[test]
    fn the_directives_of_rfc_9111_are_followed() {
        const DATE: (&str, &str) = ("date", "Sun, 06 Nov 1994 08:49:37 GMT");
        for (headers, expected) in [
            (&[][..], None),
            (&[("cache-control", "public")], None),
            (&[("cache-control", "max-age=60")], Some(60)),
            (&[("cache-control", "private, Max-Age=\"60\"")], Some(60)),
            (&[("cache-control", "max-age=60, max-age=10")], Some(10)),
            (&[("cache-control", "max-age=60"), ("age", "45")], Some(15)),
            (&[("cache-control", "max-age=60"), ("age", "75")], Some(0)),
            (&[("cache-control", "max-age=60"), ("age", "new")], Some(0)),
            (&[("cache-control", "max-age=soon")], Some(0)),
            (&[("cache-control", "max-age=-1")], Some(0)),
            (&[("cache-control", "max-age=60, no-store")], Some(0)),
            (&[("cache-control", "no-cache")], Some(0)),
            (
                &[("cache-control", "public"), ("cache-control", "No-Store")],
                Some(0),
            ),
            (
                &[DATE, ("expires", "Sun, 06 Nov 1994 08:50:37 GMT")],
                Some(60),
            ),
            (
                &[DATE, ("expires", "Sun, 06 Nov 1994 08:48:37 GMT")],
                Some(0),
            ),
            (&[DATE, ("expires", "0")], Some(0)),
            (&[("expires", "Sun, 06 Nov 1994 08:50:37 GMT")], Some(0)),
        ] {
            let map: HeaderMap = headers
                .iter()
                .map(|(name, value)| {
                    (
                        HeaderName::from_static(name),
                        HeaderValue::from_static(value),
                    )
                })
                .fold(HeaderMap::new(), |mut map, (name, value)| {
                    map.append(name, value);
                    map
                });
            assert_eq!(
                max_age(&map),
                expected.map(Duration::from_secs),
                "{headers:?}"
            );
        }
    }
}
