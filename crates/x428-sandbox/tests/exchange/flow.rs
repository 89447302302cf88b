//! The whole way: consent, token, assets, quote, 428, second factor, proof, 201, settlement.

use serde_json::json;

use crate::harness::{ADDRESS, World, ether, with_proof};

const KEY: &str = "0f8fad5b-d9cb-469f-a165-70867728950e";

// r[verify withdrawal.challenge.top-level]
// r[verify withdrawal.submit.created]
// r[verify withdrawal.state.debit]
// r[verify withdrawal.proof.once]
#[tokio::test]
async fn an_owner_consents_approves_and_the_assets_leave() {
    whole_way(World::new().await).await;
}

pub(crate) async fn whole_way(world: World) {
    let mut wallet = world.wallet().await;

    let assets = wallet.get("/assets").await;
    assets.is(200, "");
    assert_eq!(assets.json()["data"][0]["asset"], "ETH");
    assert_eq!(assets.json()["data"][0]["balance"], "4.25");

    let body = json!({"asset": "ETH", "network": "ethereum", "amount": "0.3", "address": ADDRESS});
    let quote = wallet.post("/withdrawals/quotes", &body).await;
    quote.is(200, "");
    assert_eq!(quote.json()["totalDebit"], "0.3008");
    assert_eq!(quote.json()["stepUpLikely"], true);

    let body = ether("0.3");
    let asked = wallet.submit(KEY, &body).await;
    asked.is(428, "challenge_required");
    let challenge = asked.json();
    assert!(challenge["challengeId"].is_string() && challenge["methods"].is_array());
    assert_eq!(challenge["display"]["client"], "Example Wallet");
    assert_eq!(wallet.balance("ETH").await, ("4.25".into(), "0".into()));

    // The same challenge, for as long as it waits.
    let again = wallet.submit(KEY, &body).await;
    assert_eq!(again.json()["challengeId"], challenge["challengeId"]);

    let proof = wallet.prove(&asked).await;
    let created = wallet.submit(KEY, &with_proof(&body, &proof)).await;
    created.is(201, "");
    let id = created.json()["id"].as_str().unwrap().to_owned();
    assert_eq!(created.header("location"), format!("/withdrawals/{id}"));
    assert_eq!(created.header("cache-control"), "no-store");
    assert!(created.header("x-request-id").starts_with("req_"));
    assert_eq!(created.json()["status"], "pending");
    assert_eq!(
        wallet.balance("ETH").await,
        ("3.9492".into(), "0.3008".into())
    );

    let replayed = wallet.submit(KEY, &with_proof(&body, &proof)).await;
    replayed.is(201, "");
    assert_eq!(replayed.header("idempotency-replayed"), "true");
    assert_eq!(replayed.json()["id"], id.as_str());

    let mut seen = vec!["pending".to_owned()];
    for _ in 0..12 {
        world.settle(1).await;
        let read = wallet.get(&format!("/withdrawals/{id}")).await;
        read.is(200, "");
        let status = read.json()["status"].as_str().unwrap().to_owned();
        if matches!(status.as_str(), "broadcast" | "completed") {
            assert!(read.json()["txid"].is_string());
        }
        if seen.last() != Some(&status) {
            seen.push(status);
        }
    }
    assert_eq!(seen, ["pending", "processing", "broadcast", "completed"]);
    assert_eq!(wallet.balance("ETH").await, ("3.9492".into(), "0".into()));
    assert!(world.exchange.records_are_whole().await.unwrap());
}
