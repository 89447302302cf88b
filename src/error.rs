//! Errors, sorted by whose fault it is.
//!
//! | type | whose fault | what a server does |
//! |---|---|---|
//! | [`Rejected`] | the client that sent a payload or a token | answers `428` with the code |
//! | [`Malformed`] | the text that was read | says so to its sender |
//! | [`Misuse`] | the program that calls | mends the program |
//! | [`Unavailable`] | nobody's: a store, a resolver or a key service did not answer | `503`, and the client tries again |
//!
//! An outage never becomes a rejection: a payload that could not be judged has not been refused.
//! No detail repeats a secret, and none tells which of several secret comparisons failed.

use std::borrow::Cow;

mod rejected;

pub use rejected::{Error, Rejected};

type Source = Box<dyn std::error::Error + Send + Sync + 'static>;

/// A text or value that is not of its format.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("malformed {what}: {detail}")]
pub struct Malformed {
    what: &'static str,
    detail: Cow<'static, str>,
}

impl Malformed {
    /// Says that a `what` is not of its format, and why.
    pub fn new(what: &'static str, detail: impl Into<Cow<'static, str>>) -> Self {
        Self {
            what,
            detail: detail.into(),
        }
    }

    /// What was to be read: `JSON`, `base64url`, `DID`.
    #[must_use]
    pub fn what(&self) -> &'static str {
        self.what
    }

    /// Why it could not be read, for a person.
    #[must_use]
    pub fn detail(&self) -> &str {
        &self.detail
    }
}

/// A call that no input could make right.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{detail}")]
pub struct Misuse {
    detail: Cow<'static, str>,
}

impl Misuse {
    /// Says what the caller has to change.
    pub fn new(detail: impl Into<Cow<'static, str>>) -> Self {
        Self {
            detail: detail.into(),
        }
    }
}

/// Something that the answer depends on did not answer.
#[derive(Debug, thiserror::Error)]
#[error("{what} is unavailable")]
pub struct Unavailable {
    what: &'static str,
    source: Source,
}

impl Unavailable {
    /// Says that `what` did not answer, and keeps the reason.
    pub fn new(what: &'static str, source: impl Into<Source>) -> Self {
        Self {
            what,
            source: source.into(),
        }
    }

    /// What did not answer: `nonce store`, `DID resolver`, `signer`.
    #[must_use]
    pub fn what(&self) -> &'static str {
        self.what
    }
}
