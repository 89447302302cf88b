//! What the pages do beside what a client sees; how they look and work in a browser is tested there.

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use serde_json::json;

use crate::harness::{
    ADDRESS, ALL_SCOPES, Answer, Browser, ISSUER, OTHER_ADDRESS, World, code_of, ether, hidden,
    with,
};

const KEY: &str = "0f8fad5b-d9cb-469f-a165-70867728950e";

// r[verify withdrawal.cancel.cancelable]
#[tokio::test]
async fn an_owner_follows_a_withdrawal_and_cancels_it() {
    let world = World::new().await;
    let mut wallet = world.wallet().await;
    let body = with(&ether("0.02"), "clientReference", "sim:stall");
    let created = wallet.submit(KEY, &body).await.json();
    let id = created["id"].as_str().unwrap().to_owned();
    world.settle(1).await;
    let path = format!("/activity/{id}");
    let page = wallet.browser.get(&path).await;
    for words in [
        "Accepted",
        "Being prepared",
        "“<bdi>sim:stall</bdi>”",
        ADDRESS,
    ] {
        assert!(page.text.contains(words), "{words}: {}", page.text);
    }
    let mut stranger = Browser::new(&world);
    stranger.log_in("ben").await;
    let other = stranger.get(&path).await;
    assert_eq!(other.status, StatusCode::NOT_FOUND);
    let own = stranger.get("/").await;
    let other = stranger.post(&own, &path, &[]).await;
    assert_eq!(other.status, StatusCode::NOT_FOUND);

    let taken = wallet.browser.post(&page, &path, &[]).await;
    assert_eq!(taken.header("location"), path);
    world.settle(1).await;
    let read = wallet.get(&format!("/withdrawals/{id}")).await.json();
    assert_eq!(read["status"], "canceled");
    assert_eq!(read["statusReason"]["code"], "canceled_by_owner");
    assert_eq!(wallet.balance("ETH").await, ("4.25".into(), "0".into()));
    let shown = wallet.browser.get(&path).await;
    assert!(shown.text.contains("The owner canceled the withdrawal."));
    assert!(!shown.text.contains("Cancel the withdrawal"));

    let sent = wallet
        .submit("another-key-of-the-test", &ether("0.02"))
        .await;
    let path = format!("/activity/{}", sent.json()["id"].as_str().unwrap());
    world.settle(2).await;
    let late = wallet.browser.post(&page, &path, &[]).await;
    assert_eq!(late.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(late.text.contains("The transaction is on the network."));
}

#[tokio::test]
async fn a_form_names_its_origin() {
    let world = World::new().await;
    let mut browser = Browser::new(&world);
    let page = browser.visit("/login").await;
    assert_eq!(page.header("referrer-policy"), "same-origin");
    for (origin, status) in [
        (ISSUER, StatusCode::UNPROCESSABLE_ENTITY),
        ("null", StatusCode::FORBIDDEN),
        ("https://wallet.example", StatusCode::FORBIDDEN),
    ] {
        let token = hidden(&page, "token");
        let request = Request::post("/login")
            .header(header::COOKIE, browser.cookie())
            .header(header::ORIGIN, origin)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Body::from(format!("token={token}&login=ana&password=x")));
        let answer: Answer = world.send(request.unwrap()).await;
        assert_eq!(answer.status, status, "{origin}");
    }
}

// r[verify withdrawal.details.owner]
#[tokio::test]
async fn an_owner_leaves_a_destination_out() {
    let world = World::new().await;
    let details = json!([{
        "type": "x428_withdrawal", "actions": ["create"],
        "assets": [{"asset": "ETH", "networks": ["ethereum"]}],
        "limits": [{"amount": "1000", "currency": "USD", "period": "day"}],
        "destinations": [
            {"network": "ethereum", "address": ADDRESS},
            {"network": "ethereum", "address": OTHER_ADDRESS},
        ],
    }]);
    let mut browser = Browser::new(&world);
    browser.log_in("ana").await;
    let page = browser
        .visit(&Browser::authorize_uri(ALL_SCOPES, Some(&details)))
        .await;
    assert!(page.text.contains(ADDRESS) && page.text.contains(OTHER_ADDRESS));
    let none = [("destination-0-0", "no"), ("destination-0-1", "no")];
    let refused = browser.allow(&page, &none).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    let allowed = browser.allow(&refused, &[("destination-0-0", "no")]).await;
    let tokens = world.exchange_code(&code_of(&allowed)).await.json();
    let left = &tokens["authorization_details"][0]["destinations"];
    assert_eq!(left[0]["address"], OTHER_ADDRESS);
    assert_eq!(left[1], json!(null));
}

#[tokio::test]
async fn fraud_is_noted_with_the_denial() {
    let world = World::new().await;
    let mut wallet = world.wallet().await;
    let asked = wallet.submit(KEY, &ether("0.3")).await.json();
    let path = format!("/step-up/{}", asked["challengeId"].as_str().unwrap());
    let page = wallet.browser.get(&path).await;
    wallet
        .browser
        .post(&page, &path, &[("decision", "fraud")])
        .await;
    let shown = wallet.browser.get(&path).await;
    assert!(shown.text.contains("It was reported as fraud."));
    assert!(world.exchange.records_are_whole().await.unwrap());
}
