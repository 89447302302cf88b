//! What server and client read of each other: the module `http`.

use std::time::Duration;

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use x428::attestation::header as names;
use x428::error::{Malformed, Rejected};
use x428::http::{
    ATTESTATION, PreconditionRequired, RECEIPT, REQUIRED, TOKEN, discovery, outage, request,
    response,
};
use x428::wire::attestation::{
    AttestationToken, DiscoveryDocument, ErrorCode, PreconditionTypes, ProtocolVersion,
    SupportedVersions,
};

use crate::harness::*;

#[test]
fn the_names_are_those_of_the_text() {
    for (name, text) in [
        (REQUIRED, names::REQUIRED),
        (ATTESTATION, names::ATTESTATION),
        (TOKEN, names::TOKEN),
        (RECEIPT, "X-428-Receipt"),
    ] {
        assert!(name.as_str().eq_ignore_ascii_case(text), "{text}");
    }
}

async fn challenged() -> Answered {
    guarded().get("/reports/1").await
}

fn read(answered: &Answered) -> Result<Option<PreconditionRequired>, Malformed> {
    PreconditionRequired::read(answered.status, &answered.headers, &answered.body)
}

// r[verify attestation.http.other-428]
#[tokio::test]
async fn not_every_428_is_one_of_this_protocol() {
    let mut other = challenged().await;
    other.headers.remove(REQUIRED);
    assert_eq!(
        read(&other),
        Ok(None),
        "no error, and no challenge in the header"
    );
    for body in [
        &b""[..],
        b"Use If-Match.",
        b"{}",
        br#"{"error":"lost_update"}"#,
    ] {
        other.body = body.to_vec();
        assert_eq!(read(&other), Ok(None));
    }
    other.status = StatusCode::OK;
    assert_eq!(read(&other), Ok(None));
    let mut ours = challenged().await;
    ours.headers.remove(REQUIRED);
    ours.body = br#"{"error":"token_expired","detail":"It has."}"#.to_vec();
    let ours = read(&ours).unwrap().unwrap();
    assert_eq!(ours.rejection().unwrap().code(), ErrorCode::TokenExpired);
    assert!(ours.challenge().is_none());
}

// r[verify attestation.client.well-formed]
// r[verify attestation.http.repeated]
#[tokio::test]
async fn a_428_that_contradicts_itself_is_refused() {
    let good = challenged().await;
    assert!(read(&good).unwrap().is_some());
    let value = good.headers[REQUIRED].clone();

    let mut twice = challenged().await;
    twice.headers.append(REQUIRED, value);
    assert!(read(&twice).is_err(), "repeated");
    let other = challenged().await;
    let mut differs = challenged().await;
    differs.body = other.body;
    assert!(read(&differs).is_err(), "header and body differ");
    let mut alone = challenged().await;
    alone.body = br#"{"detail":"Attest."}"#.to_vec();
    assert!(read(&alone).is_err(), "the body has no challenge");
    let mut body_alone = challenged().await;
    body_alone.headers.remove(REQUIRED);
    let text = String::from_utf8(body_alone.body).unwrap();
    body_alone.body = text
        .replacen('{', r#"{"error":"token_expired","#, 1)
        .into_bytes();
    assert!(read(&body_alone).is_err(), "the header has no challenge");
    let mut binary = challenged().await;
    binary
        .headers
        .insert(REQUIRED, HeaderValue::from_bytes(b"\xff").unwrap());
    assert!(read(&binary).is_err(), "not ASCII");
    let mut unknown = challenged().await;
    let text = String::from_utf8(unknown.body).unwrap();
    unknown.body = text.replacen('{', r#"{"error":"lost","#, 1).into_bytes();
    assert!(read(&unknown).is_err(), "an error that no section has");
}

// r[verify attestation.error.code]
#[test]
fn a_rejection_travels() {
    let long = "€".repeat(2000);
    for (detail, expected) in [
        ("The token expired.", "The token expired.".to_owned()),
        ("", ErrorCode::TokenExpired.meaning().to_owned()),
        (long.as_str(), format!("{}.", "€".repeat(1023))),
    ] {
        let rejected = Rejected::new(ErrorCode::TokenExpired, detail.to_owned());
        let written = PreconditionRequired::rejected(&rejected, None)
            .to_response()
            .unwrap();
        let read = PreconditionRequired::read(written.status(), written.headers(), written.body());
        let rejection = read.unwrap().unwrap().rejection().unwrap();
        assert_eq!(rejection.code(), ErrorCode::TokenExpired);
        assert_eq!(rejection.detail(), expected);
    }
}

fn token() -> AttestationToken {
    AttestationToken::new(
        "q7PzT0mXv3cJbN2yWl5dRg8sKf1hUe6a".parse().unwrap(),
        "2026-11-20T13:04:00Z".parse().unwrap(),
        "https://api.example.com/reports/*".parse().unwrap(),
    )
}

// r[verify attestation.token.present]
#[test]
fn a_token_is_granted_encoded_and_presented_as_it_is() {
    let mut headers = HeaderMap::new();
    response::put_token(&mut headers, &token()).unwrap();
    assert!(headers[TOKEN].to_str().unwrap().starts_with("eyJ0b2tlbi"));
    assert!(headers[TOKEN].is_sensitive(), "no log shows it");
    assert_eq!(response::token(&headers).unwrap(), Some(token()));
    request::put_token(&mut headers, &token()).unwrap();
    assert_eq!(headers[TOKEN], "q7PzT0mXv3cJbN2yWl5dRg8sKf1hUe6a");
    assert!(headers[TOKEN].is_sensitive(), "no log shows it");
    assert_eq!(request::token(&headers), Some(token().token.as_str()));
    headers.append(TOKEN, HeaderValue::from_static("x"));
    assert!(response::token(&headers).is_err());
    assert_eq!(request::token(&headers), None);
    assert_eq!(response::token(&HeaderMap::new()).unwrap(), None);
}

#[test]
fn an_outage_is_to_be_waited_for() {
    for (wait, seconds) in [(0, "0"), (1, "1"), (999, "1"), (1000, "1"), (1001, "2")] {
        let response = outage(Duration::from_millis(wait));
        assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(response.headers()[header::RETRY_AFTER], seconds);
    }
}

// r[verify attestation.discovery.valid]
#[test]
fn a_discovery_document_is_json_or_not_there() {
    let versions = SupportedVersions::new(vec![ProtocolVersion]).unwrap();
    let types = PreconditionTypes::new(vec!["tos".parse().unwrap()]).unwrap();
    let document = DiscoveryDocument::new(versions, types);
    let written = discovery::to_response(&document, Duration::from_mins(1)).unwrap();
    assert_eq!(written.headers()[header::CACHE_CONTROL], "max-age=60");
    let (status, headers) = (written.status(), written.headers());
    let read = discovery::read(status, headers, written.body()).unwrap();
    assert_eq!(read, Some(document));
    assert!(discovery::read(status, &HeaderMap::new(), written.body()).is_err());
    assert!(discovery::read(status, headers, b"{}").is_err());
    let missing = discovery::read(StatusCode::NOT_FOUND, headers, b"");
    assert_eq!(missing.unwrap(), None);
}
