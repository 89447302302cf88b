//! What keeps a client from the resource.

use crate::attestation::Challenge;
use crate::error::{Malformed, Misuse, Unavailable};
use crate::wire::attestation::{ErrorCode, PreconditionId};

/// Why a request was not answered by the resource.
///
/// It travels inside [`reqwest_middleware::Error::Middleware`]; [`ClientError::of`] finds it there.
/// Nothing of it is told to the server: a client that does not attest gives no reason.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClientError {
    /// The server refused what it was given.
    #[error("the server refused: {detail}")]
    Refused {
        /// The code of section 6.6; nothing if the server asks again and says not why.
        code: Option<ErrorCode>,
        /// A sentence of the server for a developer. No program decides by it.
        detail: String,
        /// What the server would accept an answer to, if it says so.
        challenge: Option<Box<Challenge>>,
    },
    /// The operator does not consent to an attestation.
    #[error("the operator does not consent to {:?}", precondition.as_str())]
    ConsentDenied {
        /// The precondition that is not attested.
        precondition: PreconditionId,
        /// What the server asked for.
        challenge: Box<Challenge>,
    },
    /// A precondition is of a type that is not implemented, or allows no method that is.
    #[error("{:?} cannot be attested: {why}", precondition.as_str())]
    CannotAttest {
        /// The precondition.
        precondition: PreconditionId,
        /// What is missing.
        why: &'static str,
        /// What the server asked for.
        challenge: Box<Challenge>,
    },
    /// The challenge is one that a client must not answer.
    #[error("the challenge must not be answered: {why}")]
    Untrusted {
        /// Which duty of the client forbids it.
        why: Malformed,
        /// The challenge, if it could be read.
        challenge: Option<Box<Challenge>>,
    },
    /// The document that is to be accepted is not the one that the challenge names.
    #[error("the document of {:?}: {why}", precondition.as_str())]
    Document {
        /// The precondition whose document it is.
        precondition: PreconditionId,
        /// What is wrong with it.
        why: DocumentError,
        /// What the server asked for.
        challenge: Box<Challenge>,
    },
    /// The body of the request is a stream that was spent on the first attempt. The request can be
    /// made again with a body that is held in memory, or after another request to the same resource
    /// has obtained a token.
    #[error("the body of the request was a stream, and cannot be sent a second time")]
    NotReplayable {
        /// What the server asked for.
        challenge: Box<Challenge>,
    },
    /// The payload is too long for a header, and the challenge names no endpoint to post it to.
    #[error("the payload cannot be sent: {why}")]
    Unsendable {
        /// What does not fit.
        why: Misuse,
        /// What the server asked for.
        challenge: Box<Challenge>,
    },
    /// The connection is protected neither by TLS nor by not leaving this machine.
    #[error("no payload or token is sent over a connection without TLS")]
    InsecureTransport {
        /// What the server asked for.
        challenge: Box<Challenge>,
    },
    /// The attestation endpoint answered in no way that is specified.
    #[error("the attestation endpoint answered with the status {status}")]
    Endpoint {
        /// The status of the answer.
        status: u16,
    },
    /// A response is not of the form that the protocol gives it.
    #[error(transparent)]
    Malformed(#[from] Malformed),
    /// The client is put together in a way that cannot work.
    #[error(transparent)]
    Misuse(#[from] Misuse),
    /// The key did not answer.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
    /// The request did not get an answer.
    #[error(transparent)]
    Transport(#[from] reqwest_middleware::Error),
}

/// Why a document is not accepted.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DocumentError {
    /// Its address is one that is not fetched from.
    #[error("it is not fetched: {0}")]
    Address(&'static str),
    /// Its server does not give it.
    #[error("it cannot be fetched: {0}")]
    Status(http::StatusCode),
    /// It is longer than this client reads.
    #[error("it is longer than {0} bytes")]
    TooLong(usize),
    /// It is encoded in a way that was not asked for.
    #[error("it is encoded in a way that was not asked for")]
    Encoded,
    /// It is not the document whose hash the challenge names.
    #[error("its hash is not the one of the challenge")]
    Changed,
    /// Its server did not answer.
    #[error("it cannot be fetched")]
    Transport(#[from] reqwest::Error),
}

impl ClientError {
    /// Finds the error of this client in one of the middleware's.
    #[must_use]
    pub fn of(error: &reqwest_middleware::Error) -> Option<&Self> {
        match error {
            reqwest_middleware::Error::Middleware(error) => error.downcast_ref(),
            reqwest_middleware::Error::Reqwest(_) => None,
        }
    }

    /// What the server asked for, as far as it is known.
    #[must_use]
    pub fn challenge(&self) -> Option<&Challenge> {
        match self {
            Self::Refused { challenge, .. } | Self::Untrusted { challenge, .. } => {
                challenge.as_deref()
            }
            Self::ConsentDenied { challenge, .. }
            | Self::CannotAttest { challenge, .. }
            | Self::Document { challenge, .. }
            | Self::NotReplayable { challenge }
            | Self::Unsendable { challenge, .. }
            | Self::InsecureTransport { challenge } => Some(challenge),
            _ => None,
        }
    }
}

impl From<ClientError> for reqwest_middleware::Error {
    fn from(error: ClientError) -> Self {
        match error {
            ClientError::Transport(error) => error,
            error => Self::middleware(error),
        }
    }
}
