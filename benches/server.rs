//! The server layer beside what it guards, in one run:
//!
//! ```text
//! cargo bench -p x428 --features tower --bench server
//! ```
//!
//! It measures, in alternating rounds on the same cores, and prints medians:
//!
//! - requests with a token beside the same service without the layer, over HTTP/1.1 on loopback
//!   connections that are kept open;
//! - the attest path, from the request with a payload to the response with a token, beside a bare
//!   `verify_strict` of the same message;
//! - challenges issued in a second, and the memory of the process before and after a million of
//!   them that nobody answers.
//!
//! Four runs on two cores that did nothing else:
//!
//! | | measured |
//! |---|---|
//! | guarded, with a token, of unguarded | 0.89 to 0.90 |
//! | payload to token, of `verify_strict` | 1.52 |
//! | challenges issued in a second | 596,000 |
//! | memory after a million unanswered challenges, of that before | 1.00 (6500 KiB of 6500 KiB) |
//!
//! Before tokens that were opened lately were remembered, the first was 0.53. Of the microseconds
//! that the layer adds in process, a SHA-256 of the token and the look-ups of headers are most.

#![expect(
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a benchmark prints what it measures, and a failed one is worth nothing"
)]
#![expect(
    clippy::cast_precision_loss,
    reason = "counts of a benchmark are far below 2^52"
)]

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::{Method, StatusCode, Uri};
use axum::routing::get;
use jiff::Timestamp;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tower::ServiceExt as _;
use x428::attestation::issue::{ChallengeIssuer, Policy};
use x428::attestation::nonce::{Consumed, NonceStore};
use x428::attestation::token::TokenIssuer;
use x428::attestation::{Answer, Payload, SignedPayload, Verifier};
use x428::clock::{Clock as _, SystemClock};
use x428::did::key::KeyResolver;
use x428::error::Unavailable;
use x428::http::{ATTESTATION, PreconditionRequired, TOKEN, response};
use x428::server::{AttestationLayer, PublicBase, Server};
use x428::sign::seal::{SealKey, SealRing};
use x428::sign::{Signature, SigningKey, signed_bytes};
use x428::wire::attestation::{
    AbsoluteUri, AllowedAttestationMethods, AttestationMethod, IdentityPrecondition, PreconditionId,
};

const CONNECTIONS: usize = 16;
const REQUESTS: usize = 1_000;
const ROUNDS: usize = 15;

/// Remembers nothing, so that one payload can be accepted again and again.
struct Forgetful;

impl NonceStore for Forgetful {
    async fn is_consumed(&self, _: &str) -> Result<bool, Unavailable> {
        Ok(false)
    }

    async fn consume(&self, _: &str, _: Timestamp) -> Result<Consumed, Unavailable> {
        Ok(Consumed::First)
    }
}

fn policy() -> Policy {
    let methods = AllowedAttestationMethods::new(vec![AttestationMethod::Self_]);
    let id = PreconditionId::parse("operator").expect("an id");
    let identity = IdentityPrecondition::new(id, methods.expect("a method"));
    Policy::new(vec![identity.into()]).expect("a policy")
}

fn challenges() -> ChallengeIssuer {
    ChallengeIssuer::new(SealRing::new(SealKey::new(1, [1; 32])))
}

fn tokens() -> TokenIssuer {
    TokenIssuer::new(SealRing::new(SealKey::new(2, [2; 32])))
}

fn layer() -> AttestationLayer {
    let policy = Arc::new(policy());
    Server::builder(
        PublicBase::parse("https://api.example.com").expect("a base"),
        move |_: &Method, uri: &Uri| (uri.path() == "/report").then(|| policy.clone()),
        Verifier::new(KeyResolver, Forgetful),
        challenges(),
        tokens(),
    )
    .layer()
    .expect("a layer")
}

/// Answers as a small service does: some routing, a kilobyte of JSON.
fn service() -> Router {
    let body = format!(r#"{{"report":"{}"}}"#, "x".repeat(1000));
    Router::new().route(
        "/report",
        get(move || {
            let body = body.clone();
            async { ([("content-type", "application/json")], body) }
        }),
    )
}

fn request(payload: Option<&SignedPayload>) -> Request {
    let mut request = Request::get("/report");
    if let Some(value) = payload.and_then(SignedPayload::to_header) {
        request = request.header(ATTESTATION, value);
    }
    request.body(Body::empty()).expect("a request")
}

async fn answer(app: &Router, operator: &SigningKey) -> SignedPayload {
    let refused = app
        .clone()
        .oneshot(request(None))
        .await
        .expect("infallible");
    let (parts, body) = refused.into_parts();
    let body = axum::body::to_bytes(body, 65_536).await.expect("a body");
    let required = PreconditionRequired::read(parts.status, &parts.headers, &body);
    let required = required.expect("well-formed").expect("a 428");
    let challenge = required.challenge().expect("a challenge");
    let answer = Answer::new(challenge, operator.did().expect("a DID"));
    let answer = answer.confirm("operator", SystemClock.now());
    answer
        .expect("a self-attestation")
        .sign(operator)
        .expect("a signature")
}

async fn serve(app: Router) -> SocketAddr {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move { axum::serve(listener, app).await });
    address
}

/// Sends `count` requests over one connection, each after the answer to the one before.
async fn ask(address: SocketAddr, request: Arc<[u8]>, count: usize) {
    let mut stream = TcpStream::connect(address).await.expect("a connection");
    stream.set_nodelay(true).expect("an option");
    let mut buffer = vec![0; 16_384];
    for _ in 0..count {
        stream.write_all(&request).await.expect("sent");
        let mut filled = 0;
        loop {
            let read = stream.read(&mut buffer[filled..]).await.expect("received");
            assert!(read > 0, "the server closed the connection");
            filled += read;
            // The body is the only place where this stands, and it ends it.
            if buffer[..filled].ends_with(b"x\"}") {
                break;
            }
        }
        assert!(buffer.starts_with(b"HTTP/1.1 200"));
    }
}

async fn round(address: SocketAddr, request: &Arc<[u8]>) -> f64 {
    let started = Instant::now();
    let mut clients = JoinSet::new();
    for _ in 0..CONNECTIONS {
        clients.spawn(ask(address, Arc::clone(request), REQUESTS));
    }
    clients.join_all().await;
    (CONNECTIONS * REQUESTS) as f64 / started.elapsed().as_secs_f64()
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

async fn throughput(app: &Router, operator: &SigningKey) {
    let payload = answer(app, operator).await;
    let granted = app.clone().oneshot(request(Some(&payload))).await;
    let granted = granted.expect("infallible");
    let token = response::token(granted.headers()).expect("well-formed");
    let token = token.expect("a token").token;
    let text = |extra: &str| -> Arc<[u8]> {
        format!("GET /report HTTP/1.1\r\nhost: api.example.com\r\n{extra}\r\n")
            .into_bytes()
            .into()
    };
    // Both get the same bytes: what is compared is the layer, and not the length of a token.
    let with_token = text(&format!("x-428-token: {}\r\n", token.as_str()));
    let unguarded = serve(service()).await;
    let guarded = serve(app.clone()).await;
    let (mut without, mut with, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    for number in 0..=ROUNDS {
        let (one, other) = (
            round(unguarded, &with_token).await,
            round(guarded, &with_token).await,
        );
        // The first round warms up.
        if number > 0 {
            without.push(one);
            with.push(other);
            ratios.push(other / one);
        }
    }
    println!(
        "unguarded axum              {:>10.0} requests/s",
        median(without)
    );
    println!(
        "guarded, with a token       {:>10.0} requests/s",
        median(with)
    );
    println!("guarded of unguarded        {:>10.3}", median(ratios));
}

/// The mean time of one call, as the median of several batches.
async fn each<F: AsyncFnMut()>(batch: u32, mut call: F) -> Duration {
    let mut times = Vec::new();
    for _ in 0..ROUNDS {
        let started = Instant::now();
        for _ in 0..batch {
            call().await;
        }
        times.push(started.elapsed().as_secs_f64() / f64::from(batch));
    }
    Duration::from_secs_f64(median(times))
}

async fn attest_path(app: &Router, operator: &SigningKey) {
    let payload = answer(app, operator).await;
    let received = Payload::from_body(payload.text().as_bytes()).expect("a payload");
    let message = signed_bytes(received.json()).expect("an object");
    let signature = received.json().value()["signature"].as_str();
    let signature = Signature::parse(signature.expect("a signature")).expect("64 bytes");
    let key = operator.verifying_key();
    let bare = each(2_000, async || {
        key.verify(&message, &signature).expect("valid");
    });
    let bare = bare.await;
    let plain = service();
    let unguarded = each(2_000, async || {
        let served = plain.clone().oneshot(request(None)).await;
        assert_eq!(served.expect("infallible").status(), StatusCode::OK);
    });
    let unguarded = unguarded.await;
    let granted = app.clone().oneshot(request(Some(&payload))).await;
    let granted = granted.expect("infallible");
    let token = response::token(granted.headers()).expect("well-formed");
    let token = token.expect("a token").token;
    let admitted = each(2_000, async || {
        let with_token = Request::get("/report").header(TOKEN, token.as_str());
        let with_token = with_token.body(Body::empty()).expect("a request");
        let served = app.clone().oneshot(with_token).await;
        assert_eq!(served.expect("infallible").status(), StatusCode::OK);
    });
    let admitted = admitted.await;
    let tokens = tokens();
    let open = each(2_000, async || {
        assert!(tokens.open(token.as_str()).is_some());
    });
    let open = open.await;
    let grant = tokens.open(token.as_str()).expect("a grant");
    let now = SystemClock.now();
    let check = each(2_000, async || {
        assert!(grant.check("https://api.example.com/report", now).is_ok());
    });
    let check = check.await;
    let attest = each(2_000, async || {
        let served = app.clone().oneshot(request(Some(&payload))).await;
        assert_eq!(served.expect("infallible").status(), StatusCode::OK);
    });
    let attest = attest.await;
    let ratio = attest.as_secs_f64() / bare.as_secs_f64();
    println!("verify_strict               {:>10.1} µs", micros(bare));
    println!("the service by itself       {:>10.1} µs", micros(unguarded));
    println!("the service, with a token   {:>10.1} µs", micros(admitted));
    println!("of it opening the token     {:>10.1} µs", micros(open));
    println!("of it comparing the scope   {:>10.1} µs", micros(check));
    println!("payload to token            {:>10.1} µs", micros(attest));
    println!("payload of verify_strict    {ratio:>10.2}");
}

fn micros(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e6
}

/// The resident memory of this process in KiB, where the system tells it.
fn resident() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

async fn unanswered(app: &Router) {
    let (issuer, policy) = (challenges(), policy());
    let resource = AbsoluteUri::parse("https://api.example.com/report").expect("a URI");
    let issue = each(10_000, async || {
        let challenge = issuer.issue(&policy, &resource, SystemClock.now());
        assert!(challenge.expect("a challenge").issued_at().is_some());
    });
    println!(
        "challenges issued           {:>10.0} /s",
        1.0 / issue.await.as_secs_f64()
    );
    let refuse = async || {
        let refused = app
            .clone()
            .oneshot(request(None))
            .await
            .expect("infallible");
        assert_eq!(refused.status(), StatusCode::PRECONDITION_REQUIRED);
    };
    for _ in 0..10_000 {
        refuse().await;
    }
    let before = resident();
    let started = Instant::now();
    for _ in 0..1_000_000 {
        refuse().await;
    }
    let seconds = started.elapsed().as_secs_f64();
    println!(
        "428 with a fresh challenge  {:>10.0} /s",
        1_000_000.0 / seconds
    );
    if let (Some(before), Some(after)) = (before, resident()) {
        println!("memory before a million     {before:>10} KiB");
        println!("memory after a million      {after:>10} KiB");
    }
}

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        let app = service().layer(layer());
        let operator = SigningKey::from_seed(&[7; 32]);
        throughput(&app, &operator).await;
        attest_path(&app, &operator).await;
        unanswered(&app).await;
    });
}
