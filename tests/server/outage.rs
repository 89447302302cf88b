//! What is out of order is neither accepted nor refused: section 6.6 and 12.3.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::http::{StatusCode, header};
use jiff::Timestamp;
use x428::attestation::audit::{AuditLog, Entry, Stored};
use x428::attestation::nonce::{Consumed, NonceStore};
use x428::attestation::receipt::ReceiptIssuer;
use x428::attestation::revocation::{LiveToken, RevocationStore};
use x428::did::fixed::FixedResolver;
use x428::did::{Did, DidDocument, DidResolver, PublicKey, ResolveError};
use x428::error::Unavailable;
use x428::http::{REQUIRED, TOKEN};
use x428::server::ServerBuilder;
use x428::sign::{Signature, Signer, SigningKey};
use x428::wire::attestation::{Digest, ErrorCode};

use crate::harness::*;

fn down() -> Unavailable {
    Unavailable::new("backend", "connection refused by db-7.internal")
}

struct Down;

impl NonceStore for Down {
    async fn is_consumed(&self, _: &str) -> Result<bool, Unavailable> {
        Err(down())
    }
    async fn consume(&self, _: &str, _: Timestamp) -> Result<Consumed, Unavailable> {
        Err(down())
    }
}

/// Answers whether a nonce is consumed, and goes down before it consumes one.
struct DownAtTheEnd;

impl NonceStore for DownAtTheEnd {
    async fn is_consumed(&self, _: &str) -> Result<bool, Unavailable> {
        Ok(false)
    }
    async fn consume(&self, _: &str, _: Timestamp) -> Result<Consumed, Unavailable> {
        Err(down())
    }
}

impl DidResolver for Down {
    async fn resolve(&self, _: &Did) -> Result<DidDocument, ResolveError> {
        Err(down().into())
    }
}

impl RevocationStore for Down {
    async fn remember(&self, _: &LiveToken) -> Result<(), Unavailable> {
        Err(down())
    }
    async fn revoke(&self, _: &Digest, _: Timestamp) -> Result<(), Unavailable> {
        Err(down())
    }
    async fn revoke_operator(&self, _: &Did) -> Result<u64, Unavailable> {
        Err(down())
    }
    async fn is_revoked(&self, _: &Digest) -> Result<bool, Unavailable> {
        Err(down())
    }
}

impl AuditLog for Down {
    async fn append(&self, _: &Entry) -> Result<Digest, Unavailable> {
        Err(down())
    }
    async fn records(&self, _: u64, _: u32) -> Result<Vec<Stored>, Unavailable> {
        Err(down())
    }
    async fn erase(&self, _: &Digest, _: Timestamp) -> Result<Option<Digest>, Unavailable> {
        Err(down())
    }
}

impl Signer for Down {
    fn public_key(&self) -> PublicKey {
        SigningKey::from_seed(&[9; 32]).verifying_key().public_key()
    }
    async fn sign(&self, _: &[u8]) -> Result<Signature, Unavailable> {
        Err(down())
    }
}

fn is_outage(answered: &Answered) -> bool {
    answered.status == StatusCode::SERVICE_UNAVAILABLE
        && answered.headers[header::RETRY_AFTER] == "5"
        && answered.headers[header::CACHE_CONTROL] == "no-store"
        && !answered.headers.contains_key(TOKEN)
        && !answered.headers.contains_key(REQUIRED)
        && answered.json().get("error").is_none()
        && !String::from_utf8_lossy(&answered.body).contains("db-7")
}

type Broken = (&'static str, Box<dyn Fn(&Hand) -> ServerBuilder>);

// r[verify attestation.error.outage]
// r[verify attestation.verify.store-outage]
// r[verify attestation.security.fail-closed]
// r[verify attestation.receipt.log-order]
#[tokio::test]
async fn whatever_is_down_decides_nothing() {
    let broken: Vec<Broken> = vec![
        (
            "nonces",
            Box::new(|clock| builder_with(clock, FixedResolver::new(), Down, '1')),
        ),
        (
            "nonces at the end",
            Box::new(|clock| builder_with(clock, FixedResolver::new(), DownAtTheEnd, '1')),
        ),
        (
            "resolver",
            Box::new(|clock| builder_with(clock, Down, nonces(clock), '1')),
        ),
        (
            "revocations",
            Box::new(|clock| builder(clock).with_revocations(Down)),
        ),
        (
            "audit log",
            Box::new(|clock| builder(clock).with_audit_log(Down)),
        ),
        (
            "receipts",
            Box::new(|clock| {
                let issuer = ReceiptIssuer::of_key(Down).unwrap();
                builder(clock).with_receipts(issuer)
            }),
        ),
    ];
    for (what, build) in broken {
        let clock = Hand::new();
        let outages = Arc::new(AtomicUsize::new(0));
        let told = Arc::clone(&outages);
        let builder = build(&clock).on_outage(move |_| {
            told.fetch_add(1, Ordering::SeqCst);
        });
        let guarded = of(builder, &clock);
        assert_eq!(guarded.get("/reports/1").await.error(), None, "{what}");
        let payload = guarded.answer("/reports/1").await;
        assert!(
            is_outage(&guarded.submit("/reports/1", &payload).await),
            "{what}"
        );
        let payload = guarded.answer("/reports/1").await;
        assert!(
            is_outage(&guarded.post(payload.text().to_owned()).await),
            "{what}"
        );
        assert_eq!(guarded.inner.calls(), 0, "{what}");
        assert_eq!(outages.load(Ordering::SeqCst), 2, "{what}");
    }
}

/// A token that cannot be looked up is neither revoked nor valid.
// r[verify attestation.security.fail-closed]
#[tokio::test]
async fn a_token_that_cannot_be_judged_opens_nothing() {
    let clock = Hand::new();
    let token = of(builder(&clock), &clock)
        .attest("/reports/1")
        .await
        .token();
    let retry = builder(&clock).with_retry_after(Duration::from_millis(4100));
    let guarded = of(retry.with_revocations(Down), &clock);
    let answered = guarded.get_with_token("/reports/1", token.token.as_str());
    assert!(is_outage(&answered.await));
    assert_eq!(guarded.inner.calls(), 0);
}

/// A DID that does not resolve is the client's fault, and no outage.
#[tokio::test]
async fn an_operator_that_does_not_resolve_is_refused() {
    let clock = Hand::new();
    let nobody = FixedResolver::new().only_given();
    let guarded = of(builder_with(&clock, nobody, nonces(&clock), '1'), &clock);
    let answered = guarded.attest("/reports/1").await;
    assert_eq!(answered.error(), Some(ErrorCode::UnresolvableOperator));
}
