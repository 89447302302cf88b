//! Servers that do not keep to the protocol, and responses that are none of it.

use http::Response;
use serde_json::json;
use x428::attestation::header;
use x428::client::ClientError;
use x428::wire::attestation::ErrorCode;

use super::server::{Setup, client_error, required_of, status};

// r[verify attestation.error.client-loop]
// r[verify attestation.submit.once]
#[tokio::test]
async fn two_428_in_a_row_are_the_end() {
    let server = Setup::terms()
        .lying(|guard, seen| {
            seen.path
                .starts_with("/r/")
                .then(|| guard.required(&seen.path))
        })
        .start()
        .await;
    let error = client_error(server.client().get(server.url("/r/1")).send().await);
    let ClientError::Refused {
        code, challenge, ..
    } = error
    else {
        panic!("{error}");
    };
    assert_eq!(code, None);
    assert!(challenge.is_some());
    assert_eq!(
        server.log(),
        [
            "GET /r/1 nothing",
            "GET /terms.txt nothing",
            "GET /r/1 payload"
        ]
    );
}

// r[verify attestation.error.detail-informative]
#[tokio::test]
async fn a_refusal_is_an_error_with_its_code() {
    for code in ErrorCode::ALL {
        let server = Setup::terms()
            .lying(|guard, seen| {
                (seen.shows() == "payload").then(|| guard.refused(&seen.path, *code))
            })
            .start()
            .await;
        let error = client_error(server.client().get(server.url("/r/1")).send().await);
        let ClientError::Refused {
            code: told,
            detail,
            challenge,
        } = error
        else {
            panic!("{error}");
        };
        assert_eq!((told, detail.as_str()), (Some(*code), "No."));
        assert!(challenge.is_some());
    }
}

/// Makes a reply, given the address of the server.
type Reply = Box<dyn Fn(&str) -> Response<Vec<u8>> + Send + Sync>;

// r[verify attestation.submit.post]
#[tokio::test]
async fn what_the_endpoint_may_answer() {
    let token = |scope: &str, expires: &str| {
        json!({"token": "opaque", "expiresAt": expires, "scope": scope}).to_string()
    };
    let json = |body: String| Response::new(body.into_bytes());
    let replies: [(&str, Reply); 7] = [
        ("status 500", Box::new(|_| status(500))),
        (
            "status 302",
            Box::new(|_| {
                let mut reply = status(302);
                reply
                    .headers_mut()
                    .insert("location", "https://evil.example/".parse().unwrap());
                reply
            }),
        ),
        ("JSON", Box::new(move |_| json("token".into()))),
        (
            "does not open",
            Box::new(move |_| json(token("https://evil.example/*", "2026-11-20T13:00:00Z"))),
        ),
        (
            "expired",
            Box::new(move |base| json(token(&format!("{base}/r/*"), "2026-11-20T12:00:00Z"))),
        ),
        (
            "not the same",
            Box::new(move |base| {
                let scope = format!("{base}/r/*");
                let mut reply = json(token(&scope, "2026-11-20T13:00:00Z"));
                let other = header::encode(&token(&scope, "2026-11-20T14:00:00Z"));
                reply
                    .headers_mut()
                    .insert("x-428-token", other.parse().unwrap());
                reply
            }),
        ),
        ("longer than", Box::new(move |_| json(" ".repeat(70_000)))),
    ];
    for (expected, reply) in replies {
        let server = Setup::long()
            .with_endpoint()
            .lying(move |guard, seen| {
                (seen.method == http::Method::POST).then(|| reply(&guard.base))
            })
            .start()
            .await;
        let error = client_error(server.client().get(server.url("/r/1")).send().await);
        assert!(error.to_string().contains(expected), "{expected}: {error}");
        assert_eq!(server.log().len(), 2, "{expected}");
    }

    let server = Setup::long()
        .with_endpoint()
        .lying(|guard, seen| {
            let posted = seen.method == http::Method::POST;
            posted.then(|| guard.refused("/r/1", ErrorCode::InvalidSignature))
        })
        .start()
        .await;
    let error = client_error(server.client().get(server.url("/r/1")).send().await);
    assert!(
        matches!(
            &error,
            ClientError::Refused {
                code: Some(ErrorCode::InvalidSignature),
                ..
            }
        ),
        "{error}"
    );
}

// r[verify attestation.http.other-428]
#[tokio::test]
async fn a_428_of_another_protocol_is_passed_on_untouched() {
    let pages = [
        ("text/html", "<p>Send If-Match.</p>".to_owned()),
        (
            "application/json",
            json!({"title": "Send If-Match."}).to_string(),
        ),
        (
            "application/json",
            json!({"error": "precondition_required"}).to_string(),
        ),
        ("application/json", "{".to_owned()),
    ];
    for (media_type, body) in pages {
        let page = body.clone();
        let server = Setup::terms()
            .with_scope("/r/*")
            .lying(move |_, seen| {
                (seen.path == "/r/conditional").then(|| {
                    Response::builder()
                        .status(428)
                        .header("content-type", media_type)
                        .header("x-own", "kept")
                        .body(page.clone().into_bytes())
                        .unwrap()
                })
            })
            .start()
            .await;
        let client = server.client();
        for _ in 0..2 {
            let response = client
                .get(server.url("/r/conditional"))
                .send()
                .await
                .unwrap();
            assert_eq!(response.status(), 428);
            assert_eq!(response.url().as_str(), server.url("/r/conditional"));
            assert_eq!(response.headers()["x-own"], "kept");
            assert_eq!(response.remote_addr(), Some(server.address));
            assert_eq!(response.text().await.unwrap(), body);
            // The second time it is asked with a token, and the body has been looked at.
            client.get(server.url("/r/1")).send().await.unwrap();
        }
        let asked = server.log();
        assert!(
            asked.contains(&"GET /r/conditional token".to_owned()),
            "{asked:?}"
        );
        assert!(!asked.contains(&"GET /r/conditional payload".to_owned()));
    }
}

// r[verify attestation.http.other-428]
#[tokio::test]
async fn a_refusal_without_a_challenge_is_one_of_this_protocol() {
    let server = Setup::terms()
        .lying(|_, seen| {
            (seen.shows() == "payload").then(|| {
                Response::builder()
                    .status(428)
                    .header("content-type", "application/json")
                    .body(br#"{"error": "nonce_replayed", "detail": "Again?"}"#.to_vec())
                    .unwrap()
            })
        })
        .start()
        .await;
    let error = client_error(server.client().get(server.url("/r/1")).send().await);
    let ClientError::Refused {
        code, challenge, ..
    } = error
    else {
        panic!("{error}");
    };
    assert_eq!(code, Some(ErrorCode::NonceReplayed));
    assert!(challenge.is_none());
}

// r[verify attestation.client.well-formed]
// r[verify attestation.http.repeated]
#[tokio::test]
async fn a_428_that_cannot_be_read_is_an_error() {
    type Make = fn(Response<Vec<u8>>) -> Response<Vec<u8>>;
    let lies: [(&str, Make); 8] = [
        ("repeated header", |mut reply| {
            let value = reply.headers()["x-428-required"].clone();
            reply.headers_mut().append("x-428-required", value);
            reply
        }),
        ("no base64url", |mut reply| {
            let value = "{}".parse().unwrap();
            reply.headers_mut().insert("x-428-required", value);
            reply
        }),
        ("no JSON in the header", |mut reply| {
            let value = header::encode("challenge").parse().unwrap();
            reply.headers_mut().insert("x-428-required", value);
            reply
        }),
        ("duplicate members in the header", |mut reply| {
            let value = header::encode(r#"{"x428Version":1,"x428Version":1}"#);
            reply
                .headers_mut()
                .insert("x-428-required", value.parse().unwrap());
            reply
        }),
        ("huge header", |mut reply| {
            let value = header::encode(&format!("\"{}\"", "x".repeat(70_000)));
            reply
                .headers_mut()
                .insert("x-428-required", value.parse().unwrap());
            reply
        }),
        ("huge body", |mut reply| {
            reply
                .body_mut()
                .extend_from_slice(" ".repeat(70_000).as_bytes());
            reply
        }),
        ("no body", |mut reply| {
            reply.body_mut().clear();
            reply
        }),
        ("no JSON in the body", |mut reply| {
            *reply.body_mut() = b"<p>Attest.</p>".to_vec();
            reply
        }),
    ];
    for (what, lie) in lies {
        let server = Setup::terms()
            .lying(move |guard, seen| Some(lie(guard.required(&seen.path))))
            .start()
            .await;
        let error = client_error(server.client().get(server.url("/r/1")).send().await);
        assert!(
            matches!(error, ClientError::Malformed(_)),
            "{what}: {error:?}"
        );
        assert_eq!(server.log(), ["GET /r/1 nothing"], "{what}");
    }
}

// r[verify attestation.http.repeated]
#[tokio::test]
async fn a_repeated_token_is_refused_and_an_unreadable_one_is_none() {
    let grant = |twice: bool| {
        Setup::terms().lying(move |guard, seen| {
            let mut reply = guard.serve(seen);
            let value = reply.headers().get("x-428-token")?.clone();
            let headers = reply.headers_mut();
            if twice {
                headers.append("x-428-token", value);
            } else {
                headers.insert("x-428-token", "!".parse().unwrap());
            }
            Some(reply)
        })
    };
    let server = grant(true).start().await;
    let error = client_error(server.client().get(server.url("/r/1")).send().await);
    assert!(matches!(error, ClientError::Malformed(_)), "{error}");

    let server = grant(false).start().await;
    let client = server.client();
    client.get(server.url("/r/1")).send().await.unwrap();
    client.get(server.url("/r/1")).send().await.unwrap();
    assert_eq!(server.log().last().unwrap(), "GET /r/1 payload");
}

#[tokio::test]
async fn the_answer_to_head_has_no_body() {
    let server = Setup::terms().start().await;
    let response = server
        .client()
        .head(server.url("/r/1"))
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(
        server.log(),
        [
            "HEAD /r/1 nothing",
            "GET /terms.txt nothing",
            "HEAD /r/1 payload"
        ]
    );
}

#[tokio::test]
async fn everything_else_passes_through() {
    let server = Setup::terms()
        .lying(|guard, seen| {
            (seen.path == "/r/1").then(|| {
                let mut reply = guard.required(&seen.path);
                *reply.status_mut() = status(403).status();
                reply
            })
        })
        .start()
        .await;
    let client = server.client();
    assert_eq!(
        client
            .get(server.url("/r/1"))
            .send()
            .await
            .unwrap()
            .status(),
        403
    );
    assert_eq!(
        client
            .get(server.url("/open"))
            .send()
            .await
            .unwrap()
            .status(),
        200
    );
    let gone = client.get("http://127.0.0.1:1/").send().await.unwrap_err();
    assert!(gone.is_connect());
    assert!(ClientError::of(&gone).is_none());
}

/// `localhost` names this machine as far as the connection shows it, and other names do not.
// r[verify attestation.client.secure-transport]
#[tokio::test]
async fn nothing_is_signed_over_plain_http_to_a_name() {
    let server = Setup::terms()
        .lying(|_, seen| {
            let resource = format!("http://api.example{}", seen.path);
            let challenge = json!({
                "x428Version": 1,
                "preconditions": [
                    {"id": "who", "type": "identity", "allowedAttestationMethods": ["self"]}
                ],
                "resource": resource,
                "challenge": "0".repeat(64),
                "expiresAt": "2026-11-20T12:05:00Z",
            });
            let body = json!({"detail": "Attest.", "challenge": challenge});
            Some(required_of(&challenge, &body))
        })
        .start()
        .await;
    let ask = |_| async { panic!("asked") };
    let policy = x428::client::ConsentPolicy::new().or_ask();
    let builder = reqwest::Client::builder()
        .no_proxy()
        .resolve("api.example", server.address);
    let client = super::server::middleware(policy).with_ask(ask);
    let client = client.attach(builder).unwrap().build();
    let url = format!("http://api.example:{}/r/1", server.address.port());
    let error = client_error(client.get(url).send().await);
    assert!(
        matches!(error, ClientError::InsecureTransport { .. }),
        "{error}"
    );
    assert_eq!(server.log(), ["GET /r/1 nothing"]);
}
