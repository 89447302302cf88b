//! The same on PostgreSQL, under `tests/services`: each test in a database of its own, and one
//! database under two instances.

use std::env;
use std::sync::atomic::{AtomicU32, Ordering};

use sqlx::{AssertSqlSafe, Connection as _, PgConnection};
use x428_sandbox::exchange::Store;

use crate::harness::{World, ether};
use crate::{flow, races, rates};

static NEXT: AtomicU32 = AtomicU32::new(0);

/// A store in a new and empty database, and its URL.
async fn database() -> Option<(Store, String)> {
    let Ok(url) = env::var("X428_TEST_POSTGRES") else {
        let required = env::var("X428_REQUIRE_SERVICES").as_deref() == Ok("1");
        assert!(
            !required,
            "X428_TEST_POSTGRES is not set, and X428_REQUIRE_SERVICES is"
        );
        say("skipped: X428_TEST_POSTGRES is not set; run it under tests/services");
        return None;
    };
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let name = format!("x428_exchange_{}_{number}", std::process::id());
    let mut admin = PgConnection::connect(&url).await.unwrap();
    let create = AssertSqlSafe(format!("CREATE DATABASE {name} TEMPLATE template0"));
    sqlx::raw_sql(create).execute(&mut admin).await.unwrap();
    admin.close().await.unwrap();
    let mut url = url::Url::parse(&url).unwrap();
    url.set_path(&name);
    let store = Store::postgres(url.as_str(), 8).await.unwrap();
    Some((store, url.into()))
}

#[expect(clippy::print_stderr, reason = "a test that is skipped says so")]
fn say(text: &str) {
    eprintln!("{text}");
}

#[tokio::test]
async fn the_whole_way() {
    if let Some((store, _)) = database().await {
        flow::whole_way(World::on(store, None, |_| {}).await).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_hundred_with_one_key() {
    if let Some((store, _)) = database().await {
        races::race_of_a_key(World::on(store, None, |_| {}).await).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_hundred_with_one_proof() {
    if let Some((store, _)) = database().await {
        races::race_of_a_proof(World::on(store, None, |_| {}).await).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_hundred_against_one_balance() {
    if let Some((store, _)) = database().await {
        races::race_of_a_balance(World::on(store, None, races::wide).await).await;
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
