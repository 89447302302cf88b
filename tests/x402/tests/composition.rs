//! x402 as the inner layer (section 8.5): what has not been agreed to is not for sale.
//!
//! The facilitator is a stand-in in memory: what it would ask a chain, nobody here asks.

#![expect(
    clippy::unwrap_used,
    reason = "a test that panics is a test that fails"
)]

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Method, Request, StatusCode, Uri};
use http_body_util::BodyExt as _;
use jiff::Timestamp;
use serde_json::json;
use tower::ServiceExt as _;
use x402_axum::X402Middleware;
use x402_types::facilitator::Facilitator;
use x402_types::proto::v2::{PaymentRequirements, PriceTag};
use x402_types::proto::{
    SettleRequest, SettleResponse, SupportedResponse, VerifyRequest, VerifyResponse,
};
use x428::attestation::issue::{ChallengeIssuer, Policy};
use x428::attestation::nonce::MemoryNonceStore;
use x428::attestation::token::TokenIssuer;
use x428::attestation::{Answer, Challenge, Verifier};
use x428::clock::Clock;
use x428::did::fixed::FixedResolver;
use x428::http::{PreconditionRequired, REQUIRED, response};
use x428::server::{PublicBase, Server};
use x428::sign::SigningKey;
use x428::sign::seal::{SealKey, SealRing};
use x428::wire::attestation::{
    AllowedAttestationMethods, AttestationMethod, ErrorCode, IdentityPrecondition, PreconditionId,
};

/// Finds every payment good, and counts.
#[derive(Clone, Default)]
struct Bank {
    verified: Arc<AtomicUsize>,
    settled: Arc<AtomicUsize>,
}

impl Facilitator for Bank {
    type Error = Infallible;

    async fn verify(&self, _: &VerifyRequest) -> Result<VerifyResponse, Infallible> {
        self.verified.fetch_add(1, Ordering::SeqCst);
        Ok(VerifyResponse(json!({"isValid": true, "payer": "0xpayer"})))
    }

    async fn settle(&self, _: &SettleRequest) -> Result<SettleResponse, Infallible> {
        self.settled.fetch_add(1, Ordering::SeqCst);
        Ok(SettleResponse(json!({
            "success": true,
            "payer": "0xpayer",
            "transaction": "0xtransaction",
            "network": "eip155:84532",
        })))
    }

    async fn supported(&self) -> Result<SupportedResponse, Infallible> {
        Ok(SupportedResponse::default())
    }
}

/// Seconds after a fixed moment, set by hand.
#[derive(Clone, Default)]
struct Hand(Arc<AtomicI64>);

impl Clock for Hand {
    fn now(&self) -> Timestamp {
        Timestamp::from_second(1_795_176_000 + self.0.load(Ordering::SeqCst)).unwrap()
    }
}

struct Shop {
    app: Router,
    bank: Bank,
    clock: Hand,
}

struct Answered {
    status: StatusCode,
    headers: HeaderMap,
    body: Vec<u8>,
}

/// Attestation outside, payment inside.
fn shop() -> Shop {
    let methods = AllowedAttestationMethods::new(vec![AttestationMethod::Self_]).unwrap();
    let id = PreconditionId::parse("operator").unwrap();
    let identity = IdentityPrecondition::new(id, methods);
    let policy = Arc::new(Policy::new(vec![identity.into()]).unwrap());
    let clock = Hand::default();
    let nonces = MemoryNonceStore::with_clock(100, clock.clone());
    let attestation = Server::builder(
        PublicBase::parse("https://api.example.com").unwrap(),
        move |_: &Method, _: &Uri| Some(policy.clone()),
        Verifier::new(FixedResolver::new(), nonces).with_clock(clock.clone()),
        ChallengeIssuer::new(SealRing::new(SealKey::new(1, [1; 32]))),
        TokenIssuer::new(SealRing::new(SealKey::new(2, [2; 32]))),
    );
    let bank = Bank::default();
    let price = PriceTag {
        requirements: requirements(),
        enricher: None,
    };
    let payment = X402Middleware::from_facilitator(bank.clone()).with_price_tag(price);
    let app = Router::new()
        .route("/report", axum::routing::get(async || "the report"))
        .layer(payment)
        .layer(attestation.layer().unwrap());
    Shop { app, bank, clock }
}

fn requirements() -> PaymentRequirements {
    PaymentRequirements {
        scheme: "exact".to_owned(),
        network: "eip155:84532".parse().unwrap(),
        amount: "10000".to_owned(),
        pay_to: "0xseller".to_owned(),
        max_timeout_seconds: 60,
        asset: "0xasset".to_owned(),
        extra: None,
    }
}

/// The value of the header with which a client pays.
fn payment() -> String {
    let payment = json!({
        "x402Version": 2,
        "accepted": requirements(),
        "payload": {"signature": "0xsignature"},
    });
    x402_types::util::b64::Base64Bytes::encode(payment.to_string()).to_string()
}

const ATTESTED: &str = "x-428-attestation";
const WITH_TOKEN: &str = "x-428-token";
const PAYMENT: &str = "payment-signature";

impl Shop {
    async fn get(&self, headers: &[(&str, &str)]) -> Answered {
        let mut request = Request::get("/report");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Body::empty()).unwrap();
        let response = self.app.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        Answered {
            status: parts.status,
            headers: parts.headers,
            body: body.collect().await.unwrap().to_bytes().to_vec(),
        }
    }

    async fn answer(&self) -> String {
        let challenge = self.get(&[]).await.challenge();
        let operator = SigningKey::from_seed(&[7; 32]);
        let answer = Answer::new(&challenge, operator.did().unwrap());
        let answer = answer.confirm("operator", self.clock.now()).unwrap();
        answer.sign(&operator).unwrap().to_header().unwrap()
    }

    fn asked(&self) -> (usize, usize) {
        let of = |count: &AtomicUsize| count.load(Ordering::SeqCst);
        (of(&self.bank.verified), of(&self.bank.settled))
    }
}

impl Answered {
    fn required(&self) -> PreconditionRequired {
        PreconditionRequired::read(self.status, &self.headers, &self.body)
            .unwrap()
            .unwrap()
    }

    fn challenge(&self) -> Challenge {
        self.required().challenge().cloned().unwrap()
    }

    fn token(&self) -> String {
        let token = response::token(&self.headers).unwrap().unwrap();
        token.token.as_str().to_owned()
    }
}

// r[verify attestation.x402.order]
// r[verify attestation.x402.independent]
#[tokio::test]
async fn a_payment_comes_after_the_attestation() {
    let shop = shop();
    for headers in [&[][..], &[(PAYMENT, payment().as_str())]] {
        let answered = shop.get(headers).await;
        assert_eq!(answered.status, StatusCode::PRECONDITION_REQUIRED);
        assert!(answered.headers.contains_key(REQUIRED));
    }
    assert_eq!(shop.asked(), (0, 0), "nobody was asked for a payment");
}

// r[verify attestation.x402.token-on-402]
// r[verify attestation.http.private]
#[tokio::test]
async fn the_token_comes_with_the_402() {
    let shop = shop();
    let payload = shop.answer().await;
    let due = shop.get(&[(ATTESTED, payload.as_str())]).await;
    assert_eq!(due.status, StatusCode::PAYMENT_REQUIRED);
    assert_eq!(due.headers["cache-control"], "private");
    assert!(due.headers.contains_key("payment-required"));
    let token = due.token();
    let unpaid = shop.get(&[(WITH_TOKEN, token.as_str())]).await;
    assert_eq!(unpaid.status, StatusCode::PAYMENT_REQUIRED);
    assert_eq!(shop.asked(), (0, 0));

    let paid = shop
        .get(&[(WITH_TOKEN, token.as_str()), (PAYMENT, &payment())])
        .await;
    assert_eq!(paid.status, StatusCode::OK);
    assert_eq!(paid.body, b"the report");
    assert_eq!(shop.asked(), (1, 1));
}

#[tokio::test]
async fn both_may_come_at_once() {
    let shop = shop();
    let payload = shop.answer().await;
    let headers = [(ATTESTED, payload.as_str()), (PAYMENT, &payment())];
    let paid = shop.get(&headers).await;
    assert_eq!(paid.status, StatusCode::OK);
    assert!(!paid.token().is_empty());
    assert_eq!(shop.asked(), (1, 1));
    let again = shop.get(&headers).await;
    assert_eq!(again.required().error(), Some(ErrorCode::NonceReplayed));
    assert_eq!(shop.asked(), (1, 1), "what is refused is not paid for");
}

// r[verify attestation.x402.expired-while-paying]
#[tokio::test]
async fn a_refused_token_settles_nothing() {
    let shop = shop();
    let payload = shop.answer().await;
    let token = shop.get(&[(ATTESTED, payload.as_str())]).await.token();
    shop.clock.0.fetch_add(3600, Ordering::SeqCst);
    let headers = [(WITH_TOKEN, token.as_str()), (PAYMENT, &payment())];
    let refused = shop.get(&headers).await;
    assert_eq!(refused.required().error(), Some(ErrorCode::TokenExpired));
    assert_eq!(shop.asked(), (0, 0));
}
