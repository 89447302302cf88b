//! What browsers and caches see: section 8.1 and 8.2.

use axum::body::Body;
use axum::http::{Request, header};

use crate::harness::*;

// r[verify attestation.http.options]
#[tokio::test]
async fn a_preflight_is_the_inner_service_s() {
    let guarded = guarded();
    for path in [
        "/reports/1",
        x428::http::ATTESTATION_PATH,
        x428::http::DISCOVERY_PATH,
    ] {
        let request = Request::options(path)
            .header(header::ORIGIN, "https://app.example")
            .header(header::ACCESS_CONTROL_REQUEST_HEADERS, "x-428-token")
            .body(Body::empty());
        let answered = guarded.send(request.unwrap()).await;
        assert!(answered.is_served(), "{path}");
        assert!(!answered.headers.contains_key(header::VARY));
        assert!(!answered.headers.contains_key(header::CACHE_CONTROL));
    }
    assert_eq!(guarded.inner.calls(), 3);
}

// r[verify attestation.http.expose]
// r[verify attestation.http.vary]
#[tokio::test]
async fn scripts_may_read_the_headers_and_caches_know_them() {
    let guarded = guarded();
    let challenged = guarded.get("/reports/1").await;
    let accepted = guarded.attest("/reports/1").await;
    let payload = guarded.answer("/reports/1").await;
    let posted = guarded.post(payload.text().to_owned()).await;
    for answered in [&challenged, &accepted, &posted] {
        let exposed = answered.headers[header::ACCESS_CONTROL_EXPOSE_HEADERS].to_str();
        let exposed = exposed.unwrap();
        assert!(exposed.contains("X-428-Required") && exposed.contains("X-428-Token"));
        assert_eq!(
            answered.headers[header::VARY],
            "X-428-Attestation, X-428-Token"
        );
    }
    let token = accepted.token();
    let served = guarded.get_with_token("/reports/1", token.token.as_str());
    assert_eq!(
        served.await.headers[header::VARY],
        "X-428-Attestation, X-428-Token"
    );

    let clock = Hand::new();
    let quiet = of(builder(&clock).without_exposed_headers(), &clock);
    let challenged = quiet.get("/reports/1").await;
    assert!(
        !challenged
            .headers
            .contains_key(header::ACCESS_CONTROL_EXPOSE_HEADERS)
    );
}

#[tokio::test]
async fn what_is_not_guarded_is_not_touched() {
    let guarded = guarded();
    let answered = guarded.get("/open").await;
    assert!(answered.is_served());
    for name in [
        header::VARY,
        header::CACHE_CONTROL,
        header::ACCESS_CONTROL_EXPOSE_HEADERS,
    ] {
        assert!(!answered.headers.contains_key(&name), "{name}");
    }
}
