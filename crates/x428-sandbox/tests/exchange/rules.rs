//! Rules of the text that have no better place, each with what breaks it.

use serde_json::{Value, json};
use x428::wire::withdrawal::{ACCESS_TOKEN_LIFETIME_MAX, IDEMPOTENCY_RETENTION_MIN};

use crate::harness::{
    ADDRESS, ALL_SCOPES, Browser, CALLBACK, OTHER_ADDRESS, VERIFIER, Wallet, World, ether, with,
    with_proof,
};

pub(crate) fn key(number: u32) -> String {
    format!("key-of-a-rule-{number:08}")
}

/// Above 250 US dollars: a factor is needed.
pub(crate) fn large() -> Value {
    ether("0.3")
}

pub(crate) async fn challenged(wallet: &Wallet<'_>, number: u32) -> Value {
    let asked = wallet.submit(&key(number), &large()).await;
    asked.is(428, "challenge_required");
    asked.json()
}

pub(crate) fn id_of(challenge: &Value) -> String {
    challenge["challengeId"].as_str().unwrap().to_owned()
}

// r[verify withdrawal.submit.holds]
// r[verify withdrawal.idempotency.not-final]
// r[verify withdrawal.submit.address-book]
#[tokio::test]
async fn what_holds_an_account_holds_its_clients() {
    let world = World::new().await;
    let wallet = world.wallet().await;
    let known = |address: &str, from: &str| json!([{"network": "ethereum", "address": address, "usable_from": from}]);
    let cases = [
        (
            "$.restricted",
            json!(true),
            json!(false),
            403,
            "account_restricted",
        ),
        (
            "$.held_until",
            json!("2027-01-01T00:00:00Z"),
            json!(null),
            403,
            "security_hold",
        ),
        (
            "$.identified",
            json!(false),
            json!(true),
            403,
            "kyc_required",
        ),
        (
            "$.addresses",
            json!([]),
            json!(null),
            403,
            "address_not_allowed",
        ),
        (
            "$.addresses",
            known(OTHER_ADDRESS, "2026-01-01T00:00:00Z"),
            json!(null),
            403,
            "address_not_allowed",
        ),
        (
            "$.addresses",
            known(ADDRESS, "2027-01-01T00:00:00Z"),
            known(ADDRESS, "2026-01-01T00:00:00Z"),
            403,
            "address_cooling_off",
        ),
    ];
    for (number, (path, wrong, right, status, code)) in (0..).zip(cases) {
        world.change("owner", path, wrong).await;
        let answer = wallet.submit(&key(number), &ether("0.01")).await;
        answer.is(status, code);
        world.change("owner", path, right).await;
        let answer = wallet.submit(&key(number), &ether("0.01")).await;
        answer.is(201, "");
    }
}

// r[verify withdrawal.idempotency.scope]
// r[verify withdrawal.challenge.binding]
#[tokio::test]
async fn a_key_and_a_challenge_are_of_one_client_and_one_owner() {
    let world = World::new().await;
    let ana = world.wallet().await;
    let ben = world.wallet_of("ben", ALL_SCOPES, None).await;
    let app = app(&world).await;
    let mut names = std::collections::BTreeSet::new();
    for wallet in [&ana, &ben, &app] {
        let created = wallet.submit(&key(1), &ether("0.01")).await;
        created.is(201, "");
        assert_eq!(created.header("idempotency-replayed"), "");
        names.insert(created.json()["id"].as_str().unwrap().to_owned());
    }
    assert_eq!(names.len(), 3);

    let id = id_of(&challenged(&ana, 2).await);
    let before = world.snapshot().await;
    for stranger in [&ben, &app] {
        let path = format!("/challenges/{id}");
        stranger.get(&path).await.is(404, "not_found");
        stranger
            .act(&format!("{path}/cancel"))
            .await
            .is(404, "not_found");
        let (start, sms) = (format!("{path}/start"), json!({"method": "sms"}));
        stranger.post(&start, &sms).await.is(404, "not_found");
        let code = json!({"method": "totp", "code": world.totp()});
        let verify = format!("{path}/verify");
        stranger.post(&verify, &code).await.is(404, "not_found");
    }
    assert_eq!(before, world.snapshot().await);
    // The proof is for its intent, its owner and its client alone.
    let asked = ana.submit(&key(2), &large()).await;
    let proof = ana.prove(&asked).await;
    for (wallet, body) in [
        (&ben, large()),
        (&app, large()),
        (&ana, with(&large(), "amount", "0.31")),
    ] {
        let stolen = wallet.submit(&key(3), &with_proof(&body, &proof)).await;
        stolen.is(400, "challenge_proof_invalid");
    }
}

/// The public client, for ana.
pub(crate) async fn app(world: &World) -> Wallet<'_> {
    world.clock.turn_seconds(30);
    let mut browser = Browser::new(world);
    browser.log_in("ana").await;
    let uri = Browser::authorize_uri(ALL_SCOPES, None).replace("example-wallet", "example-app");
    let page = browser.visit(&uri).await;
    let code = crate::harness::code_of(&browser.allow(&page, &[]).await);
    let fields = [
        ("client_id", "example-app"),
        ("grant_type", "authorization_code"),
        ("code", code.as_str()),
        ("redirect_uri", CALLBACK),
        ("code_verifier", VERIFIER),
    ];
    let tokens = world.form("/oauth/token", &fields).await;
    tokens.is(200, "");
    world.clock.turn_seconds(30);
    browser.into_wallet(tokens.json())
}

// r[verify withdrawal.client-auth.public]
#[tokio::test]
async fn a_client_without_a_secret_is_public() {
    let world = World::new().await;
    let mut wallet = world.wallet().await;
    let code = wallet.browser.code("assets:read", None).await;
    let fields = [
        ("client_id", "example-wallet"),
        ("grant_type", "authorization_code"),
        ("code", code.as_str()),
        ("redirect_uri", CALLBACK),
        ("code_verifier", VERIFIER),
    ];
    let without = world.form("/oauth/token", &fields).await;
    without.is(401, "invalid_client");
    app(&world).await.get("/assets").await.is(200, "");
}

/// Anybody can name a public client: that must not lock it out.
#[tokio::test]
async fn nobody_uses_up_the_rate_of_a_public_client() {
    let world = World::new().await;
    for _ in 0..700 {
        let fields = [
            ("client_id", "example-app"),
            ("grant_type", "refresh_token"),
            ("refresh_token", "rt_nothing.1.AAAA"),
        ];
        world
            .form("/oauth/token", &fields)
            .await
            .is(400, "invalid_grant");
    }
    app(&world).await.get("/assets").await.is(200, "");
}

// r[verify withdrawal.token.lifetime]
// r[verify withdrawal.refresh.end]
#[tokio::test]
async fn tokens_end_with_their_time_and_their_grant() {
    let world = World::new().await;
    let wallet = world.wallet().await;
    let seconds = wallet.tokens["expires_in"].as_u64().unwrap();
    assert!(seconds <= ACCESS_TOKEN_LIFETIME_MAX.as_secs());
    wallet.get("/assets").await.is(200, "");
    world.clock.turn_seconds(seconds);
    wallet.get("/assets").await.is(401, "invalid_token");
    let refresh = wallet.tokens["refresh_token"].as_str().unwrap();
    let fields = [("grant_type", "refresh_token"), ("refresh_token", refresh)];
    let ends = [
        ("owner", "$.restricted", json!(true), json!(false)),
        (
            "owner",
            "$.secured_at",
            json!("2027-01-01T00:00:00Z"),
            json!("1970-01-01T00:00:00Z"),
        ),
        (
            "consent",
            "$.ended_at",
            json!("2026-11-20T12:00:00Z"),
            json!(null),
        ),
    ];
    for (table, path, ended, live) in ends {
        world.change(table, path, ended).await;
        world
            .as_client("/oauth/token", &fields)
            .await
            .is(400, "invalid_grant");
        world.change(table, path, live).await;
    }
    world.as_client("/oauth/token", &fields).await.is(200, "");
}

// r[verify withdrawal.idempotency.retention]
#[tokio::test]
async fn a_key_that_was_used_again_is_kept_longer_and_old_counters_are_not() {
    let world = World::new().await;
    let wallet = world.wallet().await;
    let first = wallet.submit(&key(1), &ether("0.01")).await.json();
    let id = id_of(&challenged(&wallet, 2).await);
    let wrong = json!({"method": "totp", "code": "000000"});
    let verify = format!("/challenges/{id}/verify");
    wallet
        .post(&verify, &wrong)
        .await
        .is(400, "challenge_code_invalid");
    let counters = async || {
        let kept = world.snapshot().await;
        kept.iter()
            .filter(|row| row.starts_with("attempts "))
            .count()
    };
    assert_eq!(counters().await, 2);
    let short_of = std::time::Duration::from_mins(5);
    let a_little_less = IDEMPOTENCY_RETENTION_MIN.checked_sub(short_of).unwrap();
    for _ in 0..3 {
        world.clock.turn(a_little_less);
        world.exchange.work().await.unwrap();
        let wallet = world.wallet().await;
        let again = wallet.submit(&key(1), &ether("0.01")).await;
        assert_eq!(again.json()["id"], first["id"], "{}", again.text);
    }
    // What was counted two days ago is counted no more.
    assert_eq!(counters().await, 0);
}
