//! The configuration of a server.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::backends::{AnyAuditLog, AnyReceipts, AnyRevocations, AnyVerifier};
use super::base::PublicBase;
use super::guard::Guard;
use super::observe;
use super::opened::Opened;
use crate::attestation::Verifier;
use crate::attestation::audit::AuditLog;
use crate::attestation::issue::ChallengeIssuer;
use crate::attestation::nonce::NonceStore;
use crate::attestation::receipt::ReceiptIssuer;
use crate::attestation::revocation::RevocationStore;
use crate::attestation::token::TokenIssuer;
use crate::clock::Clock;
use crate::did::DidResolver;
use crate::error::{Error, Misuse};
use crate::http::{ATTESTATION_PATH, discovery};
use crate::sign::Signer;
use crate::vc::ProofVerifier;
use crate::wire::attestation::{
    self as wire, DiscoveryDocument, PreconditionType, PreconditionTypes, ProtocolVersion,
    SupportedVersions,
};

const DISCOVERY_MAX_AGE: Duration = Duration::from_hours(1);
const RETRY_AFTER: Duration = Duration::from_secs(5);
const BODY_TIMEOUT: Duration = Duration::from_secs(10);

type OnOutage = Box<dyn Fn(&Error) + Send + Sync>;

/// A server that guards resources: what it requires, and with what it verifies and remembers.
pub struct Server {
    pub(super) base: PublicBase,
    pub(super) guard: Box<dyn Guard>,
    pub(super) verifier: Box<dyn AnyVerifier>,
    pub(super) challenges: ChallengeIssuer,
    pub(super) tokens: TokenIssuer,
    pub(super) opened: Opened,
    pub(super) receipts: Option<Box<dyn AnyReceipts>>,
    pub(super) revocations: Option<Box<dyn AnyRevocations>>,
    pub(super) audit: Option<Box<dyn AnyAuditLog>>,
    pub(super) endpoint: Option<String>,
    pub(super) discovery: Option<::http::Response<Vec<u8>>>,
    pub(super) not_before: Option<Timestamp>,
    pub(super) retry_after: Duration,
    pub(super) body_timeout: Duration,
    pub(super) forwards_headers: bool,
    pub(super) exposes_headers: bool,
    pub(super) on_outage: Option<OnOutage>,
}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Server")
            .field("base", &self.base)
            .field("endpoint", &self.endpoint)
            .finish_non_exhaustive()
    }
}

impl Server {
    /// Begins with what every server needs. The two issuers have keys of their own.
    // r[impl attestation.security.server-keys]
    pub fn builder<R, N, P, C>(
        base: PublicBase,
        guard: impl Guard + 'static,
        verifier: Verifier<R, N, P, C>,
        challenges: ChallengeIssuer,
        tokens: TokenIssuer,
    ) -> ServerBuilder
    where
        R: DidResolver + Send + Sync + 'static,
        N: NonceStore + Send + Sync + 'static,
        P: ProofVerifier + Send + Sync + 'static,
        C: Clock + Send + Sync + 'static,
    {
        ServerBuilder {
            server: Server {
                base,
                guard: Box::new(guard),
                verifier: Box::new(verifier),
                challenges,
                tokens,
                opened: Opened::new(),
                receipts: None,
                revocations: None,
                audit: None,
                endpoint: Some(ATTESTATION_PATH.to_owned()),
                discovery: None,
                not_before: None,
                retry_after: RETRY_AFTER,
                body_timeout: BODY_TIMEOUT,
                forwards_headers: false,
                exposes_headers: true,
                on_outage: None,
            },
            discovery: Discovery::Derived,
        }
    }
}

enum Discovery {
    Derived,
    Given(Box<DiscoveryDocument>),
    None,
}

/// Configures a [`Server`].
#[must_use]
pub struct ServerBuilder {
    server: Server,
    discovery: Discovery,
}

impl std::fmt::Debug for ServerBuilder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("ServerBuilder").field(&self.server).finish()
    }
}

impl ServerBuilder {
    /// Issues a receipt for every payload that is accepted.
    // r[impl attestation.receipt.key]
    pub fn with_receipts<S: Signer + Send + Sync + 'static>(
        mut self,
        receipts: ReceiptIssuer<S>,
    ) -> Self {
        self.server.receipts = Some(Box::new(receipts));
        self
    }

    /// Looks for every token among the revoked ones, and remembers every token that is issued.
    pub fn with_revocations(mut self, store: impl RevocationStore + Send + Sync + 'static) -> Self {
        self.server.revocations = Some(Box::new(store));
        self
    }

    /// Keeps a record of every payload that is accepted. A payload whose record cannot be kept is
    /// not accepted.
    pub fn with_audit_log(mut self, log: impl AuditLog + Send + Sync + 'static) -> Self {
        self.server.audit = Some(Box::new(log));
        self
    }

    /// Takes posted payloads at another path than `/.well-known/x428-attest`.
    pub fn with_endpoint(mut self, path: impl Into<String>) -> Self {
        self.server.endpoint = Some(path.into());
        self
    }

    /// Takes no posted payloads: challenges name no endpoint, and what is too long for a header
    /// cannot be submitted.
    pub fn without_endpoint(mut self) -> Self {
        self.server.endpoint = None;
        self
    }

    /// Serves another discovery document than the one that is derived from the configuration,
    /// which says nothing of DID methods and proof suites.
    pub fn with_discovery(mut self, document: DiscoveryDocument) -> Self {
        self.discovery = Discovery::Given(Box::new(document));
        self
    }

    /// Serves no discovery document.
    pub fn without_discovery(mut self) -> Self {
        self.discovery = Discovery::None;
        self
    }

    /// Says that the nonce store forgets with the process, such as
    /// [`MemoryNonceStore`](crate::attestation::nonce::MemoryNonceStore): challenges that were
    /// issued before the server was built are refused with `challenge_mismatch`.
    // r[impl attestation.security.durable-nonces]
    pub fn with_volatile_nonces(mut self) -> Self {
        self.server.not_before = Some(self.server.verifier.now());
        self
    }

    /// How long a client is asked to wait after an outage: five seconds unless it is said here.
    pub fn with_retry_after(mut self, wait: Duration) -> Self {
        self.server.retry_after = wait;
        self
    }

    /// How long a posted payload may take to arrive: ten seconds unless it is said here.
    pub fn with_body_timeout(mut self, timeout: Duration) -> Self {
        self.server.body_timeout = timeout;
        self
    }

    /// Leaves the payload and the token in the headers that the inner service sees, where its logs
    /// may find them. Another layer of this kind inside needs them.
    pub fn forward_headers(mut self) -> Self {
        self.server.forwards_headers = true;
        self
    }

    /// Does not list the headers of this protocol in `Access-Control-Expose-Headers`: a layer
    /// around this one does.
    pub fn without_exposed_headers(mut self) -> Self {
        self.server.exposes_headers = false;
        self
    }

    /// Is called with every outage, before it becomes a 503: the one place where the reason is
    /// seen. It may name hosts and paths that do not belong in a trace.
    pub fn on_outage(mut self, tell: impl Fn(&Error) + Send + Sync + 'static) -> Self {
        self.server.on_outage = Some(Box::new(tell));
        self
    }

    /// Builds the server.
    ///
    /// # Errors
    /// [`Misuse`] if the path of the endpoint does not begin with a slash or is no path, and if the
    /// discovery document names another receipt issuer or an endpoint of another origin.
    pub fn build(self) -> Result<Server, Misuse> {
        let Self {
            mut server,
            discovery,
        } = self;
        let address = match &server.endpoint {
            None => None,
            Some(path) if path.starts_with('/') && !path.contains(['?', '#']) => {
                server.base.address(path)
            }
            Some(_) => return Err(Misuse::new("the endpoint is no path")),
        };
        if let Some(address) = &address {
            server.challenges = server.challenges.with_endpoint(address.clone());
        }
        let document = match discovery {
            Discovery::None => None,
            Discovery::Derived => Some(derive(&server, address)?),
            Discovery::Given(document) => {
                check(&server, &document, address.as_ref())?;
                Some(*document)
            }
        };
        server.discovery = match document {
            Some(document) => Some(discovery::to_response(&document, DISCOVERY_MAX_AGE)?),
            None => None,
        };
        observe::describe();
        Ok(server)
    }

    /// Builds the server, and the layer of it.
    ///
    /// # Errors
    /// As [`build`](Self::build).
    pub fn layer(self) -> Result<super::AttestationLayer, Misuse> {
        self.build()
            .map(|server| super::AttestationLayer::new(Arc::new(server)))
    }
}

fn derive(
    server: &Server,
    endpoint: Option<wire::AbsoluteUri>,
) -> Result<DiscoveryDocument, Misuse> {
    let misuse = |error: crate::wire::Invalid| Misuse::new(error.to_string());
    let types: Result<Vec<_>, _> = server
        .guard
        .precondition_types()
        .into_iter()
        .map(PreconditionType::parse)
        .collect();
    let mut document = DiscoveryDocument::new(
        SupportedVersions::new(vec![ProtocolVersion]).map_err(misuse)?,
        PreconditionTypes::new(types.map_err(misuse)?).map_err(misuse)?,
    );
    document.attestation_endpoint = endpoint;
    if let Some(receipts) = &server.receipts {
        let did = wire::Did::parse(receipts.server().as_str()).map_err(misuse)?;
        document.receipt_issuer = Some(did);
    }
    Ok(document)
}

// r[impl attestation.discovery.endpoint]
// r[impl attestation.receipt.server-id]
fn check(
    server: &Server,
    document: &DiscoveryDocument,
    endpoint: Option<&wire::AbsoluteUri>,
) -> Result<(), Misuse> {
    if document.attestation_endpoint.as_ref() != endpoint {
        return Err(Misuse::new(
            "the discovery document and the challenges name different endpoints",
        ));
    }
    let receipts = server.receipts.as_ref().map(|one| one.server().as_str());
    let named = document.receipt_issuer.as_ref().map(wire::Did::as_str);
    if named.is_some() && named != receipts {
        return Err(Misuse::new(
            "the discovery document names another server than the receipts",
        ));
    }
    Ok(())
}
