//! What an owner grants, lowers, refuses and ends.

use axum::http::StatusCode;
use serde_json::json;

use crate::harness::{ALL_SCOPES, Browser, World, code_of, ether};

// r[verify withdrawal.details.owner]
// r[verify withdrawal.details.limits]
// r[verify withdrawal.authorize.session]
#[tokio::test]
async fn an_owner_lowers_limits_and_may_refuse() {
    let world = World::new().await;
    let mut browser = Browser::new(&world);
    let details = json!([{
        "type": "x428_withdrawal", "actions": ["create"],
        "assets": [{"asset": "ETH", "networks": ["ethereum"]}],
        "limits": [{"amount": "10000", "currency": "USD", "period": "day"}],
    }]);
    let uri = Browser::authorize_uri(ALL_SCOPES, Some(&details));
    let page = browser.visit(&uri).await;
    assert!(page.text.contains("Log in"), "{}", page.text);
    browser.log_in("ana").await;
    let page = browser.visit(&uri).await;
    assert!(page.text.contains("10000"));
    let raised = browser.allow(&page, &[("limit-0-0", "10001")]).await;
    assert_eq!(raised.status, StatusCode::UNPROCESSABLE_ENTITY);
    let lowered = browser
        .allow(&raised, &[("limit-0-0", "40.50"), ("balances", "no")])
        .await;
    let code = code_of(&lowered);
    let twice = browser.allow(&page, &[]).await;
    assert_eq!(twice.status, StatusCode::NOT_FOUND);
    let tokens = world.exchange_code(&code).await.json();
    assert_eq!(
        tokens["authorization_details"][0]["limits"][0]["amount"],
        "40.5"
    );
    let request = axum::http::Request::get("/assets")
        .header(
            "authorization",
            format!("Bearer {}", tokens["access_token"].as_str().unwrap()),
        )
        .body(axum::body::Body::empty());
    let assets = world.send(request.unwrap()).await.json();
    assert!(assets["data"][0].get("balance").is_none());

    let none = browser
        .visit(&Browser::authorize_uri(ALL_SCOPES, None))
        .await;
    assert!(
        none.text.contains("limit-0-0"),
        "the exchange sets a limit of its own"
    );
    let denied = browser.allow(&none, &[("decision", "deny")]).await;
    assert!(denied.header("location").contains("error=access_denied"));
}

// r[verify withdrawal.revoke.grant]
// r[verify withdrawal.revoke.pending]
// r[verify withdrawal.introspect.own]
#[tokio::test]
async fn a_grant_ends_with_its_challenges() {
    let world = World::new().await;
    let wallet = world.wallet().await;
    let asked = wallet.submit("a-key-of-this-test", &ether("0.3")).await;
    asked.is(428, "challenge_required");
    let token = ("token", wallet.token.as_str());
    let active = world.as_client("/oauth/introspect", &[token]).await.json();
    assert_eq!(active["active"], true);
    assert_eq!(active["client_id"], "example-wallet");
    let other = world
        .form("/oauth/introspect", &[("client_id", "example-app"), token])
        .await;
    assert_eq!(other.json(), json!({"active": false}));
    let refresh = wallet.tokens["refresh_token"].as_str().unwrap();
    world
        .form(
            "/oauth/revoke",
            &[("client_id", "example-app"), ("token", refresh)],
        )
        .await
        .is(200, "");
    wallet.get("/assets").await.is(200, "");
    world
        .as_client("/oauth/revoke", &[("token", "nonsense")])
        .await
        .is(200, "");
    world
        .as_client("/oauth/revoke", &[("token", refresh)])
        .await
        .is(200, "");
    wallet.get("/assets").await.is(401, "invalid_token");
    let inactive = world.as_client("/oauth/introspect", &[token]).await;
    assert_eq!(inactive.json(), json!({"active": false}));
    let again = world.wallet().await;
    let id = asked.json()["challengeId"].as_str().unwrap().to_owned();
    let read = again.get(&format!("/challenges/{id}")).await.json();
    assert_eq!(read["status"], "canceled");
}

// r[verify withdrawal.revoke.owner]
#[tokio::test]
async fn an_owner_ends_an_access() {
    let world = World::new().await;
    let mut wallet = world.wallet().await;
    let page = wallet.browser.get("/").await;
    let path = page.text.split("action=\"/grants/").nth(1).unwrap();
    let path = format!("/grants/{}", path.split('"').next().unwrap());
    let forged = crate::harness::Answer {
        text: page
            .text
            .replace("name=\"token\" value=\"", "name=\"token\" value=\"x"),
        ..page.clone()
    };
    let refused = wallet.browser.post(&forged, &path, &[]).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    wallet.get("/assets").await.is(200, "");
    wallet.browser.post(&page, &path, &[]).await;
    wallet.get("/assets").await.is(401, "invalid_token");
}

// r[verify withdrawal.details.enforce]
#[tokio::test]
async fn an_action_is_allowed_for_the_assets_beside_it() {
    let world = World::new().await;
    let detail = |action, asset| {
        json!({
            "type": "x428_withdrawal", "actions": [action],
            "assets": [{"asset": asset, "networks": ["ethereum"]}],
            "limits": [{"amount": "10000", "currency": "USD", "period": "day"}],
        })
    };
    let details = json!([detail("create", "USDC"), detail("read", "ETH")]);
    let wallet = world.wallet_of("ana", ALL_SCOPES, Some(details)).await;
    let refused = wallet.submit("a-key-of-this-test", &ether("0.05")).await;
    refused.is(403, "authorization_limit_exceeded");
    let details = json!([detail("read", "USDC"), detail("create", "ETH")]);
    let wallet = world.wallet_of("ana", ALL_SCOPES, Some(details)).await;
    let created = wallet.submit("a-key-of-this-test", &ether("0.05")).await;
    created.is(201, "");
}

// r[verify withdrawal.webhook.end]
#[tokio::test]
async fn a_grant_that_ends_takes_its_own_webhooks_along() {
    let world = World::new().await;
    let body = json!({"url": "https://wallet.example/hook", "events": ["withdrawal.updated"]});
    let before = world.wallet().await;
    before.post("/webhooks", &body).await.is(201, "");
    let after = world.wallet().await;
    let kept = after.post("/webhooks", &body).await.json();
    let refresh = before.tokens["refresh_token"].as_str().unwrap();
    let revoked = world
        .as_client("/oauth/revoke", &[("token", refresh)])
        .await;
    revoked.is(200, "");
    let left = after.get("/webhooks").await.json();
    let left = left["data"].as_array().unwrap();
    assert_eq!(left.len(), 1);
    assert_eq!(left[0]["id"], kept["id"]);
}
