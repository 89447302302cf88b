//! Receipts (chapter 12): what the server says it accepted and granted, signed with its key.
//!
//! A receipt names by digest everything that took part in an attestation. The digests do not bring
//! the values back: each side keeps its own.

use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::payload::Payload;
use super::verify::Accepted;
use super::wire::{
    self, AttestationToken, Digest, DocumentHash, DocumentHashes, Precondition, Receipt,
};
use crate::did::{Did, DidDocument};
use crate::error::{Error, Malformed, Misuse};
use crate::jcs::{Limits, StrictJson, canonical};
use crate::sign::{Signature, Signer, VerifyingKey, signed_bytes, verify_object};

#[cfg(test)]
mod tests;

/// The SHA-256 of the canonical bytes of a JSON value, with all its members.
///
/// # Errors
/// None in practice; a digest always has the form of a `Digest`.
// r[impl attestation.receipt.digest]
pub fn digest(value: &StrictJson) -> Result<Digest, Misuse> {
    digest_of(value.value())
}

pub(super) fn digest_of(value: &Value) -> Result<Digest, Misuse> {
    use std::fmt::Write as _;
    let mut text = String::from("sha256-");
    for byte in Sha256::digest(canonical(value)) {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    Digest::parse(text).map_err(|error| misuse(&error))
}

/// The digest of a token: it names the token in receipts, in the audit log and in a list of revoked
/// ones, and opens nothing.
///
/// # Errors
/// None in practice; a token is always JSON.
pub fn token_digest(token: &AttestationToken) -> Result<Digest, Misuse> {
    digest_of(&json(token)?)
}

/// Issues the receipts of a server.
#[derive(Debug, Clone)]
pub struct ReceiptIssuer<S> {
    server: Did,
    signer: S,
}

impl<S: Signer> ReceiptIssuer<S> {
    /// Signs in the name of `server`, whose document lists the signer's key under
    /// `assertionMethod`. The key is one of its own, and neither that of the nonces nor that of
    /// the tokens.
    #[must_use]
    pub fn new(server: Did, signer: S) -> Self {
        Self { server, signer }
    }

    /// Signs with a key whose did:key names the server.
    ///
    /// # Errors
    /// None in practice; the text of a key is always a DID.
    pub fn of_key(signer: S) -> Result<Self, Malformed> {
        let server = crate::did::key::did(&signer.public_key())?;
        Ok(Self::new(server, signer))
    }

    /// The DID that signs.
    #[must_use]
    pub fn server(&self) -> &Did {
        &self.server
    }

    /// Issues the receipt of an accepted payload and its token.
    ///
    /// # Errors
    /// [`Error::Unavailable`] if the signer does not answer.
    // r[impl attestation.receipt.signature]
    // r[impl attestation.receipt.documents]
    // r[impl attestation.receipt.server-id]
    // r[impl attestation.receipt.same-values]
    pub async fn issue(
        &self,
        accepted: &Accepted,
        payload: &Payload,
        token: &AttestationToken,
    ) -> Result<Receipt, Error> {
        let challenge = accepted.challenge.message();
        let documents = DocumentHashes::new(documents(&challenge.preconditions));
        let mut receipt = Receipt::new(
            digest_of(&json(challenge)?)?,
            digest(payload.json())?,
            documents.map_err(|error| misuse(&error))?,
            wire::Did::parse(accepted.operator.as_str()).map_err(|error| misuse(&error))?,
            token_digest(token)?,
            wire::Timestamp::try_from(accepted.accepted_at).map_err(|error| misuse(&error))?,
            digest_of(&accepted.document.to_json())?,
            wire::Signature::parse(Signature([0; 64]).to_string())
                .map_err(|error| misuse(&error))?,
        )
        .with_server_id(wire::Did::parse(self.server.as_str()).map_err(|error| misuse(&error))?);
        let unsigned = StrictJson::from_value(json(&receipt)?, Limits::default())?;
        let signature = self.signer.sign(&signed_bytes(&unsigned)?).await?;
        receipt.signature =
            wire::Signature::parse(signature.to_string()).map_err(|error| misuse(&error))?;
        Ok(receipt)
    }
}

/// The objects that a client sent and received, as they were on the wire.
#[derive(Debug, Clone, Copy)]
pub struct Evidence<'a> {
    /// The challenge.
    pub challenge: &'a StrictJson,
    /// The payload, with its signature.
    pub payload: &'a StrictJson,
    /// The token, with its expiry and scope.
    pub token: &'a StrictJson,
    /// The operator's own document, if the client knows which one the server resolved.
    pub document: Option<&'a StrictJson>,
}

/// Why a receipt is not kept.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReceiptError {
    /// It is no receipt.
    #[error(transparent)]
    Malformed(#[from] Malformed),
    /// It does not say who signed, and the discovery document does not either.
    #[error("the receipt names no server")]
    NoServer,
    /// It is of another server than the one of the discovery document, or of another than the
    /// document with which it is checked.
    #[error("the receipt is of another server")]
    OtherServer,
    /// No assertion key of the server made the signature.
    #[error("the signature is not one of the server's keys over this receipt")]
    InvalidSignature,
    /// A member does not stand for what was sent or received.
    #[error("`{0}` is not of the value that was exchanged")]
    Differs(&'static str),
}

/// The server that a receipt is of, whose document has to be resolved to [`check`] it. `known` is
/// the `receiptIssuer` of the discovery document.
///
/// # Errors
/// [`ReceiptError::Malformed`], [`ReceiptError::NoServer`], [`ReceiptError::OtherServer`].
// r[impl attestation.receipt.server-id]
pub fn server(receipt: &StrictJson, known: Option<&Did>) -> Result<Did, ReceiptError> {
    let message: Receipt = receipt.read("receipt")?;
    match (message.server_id, known) {
        (Some(named), Some(known)) if named.as_str() != known.as_str() => {
            Err(ReceiptError::OtherServer)
        }
        (Some(named), _) => Ok(Did::parse(named.as_str())?),
        (None, Some(known)) => Ok(known.clone()),
        (None, None) => Err(ReceiptError::NoServer),
    }
}

/// Checks a receipt under the server's document: its signature, and each digest against what was
/// exchanged.
///
/// # Errors
/// [`ReceiptError`]: the receipt is not to be kept. The token stays usable.
// r[impl attestation.receipt.check]
// r[impl attestation.receipt.documents]
pub fn check(
    receipt: &StrictJson,
    server: &DidDocument,
    evidence: Evidence<'_>,
) -> Result<Receipt, ReceiptError> {
    let message: Receipt = receipt.read("receipt")?;
    if let Some(named) = &message.server_id
        && named.as_str() != server.did().as_str()
    {
        return Err(ReceiptError::OtherServer);
    }
    let verifies = |public_key| {
        VerifyingKey::new(public_key).is_ok_and(|key| verify_object(receipt, &key).is_ok())
    };
    let mut keys = server.assertion_methods().iter();
    if !keys.any(|method| verifies(method.public_key)) {
        return Err(ReceiptError::InvalidSignature);
    }
    let same = |named: &Digest, value: &StrictJson, member| match digest(value) {
        Ok(digest) if digest == *named => Ok(()),
        _ => Err(ReceiptError::Differs(member)),
    };
    same(
        &message.challenge_digest,
        evidence.challenge,
        "challengeDigest",
    )?;
    same(&message.payload_digest, evidence.payload, "payloadDigest")?;
    same(&message.token_digest, evidence.token, "tokenDigest")?;
    if let Some(document) = evidence.document {
        same(&message.did_document_digest, document, "didDocumentDigest")?;
    }
    let challenge: wire::PreconditionChallenge = evidence.challenge.read("challenge")?;
    if *message.document_hashes != *documents(&challenge.preconditions) {
        return Err(ReceiptError::Differs("documentHashes"));
    }
    let operator = evidence.payload.value().get("operatorId");
    if operator.and_then(Value::as_str) != Some(message.operator_id.as_str()) {
        return Err(ReceiptError::Differs("operatorId"));
    }
    Ok(message)
}

fn documents(preconditions: &[Precondition]) -> Vec<DocumentHash> {
    let hash = |precondition: &Precondition| match precondition {
        Precondition::Tos(tos) => Some(tos.document_hash.clone()),
        _ => None,
    };
    preconditions.iter().filter_map(hash).collect()
}

fn json(message: &impl serde::Serialize) -> Result<Value, Misuse> {
    serde_json::to_value(message).map_err(|error| misuse(&error))
}

fn misuse(error: &dyn std::fmt::Display) -> Misuse {
    Misuse::new(error.to_string())
}
