//! Receipts: what the server says that it accepted, checked against what was sent (section 12.2).

use std::sync::Arc;

use sha2::{Digest as _, Sha256};

use super::document::Document;
use crate::did::{Did, DidResolver, ResolveError};
use crate::error::Malformed;
use crate::jcs::StrictJson;
use crate::sign::{VerifyingKey, verify_object};
use crate::wire::attestation::{Precondition, PreconditionChallenge, Receipt};

/// What took part in an accepted attestation, to be kept together: the digests of a receipt do not
/// bring back what they are of.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Evidence {
    /// The receipt as it was received.
    pub receipt: StrictJson,
    /// The challenge as it was received.
    pub challenge: StrictJson,
    /// The payload as it was sent.
    pub payload: StrictJson,
    /// The token as it was received. It opens the resource until it expires.
    pub token: StrictJson,
    /// The documents that were fetched and hashed.
    pub documents: Vec<Document>,
}

/// Why a receipt is not kept. The token is as good as without it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReceiptError {
    /// It is not of the form of a receipt.
    #[error(transparent)]
    Malformed(#[from] Malformed),
    /// It does not say whose it is.
    #[error("the receipt names no server")]
    NoServer,
    /// The server's DID does not resolve.
    #[error("the DID of the receipt's server: {0}")]
    Server(#[from] ResolveError),
    /// No key of the server made its signature.
    #[error("the receipt's signature is not one of its server's keys")]
    Signature,
    /// It is about something else than what was sent and received.
    #[error("the receipt is about another {0}")]
    Mismatch(&'static str),
}

impl Evidence {
    /// Verifies the signature of the receipt under the keys of its server, and compares its digests
    /// with what was sent and received.
    ///
    /// # Errors
    /// [`ReceiptError`] if the receipt is not to be kept.
    // r[impl attestation.receipt.check]
    // r[impl attestation.receipt.digest]
    // r[impl attestation.receipt.signature]
    // r[impl attestation.receipt.documents]
    pub async fn check<R: DidResolver>(&self, resolver: &R) -> Result<Receipt, ReceiptError> {
        let receipt: Receipt = self.receipt.read("receipt")?;
        let server = receipt.server_id.as_ref().ok_or(ReceiptError::NoServer)?;
        let server = Did::parse(server.as_str())?;
        let document = resolver.resolve(&server).await?;
        let mut keys = document
            .assertion_methods()
            .iter()
            .filter_map(|method| VerifyingKey::new(method.public_key).ok());
        if !keys.any(|key| verify_object(&self.receipt, &key).is_ok()) {
            return Err(ReceiptError::Signature);
        }
        for (what, object, digest) in [
            ("challenge", &self.challenge, &receipt.challenge_digest),
            ("payload", &self.payload, &receipt.payload_digest),
            ("token", &self.token, &receipt.token_digest),
        ] {
            if digest_of(object) != digest.as_str() {
                return Err(ReceiptError::Mismatch(what));
            }
        }
        let operator = self.payload.value().get("operatorId");
        if operator.and_then(|id| id.as_str()) != Some(receipt.operator_id.as_str()) {
            return Err(ReceiptError::Mismatch("operator"));
        }
        let challenge: PreconditionChallenge = self.challenge.read("challenge")?;
        let named = challenge
            .preconditions
            .iter()
            .filter_map(|precondition| match precondition {
                Precondition::Tos(tos) => Some(&tos.document_hash),
                _ => None,
            });
        if !named.eq(receipt.document_hashes.iter()) {
            return Err(ReceiptError::Mismatch("document"));
        }
        Ok(receipt)
    }
}

fn digest_of(object: &StrictJson) -> String {
    let digits = Sha256::digest(object.canonical());
    let digits = digits.iter().map(|byte| format!("{byte:02x}"));
    std::iter::once(String::from("sha256-"))
        .chain(digits)
        .collect()
}

/// Checks receipts, and hands them to whoever keeps them.
#[async_trait::async_trait]
pub(super) trait Keeper: Send + Sync {
    async fn keep(&self, evidence: Evidence);
}

pub(super) struct CheckedBy<R, F> {
    pub(super) resolver: R,
    pub(super) keep: F,
}

#[async_trait::async_trait]
impl<R, F> Keeper for CheckedBy<R, F>
where
    R: DidResolver + Send + Sync,
    F: Fn(Evidence, Result<Receipt, ReceiptError>) + Send + Sync,
{
    async fn keep(&self, evidence: Evidence) {
        let verdict = evidence.check(&self.resolver).await;
        (self.keep)(evidence, verdict);
    }
}

pub(super) type AnyKeeper = Arc<dyn Keeper>;
