//! What keeps a client from what it wants, by whose fault it is.

use std::time::Duration;

use crate::error::{Malformed, Misuse, Unavailable};
use crate::wire::withdrawal::{
    ChallengeStatus, ErrorDetail, ErrorDetailCode, IdempotencyKey, OAuthErrorCode,
    WithdrawalErrorCode,
};

/// Why there is no answer that could be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClientError {
    /// The exchange refuses the request.
    #[error(transparent)]
    Refused(#[from] Box<Refusal>),
    /// An endpoint of OAuth 2.0 refuses, or the owner refused consent.
    #[error("the authorization server refuses: {code}")]
    OAuth {
        /// The code as it was received. [`known`](OAuthCode::known) tells what it means.
        code: OAuthCode,
    },
    /// There are no tokens, or none that can be used any more: the owner has to consent anew.
    #[error("the owner has to consent anew")]
    ConsentNeeded,
    /// The challenge has ended, and there is no withdrawal.
    #[error("the challenge has ended: {0}")]
    ChallengeEnded(ChallengeStatus),
    /// The application has given the challenge up. It may submit again under the same key.
    #[error("the challenge was given up")]
    GivenUp,
    /// It is not known whether the withdrawal was created. It is kept, and
    /// [`resume`](super::Client::resume) asks again under the same key.
    #[error("it is not known whether the withdrawal {:?} was created: {source}", key.as_str())]
    OutcomeUnknown {
        /// The key under which it was submitted.
        key: IdempotencyKey,
        /// Why it is not known.
        source: Box<ClientError>,
    },
    /// It is not known whether the withdrawal was created, and the exchange may have forgotten its
    /// key. It is not submitted again: that could be a second withdrawal. A person has to look at
    /// the list of withdrawals.
    #[error("the key {:?} may have been forgotten by the exchange", key.as_str())]
    KeyTooOld {
        /// The key under which it was submitted.
        key: IdempotencyKey,
    },
    /// The exchange, or somebody in its place, says what a client must not act on.
    #[error("not to be trusted: {0}")]
    Untrusted(&'static str),
    /// The exchange lacks something that this client needs.
    #[error("not supported: {0}")]
    Unsupported(&'static str),
    /// An answer is not of its form.
    #[error(transparent)]
    Malformed(#[from] Malformed),
    /// The program that calls has to be mended.
    #[error(transparent)]
    Misuse(#[from] Misuse),
    /// Nothing was decided: the exchange, the network or the keeper did not answer.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

/// The code of an endpoint of OAuth 2.0, which may be one that this client does not know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OAuthCode(String);

impl OAuthCode {
    /// Takes what an error of RFC 6749 may be named, without what could be written to a log to
    /// mislead.
    pub(super) fn new(text: &str) -> Self {
        let is_printable = |c: &char| c.is_ascii_graphic();
        Self(text.chars().filter(is_printable).take(64).collect())
    }

    /// The code, if this client knows it.
    #[must_use]
    pub fn known(&self) -> Option<OAuthErrorCode> {
        self.0.parse().ok()
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for OAuthCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// An error of the API (section 10.1).
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{} ({status}, request {request_id:?})", code.map_or("an unknown error", |code| code.as_str()))]
#[non_exhaustive]
pub struct Refusal {
    /// The code; nothing if this client does not know it.
    pub code: Option<WithdrawalErrorCode>,
    /// The HTTP status.
    pub status: u16,
    /// A sentence for the developer. No program decides by it, and no owner is shown it.
    pub message: String,
    /// What the request is called in the exchange's records.
    pub request_id: String,
    /// Whether the request can be made again.
    pub retryable: bool,
    /// How long to wait before that.
    pub retry_after: Option<Duration>,
    /// What is wrong where, as far as this client knows the words.
    pub details: Vec<ErrorDetail>,
}

impl Refusal {
    /// Whether it has this code.
    #[must_use]
    pub fn is(&self, code: WithdrawalErrorCode) -> bool {
        self.code == Some(code)
    }

    /// Whether the same request, unchanged, can succeed after a while. A code that was wrong stays
    /// wrong, and a message is sent again only if the owner asks for it.
    // r[impl withdrawal.error.retry]
    // r[impl withdrawal.error.unknown]
    #[must_use]
    pub fn passes(&self) -> bool {
        use WithdrawalErrorCode as Code;
        match self.code {
            Some(Code::ChallengeCodeInvalid | Code::UseDpopNonce | Code::ResendTooSoon) => false,
            Some(code) => code.is_retryable(),
            None => {
                self.retryable && (self.status == 409 || self.status == 429 || self.status >= 500)
            }
        }
    }

    /// Whether a poll came too early.
    #[must_use]
    pub fn is_slow_down(&self) -> bool {
        let mut details = self.details.iter();
        self.is(WithdrawalErrorCode::RateLimited)
            && details.any(|detail| detail.code == ErrorDetailCode::SlowDown)
    }
}

impl ClientError {
    /// The code of the API, if the exchange refuses with one.
    #[must_use]
    pub fn code(&self) -> Option<WithdrawalErrorCode> {
        match self {
            Self::Refused(refusal) => refusal.code,
            Self::OutcomeUnknown { source, .. } => source.code(),
            _ => None,
        }
    }

    /// Whether nothing was decided, so that the same call may succeed later.
    #[must_use]
    pub fn is_outage(&self) -> bool {
        match self {
            Self::Unavailable(_) => true,
            Self::Refused(refusal) => refusal.passes(),
            Self::OutcomeUnknown { source, .. } => source.is_outage(),
            _ => false,
        }
    }
}
