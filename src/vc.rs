//! Credentials (section 7.7): what is checked of every one of them, whatever its proof.
//!
//! The proof itself is the business of a [`ProofVerifier`]. [`NoProofs`] implements no suite and
//! so refuses every credential, as a verifier without suites has to.

use jiff::Timestamp;
use serde_json::{Map, Value};

use crate::clock::parse_timestamp;
use crate::did::{Did, DidDocument, DidResolver, DidUrl, ResolveError};
use crate::error::Unavailable;
use crate::sign::{VerifyingKey, is_published_test_key};

mod legacy_jcs;
mod private;
#[cfg(test)]
mod tests;

pub use legacy_jcs::LegacyJcs;
pub use private::discloses_age;

/// The context that comes first in every credential.
const CREDENTIALS_V2: &str = "https://www.w3.org/ns/credentials/v2";
/// The type of a credential that a document was accepted.
pub(crate) const TOS: &str = "TosAcceptanceCredential";
/// The type of a credential of an age.
pub(crate) const AGE: &str = "AgeCredential";

/// Why a credential is refused, for the developer of the client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct InvalidCredential(pub &'static str);

/// A credential that is refused, or that could not be judged.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CredentialError {
    /// The credential is refused.
    #[error(transparent)]
    Invalid(#[from] InvalidCredential),
    /// The issuer's document is not known now.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

/// Verifies proofs of one or more suites.
pub trait ProofVerifier {
    /// Whether the proof is of a suite that is verified here. Issuers of other proofs are not
    /// resolved.
    fn supports(&self, proof: &Map<String, Value>) -> bool;

    /// Verifies that the holder of the key made the proof of the credential, over all of it.
    ///
    /// # Errors
    /// [`InvalidCredential`] if it is not certain.
    fn verify(
        &self,
        credential: Credential<'_>,
        key: &VerifyingKey,
    ) -> Result<(), InvalidCredential>;
}

/// Verifies no suite.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoProofs;

impl ProofVerifier for NoProofs {
    // r[impl attestation.proof.without-suites]
    fn supports(&self, _: &Map<String, Value>) -> bool {
        false
    }

    fn verify(&self, _: Credential<'_>, _: &VerifyingKey) -> Result<(), InvalidCredential> {
        Err(InvalidCredential("no proof suite is implemented"))
    }
}

impl<P: ProofVerifier + ?Sized> ProofVerifier for &P {
    fn supports(&self, proof: &Map<String, Value>) -> bool {
        (**self).supports(proof)
    }

    fn verify(
        &self,
        credential: Credential<'_>,
        key: &VerifyingKey,
    ) -> Result<(), InvalidCredential> {
        (**self).verify(credential, key)
    }
}

/// A credential as it was received, with all its members.
#[derive(Debug, Clone, Copy)]
pub struct Credential<'a>(&'a Map<String, Value>);

impl<'a> Credential<'a> {
    /// Takes the object.
    #[must_use]
    pub fn new(members: &'a Map<String, Value>) -> Self {
        Self(members)
    }

    /// All members.
    #[must_use]
    pub fn members(self) -> &'a Map<String, Value> {
        self.0
    }

    /// The issuer: the string `issuer`, or the `id` of the object.
    // r[impl attestation.vc.issuer]
    #[must_use]
    pub fn issuer(self) -> Option<&'a str> {
        match self.0.get("issuer")? {
            Value::String(issuer) => Some(issuer),
            issuer => issuer.get("id")?.as_str(),
        }
    }

    /// A member of the one subject.
    #[must_use]
    pub fn claim(self, name: &str) -> Option<&'a Value> {
        self.0.get("credentialSubject")?.as_object()?.get(name)
    }

    /// The one proof.
    // r[impl attestation.proof.one]
    #[must_use]
    pub fn proof(self) -> Option<&'a Map<String, Value>> {
        self.0.get("proof")?.as_object()
    }

    pub(crate) fn has_type(self, wanted: &str) -> bool {
        match self.0.get("type") {
            Some(Value::Array(types)) => types.iter().any(|name| name == wanted),
            Some(name) => name == wanted,
            None => false,
        }
    }
}

/// What a credential has to be about.
#[derive(Debug, Clone, Copy)]
pub struct Claim<'a> {
    /// The type that the credential has besides `VerifiableCredential`.
    pub credential_type: &'a str,
    /// Whom the credential is about.
    pub subject: &'a Did,
    /// The time of the verification.
    pub now: Timestamp,
    /// Whether issuers may sign with the keys that Appendix B publishes, secrets included: for
    /// examples and vectors, never for production.
    pub danger_accept_test_keys: bool,
}

/// Verifies a credential after section 7.7: its form, its type, its subject, its validity, the key
/// of its issuer, and its proof.
///
/// Whether the issuer is one that is accepted has been decided before. Returns the issuer's document,
/// with which the proof was verified: evidence to be kept.
///
/// # Errors
/// [`CredentialError::Invalid`], also if the issuer's DID does not resolve;
/// [`CredentialError::Unavailable`] if nothing was learned about it.
// r[impl attestation.key.test-keys]
pub async fn verify<R: DidResolver, P: ProofVerifier>(
    credential: Credential<'_>,
    claim: Claim<'_>,
    resolver: &R,
    proofs: &P,
) -> Result<DidDocument, CredentialError> {
    let proof = credential
        .proof()
        .ok_or(InvalidCredential("the credential has no single proof"))?;
    if !proofs.supports(proof) {
        return Err(InvalidCredential("the proof is of a suite that is not verified here").into());
    }
    check_form(credential, claim)?;
    check_validity(credential, proof, claim.now)?;
    let (key, document) = issuer_key(credential, proof, resolver).await?;
    if !claim.danger_accept_test_keys && is_published_test_key(&key.public_key()) {
        return Err(InvalidCredential("everybody has the issuer's key").into());
    }
    proofs.verify(credential, &key)?;
    Ok(document)
}

// r[impl attestation.proof.context]
// r[impl attestation.proof.type]
// r[impl attestation.proof.subject]
// r[impl attestation.vc.subject]
fn check_form(credential: Credential<'_>, claim: Claim<'_>) -> Result<(), InvalidCredential> {
    let context = credential.0.get("@context").and_then(|list| list.get(0));
    if context.and_then(Value::as_str) != Some(CREDENTIALS_V2) {
        return Err(InvalidCredential(
            "the first context is not that of credentials",
        ));
    }
    if !credential.has_type("VerifiableCredential") || !credential.has_type(claim.credential_type) {
        return Err(InvalidCredential("the credential is of another type"));
    }
    if credential.claim("id").and_then(Value::as_str) != Some(claim.subject.as_str()) {
        return Err(InvalidCredential("the credential is about somebody else"));
    }
    // Nobody here can ask whether the credential has been revoked.
    // r[impl attestation.proof.status]
    if credential.0.contains_key("credentialStatus") {
        return Err(InvalidCredential(
            "the status of the credential cannot be evaluated",
        ));
    }
    Ok(())
}

// r[impl attestation.proof.validity]
fn check_validity(
    credential: Credential<'_>,
    proof: &Map<String, Value>,
    now: Timestamp,
) -> Result<(), InvalidCredential> {
    let time = |members: &Map<String, Value>, name| match members.get(name) {
        None => Ok(None),
        Some(value) => value
            .as_str()
            .and_then(|text| parse_timestamp(text).ok())
            .map(Some)
            .ok_or(InvalidCredential("a time of the credential does not parse")),
    };
    if time(credential.0, "validFrom")?.is_some_and(|from| now < from) {
        return Err(InvalidCredential("the credential is not valid yet"));
    }
    let until = [time(credential.0, "validUntil")?, time(proof, "expires")?];
    if until.into_iter().flatten().any(|until| now >= until) {
        return Err(InvalidCredential("the credential is not valid any longer"));
    }
    Ok(())
}

// r[impl attestation.proof.purpose]
// r[impl attestation.proof.method]
async fn issuer_key<R: DidResolver>(
    credential: Credential<'_>,
    proof: &Map<String, Value>,
    resolver: &R,
) -> Result<(VerifyingKey, DidDocument), CredentialError> {
    let text = |name: &str| proof.get(name).and_then(Value::as_str);
    if text("proofPurpose") != Some("assertionMethod") {
        return Err(InvalidCredential("the proof has another purpose").into());
    }
    let issuer = credential
        .issuer()
        .and_then(|issuer| Did::parse(issuer).ok());
    let issuer = issuer.ok_or(InvalidCredential("the issuer is no DID"))?;
    let method = text("verificationMethod").and_then(|name| DidUrl::parse(name).ok());
    let method = method
        .filter(|method| method.is_of(&issuer))
        .ok_or(InvalidCredential("the proof names no key of the issuer"))?;
    let document = match resolver.resolve(&issuer).await {
        Ok(document) => document,
        Err(ResolveError::Unavailable(outage)) => return Err(outage.into()),
        Err(_) => return Err(InvalidCredential("the issuer does not resolve").into()),
    };
    let key = document
        .assertion_method(&method)
        .and_then(|method| VerifyingKey::new(method.public_key).ok())
        .ok_or(InvalidCredential(
            "the proof names no assertion key of the issuer",
        ))?;
    Ok((key, document))
}
