//! Challenges (section 5.1): what a server requires, and what a client checks before it answers.

use jiff::Timestamp;

use super::uri::HttpUri;
use super::wire::{AttestationMethod, CONFIRMED_AT_SKEW, Precondition, PreconditionChallenge};
use crate::encoding::{base64url, parse_base64url_header};
use crate::error::{Malformed, Misuse};
use crate::jcs::{Limits, StrictJson};

/// A challenge whose preconditions can be told apart.
#[derive(Debug, Clone, PartialEq)]
pub struct Challenge {
    message: PreconditionChallenge,
    issued_at: Option<Timestamp>,
}

impl Challenge {
    /// Takes a message.
    ///
    /// # Errors
    /// [`Malformed`] if two preconditions have the same id.
    // r[impl attestation.precondition.id-unique]
    pub fn new(message: PreconditionChallenge) -> Result<Self, Malformed> {
        let preconditions = &message.preconditions;
        let twice = preconditions.iter().enumerate().any(|(at, precondition)| {
            let earlier = &preconditions[..at];
            earlier.iter().any(|other| other.id() == precondition.id())
        });
        if twice {
            return Err(malformed("two preconditions have the same id"));
        }
        Ok(Self {
            message,
            issued_at: None,
        })
    }

    /// Reads a challenge.
    ///
    /// # Errors
    /// [`Malformed`] if the value is not a `PreconditionChallenge`, or as [`Challenge::new`].
    pub fn read(json: &StrictJson) -> Result<Self, Malformed> {
        Self::new(json.read("challenge")?)
    }

    /// Reads the value of the header `X-428-Required`.
    ///
    /// # Errors
    /// [`Malformed`] if the value is not base64url of strict JSON, or as [`Challenge::read`].
    pub fn from_header(value: &str) -> Result<Self, Malformed> {
        let text = parse_base64url_header(value)?;
        Self::read(&StrictJson::parse(&text, Limits::default())?)
    }

    /// Writes the value of the header `X-428-Required`.
    ///
    /// # Errors
    /// [`Misuse`] if a precondition of another type has members that JSON does not have.
    pub fn to_header(&self) -> Result<String, Misuse> {
        let text = serde_json::to_vec(&self.message);
        text.map(base64url)
            .map_err(|error| Misuse::new(format!("the challenge is no JSON: {error}")))
    }

    /// Says when the challenge was issued, where that is known.
    #[must_use]
    pub fn with_issued_at(mut self, issued_at: Timestamp) -> Self {
        self.issued_at = Some(issued_at);
        self
    }

    /// When the challenge was issued, where that is known.
    #[must_use]
    pub fn issued_at(&self) -> Option<Timestamp> {
        self.issued_at
    }

    /// The message.
    #[must_use]
    pub fn message(&self) -> &PreconditionChallenge {
        &self.message
    }

    /// Gives the message away.
    #[must_use]
    pub fn into_message(self) -> PreconditionChallenge {
        self.message
    }

    /// Checks what a client has to check before it signs anything: that the challenge is for the
    /// URI that it requested, that its answer stays with the same origin, that it has not expired,
    /// and that it can be answered at all.
    ///
    /// The document of a `tos` precondition and the consent of the operator remain to be checked.
    ///
    /// # Errors
    /// [`Malformed`] says which duty forbids to sign.
    // r[impl attestation.client.resource]
    // r[impl attestation.client.endpoint-origin]
    // r[impl attestation.client.expired]
    // r[impl attestation.client.well-formed]
    pub fn check_for_request(&self, requested: &str, now: Timestamp) -> Result<(), Malformed> {
        let resource = HttpUri::parse(self.message.resource.as_str())
            .filter(|resource| !resource.has_fragment)
            .ok_or_else(|| malformed("the resource is no URI to be compared"))?;
        let requested = HttpUri::parse(requested)
            .ok_or_else(|| malformed("the requested URI is no URI to be compared"))?;
        if resource != requested.without_fragment() {
            return Err(malformed("the resource is not the URI that was requested"));
        }
        if let Some(endpoint) = &self.message.attestation_endpoint {
            let endpoint = HttpUri::parse(endpoint.as_str());
            if endpoint.is_none_or(|endpoint| endpoint.origin != resource.origin) {
                return Err(malformed("the attestation endpoint has another origin"));
            }
        }
        let expires_at = self.message.expires_at.instant();
        let deadline = expires_at
            .checked_add(CONFIRMED_AT_SKEW)
            .unwrap_or(expires_at);
        if now >= deadline {
            return Err(malformed("it has expired"));
        }
        check_preconditions(&self.message.preconditions).map_err(malformed)
    }
}

/// The rules of sections 5.2 to 5.4 that no schema states.
// r[impl attestation.age.issuers]
// r[impl attestation.identity.self-only]
// r[impl attestation.method.reserved]
// r[impl attestation.issue.answerable]
pub(super) fn check_preconditions(preconditions: &[Precondition]) -> Result<(), &'static str> {
    for precondition in preconditions {
        let allows = |method| methods(precondition).contains(&method);
        match precondition {
            Precondition::Age(age)
                if allows(AttestationMethod::Vc) && age.accepted_vc_issuers.is_none() =>
            {
                return Err("an age precondition allows credentials and names no issuers");
            }
            Precondition::Identity(_)
                if allows(AttestationMethod::Vc) || allows(AttestationMethod::Gov) =>
            {
                return Err("an identity precondition allows another method than `self`");
            }
            Precondition::Tos(_) | Precondition::Age(_) if allows(AttestationMethod::Gov) => {
                return Err("a precondition allows the method `gov`, which is reserved");
            }
            _ => {}
        }
    }
    Ok(())
}

pub(super) fn methods(precondition: &Precondition) -> &[AttestationMethod] {
    match precondition {
        Precondition::Tos(tos) => &tos.allowed_attestation_methods,
        Precondition::Age(age) => &age.allowed_attestation_methods,
        Precondition::Identity(identity) => &identity.allowed_attestation_methods,
        Precondition::Other(extension) => &extension.allowed_attestation_methods,
    }
}

fn malformed(why: &'static str) -> Malformed {
    Malformed::new("challenge", why)
}
