//! An exchange that follows a script: it says what it is told to, and compares what it gets.

use std::collections::VecDeque;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::response::Response;
use http::{HeaderMap, Method, StatusCode};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::AbortHandle;
use x428::clock::Clock;
use x428::wire::withdrawal::{ClientId, HttpsUri};
use x428::withdrawal::client::{
    Client, ClientAuthentication, ClientBuilder, MemoryKeeper, Patience, Time, Tokens,
};

use crate::text::{Message, example};

pub(crate) const ACCESS: &str = "at_Xn4kQ8vLz2RbT6yWc0PmJd9sHfGe3UoA";
pub(crate) const REFRESH: &str = "rt_Gm7cYq1NxK5vBz8tLd3WpRj0HsFe6UoA";

/// A request, as the exchange got it.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) method: Method,
    pub(crate) target: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Seen {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_default()
    }

    pub(crate) fn form(&self, name: &str) -> Option<String> {
        let mut fields = url::form_urlencoded::parse(self.body.as_bytes());
        fields
            .find(|(field, _)| field == name)
            .map(|(_, value)| value.into_owned())
    }
}

/// What the exchange does with a request.
#[derive(Debug, Clone)]
pub(crate) enum Step {
    /// Answers.
    Say(u16, Value),
    /// Answers with these headers and this text.
    SayText(u16, Vec<(&'static str, String)>, String),
    /// Compares the request with the one of the text, and answers as the text does.
    Follow(Box<Message>, Box<Message>),
    /// Does what it was asked for, and the answer is lost.
    Lose,
}

#[derive(Default)]
struct Inner {
    steps: VecDeque<Step>,
    seen: Vec<Seen>,
    differences: Vec<String>,
    documents: Vec<(String, Value)>,
}

/// An exchange, until it is dropped.
pub(crate) struct Exchange {
    pub(crate) address: SocketAddr,
    inner: Arc<Mutex<Inner>>,
    task: AbortHandle,
}

impl Exchange {
    pub(crate) async fn start(steps: impl IntoIterator<Item = Step>) -> Self {
        let documents = [
            ("oauth-authorization-server", "authorization-server"),
            ("x428-exchange", "exchange-metadata"),
            ("oauth-protected-resource", "protected-resource"),
        ];
        let documents = documents
            .map(|(path, id)| (format!("/.well-known/{path}"), example(id)))
            .to_vec();
        let inner = Arc::new(Mutex::new(Inner {
            steps: steps.into_iter().collect(),
            documents,
            ..Inner::default()
        }));
        let app = Router::new()
            .fallback(answer)
            .with_state(Arc::clone(&inner));
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let task = tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self {
            address,
            inner,
            task: task.abort_handle(),
        }
    }

    /// An exchange that follows exchanges of the text.
    pub(crate) async fn of(messages: &[Message]) -> Self {
        let pairs = messages.chunks_exact(2);
        Self::start(
            pairs.map(|pair| Step::Follow(Box::new(pair[0].clone()), Box::new(pair[1].clone()))),
        )
        .await
    }

    /// Changes a member of a document of metadata.
    pub(crate) fn lie(&self, document: &str, member: &str, value: Value) {
        let mut inner = self.inner.lock().unwrap();
        let mut documents = inner.documents.iter_mut();
        let found = documents.find(|(path, _)| path.ends_with(document));
        found.unwrap().1[member] = value;
    }

    pub(crate) fn then(&self, step: Step) {
        self.inner.lock().unwrap().steps.push_back(step);
    }

    /// What it got beside questions for metadata.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.inner.lock().unwrap().seen.clone()
    }

    /// Everything went as it was written, to the end.
    pub(crate) fn assert_done(&self) {
        let inner = self.inner.lock().unwrap();
        assert!(
            inner.differences.is_empty(),
            "{}",
            inner.differences.join("\n")
        );
        assert!(inner.steps.is_empty(), "not asked for: {:?}", inner.steps);
    }

    pub(crate) fn builder(&self, hand: &Hand) -> ClientBuilder<MemoryKeeper, Hand> {
        let secret = "7hQm2Xv9TzLc4RkPw8Yb".to_owned();
        self.builder_as(hand, ClientAuthentication::Post(secret.into()))
    }

    pub(crate) fn builder_as(
        &self,
        hand: &Hand,
        authentication: ClientAuthentication,
    ) -> ClientBuilder<MemoryKeeper, Hand> {
        Client::builder(
            HttpsUri::parse("https://exchange.example").unwrap(),
            ClientId::parse("example-wallet").unwrap(),
            authentication,
        )
        .danger_plain_loopback(self.address)
        .time(hand.clone())
        .patience(Patience::default().with_attempts(3))
        .tokens(tokens(hand))
    }

    pub(crate) async fn client(&self, hand: &Hand) -> Client<MemoryKeeper, Hand> {
        self.builder(hand).discover().await.unwrap()
    }
}

/// Tokens with a quarter of an hour to live.
pub(crate) fn tokens(hand: &Hand) -> Tokens {
    let expires_at = hand.now() + SignedDuration::from_mins(15);
    Tokens::kept(ACCESS.to_owned(), Some(REFRESH.to_owned()), expires_at)
}

impl Drop for Exchange {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn answer(State(inner): State<Arc<Mutex<Inner>>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, 1 << 20).await.unwrap();
    let seen = Seen {
        method: parts.method,
        target: parts.uri.to_string(),
        headers: parts.headers,
        body: String::from_utf8(body.to_vec()).unwrap(),
    };
    let (step, document) = {
        let mut inner = inner.lock().unwrap();
        let mut documents = inner.documents.iter();
        let document = documents.find(|(path, _)| *path == seen.target);
        let document = document.map(|(_, value)| value.clone());
        let step = if document.is_none() {
            inner.seen.push(seen.clone());
            inner.steps.pop_front()
        } else {
            None
        };
        (step, document)
    };
    if let Some(document) = document {
        return json_response(200, &document);
    }
    match step {
        Some(Step::Say(status, body)) => json_response(status, &body),
        Some(Step::SayText(status, headers, text)) => {
            let mut response = Response::new(Body::from(text));
            *response.status_mut() = StatusCode::from_u16(status).unwrap();
            for (name, value) in headers {
                response.headers_mut().insert(name, value.parse().unwrap());
            }
            response
        }
        Some(Step::Follow(expected, said)) => {
            let differences = differences(&expected, &seen);
            inner.lock().unwrap().differences.extend(differences);
            let mut response = Response::new(Body::from(said.body.clone()));
            *response.status_mut() = StatusCode::from_u16(said.status()).unwrap();
            for (name, value) in &said.headers {
                let name: http::HeaderName = name.parse().unwrap();
                response.headers_mut().insert(name, value.parse().unwrap());
            }
            response
        }
        // A body that breaks off is an answer that does not arrive.
        Some(Step::Lose) => {
            let broken =
                futures_util::stream::iter([Err::<Vec<u8>, _>(std::io::Error::other("lost"))]);
            Response::new(Body::from_stream(broken))
        }
        None => {
            let unexpected = format!("not expected: {} {}", seen.method, seen.target);
            inner.lock().unwrap().differences.push(unexpected);
            json_response(404, &error("not_found", false))
        }
    }
}

fn json_response(status: u16, body: &Value) -> Response {
    let mut response = Response::new(Body::from(body.to_string()));
    *response.status_mut() = StatusCode::from_u16(status).unwrap();
    let headers = response.headers_mut();
    headers.insert("content-type", "application/json".parse().unwrap());
    response
}

/// An error of the API.
pub(crate) fn error(code: &str, retryable: bool) -> Value {
    json!({"error": {"code": code, "message": "A sentence.", "requestId": "req_test0001",
        "retryable": retryable, "details": []}})
}

fn differences(expected: &Message, seen: &Seen) -> Vec<String> {
    let mut found = Vec::new();
    let start = format!("{} {} HTTP/1.1", seen.method, seen.target);
    if start != expected.start {
        found.push(format!("{start}, not {}", expected.start));
    }
    for name in ["authorization", "idempotency-key", "content-type"] {
        let (got, wanted) = (seen.header(name), expected.header(name));
        let wanted = wanted.map(|value| value.trim_matches('"'));
        if got != wanted {
            found.push(format!("{start}: {name} is {got:?}, not {wanted:?}"));
        }
    }
    match expected.json() {
        Some(wanted) if wanted != seen.json() => {
            found.push(format!("{start}: {} and not {wanted}", seen.body));
        }
        Some(_) => {}
        None if expected.body == seen.body => {}
        None => found.push(format!("{start}: {} and not {}", seen.body, expected.body)),
    }
    found
}

/// A clock that goes on when somebody waits, and remembers how long.
#[derive(Debug, Clone)]
pub(crate) struct Hand {
    state: Arc<Mutex<(Timestamp, Vec<Duration>)>>,
}

impl Hand {
    pub(crate) fn at(time: &str) -> Self {
        Self {
            state: Arc::new(Mutex::new((time.parse().unwrap(), Vec::new()))),
        }
    }

    pub(crate) fn waits(&self) -> Vec<Duration> {
        self.state.lock().unwrap().1.clone()
    }

    pub(crate) fn turn(&self, duration: SignedDuration) {
        self.state.lock().unwrap().0 += duration;
    }
}

impl Clock for Hand {
    fn now(&self) -> Timestamp {
        self.state.lock().unwrap().0
    }
}

impl Time for Hand {
    async fn wait(&self, duration: Duration) {
        let mut state = self.state.lock().unwrap();
        state.0 += SignedDuration::try_from(duration).unwrap();
        state.1.push(duration);
    }
}
