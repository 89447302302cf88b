//! The conformance run against the sandbox, and against servers that do one thing wrong.

#![expect(clippy::unwrap_used, reason = "a test fails by a panic")]

use axum::Router;
use axum::http::{HeaderName, StatusCode, header};
use axum::middleware::map_response;
use axum::response::Response;
use jiff::Timestamp;
use tokio::net::TcpListener;
use x428::attestation::nonce::{Consumed, NonceStore};
use x428::did::key::KeyResolver;
use x428::error::Unavailable;
use x428::sign::SigningKey;
use x428_conformance::server::{ServerOutcome, ServerRun, ServerRunError};
use x428_sandbox::attested::Sandbox;

/// A store that forgets at once.
struct Forgetful;

impl NonceStore for Forgetful {
    async fn is_consumed(&self, _nonce: &str) -> Result<bool, Unavailable> {
        Ok(false)
    }

    async fn consume(&self, _nonce: &str, _until: Timestamp) -> Result<Consumed, Unavailable> {
        Ok(Consumed::First)
    }
}

async fn listen() -> (TcpListener, String) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    (listener, base)
}

/// What fails against a server, by requirement.
async fn failures(listener: TcpListener, base: &str, app: Router) -> Vec<&'static str> {
    let server = tokio::spawn(async move { axum::serve(listener, app).await });
    let run = ServerRun::new(&format!("{base}/films/1"), SigningKey::from_seed(&[9; 32]))
        .unwrap()
        .with_other(&format!("{base}/account"))
        .unwrap();
    let mut told = 0;
    let checks = run.run(|_| told += 1).await.unwrap();
    server.abort();
    assert_eq!(told, checks.len());
    let failed = checks
        .iter()
        .filter(|check| matches!(check.outcome, ServerOutcome::Failed(_)));
    failed.map(|check| check.requirement).collect()
}

async fn failures_of(change: impl FnOnce(Router) -> Router) -> Vec<&'static str> {
    let (listener, base) = listen().await;
    let app = change(Sandbox::new(base.as_str()).router().unwrap());
    failures(listener, &base, app).await
}

async fn failures_without(name: HeaderName) -> Vec<&'static str> {
    failures_of(|app| {
        app.layer(map_response(move |mut response: Response| {
            let name = name.clone();
            async move {
                response.headers_mut().remove(name);
                response
            }
        }))
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sandbox_conforms() {
    assert!(failures_of(|app| app).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_response_that_caches_keep_is_found() {
    let failed = failures_without(header::CACHE_CONTROL).await;
    let expected = [
        "attestation.http.no-store",
        "attestation.http.no-store",
        "attestation.http.private",
        "attestation.http.private",
    ];
    assert_eq!(failed, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_token_is_found() {
    let failed = failures_without(x428::http::TOKEN).await;
    let expected = [
        "attestation.http.token-header",
        "attestation.receipt.signature",
        "attestation.http.endpoint-success",
    ];
    assert_eq!(failed, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_acceptance_is_found() {
    let (listener, base) = listen().await;
    let sandbox = Sandbox::new(base.as_str());
    let app = sandbox
        .router_with(KeyResolver, Forgetful, |builder| builder)
        .unwrap();
    let failed = failures(listener, &base, app).await;
    assert_eq!(
        failed,
        ["attestation.verify.replay", "attestation.verify.consume"]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn another_status_is_found() {
    let (listener, base) = listen().await;
    let app = Sandbox::new(base.as_str()).router().unwrap();
    let app = app.layer(map_response(async |mut response: Response| {
        if response.status() == StatusCode::PRECONDITION_REQUIRED {
            *response.status_mut() = StatusCode::FORBIDDEN;
        }
        response
    }));
    tokio::spawn(async move { axum::serve(listener, app).await });
    let key = SigningKey::from_seed(&[9; 32]);
    let run = ServerRun::new(&format!("{base}/films/1"), key).unwrap();
    let refused = run.run(|_| {}).await.unwrap_err();
    assert!(
        matches!(refused, ServerRunError::NotGuarded(_)),
        "{refused}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_ends_when_its_requests_are_spent() {
    let (listener, base) = listen().await;
    let app = Sandbox::new(base.as_str()).router().unwrap();
    tokio::spawn(async move { axum::serve(listener, app).await });
    let key = SigningKey::from_seed(&[9; 32]);
    let run = ServerRun::new(&format!("{base}/films/1"), key)
        .unwrap()
        .with_requests(10);
    let checks = run.run(|_| {}).await.unwrap();
    let skipped = checks.iter().filter(
        |check| matches!(&check.outcome, ServerOutcome::Skipped(why) if why.contains("spent")),
    );
    assert!(skipped.count() > 20);
    let mut failed = checks
        .iter()
        .filter(|check| matches!(check.outcome, ServerOutcome::Failed(_)));
    assert!(failed.next().is_none());
}

#[test]
fn payloads_go_over_tls_or_stay_here() {
    for (url, is_tested) in [
        ("https://api.example.com/r", true),
        ("http://127.0.0.1:8428/r", true),
        ("http://[::1]:8428/r", true),
        ("http://localhost/r", true),
        ("http://api.example.com/r", false),
        ("http://127.0.0.1.example.com/r", false),
        ("https://user:secret@api.example.com/r", false),
        ("ftp://127.0.0.1/r", false),
        ("api.example.com/r", false),
    ] {
        let run = ServerRun::new(url, SigningKey::from_seed(&[9; 32]));
        assert_eq!(run.is_ok(), is_tested, "{url}");
    }
}
