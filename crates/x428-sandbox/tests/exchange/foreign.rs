//! What clients of others rely on: the rules of HTTP, metadata that are complete, and clients that
//! are registered by hand.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::body::Body;
use axum::http::{HeaderValue, Method, Request};
use serde_json::json;
use x428_sandbox::exchange::register;

use crate::harness::{Answer, CALLBACK, World};

async fn send(world: &World, method: &str, path: &str) -> Answer {
    let request = Request::builder().method(method).uri(path);
    world.send(request.body(Body::empty()).unwrap()).await
}

// r[verify withdrawal.http.method]
#[tokio::test]
async fn a_method_that_a_path_has_not_is_answered_with_those_that_it_has() {
    let world = World::new().await;
    for (path, allowed) in [
        ("/assets", "GET,HEAD"),
        ("/assets/ETH", "GET,HEAD"),
        ("/withdrawals", "GET,HEAD,POST"),
        ("/withdrawals/quotes", "POST"),
        ("/withdrawals/wd_3Tg5hPnXe7QaU1oMdWzCk9/travel-rule", "PUT"),
        ("/challenges/ch_2Fq6sLbNj8YuE4wTmXzVr5", "GET,HEAD"),
        ("/webhooks/wh_3Tg5hPnXe7QaU1oMdWzCk9", "DELETE"),
    ] {
        for method in ["TRACE", "PATCH"] {
            let answer = send(&world, method, path).await;
            answer.is(405, "method_not_allowed");
            assert_eq!(answer.header("allow"), allowed, "{path}");
            assert_eq!(
                answer.json()["error"]["requestId"],
                answer.header("x-request-id")
            );
        }
    }
    // The endpoints of OAuth have no errors of the API.
    let answer = send(&world, "GET", "/oauth/token").await;
    assert_eq!(answer.status, 405);
    assert_eq!(answer.header("allow"), "POST");
    send(&world, "GET", "/nowhere").await.is(404, "not_found");
}

/// A body in pieces of 8 KiB, and how many of them were taken.
fn in_pieces(count: usize) -> (Body, Arc<AtomicUsize>) {
    let taken = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&taken);
    let pieces = (0..count).map(move |_| {
        counter.fetch_add(1, Ordering::Relaxed);
        Ok::<_, std::io::Error>(vec![b' '; 8192])
    });
    (Body::from_stream(futures_util::stream::iter(pieces)), taken)
}

// r[verify withdrawal.json.size]
#[tokio::test]
async fn a_body_that_is_too_long_is_passed_over_before_it_is_refused_but_not_without_end() {
    let world = World::new().await;
    let wallet = world.wallet().await;
    for (pieces, taken_at_most) in [(8, 8), (9, 9), (100, 100), (1_000_000, 1000)] {
        let (body, taken) = in_pieces(pieces);
        let mut request = wallet.request(Method::POST, "/withdrawals/quotes", None);
        let json = HeaderValue::from_static("application/json");
        request.headers_mut().insert("content-type", json);
        *request.body_mut() = body;
        world.send(request).await.is(400, "invalid_request");
        let taken = taken.load(Ordering::Relaxed);
        assert_eq!(taken == pieces, pieces <= 100, "{taken} of {pieces}");
        assert!(taken <= taken_at_most);
    }
}

// r[verify withdrawal.metadata.algorithms]
#[tokio::test]
async fn the_algorithms_of_assertions_are_named() {
    let world = World::new().await;
    let path = "/.well-known/oauth-authorization-server";
    let metadata = send(&world, "GET", path).await.json();
    for endpoint in ["token", "revocation", "introspection"] {
        let methods = &metadata[format!("{endpoint}_endpoint_auth_methods_supported")];
        assert!(
            methods
                .as_array()
                .unwrap()
                .contains(&json!("private_key_jwt"))
        );
        let member = format!("{endpoint}_endpoint_auth_signing_alg_values_supported");
        let algorithms = metadata[member].as_array().unwrap();
        assert!(algorithms.contains(&json!("ES256")));
        assert!(algorithms.contains(&json!("Ed25519")));
        assert!(!algorithms.contains(&json!("none")));
    }
}

#[tokio::test]
async fn a_client_is_registered_and_registered_anew() {
    let world = World::new().await;
    let revoke = |secret: &'static str| {
        let form = format!("client_id=own-wallet&client_secret={secret}&token=none");
        let request = Request::post("/oauth/revoke")
            .header("content-type", "application/x-www-form-urlencoded")
            .body(Body::from(form));
        world.send(request.unwrap())
    };
    revoke("first").await.is(401, "invalid_client");
    for secret in ["first", "second"] {
        let metadata = json!({
            "client_id": "own-wallet", "client_secret": secret, "redirect_uris": [CALLBACK],
        });
        let metadata = serde_json::from_value(metadata).unwrap();
        register::client(&world.exchange, metadata).await.unwrap();
        revoke(secret).await.is(200, "");
    }
    revoke("first").await.is(401, "invalid_client");
}
