//! What a payload has to answer.

use serde_json::Value;

use super::super::challenge::Challenge;
use super::super::issue::{ChallengeIssuer, Policy};

/// What a payload has to answer.
#[derive(Debug, Clone, Copy)]
pub struct Expected<'a> {
    pub(super) source: Source<'a>,
    pub(super) requested: Option<&'a str>,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Source<'a> {
    Stored(&'a Challenge),
    Sealed(&'a ChallengeIssuer, &'a Policy),
    Unreadable(&'a Value),
    Nothing,
}

impl<'a> Expected<'a> {
    /// A challenge that the server has kept.
    #[must_use]
    pub fn challenge(challenge: &'a Challenge) -> Self {
        Self {
            source: Source::Stored(challenge),
            requested: None,
        }
    }

    /// A challenge with a sealed nonce, for the resource that the payload names, whose policy it
    /// is.
    #[must_use]
    pub fn sealed(issuer: &'a ChallengeIssuer, policy: &'a Policy) -> Self {
        Self {
            source: Source::Sealed(issuer, policy),
            requested: None,
        }
    }

    /// A challenge that the server has kept and cannot read any more: [`Challenge::read`] refused
    /// it. No payload answers it.
    #[must_use]
    pub fn unreadable(challenge: &'a Value) -> Self {
        Self {
            source: Source::Unreadable(challenge),
            requested: None,
        }
    }

    /// No challenge at all: the server keeps none with this nonce, or guards no such resource.
    #[must_use]
    pub fn nothing() -> Self {
        Self {
            source: Source::Nothing,
            requested: None,
        }
    }

    /// Says for which URI the request was that carried the payload in a header.
    // r[impl attestation.submit.requested-resource]
    #[must_use]
    pub fn requested(mut self, uri: &'a str) -> Self {
        self.requested = Some(uri);
        self
    }
}
