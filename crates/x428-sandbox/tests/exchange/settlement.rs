//! What a client makes go wrong, to see what it does then.

use axum::http::Method;
use serde_json::{Value, json};
use x428_sandbox::exchange::{SCRIPTS, seed};

use crate::harness::{ALL_SCOPES, Wallet, World, ether, with};

async fn created(wallet: &Wallet<'_>, script: &str) -> Value {
    let name = format!("{script}.test");
    let body = with(&ether("0.02"), "clientReference", name);
    let key = format!("key-of-test-{}", script.replace(':', "-"));
    let created = wallet.submit(&key, &body).await;
    created.is(201, "");
    created.json()
}

async fn refreshed(world: &World, wallet: &mut Wallet<'_>) {
    let refresh = wallet.tokens["refresh_token"].as_str().unwrap();
    let fields = [("grant_type", "refresh_token"), ("refresh_token", refresh)];
    let tokens = world.as_client("/oauth/token", &fields).await;
    tokens.is(200, "");
    wallet.tokens = tokens.json();
    let token = wallet.tokens["access_token"].as_str().unwrap();
    token.clone_into(&mut wallet.token);
}

async fn read(wallet: &Wallet<'_>, created: &Value) -> Value {
    let id = created["id"].as_str().unwrap();
    wallet.get(&format!("/withdrawals/{id}")).await.json()
}

// r[verify withdrawal.object.reason]
// r[verify withdrawal.state.updated]
#[tokio::test]
async fn every_end_can_be_brought_about() {
    let world = World::new().await;
    let mut wallet = world.wallet().await;
    let mut all = Vec::new();
    for (script, _) in SCRIPTS {
        all.push((script, created(&wallet, script).await));
    }
    all.push(("order", created(&wallet, "order").await));
    world.settle(2).await;
    for (script, created) in &all {
        let status = read(&wallet, created).await["status"].clone();
        let expected = match *script {
            "sim:reject" => "rejected",
            "sim:fail" => "failed",
            "sim:inform" => "awaiting_information",
            "sim:review" | "sim:stall" => "processing",
            "sim:late" | "sim:drop" | "order" => "broadcast",
            other => panic!("{other} is new"),
        };
        assert_eq!(status, expected, "{script}");
    }
    let stalled = &all
        .iter()
        .find(|(script, _)| *script == "sim:stall")
        .unwrap()
        .1;
    let path = format!("/withdrawals/{}/cancel", stalled["id"].as_str().unwrap());
    assert_eq!(wallet.act(&path).await.json()["status"], "canceling");
    world.settle(12).await;
    world.clock.turn_seconds(24 * 60 * 60);
    world.exchange.work().await.unwrap();
    refreshed(&world, &mut wallet).await;
    for (script, created) in &all {
        let ended = read(&wallet, created).await;
        let (status, reason) = match *script {
            "sim:reject" => ("rejected", "not_disclosed"),
            "sim:fail" => ("failed", "provider_failed"),
            "sim:drop" => ("failed", "transaction_failed"),
            "sim:inform" => ("expired", "information_expired"),
            "sim:stall" => ("canceled", "canceled_by_client"),
            _ => ("completed", ""),
        };
        assert_eq!(ended["status"], status, "{script}");
        let code = ended["statusReason"]["code"].as_str().unwrap_or_default();
        assert_eq!(code, reason, "{script}");
        assert!(ended["completedAt"].is_string(), "{script}");
        assert_eq!(ended["cancelable"], false, "{script}");
    }
    let hints: Vec<String> = seed::demo(&world.exchange).await.unwrap();
    for (script, what) in SCRIPTS {
        let has = |line: &String| line.contains(script) && line.contains(what);
        assert!(hints.iter().any(has), "{script}");
    }
}

// r[verify withdrawal.travel.deadline]
#[tokio::test]
async fn data_that_come_too_late_are_refused_before_the_settlement_comes_to_it() {
    let world = World::new().await;
    let mut wallet = world.wallet().await;
    let in_time = created(&wallet, "sim:inform").await;
    let body = with(&ether("0.02"), "clientReference", "sim:inform.2");
    let late = wallet
        .submit("key-of-test-that-is-late", &body)
        .await
        .json();
    let path = |withdrawal: &Value| {
        format!(
            "/withdrawals/{}/travel-rule",
            withdrawal["id"].as_str().unwrap()
        )
    };
    let data = json!({
        "walletType": "custodial", "isSelf": true, "beneficiaryVasp": {"name": "Other"},
    });
    world.clock.turn_seconds(24 * 60 * 60 - 1);
    refreshed(&world, &mut wallet).await;
    let put = |withdrawal: &Value| wallet.request(Method::PUT, &path(withdrawal), Some(&data));
    let supplied = world.send(put(&in_time)).await;
    assert_eq!(supplied.json()["status"], "processing", "{}", supplied.text);
    world.clock.turn_seconds(1);
    let refused = world.send(put(&late)).await;
    refused.is(422, "travel_rule_invalid");
    let ended = read(&wallet, &late).await;
    assert_eq!(ended["status"], "expired");
    assert_eq!(ended["statusReason"]["code"], "information_expired");
    world.send(put(&late)).await.is(422, "travel_rule_invalid");
    world.exchange.work().await.unwrap();
    assert_eq!(read(&wallet, &late).await["status"], "expired");
}

// r[verify withdrawal.method.all-distinct]
#[tokio::test]
async fn all_methods_are_no_two_of_one_app() {
    use x428::wire::withdrawal::{ChallengePolicy, StepUpMethod as Method};
    let world = World::new().await;
    for (login, methods, offered) in [
        (
            "cem",
            vec![Method::Push, Method::Face, Method::Email],
            vec!["push", "email"],
        ),
        ("dia", vec![Method::Push, Method::Face], vec![]),
        ("eva", vec![Method::Email], vec!["email"]),
    ] {
        let mut new = seed::NewOwner::new(login, crate::harness::PASSWORD);
        new.step_up.policy = ChallengePolicy::All;
        new.step_up.methods = methods;
        new.balances = vec![("ETH".to_owned(), 4.into())];
        seed::owner(&world.exchange, new).await.unwrap();
        let wallet = world.wallet_of(login, ALL_SCOPES, None).await;
        let asked = wallet
            .submit("key-of-test-all-methods", &ether("0.3"))
            .await;
        if offered.is_empty() {
            asked.is(403, "second_factor_not_enrolled");
            continue;
        }
        asked.is(428, "challenge_required");
        let asked = asked.json();
        let names = asked["methods"].as_array().unwrap().iter();
        let names: Vec<_> = names
            .map(|method| method["method"].as_str().unwrap())
            .collect();
        assert_eq!(names, offered, "{login}");
    }
}
