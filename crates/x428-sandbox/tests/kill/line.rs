//! A connection that breaks, and is tried again.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::Value;
use tokio::sync::watch;

use crate::process::{Addresses, Live};

/// Longer than any answer takes on a machine that has other work.
const PATIENCE: Duration = Duration::from_mins(10);

/// What is asked.
#[derive(Clone)]
pub(crate) struct Ask<'a> {
    pub(crate) method: Method,
    pub(crate) path: &'a str,
    /// The access token, behind its scheme.
    pub(crate) authorization: Option<String>,
    pub(crate) headers: Vec<(&'static str, &'a str)>,
    pub(crate) body: String,
}

impl Ask<'_> {
    /// The same with an access token.
    pub(crate) fn with(&self, authorization: &str) -> Self {
        Self {
            authorization: Some(authorization.to_owned()),
            ..self.clone()
        }
    }
}

/// What was answered.
#[derive(Debug, Clone)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) location: String,
    pub(crate) cookie: Option<String>,
    pub(crate) replayed: bool,
    pub(crate) text: String,
}

impl Reply {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("no JSON: {self:?}"))
    }

    pub(crate) fn code(&self) -> String {
        let json: Value = serde_json::from_str(&self.text).unwrap_or_default();
        let code = json["error"]["code"].as_str().unwrap_or_default();
        code.to_owned()
    }
}

/// The way to the instances.
pub(crate) struct Line {
    http: reqwest::Client,
    addresses: Addresses,
    /// Whether the exchange may fail: its database is cut off.
    pub(crate) may_fail: bool,
    turn: AtomicU64,
    /// How many requests were answered.
    answered: watch::Sender<u64>,
    /// How many requests were sent and not answered.
    pub(crate) lost: AtomicU64,
}

impl Line {
    pub(crate) fn new(addresses: Addresses, may_fail: bool) -> Self {
        let http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .timeout(PATIENCE);
        Self {
            http: http.build().unwrap(),
            addresses,
            may_fail,
            turn: AtomicU64::new(0),
            answered: watch::Sender::new(0),
            lost: AtomicU64::new(0),
        }
    }

    /// Asks until there is an answer: of another instance, or of the same one in its next life.
    pub(crate) async fn ask(&self, ask: &Ask<'_>) -> Reply {
        let mut failed = Vec::new();
        let begun = Instant::now();
        loop {
            assert!(begun.elapsed() < PATIENCE, "no answer to {}", ask.path);
            let live = self.instance(&failed).await;
            match self.ask_at(&live, ask).await {
                Some(reply) => return reply,
                None if self.may_fail => tokio::time::sleep(Duration::from_millis(50)).await,
                None => failed.push(live.life),
            }
        }
    }

    /// Asks once.
    pub(crate) async fn ask_once(&self, ask: &Ask<'_>) -> Option<Reply> {
        let live = self.instance(&[]).await;
        self.ask_at(&live, ask).await
    }

    async fn instance(&self, failed: &[u32]) -> Live {
        let usable = |live: &&Live| !failed.contains(&live.life);
        let mut addresses = self.addresses.clone();
        let known = addresses.wait_for(|known| known.iter().flatten().any(|live| usable(&live)));
        let known = tokio::time::timeout(PATIENCE, known).await;
        let known = known.expect("an instance lives").unwrap();
        let known: Vec<_> = known.iter().flatten().filter(usable).cloned().collect();
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        known[usize::try_from(turn).unwrap() % known.len()].clone()
    }

    async fn ask_at(&self, live: &Live, ask: &Ask<'_>) -> Option<Reply> {
        let reply = self.send(live, ask).await;
        if let Err(error) = &reply {
            assert!(!error.is_timeout(), "no answer in {PATIENCE:?}: {error:?}");
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
        let reply = reply.ok()?;
        if reply.status >= 500 {
            assert!(self.may_fail, "{} {}: {reply:?}", ask.method, ask.path);
            self.lost.fetch_add(1, Ordering::Relaxed);
            return None;
        }
        self.answered.send_modify(|count| *count += 1);
        Some(reply)
    }

    /// Waits until so many more requests are answered.
    pub(crate) async fn work(&self, more: u64) {
        let mut answered = self.answered.subscribe();
        let goal = *answered.borrow() + more;
        let reached = answered.wait_for(|count| *count >= goal);
        let reached = tokio::time::timeout(PATIENCE, reached).await;
        reached.expect("something is answered").unwrap();
    }

    async fn send(&self, live: &Live, ask: &Ask<'_>) -> Result<Reply, reqwest::Error> {
        let mut request = self
            .http
            .request(ask.method.clone(), format!("{}{}", live.url, ask.path));
        if let Some(authorization) = &ask.authorization {
            request = request.header("authorization", authorization);
        }
        for (name, value) in &ask.headers {
            request = request.header(*name, *value);
        }
        let response = request.body(ask.body.clone()).send().await?;
        let header = |name: &str| {
            let value = response.headers().get(name)?;
            Some(value.to_str().unwrap().to_owned())
        };
        let cookie =
            header("set-cookie").and_then(|cookie| Some(cookie.split(';').next()?.to_owned()));
        Ok(Reply {
            status: response.status().as_u16(),
            location: header("location").unwrap_or_default(),
            cookie,
            replayed: header("idempotency-replayed").is_some(),
            text: response.text().await?,
        })
    }
}
