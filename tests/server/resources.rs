//! Which resource a request is for.

use axum::Router;
use axum::body::Body;
use axum::http::{Method, Request, StatusCode, Uri, header};
use tower::ServiceExt as _;
use x428::attestation::Verifier;
use x428::did::fixed::FixedResolver;
use x428::http::{ATTESTATION, REQUIRED, TOKEN};
use x428::server::{PublicBase, Server};

use crate::harness::*;

// r[verify attestation.security.authority]
#[tokio::test]
async fn the_host_of_a_request_does_not_matter() {
    let guarded = guarded();
    let request = with(get("/reports/1"), &header::HOST, "evil.example");
    let request = with(
        request,
        &"x-forwarded-host".parse().unwrap(),
        "evil.example",
    );
    let request = with(request, &header::FORWARDED, "host=evil.example;proto=http");
    let challenge = guarded.send(request).await.challenge();
    assert_eq!(
        challenge.message().resource,
        "https://api.example.com/reports/1"
    );
    let absolute = get("https://evil.example/reports/1");
    let challenge = guarded.send(absolute).await.challenge();
    assert_eq!(
        challenge.message().resource,
        "https://api.example.com/reports/1"
    );
}

/// The server sees less of the path than the client, because a gateway or a router removes it.
// r[verify attestation.http.external-uri]
#[tokio::test]
async fn a_gateway_may_remove_a_prefix() {
    let clock = Hand::new();
    let identity = policy(vec![identity()]);
    let rule = move |_: &Method, uri: &Uri| (uri.path() == "/accounts").then(|| identity.clone());
    let server = Server::builder(
        PublicBase::parse("https://api.example.com/v1").unwrap(),
        rule,
        Verifier::new(FixedResolver::new(), nonces(&clock)).with_clock(clock.clone()),
        challenges(),
        tokens(),
    );
    let inner = Inner::default();
    let layered = inner.router().layer(server.layer().unwrap());
    let guarded = Guarded {
        app: Router::new().nest("/v1", layered),
        inner,
        clock,
    };
    let answered = guarded.get("/v1/accounts").await;
    let challenge = answered.challenge();
    let message = challenge.message();
    assert_eq!(message.resource, "https://api.example.com/v1/accounts");
    assert_eq!(
        message.attestation_endpoint.clone().unwrap(),
        "https://api.example.com/v1/.well-known/x428-attest"
    );
    let payload = guarded.answer("/v1/accounts").await;
    let mut request = post(payload.text().to_owned());
    *request.uri_mut() = "/v1/.well-known/x428-attest".parse().unwrap();
    let token = guarded.send(request).await.token();
    let opened = guarded.get_with_token("/v1/accounts", token.token.as_str());
    assert!(opened.await.is_served());
    assert!(guarded.attest("/v1/accounts").await.is_served());
}

#[tokio::test]
async fn the_host_is_trusted_where_that_is_asked_for() {
    let clock = Hand::new();
    let server = Server::builder(
        PublicBase::danger_from_host(),
        rules('1'),
        Verifier::new(FixedResolver::new(), nonces(&clock)).with_clock(clock.clone()),
        challenges(),
        tokens(),
    );
    let guarded = of(server, &clock);
    let to = |host: &str| with(get("/reports/1"), &header::HOST, host);
    let challenge = guarded.send(to("a.example")).await.challenge();
    assert_eq!(challenge.message().resource, "https://a.example/reports/1");
    assert_eq!(challenge.message().attestation_endpoint, None);
    let payload = sign(&challenge, START);
    let value = payload.to_header().unwrap();
    let elsewhere = guarded
        .send(with(to("b.example"), &ATTESTATION, &value))
        .await;
    assert_eq!(elsewhere.status, StatusCode::PRECONDITION_REQUIRED);
    let here = guarded
        .send(with(to("a.example"), &ATTESTATION, &value))
        .await;
    assert!(here.is_served());

    for host in ["", "a b", "user@a.example", "a.example/reports"] {
        let answered = guarded.send(to(host)).await;
        assert_eq!(answered.status, StatusCode::PRECONDITION_REQUIRED, "{host}");
        assert!(!answered.headers.contains_key(REQUIRED), "{host}");
    }
    let without = guarded.get("/reports/1").await;
    assert!(!without.headers.contains_key(REQUIRED));
}

/// Every method of a guarded resource is guarded, and so is `HEAD`.
#[tokio::test]
async fn every_method_is_guarded() {
    let guarded = guarded();
    for method in [
        "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "TRACE", "BREW",
    ] {
        let request = Request::builder().method(method).uri("/reports/1");
        let answered = guarded.send(request.body(Body::empty()).unwrap()).await;
        assert_eq!(
            answered.status,
            StatusCode::PRECONDITION_REQUIRED,
            "{method}"
        );
    }
    assert_eq!(guarded.inner.calls(), 0);
}

/// A request body reaches the inner service as it was sent, and is not read before the verdict.
#[tokio::test]
async fn the_body_of_a_request_is_passed_on() {
    let clock = Hand::new();
    let echo = Router::new().fallback(async |body: String| body);
    let app = echo.layer(builder(&clock).layer().unwrap());
    let send = async |request: Request<Body>| {
        Answered::read(app.clone().oneshot(request).await.unwrap()).await
    };
    let write = || {
        Request::post("/reports/1")
            .body(Body::from("written"))
            .unwrap()
    };
    let challenge = send(write()).await.challenge();
    let payload = sign(&challenge, START).to_header().unwrap();
    let answered = send(with(write(), &ATTESTATION, &payload)).await;
    assert_eq!(answered.body, b"written");
    let token = answered.token();
    let answered = send(with(write(), &TOKEN, token.token.as_str())).await;
    assert_eq!(answered.body, b"written");
}
