//! Challenges that cost the server no memory (section 6.1).
//!
//! A sealed nonce is recognized by the key that made it. Whoever asks for a million challenges
//! fills nothing, and every instance of the server verifies what another one has issued.

use std::time::Duration;

use jiff::Timestamp;
use sha2::{Digest as _, Sha256};

use super::challenge::{Challenge, check_preconditions};
use super::uri::HttpUri;
use super::wire::{
    self, AbsoluteUri, CHALLENGE_LIFETIME, Nonce, Precondition, PreconditionChallenge,
};
use crate::error::{Error, Misuse, Unavailable};
use crate::jcs::canonical;
use crate::sign::seal::{SealRing, random};

#[cfg(test)]
mod tests;

const LABEL: &[u8] = b"x428-nonce-v1\0";
const ISSUED_AT: usize = 8;
const RANDOM: usize = 16;
const CODE: usize = 32;

/// What a server requires for a resource: preconditions that it can keep itself to.
#[derive(Debug, Clone, PartialEq)]
pub struct Policy {
    preconditions: wire::PreconditionChallengePreconditions,
    digest: [u8; 32],
}

impl Policy {
    /// Takes the preconditions, in the order in which they are verified.
    ///
    /// # Errors
    /// [`Misuse`] if there are none or more than sixteen, if two have the same id, if one allows a
    /// method that its type reserves, or if an age precondition allows credentials of no issuer.
    // r[impl attestation.challenge.nonempty]
    pub fn new(preconditions: Vec<Precondition>) -> Result<Self, Misuse> {
        check_preconditions(&preconditions).map_err(Misuse::new)?;
        for (at, precondition) in preconditions.iter().enumerate() {
            if preconditions[..at]
                .iter()
                .any(|other| other.id() == precondition.id())
            {
                return Err(Misuse::new("two preconditions have the same id"));
            }
        }
        let json = serde_json::to_value(&preconditions)
            .map_err(|error| Misuse::new(format!("the preconditions are no JSON: {error}")))?;
        let preconditions = wire::PreconditionChallengePreconditions::new(preconditions)
            .map_err(|error| Misuse::new(error.to_string()))?;
        Ok(Self {
            preconditions,
            digest: Sha256::digest(canonical(&json)).into(),
        })
    }

    /// The preconditions.
    #[must_use]
    pub fn preconditions(&self) -> &[Precondition] {
        &self.preconditions
    }

    /// The SHA-256 of the canonical bytes of the preconditions.
    #[must_use]
    pub fn digest(&self) -> &[u8; 32] {
        &self.digest
    }
}

/// Issues challenges with sealed nonces, and recognizes them again.
#[derive(Debug, Clone)]
pub struct ChallengeIssuer {
    ring: SealRing,
    lifetime: Duration,
    endpoint: Option<AbsoluteUri>,
}

impl ChallengeIssuer {
    /// Issues challenges that live for the lifetime of section 2.5.
    #[must_use]
    pub fn new(ring: SealRing) -> Self {
        Self {
            ring,
            lifetime: CHALLENGE_LIFETIME,
            endpoint: None,
        }
    }

    /// Lets challenges live for another time. All instances of a server have the same.
    #[must_use]
    pub fn with_lifetime(mut self, lifetime: Duration) -> Self {
        self.lifetime = lifetime;
        self
    }

    /// Names the endpoint to which long payloads are posted. It has the origin of the resources.
    #[must_use]
    pub fn with_endpoint(mut self, endpoint: AbsoluteUri) -> Self {
        self.endpoint = Some(endpoint);
        self
    }

    /// Issues a challenge for a resource.
    ///
    /// # Errors
    /// [`Error::Misuse`] if the resource has a fragment or another origin than the attestation
    /// endpoint, [`Error::Unavailable`] if the system has no random source.
    // r[impl attestation.issue.stateless]
    // r[impl attestation.issue.nonce-unpredictable]
    // r[impl attestation.issue.expiry]
    // r[impl attestation.challenge.endpoint]
    // r[impl attestation.challenge.resource]
    pub fn issue(
        &self,
        policy: &Policy,
        resource: &AbsoluteUri,
        now: Timestamp,
    ) -> Result<Challenge, Error> {
        let parsed = HttpUri::parse(resource.as_str())
            .filter(|uri| !uri.has_fragment)
            .ok_or_else(|| Misuse::new("the resource has a fragment or cannot be compared"))?;
        if let Some(endpoint) = &self.endpoint {
            let endpoint = HttpUri::parse(endpoint.as_str());
            if endpoint.is_none_or(|endpoint| endpoint.origin != parsed.origin) {
                let why = "the attestation endpoint has another origin than the resource";
                return Err(Misuse::new(why).into());
            }
        }
        let issued_at = u64::try_from(now.as_millisecond())
            .map_err(|_| Misuse::new("the clock is before 1970"))?
            .to_be_bytes();
        let mut salt = [0; RANDOM];
        random(&mut salt)?;
        let out_of_time = || Misuse::new("the challenge outlives the calendar");
        let challenge = self
            .rebuild(issued_at, salt, policy, resource, |parts| {
                Some(self.ring.authenticate(parts))
            })
            .ok_or_else(out_of_time)?;
        Ok(challenge)
    }

    /// Rebuilds the challenge that this issuer, or another instance with the same keys, has issued
    /// with this nonce for this resource and policy; nothing if it has not.
    // r[impl attestation.issue.nonce-open]
    // r[impl attestation.issue.nonce-instances]
    #[must_use]
    pub fn reopen(
        &self,
        nonce: &str,
        policy: &Policy,
        resource: &AbsoluteUri,
    ) -> Option<Challenge> {
        let bytes: [u8; ISSUED_AT + RANDOM + CODE] = parse_hex(nonce)?;
        let (issued_at, rest) = bytes.split_first_chunk::<ISSUED_AT>()?;
        let (salt, code) = rest.split_first_chunk::<RANDOM>()?;
        let code: &[u8; CODE] = code.try_into().ok()?;
        self.rebuild(*issued_at, *salt, policy, resource, |parts| {
            self.ring.is_authentic(parts, code).then_some(*code)
        })
    }

    // r[impl attestation.issue.nonce-seal]
    // r[impl attestation.issue.nonce-form]
    fn rebuild(
        &self,
        issued_at: [u8; ISSUED_AT],
        salt: [u8; RANDOM],
        policy: &Policy,
        resource: &AbsoluteUri,
        code: impl FnOnce(&[&[u8]]) -> Option<[u8; CODE]>,
    ) -> Option<Challenge> {
        let milliseconds = i64::try_from(u64::from_be_bytes(issued_at)).ok()?;
        let issued = Timestamp::from_millisecond(milliseconds).ok()?;
        let expires_at: wire::Timestamp =
            issued.checked_add(self.lifetime).ok()?.try_into().ok()?;
        let code = code(&[
            LABEL,
            &issued_at,
            &salt,
            &Sha256::digest(resource.as_str()),
            &Sha256::digest(expires_at.as_str()),
            &policy.digest,
        ])?;
        let nonce = Nonce::parse(hex(&[&issued_at, &salt, &code])).ok()?;
        let mut message = PreconditionChallenge::new(
            policy.preconditions.clone(),
            resource.clone(),
            nonce,
            expires_at,
        );
        message.attestation_endpoint.clone_from(&self.endpoint);
        let challenge = Challenge::new(message).ok()?;
        Some(challenge.with_issued_at(issued))
    }
}

/// Makes an unpredictable nonce for a server that stores its challenges.
///
/// # Errors
/// [`Unavailable`] if the system has no random source.
pub fn random_nonce() -> Result<Nonce, Unavailable> {
    let mut bytes = [0; 32];
    random(&mut bytes)?;
    Nonce::parse(hex(&[&bytes])).map_err(|error| Unavailable::new("nonce", error))
}

fn hex(parts: &[&[u8]]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let bytes = parts.iter().copied().flatten();
    bytes
        .flat_map(|byte| [byte >> 4, byte & 0xf])
        .map(|digit| char::from(DIGITS[usize::from(digit)]))
        .collect()
}

/// Reads lowercase hexadecimal of exactly `N` bytes.
fn parse_hex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let digits = text.as_bytes();
    if digits.len() != 2 * N {
        return None;
    }
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    let mut bytes = [0; N];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = digit(pair[0])? << 4 | digit(pair[1])?;
    }
    Some(bytes)
}
