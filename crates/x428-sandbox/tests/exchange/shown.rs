//! What the exchange shows: metadata, assets, quotes, withdrawals, and what the Travel Rule asks for.

use axum::http::Method;
use serde_json::{Value, json};
use x428::withdrawal::decimal::Decimal;

use crate::harness::{ADDRESS, ALL_SCOPES, World, ether, with};
use crate::rules::key;

// r[verify withdrawal.assets.unknown]
// r[verify withdrawal.assets.granted]
// r[verify withdrawal.assets.memo-rule]
// r[verify withdrawal.assets.regex]
#[tokio::test]
async fn the_list_is_what_is_granted_and_has_its_form() {
    let world = World::new().await;
    let details = json!([{
        "type": "x428_withdrawal", "actions": ["create"],
        "assets": [{"asset": "ETH", "networks": ["base"]}],
        "limits": [{"amount": "10", "currency": "USD", "period": "day"}],
    }]);
    let narrow = world
        .wallet_of("ana", "assets:read withdrawals:create", Some(details))
        .await;
    let list = narrow.get("/assets").await.json();
    let [asset] = list["data"].as_array().unwrap().as_slice() else {
        panic!("{list}");
    };
    assert_eq!(asset["asset"], "ETH");
    assert_eq!(asset["networks"].as_array().unwrap().len(), 1);
    for path in ["/assets/DOGE", "/assets/eth", "/assets/XRP"] {
        narrow.get(path).await.is(404, "asset_not_found");
    }
    world.clock.turn_seconds(60);
    let wide = world.wallet_of("ana", "assets:read", None).await;
    let list = wide.get("/assets").await.json();
    let assets = list["data"].as_array().unwrap();
    assert_eq!(assets.len(), 3);
    let networks = assets
        .iter()
        .flat_map(|asset| asset["networks"].as_array().unwrap());
    for network in networks {
        let memo = &network["memo"];
        let has_rule = memo["kind"].is_string() && memo["regex"].is_string();
        assert_eq!(has_rule, memo["support"] != "none", "{memo}");
        for regex in [&network["addressRegex"], &memo["regex"]]
            .into_iter()
            .filter_map(Value::as_str)
        {
            assert!(regex.starts_with('^') && regex.ends_with('$'), "{regex}");
            // What ECMA-262 and RE2 do not read alike.
            assert!(!regex.contains("(?") && !regex.contains('\\'), "{regex}");
        }
    }
}

// r[verify withdrawal.object.address]
// r[verify withdrawal.object.txid]
#[tokio::test]
async fn a_withdrawal_shows_where_it_goes_and_its_transaction() {
    let world = World::new().await;
    let wallet = world.wallet().await;
    let body = json!({
        "asset": "XRP", "network": "xrpl", "amount": "10",
        "address": "rHb9CJAWyB4rj91VRWn96DkukG4bwdtyTh", "memo": "90417",
    });
    let created = wallet.submit(&key(1), &body).await.json();
    let path = format!("/withdrawals/{}", created["id"].as_str().unwrap());
    let mut seen = Vec::new();
    for _ in 0..8 {
        let read = wallet.get(&path).await.json();
        assert_eq!(
            (&read["address"], &read["memo"]),
            (&body["address"], &body["memo"])
        );
        let status = read["status"].as_str().unwrap().to_owned();
        let is_on_network = ["broadcast", "completed"].contains(&&*status);
        assert_eq!(read["txid"].is_string(), is_on_network, "{read}");
        seen.push((status, read["txid"].clone()));
        world.settle(1).await;
    }
    let (last, id) = seen.last().unwrap();
    assert_eq!(last, "completed");
    assert!(seen.iter().all(|(_, shown)| shown.is_null() || shown == id));
}

// r[verify withdrawal.travel.thresholds]
// r[verify withdrawal.ivms.one]
#[tokio::test]
async fn thresholds_are_configuration_and_a_person_is_one() {
    let world = World::with(|settings| {
        let strict = settings.travel_rules.get_mut("strict").unwrap();
        strict.data_from = Some(Decimal::from(77));
    })
    .await;
    let wallet = world.wallet_of("ben", ALL_SCOPES, None).await;
    let ask = async |amount: &str| {
        let ask = json!({"asset": "ETH", "network": "ethereum", "amount": amount});
        let quote = wallet.post("/withdrawals/quotes", &ask).await.json();
        quote["travelRuleRequirements"].as_array().unwrap().len()
    };
    assert_eq!((ask("0.03").await, ask("0.05").await), (0, 1));
    wallet.submit(&key(1), &ether("0.03")).await.is(201, "");
    wallet
        .submit(&key(2), &ether("0.05"))
        .await
        .is(422, "travel_rule_required");

    let natural = json!({"name": {"nameIdentifier": [
        {"primaryIdentifier": "Silva", "naturalPersonNameIdentifierType": "LEGL"},
    ]}});
    let legal = json!({"name": {"nameIdentifier": [
        {"legalPersonName": "Silva Lda", "legalPersonNameIdentifierType": "LEGL"},
    ]}});
    let persons = [
        json!({}),
        json!({"naturalPerson": natural, "legalPerson": legal}),
    ];
    for person in persons {
        let data = json!({"walletType": "self_hosted", "isSelf": false, "beneficiary": person});
        let refused = wallet
            .submit(&key(3), &with(&ether("0.05"), "travelRule", data))
            .await;
        refused.is(422, "travel_rule_invalid");
    }
    for (name, person) in [("naturalPerson", natural), ("legalPerson", legal)] {
        let data =
            json!({"walletType": "self_hosted", "isSelf": false, "beneficiary": {name: person}});
        let taken = wallet
            .submit(&key(4), &with(&ether("0.05"), "travelRule", data))
            .await;
        assert!(
            ["", "idempotency_mismatch"].contains(&&*taken.outcome().1),
            "{}",
            taken.text
        );
    }
}

/// A review is not skipped by supplying what was asked for first.
#[tokio::test]
async fn supplied_information_does_not_skip_the_review() {
    let world = World::with(|settings| {
        settings.default_limit = Decimal::from(1_000_000);
        settings.review_from = Some(Decimal::from(1000));
    })
    .await;
    let wallet = world.wallet().await;
    world
        .change("owner", "$.jurisdiction", json!("strict"))
        .await;
    world
        .change("owner", "$.step_up.from", json!("1000000"))
        .await;
    let own = json!({"walletType": "self_hosted", "isSelf": true});
    let held = wallet
        .submit(&key(1), &with(&ether("0.6"), "travelRule", own))
        .await
        .json();
    assert_eq!(held["status"], "awaiting_information");
    let data = json!({
        "walletType": "custodial", "isSelf": true, "beneficiaryVasp": {"name": "Other"},
    });
    let path = format!("/withdrawals/{}/travel-rule", held["id"].as_str().unwrap());
    let supplied = world
        .send(wallet.request(Method::PUT, &path, Some(&data)))
        .await
        .json();
    assert_eq!(supplied["status"], "under_review", "{supplied}");
}

// r[verify withdrawal.details.enforce]
// r[verify withdrawal.details.conversion]
#[tokio::test]
async fn a_fee_in_another_asset_counts_against_the_limits() {
    let world = World::with(|settings| settings.default_limit = Decimal::from(100)).await;
    let wallet = world.wallet().await;
    let dollars = |amount: &str| json!({"asset": "USDC", "network": "ethereum", "amount": amount, "address": ADDRESS});
    // The fee is 0.0012 ether, which is 2.4 dollars.
    let above = wallet.submit(&key(1), &dollars("97.61")).await;
    above.is(403, "authorization_limit_exceeded");
    world.change("owner", "$.daily_limit", json!("97")).await;
    let above = wallet.submit(&key(2), &dollars("94.61")).await;
    above.is(422, "daily_limit_exceeded");
    wallet.submit(&key(3), &dollars("94.6")).await.is(201, "");
}

// r[verify withdrawal.quote.nothing-reserved]
#[tokio::test]
async fn a_quote_reserves_nothing() {
    let world = World::with(|settings| settings.default_limit = Decimal::from(1_000_000)).await;
    let mut wallet = world.wallet().await;
    let before = wallet.balance("ETH").await;
    let ask = json!({"asset": "ETH", "network": "ethereum", "amount": "100"});
    wallet.post("/withdrawals/quotes", &ask).await.is(200, "");
    assert_eq!(wallet.balance("ETH").await, before);
}

// r[verify withdrawal.metadata.algorithms]
#[tokio::test]
async fn metadata_name_the_algorithms_of_assertions() {
    let world = World::new().await;
    let request = axum::http::Request::get("/.well-known/oauth-authorization-server");
    let request = request.body(axum::body::Body::empty());
    let metadata = world.send(request.unwrap()).await.json();
    let mut count = 0;
    for (name, methods) in metadata.as_object().unwrap() {
        let Some(endpoint) = name.strip_suffix("_auth_methods_supported") else {
            continue;
        };
        if methods
            .as_array()
            .unwrap()
            .contains(&json!("private_key_jwt"))
        {
            let algorithms = &metadata[format!("{endpoint}_auth_signing_alg_values_supported")];
            assert!(!algorithms.as_array().unwrap().is_empty(), "{endpoint}");
            count += 1;
        }
    }
    assert!(count > 0);
}
