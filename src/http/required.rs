//! The 428 (sections 6.6 and 8.2).

use ::http::{HeaderMap, Response, StatusCode, header};

use super::{Field, JSON, NO_STORE, REQUIRED, STATUS, encoded, received, wire};
use crate::attestation::Challenge;
use crate::encoding::parse_base64url_header;
use crate::error::{Malformed, Misuse, Rejected};
use crate::jcs::{Limits, StrictJson};
use wire::{ErrorCode, PreconditionRequiredDetail};

/// What a request without anything is told (RFC 6585 §3: how to resubmit).
const HOW_TO_RESUBMIT: &str = "Attest the preconditions of the challenge. Repeat the request with \
                               the signed payload in X-428-Attestation.";
/// The longest `detail`, in characters.
const DETAIL_MAX: usize = 1024;

/// A response with the status 428: what was refused, if anything was, and the challenge.
///
/// A server makes one of a [`Rejected`] and writes it, a client reads one and asks for the
/// [`rejection`](Self::rejection).
#[derive(Debug, Clone, PartialEq)]
pub struct PreconditionRequired {
    error: Option<ErrorCode>,
    detail: String,
    challenge: Option<Challenge>,
    received: Option<StrictJson>,
}

impl PreconditionRequired {
    /// Answers a request that carried neither a payload nor a token.
    // r[impl attestation.error.explain]
    #[must_use]
    pub fn attest(challenge: Challenge) -> Self {
        Self {
            error: None,
            detail: HOW_TO_RESUBMIT.to_owned(),
            challenge: Some(challenge),
            received: None,
        }
    }

    /// Answers a request whose payload or token is refused, with a fresh challenge if the resource
    /// can be attested for.
    // r[impl attestation.error.code]
    #[must_use]
    pub fn rejected(rejected: &Rejected, challenge: Option<Challenge>) -> Self {
        let detail = match rejected.detail() {
            "" => rejected.code().meaning(),
            detail => detail,
        };
        Self {
            error: Some(rejected.code()),
            detail: sentence(detail),
            challenge,
            received: None,
        }
    }

    /// Answers a request for a resource that cannot be attested for, and says why not.
    #[must_use]
    pub fn unattestable(detail: &str) -> Self {
        Self {
            error: None,
            detail: detail.chars().take(DETAIL_MAX).collect(),
            challenge: None,
            received: None,
        }
    }

    /// Why the payload or the token was refused; nothing if the request carried neither.
    #[must_use]
    pub fn error(&self) -> Option<ErrorCode> {
        self.error
    }

    /// A sentence for the developer of the client. No program decides by it.
    #[must_use]
    pub fn detail(&self) -> &str {
        &self.detail
    }

    /// The refusal as an error; nothing if nothing was refused.
    #[must_use]
    pub fn rejection(&self) -> Option<Rejected> {
        self.error
            .map(|code| Rejected::new(code, self.detail.clone()))
    }

    /// What may be answered; nothing if the resource cannot be attested for.
    #[must_use]
    pub fn challenge(&self) -> Option<&Challenge> {
        self.challenge.as_ref()
    }

    /// The challenge with all its members as it was received: a receipt names its digest.
    #[must_use]
    pub fn received_challenge(&self) -> Option<&StrictJson> {
        self.received.as_ref()
    }

    /// Writes the response: the challenge in the header and in the body, the same value.
    ///
    /// # Errors
    /// [`Misuse`] if a precondition of another type has members that JSON does not have.
    // r[impl attestation.http.challenge-header]
    // r[impl attestation.http.status]
    // r[impl attestation.http.no-store]
    // r[impl attestation.http.content-type]
    // r[impl attestation.error.body]
    pub fn to_response(&self) -> Result<Response<Vec<u8>>, Misuse> {
        let misuse = |error: &dyn std::fmt::Display| Misuse::new(error.to_string());
        let detail = PreconditionRequiredDetail::parse(self.detail.as_str())
            .map_err(|error| misuse(&error))?;
        let mut message = wire::PreconditionRequired::new(detail);
        message.error = self.error;
        message.challenge = self.challenge.as_ref().map(|c| c.message().clone());
        let body = serde_json::to_vec(&message).map_err(|error| misuse(&error))?;
        let mut response = Response::new(body);
        *response.status_mut() = STATUS;
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, JSON);
        headers.insert(header::CACHE_CONTROL, NO_STORE);
        if let Some(challenge) = &message.challenge {
            headers.insert(REQUIRED, encoded(challenge)?);
        }
        Ok(response)
    }

    /// Reads a response. Nothing if it is none of this protocol: of another status, or a 428
    /// without a challenge in the header and without an error of section 6.6.
    ///
    /// The body of an answer to `HEAD` is empty; the header then stands alone.
    ///
    /// # Errors
    /// [`Malformed`] if the header is repeated or is no challenge, if the body is not a
    /// `PreconditionRequired`, and if header and body do not hold the same challenge.
    // r[impl attestation.http.other-428]
    // r[impl attestation.http.repeated]
    // r[impl attestation.client.well-formed]
    pub fn read(
        status: StatusCode,
        headers: &HeaderMap,
        body: &[u8],
    ) -> Result<Option<Self>, Malformed> {
        if status != STATUS {
            return Ok(None);
        }
        let malformed = |why: &'static str| Malformed::new("428 response", why);
        let parsed = StrictJson::parse(body, Limits::default());
        if matches!(Field::of(headers, &REQUIRED), Field::Absent) {
            let code = parsed
                .as_ref()
                .ok()
                .and_then(|json| json.value().get("error"));
            let code = code.and_then(|code| code.as_str());
            if !ErrorCode::ALL
                .iter()
                .any(|known| Some(known.as_str()) == code)
            {
                return Ok(None);
            }
        }
        let in_header = match received(headers, &REQUIRED, "challenge")? {
            None => None,
            Some(value) => {
                let text = parse_base64url_header(value)?;
                Some(StrictJson::parse(&text, Limits::default())?)
            }
        };
        let challenge = in_header.as_ref().map(Challenge::read).transpose()?;
        if body.is_empty() {
            return Ok(Some(Self {
                error: None,
                detail: HOW_TO_RESUBMIT.to_owned(),
                challenge,
                received: in_header,
            }));
        }
        let parsed = parsed?;
        let message: wire::PreconditionRequired = parsed.read("428 response")?;
        if parsed.value().get("challenge") != in_header.as_ref().map(StrictJson::value) {
            return Err(malformed("header and body do not hold the same challenge"));
        }
        Ok(Some(Self {
            error: message.error,
            detail: message.detail.as_str().to_owned(),
            challenge,
            received: in_header,
        }))
    }
}

/// Errors are phrases; what is sent is a sentence.
fn sentence(phrase: &str) -> String {
    let mut characters = phrase.chars();
    let first = characters.next().map(|first| first.to_ascii_uppercase());
    let end = (!phrase.ends_with('.')).then_some('.');
    let rest = characters.take(DETAIL_MAX - 2);
    first.into_iter().chain(rest).chain(end).collect()
}
