//! The backends of a server behind pointers: a layer has no type parameters for its configuration.
//!
//! Only futures that may have to wait are boxed: a request with a token, and one that is not
//! guarded, allocate none.

use std::future::Future;
use std::pin::Pin;

use jiff::Timestamp;

use crate::attestation::audit::{AuditLog, Entry};
use crate::attestation::nonce::NonceStore;
use crate::attestation::receipt::ReceiptIssuer;
use crate::attestation::revocation::{LiveToken, RevocationStore};
use crate::attestation::{Accepted, Expected, Payload, Verifier};
use crate::clock::Clock;
use crate::did::{Did, DidResolver};
use crate::error::{Error, Unavailable};
use crate::sign::Signer;
use crate::vc::ProofVerifier;
use crate::wire::attestation::{AttestationToken, Digest, Receipt};

pub(super) type Boxed<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

pub(super) trait AnyVerifier: Send + Sync {
    fn now(&self) -> Timestamp;
    fn verify<'a>(
        &'a self,
        expected: Expected<'a>,
        payload: &'a Payload,
    ) -> Boxed<'a, Result<Accepted, Error>>;
}

impl<R, N, P, C> AnyVerifier for Verifier<R, N, P, C>
where
    R: DidResolver + Send + Sync,
    N: NonceStore + Send + Sync,
    P: ProofVerifier + Send + Sync,
    C: Clock + Send + Sync,
{
    fn now(&self) -> Timestamp {
        self.clock().now()
    }

    fn verify<'a>(
        &'a self,
        expected: Expected<'a>,
        payload: &'a Payload,
    ) -> Boxed<'a, Result<Accepted, Error>> {
        Box::pin(Verifier::verify(self, expected, payload))
    }
}

pub(super) trait AnyReceipts: Send + Sync {
    fn server(&self) -> &Did;
    fn issue<'a>(
        &'a self,
        accepted: &'a Accepted,
        payload: &'a Payload,
        token: &'a AttestationToken,
    ) -> Boxed<'a, Result<Receipt, Error>>;
}

impl<S: Signer + Send + Sync> AnyReceipts for ReceiptIssuer<S> {
    fn server(&self) -> &Did {
        ReceiptIssuer::server(self)
    }

    fn issue<'a>(
        &'a self,
        accepted: &'a Accepted,
        payload: &'a Payload,
        token: &'a AttestationToken,
    ) -> Boxed<'a, Result<Receipt, Error>> {
        Box::pin(ReceiptIssuer::issue(self, accepted, payload, token))
    }
}

pub(super) trait AnyRevocations: Send + Sync {
    fn remember<'a>(&'a self, token: &'a LiveToken) -> Boxed<'a, Result<(), Unavailable>>;
    fn is_revoked<'a>(&'a self, token: &'a Digest) -> Boxed<'a, Result<bool, Unavailable>>;
}

impl<S: RevocationStore + Send + Sync> AnyRevocations for S {
    fn remember<'a>(&'a self, token: &'a LiveToken) -> Boxed<'a, Result<(), Unavailable>> {
        Box::pin(RevocationStore::remember(self, token))
    }

    fn is_revoked<'a>(&'a self, token: &'a Digest) -> Boxed<'a, Result<bool, Unavailable>> {
        Box::pin(RevocationStore::is_revoked(self, token))
    }
}

pub(super) trait AnyAuditLog: Send + Sync {
    fn append<'a>(&'a self, entry: &'a Entry) -> Boxed<'a, Result<Digest, Unavailable>>;
}

impl<L: AuditLog + Send + Sync> AnyAuditLog for L {
    fn append<'a>(&'a self, entry: &'a Entry) -> Boxed<'a, Result<Digest, Unavailable>> {
        Box::pin(AuditLog::append(self, entry))
    }
}
