//! One exchange against a server of its own.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::Response;
use axum::routing::any;
use http_body_util::BodyExt as _;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use tower::ServiceExt as _;
use x428::attestation::issue::{ChallengeIssuer, Policy};
use x428::attestation::nonce::MemoryNonceStore;
use x428::attestation::receipt::ReceiptIssuer;
use x428::attestation::token::TokenIssuer;
use x428::attestation::{Answer, Challenge, Verifier, header as form, scope};
use x428::clock::{Clock, parse_timestamp};
use x428::did::fixed::FixedResolver;
use x428::jcs::{Limits, StrictJson};
use x428::server::{Grants, PublicBase, Requirement, Server};
use x428::sign::seal::{SealKey, SealRing};
use x428::sign::sign_object;
use x428::wire::attestation::{CHALLENGE_LIFETIME, TOKEN_LIFETIME};

use crate::message::{Message, decode};
use crate::text::Text;

const BASE: &str = "https://api.example.com";
const REQUIRED: &str = "x-428-required";
const ATTESTATION: &str = "x-428-attestation";
const TOKEN: &str = "x-428-token";

#[derive(Clone)]
struct Hand(Arc<Mutex<Timestamp>>);

impl Clock for Hand {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }
}

pub(crate) struct Replay<'a> {
    text: &'a Text,
    messages: &'a [Message],
    app: Router,
    clock: Hand,
    /// What the resource answers, if it is asked.
    resource: Arc<Mutex<Option<Message>>>,
    /// What the text has, and what the server has made in its place.
    stands_for: BTreeMap<String, String>,
}

/// What came back.
struct Answered {
    status: StatusCode,
    headers: HeaderMap,
    body: String,
}

impl<'a> Replay<'a> {
    pub(crate) fn new(text: &'a Text, messages: &'a [Message]) -> Self {
        let clock = Hand(Arc::new(Mutex::new(
            "2026-11-20T12:00:00Z".parse().unwrap(),
        )));
        let resource: Arc<Mutex<Option<Message>>> = Arc::default();
        let shown = Arc::clone(&resource);
        let inner = Router::new().fallback(any(async move || {
            let shown = shown.lock().unwrap().clone();
            let Some(message) = shown else {
                let mut response = Response::new(Body::from("the resource was asked"));
                *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
                return response;
            };
            let mut response = Response::builder().status(message.status().unwrap());
            for (name, value) in &message.headers {
                // What the server of the protocol adds is not the resource's.
                let is_own = name.starts_with("x-428-") || value == "private";
                if !is_own {
                    response = response.header(name, value);
                }
            }
            response.body(Body::from(message.body)).unwrap()
        }));
        let server = server(text, messages, &clock);
        Self {
            text,
            messages,
            app: inner.layer(x428::server::AttestationLayer::new(server)),
            clock,
            resource,
            stands_for: BTreeMap::new(),
        }
    }

    pub(crate) async fn run(mut self) -> Result<(), String> {
        if self.messages.is_empty() || self.messages.len() % 2 == 1 {
            return Err("not requests with their responses".to_owned());
        }
        for (at, pair) in self.messages.chunks_exact(2).enumerate() {
            let [asked, answered] = pair else { continue };
            let step = at * 2 + 1;
            self.step(asked, answered)
                .await
                .map_err(|why| format!("step {step}: {why}"))?;
        }
        Ok(())
    }

    async fn step(&mut self, asked: &Message, answered: &Message) -> Result<(), String> {
        let (method, target) = asked.request().ok_or("no request")?;
        let status = answered.status().ok_or("no response")?;
        let mut request = Request::builder().method(method).uri(target);
        let mut body = asked.body.clone();
        if let Some(payload) = asked.json().filter(|json| json["attestations"].is_array()) {
            body = self.payload(payload).await?.to_string();
        }
        for (name, value) in &asked.headers {
            let value = match name.as_str() {
                ATTESTATION => {
                    let payload = decode(value).ok_or("the payload cannot be read")?;
                    form::encode(&self.payload(payload).await?.to_string())
                }
                TOKEN => self.token(value, target, answered).await?,
                _ => value.clone(),
            };
            request = request.header(name, value);
        }
        if let Some(now) = time_of(answered) {
            self.set(now);
        }
        let is_own = status == 428;
        *self.resource.lock().unwrap() = (!is_own).then(|| answered.clone());
        let request = request
            .body(Body::from(body))
            .map_err(|error| error.to_string())?;
        let response = self.send(request).await;
        self.compare(answered, &response)
    }

    /// The payload of the text, for the challenge that the server has issued in the place of the
    /// text's, signed with the same key.
    async fn payload(&mut self, mut payload: Value) -> Result<Value, String> {
        let nonce = payload["challenge"].as_str().unwrap_or_default().to_owned();
        if !self.stands_for.contains_key(&nonce) {
            let text = self.text;
            let challenge = text
                .challenge_of(&nonce)
                .ok_or("a payload for no challenge")?;
            let expires_at = parse_timestamp(challenge["expiresAt"].as_str().unwrap_or_default())
                .map_err(|error| error.to_string())?;
            self.set(before(expires_at, CHALLENGE_LIFETIME));
            let target = challenge["resource"].as_str().unwrap_or_default();
            let target = target.strip_prefix(BASE).ok_or("a resource elsewhere")?;
            let issued = self.challenge(target).await?;
            let own = issued["challenge"].as_str().unwrap_or_default().to_owned();
            self.learn(&nonce, &own)?;
            self.same(challenge, &issued)?;
        }
        payload["challenge"] = self.stands_for[&nonce].clone().into();
        let did = payload["operatorId"].as_str().unwrap_or_default();
        let key = self
            .text
            .key_of(did)
            .ok_or("a payload of no published key")?;
        let json = StrictJson::from_value(payload.clone(), Limits::default())
            .map_err(|error| error.to_string())?;
        let signature = sign_object(&json, key).map_err(|error| error.to_string())?;
        payload["signature"] = signature.to_string().into();
        Ok(payload)
    }

    /// What the server has issued in the place of a token of the text. One that the text has not
    /// shown before is of an earlier visit, and its refusal says when it expired.
    async fn token(
        &mut self,
        token: &str,
        target: &str,
        answered: &Message,
    ) -> Result<String, String> {
        if let Some(own) = self.stands_for.get(token) {
            return Ok(own.clone());
        }
        let body = answered.json().unwrap_or_default();
        let detail = body["detail"].as_str().unwrap_or_default();
        let mut words = detail.split(' ').map(|word| word.trim_end_matches('.'));
        let expired_at = words
            .find_map(|word| parse_timestamp(word).ok())
            .ok_or("a token from nowhere")?;
        self.set(before(expired_at, TOKEN_LIFETIME));
        let issued = self.challenge(target).await?;
        let json = StrictJson::from_value(issued, Limits::default()).map_err(|e| e.to_string())?;
        let challenge = Challenge::read(&json).map_err(|error| error.to_string())?;
        let key = self.text.key("operator");
        let mut answer = Answer::new(&challenge, key.did().map_err(|error| error.to_string())?);
        for precondition in &*challenge.message().preconditions {
            answer = answer
                .confirm(precondition.id().as_str(), self.clock.now())
                .map_err(|error| error.to_string())?;
        }
        let payload = answer.sign(key).map_err(|error| error.to_string())?;
        let request = Request::builder()
            .uri(target)
            .header(ATTESTATION, payload.to_header().ok_or("too long")?)
            .body(Body::empty())
            .map_err(|error| error.to_string())?;
        let granted = self.send(request).await;
        let granted = granted
            .decoded(TOKEN)
            .ok_or("the earlier visit got no token")?;
        let own = granted["token"].as_str().unwrap_or_default().to_owned();
        self.learn(token, &own)?;
        Ok(own)
    }

    async fn challenge(&self, target: &str) -> Result<Value, String> {
        let request = Request::builder().uri(target).body(Body::empty());
        let response = self.send(request.map_err(|error| error.to_string())?).await;
        response
            .decoded(REQUIRED)
            .ok_or_else(|| format!("{target} is not guarded"))
    }

    async fn send(&self, request: Request) -> Answered {
        let response = self.app.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        Answered {
            status: parts.status,
            headers: parts.headers,
            body: String::from_utf8(body.to_vec()).unwrap(),
        }
    }

    fn compare(&mut self, expected: &Message, actual: &Answered) -> Result<(), String> {
        if expected.status() != Some(actual.status.as_u16()) {
            return Err(format!(
                "{}, not {}: {}",
                actual.status, expected.start, actual.body
            ));
        }
        for (name, value) in &expected.headers {
            let given: Vec<_> = actual.headers.get_all(name).iter().collect();
            let [given] = given.as_slice() else {
                return Err(format!("{} headers {name}", given.len()));
            };
            match name.as_str() {
                REQUIRED | TOKEN => {
                    let expected = decode(value).ok_or("the text's header cannot be read")?;
                    let actual = given.to_str().ok().and_then(decode);
                    let actual = actual.ok_or_else(|| format!("{name} cannot be read"))?;
                    for member in ["challenge", "token"] {
                        if let (Some(of_text), Some(own)) =
                            (expected[member].as_str(), actual[member].as_str())
                        {
                            self.learn(of_text, own)?;
                        }
                    }
                    self.same(&expected, &actual)?;
                }
                _ if *given == value => {}
                _ => return Err(format!("{name} is {given:?}, not {value:?}")),
            }
        }
        for name in [REQUIRED, TOKEN] {
            if expected.header(name).is_none() && actual.headers.contains_key(name) {
                return Err(format!("{name} was not expected"));
            }
        }
        let json = |text: &str| serde_json::from_str::<Value>(text);
        match (json(&expected.body), json(&actual.body)) {
            (Ok(expected), Ok(actual)) => self.same(&expected, &actual),
            _ if expected.body == actual.body => Ok(()),
            _ => Err(format!("the body is {:?}", actual.body)),
        }
    }

    /// Takes what the server has made for what stands in the text, which is another one each time.
    fn learn(&mut self, of_text: &str, own: &str) -> Result<(), String> {
        let is_nonce = of_text.len() >= 64 && of_text.bytes().all(|b| b.is_ascii_hexdigit());
        let is_lower_hex = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
        if is_nonce && (own.len() < 64 || !own.bytes().all(is_lower_hex)) {
            return Err(format!("{own:?} is no nonce"));
        }
        if own.len() < 16 || self.stands_for.values().any(|other| other == own) {
            return Err(format!("{own:?} is not fresh"));
        }
        self.stands_for.insert(of_text.to_owned(), own.to_owned());
        Ok(())
    }

    /// Compares JSON with the order of its members.
    fn same(&self, expected: &Value, actual: &Value) -> Result<(), String> {
        let mut text = actual.to_string();
        for (of_text, own) in &self.stands_for {
            text = text.replace(own.as_str(), of_text);
        }
        let expected = expected.to_string();
        if text == expected {
            Ok(())
        } else {
            Err(format!("expected\n{expected}\ngot\n{text}"))
        }
    }

    fn set(&self, now: Timestamp) {
        *self.clock.0.lock().unwrap() = now;
    }
}

impl Answered {
    fn decoded(&self, name: &str) -> Option<Value> {
        decode(self.headers.get(name)?.to_str().ok()?)
    }
}

/// When a response was made, which its times tell.
fn time_of(response: &Message) -> Option<Timestamp> {
    let expiry = |value: Option<Value>| parse_timestamp(value?["expiresAt"].as_str()?).ok();
    expiry(response.decoded(REQUIRED))
        .map(|at| before(at, CHALLENGE_LIFETIME))
        .or_else(|| expiry(response.decoded(TOKEN)).map(|at| before(at, TOKEN_LIFETIME)))
}

fn before(at: Timestamp, lifetime: std::time::Duration) -> Timestamp {
    at - SignedDuration::try_from(lifetime).unwrap()
}

/// The server of the text: what it requires, and whether its challenges name an endpoint, is what
/// the exchange shows.
fn server(text: &Text, messages: &[Message], clock: &Hand) -> Server {
    let asked: Vec<&Value> = messages
        .iter()
        .flat_map(|message| text.challenges_of(message))
        .collect();
    let names_no_endpoint = asked
        .iter()
        .any(|challenge| challenge.get("attestationEndpoint").is_none());
    let rules: Vec<(String, Requirement)> = asked
        .iter()
        .map(|challenge| {
            let resource = challenge["resource"].as_str().unwrap().to_owned();
            let preconditions = challenge["preconditions"].clone();
            let policy = Policy::new(serde_json::from_value(preconditions).unwrap()).unwrap();
            let mut scopes = text
                .tokens
                .iter()
                .filter_map(|token| token["scope"].as_str());
            let grants = if scopes.any(|of| of.ends_with("/*") && scope::matches(of, &resource)) {
                Grants::Siblings
            } else {
                Grants::Resource
            };
            (
                resource,
                Requirement::new(Arc::new(policy)).granting(grants),
            )
        })
        .collect();
    let scopes: Vec<String> = text
        .tokens
        .iter()
        .filter_map(|token| token["scope"].as_str().map(str::to_owned))
        .collect();
    let guard = move |_: &Method, uri: &Uri| -> Option<Requirement> {
        let requested = format!("{BASE}{uri}");
        let beside = |resource: &str| {
            let mut scopes = scopes.iter();
            scopes.any(|of| scope::matches(of, resource) && scope::matches(of, &requested))
        };
        rules
            .iter()
            .find(|(resource, _)| *resource == requested || beside(resource))
            .map(|(_, requirement)| requirement.clone())
    };
    let nonces = MemoryNonceStore::with_clock(1000, clock.clone());
    let verifier = Verifier::new(FixedResolver::new(), nonces)
        .with_clock(clock.clone())
        .danger_accept_test_keys();
    let builder = Server::builder(
        PublicBase::parse(BASE).unwrap(),
        guard,
        verifier,
        ChallengeIssuer::new(SealRing::new(SealKey::new(1, [1; 32]))),
        TokenIssuer::new(SealRing::new(SealKey::new(2, [2; 32]))),
    )
    .with_receipts(ReceiptIssuer::of_key(text.key("server").clone()).unwrap());
    let builder = if names_no_endpoint {
        builder.without_endpoint().without_discovery()
    } else {
        let discovery = serde_json::from_value(text.discovery.clone()).unwrap();
        builder.with_discovery(discovery)
    };
    builder.build().unwrap()
}
