//! Codes and tokens: once, rotated, and no longer than they live.

use axum::http::Method;

use crate::harness::{ALL_SCOPES, Browser, CALLBACK, VERIFIER, World};

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
