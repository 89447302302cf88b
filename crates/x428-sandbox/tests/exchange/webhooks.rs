//! Webhooks: subscriptions, signatures, retries.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode};
use axum::routing::post;
use serde_json::json;
use x428::clock::Clock as _;
use x428::wire::withdrawal::{PublicKey, WEBHOOK_RETRY_MAX, WebhookSecret};
use x428::withdrawal::webhook::{Delivery, WebhookVerifier};
use x428_sandbox::exchange::Settings;

use crate::harness::{ALL_SCOPES, Answer, World, ether, execute};

/// Longer than anything takes that a test waits for, on any machine.
const BOUND: Duration = Duration::from_mins(5);

/// Webhooks go to this machine, and a receiver that is slow is not given up.
fn hooks(settings: &mut Settings) {
    settings.private_webhooks = true;
    settings.webhook_patience = 2 * BOUND;
}

/// Looks again and again until it is so.
async fn until(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let waiting = async {
        while !is_so().await {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    let waited = tokio::time::timeout(BOUND, waiting).await;
    assert!(waited.is_ok(), "never: {what}");
}

/// What a receiver has got, and what it answers.
#[derive(Clone)]
pub(crate) struct Receiver {
    pub(crate) got: Arc<Mutex<Vec<(Delivery, Bytes)>>>,
    answers: Arc<Mutex<StatusCode>>,
    /// How many requests are open at once that are never answered, and the most there were.
    hanging: Arc<Mutex<(usize, usize)>>,
}

/// A request that is open.
struct Open(Receiver);

impl Open {
    fn new(receiver: Receiver) -> Self {
        {
            let mut hanging = receiver.hanging.lock().unwrap();
            hanging.0 += 1;
            hanging.1 = hanging.1.max(hanging.0);
        }
        Self(receiver)
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.hanging.lock().unwrap().0 -= 1;
    }
}

async fn hang(State(receiver): State<Receiver>) -> StatusCode {
    let _open = Open::new(receiver);
    std::future::pending().await
}

impl Receiver {
    pub(crate) async fn start() -> (Self, String) {
        let receiver = Self {
            got: Arc::default(),
            answers: Arc::new(Mutex::new(StatusCode::NO_CONTENT)),
            hanging: Arc::default(),
        };
        let app = Router::new()
            .route("/hook", post(take))
            .route("/hang", post(hang))
            .with_state(receiver.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, app).await });
        (receiver, url)
    }

    fn count(&self) -> usize {
        self.got.lock().unwrap().len()
    }
}

async fn take(State(receiver): State<Receiver>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let text = |name: &str| headers[name].to_str().unwrap().to_owned();
    let delivery = Delivery {
        id: text("webhook-id"),
        timestamp: text("webhook-timestamp"),
        signature: text("webhook-signature"),
    };
    receiver.got.lock().unwrap().push((delivery, body));
    *receiver.answers.lock().unwrap()
}

// r[verify withdrawal.webhook.url]
// r[verify withdrawal.webhook.max]
#[tokio::test]
async fn a_subscription_leads_to_a_public_address() {
    let world = World::new().await;
    let wallet = world.wallet().await;
    let subscribe = async |url: &str| {
        wallet
            .post(
                "/webhooks",
                &json!({"url": url, "events": ["withdrawal.updated"]}),
            )
            .await
    };
    for url in [
        "http://wallet.example/hook",
        "https://127.0.0.1/hook",
        "https://10.1.2.3/hook",
        "https://[::1]/hook",
        "https://[fe80::1]/hook",
        "https://localhost/hook",
        "https://169.254.169.254/latest",
        "https://user@wallet.example/hook",
    ] {
        subscribe(url).await.is(400, "invalid_request");
    }
    for _ in 0..16 {
        let created = subscribe("https://wallet.example/hook").await;
        created.is(201, "");
        assert!(
            created.json()["secret"]
                .as_str()
                .unwrap()
                .starts_with("whsec_")
        );
        assert!(created.header("location").starts_with("/webhooks/wh_"));
    }
    subscribe("https://wallet.example/hook")
        .await
        .is(400, "invalid_request");
    let list = wallet.get("/webhooks").await.json();
    assert_eq!(list["data"].as_array().unwrap().len(), 16);
    assert!(list["data"][0].get("secret").is_none());
    let path = format!("/webhooks/{}", list["data"][0]["id"].as_str().unwrap());
    let delete = || world.send(wallet.request(Method::DELETE, &path, None));
    assert_eq!(delete().await.status, StatusCode::NO_CONTENT);
    delete().await.is(404, "not_found");
}

/// The exchange takes https URLs alone; the test moves the subscription to the receiver.
pub(crate) async fn redirect(world: &World, url: &str) {
    let path = world.database().unwrap();
    let update = "UPDATE webhook SET data = replace(data, 'https://wallet.example/hook', ?1)";
    execute(&path, update, &[url.to_owned()]).await;
}

// r[verify withdrawal.webhook.sign]
// r[verify withdrawal.webhook.events]
// r[verify withdrawal.webhook.content]
// r[verify withdrawal.webhook.deliver]
// r[verify withdrawal.webhook.end]
#[tokio::test]
async fn every_change_is_told_signed_and_again() {
    let world = World::with(hooks).await;
    let (receiver, url) = Receiver::start().await;
    let wallet = world.wallet().await;
    let subscribe = async |signature: &str| {
        let body = json!({
            "url": "https://wallet.example/hook", "signature": signature,
            "events": ["withdrawal.updated", "challenge.updated"],
        });
        wallet.post("/webhooks", &body).await.json()
    };
    let shared = subscribe("v1").await;
    let own = subscribe("v1a").await;
    assert!(own.get("secret").is_none());
    redirect(&world, &url).await;
    let metadata =
        axum::http::Request::get("/.well-known/x428-exchange").body(axum::body::Body::empty());
    let metadata = world.send(metadata.unwrap()).await.json();
    let key = metadata["webhookKeys"][0]["publicKey"].as_str().unwrap();
    let verifier = WebhookVerifier::new()
        .with_secret(&WebhookSecret::parse(shared["secret"].as_str().unwrap()).unwrap())
        .unwrap()
        .with_public_key(&PublicKey::parse(key).unwrap())
        .unwrap();

    *receiver.answers.lock().unwrap() = StatusCode::INTERNAL_SERVER_ERROR;
    wallet
        .submit("a-key-of-this-test", &ether("0.05"))
        .await
        .is(201, "");
    world.exchange.work().await.unwrap();
    assert_eq!(receiver.count(), 2);
    world.exchange.work().await.unwrap();
    assert_eq!(receiver.count(), 2, "not before the interval is over");
    *receiver.answers.lock().unwrap() = StatusCode::NO_CONTENT;
    world.clock.turn_seconds(5);
    world.exchange.work().await.unwrap();
    world.exchange.work().await.unwrap();
    let got = receiver.got.lock().unwrap().clone();
    assert_eq!(got.len(), 6, "two again, and two of the next change");
    for (delivery, body) in &got {
        let read = verifier.verify(delivery, body, world.clock.now());
        assert_eq!(read.unwrap().id(), delivery.id);
        let text = std::str::from_utf8(body).unwrap();
        assert!(!text.contains("0x") && !text.contains("0.05"), "{text}");
    }
    let again = got
        .iter()
        .filter(|(delivery, _)| delivery.id == got[0].0.id)
        .count();
    assert_eq!(again, 2, "the same event has the same name");

    let refresh = wallet.tokens["refresh_token"].as_str().unwrap();
    world
        .as_client("/oauth/revoke", &[("token", refresh)])
        .await
        .is(200, "");
    world.settle(2).await;
    assert_eq!(
        receiver.count(),
        6,
        "the subscription has ended with the grant"
    );
}

// r[verify withdrawal.webhook.deliver]
#[tokio::test]
async fn a_receiver_that_is_gone_is_not_asked_again() {
    let world = World::with(hooks).await;
    let (receiver, url) = Receiver::start().await;
    let wallet = world.wallet().await;
    let body = json!({"url": "https://wallet.example/hook", "events": ["withdrawal.updated"]});
    wallet.post("/webhooks", &body).await.is(201, "");
    redirect(&world, &url).await;
    *receiver.answers.lock().unwrap() = StatusCode::GONE;
    wallet
        .submit("a-key-of-this-test", &ether("0.05"))
        .await
        .is(201, "");
    world.exchange.work().await.unwrap();
    assert_eq!(receiver.count(), 1);
    assert_eq!(wallet.get("/webhooks").await.json()["data"], json!([]));
    world.settle(3).await;
    assert_eq!(receiver.count(), 1);
}

/// A receiver that waits for another one gets its event all the same.
#[tokio::test]
async fn a_slow_receiver_keeps_no_other_waiting() {
    let world = World::with(hooks).await;
    let wallet = world.wallet().await;
    // Each answers when the other has been asked as well.
    let both = Arc::new(tokio::sync::Barrier::new(2));
    let answer = |State(both): State<Arc<tokio::sync::Barrier>>| async move {
        both.wait().await;
        StatusCode::NO_CONTENT
    };
    let app = Router::new().route("/hook", post(answer)).with_state(both);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, app).await });
    let body = json!({"url": "https://wallet.example/hook", "events": ["withdrawal.updated"]});
    for _ in 0..2 {
        wallet.post("/webhooks", &body).await.is(201, "");
    }
    redirect(&world, &url).await;
    let created = wallet.submit("a-key-of-this-test", &ether("0.05")).await;
    created.is(201, "");
    world.exchange.work().await.unwrap();
    let left = world.snapshot().await;
    let waiting: Vec<_> = left.iter().filter(|row| row.starts_with("msg_")).collect();
    assert!(waiting.is_empty(), "{waiting:?}");
}

// r[verify withdrawal.webhook.deliver]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_receiver_that_does_not_answer_keeps_nobody_waiting() {
    let world = World::with(|settings| {
        hooks(settings);
        settings.pace = Duration::from_millis(200);
    })
    .await;
    let (receiver, url) = Receiver::start().await;
    let ana = world.wallet().await;
    let ben = world.wallet_of("ben", ALL_SCOPES, None).await;
    let subscribe = json!({"url": "https://wallet.example/hook", "events": ["withdrawal.updated"]});
    let path = |created: Answer| {
        let id = created.json()["id"].as_str().unwrap().to_owned();
        format!("/webhooks/{id}/test")
    };
    let of_ana = path(ana.post("/webhooks", &subscribe).await);
    redirect(&world, &url.replace("/hook", "/hang")).await;
    let of_ben = path(ben.post("/webhooks", &subscribe).await);
    redirect(&world, &url).await;
    for _ in 0..12 {
        ana.act(&of_ana).await.is(202, "");
    }
    let work = tokio::spawn(Arc::clone(&world.exchange).work_forever());
    until("two are asked", async || {
        receiver.hanging.lock().unwrap().0 == 2
    })
    .await;
    for count in 1..=5 {
        ben.act(&of_ben).await.is(202, "");
        until("told", async || receiver.count() >= count).await;
    }
    // What waits for nobody goes on as well.
    let created = ben.submit("a-key-of-this-test", &ether("0.05")).await;
    let path = format!("/withdrawals/{}", created.json()["id"].as_str().unwrap());
    world.clock.turn_seconds(1);
    until("settled", async || {
        ben.get(&path).await.json()["status"] == "processing"
    })
    .await;
    work.abort();
    let most = receiver.hanging.lock().unwrap().1;
    assert_eq!(most, 2, "there are twelve for it, and two under way");
}

/// So many events of one client that a single look at what is due does not show anything else, all
/// of them for receivers that do not answer.
// r[verify withdrawal.webhook.deliver]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_has_much_to_send_keeps_no_other_waiting() {
    const SUBSCRIPTIONS: &str = "WITH RECURSIVE number (n) AS
            (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < 600)
        INSERT INTO webhook (id, data, owner, client)
        SELECT id || '-' || n, json_set(data, '$.id', id || '-' || n), owner, client
        FROM webhook, number WHERE id = ?1";
    const EVENTS: &str = "INSERT INTO delivery (id, data, webhook, due_at)
        SELECT delivery.id || webhook.id,
            json_set(delivery.data, '$.id', delivery.id || webhook.id, '$.webhook', webhook.id),
            webhook.id, delivery.due_at
        FROM delivery, webhook WHERE webhook.id LIKE ?1 || '-%'";
    let world = World::with(|settings| {
        hooks(settings);
        settings.pace = Duration::from_millis(200);
    })
    .await;
    let database = world.database().unwrap();
    let (silent, nowhere) = Receiver::start().await;
    let (receiver, url) = Receiver::start().await;
    let subscribe = json!({"url": "https://wallet.example/hook", "events": ["withdrawal.updated"]});
    let id = |created: Answer| created.json()["id"].as_str().unwrap().to_owned();

    let much = world.wallet().await;
    let of_much = id(much.post("/webhooks", &subscribe).await);
    redirect(&world, &nowhere.replace("/hook", "/hang")).await;
    much.act(&format!("/webhooks/{of_much}/test"))
        .await
        .is(202, "");
    for statement in [SUBSCRIPTIONS, EVENTS] {
        execute(&database, statement, std::slice::from_ref(&of_much)).await;
    }

    world.clock.turn_seconds(1);
    let little = crate::rules::app(&world).await;
    let of_little = id(little.post("/webhooks", &subscribe).await);
    redirect(&world, &url).await;
    little
        .act(&format!("/webhooks/{of_little}/test"))
        .await
        .is(202, "");
    let work = tokio::spawn(Arc::clone(&world.exchange).work_forever());
    until("told", async || receiver.count() > 0).await;
    work.abort();
    assert!(silent.hanging.lock().unwrap().1 > 0);
}

// r[verify withdrawal.webhook.test]
#[tokio::test]
async fn a_client_asks_for_a_test() {
    let world = World::with(hooks).await;
    let (receiver, url) = Receiver::start().await;
    let wallet = world.wallet().await;
    let body = json!({"url": "https://wallet.example/hook", "events": ["withdrawal.updated"]});
    let created = wallet.post("/webhooks", &body).await.json();
    redirect(&world, &url).await;
    let id = created["id"].as_str().unwrap();
    let path = format!("/webhooks/{id}/test");
    wallet.act(&path).await.is(202, "");
    let other = world.wallet_of("ben", ALL_SCOPES, None).await;
    other.act(&path).await.is(404, "not_found");
    world.exchange.work().await.unwrap();
    let got = receiver.got.lock().unwrap().clone();
    assert_eq!(got.len(), 1);
    let secret = WebhookSecret::parse(created["secret"].as_str().unwrap()).unwrap();
    let verifier = WebhookVerifier::new().with_secret(&secret).unwrap();
    let (delivery, body) = &got[0];
    let read = verifier.verify(delivery, body, world.clock.now());
    assert_eq!(read.unwrap().id(), delivery.id);
    let event: serde_json::Value = serde_json::from_slice(body).unwrap();
    assert_eq!(event["type"], "webhook.test");
    assert_eq!(event["data"], json!({"webhookId": id}));
}

// r[verify withdrawal.webhook.deliver]
#[tokio::test]
async fn nobody_is_asked_again_when_it_is_too_late() {
    let world = World::with(hooks).await;
    let (receiver, url) = Receiver::start().await;
    let wallet = world.wallet().await;
    let body = json!({"url": "https://wallet.example/hook", "events": ["webhook.test"]});
    let created = wallet.post("/webhooks", &body).await.json();
    redirect(&world, &url).await;
    // A redirection is no answer either, and is not followed.
    *receiver.answers.lock().unwrap() = StatusCode::TEMPORARY_REDIRECT;
    let path = format!("/webhooks/{}/test", created["id"].as_str().unwrap());
    wallet.act(&path).await.is(202, "");
    let begun = world.clock.now();
    let mut last = begun;
    for _ in 0..4 * 24 {
        let before = receiver.count();
        world.exchange.work().await.unwrap();
        if receiver.count() > before {
            last = world.clock.now();
        }
        world.clock.turn(std::time::Duration::from_hours(1));
    }
    let longest = jiff::SignedDuration::try_from(WEBHOOK_RETRY_MAX).unwrap();
    assert!(receiver.count() > 8, "{}", receiver.count());
    assert!(last.duration_since(begun) <= longest + jiff::SignedDuration::from_hours(1));
}
