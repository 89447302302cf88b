//! Redirects: the token stays with its origin.

use http::{Method, Response};
use x428::client::ClientError;

use super::server::{Setup, attach, client_error, middleware, operator};

fn redirect(status: u16, to: &str) -> Response<Vec<u8>> {
    Response::builder()
        .status(status)
        .header("location", to)
        .body(Vec::new())
        .unwrap()
}

// r[verify attestation.token.origin]
#[tokio::test]
async fn a_token_does_not_follow_a_redirect_to_another_origin() {
    let other = Setup::terms()
        .lying(|_, _| Some(Response::default()))
        .start()
        .await;
    for status in [301, 302, 303, 307, 308] {
        let target = other.url(&format!("/r/{status}"));
        let server = Setup::terms()
            .with_scope("/r/*")
            .lying(move |_, seen| {
                let there = seen.path == "/r/there";
                there.then(|| redirect(status, &target))
            })
            .start()
            .await;
        let client = server.client();
        client.get(server.url("/r/1")).send().await.unwrap();
        let request = client.get(server.url("/r/there")).bearer_auth("mine");
        let response = request.header("x-own", "kept").send().await.unwrap();
        assert_eq!(response.url().as_str(), other.url(&format!("/r/{status}")));
        assert_eq!(server.log().last().unwrap(), "GET /r/there token");
        let seen = other.seen();
        let seen = seen.last().unwrap();
        assert_eq!(seen.shows(), "nothing");
        assert!(!seen.headers.contains_key("authorization"));
        assert_eq!(seen.headers["x-own"], "kept");
    }
}

// r[verify attestation.token.origin]
#[tokio::test]
async fn a_payload_does_not_follow_a_redirect_at_all() {
    let other = Setup::terms()
        .lying(|_, _| Some(Response::default()))
        .start()
        .await;
    for (target, origin) in [(other.url("/r/2"), "other"), ("/r/2".to_owned(), "same")] {
        let server = Setup::terms()
            .with_scope("/r/*")
            .lying(move |guard, seen| {
                let mut reply = guard.serve(seen);
                if seen.shows() == "payload" {
                    *reply.status_mut() = http::StatusCode::TEMPORARY_REDIRECT;
                    let headers = reply.headers_mut();
                    headers.insert("location", target.parse().unwrap());
                }
                Some(reply)
            })
            .start()
            .await;
        server
            .client()
            .get(server.url("/r/1"))
            .send()
            .await
            .unwrap();
        let last = if origin == "same" {
            server.log().pop().unwrap()
        } else {
            other.log().pop().unwrap()
        };
        let shown = if origin == "same" { "token" } else { "nothing" };
        assert_eq!(last, format!("GET /r/2 {shown}"));
    }
}

// r[verify attestation.client.resource]
#[tokio::test]
async fn after_a_redirect_the_resource_is_the_last_uri() {
    let last = Setup::terms().start().await;
    let target = last.url("/r/2");
    let first = Setup::terms()
        .lying(move |_, _| Some(redirect(302, &target)))
        .start()
        .await;
    let response = last.client().get(first.url("/r/1")).send().await.unwrap();
    assert_eq!(response.url().as_str(), last.url("/r/2"));
    assert_eq!(response.status(), 200);
    assert_eq!(
        last.log(),
        [
            "GET /r/2 nothing",
            "GET /terms.txt nothing",
            "GET /r/2 payload"
        ]
    );
    assert_eq!(first.log(), ["GET /r/1 nothing"]);
}

/// The consent is for the server that asks, not for the one that was asked first.
// r[verify attestation.client.consent]
#[tokio::test]
async fn a_redirect_does_not_take_the_consent_along() {
    let last = Setup::terms().start().await;
    let target = last.url("/r/2");
    let first = Setup::terms()
        .lying(move |_, _| Some(redirect(302, &target)))
        .start()
        .await;
    let error = client_error(first.client().get(first.url("/r/1")).send().await);
    assert!(
        matches!(error, ClientError::ConsentDenied { .. }),
        "{error}"
    );
    assert_eq!(last.log(), ["GET /r/2 nothing"]);
}

#[tokio::test]
async fn methods_and_bodies_change_as_rfc_9110_says() {
    for (method, status, expected, keeps_body) in [
        (Method::POST, 301, "GET /open nothing", false),
        (Method::POST, 302, "GET /open nothing", false),
        (Method::POST, 303, "GET /open nothing", false),
        (Method::POST, 307, "POST /open nothing", true),
        (Method::POST, 308, "POST /open nothing", true),
        (Method::PUT, 302, "PUT /open nothing", true),
        (Method::PUT, 303, "GET /open nothing", false),
        (Method::HEAD, 303, "HEAD /open nothing", false),
    ] {
        let server = Setup::terms()
            .lying(move |_, seen| (seen.path == "/from").then(|| redirect(status, "/open")))
            .start()
            .await;
        let request = server.client().request(method, server.url("/from"));
        let request = request.header("content-type", "text/plain").body("content");
        assert_eq!(request.send().await.unwrap().status(), 200);
        let seen = server.seen();
        let [_, last] = seen.as_slice() else {
            panic!("{seen:?}");
        };
        assert_eq!(server.log()[1], expected);
        assert_eq!(last.body == b"content", keeps_body, "{expected}");
        assert_eq!(last.headers.contains_key("content-type"), keeps_body);
    }
}

#[tokio::test]
async fn redirects_are_followed_so_many_times() {
    let server = Setup::terms()
        .lying(|_, seen| (seen.path == "/loop").then(|| redirect(302, "/loop")))
        .start()
        .await;
    let response = server
        .client()
        .get(server.url("/loop"))
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), 302);
    assert_eq!(server.log().len(), 11);
    let none = attach(middleware(server.consent()).with_redirect_limit(0));
    assert_eq!(
        none.get(server.url("/loop")).send().await.unwrap().status(),
        302
    );
    assert_eq!(server.log().len(), 12);
}

#[tokio::test]
async fn a_stream_is_not_sent_to_where_a_redirect_leads() {
    let server = Setup::terms()
        .lying(|_, seen| (seen.path == "/from").then(|| redirect(307, "/open")))
        .start()
        .await;
    let chunks = futures_util::stream::iter([Ok::<_, std::io::Error>("chunk")]);
    let body = reqwest::Body::wrap_stream(chunks);
    let response = server
        .client()
        .post(server.url("/from"))
        .body(body)
        .send()
        .await;
    assert_eq!(response.unwrap().status(), 307);
    assert_eq!(server.log(), ["POST /from nothing"]);
}

/// The HTTP client of somebody else may follow redirects by itself. That is an error as soon as it
/// does it.
// r[verify attestation.token.origin]
#[tokio::test]
async fn a_client_that_follows_redirects_by_itself_is_found_out() {
    let server = Setup::terms()
        .lying(|_, seen| (seen.path == "/from").then(|| redirect(302, "/open")))
        .start()
        .await;
    let middleware = middleware(server.consent()).danger_into_middleware();
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let client = reqwest_middleware::ClientBuilder::new(client)
        .with(middleware)
        .build();
    let error = client_error(client.get(server.url("/from")).send().await);
    assert!(matches!(error, ClientError::Misuse(_)), "{error}");
    assert_eq!(operator().did().method(), "key");
}
