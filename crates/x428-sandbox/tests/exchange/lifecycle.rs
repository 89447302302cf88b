//! What becomes of a withdrawal: settlement, failures, cancellation, lists, the Travel Rule.

use std::collections::BTreeSet;

use axum::http::Method;
use serde_json::json;

use crate::harness::{ALL_SCOPES, Wallet, World, ether, with};

fn key(number: u32) -> String {
    format!("key-of-test-{number:08}")
}

async fn created(wallet: &Wallet<'_>, number: u32, script: &str) -> String {
    let body = with(
        &ether("0.02"),
        "clientReference",
        format!("{script}.{number}"),
    );
    let created = wallet.submit(&key(number), &body).await;
    created.is(201, "");
    created.json()["id"].as_str().unwrap().to_owned()
}

async fn status(wallet: &Wallet<'_>, id: &str) -> String {
    let read = wallet.get(&format!("/withdrawals/{id}")).await.json();
    read["status"].as_str().unwrap().to_owned()
}

// r[verify withdrawal.state.release]
// r[verify withdrawal.state.updated]
// r[verify withdrawal.object.reason]
#[tokio::test]
async fn what_fails_is_given_back_once() {
    let world = World::new().await;
    let mut wallet = world.wallet().await;
    let rejected = created(&wallet, 1, "sim:reject").await;
    let failed = created(&wallet, 2, "sim:fail").await;
    let dropped = created(&wallet, 3, "sim:drop").await;
    assert_eq!(
        wallet.balance("ETH").await,
        ("4.1876".into(), "0.0624".into())
    );
    world.settle(12).await;
    for (id, ends) in [
        (rejected, "rejected"),
        (failed, "failed"),
        (dropped, "failed"),
    ] {
        let read = wallet.get(&format!("/withdrawals/{id}")).await.json();
        assert_eq!(read["status"], ends);
        assert!(read["statusReason"]["code"].is_string());
        assert!(read["completedAt"].is_string());
    }
    assert_eq!(wallet.balance("ETH").await, ("4.25".into(), "0".into()));
    world.settle(5).await;
    assert_eq!(wallet.balance("ETH").await, ("4.25".into(), "0".into()));
}

// r[verify withdrawal.cancel.cancelable]
// r[verify withdrawal.cancel.idempotent]
// r[verify withdrawal.cancel.no-step-up]
#[tokio::test]
async fn a_withdrawal_is_canceled_until_it_is_on_the_network() {
    let world = World::new().await;
    let mut wallet = world.wallet().await;
    let early = created(&wallet, 1, "order").await;
    let cancel = wallet
        .act(&format!("/withdrawals/{early}/cancel"))
        .await
        .json();
    assert_eq!(cancel["status"], "canceled");
    assert_eq!(cancel["statusReason"]["code"], "canceled_by_client");
    assert_eq!(cancel["cancelable"], false);

    let busy = created(&wallet, 2, "sim:stall").await;
    let late = created(&wallet, 3, "sim:late").await;
    let done = created(&wallet, 4, "order").await;
    world.settle(1).await;
    for id in [&busy, &late] {
        let path = format!("/withdrawals/{id}/cancel");
        assert_eq!(wallet.act(&path).await.json()["status"], "canceling");
        assert_eq!(wallet.act(&path).await.json()["status"], "canceling");
    }
    world.settle(1).await;
    assert_eq!(status(&wallet, &busy).await, "canceled");
    assert_eq!(status(&wallet, &late).await, "broadcast");
    let refused = wallet.act(&format!("/withdrawals/{done}/cancel")).await;
    refused.is(409, "not_cancelable");
    world.settle(8).await;
    assert_eq!(status(&wallet, &done).await, "completed");
    wallet
        .act(&format!("/withdrawals/{done}/cancel"))
        .await
        .is(409, "not_cancelable");
    assert_eq!(wallet.balance("ETH").await, ("4.2084".into(), "0".into()));
}

// r[verify withdrawal.page.form]
// r[verify withdrawal.page.order]
// r[verify withdrawal.page.bound]
#[tokio::test]
async fn a_list_has_every_entry_once() {
    let world = World::new().await;
    let wallet = world.wallet().await;
    let mut made = BTreeSet::new();
    for number in 0..7 {
        made.insert(created(&wallet, number, "order").await);
        if number % 3 == 0 {
            world.clock.turn_seconds(1);
        }
    }
    let mut found = Vec::new();
    let mut path = "/withdrawals?asset=ETH&limit=2".to_owned();
    for page in 0.. {
        let list = wallet.get(&path).await;
        list.is(200, "");
        let json = list.json();
        for entry in json["data"].as_array().unwrap() {
            found.push(entry["id"].as_str().unwrap().to_owned());
        }
        if page == 1 {
            // What is created meanwhile moves nothing.
            created(&wallet, 90, "order").await;
        }
        let Some(cursor) = json["pagination"]["nextCursor"].as_str() else {
            assert_eq!(json["pagination"]["hasMore"], false);
            assert_eq!(list.header("link"), "");
            break;
        };
        let next = format!("/withdrawals?asset=ETH&limit=2&cursor={cursor}");
        assert_eq!(list.header("link"), format!("<{next}>; rel=\"next\""));
        let elsewhere = format!("/withdrawals?asset=XRP&cursor={cursor}");
        wallet.get(&elsewhere).await.is(400, "invalid_cursor");
        path = next;
    }
    assert_eq!(found.len(), 7);
    assert_eq!(found.into_iter().collect::<BTreeSet<_>>(), made);
    wallet
        .get("/withdrawals?state=pending")
        .await
        .is(400, "invalid_request");
    wallet
        .get("/withdrawals?limit=101")
        .await
        .is(400, "invalid_request");
    wallet
        .get("/withdrawals?cursor=Y3Vyc29yLTAwMDE")
        .await
        .is(400, "invalid_cursor");
    let none = wallet.get("/withdrawals?status=completed").await;
    assert_eq!(none.json()["data"], json!([]));
}

// r[verify withdrawal.read.others]
// r[verify withdrawal.oauth.own-withdrawals]
#[tokio::test]
async fn what_is_anothers_is_not_there() {
    let world = World::new().await;
    let wallet = world.wallet().await;
    let id = created(&wallet, 1, "order").await;
    let challenge = wallet.submit(&key(2), &ether("0.3")).await.json();
    let challenge = challenge["challengeId"].as_str().unwrap().to_owned();
    let other = world.wallet_of("ben", ALL_SCOPES, None).await;
    for path in [
        format!("/withdrawals/{id}"),
        format!("/challenges/{challenge}"),
        "/withdrawals/wd_6Ys4cBvLi2RjF8kHtGpSx0".to_owned(),
        "/challenges/nonsense".to_owned(),
    ] {
        other.get(&path).await.is(404, "not_found");
    }
    other
        .act(&format!("/withdrawals/{id}/cancel"))
        .await
        .is(404, "not_found");
    other
        .act(&format!("/challenges/{challenge}/cancel"))
        .await
        .is(404, "not_found");
    let same_key = other.submit(&key(1), &ether("0.02")).await;
    same_key.is(201, "");
    assert_ne!(same_key.json()["id"], id.as_str());
    assert_eq!(same_key.header("idempotency-replayed"), "");
}

// r[verify withdrawal.travel.required]
// r[verify withdrawal.travel.put]
// r[verify withdrawal.travel.beneficiary]
// r[verify withdrawal.travel.deadline]
// r[verify withdrawal.privacy.not-returned]
#[tokio::test]
async fn the_travel_rule_is_met_before_or_later() {
    let world = World::with(|settings| {
        let thresholds = settings.travel_rules.get_mut("strict").unwrap();
        thresholds.data_from = Some(x428::withdrawal::decimal::Decimal::from(50));
        thresholds.hold_from = Some(x428::withdrawal::decimal::Decimal::from(150));
    })
    .await;
    let wallet = world.wallet_of("ben", ALL_SCOPES, None).await;
    wallet.submit(&key(1), &ether("0.02")).await.is(201, "");
    let body = ether("0.05");
    let ask = json!({"asset": "ETH", "network": "ethereum", "amount": "0.05"});
    let quote = wallet.post("/withdrawals/quotes", &ask).await.json();
    assert_eq!(quote["travelRuleRequirements"], json!(["wallet_type"]));
    wallet
        .submit(&key(2), &body)
        .await
        .is(422, "travel_rule_required");
    let custodial = json!({"walletType": "custodial", "isSelf": true});
    let refused = wallet
        .submit(&key(2), &with(&body, "travelRule", custodial))
        .await;
    refused.is(422, "travel_rule_invalid");
    assert_eq!(
        refused.json()["error"]["details"][0]["field"],
        "/travelRule/beneficiaryVasp"
    );
    let own = json!({"walletType": "self_hosted", "isSelf": true});
    let accepted = wallet
        .submit(&key(2), &with(&body, "travelRule", own.clone()))
        .await;
    accepted.is(201, "");
    assert_eq!(accepted.json()["travelRule"], json!({"status": "accepted"}));

    let body = with(&ether("0.1"), "travelRule", own.clone());
    let held = wallet.submit(&key(3), &body).await;
    held.is(201, "");
    assert_eq!(held.json()["status"], "awaiting_information");
    assert_eq!(held.json()["requiredAction"], "provide_ownership_proof");
    assert_eq!(held.json()["travelRule"]["status"], "required");
    let id = held.json()["id"].as_str().unwrap().to_owned();
    let path = format!("/withdrawals/{id}/travel-rule");
    let put = |body| world.send(wallet.request(Method::PUT, &path, Some(body)));
    put(&own).await.is(422, "ownership_proof_required");
    let vasp = json!({
        "walletType": "custodial", "isSelf": true, "beneficiaryVasp": {"name": "Other"},
    });
    let supplied = put(&vasp).await;
    supplied.is(200, "");
    assert_eq!(supplied.json()["status"], "processing");
    put(&vasp).await.is(200, "");
    put(&own).await.is(422, "travel_rule_invalid");
    assert!(!supplied.text.contains("Other"));

    let held = wallet.submit(&key(4), &body).await.json();
    let id = held["id"].as_str().unwrap().to_owned();
    world.clock.turn_seconds(24 * 60 * 60);
    world.exchange.work().await.unwrap();
    let fresh = world.wallet_of("ben", ALL_SCOPES, None).await;
    let read = fresh.get(&format!("/withdrawals/{id}")).await.json();
    assert_eq!(read["status"], "expired");
}
