//! Step 10: each precondition against its attestation.

use jiff::Timestamp;
use serde_json::Value;

use super::super::challenge::methods;
use super::super::nonce::NonceStore;
use super::super::wire::{
    AcceptedVcIssuers, AgePrecondition, Attestation, ErrorCode, Precondition, TosPrecondition,
};
use super::Verifier;
use super::steps::{Answer, reject};
use crate::clock::Clock;
use crate::did::{Did, DidDocument, DidResolver};
use crate::error::{Error, Rejected};
use crate::vc::{self, Claim, Credential, CredentialError, ProofVerifier, discloses_age};

impl<R, N, P, C> Verifier<R, N, P, C>
where
    R: DidResolver,
    N: NonceStore,
    P: ProofVerifier,
    C: Clock,
{
    /// Returns the document of the credential's issuer, if there was a credential.
    // r[impl attestation.verify.precondition-order]
    // r[impl attestation.verify.identity-method]
    // r[impl attestation.verify.method-defined]
    // r[impl attestation.verify.type]
    // r[impl attestation.verify.tos-self]
    // r[impl attestation.self.document-hash]
    pub(super) async fn step_10_precondition(
        &self,
        answer: &Answer<'_>,
        operator: &Did,
        now: Timestamp,
    ) -> Result<Option<DidDocument>, Error> {
        let id = answer.precondition.id().as_str();
        check_method_allowed(answer)?;
        match (answer.precondition, answer.attestation) {
            (Precondition::Tos(asked), Attestation::TosSelf(attested)) => {
                if attested.document_hash != asked.document_hash {
                    return Err(other_document(id).into());
                }
                Ok(None)
            }
            (Precondition::Tos(asked), Attestation::TosVc(_)) => self
                .tos_credential(asked, answer.received, operator, now)
                .await
                .map(Some),
            (Precondition::Age(asked), Attestation::AgeVc(_)) => self
                .age_credential(asked, answer.received, operator, now)
                .await
                .map(Some),
            (Precondition::Age(_), Attestation::AgeSelf(_))
            | (Precondition::Identity(_), Attestation::IdentitySelf(_)) => Ok(None),
            (Precondition::Tos(_) | Precondition::Age(_) | Precondition::Identity(_), _) => {
                let why = format!("{id:?} cannot be attested by this method");
                Err(reject(ErrorCode::MethodNotAccepted, why).into())
            }
            (Precondition::Other(_), _) => {
                let why = format!("the type of {id:?} is not implemented here");
                Err(reject(ErrorCode::UnsupportedType, why).into())
            }
        }
    }

    // r[impl attestation.verify.tos-vc-present]
    // r[impl attestation.verify.tos-vc-issuer]
    // r[impl attestation.verify.tos-vc-proof-present]
    // r[impl attestation.verify.tos-vc-document]
    // r[impl attestation.verify.tos-vc-proof]
    // r[impl attestation.vc.tos]
    // r[impl attestation.tos.issuers]
    async fn tos_credential(
        &self,
        asked: &TosPrecondition,
        received: &Value,
        operator: &Did,
        now: Timestamp,
    ) -> Result<DidDocument, Error> {
        let id = asked.id.as_str();
        let credential = presented(id, received)?;
        check_issuer(id, credential, asked.accepted_vc_issuers.as_ref())?;
        if !credential.members().contains_key("proof") {
            return Err(failed(id, "the credential has no proof").into());
        }
        let document_hash = credential.claim("documentHash").and_then(Value::as_str);
        if document_hash != Some(asked.document_hash.as_str()) {
            return Err(other_document(id).into());
        }
        self.verify_credential(id, credential, vc::TOS, operator, now)
            .await
    }

    // r[impl attestation.verify.age-vc-present]
    // r[impl attestation.verify.age-vc-private]
    // r[impl attestation.verify.age-vc-issuer]
    // r[impl attestation.verify.age-vc-proof]
    // r[impl attestation.verify.age-vc-threshold]
    // r[impl attestation.vc.age]
    async fn age_credential(
        &self,
        asked: &AgePrecondition,
        received: &Value,
        operator: &Did,
        now: Timestamp,
    ) -> Result<DidDocument, Error> {
        let id = asked.id.as_str();
        let credential = presented(id, received)?;
        let subject = credential.members().get("credentialSubject");
        if subject.is_some_and(discloses_age) {
            return Err(failed(id, "the credential discloses a birth date or an age").into());
        }
        check_issuer(id, credential, asked.accepted_vc_issuers.as_ref())?;
        let issuer = self
            .verify_credential(id, credential, vc::AGE, operator, now)
            .await?;
        let age_over = credential.claim("ageOver").and_then(Value::as_f64);
        let minimum = f64::from(asked.minimum_age.get());
        if age_over.is_none_or(|age| age.fract() != 0.0 || age < minimum) {
            return Err(failed(id, "the credential does not reach the age").into());
        }
        Ok(issuer)
    }

    // r[impl attestation.vc.present]
    async fn verify_credential(
        &self,
        id: &str,
        credential: Credential<'_>,
        credential_type: &str,
        operator: &Did,
        now: Timestamp,
    ) -> Result<DidDocument, Error> {
        let claim = Claim {
            credential_type,
            subject: operator,
            now,
            danger_accept_test_keys: self.accepts_test_keys,
        };
        match vc::verify(credential, claim, &self.resolver, &self.proofs).await {
            Ok(issuer) => Ok(issuer),
            Err(CredentialError::Invalid(reason)) => Err(failed(id, reason.0).into()),
            Err(CredentialError::Unavailable(outage)) => Err(outage.into()),
        }
    }
}

// r[impl attestation.verify.method-allowed]
fn check_method_allowed(answer: &Answer<'_>) -> Result<(), Rejected> {
    let method = answer.attestation.method();
    let allowed = methods(answer.precondition);
    if allowed.iter().any(|allowed| allowed.as_str() == method) {
        Ok(())
    } else {
        let id = answer.precondition.id().as_str();
        let why = format!("{id:?} does not allow this method");
        Err(reject(ErrorCode::MethodNotAccepted, why))
    }
}

fn presented<'a>(id: &str, received: &'a Value) -> Result<Credential<'a>, Rejected> {
    received
        .get("vc")
        .and_then(Value::as_object)
        .map(Credential::new)
        .ok_or_else(|| failed(id, "there is no credential"))
}

fn check_issuer(
    id: &str,
    credential: Credential<'_>,
    accepted: Option<&AcceptedVcIssuers>,
) -> Result<(), Rejected> {
    let is_accepted = |issuer: &str| {
        let mut issuers = accepted.into_iter().flat_map(|issuers| issuers.iter());
        issuers.any(|accepted| accepted == issuer)
    };
    if credential.issuer().is_some_and(is_accepted) {
        Ok(())
    } else {
        let why = format!("the issuer of the credential for {id:?} is not accepted");
        Err(reject(ErrorCode::VcIssuerNotAccepted, why))
    }
}

fn other_document(id: &str) -> Rejected {
    let why = format!("the attestation for {id:?} names another document than the precondition");
    reject(ErrorCode::DocumentHashMismatch, why)
}

fn failed(id: &str, why: &str) -> Rejected {
    let why = format!("{id:?}: {why}");
    reject(ErrorCode::VcVerificationFailed, why)
}
