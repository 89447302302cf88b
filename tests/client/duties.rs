//! What forbids a client to sign, each by a server that asks for it.

use jiff::Timestamp;
use serde_json::{Value, json};
use x428::client::{ClientError, DocumentError, Operator};
use x428::clock::FixedClock;
use x428::sign::SigningKey;

use super::server::{
    Server, Setup, TERMS, attach, client_error, hash_of, middleware, now, required_of, terms,
};

/// Starts a server whose challenge has been tampered with, and asks it for `/r/1`.
async fn asked(tamper: impl Fn(&mut Value) + Send + Sync + 'static) -> (Server, ClientError) {
    let setup = Setup::terms().with_endpoint();
    let server = setup
        .lying(move |guard, seen| {
            let first = seen.path.starts_with("/r/") && seen.shows() == "nothing";
            first.then(|| guard.tampered(&seen.path, &tamper))
        })
        .start()
        .await;
    let error = client_error(server.client().get(server.url("/r/1")).send().await);
    (server, error)
}

async fn untrusted(tamper: impl Fn(&mut Value) + Send + Sync + 'static) -> String {
    let (server, error) = asked(tamper).await;
    assert_eq!(server.log(), ["GET /r/1 nothing"], "{error}");
    match error {
        ClientError::Untrusted { why, .. } => why.to_string(),
        error => panic!("{error:?}"),
    }
}

async fn malformed(tamper: impl Fn(&mut Value) + Send + Sync + 'static) {
    let (server, error) = asked(tamper).await;
    assert_eq!(server.log(), ["GET /r/1 nothing"]);
    assert!(matches!(error, ClientError::Malformed(_)), "{error:?}");
}

// r[verify attestation.client.resource]
#[tokio::test]
async fn a_challenge_for_another_resource_is_not_answered() {
    for resource in [
        "https://api.example/r/1",
        "$BASE/r/2",
        "$BASE/r/1/",
        "$BASE/r/1?x=1",
        "$BASE/r/1#x",
    ] {
        let why = untrusted(move |challenge| {
            let own = challenge["resource"].as_str().unwrap();
            let base = own.strip_suffix("/r/1").unwrap().to_owned();
            challenge["resource"] = resource.replace("$BASE", &base).into();
        })
        .await;
        assert!(why.contains("resource"), "{resource}: {why}");
    }
}

// r[verify attestation.client.resource]
#[tokio::test]
async fn a_resource_that_is_the_same_after_normalization_is_answered() {
    let server = Setup::terms()
        .lying(|guard, seen| {
            let first = seen.path.starts_with("/r/") && seen.shows() == "nothing";
            // Another spelling of the same resource: only the unreserved character is encoded.
            first.then(|| {
                guard.tampered(&seen.path, |challenge| {
                    let spelled = challenge["resource"]
                        .as_str()
                        .unwrap()
                        .replace("http:", "HTTP:");
                    challenge["resource"] = spelled.replace("HTTP:", "http:").into();
                })
            })
        })
        .start()
        .await;
    let response = server.client().get(server.url("/r/%31#part")).send().await;
    assert_eq!(response.unwrap().status(), 200);
}

// r[verify attestation.client.endpoint-origin]
#[tokio::test]
async fn an_endpoint_of_another_origin_is_not_used() {
    for endpoint in [
        "https://evil.example/.well-known/x428-attest",
        "http://127.0.0.1:1/.well-known/x428-attest",
        "https://127.0.0.1/.well-known/x428-attest",
    ] {
        let why = untrusted(move |challenge| challenge["attestationEndpoint"] = endpoint.into());
        assert!(why.await.contains("endpoint"), "{endpoint}");
    }
}

// r[verify attestation.client.expired]
// r[verify attestation.challenge.expiry]
#[tokio::test]
async fn an_expired_challenge_is_not_answered() {
    let why = untrusted(|challenge| challenge["expiresAt"] = "2026-11-20T11:59:00Z".into());
    assert!(why.await.contains("expired"));
    let late: Timestamp = "2026-11-20T12:06:00Z".parse().unwrap();
    let server = Setup::terms().start().await;
    let client = attach(middleware(server.consent()).with_clock(FixedClock(late)));
    let error = client_error(client.get(server.url("/r/1")).send().await);
    assert!(matches!(error, ClientError::Untrusted { .. }), "{error}");
    assert!(!server.saw_a_payload());
}

/// The person who was asked has come back after lunch.
// r[verify attestation.client.expired]
#[tokio::test]
async fn a_challenge_that_expires_while_the_operator_thinks_is_not_answered() {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicI64, Ordering};

    struct Lunch(Arc<AtomicI64>);
    impl x428::clock::Clock for Lunch {
        fn now(&self) -> Timestamp {
            now() + jiff::SignedDuration::from_secs(self.0.load(Ordering::SeqCst))
        }
    }

    let server = Setup::terms().start().await;
    let passed = Arc::new(AtomicI64::new(0));
    let clock = Lunch(Arc::clone(&passed));
    let ask = move |_| {
        passed.store(3600, Ordering::SeqCst);
        async { true }
    };
    let policy = x428::client::ConsentPolicy::new().or_ask();
    let client = attach(middleware(policy).with_clock(clock).with_ask(ask));
    let error = client_error(client.get(server.url("/r/1")).send().await);
    assert!(matches!(error, ClientError::Untrusted { .. }), "{error}");
    assert!(!server.saw_a_payload());
}

// r[verify attestation.client.well-formed]
#[tokio::test]
async fn a_challenge_that_is_not_well_formed_is_not_answered() {
    malformed(|challenge| challenge["x428Version"] = 2.into()).await;
    malformed(|challenge| challenge["challenge"] = "00".into()).await;
    malformed(|challenge| challenge["preconditions"] = json!([])).await;
    malformed(|challenge| challenge["expiresAt"] = "soon".into()).await;
    malformed(|challenge| {
        let again = challenge["preconditions"][0].clone();
        challenge["preconditions"]
            .as_array_mut()
            .unwrap()
            .push(again);
    })
    .await;
    malformed(|challenge| {
        challenge["preconditions"][0]
            .as_object_mut()
            .unwrap()
            .remove("documentHash");
    })
    .await;
    let why = untrusted(|challenge| {
        challenge["preconditions"][0]["allowedAttestationMethods"] = json!(["self", "gov"]);
    });
    assert!(why.await.contains("gov"));
}

// r[verify attestation.client.well-formed]
#[tokio::test]
async fn a_header_that_differs_from_the_body_is_not_answered() {
    for bodies in [
        |challenge: &Value| {
            let mut other = challenge.clone();
            other["preconditions"][0]["tosVersion"] = "2".into();
            json!({"detail": "Attest.", "challenge": other})
        },
        |_: &Value| json!({"detail": "Attest."}),
        |challenge: &Value| json!({"challenge": challenge}),
        |_: &Value| json!("Attest."),
    ] {
        let server = Setup::terms()
            .lying(move |guard, seen| {
                let challenge = guard.challenge_for("/r/1");
                let challenge = serde_json::to_value(challenge.message()).unwrap();
                seen.path
                    .starts_with("/r/")
                    .then(|| required_of(&challenge, &bodies(&challenge)))
            })
            .start()
            .await;
        let error = client_error(server.client().get(server.url("/r/1")).send().await);
        assert!(matches!(error, ClientError::Malformed(_)), "{error}");
        assert_eq!(server.log(), ["GET /r/1 nothing"]);
    }
}

// r[verify attestation.client.unknown-type]
// r[verify attestation.client.nothing-partial]
#[tokio::test]
async fn what_is_not_implemented_is_not_signed() {
    for (precondition, expected) in [
        (
            json!({"id": "x", "type": "https://types.example/x",
                   "allowedAttestationMethods": ["self"]}),
            "type",
        ),
        (
            json!({"id": "x", "type": "age", "allowedAttestationMethods": ["vc"],
                   "minimumAge": 18, "acceptedVcIssuers": ["did:web:issuer.example"]}),
            "none that fits",
        ),
    ] {
        let server = Setup::of(vec![terms("/terms.txt"), precondition])
            .start()
            .await;
        let error = client_error(server.client().get(server.url("/r/1")).send().await);
        let ClientError::CannotAttest {
            precondition, why, ..
        } = error
        else {
            panic!("{error}");
        };
        assert_eq!(precondition.as_str(), "x");
        assert!(why.contains(expected), "{why}");
        assert_eq!(server.log(), ["GET /r/1 nothing"]);
    }
}

async fn document_of(tos: Value) -> (Server, DocumentError) {
    let server = Setup::of(vec![tos]).start().await;
    let policy = x428::client::ConsentPolicy::new().or_ask();
    let client = attach(middleware(policy).with_ask(|_| async { panic!("asked") }));
    let error = client_error(client.get(server.url("/r/1")).send().await);
    let ClientError::Document {
        precondition, why, ..
    } = error
    else {
        panic!("{error}");
    };
    assert_eq!(precondition.as_str(), "terms");
    assert!(!server.saw_a_payload());
    (server, why)
}

// r[verify attestation.client.document]
// r[verify attestation.tos.document-hash]
#[tokio::test]
async fn a_document_that_has_changed_is_not_accepted() {
    let mut tos = terms("/terms.txt");
    tos["documentHash"] = hash_of("Be kind, and cite us. And pay.\n").into();
    let (server, why) = document_of(tos).await;
    assert!(matches!(why, DocumentError::Changed), "{why}");
    assert_eq!(server.log(), ["GET /r/1 nothing", "GET /terms.txt nothing"]);
}

// r[verify attestation.client.document]
#[tokio::test]
async fn a_document_that_is_not_served_is_not_accepted() {
    let (_, why) = document_of(terms("/r/terms")).await;
    assert!(
        matches!(why, DocumentError::Status(status) if status == 428),
        "{why}"
    );
}

// r[verify attestation.client.document-address]
#[tokio::test]
async fn a_document_is_not_fetched_from_addresses_that_are_nobodys_business() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let inside = listener.local_addr().unwrap();
    for url in [
        format!("http://{inside}/"),
        format!("https://{inside}/"),
        "http://docs.example/terms".to_owned(),
        "https://10.0.0.1/terms".to_owned(),
        "https://169.254.169.254/latest/meta-data".to_owned(),
        "https://[::1]/terms".to_owned(),
        "https://[::ffff:10.0.0.1]/terms".to_owned(),
        "https://2130706433/terms".to_owned(),
        "https://user:secret@docs.example/terms".to_owned(),
    ] {
        let mut tos = terms("/terms.txt");
        tos["documentUrl"] = url.clone().into();
        let (server, why) = document_of(tos).await;
        assert!(matches!(why, DocumentError::Address(_)), "{url}: {why}");
        assert_eq!(server.log(), ["GET /r/1 nothing"]);
    }
    let reached = futures_util::future::poll_immediate(Box::pin(listener.accept())).await;
    assert!(reached.is_none());
}

// r[verify attestation.client.document-address]
#[tokio::test]
async fn a_redirect_of_a_document_is_not_followed() {
    let server = Setup::terms()
        .lying(|_, seen| {
            (seen.path == "/terms.txt").then(|| {
                let reply = http::Response::builder().status(302);
                reply
                    .header("location", "/other.txt")
                    .body(TERMS.into())
                    .unwrap()
            })
        })
        .start()
        .await;
    let error = client_error(server.client().get(server.url("/r/1")).send().await);
    assert!(
        matches!(
            &error,
            ClientError::Document {
                why: DocumentError::Status(_),
                ..
            }
        ),
        "{error}"
    );
    assert_eq!(server.log(), ["GET /r/1 nothing", "GET /terms.txt nothing"]);
}

// r[verify attestation.key.test-keys]
#[test]
fn an_operator_does_not_sign_with_a_published_key() {
    let text = include_str!("../../spec/attestation/b-test-keys.md");
    let seeds: Vec<&str> = text
        .split("\"d\": \"")
        .skip(1)
        .filter_map(|rest| rest.split('"').next())
        .collect();
    assert!(!seeds.is_empty());
    for seed in seeds {
        let seed = x428::encoding::parse_base64url(seed).unwrap();
        let key = SigningKey::from_seed(seed.as_slice().try_into().unwrap());
        assert!(Operator::of_key(key).is_err());
    }
}
