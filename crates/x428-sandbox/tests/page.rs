//! The page explains itself, and loads nothing from anywhere else.

#![expect(clippy::unwrap_used, reason = "a test fails by a panic")]

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use http_body_util::BodyExt as _;
use tower::ServiceExt as _;
use x428_sandbox::attested::{Sandbox, Terms};

async fn get(path: &str) -> (StatusCode, axum::http::HeaderMap, String) {
    let app = Sandbox::new("http://127.0.0.1:8428").router().unwrap();
    let request = Request::builder().uri(path).body(Body::empty()).unwrap();
    let (parts, body) = app.oneshot(request).await.unwrap().into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    (
        parts.status,
        parts.headers,
        String::from_utf8(body.to_vec()).unwrap(),
    )
}

#[tokio::test]
async fn nothing_is_loaded_from_elsewhere() {
    for path in ["/", "/page.css", "/page.js"] {
        let (status, headers, text) = get(path).await;
        assert_eq!(status, StatusCode::OK, "{path}");
        let policy = headers[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
        assert!(policy.starts_with("default-src 'none'"), "{policy}");
        let elsewhere = text.matches("://").count() - text.matches("http://127.0.0.1:8428").count();
        assert_eq!(elsewhere, 0, "{path}");
    }
}

#[tokio::test]
async fn what_is_open_is_open_and_the_rest_is_not() {
    for (path, status) in [
        ("/", StatusCode::OK),
        ("/terms/terms.txt", StatusCode::OK),
        ("/.well-known/x428", StatusCode::OK),
        ("/nothing", StatusCode::NOT_FOUND),
        ("/reports/2026-q3", StatusCode::PRECONDITION_REQUIRED),
        ("/reports/nothing", StatusCode::PRECONDITION_REQUIRED),
        ("/films/1", StatusCode::PRECONDITION_REQUIRED),
        ("/account", StatusCode::PRECONDITION_REQUIRED),
    ] {
        assert_eq!(get(path).await.0, status, "{path}");
    }
}

// r[verify attestation.tos.document-hash]
#[tokio::test]
async fn the_served_terms_are_those_of_the_challenge() {
    let (_, headers, text) = get("/terms/terms.txt").await;
    assert_eq!(headers[header::CONTENT_TYPE], "text/plain; charset=utf-8");
    assert_eq!(Terms::new("terms.txt", text).hash(), Terms::own().hash());
    let (_, _, required) = get("/reports/1").await;
    assert!(required.contains(&Terms::own().hash()));
}

#[test]
fn a_name_is_no_path() {
    for (name, served) in [
        ("terms.txt", "terms.txt"),
        ("../../etc/passwd", "..-..-etc-passwd"),
        ("..", "terms.txt"),
        ("a b?#{c}", "a-b---c-"),
    ] {
        assert_eq!(Terms::new(name, "").name(), served);
    }
}

#[test]
fn a_public_address_needs_tls() {
    assert!(Sandbox::new("http://api.example.com").router().is_err());
    assert!(Sandbox::new("https://api.example.com").router().is_ok());
}
