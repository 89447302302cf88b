//! The order of the checks, idempotency, and every refusal of a submission.

use serde_json::json;
use x428::withdrawal::decimal::Decimal;

use crate::harness::{ADDRESS, ALL_SCOPES, OTHER_ADDRESS, World, ether, with, with_proof};

fn key(number: u32) -> String {
    format!("key-of-test-{number:08}")
}

// r[verify withdrawal.idempotency.form]
// r[verify withdrawal.idempotency.required]
// r[verify withdrawal.idempotency.fingerprint]
// r[verify withdrawal.idempotency.replay]
#[tokio::test]
async fn a_key_is_one_withdrawal() {
    let world = World::new().await;
    let mut wallet = world.wallet().await;
    let body = ether("0.05");
    wallet
        .post("/withdrawals", &body)
        .await
        .is(400, "idempotency_key_missing");
    wallet
        .submit("short", &body)
        .await
        .is(400, "idempotency_key_missing");
    let first = wallet.submit(&key(1), &body).await;
    first.is(201, "");
    let quoted = wallet
        .submit(&format!("\"{}\"", key(1)), &with(&body, "amount", "0.050"))
        .await;
    quoted.is(201, "");
    assert_eq!(quoted.json()["id"], first.json()["id"]);
    assert_eq!(quoted.header("idempotency-replayed"), "true");
    let other = wallet.submit(&key(1), &with(&body, "amount", "0.06")).await;
    other.is(422, "idempotency_mismatch");
    let named = wallet
        .submit(&key(1), &with(&body, "clientReference", "order-1"))
        .await;
    named.is(422, "idempotency_mismatch");
    assert_eq!(wallet.balance("ETH").await.1, "0.0508");

    let mut twice = wallet.request(axum::http::Method::POST, "/withdrawals", Some(&body));
    twice
        .headers_mut()
        .append("idempotency-key", key(2).parse().unwrap());
    twice
        .headers_mut()
        .append("idempotency-key", key(2).parse().unwrap());
    world.send(twice).await.is(400, "idempotency_key_missing");
}

// r[verify withdrawal.json.unknown-request]
// r[verify withdrawal.json.duplicate-members]
// r[verify withdrawal.error.envelope]
#[tokio::test]
async fn a_body_is_of_its_form() {
    let world = World::new().await;
    let wallet = world.wallet().await;
    let body = ether("0.05");
    let unknown = wallet
        .submit(&key(1), &with(&body, "destinationTag", "7"))
        .await;
    unknown.is(400, "invalid_request");
    let detail = &unknown.json()["error"]["details"][0];
    assert_eq!(
        detail,
        &json!({"field": "/destinationTag", "code": "unknown"})
    );
    assert_eq!(
        unknown.json()["error"]["requestId"],
        unknown.header("x-request-id")
    );
    wallet
        .submit(&key(1), &with(&body, "amount", 0.05))
        .await
        .is(400, "invalid_request");
    wallet
        .submit(&key(1), &with(&body, "amount", "0"))
        .await
        .is(400, "invalid_request");
    wallet
        .submit(&key(1), &with(&body, "memo", json!(null)))
        .await
        .is(400, "invalid_request");
    let mut raw = wallet.request(axum::http::Method::POST, "/withdrawals", Some(&body));
    raw.headers_mut()
        .insert("idempotency-key", key(1).parse().unwrap());
    let (parts, _) = raw.into_parts();
    for text in [
        r#"{"asset":"ETH","asset":"ETH","network":"ethereum","amount":"1","address":"0x0"}"#,
        "[]",
        "",
    ] {
        let request = axum::http::Request::from_parts(parts.clone(), text.to_owned().into());
        world.send(request).await.is(400, "invalid_request");
    }
    let long = format!("{{\"asset\":\"{}\"}}", "A".repeat(70_000));
    let request = axum::http::Request::from_parts(parts, long.into());
    world.send(request).await.is(400, "invalid_request");
}

// r[verify withdrawal.submit.network-unknown]
// r[verify withdrawal.submit.address]
// r[verify withdrawal.submit.memo]
// r[verify withdrawal.submit.limits]
// r[verify withdrawal.submit.balance]
// r[verify withdrawal.submit.max-fee]
// r[verify withdrawal.assets.step]
#[tokio::test]
async fn every_refusal_has_its_code_and_changes_nothing() {
    let world = World::with(|settings| settings.default_limit = Decimal::from(1_000_000)).await;
    let mut wallet = world.wallet().await;
    let body = ether("0.05");
    let xrp = json!({
        "asset": "XRP", "network": "xrpl", "amount": "10",
        "address": "rHb9CJAWyB4rj91VRWn96DkukG4bwdtyTh", "memo": "90417",
    });
    let dollars = json!({
        "asset": "USDC", "network": "ethereum", "amount": "10", "address": ADDRESS,
    });
    let cases = [
        (
            with(&body, "asset", "DOGE"),
            403,
            "authorization_limit_exceeded",
        ),
        (
            with(&body, "address", &ADDRESS.to_uppercase()[..]),
            422,
            "invalid_address",
        ),
        (
            with(
                &body,
                "address",
                "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAeD",
            ),
            422,
            "invalid_address",
        ),
        (with(&body, "memo", "1"), 422, "memo_not_supported"),
        (with(&xrp, "memo", "007"), 422, "invalid_address"),
        (
            with(&xrp, "address", "rHb9CJAWyB4rj91VRWn96DkukG4bwdtyTj"),
            422,
            "invalid_address",
        ),
        (with(&body, "amount", "0.0001"), 422, "amount_below_minimum"),
        (
            with(&body, "amount", "501"),
            403,
            "authorization_limit_exceeded",
        ),
        (
            with(&body, "amount", "0.050000001"),
            422,
            "amount_step_invalid",
        ),
        (with(&body, "amount", "5"), 422, "insufficient_balance"),
        (
            with(&body, "amount", "4.25"),
            422,
            "insufficient_balance_for_fee",
        ),
        (with(&body, "maxFee", "0.0001"), 422, "fee_exceeds_max"),
        (
            with(&body, "quoteId", "qt_5Hn7tRzPk3WvB9xGdMyCa1"),
            400,
            "invalid_request",
        ),
        (
            with(&dollars, "network", "solana"),
            403,
            "authorization_limit_exceeded",
        ),
        (
            with(&body, "challengeProof", "a.b.c"),
            400,
            "challenge_proof_invalid",
        ),
    ];
    let before = wallet.balance("ETH").await;
    for (number, (body, status, code)) in (0..).zip(cases) {
        let answer = wallet.submit(&key(number), &body).await;
        answer.is(status, code);
    }
    assert_eq!(wallet.balance("ETH").await, before);
    // A key whose request was refused is still free.
    wallet.submit(&key(0), &body).await.is(201, "");
    wallet.submit(&key(90), &xrp).await.is(201, "");
}

// r[verify withdrawal.quote.arithmetic]
// r[verify withdrawal.quote.honoured]
// r[verify withdrawal.quote.binding]
// r[verify withdrawal.quote.expiry]
#[tokio::test]
async fn a_quote_holds_once_and_for_a_while() {
    let world = World::new().await;
    let mut wallet = world.wallet().await;
    let ask = json!({
        "asset": "ETH", "network": "ethereum", "amount": "0.05", "feeMode": "inclusive",
    });
    let quote = wallet.post("/withdrawals/quotes", &ask).await.json();
    assert_eq!(quote["receiveAmount"], "0.0492");
    assert_eq!(quote["totalDebit"], "0.05");
    let body = with(&ether("0.05"), "quoteId", quote["quoteId"].clone());
    wallet
        .submit(&key(1), &body)
        .await
        .is(400, "invalid_request");
    let body = with(&body, "feeMode", "inclusive");
    wallet.submit(&key(1), &body).await.is(201, "");
    wallet
        .submit(&key(2), &body)
        .await
        .is(400, "invalid_request");
    assert_eq!(wallet.balance("ETH").await, ("4.2".into(), "0.05".into()));

    let quote = wallet.post("/withdrawals/quotes", &ask).await.json();
    let body = with(&body, "quoteId", quote["quoteId"].clone());
    world.clock.turn_seconds(60);
    wallet.submit(&key(3), &body).await.is(410, "quote_expired");

    // The first submission decides: a challenge does not outlast the quote.
    let ask = json!({"asset": "ETH", "network": "ethereum", "amount": "0.3"});
    let quote = wallet.post("/withdrawals/quotes", &ask).await.json();
    let body = with(&ether("0.3"), "quoteId", quote["quoteId"].clone());
    let asked = wallet.submit(&key(4), &body).await;
    asked.is(428, "challenge_required");
    world.clock.turn_seconds(90);
    let proof = wallet.prove(&asked).await;
    wallet
        .submit(&key(4), &with_proof(&body, &proof))
        .await
        .is(201, "");
}

// r[verify withdrawal.details.enforce]
// r[verify withdrawal.details.conversion]
// r[verify withdrawal.details.counted]
#[tokio::test]
async fn a_grant_has_limits_and_destinations() {
    let world = World::new().await;
    let details = json!([{
        "type": "x428_withdrawal", "actions": ["create", "read", "cancel"],
        "assets": [{"asset": "ETH", "networks": ["ethereum"]}],
        "limits": [
            {"amount": "150", "currency": "USD", "period": "transaction"},
            {"amount": "0.1", "currency": "ETH", "period": "day"},
        ],
        "destinations": [{"network": "ethereum", "address": ADDRESS}],
    }]);
    let wallet = world.wallet_of("ana", ALL_SCOPES, Some(details)).await;
    let body = ether("0.05");
    let elsewhere = with(&body, "address", OTHER_ADDRESS);
    wallet
        .submit(&key(1), &elsewhere)
        .await
        .is(403, "address_not_allowed");
    wallet
        .submit(&key(1), &ether("0.08"))
        .await
        .is(403, "authorization_limit_exceeded");
    let on_base = with(&body, "network", "base");
    wallet
        .submit(&key(1), &on_base)
        .await
        .is(403, "authorization_limit_exceeded");
    let created = wallet.submit(&key(1), &body).await;
    created.is(201, "");
    wallet
        .submit(&key(2), &body)
        .await
        .is(403, "authorization_limit_exceeded");
    let id = created.json()["id"].as_str().unwrap().to_owned();
    wallet
        .act(&format!("/withdrawals/{id}/cancel"))
        .await
        .is(200, "");
    // What came to nothing does not count.
    wallet.submit(&key(2), &body).await.is(201, "");
    let networks = wallet.get("/assets").await.json();
    assert_eq!(networks["data"].as_array().unwrap().len(), 1);
    assert_eq!(networks["data"][0]["networks"].as_array().unwrap().len(), 1);
}

// r[verify withdrawal.quote.arithmetic]
#[tokio::test]
async fn a_fee_in_another_asset_is_debited_there() {
    let world = World::new().await;
    let mut wallet = world.wallet().await;
    let body = json!({
        "asset": "USDC", "network": "ethereum", "amount": "10", "address": ADDRESS,
    });
    let created = wallet.submit(&key(1), &body).await;
    created.is(201, "");
    assert_eq!(created.json()["totalDebit"], "10");
    assert_eq!(created.json()["fee"]["asset"], "ETH");
    assert_eq!(wallet.balance("USDC").await, ("24990".into(), "10".into()));
    assert_eq!(
        wallet.balance("ETH").await,
        ("4.2488".into(), "0.0012".into())
    );
    let id = created.json()["id"].as_str().unwrap().to_owned();
    wallet
        .act(&format!("/withdrawals/{id}/cancel"))
        .await
        .is(200, "");
    assert_eq!(wallet.balance("USDC").await, ("25000".into(), "0".into()));
    assert_eq!(wallet.balance("ETH").await, ("4.25".into(), "0".into()));
}

// r[verify withdrawal.assets.suspended]
#[tokio::test]
async fn a_suspended_network_is_a_refusal_for_a_while() {
    let world = World::with(|settings| settings.suspended.push("ethereum".to_owned())).await;
    let wallet = world.wallet().await;
    let refused = wallet.submit(&key(1), &ether("0.05")).await;
    refused.is(503, "network_suspended");
    assert_eq!(refused.header("retry-after"), "600");
    assert_eq!(refused.json()["error"]["retryable"], true);
}

// r[verify withdrawal.rate.answer]
// r[verify withdrawal.rate.headers]
// r[verify withdrawal.rate.cancel]
#[tokio::test]
async fn a_rate_is_told_and_kept() {
    let world = World::with(|settings| settings.requests_per_minute = 3).await;
    let wallet = world.wallet().await;
    for left in [2, 1, 0] {
        let answer = wallet.get("/assets").await;
        answer.is(200, "");
        assert!(answer.header("ratelimit").contains(&format!("r={left};")));
    }
    let refused = wallet.get("/assets").await;
    refused.is(429, "rate_limited");
    assert_ne!(refused.header("retry-after"), "");
    wallet
        .act("/withdrawals/wd_6Ys4cBvLi2RjF8kHtGpSx0/cancel")
        .await
        .is(404, "not_found");
    world.clock.turn_seconds(60);
    wallet.get("/assets").await.is(200, "");
}
