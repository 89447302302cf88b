use std::collections::BTreeMap;

use axum::http::header;

use super::OAuthFailure;
use crate::exchange::call::Call;

/// The parameters of a request; none of them is there twice (RFC 6749 §3.2).
#[derive(Debug, Default)]
pub(super) struct Form(BTreeMap<String, String>);

impl Form {
    /// Reads the body of a request.
    pub(super) fn of_body(call: &Call) -> Result<Self, OAuthFailure> {
        let kind = call.headers.get(header::CONTENT_TYPE);
        let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        let kind = kind.split(';').next().unwrap_or_default().trim();
        if !kind.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
            return Err(OAuthFailure::invalid_request("The body is not a form."));
        }
        let body = call.form_body();
        let body = body.ok_or_else(|| OAuthFailure::invalid_request("The body is too long."))?;
        Self::parse(body)
    }

    /// Reads parameters that are encoded as a form.
    pub(super) fn parse(text: &[u8]) -> Result<Self, OAuthFailure> {
        if std::str::from_utf8(text).is_err() {
            return Err(OAuthFailure::invalid_request("The form is not UTF-8."));
        }
        let mut form = BTreeMap::new();
        for (name, value) in url::form_urlencoded::parse(text) {
            if form.insert(name.into_owned(), value.into_owned()).is_some() {
                return Err(OAuthFailure::invalid_request("A parameter is there twice."));
            }
        }
        Ok(Self(form))
    }

    /// A parameter; an empty one is none (RFC 6749 §3.1).
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0
            .get(name)
            .map(String::as_str)
            .filter(|value| !value.is_empty())
    }

    /// A parameter that has to be there.
    pub(super) fn need(&self, name: &str, missing: &'static str) -> Result<&str, OAuthFailure> {
        self.get(name)
            .ok_or_else(|| OAuthFailure::invalid_request(missing))
    }
}
