//! The authorization server: PKCE, codes, refresh, revocation, introspection, consent.

use axum::http::{Method, StatusCode};
use serde_json::json;
use x428::wire::withdrawal::{
    AuthorizationServerMetadata, ExchangeMetadata, JsonWebKeySet, ProtectedResourceMetadata,
};

use crate::harness::{ALL_SCOPES, Browser, CALLBACK, VERIFIER, World, code_of, ether};

// r[verify withdrawal.metadata.exchange]
// r[verify withdrawal.oauth.profiles]
#[tokio::test]
async fn the_metadata_have_their_form() {
    let world = World::new().await;
    let get = |path: &str| {
        let request = axum::http::Request::get(path).body(axum::body::Body::empty());
        world.send(request.unwrap())
    };
    let server = get("/.well-known/oauth-authorization-server").await;
    serde_json::from_value::<AuthorizationServerMetadata>(server.json()).unwrap();
    assert_eq!(
        server.json()["code_challenge_methods_supported"],
        json!(["S256"])
    );
    let api = get("/.well-known/oauth-protected-resource").await;
    serde_json::from_value::<ProtectedResourceMetadata>(api.json()).unwrap();
    let exchange = get("/.well-known/x428-exchange").await;
    serde_json::from_value::<ExchangeMetadata>(exchange.json()).unwrap();
    let keys = get("/oauth/jwks").await;
    serde_json::from_value::<JsonWebKeySet>(keys.json()).unwrap();
    assert!(!keys.text.contains("\"d\""));
}

// r[verify withdrawal.authorize.pkce]
// r[verify withdrawal.authorize.redirect-uri]
// r[verify withdrawal.authorize.iss]
#[tokio::test]
async fn an_authorization_request_is_checked() {
    let world = World::new().await;
    let mut browser = Browser::new(&world);
    let good = Browser::authorize_uri("assets:read", None);
    let page = |from: &str, to: &str| good.replace(from, to);
    let encoded = "redirect_uri=https%3A%2F%2Fwallet.example%2Fcallback";
    for bad in [
        page("client_id=example-wallet", "client_id=nobody"),
        page("callback", "callback%2F"),
        page(
            encoded,
            "redirect_uri=https%3A%2F%2Fwallet.example%2Fcallback%3Fa%3Db",
        ),
        page("state=", "state=x&state="),
    ] {
        let answer = browser.get(&bad).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{bad}");
        assert_eq!(answer.header("location"), "");
    }
    for (bad, error) in [
        (page("S256", "plain"), "invalid_request"),
        (page("code_challenge=", "other="), "invalid_request"),
        (
            page("response_type=code", "response_type=token"),
            "unsupported_response_type",
        ),
        (page("assets%3Aread", "everything"), "invalid_scope"),
        (
            page("&state", "&authorization_details=%5B%7B%7D%5D&state"),
            "invalid_authorization_details",
        ),
    ] {
        let answer = browser.get(&bad).await;
        let location = answer.header("location");
        assert!(location.starts_with(CALLBACK), "{bad}: {location}");
        assert!(location.contains(&format!("error={error}")), "{location}");
        assert!(
            location.contains("iss=https%3A%2F%2Fexchange.example"),
            "{location}"
        );
    }
    // The port of a loopback address is not compared.
    let loopback = page(
        encoded,
        "redirect_uri=http%3A%2F%2F127.0.0.1%3A49152%2Fcallback",
    );
    assert!(
        browser
            .get(&loopback)
            .await
            .header("location")
            .starts_with("/consent/")
    );
    let elsewhere = page(
        encoded,
        "redirect_uri=http%3A%2F%2F127.0.0.1%3A49152%2Fother",
    );
    assert_eq!(
        browser.get(&elsewhere).await.status,
        StatusCode::BAD_REQUEST
    );
}

// r[verify withdrawal.authorize.code]
// r[verify withdrawal.token.verifier]
#[tokio::test]
async fn a_code_is_used_once_and_soon() {
    let world = World::new().await;
    let mut browser = Browser::new(&world);
    browser.log_in("ana").await;
    let code = browser.code("assets:read offline_access", None).await;
    let fields = [
        ("grant_type", "authorization_code"),
        ("code", code.as_str()),
        ("redirect_uri", CALLBACK),
        (
            "code_verifier",
            "a-verifier-of-somebody-else-that-is-long-enough",
        ),
    ];
    world
        .as_client("/oauth/token", &fields)
        .await
        .is(400, "invalid_grant");
    let tokens = world.exchange_code(&code).await;
    tokens.is(200, "");
    assert_eq!(tokens.header("cache-control"), "no-store");
    assert_eq!(tokens.json()["expires_in"], 900);
    // The second time, everything that it gave is revoked.
    world.exchange_code(&code).await.is(400, "invalid_grant");
    let refresh = tokens.json()["refresh_token"].as_str().unwrap().to_owned();
    let fields = [
        ("grant_type", "refresh_token"),
        ("refresh_token", refresh.as_str()),
    ];
    world
        .as_client("/oauth/token", &fields)
        .await
        .is(400, "invalid_grant");
    let request = axum::http::Request::get("/assets")
        .header(
            "authorization",
            format!("Bearer {}", tokens.json()["access_token"].as_str().unwrap()),
        )
        .body(axum::body::Body::empty());
    world.send(request.unwrap()).await.is(401, "invalid_token");

    let late = browser.code("assets:read", None).await;
    world.clock.turn_seconds(60);
    world.exchange_code(&late).await.is(400, "invalid_grant");
    let public = browser.code("assets:read", None).await;
    let fields = [
        ("client_id", "example-app"),
        ("grant_type", "authorization_code"),
        ("code", public.as_str()),
        ("redirect_uri", CALLBACK),
        ("code_verifier", VERIFIER),
    ];
    world
        .form("/oauth/token", &fields)
        .await
        .is(400, "invalid_grant");
    let fields = [("client_id", "example-wallet"), ("client_secret", "wrong")];
    world
        .form(
            "/oauth/token",
            &[fields[0], fields[1], ("grant_type", "refresh_token")],
        )
        .await
        .is(401, "invalid_client");
    world
        .as_client("/oauth/token", &[("grant_type", "password")])
        .await
        .is(400, "unsupported_grant_type");
}

// r[verify withdrawal.refresh.rotate]
// r[verify withdrawal.refresh.window]
// r[verify withdrawal.refresh.narrow]
#[tokio::test]
async fn a_refresh_token_rotates() {
    let world = World::new().await;
    let wallet = world.wallet().await;
    let first = wallet.tokens["refresh_token"].as_str().unwrap().to_owned();
    let refresh = |token: String, scope: &'static str| {
        let world = &world;
        async move {
            let mut fields = vec![("grant_type", "refresh_token"), ("refresh_token", &*token)];
            if !scope.is_empty() {
                fields.push(("scope", scope));
            }
            world.as_client("/oauth/token", &fields).await
        }
    };
    let second = refresh(first.clone(), "assets:read").await;
    second.is(200, "");
    assert_eq!(second.json()["scope"], "assets:read");
    let second = second.json()["refresh_token"].as_str().unwrap().to_owned();
    assert_ne!(first, second);
    world.clock.turn_seconds(30);
    let again = refresh(first.clone(), "").await;
    assert_eq!(again.json()["refresh_token"], second.as_str());
    let third = refresh(second, "").await.json()["refresh_token"]
        .as_str()
        .unwrap()
        .to_owned();
    world.clock.turn_seconds(31);
    refresh(first, "").await.is(400, "invalid_grant");
    refresh(third, "").await.is(400, "invalid_grant");
    wallet.get("/assets").await.is(401, "invalid_token");
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

// r[verify withdrawal.oauth.scopes]
// r[verify withdrawal.http.once]
// r[verify withdrawal.error.authenticate]
#[tokio::test]
async fn a_token_has_scopes_and_stands_once() {
    let world = World::new().await;
    let wallet = world.wallet_of("ana", "assets:read", None).await;
    let refused = wallet.get("/withdrawals").await;
    refused.is(403, "insufficient_scope");
    assert!(
        refused
            .header("www-authenticate")
            .contains("scope=\"withdrawals:read\"")
    );
    let mut twice = wallet.request(Method::GET, "/assets", None);
    let same = twice.headers()["authorization"].clone();
    twice.headers_mut().append("authorization", same);
    let answer = world.send(twice).await;
    answer.is(401, "invalid_token");
    assert!(
        answer
            .header("www-authenticate")
            .starts_with("Bearer error=\"invalid_token\"")
    );
    world.clock.turn_seconds(900);
    wallet.get("/assets").await.is(401, "invalid_token");
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

// r[verify withdrawal.refresh.window]
// r[verify withdrawal.authorize.code]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn tokens_are_given_once_however_many_ask_at_once() {
    let world = std::sync::Arc::new(World::new().await);
    let (code, refresh) = {
        let mut wallet = world.wallet().await;
        let refresh = wallet.tokens["refresh_token"].as_str().unwrap().to_owned();
        (wallet.browser.code(ALL_SCOPES, None).await, refresh)
    };
    let at_once = async |fields: Vec<(&'static str, String)>| {
        let tasks: Vec<_> = (0..12)
            .map(|_| {
                let (world, fields) = (std::sync::Arc::clone(&world), fields.clone());
                tokio::spawn(async move {
                    let fields: Vec<_> = fields.iter().map(|(n, v)| (*n, v.as_str())).collect();
                    world.as_client("/oauth/token", &fields).await
                })
            })
            .collect();
        let mut answers = Vec::new();
        for task in tasks {
            answers.push(task.await.unwrap());
        }
        answers
    };
    let refreshing = |token: String| {
        vec![
            ("grant_type", "refresh_token".to_owned()),
            ("refresh_token", token),
        ]
    };
    // Within the window, each of them gets the same new one.
    let answers = at_once(refreshing(refresh.clone())).await;
    let next = answers[0].json()["refresh_token"]
        .as_str()
        .unwrap()
        .to_owned();
    assert_ne!(next, refresh);
    for answer in &answers {
        answer.is(200, "");
        assert_eq!(answer.json()["refresh_token"], next.as_str());
    }
    // After it, the first of them ends the grant.
    let newest = at_once(refreshing(next.clone())).await[0].json()["refresh_token"].clone();
    world.clock.turn_seconds(31);
    for answer in at_once(refreshing(next)).await {
        answer.is(400, "invalid_grant");
    }
    let newest = newest.as_str().unwrap().to_owned();
    for answer in at_once(refreshing(newest)).await {
        answer.is(400, "invalid_grant");
    }

    // A code is another grant: one gets tokens, and the second one who asks ends them.
    let mut browser = Browser::new(&world);
    drop(code);
    browser.log_in("ana").await;
    let code = browser.code(ALL_SCOPES, None).await;
    let fields = vec![
        ("grant_type", "authorization_code".to_owned()),
        ("code", code),
        ("redirect_uri", CALLBACK.to_owned()),
        ("code_verifier", VERIFIER.to_owned()),
    ];
    let answers = at_once(fields).await;
    let given: Vec<_> = answers
        .iter()
        .filter(|answer| answer.status == 200)
        .collect();
    assert_eq!(given.len(), 1);
    let refresh = given[0].json()["refresh_token"]
        .as_str()
        .unwrap()
        .to_owned();
    for answer in at_once(refreshing(refresh)).await {
        answer.is(400, "invalid_grant");
    }
}

// r[verify withdrawal.authorize.code]
#[tokio::test]
async fn a_code_that_comes_again_after_days_ends_what_it_gave() {
    let world = World::new().await;
    let mut browser = Browser::new(&world);
    browser.log_in("ana").await;
    let code = browser.code(ALL_SCOPES, None).await;
    let tokens = world.exchange_code(&code).await.json();
    let mut refresh = tokens["refresh_token"].as_str().unwrap().to_owned();
    for _ in 0..3 {
        world.clock.turn(std::time::Duration::from_hours(24));
        world.exchange.work().await.unwrap();
        let fields = [("grant_type", "refresh_token"), ("refresh_token", &refresh)];
        let next = world.as_client("/oauth/token", &fields).await.json();
        next["refresh_token"]
            .as_str()
            .unwrap()
            .clone_into(&mut refresh);
    }
    world.exchange_code(&code).await.is(400, "invalid_grant");
    let fields = [("grant_type", "refresh_token"), ("refresh_token", &refresh)];
    let refused = world.as_client("/oauth/token", &fields).await;
    refused.is(400, "invalid_grant");
}

// r[verify withdrawal.oauth.errors]
#[tokio::test]
async fn a_client_authenticates_in_one_way() {
    use axum::body::Body;
    use axum::http::{Request, header};
    let world = World::new().await;
    let send = async |basic: &str, body: &'static str| {
        let basic = x428::encoding::base64(basic);
        let request = Request::post("/oauth/revoke")
            .header(header::AUTHORIZATION, format!("Basic {basic}"))
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Body::from(body));
        world.send(request.unwrap()).await
    };
    let right = "example-wallet:sandbox-secret-of-example-wallet";
    send(right, "token=x").await.is(200, "");
    send(
        "example%2Dwallet:sandbox%2Dsecret%2Dof%2Dexample%2Dwallet",
        "token=x",
    )
    .await
    .is(200, "");
    send(right, "token=x&client_id=example-wallet")
        .await
        .is(200, "");
    send(
        right,
        "token=x&client_secret=sandbox-secret-of-example-wallet",
    )
    .await
    .is(400, "invalid_request");
    for (basic, body) in [
        (right, "token=x&client_id=example-app"),
        (
            "example-wallet:sandbox-secret-of-example-wallet&x",
            "token=x",
        ),
        ("example-wallet:", "token=x"),
        ("example-wallet", "token=x"),
        ("nobody:sandbox-secret-of-example-wallet", "token=x"),
        ("example-app:", "token=x"),
    ] {
        let refused = send(basic, body).await;
        refused.is(401, "invalid_client");
        assert_eq!(refused.header("www-authenticate"), "Basic realm=\"token\"");
    }
    let get = Request::get("/oauth/token").body(Body::empty());
    let refused = world.send(get.unwrap()).await;
    refused.is(405, "invalid_request");
    assert_eq!(refused.header("allow"), "POST");
}
