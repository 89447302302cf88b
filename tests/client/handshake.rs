//! The way from a 428 to the resource, and the token after it.

use std::sync::{Arc, Mutex};

use http::Method;
use x428::attestation::receipt::ReceiptError;
use x428::client::{
    ClientError, ConsentPolicy, Documents, Question, ReceiptFault, Receipts, Rule, TokenCache,
    UnkeptReceipt,
};
use x428::did::key::KeyResolver;
use x428::jcs::{Limits, StrictJson};
use x428::wire::attestation::{DocumentHash, ErrorCode, PAYLOAD_HEADER_MAX, Precondition};

use super::server::{
    Setup, TERMS, attach, client_error, hash_of, middleware, now, operator, status, terms,
};

// r[verify attestation.submit.same-request]
// r[verify attestation.submit.one-place]
// r[verify attestation.token.present]
#[tokio::test]
async fn a_challenge_is_answered_in_the_header_and_the_token_is_used_from_then_on() {
    let server = Setup::everything().with_scope("/r/*").start().await;
    let client = server.client();
    for path in ["/r/1", "/r/2", "/r/1?page=2"] {
        let response = client
            .put(server.url(path))
            .header("x-mine", "kept")
            .body("content ")
            .send()
            .await
            .unwrap();
        assert_eq!(response.text().await.unwrap(), "content report");
    }
    assert_eq!(
        server.log(),
        [
            "PUT /r/1 nothing",
            "GET /terms.txt nothing",
            "PUT /r/1 payload",
            "PUT /r/2 token",
            "PUT /r/1?page=2 token",
        ]
    );
    for seen in server
        .seen()
        .iter()
        .filter(|seen| seen.method == Method::PUT)
    {
        assert_eq!(seen.headers["x-mine"], "kept");
        assert_eq!(seen.body, b"content ");
    }
}

// r[verify attestation.submit.post-then-request]
// r[verify attestation.submit.post]
// r[verify attestation.http.endpoint-method]
#[tokio::test]
async fn a_long_payload_is_posted_and_the_request_repeated_with_the_token() {
    let server = Setup::long().with_endpoint().start().await;
    let client = server.client();
    let response = client.post(server.url("/r/1")).body("x ").send().await;
    assert_eq!(response.unwrap().text().await.unwrap(), "x report");
    assert_eq!(
        server.log(),
        [
            "POST /r/1 nothing",
            "POST /.well-known/x428-attest nothing",
            "POST /r/1 token",
        ]
    );
    let posted = &server.seen()[1];
    assert_eq!(posted.headers["content-type"], "application/json");
    assert!(posted.body.len() > PAYLOAD_HEADER_MAX);
}

// r[verify attestation.submit.encoded-ceiling]
#[tokio::test]
async fn a_payload_that_many_servers_would_refuse_is_posted_if_there_is_an_endpoint() {
    let tos = |number: usize| {
        let mut tos = terms("/terms.txt");
        tos["id"] = format!("{number}{}", "x".repeat(126)).into();
        tos
    };
    let path = format!("/r/1?{}", "q".repeat(1900));
    for has_endpoint in [false, true] {
        let setup = Setup::of((10..26).map(tos).collect());
        let setup = if has_endpoint {
            setup.with_endpoint()
        } else {
            setup
        };
        let server = setup.start().await;
        let hash = DocumentHash::parse(hash_of(TERMS)).unwrap();
        let policy = ConsentPolicy::new().with(Rule::of_documents([hash]));
        let client = attach(middleware(policy));
        let response = client.get(server.url(&path)).send().await.unwrap();
        assert_eq!(response.status(), 200);
        let methods: Vec<_> = server.seen().into_iter().map(|seen| seen.method).collect();
        let expected = [Method::GET, Method::POST, Method::GET];
        let expected = if has_endpoint {
            &expected[..]
        } else {
            &[Method::GET, Method::GET]
        };
        assert_eq!(methods, expected);
    }
}

// r[verify attestation.submit.no-endpoint]
#[tokio::test]
async fn a_payload_that_fits_nowhere_is_not_sent() {
    let server = Setup::long().start().await;
    let error = client_error(server.client().get(server.url("/r/1")).send().await);
    assert!(matches!(error, ClientError::Unsendable { .. }), "{error}");
    assert_eq!(server.log(), ["GET /r/1 nothing"]);
}

// r[verify attestation.client.document]
// r[verify attestation.privacy.prefetch]
#[tokio::test]
async fn a_document_that_the_policy_names_by_hash_is_not_fetched() {
    let server = Setup::terms().start().await;
    let hash = DocumentHash::parse(hash_of(TERMS)).unwrap();
    let policy = ConsentPolicy::new().with(Rule::of_documents([hash]));
    let client = attach(middleware(policy));
    client.get(server.url("/r/1")).send().await.unwrap();
    assert_eq!(server.log(), ["GET /r/1 nothing", "GET /r/1 payload"]);
}

// r[verify attestation.client.document-fetch]
#[tokio::test]
async fn the_document_is_fetched_without_credentials() {
    let server = Setup::terms().start().await;
    let request = server.client().get(server.url("/r/1"));
    let request = request.bearer_auth("mine").header("cookie", "mine=1");
    request.send().await.unwrap();
    let seen = server.seen();
    assert_eq!(seen[1].path, "/terms.txt");
    for name in [
        "authorization",
        "cookie",
        "x-428-token",
        "x-428-attestation",
        "referer",
    ] {
        assert!(!seen[1].headers.contains_key(name), "{name}");
    }
    assert_eq!(seen[2].headers["authorization"], "Bearer mine");
}

// r[verify attestation.client.consent]
#[tokio::test]
async fn the_operator_is_asked_what_no_rule_covers() {
    let server = Setup::everything().start().await;
    let asked = Arc::new(Mutex::new(Vec::new()));
    let noted = Arc::clone(&asked);
    let ask = move |question: Question| {
        noted.lock().unwrap().push(question);
        async { true }
    };
    let client = attach(middleware(ConsentPolicy::new().or_ask()).with_ask(ask));
    client.get(server.url("/r/1")).send().await.unwrap();
    let asked = asked.lock().unwrap();
    let types: Vec<_> = asked
        .iter()
        .map(|question| question.precondition.type_())
        .collect();
    assert_eq!(types, ["tos", "age", "identity"]);
    let document = asked[0].document.as_ref().unwrap();
    assert_eq!(document.bytes, TERMS.as_bytes());
    assert!(asked[1].document.is_none() && asked[2].document.is_none());
    for question in asked.iter() {
        assert_eq!(question.server.as_str(), server.base);
        assert_eq!(question.operator, *operator().did());
        let resource = question.challenge.message().resource.as_str();
        assert_eq!(resource, server.url("/r/1"));
    }
}

// r[verify attestation.client.consent]
// r[verify attestation.client.nothing-partial]
// r[verify attestation.privacy.silent]
#[tokio::test]
async fn one_no_is_a_no_to_all() {
    let server = Setup::everything().start().await;
    let ask = |question: Question| async move {
        !matches!(question.precondition, Precondition::Identity(_))
    };
    let client = attach(middleware(ConsentPolicy::new().or_ask()).with_ask(ask));
    let error = client_error(client.get(server.url("/r/1")).send().await);
    let ClientError::ConsentDenied {
        precondition,
        challenge,
    } = error
    else {
        panic!("{error}");
    };
    assert_eq!(precondition.as_str(), "who");
    assert_eq!(challenge.message().preconditions.len(), 3);
    assert_eq!(server.log(), ["GET /r/1 nothing", "GET /terms.txt nothing"]);
}

// r[verify attestation.client.consent]
#[tokio::test]
async fn without_a_policy_nothing_is_fetched_asked_or_signed() {
    let server = Setup::everything().start().await;
    let client = attach(middleware(ConsentPolicy::new()));
    let error = client_error(client.get(server.url("/r/1")).send().await);
    assert!(
        matches!(error, ClientError::ConsentDenied { .. }),
        "{error}"
    );
    assert_eq!(error.challenge().unwrap().message().preconditions.len(), 3);
    assert_eq!(server.log(), ["GET /r/1 nothing"]);
}

// r[verify attestation.token.early]
// r[verify attestation.error.client-loop]
#[tokio::test]
async fn a_token_that_is_refused_is_forgotten_and_the_challenge_answered() {
    let server = Setup::terms()
        .with_scope("/r/*")
        .lying(|guard, seen| {
            (seen.shows() == "token").then(|| guard.refused(&seen.path, ErrorCode::TokenExpired))
        })
        .start()
        .await;
    let tokens = Arc::new(TokenCache::new(8));
    let client = attach(middleware(server.consent()).with_tokens(Arc::clone(&tokens)));
    client.get(server.url("/r/1")).send().await.unwrap();
    assert_eq!(tokens.len(), 1);
    client.get(server.url("/r/2")).send().await.unwrap();
    assert_eq!(
        server.log(),
        [
            "GET /r/1 nothing",
            "GET /terms.txt nothing",
            "GET /r/1 payload",
            "GET /r/2 token",
            "GET /terms.txt nothing",
            "GET /r/2 payload",
        ]
    );
}

#[tokio::test]
async fn a_token_that_is_refused_is_forgotten_even_if_nothing_replaces_it() {
    let server = Setup::terms()
        .lying(|_, seen| {
            let body = br#"{"error": "token_expired", "detail": "Revoked."}"#;
            (seen.shows() == "token").then(|| {
                http::Response::builder()
                    .status(428)
                    .header("content-type", "application/json")
                    .body(body.to_vec())
                    .unwrap()
            })
        })
        .start()
        .await;
    let tokens = Arc::new(TokenCache::new(8));
    let client = attach(middleware(server.consent()).with_tokens(Arc::clone(&tokens)));
    client.get(server.url("/r/1")).send().await.unwrap();
    assert_eq!(tokens.len(), 1);
    let error = client_error(client.get(server.url("/r/1")).send().await);
    let ClientError::Refused { code, .. } = error else {
        panic!("{error}");
    };
    assert_eq!(code, Some(ErrorCode::TokenExpired));
    assert!(tokens.is_empty());
}

#[tokio::test]
async fn clients_share_their_tokens_and_one_of_another_time_does_not_use_them() {
    let server = Setup::terms().with_scope("/r/*").start().await;
    let tokens = Arc::new(TokenCache::new(8));
    let shared = || middleware(server.consent()).with_tokens(Arc::clone(&tokens));
    attach(shared())
        .get(server.url("/r/1"))
        .send()
        .await
        .unwrap();
    attach(shared())
        .get(server.url("/r/2"))
        .send()
        .await
        .unwrap();
    assert_eq!(server.log().last().unwrap(), "GET /r/2 token");
    let tomorrow = x428::clock::FixedClock(now() + jiff::SignedDuration::from_hours(24));
    let late = attach(shared().with_clock(tomorrow));
    let error = client_error(late.get(server.url("/r/2")).send().await);
    assert!(matches!(error, ClientError::Untrusted { .. }), "{error}");
    assert_eq!(server.log().last().unwrap(), "GET /r/2 nothing");
}

// r[verify attestation.x402.token-with-payment]
#[tokio::test]
async fn a_token_on_a_402_is_kept_for_the_payment() {
    let server = Setup::terms()
        .lying(|guard, seen| {
            let mut reply = guard.serve(seen);
            let unpaid = seen.shows() != "nothing" && !seen.headers.contains_key("x-payment");
            if unpaid && reply.status() == 200 {
                *reply.status_mut() = status(402).status();
            }
            Some(reply)
        })
        .start()
        .await;
    let client = server.client();
    let unpaid = client.get(server.url("/r/1")).send().await.unwrap();
    assert_eq!(unpaid.status(), 402);
    let paid = client
        .get(server.url("/r/1"))
        .header("x-payment", "1")
        .send()
        .await;
    assert_eq!(paid.unwrap().status(), 200);
    assert_eq!(server.log().last().unwrap(), "GET /r/1 token");
}

#[tokio::test]
async fn the_body_of_a_stream_is_sent_once() {
    let server = Setup::terms().start().await;
    let client = server.client();
    let stream = || {
        let chunks = futures_util::stream::iter([Ok::<_, std::io::Error>("chunk ")]);
        reqwest::Body::wrap_stream(chunks)
    };
    let refused = client.post(server.url("/r/1")).body(stream()).send().await;
    let error = client_error(refused);
    let ClientError::NotReplayable { challenge } = error else {
        panic!("{error}");
    };
    assert_eq!(challenge.message().resource.as_str(), server.url("/r/1"));
    assert_eq!(server.log(), ["POST /r/1 nothing"]);

    // With a token from another request it passes.
    client.get(server.url("/r/1")).send().await.unwrap();
    let sent = client.post(server.url("/r/1")).body(stream()).send().await;
    assert_eq!(sent.unwrap().text().await.unwrap(), "chunk report");
}

// r[verify attestation.receipt.check]
// r[verify attestation.receipt.keep]
// r[verify attestation.receipt.transport]
#[tokio::test]
async fn a_receipt_is_checked_and_kept_with_everything_it_is_about() {
    for posted in [false, true] {
        let setup = if posted {
            Setup::long().with_endpoint()
        } else {
            Setup::terms()
        };
        let server = setup.start().await;
        let kept = Arc::new(Mutex::new(Vec::new()));
        let keep = Arc::clone(&kept);
        let receipts = Receipts::new(KeyResolver, move |verdict| {
            keep.lock().unwrap().push(verdict);
        });
        let receipts = receipts.of_server(server.guard().receipts.server().clone());
        let client = attach(middleware(server.consent()).with_receipts(receipts));
        client.get(server.url("/r/1")).send().await.unwrap();
        let kept = kept.lock().unwrap();
        let [Ok(received)] = kept.as_slice() else {
            panic!("{kept:?}");
        };
        let receipt = received.receipt.value();
        assert_eq!(receipt["operatorId"], operator().did().as_str());
        let documents = received
            .documents
            .iter()
            .map(|document| document.bytes.as_slice());
        let expected = if posted { &[][..] } else { &[TERMS.as_bytes()] };
        assert!(documents.eq(expected.iter().copied()));
        let challenge = received.challenge.value();
        assert_eq!(challenge["resource"], server.url("/r/1"));
        assert_eq!(
            received.payload.value()["challenge"],
            challenge["challenge"]
        );
    }
}

// r[verify attestation.receipt.check]
#[tokio::test]
async fn a_receipt_of_something_else_is_reported_and_the_token_is_good() {
    for lie in ["payloadDigest", "signature", "serverId", "no JSON", "twice"] {
        let server = Setup::terms()
            .lying(move |guard, seen| {
                let mut reply = guard.serve(seen);
                let value = reply.headers().get("x-428-receipt")?.clone();
                let text = x428::encoding::parse_base64url_header(value.to_str().ok()?).ok()?;
                let receipt = StrictJson::parse(&text, Limits::default()).ok()?;
                let mut receipt = receipt.into_value();
                match lie {
                    "serverId" => receipt[lie] = "did:other:server".into(),
                    "no JSON" => receipt = "receipt".into(),
                    _ => receipt[lie] = receipt["challengeDigest"].clone(),
                }
                let text = receipt.to_string();
                let forged = x428::attestation::header::encode(text.trim_matches('"'));
                let forged = http::HeaderValue::try_from(forged).ok()?;
                let headers = reply.headers_mut();
                if lie == "twice" {
                    headers.append("x-428-receipt", value);
                } else {
                    headers.insert("x-428-receipt", forged);
                }
                Some(reply)
            })
            .start()
            .await;
        let unkept = Arc::new(Mutex::new(Vec::new()));
        let noted = Arc::clone(&unkept);
        let receipts = Receipts::new(KeyResolver, move |verdict: Result<_, UnkeptReceipt>| {
            noted.lock().unwrap().extend(verdict.err());
        });
        let client = attach(middleware(server.consent()).with_receipts(receipts));
        let response = client.get(server.url("/r/1")).send().await.unwrap();
        assert_eq!(response.status(), 200);
        {
            let unkept = unkept.lock().unwrap();
            let [UnkeptReceipt { why, received, .. }] = unkept.as_slice() else {
                panic!("{lie}: {unkept:?}");
            };
            let is_read = !matches!(lie, "no JSON" | "twice");
            assert_eq!(received.is_some(), is_read, "{lie}");
            let expected = match lie {
                "payloadDigest" | "signature" => matches!(why, ReceiptFault::Refused(_)),
                "serverId" => matches!(why, ReceiptFault::Refused(ReceiptError::OtherServer)),
                _ => matches!(why, ReceiptFault::Unreadable(_)),
            };
            assert!(expected, "{lie}: {why:?}");
        }
        client.get(server.url("/r/1")).send().await.unwrap();
        assert_eq!(server.log().last().unwrap(), "GET /r/1 token");
    }
}

// r[verify attestation.client.document-fetch]
#[tokio::test]
async fn documents_have_a_longest_length() {
    let server = Setup::terms().start().await;
    for (longest, answered) in [(TERMS.len(), true), (TERMS.len() - 1, false)] {
        let documents = Documents::new().unwrap().with_longest(longest);
        let client = attach(middleware(server.consent()).with_documents(documents));
        let result = client.get(server.url("/r/1")).send().await;
        assert_eq!(result.is_ok(), answered, "{longest}");
    }
}
