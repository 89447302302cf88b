//! A server that guards what is below `/r/`, and lies where a test tells it to.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use http::{HeaderMap, Method, Response, StatusCode};
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::AbortHandle;
use x428::attestation::issue::{ChallengeIssuer, Policy};
use x428::attestation::nonce::MemoryNonceStore;
use x428::attestation::receipt::ReceiptIssuer;
use x428::attestation::token::TokenIssuer;
use x428::attestation::{Accepted, Challenge, Expected, Payload, Verifier};
use x428::client::{AttestationMiddleware, ClientError, ConsentPolicy, Operator, Origin, Rule};
use x428::clock::FixedClock;
use x428::did::fixed::FixedResolver;
use x428::error::{Error, Rejected};
use x428::http::{
    ATTESTATION, DISCOVERY_PATH, PreconditionRequired, TOKEN, discovery, request, response,
};
use x428::sign::SigningKey;
use x428::sign::seal::{SealKey, SealRing};
use x428::vc::LegacyJcs;
use x428::wire::attestation::{AbsoluteUri, ErrorCode, MinimumAge, Precondition};

pub(crate) const TERMS: &str = "Be kind, and cite us.\n";
const ENDPOINT: &str = "/.well-known/x428-attest";

/// The time of every test.
pub(crate) fn now() -> Timestamp {
    "2026-11-20T12:00:00Z".parse().unwrap()
}

pub(crate) fn clock() -> FixedClock {
    FixedClock(now())
}

/// What a request was, as far as tests ask.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Seen {
    /// What the request showed: `payload`, `token`, both or nothing.
    pub(crate) fn shows(&self) -> &'static str {
        let has = |name| self.headers.contains_key(name);
        match (has(ATTESTATION), has(TOKEN)) {
            (true, true) => "both",
            (true, false) => "payload",
            (false, true) => "token",
            (false, false) => "nothing",
        }
    }
}

type Reply = Response<Vec<u8>>;
type Hook = Box<dyn Fn(&Guard, &Seen) -> Option<Reply> + Send + Sync>;

/// The honest part of the server.
pub(crate) struct Guard {
    pub(crate) base: String,
    issuer: ChallengeIssuer,
    verifier: Verifier<FixedResolver, MemoryNonceStore<FixedClock>, LegacyJcs, FixedClock>,
    tokens: TokenIssuer,
    policy: Policy,
    scope: Option<String>,
    clock: FixedClock,
    pub(crate) receipts: ReceiptIssuer<SigningKey>,
}

impl Guard {
    pub(crate) fn challenge_for(&self, path: &str) -> Challenge {
        let resource = AbsoluteUri::parse(format!("{}{path}", self.base)).unwrap();
        self.issuer
            .issue(&self.policy, &resource, self.clock.0)
            .unwrap()
    }

    /// The first 428 for a path.
    pub(crate) fn required(&self, path: &str) -> Reply {
        let required = PreconditionRequired::attest(self.challenge_for(path));
        required.to_response().unwrap()
    }

    /// A 428 with a challenge that has been tampered with.
    pub(crate) fn tampered(&self, path: &str, tamper: impl Fn(&mut Value)) -> Reply {
        let mut challenge = serde_json::to_value(self.challenge_for(path).message()).unwrap();
        tamper(&mut challenge);
        required_of(
            &challenge,
            &json!({"detail": "Attest.", "challenge": challenge}),
        )
    }

    pub(crate) fn refused(&self, path: &str, code: ErrorCode) -> Reply {
        let rejected = Rejected::new(code, "No.");
        let required = PreconditionRequired::rejected(&rejected, Some(self.challenge_for(path)));
        required.to_response().unwrap()
    }

    fn verify(&self, payload: &Payload, requested: Option<&str>) -> Result<Accepted, Rejected> {
        let mut expected = Expected::sealed(&self.issuer, &self.policy);
        if let Some(requested) = requested {
            expected = expected.requested(requested);
        }
        match self.verifier.verify_now(expected, payload) {
            Ok(accepted) => Ok(accepted),
            Err(Error::Rejected(rejected)) => Err(rejected),
            Err(error) => panic!("{error}"),
        }
    }

    fn grant(&self, reply: &mut Reply, payload: &Payload, accepted: &Accepted) {
        let token = self
            .tokens
            .issue(accepted, self.scope.as_deref(), None)
            .unwrap();
        response::put_token(reply.headers_mut(), &token).unwrap();
        let receipt = self.receipts.issue(accepted, payload, &token);
        let receipt = x428::poll_ready(receipt).unwrap().unwrap();
        response::put_receipt(reply.headers_mut(), &receipt).unwrap();
    }

    pub(crate) fn serve(&self, seen: &Seen) -> Reply {
        let uri = format!("{}{}", self.base, seen.path);
        if seen.path == DISCOVERY_PATH {
            let document = json!({
                "supportedVersions": [1], "preconditionTypes": ["tos"],
                "receiptIssuer": self.receipts.server().as_str(),
            });
            let document = serde_json::from_value(document).unwrap();
            return discovery::to_response(&document, std::time::Duration::ZERO).unwrap();
        }
        if seen.path == "/terms.txt" {
            return Response::new(TERMS.into());
        }
        if seen.path == ENDPOINT && seen.method == Method::POST {
            let payload = Payload::from_body(&seen.body);
            return match payload.and_then(|p| Ok((self.verify(&p, None)?, p))) {
                Err(rejected) => self.refused("/r/1", rejected.code()),
                Ok((accepted, payload)) => {
                    let token = self.tokens.issue(&accepted, self.scope.as_deref(), None);
                    let token = token.unwrap();
                    let mut reply = response::accepted(&token).unwrap();
                    let receipt = self.receipts.issue(&accepted, &payload, &token);
                    let receipt = x428::poll_ready(receipt).unwrap().unwrap();
                    response::put_receipt(reply.headers_mut(), &receipt).unwrap();
                    reply
                }
            };
        }
        if !seen.path.starts_with("/r/") {
            return Response::new(b"open".to_vec());
        }
        let mut report = Response::new(seen.body.clone());
        report.body_mut().extend_from_slice(b"report");
        match request::payload(&seen.headers) {
            Err(rejected) => return self.refused(&seen.path, rejected.code()),
            Ok(Some(payload)) => {
                return match self.verify(&payload, Some(&uri)) {
                    Err(rejected) => self.refused(&seen.path, rejected.code()),
                    Ok(accepted) => {
                        self.grant(&mut report, &payload, &accepted);
                        report
                    }
                };
            }
            Ok(None) => {}
        }
        match request::token(&seen.headers).and_then(|token| self.tokens.open(token)) {
            None => self.required(&seen.path),
            Some(grant) => match grant.check(&uri, self.clock.0) {
                Err(rejected) => self.refused(&seen.path, rejected.code()),
                Ok(()) => report,
            },
        }
    }
}

/// A 428 whose header and body are as the test wants them.
pub(crate) fn required_of(in_header: &Value, body: &Value) -> Reply {
    let header = x428::attestation::header::encode(&in_header.to_string());
    Response::builder()
        .status(428)
        .header("content-type", "application/json")
        .header("x-428-required", header)
        .body(body.to_string().into_bytes())
        .unwrap()
}

pub(crate) fn status(status: u16) -> Reply {
    let mut reply = Response::new(Vec::new());
    *reply.status_mut() = StatusCode::from_u16(status).unwrap();
    reply
}

/// How a server is set up.
pub(crate) struct Setup {
    preconditions: Vec<Value>,
    endpoint: bool,
    scope: Option<&'static str>,
    clock: FixedClock,
    hook: Option<Hook>,
}

impl Setup {
    /// Requires that the terms are accepted.
    pub(crate) fn terms() -> Self {
        Self::of(vec![terms("/terms.txt")])
    }

    /// `$BASE` in the preconditions is the address of the server.
    pub(crate) fn of(preconditions: Vec<Value>) -> Self {
        Self {
            preconditions,
            endpoint: false,
            scope: None,
            clock: clock(),
            hook: None,
        }
    }

    /// Asks for so much that no header holds the answer: names of 128 characters are 512 bytes.
    pub(crate) fn long() -> Self {
        let name = |number: usize| format!("{number}{}", "\u{1d535}".repeat(126));
        let precondition = |number| json!({"id": name(number), "type": "identity", "allowedAttestationMethods": ["self"]});
        Self::of((10..26).map(precondition).collect())
    }

    /// Requires something of every type.
    pub(crate) fn everything() -> Self {
        Self::of(vec![
            terms("/terms.txt"),
            json!({"id": "adult", "type": "age", "allowedAttestationMethods": ["self", "vc"],
                   "minimumAge": 18, "acceptedVcIssuers": ["did:web:issuer.example"]}),
            json!({"id": "who", "type": "identity", "allowedAttestationMethods": ["self"]}),
        ])
    }

    /// Lives at another time than the tests.
    pub(crate) fn at(mut self, now: Timestamp) -> Self {
        self.clock = FixedClock(now);
        self
    }

    pub(crate) fn with_endpoint(mut self) -> Self {
        self.endpoint = true;
        self
    }

    pub(crate) fn with_scope(mut self, path: &'static str) -> Self {
        self.scope = Some(path);
        self
    }

    /// Answers instead of the honest server, where it returns something.
    pub(crate) fn lying(
        mut self,
        hook: impl Fn(&Guard, &Seen) -> Option<Reply> + Send + Sync + 'static,
    ) -> Self {
        self.hook = Some(Box::new(hook));
        self
    }

    pub(crate) fn preconditions(self) -> Vec<Value> {
        self.preconditions
    }

    pub(crate) async fn start(self) -> Server {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let base = format!("http://{address}");
        let preconditions: Vec<Precondition> = self
            .preconditions
            .iter()
            .map(|json| json.to_string().replace("$BASE", &base))
            .map(|text| serde_json::from_str(&text).unwrap())
            .collect();
        let ring = SealRing::new(SealKey::new(1, [7; 32]));
        let mut issuer = ChallengeIssuer::new(ring.clone());
        if self.endpoint {
            let endpoint = AbsoluteUri::parse(format!("{base}{ENDPOINT}")).unwrap();
            issuer = issuer.with_endpoint(endpoint);
        }
        let nonces = MemoryNonceStore::with_clock(100, self.clock);
        let guard = Guard {
            verifier: Verifier::new(FixedResolver::new(), nonces)
                .with_proofs(LegacyJcs::danger_for_test_vectors())
                .with_clock(self.clock),
            issuer,
            tokens: TokenIssuer::new(ring),
            policy: Policy::new(preconditions).unwrap(),
            scope: self.scope.map(|path| format!("{base}{path}")),
            receipts: ReceiptIssuer::of_key(SigningKey::from_seed(&[9; 32])).unwrap(),
            clock: self.clock,
            base: base.clone(),
        };
        let shared = Arc::new(Shared {
            guard,
            hook: self.hook,
            seen: Mutex::default(),
        });
        let router = Router::new()
            .fallback(handle)
            .with_state(Arc::clone(&shared));
        let task = tokio::spawn(async move { axum::serve(listener, router).await });
        Server {
            base,
            address,
            shared,
            task: task.abort_handle(),
        }
    }
}

struct Shared {
    guard: Guard,
    hook: Option<Hook>,
    seen: Mutex<Vec<Seen>>,
}

async fn handle(State(shared): State<Arc<Shared>>, request: Request) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let path = parts.uri.path_and_query().map(ToString::to_string);
    let seen = Seen {
        method: parts.method,
        path: path.unwrap(),
        headers: parts.headers,
        body: to_bytes(body, 1 << 20).await.unwrap().to_vec(),
    };
    let lie = shared
        .hook
        .as_ref()
        .and_then(|hook| hook(&shared.guard, &seen));
    let reply = lie.unwrap_or_else(|| shared.guard.serve(&seen));
    shared.seen.lock().unwrap().push(seen);
    reply.map(Body::from)
}

/// A server, until it is dropped.
pub(crate) struct Server {
    pub(crate) base: String,
    pub(crate) address: SocketAddr,
    shared: Arc<Shared>,
    task: AbortHandle,
}

impl Server {
    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    pub(crate) fn guard(&self) -> &Guard {
        &self.shared.guard
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.shared.seen.lock().unwrap().clone()
    }

    /// The requests as `GET /r/1 nothing`.
    pub(crate) fn log(&self) -> Vec<String> {
        let line = |seen: &Seen| format!("{} {} {}", seen.method, seen.path, seen.shows());
        self.seen().iter().map(line).collect()
    }

    /// Whether anything was ever signed for this server.
    pub(crate) fn saw_a_payload(&self) -> bool {
        let is_payload =
            |seen: &Seen| seen.headers.contains_key(ATTESTATION) || seen.method == Method::POST;
        self.seen().iter().any(is_payload)
    }

    /// A policy that consents to everything that this server may ask.
    pub(crate) fn consent(&self) -> ConsentPolicy {
        let rule = Rule::of([Origin::parse(&self.base).unwrap()])
            .with_document_host("127.0.0.1")
            .with_age(MinimumAge::new(18).unwrap())
            .with_identity();
        ConsentPolicy::new().with(rule)
    }

    /// A client whose policy consents to everything that this server may ask.
    pub(crate) fn client(&self) -> reqwest_middleware::ClientWithMiddleware {
        attach(middleware(self.consent()))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

pub(crate) fn terms(path: &str) -> Value {
    json!({
        "id": "terms", "type": "tos", "allowedAttestationMethods": ["self"], "tosVersion": "1",
        "documentUrl": format!("$BASE{path}"), "documentHash": hash_of(TERMS),
    })
}

pub(crate) fn hash_of(text: &str) -> String {
    use sha2::{Digest as _, Sha256};
    let digits = Sha256::digest(text);
    let digits: Vec<_> = digits.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256-{}", digits.concat())
}

pub(crate) fn operator() -> Operator<SigningKey> {
    Operator::of_key(SigningKey::from_seed(&[3; 32])).unwrap()
}

pub(crate) fn middleware(
    policy: ConsentPolicy,
) -> AttestationMiddleware<SigningKey, x428::client::Nobody, FixedClock> {
    AttestationMiddleware::new(operator(), policy)
        .unwrap()
        .with_clock(clock())
}

pub(crate) fn attach<S, A, C>(
    middleware: AttestationMiddleware<S, A, C>,
) -> reqwest_middleware::ClientWithMiddleware
where
    S: x428::sign::Signer + Send + Sync + 'static,
    A: x428::client::Ask + Send + Sync + 'static,
    C: x428::clock::Clock + Send + Sync + 'static,
{
    let client = reqwest::Client::builder().no_proxy();
    middleware.attach(client).unwrap().build()
}

/// The error of the client in the error of the middleware.
pub(crate) fn client_error(
    result: Result<reqwest::Response, reqwest_middleware::Error>,
) -> ClientError {
    match result.unwrap_err() {
        reqwest_middleware::Error::Middleware(error) => error.downcast().unwrap(),
        reqwest_middleware::Error::Reqwest(error) => panic!("{error}"),
    }
}
