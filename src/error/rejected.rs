//! Refusals, and the error that everything else converts to.

use std::borrow::Cow;

use super::{Malformed, Misuse, Unavailable};
use crate::wire::attestation::ErrorCode;

/// Whatever can go wrong between two parties.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The payload or the token is refused.
    #[error(transparent)]
    Rejected(#[from] Rejected),
    /// A text or value is not of its format.
    #[error(transparent)]
    Malformed(#[from] Malformed),
    /// The call could not be right.
    #[error(transparent)]
    Misuse(#[from] Misuse),
    /// The answer is not known now.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

impl Error {
    /// The code, if this is a refusal.
    #[must_use]
    pub fn code(&self) -> Option<ErrorCode> {
        match self {
            Self::Rejected(rejected) => Some(rejected.code()),
            _ => None,
        }
    }
}

/// A payload or a token that is refused, with one of the codes of section 6.6.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {detail}")]
pub struct Rejected {
    code: ErrorCode,
    detail: Cow<'static, str>,
}

impl Rejected {
    /// Refuses with a code, and says why to the developer of the client.
    pub fn new(code: ErrorCode, detail: impl Into<Cow<'static, str>>) -> Self {
        Self {
            code,
            detail: detail.into(),
        }
    }

    /// The code.
    #[must_use]
    pub fn code(&self) -> ErrorCode {
        self.code
    }

    /// What failed, for the developer of the client. No program decides by it.
    #[must_use]
    pub fn detail(&self) -> &str {
        &self.detail
    }
}
