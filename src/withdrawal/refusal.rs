//! Refusals: what an exchange answers when it does not do what it was asked (chapter 10).
//!
//! ```
//! use x428::withdrawal::refusal::Refused;
//! use x428::wire::withdrawal::{ErrorDetailCode, RequestId, WithdrawalErrorCode};
//!
//! let refused = Refused::new(WithdrawalErrorCode::AmountBelowMinimum, "The least amount is 0.001.")
//!     .at("/amount", ErrorDetailCode::Range);
//! assert_eq!(refused.status(), 422);
//! assert!(!refused.is_retryable());
//!
//! let response = refused.response(RequestId::parse("req_4f1c9b7a2d3e48569a0b1c2d")?)?;
//! assert_eq!(response.error.details[0].field.as_str(), "/amount");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::borrow::Cow;
use std::time::Duration;

use serde::de::DeserializeOwned;

use crate::error::{Malformed, Misuse, Unavailable};
use crate::jcs::{Limits, StrictJson};
use crate::wire::withdrawal::{
    ErrorDetail, ErrorDetailCode, ErrorObject, ErrorObjectDetails, ErrorObjectMessage,
    ErrorResponse, FieldPointer, JSON_DEPTH_MAX, REQUEST_SIZE_MAX, RequestId, RetryAfter,
    WithdrawalErrorCode as Code,
};

mod place;
#[cfg(test)]
mod tests;

/// A request that is refused, with one of the codes of section 10.2.
// r[impl withdrawal.error.codes]
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{code}: {message}")]
pub struct Refused {
    code: Code,
    message: Cow<'static, str>,
    retry_after: Option<Duration>,
    details: Vec<ErrorDetail>,
}

/// Whatever can go wrong on the side of an exchange.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The request is refused, and the client is told why.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// The call could not be right.
    #[error(transparent)]
    Misuse(#[from] Misuse),
    /// The answer is not known now.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

impl Refused {
    /// Refuses with a code, and says why to the developer of the client. The sentence repeats
    /// nothing secret and nothing of another owner.
    pub fn new(code: Code, message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            code,
            message: message.into(),
            retry_after: None,
            details: Vec::new(),
        }
    }

    /// Says what is wrong where: a JSON Pointer (RFC 6901) into the body, or `/` and the name of a
    /// header or parameter. A place that is none is the whole body.
    #[must_use]
    pub fn at(mut self, field: &str, code: ErrorDetailCode) -> Self {
        if let Ok(field) = FieldPointer::parse(field).or_else(|_| FieldPointer::parse("")) {
            self.details.push(ErrorDetail::new(field, code));
        }
        self
    }

    /// Says how long to wait. It is told in whole seconds, rounded up, and as a day at most.
    #[must_use]
    pub fn after(mut self, wait: Duration) -> Self {
        self.retry_after = Some(wait);
        self
    }

    /// The code.
    #[must_use]
    pub fn code(&self) -> Code {
        self.code
    }

    /// The sentence for the developer. No program decides by it.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// What is wrong where.
    #[must_use]
    pub fn details(&self) -> &[ErrorDetail] {
        &self.details
    }

    /// The HTTP status.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.code.status()
    }

    /// Whether the client can try again with the same idempotency key.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        is_retryable(self.code)
    }

    /// The seconds of the header `Retry-After`, if there is one.
    #[must_use]
    pub fn retry_after(&self) -> Option<u32> {
        let wait = self.retry_after?;
        let seconds = wait
            .as_secs()
            .saturating_add((wait.subsec_nanos() > 0).into());
        Some(
            u32::try_from(seconds)
                .unwrap_or(u32::MAX)
                .min(RetryAfter::MAX),
        )
    }

    /// The body of the response. A 428 has the members of the challenge beside it.
    ///
    /// # Errors
    /// [`Misuse`] for a message that is too long, and for too many details.
    // r[impl withdrawal.error.envelope]
    pub fn response(&self, request_id: RequestId) -> Result<ErrorResponse, Misuse> {
        let invalid = |error: crate::wire::Invalid| Misuse::new(error.to_string());
        let mut object = ErrorObject::new(
            self.code,
            ErrorObjectMessage::parse(self.message.as_ref()).map_err(invalid)?,
            request_id,
            self.is_retryable(),
            ErrorObjectDetails::try_from(self.details.clone()).map_err(invalid)?,
        );
        if let Some(seconds) = self.retry_after() {
            object = object.with_retry_after(RetryAfter::new(seconds).map_err(invalid)?);
        }
        Ok(ErrorResponse::new(object))
    }
}

/// Whether a request with this error can be tried again with the same idempotency key.
#[must_use]
pub fn is_retryable(code: Code) -> bool {
    code.is_retryable()
}

/// Reads the body of a request: one JSON text with one reading, within the limits of section 2.5.
///
/// # Errors
/// [`Refused`] with `invalid_request`.
// r[impl withdrawal.json.text]
// r[impl withdrawal.json.duplicate-members]
// r[impl withdrawal.json.size]
pub fn body(text: &[u8]) -> Result<StrictJson, Refused> {
    let limits = Limits {
        bytes: REQUEST_SIZE_MAX,
        depth: JSON_DEPTH_MAX,
    };
    let json = StrictJson::parse(text, limits).map_err(|error| unreadable(&error))?;
    json.object().map_err(|error| unreadable(&error))?;
    Ok(json)
}

/// Reads the body of a request as a type of the wire.
///
/// # Errors
/// [`Refused`] with `invalid_request`, and with the place that is not of its form. What stands
/// there is not repeated.
// r[impl withdrawal.json.unknown-request]
// r[impl withdrawal.error.no-secrets]
pub fn read<T: DeserializeOwned>(body: &StrictJson) -> Result<T, Refused> {
    T::deserialize(body.value()).map_err(|_| place::misread::<T>(body))
}

fn unreadable(error: &Malformed) -> Refused {
    // The detail of strict JSON names an offset and a rule, and no text of the sender.
    Refused::new(Code::InvalidRequest, error.to_string()).at("", ErrorDetailCode::Format)
}
