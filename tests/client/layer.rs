//! The client and the server of this crate, at both ends of one handshake.

use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::routing::any;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::AbortHandle;
use x428::attestation::Verifier;
use x428::attestation::issue::{ChallengeIssuer, Policy};
use x428::attestation::nonce::MemoryNonceStore;
use x428::attestation::receipt::ReceiptIssuer;
use x428::attestation::token::TokenIssuer;
use x428::client::{
    AttestationMiddleware, ClientError, ConsentPolicy, Nobody, Origin, Receipts, Rule, TokenCache,
};
use x428::clock::FixedClock;
use x428::did::fixed::FixedResolver;
use x428::did::key::KeyResolver;
use x428::server::{AttestationLayer, Attested, Grants, PublicBase, Requirement, Server};
use x428::sign::SigningKey;
use x428::sign::seal::{SealKey, SealRing};
use x428::wire::attestation::{ErrorCode, MinimumAge, Precondition};

use super::server::{Setup, TERMS, attach, client_error, clock, middleware, now, operator, terms};

/// A service behind the layer, until it is dropped.
struct Guarded {
    base: String,
    task: AbortHandle,
}

impl Guarded {
    /// Guards what is below `/r/`. `secret` is what the keys of the server are made of.
    async fn start(preconditions: &[Value], secret: u8) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let read = |json: &Value| {
            let text = json.to_string().replace("$BASE", &base);
            serde_json::from_str::<Precondition>(&text).unwrap()
        };
        let policy = Arc::new(Policy::new(preconditions.iter().map(read).collect()).unwrap());
        let layer = Self::layer(&base, policy, secret);
        let echo = async |attested: Option<axum::Extension<Attested>>, body: String| {
            let who = attested.map(|attested| attested.0.operator.to_string());
            format!("{body} for {}", who.unwrap_or_default())
        };
        let router = Router::new()
            .route("/r/{name}", any(echo))
            .route("/terms.txt", any(async || TERMS))
            .layer(layer);
        let task = tokio::spawn(async move { axum::serve(listener, router).await });
        Self {
            base,
            task: task.abort_handle(),
        }
    }

    fn layer(base: &str, policy: Arc<Policy>, secret: u8) -> AttestationLayer {
        let nonces = MemoryNonceStore::with_clock(100, clock());
        let receipts = SigningKey::from_seed(&[secret; 32]);
        Server::builder(
            PublicBase::parse(base).unwrap(),
            move |_: &http::Method, uri: &http::Uri| {
                let is_guarded = uri.path().starts_with("/r/");
                is_guarded.then(|| Requirement::new(policy.clone()).granting(Grants::Siblings))
            },
            Verifier::new(FixedResolver::new(), nonces).with_clock(clock()),
            ChallengeIssuer::new(SealRing::new(SealKey::new(1, [secret; 32]))),
            TokenIssuer::new(SealRing::new(SealKey::new(2, [secret; 32]))),
        )
        .with_receipts(ReceiptIssuer::of_key(receipts).unwrap())
        .layer()
        .unwrap()
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    fn middleware(&self) -> AttestationMiddleware<SigningKey, Nobody, FixedClock> {
        let rule = Rule::of([Origin::parse(&self.base).unwrap()])
            .with_document_host("127.0.0.1")
            .with_age(MinimumAge::new(18).unwrap())
            .with_identity();
        middleware(ConsentPolicy::new().with(rule))
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn everything() -> [Value; 3] {
    [
        terms("/terms.txt"),
        json!({"id": "adult", "type": "age", "allowedAttestationMethods": ["self"],
               "minimumAge": 18}),
        json!({"id": "who", "type": "identity", "allowedAttestationMethods": ["self"]}),
    ]
}

// r[verify attestation.http.challenge-header]
// r[verify attestation.http.token-header]
// r[verify attestation.receipt.transport]
#[tokio::test]
async fn the_handshake_holds_from_end_to_end() {
    for preconditions in [everything().to_vec(), Setup::long().preconditions()] {
        let server = Guarded::start(&preconditions, 1).await;
        let tokens = Arc::new(TokenCache::new(8));
        let verdicts = Arc::new(Mutex::new(Vec::new()));
        let noted = Arc::clone(&verdicts);
        let receipts = Receipts::new(KeyResolver, move |verdict| {
            noted.lock().unwrap().push(verdict);
        });
        let client = server
            .middleware()
            .with_tokens(Arc::clone(&tokens))
            .with_receipts(receipts);
        let client = attach(client);
        let who = operator().did().to_string();
        for path in ["/r/1", "/r/1?page=2", "/r/2"] {
            let response = client.post(server.url(path)).body("Body").send().await;
            let text = response.unwrap().text().await.unwrap();
            assert_eq!(text, format!("Body for {who}"));
        }
        // One attestation, with one receipt, was enough for all of them.
        assert_eq!(tokens.len(), 1);
        let verdicts = verdicts.lock().unwrap();
        let [Ok(received)] = verdicts.as_slice() else {
            panic!("{verdicts:?}");
        };
        assert_eq!(received.receipt.value()["operatorId"], who);
    }
}

#[tokio::test]
async fn a_token_of_former_keys_is_replaced() {
    let former = Guarded::start(&everything(), 1).await;
    let tokens = Arc::new(TokenCache::new(8));
    let client = attach(former.middleware().with_tokens(Arc::clone(&tokens)));
    client.get(former.url("/r/1")).send().await.unwrap();
    let url = former.url("/r/1").parse().unwrap();
    let token = tokens.find(&url, now()).unwrap();

    let server = Guarded::start(&everything(), 2).await;
    let scope = token.scope.as_str().replace(&former.base, &server.base);
    let mut foreign = serde_json::to_value(&token).unwrap();
    foreign["scope"] = scope.into();
    let foreign = serde_json::from_value(foreign).unwrap();
    let tokens = Arc::new(TokenCache::new(8));
    let url = server.url("/r/1").parse().unwrap();
    tokens.keep(foreign, &url, now());
    assert_eq!(tokens.len(), 1);

    let client = attach(server.middleware().with_tokens(Arc::clone(&tokens)));
    let response = client.get(server.url("/r/1")).send().await.unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(tokens.len(), 1);
    assert_ne!(tokens.find(&url, now()).unwrap().token, token.token);
}

/// A DID whose document the server does not find.
// r[verify attestation.verify.operator]
#[tokio::test]
async fn the_code_of_the_server_arrives_at_the_caller() {
    let server = Guarded::start(&everything(), 1).await;
    let did = x428::did::Did::parse("did:web:operator.example").unwrap();
    let operator = x428::client::Operator::new(did, SigningKey::from_seed(&[3; 32])).unwrap();
    let rule = Rule::of([Origin::parse(&server.base).unwrap()])
        .with_document_host("127.0.0.1")
        .with_age(MinimumAge::new(18).unwrap())
        .with_identity();
    let policy = ConsentPolicy::new().with(rule);
    let client = AttestationMiddleware::new(operator, policy).unwrap();
    let client = attach(client.with_clock(clock()));
    let error = client_error(client.get(server.url("/r/1")).send().await);
    let ClientError::Refused {
        code, challenge, ..
    } = error
    else {
        panic!("{error}");
    };
    assert_eq!(code, Some(ErrorCode::UnresolvableOperator));
    assert!(challenge.is_some());
}
