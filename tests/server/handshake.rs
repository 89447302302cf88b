//! From the challenge to the token: sections 6.1, 6.2, 8.1 and 8.2.

use axum::http::{Method, StatusCode, header};
use x428::attestation::header::encode;
use x428::clock::Clock as _;
use x428::http::{ATTESTATION, REQUIRED, TOKEN};
use x428::wire::attestation::ErrorCode;

use crate::harness::*;

// r[verify attestation.issue.when]
// r[verify attestation.http.challenge-header]
// r[verify attestation.http.status]
// r[verify attestation.http.no-store]
// r[verify attestation.http.content-type]
// r[verify attestation.http.no-effect]
// r[verify attestation.error.body]
// r[verify attestation.error.explain]
// r[verify attestation.http.challenge-size]
#[tokio::test]
async fn a_request_with_nothing_is_challenged() {
    let guarded = guarded();
    let answered = guarded.get("/reports/2026-q3?page=2").await;
    assert_eq!(answered.status, StatusCode::PRECONDITION_REQUIRED);
    assert_eq!(answered.headers[header::CONTENT_TYPE], "application/json");
    assert_eq!(answered.headers[header::CACHE_CONTROL], "no-store");
    let required = answered.headers[REQUIRED].to_str().unwrap();
    assert!(required.starts_with("eyJ4NDI4VmVyc2lvbi"), "{required}");
    assert!(required.len() < 8000);
    let body = answered.json();
    assert_eq!(required, encode(&body["challenge"].to_string()));
    assert_eq!(
        body["challenge"]["resource"],
        "https://api.example.com/reports/2026-q3?page=2"
    );
    assert_eq!(
        body["challenge"]["attestationEndpoint"],
        "https://api.example.com/.well-known/x428-attest"
    );
    assert_eq!(answered.error(), None);
    assert!(answered.required().detail().contains("X-428-Attestation"));
    assert_eq!(guarded.inner.calls(), 0);
}

// r[verify attestation.token.issue]
// r[verify attestation.http.token-header]
// r[verify attestation.http.private]
// r[verify attestation.role.operator-bound]
#[tokio::test]
async fn an_accepted_payload_reaches_the_service_and_brings_a_token() {
    let guarded = guarded();
    let answered = guarded.attest("/reports/2026-q3").await;
    assert!(answered.is_served());
    assert_eq!(answered.headers[header::CACHE_CONTROL], "private");
    let token = answered.token();
    assert_eq!(token.scope, "https://api.example.com/reports/*");
    let attested = guarded.inner.attested().unwrap();
    assert_eq!(attested.operator, operator().did().unwrap());
    assert_eq!(attested.scope, token.scope.as_str());
    assert_eq!(attested.expires_at, token.expires_at.instant());
    assert!(attested.now);
    assert_eq!(guarded.inner.calls(), 1);

    let again = guarded.get_with_token("/reports/2026-q2", token.token.as_str());
    let again = again.await;
    assert!(again.is_served());
    assert!(!again.headers.contains_key(TOKEN));
    assert_eq!(again.headers[header::CACHE_CONTROL], "private");
    assert!(!guarded.inner.attested().unwrap().now);
}

// r[verify attestation.http.inner-headers]
#[tokio::test]
async fn the_inner_service_sees_neither_payload_nor_token() {
    let guarded = guarded();
    let token = guarded.attest("/reports/1").await.token();
    assert!(!guarded.inner.headers().contains_key(ATTESTATION));
    let request = with(get("/reports/1"), &TOKEN, token.token.as_str());
    let request = with(request, &header::ACCEPT, "text/plain");
    assert!(guarded.send(request).await.is_served());
    assert!(!guarded.inner.headers().contains_key(TOKEN));
    assert!(guarded.inner.headers().contains_key(header::ACCEPT));

    let clock = Hand::new();
    let forwarding = of(builder(&clock).forward_headers(), &clock);
    assert!(forwarding.attest("/reports/1").await.is_served());
    assert!(forwarding.inner.headers().contains_key(ATTESTATION));
}

#[tokio::test]
async fn nobody_but_the_layer_says_who_attested() {
    let guarded = guarded();
    assert!(guarded.get("/open").await.is_served());
    assert_eq!(guarded.inner.attested(), None);
}

// r[verify attestation.error.fresh-challenge]
// r[verify attestation.verify.replay]
#[tokio::test]
async fn a_payload_is_good_for_one_answer() {
    let guarded = guarded();
    let payload = guarded.answer("/reports/1").await;
    assert!(guarded.submit("/reports/1", &payload).await.is_served());
    let replayed = guarded.submit("/reports/1", &payload).await;
    assert_eq!(replayed.error(), Some(ErrorCode::NonceReplayed));
    assert!(!replayed.headers.contains_key(TOKEN));
    let fresh = replayed.challenge();
    assert!(!payload.text().contains(fresh.message().challenge.as_str()));
    let fresh = sign(&fresh, guarded.clock.now());
    assert!(guarded.submit("/reports/1", &fresh).await.is_served());
    assert_eq!(guarded.inner.calls(), 2);
}

#[tokio::test]
async fn a_challenge_expires() {
    let guarded = guarded();
    let payload = guarded.answer("/reports/1").await;
    guarded.clock.pass(300);
    let answered = guarded.submit("/reports/1", &payload).await;
    assert_eq!(answered.error(), Some(ErrorCode::ChallengeExpired));
    assert_eq!(guarded.inner.calls(), 0);
}

// r[verify attestation.submit.requested-resource]
// r[verify attestation.issue.one-resource]
#[tokio::test]
async fn a_payload_is_for_the_resource_of_its_request() {
    let guarded = guarded();
    let payload = guarded.answer("/reports/1").await;
    for path in ["/reports/2", "/reports/1?x=1", "/accounts"] {
        let answered = guarded.submit(path, &payload).await;
        assert_eq!(
            answered.error(),
            Some(ErrorCode::ResourceMismatch),
            "{path}"
        );
    }
    let spelled = guarded.submit("/reports/%31", &payload).await;
    assert!(spelled.is_served(), "the same resource, spelled otherwise");
    assert_eq!(guarded.inner.calls(), 1);
}

/// Where two spellings of a resource have two policies, each is its own.
#[tokio::test]
async fn a_second_spelling_brings_no_easier_preconditions() {
    let clock = Hand::new();
    let (easy, hard) = (policy(vec![identity()]), policy(vec![terms('1')]));
    let rules = move |_: &Method, uri: &axum::http::Uri| match uri.path() {
        "/films" => Some(easy.clone()),
        _ => Some(hard.clone()),
    };
    let verifier =
        x428::attestation::Verifier::new(x428::did::fixed::FixedResolver::new(), nonces(&clock));
    let builder = x428::server::Server::builder(
        base(),
        rules,
        verifier.with_clock(clock.clone()),
        challenges(),
        tokens(),
    );
    let guarded = of(builder, &clock);
    let payload = guarded.answer("/films").await;
    let answered = guarded.submit("/%66ilms", &payload).await;
    assert_eq!(answered.error(), Some(ErrorCode::ChallengeMismatch));
    assert_eq!(guarded.inner.calls(), 0);
}

// r[verify attestation.issue.nonce-instances]
#[tokio::test]
async fn another_instance_verifies_what_one_has_issued() {
    let clock = Hand::new();
    let nonces = std::sync::Arc::new(nonces(&clock));
    let instance = || {
        let resolver = x428::did::fixed::FixedResolver::new();
        of(builder_with(&clock, resolver, nonces.clone(), '1'), &clock)
    };
    let (one, other) = (instance(), instance());
    let payload = one.answer("/reports/1").await;
    let token = other.submit("/reports/1", &payload).await.token();
    let replayed = one.submit("/reports/1", &payload).await;
    assert_eq!(replayed.error(), Some(ErrorCode::NonceReplayed));
    let served = one.get_with_token("/reports/9", token.token.as_str()).await;
    assert!(served.is_served());
}

// r[verify attestation.issue.nonce-open]
#[tokio::test]
async fn a_change_of_preconditions_ends_their_challenges() {
    let clock = Hand::new();
    let resolver = x428::did::fixed::FixedResolver::new;
    let before = of(
        builder_with(&clock, resolver(), nonces(&clock), '1'),
        &clock,
    );
    let after = of(
        builder_with(&clock, resolver(), nonces(&clock), '2'),
        &clock,
    );
    let payload = before.answer("/reports/1").await;
    let answered = after.submit("/reports/1", &payload).await;
    assert_eq!(answered.error(), Some(ErrorCode::ChallengeMismatch));
    let document = format!("sha256-{}", "2".repeat(64));
    let shown = answered.json()["challenge"]["preconditions"][0]["documentHash"].clone();
    assert_eq!(shown, document);
}

// r[verify attestation.security.durable-nonces]
#[tokio::test]
async fn a_server_that_forgets_nonces_refuses_challenges_of_its_former_life() {
    let clock = Hand::new();
    let before = of(builder(&clock).with_volatile_nonces(), &clock);
    let payload = before.answer("/reports/1").await;
    clock.pass(1);
    let after = of(builder(&clock).with_volatile_nonces(), &clock);
    let answered = after.submit("/reports/1", &payload).await;
    assert_eq!(answered.error(), Some(ErrorCode::ChallengeMismatch));
    assert!(after.attest("/reports/1").await.is_served());
}

// r[verify attestation.verify.order]
#[tokio::test]
async fn the_code_says_which_step_refused() {
    let guarded = guarded();
    let challenge = guarded.get("/reports/1").await.challenge();
    let payload = sign(&challenge, START);
    let text = payload.text();
    for (from, to, code) in [
        (
            r#""x428Version":1"#,
            r#""x428Version":2"#,
            ErrorCode::UnsupportedVersion,
        ),
        (
            r#""operatorId""#,
            r#""operator""#,
            ErrorCode::MalformedPayload,
        ),
        ("reports/1", "reports/2", ErrorCode::ChallengeMismatch),
        ("did:key:", "did:example:", ErrorCode::UnresolvableOperator),
        ("sha256-1", "sha256-2", ErrorCode::InvalidSignature),
    ] {
        let changed = text.replacen(from, to, 1);
        assert_ne!(text, changed, "{from}");
        let request = with(get("/reports/1"), &ATTESTATION, &encode(&changed));
        let answered = guarded.send(request).await;
        assert_eq!(answered.error(), Some(code), "{from}");
        assert!(answered.required().challenge().is_some());
    }
    assert_eq!(guarded.inner.calls(), 0);
    assert!(
        guarded.submit("/reports/1", &payload).await.is_served(),
        "none of them has consumed the nonce"
    );
}
