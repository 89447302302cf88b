//! A guarded service, a clock that is set by hand, and an operator who attests.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::Response;
use axum::routing::any;
use http_body_util::BodyExt as _;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use tower::ServiceExt as _;
use x428::attestation::issue::{ChallengeIssuer, Policy};
use x428::attestation::nonce::{MemoryNonceStore, NonceStore};
use x428::attestation::token::TokenIssuer;
use x428::attestation::{Answer, Challenge, SignedPayload, Verifier};
use x428::clock::Clock;
use x428::did::DidResolver;
use x428::did::fixed::FixedResolver;
use x428::http::{ATTESTATION, PreconditionRequired, TOKEN, response};
use x428::server::{Attested, Grants, PublicBase, Requirement, Server, ServerBuilder};
use x428::sign::SigningKey;
use x428::sign::seal::{SealKey, SealRing};
use x428::wire::attestation::{
    AbsoluteUri, AllowedAttestationMethods, AttestationMethod, AttestationToken, DocumentHash,
    ErrorCode, IdentityPrecondition, Precondition, PreconditionId, TosPrecondition, TosVersion,
};

pub(crate) const START: Timestamp = Timestamp::constant(1_795_176_000, 0);

/// A clock that is set by hand.
#[derive(Clone)]
pub(crate) struct Hand(Arc<Mutex<Timestamp>>);

impl Hand {
    pub(crate) fn new() -> Self {
        Self(Arc::new(Mutex::new(START)))
    }

    pub(crate) fn pass(&self, seconds: i64) {
        let mut now = self.0.lock().unwrap();
        *now += SignedDuration::from_secs(seconds);
    }
}

impl Clock for Hand {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }
}

/// The terms of the reports.
pub(crate) fn terms(digit: char) -> Precondition {
    let of = |text: &str| AbsoluteUri::parse(text).unwrap();
    let hash = format!("sha256-{}", String::from(digit).repeat(64));
    TosPrecondition::new(
        PreconditionId::parse("terms").unwrap(),
        AllowedAttestationMethods::new(vec![AttestationMethod::Self_]).unwrap(),
        TosVersion::parse("2026-11").unwrap(),
        of("https://api.example.com/terms/2026-11.txt"),
        DocumentHash::parse(hash).unwrap(),
    )
    .into()
}

pub(crate) fn identity() -> Precondition {
    IdentityPrecondition::new(
        PreconditionId::parse("operator").unwrap(),
        AllowedAttestationMethods::new(vec![AttestationMethod::Self_]).unwrap(),
    )
    .into()
}

pub(crate) fn policy(preconditions: Vec<Precondition>) -> Arc<Policy> {
    Arc::new(Policy::new(preconditions).unwrap())
}

pub(crate) fn challenges() -> ChallengeIssuer {
    ChallengeIssuer::new(SealRing::new(SealKey::new(1, [1; 32])))
}

pub(crate) fn tokens() -> TokenIssuer {
    TokenIssuer::new(SealRing::new(SealKey::new(2, [2; 32])))
}

pub(crate) fn nonces(clock: &Hand) -> MemoryNonceStore<Hand> {
    MemoryNonceStore::with_clock(1000, clock.clone())
}

pub(crate) fn base() -> PublicBase {
    PublicBase::parse("https://api.example.com").unwrap()
}

/// `/reports/` needs the terms and grants all reports; writing needs an identity as well;
/// `/accounts` needs an identity; everything else is open.
pub(crate) fn rules(terms_digit: char) -> impl Fn(&Method, &Uri) -> Option<Requirement> {
    let read = policy(vec![terms(terms_digit)]);
    let write = policy(vec![terms(terms_digit), identity()]);
    let accounts = policy(vec![identity()]);
    move |method, uri| match uri.path() {
        path if path.starts_with("/reports/") && method == Method::POST => {
            Some(Requirement::new(write.clone()).granting(Grants::Siblings))
        }
        path if path.starts_with("/reports/") => {
            let reports = Requirement::new(read.clone()).named("reports");
            Some(reports.granting(Grants::Siblings))
        }
        "/accounts" => Some(accounts.clone().into()),
        _ => None,
    }
}

pub(crate) fn builder(clock: &Hand) -> ServerBuilder {
    builder_with(clock, FixedResolver::new(), nonces(clock), '1')
}

pub(crate) fn builder_with(
    clock: &Hand,
    resolver: impl DidResolver + Send + Sync + 'static,
    nonces: impl NonceStore + Send + Sync + 'static,
    terms_digit: char,
) -> ServerBuilder {
    let verifier = Verifier::new(resolver, nonces).with_clock(clock.clone());
    Server::builder(base(), rules(terms_digit), verifier, challenges(), tokens())
}

/// What reached the inner service.
#[derive(Clone, Default)]
pub(crate) struct Inner {
    pub(crate) calls: Arc<AtomicUsize>,
    pub(crate) last: Arc<Mutex<Option<Reached>>>,
}

/// The headers of a request, and who attested.
pub(crate) type Reached = (HeaderMap, Option<Attested>);

impl Inner {
    pub(crate) fn calls(&self) -> usize {
        self.calls.load(Ordering::SeqCst)
    }

    pub(crate) fn attested(&self) -> Option<Attested> {
        let last = self.last.lock().unwrap();
        last.as_ref().and_then(|(_, attested)| attested.clone())
    }

    pub(crate) fn headers(&self) -> HeaderMap {
        let last = self.last.lock().unwrap();
        last.as_ref().map(|(headers, _)| headers.clone()).unwrap()
    }

    pub(crate) fn router(&self) -> Router {
        let inner = self.clone();
        Router::new().fallback(any(move |request: Request| {
            inner.calls.fetch_add(1, Ordering::SeqCst);
            let attested = request.extensions().get::<Attested>().cloned();
            *inner.last.lock().unwrap() = Some((request.headers().clone(), attested));
            async { "the report" }
        }))
    }
}

/// A guarded service.
#[derive(Clone)]
pub(crate) struct Guarded {
    pub(crate) app: Router,
    pub(crate) inner: Inner,
    pub(crate) clock: Hand,
}

pub(crate) fn guarded() -> Guarded {
    let clock = Hand::new();
    of(builder(&clock), &clock)
}

pub(crate) fn of(builder: ServerBuilder, clock: &Hand) -> Guarded {
    let inner = Inner::default();
    Guarded {
        app: inner.router().layer(builder.layer().unwrap()),
        inner,
        clock: clock.clone(),
    }
}

/// A response that has been read to its end.
#[derive(Debug)]
pub(crate) struct Answered {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Answered {
    pub(crate) async fn read(response: Response) -> Self {
        let (parts, body) = response.into_parts();
        Self {
            status: parts.status,
            headers: parts.headers,
            body: body.collect().await.unwrap().to_bytes().to_vec(),
        }
    }

    pub(crate) fn required(&self) -> PreconditionRequired {
        PreconditionRequired::read(self.status, &self.headers, &self.body)
            .unwrap()
            .unwrap()
    }

    pub(crate) fn challenge(&self) -> Challenge {
        self.required().challenge().cloned().unwrap()
    }

    pub(crate) fn error(&self) -> Option<ErrorCode> {
        assert_eq!(self.status, StatusCode::PRECONDITION_REQUIRED);
        self.required().error()
    }

    pub(crate) fn token(&self) -> AttestationToken {
        response::token(&self.headers).unwrap().unwrap()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// That the inner service answered.
    pub(crate) fn is_served(&self) -> bool {
        self.status == StatusCode::OK && self.body == b"the report"
    }
}

impl Guarded {
    pub(crate) async fn send(&self, request: Request) -> Answered {
        Answered::read(self.app.clone().oneshot(request).await.unwrap()).await
    }

    pub(crate) async fn get(&self, path: &str) -> Answered {
        self.send(get(path)).await
    }

    pub(crate) async fn get_with_token(&self, path: &str, token: &str) -> Answered {
        self.send(with(get(path), &TOKEN, token)).await
    }

    /// Asks for a challenge and signs its answer.
    pub(crate) async fn answer(&self, path: &str) -> SignedPayload {
        sign(&self.get(path).await.challenge(), self.clock.now())
    }

    pub(crate) async fn attest(&self, path: &str) -> Answered {
        let payload = self.answer(path).await;
        self.submit(path, &payload).await
    }

    pub(crate) async fn submit(&self, path: &str, payload: &SignedPayload) -> Answered {
        let header = payload.to_header().unwrap();
        self.send(with(get(path), &ATTESTATION, &header)).await
    }

    pub(crate) async fn post(&self, body: impl Into<Body>) -> Answered {
        self.send(post(body)).await
    }
}

pub(crate) fn get(path: &str) -> Request {
    Request::builder().uri(path).body(Body::empty()).unwrap()
}

pub(crate) fn with(mut request: Request, name: &header::HeaderName, value: &str) -> Request {
    let value = header::HeaderValue::from_bytes(value.as_bytes()).unwrap();
    request.headers_mut().append(name, value);
    request
}

pub(crate) fn post(body: impl Into<Body>) -> Request {
    Request::post(x428::http::ATTESTATION_PATH)
        .header(header::CONTENT_TYPE, "application/json")
        .body(body.into())
        .unwrap()
}

pub(crate) fn operator() -> SigningKey {
    SigningKey::from_seed(&[7; 32])
}

/// The operator's answer to every precondition.
pub(crate) fn sign(challenge: &Challenge, now: Timestamp) -> SignedPayload {
    let key = operator();
    let mut answer = Answer::new(challenge, key.did().unwrap());
    for precondition in &*challenge.message().preconditions {
        answer = answer.confirm(precondition.id().as_str(), now).unwrap();
    }
    answer.sign(&key).unwrap()
}
