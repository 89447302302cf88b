//! Discovery: section 4.3.

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use x428::attestation::receipt::ReceiptIssuer;
use x428::http::{DISCOVERY_PATH, discovery};
use x428::sign::SigningKey;

use crate::harness::*;

// r[verify attestation.discovery.location]
// r[verify attestation.discovery.valid]
// r[verify attestation.discovery.unguarded]
// r[verify attestation.discovery.cache]
// r[verify attestation.discovery.endpoint]
#[tokio::test]
async fn the_document_is_there_for_everybody() {
    let clock = Hand::new();
    let receipts = ReceiptIssuer::of_key(SigningKey::from_seed(&[9; 32])).unwrap();
    let server = receipts.server().to_string();
    let guarded = of(builder(&clock).with_receipts(receipts), &clock);
    let answered = guarded.get(DISCOVERY_PATH).await;
    assert_eq!(answered.headers[header::CACHE_CONTROL], "max-age=3600");
    let read = discovery::read(answered.status, &answered.headers, &answered.body);
    let document = read.unwrap().unwrap();
    let endpoint = document.attestation_endpoint.unwrap();
    assert_eq!(endpoint, "https://api.example.com/.well-known/x428-attest");
    assert_eq!(document.receipt_issuer.unwrap().as_str(), server);
    assert_eq!(document.precondition_types.len(), 3);
    let length = answered.body.len().to_string();

    let request = Request::head(DISCOVERY_PATH).body(Body::empty()).unwrap();
    let head = guarded.send(request).await;
    assert_eq!(head.status, StatusCode::OK);
    assert!(head.body.is_empty());
    assert_eq!(head.headers[header::CONTENT_LENGTH], length.as_str());

    let request = Request::post(DISCOVERY_PATH).body(Body::empty()).unwrap();
    let posted = guarded.send(request).await;
    assert_eq!(posted.status, StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(posted.headers[header::ALLOW], "GET, HEAD, OPTIONS");
    assert_eq!(guarded.inner.calls(), 0);
}

/// Without discovery the address is one like any other, and guarded if the server guards it.
#[tokio::test]
async fn a_server_may_offer_none() {
    let clock = Hand::new();
    let guarded = of(builder(&clock).without_discovery(), &clock);
    assert!(guarded.get(DISCOVERY_PATH).await.is_served());
}

// r[verify attestation.receipt.server-id]
#[tokio::test]
async fn a_given_document_agrees_with_the_server() {
    let clock = Hand::new();
    let guarded = guarded();
    let answered = guarded.get(DISCOVERY_PATH).await;
    let read = discovery::read(answered.status, &answered.headers, &answered.body);
    let document = read.unwrap().unwrap();
    let given = builder(&clock).with_discovery(document.clone());
    assert!(given.build().is_ok());
    let other = builder(&clock)
        .with_discovery(document.clone())
        .without_endpoint();
    assert!(other.build().is_err(), "another endpoint");
    let mut stranger = document;
    stranger.receipt_issuer = Some("did:web:example.com".parse().unwrap());
    let stranger = builder(&clock).with_discovery(stranger).build();
    assert!(stranger.is_err(), "receipts of somebody else");
}
