//! Answers: how a client attests the preconditions of a challenge and signs the payload.

use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Map, Value};

use super::challenge::{Challenge, methods};
use super::header::{self, Form};
use super::wire::{
    self, AgeSelfAttestation, AgeType, Attestation, AttestationMethod, IdentitySelfAttestation,
    Precondition, ProtocolVersion, TosSelfAttestation, TosType, VcMethod, VerifiableCredential,
};
use crate::did::{Did, DidUrl};
use crate::error::{Error, Malformed, Misuse};
use crate::jcs::{Limits, StrictJson};
use crate::sign::{Signature, Signer, SigningKey, signed_bytes};

#[cfg(test)]
mod tests;

/// The attestations that answer a challenge, as far as they have been made.
///
/// Every precondition is attested by a call of its own: consent is given to one precondition at a
/// time, by a rule of the operator or by the operator, and this type asks neither.
#[derive(Debug, Clone)]
pub struct Answer<'c> {
    challenge: &'c Challenge,
    operator: Did,
    key_id: Option<DidUrl>,
    attestations: Vec<Made>,
}

/// An attestation of this answer. A credential keeps all its members: its proof covers them.
#[derive(Debug, Clone, Serialize)]
#[serde(untagged)]
enum Made {
    Own(Box<Attestation>),
    Credential {
        #[serde(rename = "preconditionId")]
        id: String,
        #[serde(rename = "type")]
        of: &'static str,
        method: VcMethod,
        vc: Map<String, Value>,
    },
}

impl Made {
    fn id(&self) -> &str {
        match self {
            Self::Own(attestation) => attestation.precondition_id().as_str(),
            Self::Credential { id, .. } => id,
        }
    }
}

/// The payload in the order in which the specification declares its members.
// r[impl attestation.json.member-order]
// r[impl attestation.model.null]
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Message<'a> {
    #[serde(rename = "x428Version")]
    version: ProtocolVersion,
    challenge: &'a wire::Nonce,
    resource: &'a wire::AbsoluteUri,
    operator_id: &'a str,
    attestations: &'a [Made],
    #[serde(skip_serializing_if = "Option::is_none")]
    key_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    signature: Option<String>,
}

impl<'c> Answer<'c> {
    /// Begins the answer of an operator.
    #[must_use]
    pub fn new(challenge: &'c Challenge, operator: Did) -> Self {
        Self {
            challenge,
            operator,
            key_id: None,
            attestations: Vec::new(),
        }
    }

    /// Names the key that signs, for an operator with several.
    ///
    /// # Errors
    /// [`Misuse`] if the key is of another DID.
    // r[impl attestation.payload.key-id]
    pub fn with_key_id(mut self, key_id: DidUrl) -> Result<Self, Misuse> {
        if !key_id.is_of(&self.operator) {
            return Err(Misuse::new("the key is not one of the operator's"));
        }
        self.key_id = Some(key_id);
        Ok(self)
    }

    /// Attests a precondition by the operator's own word, as the precondition states it.
    ///
    /// # Errors
    /// [`Misuse`] if the challenge has no such precondition, if it does not allow `self`, if it is
    /// attested already, or if its type is not implemented.
    // r[impl attestation.client.unknown-type]
    pub fn confirm(mut self, id: &str, confirmed_at: Timestamp) -> Result<Self, Misuse> {
        let precondition = self.unanswered(id, AttestationMethod::Self_)?;
        let id = precondition.id().clone();
        let confirmed_at = wire::Timestamp::try_from(confirmed_at)
            .map_err(|error| Misuse::new(error.to_string()))?;
        let attestation = match precondition {
            Precondition::Tos(tos) => {
                TosSelfAttestation::new(id, confirmed_at, tos.document_hash.clone()).into()
            }
            Precondition::Age(age) => {
                AgeSelfAttestation::new(id, confirmed_at, age.minimum_age).into()
            }
            Precondition::Identity(_) => IdentitySelfAttestation::new(id, confirmed_at).into(),
            Precondition::Other(_) => return Err(not_implemented()),
        };
        self.attestations.push(Made::Own(Box::new(attestation)));
        Ok(self)
    }

    /// Attests a precondition by a credential.
    ///
    /// # Errors
    /// [`Misuse`] as [`confirm`](Self::confirm), if the precondition does not allow `vc`, and if
    /// the object is not a credential.
    pub fn present(mut self, id: &str, credential: Map<String, Value>) -> Result<Self, Misuse> {
        let of = match self.unanswered(id, AttestationMethod::Vc)? {
            Precondition::Tos(_) => TosType::VALUE,
            Precondition::Age(_) => AgeType::VALUE,
            _ => return Err(not_implemented()),
        };
        if serde_json::from_value::<VerifiableCredential>(credential.clone().into()).is_err() {
            return Err(Misuse::new("the object is not a credential"));
        }
        self.attestations.push(Made::Credential {
            id: id.to_owned(),
            of,
            method: VcMethod,
            vc: credential,
        });
        Ok(self)
    }

    /// Signs with a key at hand.
    ///
    /// # Errors
    /// [`Misuse`] if a precondition has not been attested, or if a credential is not strict JSON.
    pub fn sign(self, key: &SigningKey) -> Result<SignedPayload, Misuse> {
        let signature = key.sign_bytes(&self.to_be_signed()?);
        self.signed(signature)
    }

    /// Signs with a key that is somewhere else.
    ///
    /// # Errors
    /// [`Error::Misuse`] as [`sign`](Self::sign), [`Error::Unavailable`] if the signer does not
    /// answer.
    pub async fn sign_with<S: Signer>(self, signer: &S) -> Result<SignedPayload, Error> {
        let bytes = self.to_be_signed()?;
        let signature = signer.sign(&bytes).await?;
        Ok(self.signed(signature)?)
    }

    // r[impl attestation.client.nothing-partial]
    // r[impl attestation.signature.input]
    fn to_be_signed(&self) -> Result<Vec<u8>, Misuse> {
        let mut preconditions = self.challenge.message().preconditions.iter();
        let answered = |precondition: &Precondition| {
            let mut attestations = self.attestations.iter();
            attestations.any(|attestation| *precondition.id() == attestation.id())
        };
        if !preconditions.all(answered) {
            return Err(Misuse::new("not every precondition is attested"));
        }
        let text = self.text(None)?;
        let refuse = |error: Malformed| Misuse::new(error.to_string());
        let json = StrictJson::parse(text.as_bytes(), Limits::default()).map_err(refuse)?;
        signed_bytes(&json).map_err(refuse)
    }

    // r[impl attestation.signature.encoding]
    fn signed(self, signature: Signature) -> Result<SignedPayload, Misuse> {
        let has_endpoint = self.challenge.message().attestation_endpoint.is_some();
        let text = self.text(Some(signature.to_string()))?;
        let form = Form::of(text.len(), has_endpoint);
        if form == Form::Body && !has_endpoint {
            return Err(Misuse::new(
                "the payload is too long for a header, and the challenge names no endpoint",
            ));
        }
        Ok(SignedPayload { text, form })
    }

    fn text(&self, signature: Option<String>) -> Result<String, Misuse> {
        let challenge = self.challenge.message();
        let message = Message {
            version: ProtocolVersion,
            challenge: &challenge.challenge,
            resource: &challenge.resource,
            operator_id: self.operator.as_str(),
            attestations: &self.attestations,
            key_id: self.key_id.as_ref().map(DidUrl::as_str),
            signature,
        };
        serde_json::to_string(&message).map_err(|error| Misuse::new(error.to_string()))
    }

    fn unanswered(&self, id: &str, method: AttestationMethod) -> Result<&'c Precondition, Misuse> {
        let answered = |attestation: &Made| attestation.id() == id;
        if self.attestations.iter().any(answered) {
            return Err(Misuse::new("the precondition is attested already"));
        }
        let mut preconditions = self.challenge.message().preconditions.iter();
        let precondition = preconditions
            .find(|precondition| *precondition.id() == id)
            .ok_or_else(|| Misuse::new("the challenge has no such precondition"))?;
        if !methods(precondition).contains(&method) {
            return Err(Misuse::new("the precondition does not allow this method"));
        }
        Ok(precondition)
    }
}

/// A payload that is ready to be submitted, once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedPayload {
    text: String,
    form: Form,
}

impl SignedPayload {
    /// The serialized payload: the body of the POST.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Where the payload travels.
    // r[impl attestation.submit.no-endpoint]
    #[must_use]
    pub fn form(&self) -> Form {
        self.form
    }

    /// The value of the header `X-428-Attestation`, if the payload travels there.
    #[must_use]
    pub fn to_header(&self) -> Option<String> {
        (self.form == Form::Header).then(|| header::encode(&self.text))
    }
}

fn not_implemented() -> Misuse {
    Misuse::new("the type of the precondition is not implemented")
}
