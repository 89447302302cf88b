//! Credentials that the operator was given, and which of them answers a precondition.
//!
//! The client carries them and verifies none: that is for whoever asks. It leaves away what the
//! server could only refuse, and what says more of a person than was asked.

use jiff::Timestamp;
use serde_json::{Map, Value};

use crate::clock::parse_timestamp;
use crate::did::Did;
use crate::error::Misuse;
use crate::jcs::StrictJson;
use crate::vc::{self, discloses_age};
use crate::wire::attestation::{
    AcceptedVcIssuers, AttestationMethod, Precondition, VerifiableCredential,
};

/// A credential about the operator, with all its members.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Credential(Map<String, Value>);

impl Credential {
    // r[impl attestation.vc.subject]
    pub(super) fn new(json: &StrictJson, operator: &Did) -> Result<Self, Misuse> {
        let _: VerifiableCredential = json
            .read("credential")
            .map_err(|error| Misuse::new(error.to_string()))?;
        let members = json.value().as_object().cloned().unwrap_or_default();
        let subject = vc::Credential::new(&members).claim("id");
        if subject.and_then(Value::as_str) != Some(operator.as_str()) {
            return Err(Misuse::new("the credential is not about the operator"));
        }
        Ok(Self(members))
    }

    pub(super) fn members(&self) -> &Map<String, Value> {
        &self.0
    }

    /// Whether it attests the precondition, for all that the client can tell.
    // r[impl attestation.vc.tos]
    // r[impl attestation.vc.age]
    pub(super) fn answers(&self, precondition: &Precondition, now: Timestamp) -> bool {
        let credential = vc::Credential::new(&self.0);
        let (of, issuers, claims) = match precondition {
            Precondition::Tos(tos) => {
                let hash = credential.claim("documentHash").and_then(Value::as_str);
                let is_it = hash == Some(tos.document_hash.as_str());
                (vc::TOS, &tos.accepted_vc_issuers, is_it)
            }
            Precondition::Age(age) => {
                let over = credential.claim("ageOver").and_then(Value::as_u64);
                let reaches = over.is_some_and(|over| over >= u64::from(age.minimum_age.get()));
                let subject = self.0.get("credentialSubject");
                let is_private = !subject.is_some_and(discloses_age);
                (vc::AGE, &age.accepted_vc_issuers, reaches && is_private)
            }
            _ => return false,
        };
        let allows = precondition
            .allowed_attestation_methods()
            .contains(&AttestationMethod::Vc);
        allows
            && claims
            && credential.has_type(of)
            && is_accepted(credential.issuer(), issuers.as_ref())
            && self.is_valid(now)
    }

    fn is_valid(&self, now: Timestamp) -> bool {
        let time = |name: &str| {
            let text = self.0.get(name).and_then(Value::as_str);
            text.and_then(|text| parse_timestamp(text).ok())
        };
        time("validFrom").is_none_or(|from| from <= now)
            && time("validUntil").is_none_or(|until| now < until)
    }
}

fn is_accepted(issuer: Option<&str>, accepted: Option<&AcceptedVcIssuers>) -> bool {
    let mut accepted = accepted.into_iter().flat_map(|issuers| issuers.iter());
    issuer.is_some_and(|issuer| accepted.any(|one| one == issuer))
}
