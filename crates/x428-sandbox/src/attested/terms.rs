//! The documents that are accepted, served as they were hashed.

use std::fmt::Write as _;

use axum::Router;
use axum::http::{HeaderName, HeaderValue, header};
use axum::routing::get;
use sha2::{Digest as _, Sha256};
use x428::wire::Invalid;
use x428::wire::attestation::{
    AbsoluteUri, AllowedAttestationMethods, AttestationMethod, DocumentHash, Precondition,
    PreconditionId, TosPrecondition, TosVersion,
};

const OWN: &str = include_str!("terms.txt");
const OWN_VERSION: &str = "2026-11";

/// A document with the name under which it is served.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms {
    name: String,
    version: String,
    text: Vec<u8>,
}

impl Terms {
    /// Takes a document. Of the name, letters, digits, `.`, `-` and `_` are kept.
    #[must_use]
    pub fn new(name: &str, text: impl Into<Vec<u8>>) -> Self {
        let keeps = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
        let name: String = name
            .chars()
            .map(|c| if keeps(c) { c } else { '-' })
            .collect();
        let is_path = name.chars().all(|c| c == '.');
        Self {
            name: if is_path {
                "terms.txt".to_owned()
            } else {
                name
            },
            version: String::from("1"),
            text: text.into(),
        }
    }

    /// The terms that the demo has itself.
    #[must_use]
    pub fn own() -> Self {
        Self {
            version: OWN_VERSION.to_owned(),
            ..Self::new("terms.txt", OWN)
        }
    }

    /// The name under which the document is served.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// `sha256-` and the hexadecimal digits of the hash.
    #[must_use]
    pub fn hash(&self) -> String {
        let digits = Sha256::digest(&self.text);
        let mut hash = String::from("sha256-");
        for byte in digits {
            // Writing to a string cannot fail.
            let _ = write!(hash, "{byte:02x}");
        }
        hash
    }

    fn path(&self) -> String {
        format!("/terms/{}", self.name)
    }

    pub(super) fn precondition(&self, base: &str, index: usize) -> Result<Precondition, Invalid> {
        let id = match index {
            0 => "terms".to_owned(),
            later => format!("terms-{}", later + 1),
        };
        let address = format!("{}{}", base.trim_end_matches('/'), self.path());
        let methods = AllowedAttestationMethods::new(vec![AttestationMethod::Self_])?;
        Ok(TosPrecondition::new(
            PreconditionId::parse(id)?,
            methods,
            TosVersion::parse(self.version.as_str())?,
            AbsoluteUri::parse(address)?,
            DocumentHash::parse(self.hash())?,
        )
        .into())
    }
}

/// Serves the documents. Of two with one name, the first is served.
pub(super) fn routes(terms: &[Terms]) -> Router {
    let mut router = Router::new();
    let mut served: Vec<&str> = Vec::new();
    for terms in terms {
        if served.contains(&terms.name.as_str()) {
            continue;
        }
        served.push(&terms.name);
        let text = terms.text.clone();
        router = router.route(&terms.path(), get(async move || (headers(), text.clone())));
    }
    router
}

/// What is accepted is read as text: nothing in it is run.
fn headers() -> [(HeaderName, HeaderValue); 2] {
    [
        (
            header::CONTENT_TYPE,
            HeaderValue::from_static("text/plain; charset=utf-8"),
        ),
        (
            header::X_CONTENT_TYPE_OPTIONS,
            HeaderValue::from_static("nosniff"),
        ),
    ]
}
