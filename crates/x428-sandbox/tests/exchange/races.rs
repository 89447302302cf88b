//! A hundred at once: exactly one succeeds, and balances add up.

use std::collections::BTreeSet;

use x428::clock::Clock as _;

use crate::harness::{Answer, World, ether, with_proof};

/// Sends them all, to one instance after the other.
async fn at_once(
    wallet: &crate::harness::Wallet<'_>,
    others: &[World],
    requests: Vec<(String, serde_json::Value)>,
) -> Vec<Answer> {
    let apps: Vec<_> = std::iter::once(wallet.world)
        .chain(others)
        .map(|world| world.app.clone())
        .collect();
    let tasks: Vec<_> = requests
        .into_iter()
        .zip(apps.iter().cycle())
        .map(|((key, body), app)| {
            let mut request = wallet.request(axum::http::Method::POST, "/withdrawals", Some(&body));
            request
                .headers_mut()
                .insert("idempotency-key", key.parse().unwrap());
            tokio::spawn(Answer::of(app.clone(), request))
        })
        .collect();
    let mut answers = Vec::new();
    for task in tasks {
        answers.push(task.await.unwrap());
    }
    answers
}

fn created(answers: &[Answer]) -> BTreeSet<String> {
    let created = answers.iter().filter(|answer| answer.status == 201);
    created
        .map(|answer| answer.json()["id"].as_str().unwrap().to_owned())
        .collect()
}

// r[verify withdrawal.idempotency.in-flight]
// r[verify withdrawal.order.atomic]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_key_makes_one_withdrawal() {
    race_of_a_key(World::new().await, Vec::new()).await;
}

pub(crate) async fn race_of_a_key(world: World, others: Vec<World>) {
    let mut wallet = world.wallet().await;
    keep_time(&world, &others);
    let same = vec![("one-key-of-a-hundred".to_owned(), ether("0.05")); 100];
    let answers = at_once(&wallet, &others, same).await;
    assert_eq!(created(&answers).len(), 1);
    assert!(answers.iter().all(|answer| answer.status == 201));
    let fresh = answers
        .iter()
        .filter(|a| a.header("idempotency-replayed").is_empty())
        .count();
    assert_eq!(fresh, 1);
    assert_eq!(
        wallet.balance("ETH").await,
        ("4.1992".into(), "0.0508".into())
    );
}

// r[verify withdrawal.proof.once]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_proof_is_consumed_once() {
    race_of_a_proof(World::with(wide).await, Vec::new()).await;
}

pub(crate) async fn race_of_a_proof(world: World, others: Vec<World>) {
    let mut wallet = world.wallet().await;
    let key = "one-proof-of-a-hundred";
    let asked = wallet.submit(key, &ether("0.3")).await;
    let proof = wallet.prove(&asked).await;
    keep_time(&world, &others);
    let same = vec![(key.to_owned(), with_proof(&ether("0.3"), &proof)); 100];
    let answers = at_once(&wallet, &others, same).await;
    assert_eq!(created(&answers).len(), 1);
    assert!(answers.iter().all(|answer| answer.status == 201));
    assert_eq!(
        wallet.balance("ETH").await,
        ("3.9492".into(), "0.3008".into())
    );
    // The same proof for a hundred other keys.
    let others_keys = (0..100).map(|number| format!("one-proof-race-{number:08}"));
    let body = with_proof(&ether("0.3"), &proof);
    let requests = others_keys.map(|key| (key, body.clone())).collect();
    for answer in at_once(&wallet, &others, requests).await {
        answer.is(400, "challenge_proof_invalid");
    }
    assert_eq!(
        wallet.balance("ETH").await,
        ("3.9492".into(), "0.3008".into())
    );
}

// r[verify withdrawal.order.atomic]
// r[verify withdrawal.submit.balance]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_balance_is_spent_once() {
    race_of_a_balance(World::with(wide).await, Vec::new()).await;
}

/// Sets the clocks of the others by that of the first.
pub(crate) fn keep_time(first: &World, others: &[World]) {
    for other in others {
        let behind = first.clock.now().duration_since(other.clock.now());
        other.clock.turn(behind.try_into().unwrap());
    }
}

/// The balance is the limit, and no other.
pub(crate) fn wide(settings: &mut x428_sandbox::exchange::Settings) {
    settings.default_limit = x428::withdrawal::decimal::Decimal::from(1_000_000);
    settings.withdrawals_per_day = 1000;
}

pub(crate) async fn race_of_a_balance(world: World, others: Vec<World>) {
    let mut wallet = world.wallet().await;
    // 1200 XRP, 450 each with a fee of 0.25: two fit.
    let body = serde_json::json!({
        "asset": "XRP", "network": "xrpl", "amount": "450",
        "address": "rHb9CJAWyB4rj91VRWn96DkukG4bwdtyTh",
    });
    keep_time(&world, &others);
    let requests = (0..100).map(|number| (format!("balance-race-{number:08}"), body.clone()));
    let answers = at_once(&wallet, &others, requests.collect()).await;
    assert_eq!(created(&answers).len(), 2);
    assert!(
        answers
            .iter()
            .all(|a| a.status == 201 || a.outcome().1 == "insufficient_balance")
    );
    assert_eq!(
        wallet.balance("XRP").await,
        ("299.5".into(), "900.5".into())
    );
    world.settle(8).await;
    assert_eq!(wallet.balance("XRP").await, ("299.5".into(), "0".into()));
}
