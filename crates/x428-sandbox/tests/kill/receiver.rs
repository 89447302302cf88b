//! Who receives the webhooks, and now and then fails to.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use serde_json::Value;

#[derive(Clone, Default)]
pub(crate) struct Receiver(Arc<Mutex<Got>>);

#[derive(Default)]
struct Got {
    count: usize,
    /// The bodies by the names of their events.
    bodies: BTreeMap<String, BTreeSet<String>>,
}

impl Receiver {
    pub(crate) async fn start() -> (Self, String) {
        let receiver = Self::default();
        let app = Router::new()
            .route("/hook", post(take))
            .with_state(receiver.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, app).await });
        (receiver, url)
    }

    /// What each subject has been told to be, and by how many events: a withdrawal or a challenge,
    /// and its status.
    pub(crate) fn told(&self) -> BTreeMap<(String, String), usize> {
        let mut told = BTreeMap::new();
        for (name, bodies) in &self.0.lock().unwrap().bodies {
            assert_eq!(bodies.len(), 1, "{name} is not the same event: {bodies:?}");
            let event: Value = serde_json::from_str(bodies.first().unwrap()).unwrap();
            let data = &event["data"];
            let Some(subject) = data["id"].as_str().or(data["challengeId"].as_str()) else {
                continue;
            };
            let status = data["status"].as_str().unwrap_or_default().to_owned();
            *told.entry((subject.to_owned(), status)).or_default() += 1;
        }
        told
    }

    /// How often one was received that had been received before.
    pub(crate) fn repeated(&self) -> usize {
        let got = self.0.lock().unwrap();
        got.count - got.bodies.len()
    }
}

async fn take(State(receiver): State<Receiver>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let id = headers["webhook-id"].to_str().unwrap().to_owned();
    let body = String::from_utf8(body.to_vec()).unwrap();
    let mut got = receiver.0.lock().unwrap();
    got.count += 1;
    got.bodies.entry(id).or_default().insert(body);
    // It has taken it, and fails before it says so.
    if got.count.is_multiple_of(23) {
        StatusCode::INTERNAL_SERVER_ERROR
    } else {
        StatusCode::NO_CONTENT
    }
}
