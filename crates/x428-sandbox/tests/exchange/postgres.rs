//! The same on PostgreSQL, under `tests/services`: each test in a database of its own, and one
//! database under two instances.

use std::sync::Arc;

use axum::http::Method;
use sqlx::{Connection as _, PgConnection};
use x428_sandbox::exchange::{Exchange, Fault, Settings, Store};

use crate::harness::{World, ether};
use crate::mail::server::{Inbox, Kind};
use crate::{flow, mail, races, rates, spared, trips};

#[path = "../services/postgres.rs"]
mod server;

/// A store in a new and empty database, and its URL.
async fn database() -> Option<(Store, String)> {
    let url = server::empty().await?;
    let store = Store::postgres(&url, 8).await.unwrap();
    Some((store, url))
}

#[tokio::test]
async fn the_whole_way() {
    if let Some((store, _)) = database().await {
        flow::whole_way(World::on(store, None, |_| {}).await).await;
    }
}

#[tokio::test]
async fn a_submission_asks_little() {
    if let Some((store, _)) = database().await {
        trips::of_a_submission(World::on(store, None, |_| {}).await).await;
    }
}

/// So many instances on one database.
async fn instances(count: usize, change: fn(&mut Settings)) -> Option<Vec<World>> {
    let (store, url) = database().await?;
    let mut worlds = vec![World::on(store, None, change).await];
    while worlds.len() < count {
        let store = Store::postgres(&url, 8).await.unwrap();
        worlds.push(World::on(store, None, change).await);
    }
    Some(worlds)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_hundred_with_one_key() {
    if let Some(mut worlds) = instances(2, |_| {}).await {
        let others = worlds.split_off(1);
        races::race_of_a_key(worlds.remove(0), others).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_hundred_with_one_proof() {
    if let Some(mut worlds) = instances(2, races::wide).await {
        let others = worlds.split_off(1);
        races::race_of_a_proof(worlds.remove(0), others).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_hundred_against_one_balance() {
    if let Some(mut worlds) = instances(2, races::wide).await {
        let others = worlds.split_off(1);
        races::race_of_a_balance(worlds.remove(0), others).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_instances_settle_each_step_once() {
    let Some(worlds) = instances(2, races::wide).await else {
        return;
    };
    let [one, two] = &worlds[..] else {
        panic!("two instances")
    };
    let mut wallet = one.wallet().await;
    for number in 0..20 {
        let key = format!("settled-by-two-{number:08}");
        wallet.submit(&key, &ether("0.01")).await.is(201, "");
    }
    // Twelve confirmations, a quarter at a time.
    let steps = [
        ("processing", 0),
        ("broadcast", 0),
        ("broadcast", 3),
        ("broadcast", 6),
        ("broadcast", 9),
        ("completed", 12),
    ];
    for step in steps {
        one.clock.turn_seconds(5);
        races::keep_time(one, std::slice::from_ref(two));
        let (first, second) = tokio::join!(
            tokio::spawn(work(&one.exchange)),
            tokio::spawn(work(&two.exchange)),
        );
        first.unwrap().unwrap();
        second.unwrap().unwrap();
        let list = wallet.get("/withdrawals?limit=100").await.json();
        let list = list["data"].as_array().unwrap();
        assert_eq!(list.len(), 20);
        for withdrawal in list {
            let status = withdrawal["status"].as_str().unwrap();
            let confirmations = withdrawal["confirmations"].as_i64().unwrap();
            assert_eq!((status, confirmations), step);
        }
    }
    // Each was debited once: 20 times 0.0108.
    assert_eq!(wallet.balance("ETH").await, ("4.034".into(), "0".into()));
    assert!(one.exchange.records_are_whole().await.unwrap());
}

/// Works once, in a task of its own.
fn work(exchange: &Arc<Exchange>) -> impl Future<Output = Result<(), Fault>> + Send + 'static {
    let exchange = Arc::clone(exchange);
    async move { exchange.work().await }
}

/// Of instances that start at once on an empty database, each finds the tables and the same keys.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn instances_that_start_at_once_are_one_exchange() {
    let Some(url) = server::empty().await else {
        return;
    };
    let starting: Vec<_> = (0..6)
        .map(|_| {
            let url = url.clone();
            tokio::spawn(async move {
                let store = Store::postgres(&url, 4).await.unwrap();
                World::on(store, None, |_| {}).await
            })
        })
        .collect();
    let mut worlds = Vec::new();
    for started in starting {
        worlds.push(started.await.unwrap());
    }
    let wallet = worlds[0].wallet().await;
    races::keep_time(&worlds[0], &worlds[1..]);
    for world in &worlds {
        let request = wallet.request(axum::http::Method::GET, "/assets", None);
        let assets = world.send(request).await;
        assets.is(200, "");
        // One instance has seeded the balance, and not each of them.
        assert_eq!(assets.json()["data"][0]["balance"], "4.25");
    }
}

// r[verify withdrawal.rate.scope]
#[tokio::test]
async fn two_instances_have_one_limit() {
    if let Some((store, url)) = database().await {
        let other = Store::postgres(&url, 8).await.unwrap();
        let one = World::on(store, None, rates::thirty).await;
        let two = World::on(other, None, rates::thirty).await;
        rates::two_instances(&one, &two).await;
    }
}

#[tokio::test]
async fn challenges_are_capped() {
    if let Some((store, _)) = database().await {
        let few = |settings: &mut x428_sandbox::exchange::Settings| settings.challenges = (3, 64);
        spared::waiting(World::on(store, None, few).await).await;
    }
}

#[tokio::test]
async fn two_instances_tell_once() {
    let Some((store, url)) = database().await else {
        return;
    };
    let inbox = Inbox::open(Kind::Plain).await;
    let other = Store::postgres(&url, 8).await.unwrap();
    let one = World::on(store, None, mail::by_mail(&inbox)).await;
    let two = World::on(other, None, mail::by_mail(&inbox)).await;
    let wallet = one.wallet().await;
    for number in 0..8 {
        let key = format!("key-of-test-{number:08}");
        wallet.submit(&key, &ether("0.02")).await.is(201, "");
        let key = format!("another-key-{number:08}");
        let asked = wallet.submit(&key, &ether("0.3")).await;
        asked.is(428, "challenge_required");
    }
    one.clock.turn_seconds(600);
    two.clock.turn_seconds(660);
    for _ in 0..3 {
        let (first, second) = tokio::join!(one.exchange.work(), two.exchange.work());
        first.unwrap();
        second.unwrap();
        one.clock.turn_seconds(10);
        two.clock.turn_seconds(10);
    }
    let told = mail::with_subject(&inbox.letters(), "A withdrawal");
    assert_eq!(told.len(), 8);
    assert!(one.exchange.records_are_whole().await.unwrap());
    let mut database = PgConnection::connect(&url).await.unwrap();
    let rows = sqlx::query("SELECT data FROM record WHERE data LIKE '%\"expired\"%'");
    assert_eq!(rows.fetch_all(&mut database).await.unwrap().len(), 8);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_instances_send_one_code() {
    let Some((store, url)) = database().await else {
        return;
    };
    let inbox = Inbox::open(Kind::Plain).await;
    let other = Store::postgres(&url, 8).await.unwrap();
    let one = World::on(store, None, mail::by_mail(&inbox)).await;
    let two = World::on(other, None, mail::by_mail(&inbox)).await;
    mail::one_code(&inbox, &[&one, &two]).await;
}

#[tokio::test]
async fn what_has_ended_is_forgotten() {
    if let Some((store, _)) = database().await {
        spared::forgotten(World::on(store, None, |_| {}).await).await;
    }
}

// r[verify withdrawal.idempotency.retention]
#[tokio::test]
async fn two_instances_are_one_exchange() {
    let Some((store, url)) = database().await else {
        return;
    };
    let other = Store::postgres(&url, 8).await.unwrap();
    let one = World::on(store, None, |_| {}).await;
    let two = World::on(other, None, |_| {}).await;
    let wallet = one.wallet().await;
    let created = wallet
        .submit("a-key-of-two-instances", &ether("0.05"))
        .await;
    created.is(201, "");
    let mut request = wallet.request(
        axum::http::Method::POST,
        "/withdrawals",
        Some(&ether("0.05")),
    );
    let key = "a-key-of-two-instances".parse().unwrap();
    request.headers_mut().insert("idempotency-key", key);
    let replayed = two.send(request).await;
    replayed.is(201, "");
    assert_eq!(replayed.header("idempotency-replayed"), "true");
    assert_eq!(replayed.json()["id"], created.json()["id"]);
}

/// PostgreSQL takes no text with a NUL, which is no fault of the exchange.
#[tokio::test]
async fn a_name_with_a_nul_names_nothing() {
    let Some((store, _)) = database().await else {
        return;
    };
    let world = World::on(store, None, |_| {}).await;
    let wallet = world.wallet().await;
    for (method, path) in [
        (Method::GET, "/withdrawals/%00"),
        (Method::POST, "/withdrawals/%00/cancel"),
        (Method::GET, "/challenges/%00"),
        (Method::POST, "/challenges/%00/cancel"),
        (Method::POST, "/webhooks/%00/test"),
        (Method::DELETE, "/webhooks/%00"),
    ] {
        let answer = world.send(wallet.request(method, path, None)).await;
        answer.is(404, "not_found");
    }
}
