//! Tokens: sections 6.4, 6.5 and 12.4.

use std::sync::Arc;

use axum::http::{HeaderValue, StatusCode};
use x428::attestation::receipt::token_digest;
use x428::attestation::revocation::{MemoryRevocationStore, RevocationStore as _};
use x428::did::fixed::FixedResolver;
use x428::http::{ATTESTATION, TOKEN};
use x428::wire::attestation::ErrorCode;

use crate::harness::*;

// r[verify attestation.token.expired]
#[tokio::test]
async fn a_token_expires_at_its_very_second() {
    let guarded = guarded();
    let token = guarded.attest("/reports/1").await.token();
    guarded.clock.pass(3599);
    let served = guarded.get_with_token("/reports/1", token.token.as_str());
    assert!(served.await.is_served());
    guarded.clock.pass(1);
    let answered = guarded.get_with_token("/reports/1", token.token.as_str());
    let answered = answered.await;
    assert_eq!(answered.error(), Some(ErrorCode::TokenExpired));
    assert!(answered.required().challenge().is_some());
    let elsewhere = guarded.get_with_token("/accounts", token.token.as_str());
    let code = elsewhere.await.error();
    assert_eq!(code, Some(ErrorCode::TokenExpired), "before the scope");
}

// r[verify attestation.token.scope-mismatch]
// r[verify attestation.scope.encoded-slash]
#[tokio::test]
async fn a_token_opens_its_scope_and_nothing_else() {
    let guarded = guarded();
    let token = guarded.attest("/reports/1").await.token();
    let token = token.token.as_str();
    let served = guarded.get_with_token("/reports/2?page=1", token).await;
    assert!(served.is_served());
    for path in ["/accounts", "/reports/1/2", "/reports/"] {
        let answered = guarded.get_with_token(path, token).await;
        assert_eq!(
            answered.error(),
            Some(ErrorCode::TokenScopeMismatch),
            "{path}"
        );
    }
    for path in ["/reports/a%2Fb", "/reports/%2e%2e"] {
        let answered = guarded.get_with_token(path, token).await;
        assert_eq!(
            answered.error(),
            Some(ErrorCode::TokenScopeMismatch),
            "{path}"
        );
        assert!(answered.required().challenge().is_none(), "{path}");
    }
    assert_eq!(guarded.inner.calls(), 2);
}

// r[verify attestation.token.unknown]
// r[verify attestation.http.repeated]
#[tokio::test]
async fn what_is_no_token_of_this_server_is_no_token() {
    let guarded = guarded();
    let token = guarded.attest("/reports/1").await.token();
    let token = token.token.as_str();
    let mut changed = token.to_owned();
    changed.pop();
    for value in [
        "",
        "x",
        "w0LrV5nYb8tQe2DzHk4xGc7uJp9aSf3m",
        changed.as_str(),
    ] {
        let answered = guarded.get_with_token("/reports/1", value).await;
        assert_eq!(answered.error(), None, "{value}");
    }
    let twice = with(with(get("/reports/1"), &TOKEN, token), &TOKEN, token);
    assert_eq!(guarded.send(twice).await.error(), None);
    let mut binary = get("/reports/1");
    let value = HeaderValue::from_bytes(b"\xff\xfe").unwrap();
    binary.headers_mut().insert(TOKEN, value);
    assert_eq!(guarded.send(binary).await.error(), None);
    assert_eq!(guarded.inner.calls(), 1);
}

// r[verify attestation.submit.attestation-first]
#[tokio::test]
async fn a_payload_decides_where_there_is_a_token_too() {
    let guarded = guarded();
    let payload = guarded.answer("/reports/1").await;
    let token = guarded.attest("/reports/1").await.token();
    let both = |payload: &str, token: &str| {
        with(
            with(get("/reports/1"), &ATTESTATION, payload),
            &TOKEN,
            token,
        )
    };
    let refused = guarded.send(both("e30", token.token.as_str())).await;
    assert_eq!(refused.error(), Some(ErrorCode::UnsupportedVersion));
    let accepted = guarded.send(both(&payload.to_header().unwrap(), "nonsense"));
    assert!(accepted.await.is_served());
}

// r[verify attestation.token.policy]
// r[verify attestation.receipt.revoke-terms]
#[tokio::test]
async fn a_token_of_former_preconditions_is_none() {
    let clock = Hand::new();
    let before = of(builder(&clock), &clock);
    let token = before.attest("/reports/1").await.token();
    let changed = builder_with(&clock, FixedResolver::new(), nonces(&clock), '2');
    let after = of(changed, &clock);
    let answered = after.get_with_token("/reports/1", token.token.as_str());
    assert_eq!(answered.await.error(), None);
    assert_eq!(after.inner.calls(), 0);
}

/// The token of a reader does not write, though it has the scope.
#[tokio::test]
async fn a_method_with_other_preconditions_wants_another_token() {
    let guarded = guarded();
    let token = guarded.attest("/reports/1").await.token();
    let mut request = with(get("/reports/1"), &TOKEN, token.token.as_str());
    *request.method_mut() = axum::http::Method::POST;
    let answered = guarded.send(request).await;
    assert_eq!(answered.error(), None);
    let preconditions = &answered.json()["challenge"]["preconditions"];
    assert_eq!(preconditions.as_array().unwrap().len(), 2);
}

// r[verify attestation.token.revoked]
// r[verify attestation.receipt.revoke]
// r[verify attestation.receipt.revoke-operator]
#[tokio::test]
async fn a_revoked_token_has_expired() {
    let clock = Hand::new();
    let store = Arc::new(MemoryRevocationStore::with_clock(16, clock.clone()));
    let guarded = of(builder(&clock).with_revocations(Arc::clone(&store)), &clock);
    let one = guarded.attest("/reports/1").await.token();
    let other = guarded.attest("/reports/1").await.token();
    let code = async |path: &str, token: &str| guarded.get_with_token(path, token).await;
    assert!(code("/reports/1", one.token.as_str()).await.is_served());
    let expires_at = one.expires_at.instant();
    store
        .revoke(&token_digest(&one).unwrap(), expires_at)
        .await
        .unwrap();
    for path in ["/reports/1", "/accounts"] {
        let answered = code(path, one.token.as_str()).await;
        assert_eq!(answered.error(), Some(ErrorCode::TokenExpired), "{path}");
    }
    assert!(code("/reports/1", other.token.as_str()).await.is_served());
    let mismatch = code("/accounts", other.token.as_str()).await;
    assert_eq!(mismatch.error(), Some(ErrorCode::TokenScopeMismatch));

    let operator = operator().did().unwrap();
    assert_eq!(store.revoke_operator(&operator).await.unwrap(), 1);
    let answered = code("/reports/1", other.token.as_str()).await;
    assert_eq!(answered.error(), Some(ErrorCode::TokenExpired));
    assert_eq!(guarded.attest("/reports/1").await.status, StatusCode::OK);
}
