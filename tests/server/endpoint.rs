//! The attestation endpoint: section 8.3.

use axum::body::Body;
use axum::http::{Method, Request, StatusCode, header};
use x428::clock::Clock as _;
use x428::http::{ATTESTATION, ATTESTATION_PATH, REQUIRED};
use x428::wire::attestation::ErrorCode;

use crate::harness::*;

// r[verify attestation.http.endpoint-success]
// r[verify attestation.http.endpoint-method]
#[tokio::test]
async fn a_posted_payload_brings_the_token_twice() {
    let guarded = guarded();
    let payload = guarded.answer("/reports/1").await;
    let answered = guarded.post(payload.text().to_owned()).await;
    assert_eq!(answered.status, StatusCode::OK);
    assert_eq!(answered.headers[header::CONTENT_TYPE], "application/json");
    assert_eq!(answered.headers[header::CACHE_CONTROL], "no-store");
    let token = answered.token();
    assert_eq!(answered.json(), serde_json::to_value(&token).unwrap());
    assert_eq!(guarded.inner.calls(), 0);
    let served = guarded.get_with_token("/reports/1", token.token.as_str());
    assert!(served.await.is_served());
    let replayed = guarded.post(payload.text().to_owned()).await;
    assert_eq!(replayed.error(), Some(ErrorCode::NonceReplayed));
    assert!(replayed.required().challenge().is_some());
}

/// The challenge is found by its nonce, also where the resource has several policies.
// r[verify attestation.http.endpoint-challenge]
#[tokio::test]
async fn the_challenge_is_found_by_its_nonce() {
    let guarded = guarded();
    let mut request = get("/reports/1");
    *request.method_mut() = Method::POST;
    let challenge = guarded.send(request).await.challenge();
    assert_eq!(challenge.message().preconditions.len(), 2);
    let payload = sign(&challenge, guarded.clock.now());
    let token = guarded.post(payload.text().to_owned()).await.token();
    let mut writing = with(get("/reports/1"), &x428::http::TOKEN, token.token.as_str());
    *writing.method_mut() = Method::POST;
    assert!(guarded.send(writing).await.is_served());

    let payload = guarded.answer("/reports/1").await;
    let nonce = challenge.message().challenge.as_str();
    let other = payload
        .text()
        .replace(&payload.text()[30..50], &nonce[0..20]);
    let answered = guarded.post(other).await;
    assert_eq!(answered.error(), Some(ErrorCode::ChallengeMismatch));
}

// r[verify attestation.submit.ambiguous]
#[tokio::test]
async fn a_payload_stands_in_one_place() {
    let guarded = guarded();
    let payload = guarded.answer("/reports/1").await;
    let value = payload.to_header().unwrap();
    let both = with(post(payload.text().to_owned()), &ATTESTATION, &value);
    let answered = guarded.send(both).await;
    assert_eq!(answered.error(), Some(ErrorCode::MalformedPayload));
    let twice = with(
        with(get("/reports/1"), &ATTESTATION, &value),
        &ATTESTATION,
        &value,
    );
    let answered = guarded.send(twice).await;
    assert_eq!(answered.error(), Some(ErrorCode::MalformedPayload));
    assert!(answered.required().challenge().is_some());
    assert!(guarded.submit("/reports/1", &payload).await.is_served());
}

// r[verify attestation.http.endpoint-media-type]
#[tokio::test]
async fn the_body_is_json_and_says_so() {
    let guarded = guarded();
    let payload = guarded.answer("/reports/1").await;
    let send = async |media_type: &[&str]| {
        let mut request = Request::post(ATTESTATION_PATH);
        for value in media_type {
            request = request.header(header::CONTENT_TYPE, *value);
        }
        let request = request.body(Body::from(payload.text().to_owned()));
        guarded.send(request.unwrap()).await
    };
    for media_type in [
        &[][..],
        &["text/plain"],
        &["application/jsonx"],
        &["application/problem+json"],
        &["application/x-www-form-urlencoded"],
        &["application/json", "application/json"],
        &[""],
    ] {
        let answered = send(media_type).await;
        assert_eq!(
            answered.error(),
            Some(ErrorCode::MalformedPayload),
            "{media_type:?}"
        );
    }
    let answered = send(&["Application/JSON ; charset=utf-8"]).await;
    assert_eq!(answered.status, StatusCode::OK);
}

#[tokio::test]
async fn only_post_is_known() {
    let guarded = guarded();
    for method in ["GET", "HEAD", "PUT", "PATCH", "DELETE", "BREW"] {
        let request = Request::builder().method(method).uri(ATTESTATION_PATH);
        let answered = guarded.send(request.body(Body::empty()).unwrap()).await;
        assert_eq!(answered.status, StatusCode::METHOD_NOT_ALLOWED, "{method}");
        assert_eq!(answered.headers[header::ALLOW], "POST, OPTIONS");
    }
    assert_eq!(guarded.inner.calls(), 0);
}

/// The order of the steps holds for what nobody here has asked for.
#[tokio::test]
async fn a_payload_for_what_is_not_guarded_answers_nothing() {
    let guarded = guarded();
    let payload = guarded.answer("/reports/1").await;
    for (resource, text) in [
        ("https://api.example.com/open", payload.text()),
        ("https://other.example.com/reports/1", payload.text()),
        ("https://api.example.com/reports/%2e%2e", payload.text()),
        ("http://api.example.com/reports/1", payload.text()),
    ] {
        let text = text.replace("https://api.example.com/reports/1", resource);
        let answered = guarded.post(text).await;
        assert_eq!(
            answered.error(),
            Some(ErrorCode::ChallengeMismatch),
            "{resource}"
        );
        assert!(!answered.headers.contains_key(REQUIRED), "{resource}");
    }
    for (text, code) in [
        ("{}", ErrorCode::UnsupportedVersion),
        (r#"{"x428Version":1}"#, ErrorCode::MalformedPayload),
        ("[]", ErrorCode::MalformedPayload),
        ("", ErrorCode::MalformedPayload),
    ] {
        assert_eq!(guarded.post(text).await.error(), Some(code), "{text}");
    }
}

#[tokio::test]
async fn a_server_may_have_no_endpoint_or_another() {
    let clock = Hand::new();
    let without = of(builder(&clock).without_endpoint(), &clock);
    let challenge = without.get("/reports/1").await.challenge();
    assert_eq!(challenge.message().attestation_endpoint, None);
    assert!(without.post("{}").await.is_served(), "the inner service's");

    let elsewhere = of(builder(&clock).with_endpoint("/attest"), &clock);
    let challenge = elsewhere.get("/reports/1").await.challenge();
    let endpoint = challenge.message().attestation_endpoint.clone().unwrap();
    assert_eq!(endpoint, "https://api.example.com/attest");
    let payload = sign(&challenge, clock.now());
    let mut request = post(payload.text().to_owned());
    *request.uri_mut() = "/attest".parse().unwrap();
    assert_eq!(elsewhere.send(request).await.status, StatusCode::OK);
    for path in ["attest", "", "/attest?x"] {
        assert!(
            builder(&clock).with_endpoint(path).build().is_err(),
            "{path}"
        );
    }
}
