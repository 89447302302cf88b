//! Receipts: what the server says that it accepted, checked against what was sent (section 12.2).

use std::sync::Arc;

use super::document::Document;
use crate::attestation::receipt::{self, Evidence, ReceiptError};
use crate::did::{Did, DidResolver, ResolveError, key};
use crate::error::{Error, Malformed};
use crate::jcs::{Limits, StrictJson};

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

/// A receipt that is not kept. The token is as good as with it.
#[derive(Debug, thiserror::Error)]
#[error("the receipt is not kept: {why}")]
#[non_exhaustive]
pub struct UnkeptReceipt {
    /// What is wrong with it.
    #[source]
    pub why: ReceiptFault,
    /// What it came with, if it could be read.
    pub received: Option<Box<Receipted>>,
}

/// Why a receipt is not kept.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReceiptFault {
    /// It cannot be read, or came without the token that it is about.
    #[error(transparent)]
    Unreadable(#[from] Malformed),
    /// It is not a receipt of this attestation.
    #[error(transparent)]
    Refused(#[from] ReceiptError),
    /// The DID of its server does not resolve.
    #[error("the DID of its server: {0}")]
    Server(#[from] ResolveError),
    /// The discovery document of its server, which may name another issuer of receipts, cannot be
    /// read.
    #[error("the discovery document of its server: {0}")]
    Discovery(#[source] Error),
}

/// What is done with the receipts that servers give.
///
/// Each of them is checked, and handed over: to be kept, or to be reported to the operator. Receipts
/// are a diary; whoever keeps them protects them.
pub struct Receipts<R, F> {
    resolver: R,
    server: Option<Did>,
    keep: F,
}

impl<R, F> Receipts<R, F>
where
    R: DidResolver,
    F: Fn(Result<Receipted, UnkeptReceipt>),
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

    /// Takes receipts of this server only. Otherwise the `receiptIssuer` of each server is read from
    /// its discovery document.
    #[must_use]
    pub fn of_server(mut self, server: Did) -> Self {
        self.server = Some(server);
        self
    }

    // r[impl attestation.receipt.check]
    async fn check(
        &self,
        received: &Receipted,
        operator: &Did,
        announced: Result<Option<Did>, Error>,
    ) -> Result<(), ReceiptFault> {
        let announced = announced.map_err(ReceiptFault::Discovery)?;
        let known = self.server.as_ref().or(announced.as_ref());
        let server = receipt::server(&received.receipt, known)?;
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
        receipt::check(&received.receipt, &server, evidence)?;
        Ok(())
    }
}

/// Whatever resolver and keeper there are.
#[async_trait::async_trait]
pub(super) trait Keeper: Send + Sync {
    /// Whether the discovery document has to be asked for the issuer.
    fn asks_for_issuer(&self) -> bool;

    /// `announced` is the issuer that the discovery document names, if it was asked.
    async fn keep(
        &self,
        received: Result<Receipted, Malformed>,
        operator: &Did,
        announced: Result<Option<Did>, Error>,
    );
}

#[async_trait::async_trait]
impl<R, F> Keeper for Receipts<R, F>
where
    R: DidResolver + Send + Sync,
    F: Fn(Result<Receipted, UnkeptReceipt>) + Send + Sync,
{
    fn asks_for_issuer(&self) -> bool {
        self.server.is_none()
    }

    async fn keep(
        &self,
        received: Result<Receipted, Malformed>,
        operator: &Did,
        announced: Result<Option<Did>, Error>,
    ) {
        let unkept = |why, received| UnkeptReceipt {
            why,
            received: Option::map(received, Box::new),
        };
        let verdict = match received {
            Err(why) => Err(unkept(why.into(), None)),
            Ok(received) => match self.check(&received, operator, announced).await {
                Ok(()) => Ok(received),
                Err(why) => Err(unkept(why, Some(received))),
            },
        };
        (self.keep)(verdict);
    }
}

pub(super) type AnyKeeper = Arc<dyn Keeper>;
