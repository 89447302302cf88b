//! Receipts: what the server says that it accepted, checked against what was sent (section 12.2).

use std::sync::Arc;

use super::document::Document;
use crate::attestation::receipt::{self, Evidence, ReceiptError};
use crate::did::{Did, DidResolver, ResolveError, key};
use crate::jcs::{Limits, StrictJson};
use crate::wire::attestation::Receipt;

/// A receipt with everything that took part in the attestation, to be kept together: the digests of
/// the receipt do not bring the rest back.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Receipted {
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

/// Why a receipt is not kept. The token is as good as with it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum UnkeptReceipt {
    /// It is not a receipt of this attestation.
    #[error(transparent)]
    Refused(#[from] ReceiptError),
    /// The DID of its server does not resolve.
    #[error("the server of the receipt: {0}")]
    Server(#[from] ResolveError),
}

/// What is done with the receipts that servers give.
///
/// Each of them is checked, and handed over with the verdict: to be kept, or to be reported to the
/// operator. Receipts are a diary; whoever keeps them protects them.
pub struct Receipts<R, F> {
    resolver: R,
    server: Option<Did>,
    keep: F,
}

impl<R, F> Receipts<R, F>
where
    R: DidResolver,
    F: Fn(Receipted, Result<Receipt, UnkeptReceipt>),
{
    /// Resolves the DIDs of servers, and hands every receipt to `keep`.
    #[must_use]
    pub fn new(resolver: R, keep: F) -> Self {
        Self {
            resolver,
            server: None,
            keep,
        }
    }

    /// Takes receipts of this server only: the `receiptIssuer` of its discovery document.
    #[must_use]
    pub fn of_server(mut self, server: Did) -> Self {
        self.server = Some(server);
        self
    }

    // r[impl attestation.receipt.check]
    async fn check(&self, received: &Receipted, operator: &Did) -> Result<Receipt, UnkeptReceipt> {
        let server = receipt::server(&received.receipt, self.server.as_ref())?;
        let server = self.resolver.resolve(&server).await?;
        // A did:key has one document, whoever derives it.
        let document = key::document(operator).ok();
        let document = document.and_then(|document| {
            StrictJson::from_value(document.to_json(), Limits::default()).ok()
        });
        let evidence = Evidence {
            challenge: &received.challenge,
            payload: &received.payload,
            token: &received.token,
            document: document.as_ref(),
        };
        Ok(receipt::check(&received.receipt, &server, evidence)?)
    }
}

/// Whatever resolver and keeper there are.
#[async_trait::async_trait]
pub(super) trait Keeper: Send + Sync {
    async fn keep(&self, received: Receipted, operator: &Did);
}

#[async_trait::async_trait]
impl<R, F> Keeper for Receipts<R, F>
where
    R: DidResolver + Send + Sync,
    F: Fn(Receipted, Result<Receipt, UnkeptReceipt>) + Send + Sync,
{
    async fn keep(&self, received: Receipted, operator: &Did) {
        let verdict = self.check(&received, operator).await;
        (self.keep)(received, verdict);
    }
}

pub(super) type AnyKeeper = Arc<dyn Keeper>;
