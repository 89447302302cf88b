//! Receipts and the audit log: chapter 12.

use std::sync::Arc;

use x428::attestation::audit::{AuditLog as _, MemoryAuditLog, verify};
use x428::attestation::receipt::{self, Evidence, ReceiptError, ReceiptIssuer};
use x428::attestation::revocation::{MemoryRevocationStore, RevocationStore as _};
use x428::clock::Clock as _;
use x428::did::{DidDocument, key};
use x428::http::{RECEIPT, REQUIRED, TOKEN, response};
use x428::jcs::{Limits, StrictJson};
use x428::sign::SigningKey;

use crate::harness::*;

fn issuer() -> ReceiptIssuer<SigningKey> {
    ReceiptIssuer::of_key(SigningKey::from_seed(&[9; 32])).unwrap()
}

fn document(key_of: &SigningKey) -> DidDocument {
    key::document(&key_of.did().unwrap()).unwrap()
}

struct Exchange {
    guarded: Guarded,
    log: Arc<MemoryAuditLog>,
    challenge: StrictJson,
    payload: StrictJson,
    answered: Answered,
}

async fn exchange() -> Exchange {
    let clock = Hand::new();
    let log = Arc::new(MemoryAuditLog::new());
    let builder = builder(&clock)
        .with_receipts(issuer())
        .with_audit_log(Arc::clone(&log));
    let guarded = of(builder, &clock);
    let required = guarded.get("/reports/1").await.required();
    let signed = sign(required.challenge().unwrap(), clock.now());
    let answered = guarded.submit("/reports/1", &signed).await;
    let payload = StrictJson::parse(signed.text().as_bytes(), Limits::default());
    Exchange {
        guarded,
        log,
        challenge: required.received_challenge().unwrap().clone(),
        payload: payload.unwrap(),
        answered,
    }
}

// r[verify attestation.receipt.issue]
// r[verify attestation.receipt.transport]
// r[verify attestation.receipt.check]
// r[verify attestation.receipt.digest]
// r[verify attestation.receipt.signature]
// r[verify attestation.receipt.same-values]
// r[verify attestation.receipt.documents]
// r[verify attestation.receipt.server-id]
#[tokio::test]
async fn a_client_can_check_what_it_is_given() {
    let exchange = exchange().await;
    let receipt = response::receipt(&exchange.answered.headers)
        .unwrap()
        .unwrap();
    let token = response::received_token(&exchange.answered.headers);
    let token = token.unwrap().unwrap();
    let server = receipt::server(&receipt, None).unwrap();
    assert_eq!(server, *issuer().server());
    let other = operator().did().unwrap();
    assert_eq!(
        receipt::server(&receipt, Some(&other)),
        Err(ReceiptError::OtherServer)
    );
    let operator = StrictJson::from_value(document(&operator()).to_json(), Limits::default());
    let operator = operator.unwrap();
    let evidence = Evidence {
        challenge: &exchange.challenge,
        payload: &exchange.payload,
        token: &token,
        document: Some(&operator),
    };
    let signer = SigningKey::from_seed(&[9; 32]);
    let checked = receipt::check(&receipt, &document(&signer), evidence).unwrap();
    assert_eq!(checked.document_hashes.len(), 1);
    assert_eq!(checked.issued_at.instant(), START);

    let empty = StrictJson::parse(b"{}", Limits::default()).unwrap();
    for (member, evidence) in [
        (
            "challengeDigest",
            Evidence {
                challenge: &empty,
                ..evidence
            },
        ),
        (
            "payloadDigest",
            Evidence {
                payload: &empty,
                ..evidence
            },
        ),
        (
            "tokenDigest",
            Evidence {
                token: &empty,
                ..evidence
            },
        ),
        (
            "didDocumentDigest",
            Evidence {
                document: Some(&empty),
                ..evidence
            },
        ),
    ] {
        let refused = receipt::check(&receipt, &document(&signer), evidence);
        assert_eq!(refused, Err(ReceiptError::Differs(member)));
    }
    let stranger = document(&SigningKey::from_seed(&[8; 32]));
    let refused = receipt::check(&receipt, &stranger, evidence);
    assert_eq!(refused, Err(ReceiptError::OtherServer));
    let mut forged = receipt.value().clone();
    forged["issuedAt"] = "2026-11-20T12:00:01Z".into();
    let forged = StrictJson::from_value(forged, Limits::default()).unwrap();
    let refused = receipt::check(&forged, &document(&signer), evidence);
    assert_eq!(refused, Err(ReceiptError::InvalidSignature));
}

// r[verify attestation.receipt.log]
// r[verify attestation.receipt.log-refused]
#[tokio::test]
async fn what_is_accepted_is_recorded_and_nothing_else() {
    let exchange = exchange().await;
    let replayed = exchange.guarded.post(exchange.payload.value().to_string());
    let replayed = replayed.await;
    assert!(replayed.error().is_some());
    assert!(!replayed.headers.contains_key(RECEIPT));
    let posted = exchange.guarded.answer("/reports/2").await;
    let posted = exchange.guarded.post(posted.text().to_owned()).await;
    assert!(posted.headers.contains_key(RECEIPT));

    let records = exchange.log.records(0, 10).await.unwrap();
    assert_eq!(records.len(), 2);
    let record: serde_json::Value = serde_json::from_str(&records[0].text).unwrap();
    let token = exchange.answered.token();
    assert_eq!(record["challenge"], *exchange.challenge.value());
    assert_eq!(record["payload"], *exchange.payload.value());
    assert_eq!(record["didDocument"], document(&operator()).to_json());
    assert_eq!(record["issuerDocuments"], serde_json::json!([]));
    assert_eq!(record["token"]["scope"], token.scope.as_str());
    assert_eq!(record["token"]["expiresAt"], token.expires_at.as_str());
    let digest = receipt::token_digest(&token).unwrap();
    assert_eq!(record["token"]["digest"], digest.as_str());
    assert!(
        !records[0].text.contains(token.token.as_str()),
        "the token itself"
    );
    assert_eq!(record["verifiedAt"], "2026-11-20T12:00:00Z");
    assert!(record["software"].as_str().unwrap().starts_with("x428/"));
    let receipt = response::receipt(&exchange.answered.headers)
        .unwrap()
        .unwrap();
    assert_eq!(record["receipt"], *receipt.value());
    let head = verify(&exchange.log, &[]).await.unwrap().unwrap();
    assert_eq!(head.digest.as_str(), records[1].digest);
}

// r[verify attestation.http.once]
#[tokio::test]
async fn every_header_stands_once() {
    let exchange = exchange().await;
    let payload = exchange.guarded.answer("/reports/1").await;
    let posted = exchange.guarded.post(payload.text().to_owned()).await;
    let refused = exchange.guarded.submit("/reports/1", &payload).await;
    for (answered, names) in [
        (&exchange.answered, &[TOKEN, RECEIPT][..]),
        (&posted, &[TOKEN, RECEIPT]),
        (&refused, &[REQUIRED]),
    ] {
        for name in [REQUIRED, TOKEN, RECEIPT] {
            let count = answered.headers.get_all(&name).iter().count();
            assert_eq!(count, usize::from(names.contains(&name)), "{name}");
        }
    }
}

// r[verify attestation.receipt.not-undone]
#[tokio::test]
async fn a_receipt_outlives_its_token() {
    let clock = Hand::new();
    let store = Arc::new(MemoryRevocationStore::with_clock(16, clock.clone()));
    let builder = builder(&clock)
        .with_receipts(issuer())
        .with_revocations(Arc::clone(&store));
    let guarded = of(builder, &clock);
    let required = guarded.get("/reports/1").await.required();
    let signed = sign(required.challenge().unwrap(), clock.now());
    let answered = guarded.submit("/reports/1", &signed).await;
    let operator = operator().did().unwrap();
    assert_eq!(store.revoke_operator(&operator).await.unwrap(), 1);
    let token = answered.token();
    let revoked = guarded.get_with_token("/reports/1", token.token.as_str());
    assert!(revoked.await.error().is_some());

    let receipt = response::receipt(&answered.headers).unwrap().unwrap();
    let token = response::received_token(&answered.headers)
        .unwrap()
        .unwrap();
    let payload = StrictJson::parse(signed.text().as_bytes(), Limits::default()).unwrap();
    let evidence = Evidence {
        challenge: required.received_challenge().unwrap(),
        payload: &payload,
        token: &token,
        document: None,
    };
    let server = document(&SigningKey::from_seed(&[9; 32]));
    assert!(receipt::check(&receipt, &server, evidence).is_ok());
}
