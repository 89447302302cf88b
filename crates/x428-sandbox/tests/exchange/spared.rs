//! What is limited, what is shared between factors, and what is forgotten.

use axum::http::StatusCode;
use serde_json::json;

use crate::harness::{Answer, Browser, PASSWORD, World, ether};

fn key(number: u32) -> String {
    format!("key-of-test-{number:08}")
}

fn id_of(asked: &Answer) -> String {
    asked.is(428, "challenge_required");
    asked.json()["challengeId"].as_str().unwrap().to_owned()
}

/// A browser that has given the password.
async fn half_in<'a>(world: &'a World, login: &str) -> Browser<'a> {
    let mut browser = Browser::new(world);
    let page = browser.visit("/login").await;
    let fields = [("login", login), ("password", PASSWORD), ("next", "/")];
    browser.post(&page, "/login", &fields).await;
    browser
}

// r[verify withdrawal.verify.totp]
#[tokio::test]
async fn a_code_that_has_logged_in_approves_nothing() {
    let world = World::new().await;
    let wallet = world.wallet().await;
    let id = id_of(&wallet.submit(&key(1), &ether("0.3")).await);
    let verify = format!("/challenges/{id}/verify");
    let code = world.totp();
    let mut browser = half_in(&world, "ana").await;
    let page = browser.get("/login/factor").await;
    let fields = [("code", code.as_str())];
    let taken = browser.post(&page, "/login/factor", &fields).await;
    assert_eq!(taken.status, StatusCode::SEE_OTHER);
    let used = json!({"method": "totp", "code": code});
    wallet
        .post(&verify, &used)
        .await
        .is(400, "challenge_code_invalid");
    world.clock.turn_seconds(30);
    let code = world.totp();
    let right = json!({"method": "totp", "code": code});
    wallet.post(&verify, &right).await.is(200, "");
    let mut browser = half_in(&world, "ana").await;
    let page = browser.get("/login/factor").await;
    let fields = [("code", code.as_str())];
    let refused = browser.post(&page, "/login/factor", &fields).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
}

// r[verify withdrawal.attempts.account]
// r[verify withdrawal.attempts.survive]
// r[verify withdrawal.attempts.owner]
#[tokio::test]
async fn wrong_codes_at_the_login_lock_the_method_for_withdrawals() {
    let world = World::new().await;
    let wallet = world.wallet().await;
    let pending = id_of(&wallet.submit(&key(1), &ether("0.3")).await);
    let mut browser = half_in(&world, "ana").await;
    for attempt in 0..11 {
        let page = browser.get("/login/factor").await;
        let refused = browser
            .post(&page, "/login/factor", &[("code", "000000")])
            .await;
        let expected = if attempt < 10 {
            StatusCode::UNPROCESSABLE_ENTITY
        } else {
            StatusCode::TOO_MANY_REQUESTS
        };
        assert_eq!(refused.status, expected, "{attempt}");
    }
    let right = json!({"method": "totp", "code": world.totp()});
    let verify = format!("/challenges/{pending}/verify");
    wallet
        .post(&verify, &right)
        .await
        .is(429, "challenge_locked");
    let shown = wallet.submit(&key(1), &ether("0.3")).await.json();
    let method = |challenge: &serde_json::Value| {
        let mut all = challenge["methods"].as_array().unwrap().clone().into_iter();
        all.find(|method| method["method"] == "totp")
    };
    assert_eq!(method(&shown).unwrap()["status"], "locked");
    let next = wallet.submit(&key(2), &ether("0.3")).await.json();
    assert_eq!(method(&next), None);
    let told = browser.get("/outbox").await;
    let notices = told.text.matches("It is locked for a day").count();
    assert_eq!(notices, 1, "{}", told.text);
}

// r[verify withdrawal.attempts.survive]
// r[verify withdrawal.start.resend]
#[tokio::test]
async fn counters_survive_a_restart() {
    let few = |settings: &mut x428_sandbox::exchange::Settings| {
        settings.sends = (2, 4);
        settings.requests_per_minute = 10_000;
    };
    let world = World::with(few).await;
    let wallet = world.wallet().await;
    let wrong = json!({"method": "totp", "code": "000000"});
    let first = id_of(&wallet.submit(&key(1), &ether("0.3")).await);
    for _ in 0..4 {
        let verify = format!("/challenges/{first}/verify");
        wallet
            .post(&verify, &wrong)
            .await
            .is(400, "challenge_code_invalid");
    }
    let start = format!("/challenges/{first}/start");
    wallet
        .post(&start, &json!({"method": "sms"}))
        .await
        .is(200, "");
    wallet
        .post(&start, &json!({"method": "email"}))
        .await
        .is(200, "");

    let again = world.restarted(few).await;
    let wallet = Browser::new(&again).into_wallet(wallet.tokens.clone());
    let same = wallet.submit(&key(1), &ether("0.3")).await;
    assert_eq!(id_of(&same), first);
    assert_eq!(same.json()["attemptsRemaining"], 1);
    let capped = wallet.post(&start, &json!({"method": "push"})).await;
    capped.is(429, "resend_too_soon");
    assert_eq!(capped.header("retry-after"), "3600");
    let other = id_of(&wallet.submit(&key(2), &ether("0.3")).await);
    let mut tried = 0;
    for id in [&first, &other] {
        for _ in 0..6 {
            let verify = format!("/challenges/{id}/verify");
            let answer = wallet.post(&verify, &wrong).await;
            tried += usize::from(answer.outcome().1 == "challenge_code_invalid");
        }
    }
    assert_eq!(tried, 6, "ten in a day, of which four were before");
}

// r[verify withdrawal.start.resend]
#[tokio::test]
async fn codes_to_log_in_are_capped_with_the_others() {
    let world = World::with(|settings| settings.sends = (2, 4)).await;
    for number in 0..3 {
        let mut browser = half_in(&world, "ben").await;
        let page = browser.get("/login/factor").await;
        let expected = if number < 2 {
            StatusCode::OK
        } else {
            StatusCode::TOO_MANY_REQUESTS
        };
        assert_eq!(page.status, expected, "{number}");
    }
    world.clock.turn_seconds(3600);
    let mut browser = half_in(&world, "ben").await;
    let page = browser.get("/login/factor").await;
    assert_eq!(page.status, StatusCode::OK);
}

#[tokio::test]
async fn so_many_challenges_wait_and_no_more() {
    waiting(World::with(|settings| settings.challenges = (3, 64)).await).await;
}

pub(crate) async fn waiting(world: World) {
    let wallet = world.wallet().await;
    let first = id_of(&wallet.submit(&key(1), &ether("0.3")).await);
    world.clock.turn_seconds(10);
    id_of(&wallet.submit(&key(2), &ether("0.3")).await);
    id_of(&wallet.submit(&key(3), &ether("0.3")).await);
    let refused = wallet.submit(&key(4), &ether("0.3")).await;
    refused.is(429, "rate_limited");
    assert_eq!(refused.header("retry-after"), "590");
    // The same ones are still answered, and what needs no challenge too.
    assert_eq!(id_of(&wallet.submit(&key(1), &ether("0.3")).await), first);
    wallet.submit(&key(5), &ether("0.02")).await.is(201, "");
    wallet.act(&format!("/challenges/{first}/cancel")).await;
    id_of(&wallet.submit(&key(4), &ether("0.3")).await);
}

// r[verify withdrawal.poll.gone]
#[tokio::test]
async fn what_has_ended_is_forgotten_and_the_record_is_not() {
    forgotten(World::new().await).await;
}

pub(crate) async fn forgotten(world: World) {
    let mut wallet = world.wallet().await;
    let asked = wallet.submit(&key(1), &ether("0.3")).await;
    let id = id_of(&asked);
    let read = format!("/challenges/{id}");
    wallet
        .post(&format!("{read}/start"), &json!({"method": "email"}))
        .await
        .is(200, "");
    let code = wallet.browser.newest_code("/outbox").await;
    // Until the challenge, a proof and the hour after them are over.
    for _ in 0..5 {
        world.clock.turn_seconds(600);
        world.exchange.work().await.unwrap();
    }
    let refresh = wallet.tokens["refresh_token"].as_str().unwrap();
    let fields = [("grant_type", "refresh_token"), ("refresh_token", refresh)];
    let tokens = world.as_client("/oauth/token", &fields).await.json();
    wallet.token = tokens["access_token"].as_str().unwrap().to_owned();
    let over = wallet.get(&read).await;
    assert_eq!(over.json()["status"], "expired", "{}", over.text);
    world.clock.turn_seconds(600);
    world.exchange.work().await.unwrap();
    assert_eq!(wallet.get(&read).await.json()["status"], "expired");
    world.clock.turn_seconds(800);
    world.exchange.work().await.unwrap();
    let fields = [
        ("grant_type", "refresh_token"),
        ("refresh_token", tokens["refresh_token"].as_str().unwrap()),
    ];
    let tokens = world.as_client("/oauth/token", &fields).await.json();
    wallet.token = tokens["access_token"].as_str().unwrap().to_owned();
    wallet.get(&read).await.is(404, "not_found");
    let outbox = wallet.browser.get("/outbox").await;
    assert!(outbox.text.contains(&code));
    world.clock.turn_seconds(7 * 24 * 60 * 60);
    world.exchange.work().await.unwrap();
    wallet.browser.log_in("ana").await;
    let outbox = wallet.browser.get("/outbox").await;
    assert!(!outbox.text.contains(&code), "{}", outbox.text);
    assert!(world.exchange.records_are_whole().await.unwrap());
}

#[tokio::test]
async fn a_challenge_that_time_has_ended_is_told_of_once() {
    use sqlx::{Connection as _, Row as _, SqliteConnection};
    let world = World::with(|settings| settings.private_webhooks = true).await;
    let wallet = world.wallet().await;
    // Nobody listens there: what is told is kept to be told again.
    let hook = json!({
        "url": "https://127.0.0.1:9/hook", "events": ["challenge.updated"], "signature": "v1a",
    });
    wallet.post("/webhooks", &hook).await.is(201, "");
    let id = id_of(&wallet.submit(&key(1), &ether("0.3")).await);
    let proved = wallet.submit(&key(2), &ether("0.3")).await;
    wallet.prove(&proved).await;
    world.clock.turn_seconds(120);
    world.exchange.work().await.unwrap();
    world.clock.turn_seconds(600);
    world.exchange.work().await.unwrap();
    world.exchange.work().await.unwrap();
    let url = format!("sqlite://{}", world.database().unwrap().display());
    let mut database = SqliteConnection::connect(&url).await.unwrap();
    let rows = sqlx::query("SELECT data FROM delivery").fetch_all(&mut database);
    let told: Vec<String> = rows
        .await
        .unwrap()
        .iter()
        .map(|row| row.get("data"))
        .collect();
    let proved = id_of(&proved);
    for id in [&id, &proved] {
        let expired = told
            .iter()
            .filter(|event| event.contains(id) && event.contains("expired"));
        assert_eq!(expired.count(), 1, "{told:?}");
    }
}

async fn kids(world: &World) -> Vec<String> {
    let request = axum::http::Request::get("/oauth/jwks").body(axum::body::Body::empty());
    let keys = world.send(request.unwrap()).await.json()["keys"].clone();
    let keys = keys.as_array().unwrap().iter();
    keys.map(|key| key["kid"].as_str().unwrap().to_owned())
        .collect()
}

// r[verify withdrawal.security.keys]
// r[verify withdrawal.metadata.keys]
#[tokio::test]
async fn keys_are_replaced_and_published_before_they_sign() {
    let world = World::with(|settings| {
        settings.keys_replaced = std::time::Duration::from_hours(1);
    })
    .await;
    let before = kids(&world).await;
    world.clock.turn_seconds(3600 - 120);
    let wallet = world.wallet().await;
    wallet.submit(&key(1), &ether("0.02")).await.is(201, "");
    wallet.submit(&key(2), &ether("0.02")).await.is(201, "");
    let first = wallet.get("/withdrawals?limit=1").await.json();
    let cursor = first["pagination"]["nextCursor"].as_str().unwrap();
    let body = ether("0.3");
    let asked = wallet.submit(&key(3), &body).await;
    let proof = wallet.prove(&asked).await;
    world.clock.turn_seconds(31);
    world.exchange.work().await.unwrap();
    let after = kids(&world).await;
    assert_ne!(after[0], before[0]);
    assert!(before.contains(&after[0]), "{after:?} after {before:?}");
    assert!(after.contains(&before[0]), "{after:?} after {before:?}");
    // What the earlier keys have made is good for as long as it lives.
    let with_proof = crate::harness::with_proof(&body, &proof);
    wallet.submit(&key(3), &with_proof).await.is(201, "");
    let next = wallet
        .get(&format!("/withdrawals?limit=1&cursor={cursor}"))
        .await;
    next.is(200, "");
    for _ in 0..2 {
        world.clock.turn_seconds(3600);
        world.exchange.work().await.unwrap();
    }
    let later = kids(&world).await;
    assert!(!later.contains(&before[0]) && later.len() == before.len());
}
