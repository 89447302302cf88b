//! The headers of what leaves the layer.

use ::http::header::{ACCESS_CONTROL_EXPOSE_HEADERS, CACHE_CONTROL, VARY};
use ::http::{HeaderMap, HeaderValue};

use super::builder::Server;
use crate::attestation::header;
use crate::error::Misuse;
use crate::http::name::header_names;
use crate::http::response::{put_receipt, put_token};
use crate::wire::attestation::{AttestationToken, Receipt};

const EXPOSED: HeaderValue = header_names!(header::REQUIRED, header::TOKEN, header::RECEIPT);
const VARIES: HeaderValue = header_names!(header::ATTESTATION, header::TOKEN);
const PRIVATE: HeaderValue = HeaderValue::from_static("private");

/// What an accepted payload is worth.
#[derive(Debug, Clone)]
pub(super) struct Granted {
    pub(super) token: AttestationToken,
    pub(super) receipt: Option<Receipt>,
}

impl Granted {
    // r[impl attestation.http.token-header]
    // r[impl attestation.receipt.transport]
    // r[impl attestation.x402.token-on-402]
    pub(super) fn put(&self, headers: &mut HeaderMap) -> Result<(), Misuse> {
        put_token(headers, &self.token)?;
        match &self.receipt {
            Some(receipt) => put_receipt(headers, receipt),
            None => Ok(()),
        }
    }
}

impl Server {
    /// Lets browsers read the headers, and tells caches on which headers of a request the answer
    /// depends.
    // r[impl attestation.http.expose]
    // r[impl attestation.http.vary]
    pub(super) fn dress(&self, headers: &mut HeaderMap) {
        if self.exposes_headers {
            headers.append(ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
        }
        headers.append(VARY, VARIES);
    }

    /// Finishes the response of the inner service to a request with a payload or a token.
    pub(super) fn finish(
        &self,
        headers: &mut HeaderMap,
        granted: Option<&Granted>,
    ) -> Result<(), Misuse> {
        keep_private(headers);
        if let Some(granted) = granted {
            self.dress(headers);
            return granted.put(headers);
        }
        headers.append(VARY, VARIES);
        Ok(())
    }
}

/// Keeps shared caches from storing the response: they would serve it to who attested nothing.
// r[impl attestation.http.private]
fn keep_private(headers: &mut HeaderMap) {
    let mut kept = Vec::new();
    for value in headers.get_all(CACHE_CONTROL) {
        // What is not ASCII is no directive that a cache would obey.
        for directive in value.to_str().unwrap_or_default().split(',') {
            let directive = directive.trim();
            if directive.eq_ignore_ascii_case("private")
                || directive.eq_ignore_ascii_case("no-store")
            {
                return;
            }
            let name = directive.split('=').next().unwrap_or_default();
            let is_for_shared = ["public", "s-maxage", "private"]
                .iter()
                .any(|shared| name.eq_ignore_ascii_case(shared));
            // A list of fields in quotes is cut at its commas; half of it is nothing to keep.
            if !is_for_shared && !directive.is_empty() && !directive.contains('"') {
                kept.push(directive.to_owned());
            }
        }
    }
    let value = if kept.is_empty() {
        PRIVATE
    } else {
        HeaderValue::try_from(format!("private, {}", kept.join(", "))).unwrap_or(PRIVATE)
    };
    headers.insert(CACHE_CONTROL, value);
}

#[cfg(test)]
mod tests {
    use super::*;

    // r[verify attestation.http.private]
    #[test]
    fn no_shared_cache_keeps_what_is_guarded() {
        for (given, expected) in [
            (&[][..], "private"),
            (&["no-store"], "no-store"),
            (&["Private"], "Private"),
            (&["max-age=60, private"], "max-age=60, private"),
            (&["public, max-age=60"], "private, max-age=60"),
            (&["max-age=60", "s-maxage=600"], "private, max-age=60"),
            (
                &["private=\"set-cookie, x\", max-age=1"],
                "private, max-age=1",
            ),
            (&["no-cache=\"private\""], "private"),
            (&["\u{e9}"], "private"),
        ] {
            let mut headers = HeaderMap::new();
            for value in given {
                let value = HeaderValue::from_bytes(value.as_bytes()).unwrap();
                headers.append(CACHE_CONTROL, value);
            }
            keep_private(&mut headers);
            assert_eq!(headers[CACHE_CONTROL], expected, "{given:?}");
        }
    }
}
