//! What follows when an owner changes password, factors, contact data or destinations.

use axum::http::StatusCode;
use serde_json::json;

use crate::harness::{
    ADDRESS, Answer, Browser, OTHER_ADDRESS, PASSWORD, Wallet, World, ether, hidden, with,
};

const DAY: u64 = 24 * 60 * 60;
const NEW: &str = "another battery, another staple";

fn key(number: u32) -> String {
    format!("key-of-test-{number:08}")
}

async fn change(wallet: &mut Wallet<'_>, path: &str, fields: &[(&str, &str)]) -> Answer {
    let page = wallet.browser.get(path).await;
    assert_eq!(page.status, StatusCode::OK, "{}", page.text);
    wallet.browser.post(&page, path, fields).await
}

/// A wallet of the same owner with a fresh token, without a new login: tokens live shorter than a
/// hold.
async fn fresh(wallet: Wallet<'_>) -> Wallet<'_> {
    let mut browser = wallet.browser;
    let tokens = browser.tokens(crate::harness::ALL_SCOPES, None).await;
    browser.into_wallet(tokens.json())
}

// r[verify withdrawal.submit.holds]
#[tokio::test]
async fn a_change_of_the_password_holds_withdrawals() {
    let world = World::with(|settings| settings.session_lifetime *= 10).await;
    let mut wallet = world.wallet().await;
    let mut other = Browser::new(&world);
    other.log_in("ana").await;
    let fields = [("change", "password"), ("current", "wrong"), ("new", NEW)];
    let refused = change(&mut wallet, "/security", &fields).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    let fields = [
        ("change", "password"),
        ("current", PASSWORD),
        ("new", "short"),
    ];
    let refused = change(&mut wallet, "/security", &fields).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    wallet.submit(&key(1), &ether("0.02")).await.is(201, "");

    world.clock.turn_seconds(1);
    let fields = [("change", "password"), ("current", PASSWORD), ("new", NEW)];
    let changed = change(&mut wallet, "/security", &fields).await;
    assert_eq!(changed.status, StatusCode::SEE_OTHER, "{}", changed.text);
    let held = wallet.submit(&key(2), &ether("0.02")).await;
    held.is(403, "security_hold");
    // Nothing is asked of the owner before.
    wallet
        .submit(&key(3), &ether("0.3"))
        .await
        .is(403, "security_hold");
    let shown = wallet.browser.get("/").await;
    assert!(shown.text.contains("Withdrawals are held until"));
    let told = wallet.browser.get("/outbox").await;
    assert!(told.text.contains("Your password was changed."));

    // Other browsers log in again, with the new password.
    let outside = other.get("/").await;
    assert_eq!(outside.status, StatusCode::SEE_OTHER);
    let page = other.visit("/login").await;
    let fields = [("login", "ana"), ("password", PASSWORD), ("next", "/")];
    let refused = other.post(&page, "/login", &fields).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    let fields = [("login", "ana"), ("password", NEW), ("next", "/")];
    let taken = other.post(&page, "/login", &fields).await;
    assert_eq!(taken.status, StatusCode::SEE_OTHER);

    world.clock.turn_seconds(DAY - 1);
    let wallet = fresh(wallet).await;
    wallet
        .submit(&key(2), &ether("0.02"))
        .await
        .is(403, "security_hold");
    world.clock.turn_seconds(1);
    wallet.submit(&key(2), &ether("0.02")).await.is(201, "");
    assert!(world.exchange.records_are_whole().await.unwrap());
}

/// Else whoever has a session could keep it for ever.
#[tokio::test]
async fn a_change_prolongs_no_session() {
    let world = World::new().await;
    let mut browser = Browser::new(&world);
    browser.log_in("ana").await;
    world.clock.turn_seconds(7 * 60 * 60);
    let before = browser.cookie().to_owned();
    let page = browser.get("/security").await;
    let fields = [("change", "password"), ("current", PASSWORD), ("new", NEW)];
    let changed = browser.post(&page, "/security", &fields).await;
    assert_eq!(changed.status, StatusCode::SEE_OTHER, "{}", changed.text);
    assert_ne!(browser.cookie(), before, "it goes on under another name");
    let shown = browser.get("/").await;
    assert_eq!(shown.status, StatusCode::OK, "{}", shown.text);
    world.clock.turn_seconds(60 * 60);
    let ended = browser.get("/").await;
    assert_eq!(ended.status, StatusCode::SEE_OTHER);
    assert!(ended.header("location").starts_with("/login"));
}

// r[verify withdrawal.refresh.end]
// r[verify withdrawal.submit.holds]
#[tokio::test]
async fn a_change_ends_every_access_if_the_owner_asks_for_it() {
    let world = World::new().await;
    let mut wallet = world.wallet().await;
    let asked = wallet.submit(&key(1), &ether("0.3")).await;
    asked.is(428, "challenge_required");
    let fields = [("change", "remove"), ("ends", "yes")];
    let changed = change(&mut wallet, "/security", &fields).await;
    assert_eq!(changed.status, StatusCode::SEE_OTHER, "{}", changed.text);
    wallet
        .submit(&key(2), &ether("0.02"))
        .await
        .is(401, "invalid_token");
    let refresh = wallet.tokens["refresh_token"].as_str().unwrap();
    let fields = [("grant_type", "refresh_token"), ("refresh_token", refresh)];
    let refused = world.as_client("/oauth/token", &fields).await;
    refused.is(400, "invalid_grant");
}

// r[verify withdrawal.submit.holds]
// r[verify withdrawal.method.enrolled]
#[tokio::test]
async fn an_authenticator_app_is_removed_and_another_one_added() {
    let world = World::with(|settings| settings.session_lifetime *= 10).await;
    let mut wallet = world.wallet().await;
    let removed = change(&mut wallet, "/security", &[("change", "remove")]).await;
    assert_eq!(removed.status, StatusCode::SEE_OTHER, "{}", removed.text);
    change(&mut wallet, "/security", &[("change", "begin")]).await;
    let page = wallet.browser.get("/security").await;
    let secret = page.text.split("?secret=").nth(1).unwrap();
    let secret = secret.split("&amp;").next().unwrap().to_owned();
    let wrong = [("change", "add"), ("code", "000000")];
    let refused = wallet.browser.post(&page, "/security", &wrong).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    let code = totp_of(&world, &secret);
    let right = [("change", "add"), ("code", code.as_str())];
    let added = wallet.browser.post(&page, "/security", &right).await;
    assert_eq!(added.status, StatusCode::SEE_OTHER, "{}", added.text);
    wallet
        .submit(&key(1), &ether("0.02"))
        .await
        .is(403, "security_hold");

    world.clock.turn_seconds(DAY);
    let wallet = fresh(wallet).await;
    let asked = wallet.submit(&key(2), &ether("0.3")).await;
    asked.is(428, "challenge_required");
    let id = asked.json()["challengeId"].as_str().unwrap().to_owned();
    let verify = format!("/challenges/{id}/verify");
    let old = json!({"method": "totp", "code": world.totp()});
    wallet
        .post(&verify, &old)
        .await
        .is(400, "challenge_code_invalid");
    let new = json!({"method": "totp", "code": totp_of(&world, &secret)});
    wallet.post(&verify, &new).await.is(200, "");
}

fn totp_of(world: &World, secret: &str) -> String {
    use x428::clock::Clock as _;
    let secret = totp_rs::Secret::try_from_base32(secret).unwrap();
    let totp = totp_rs::Builder::new().with_secret(secret).build().unwrap();
    let now = u64::try_from(world.clock.now().as_second()).unwrap();
    totp.generate(now).to_string()
}

// r[verify withdrawal.submit.holds]
#[tokio::test]
async fn a_change_of_the_contact_data_is_told_to_both_addresses() {
    let world = World::new().await;
    let mut wallet = world.wallet().await;
    for (email, phone) in [
        ("ana", "+351900000043"),
        (
            "ana@owners.example\r\nBcc: all@owners.example",
            "+351900000043",
        ),
        ("ana@new.example", "900"),
        ("ana@owners.example", "+351900000042"),
    ] {
        let fields = [("change", "contact"), ("email", email), ("phone", phone)];
        let refused = change(&mut wallet, "/security", &fields).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{email}");
    }
    wallet.submit(&key(1), &ether("0.02")).await.is(201, "");
    let fields = [
        ("change", "contact"),
        ("email", "ana@new.example"),
        ("phone", "+351900000043"),
    ];
    let changed = change(&mut wallet, "/security", &fields).await;
    assert_eq!(changed.status, StatusCode::SEE_OTHER, "{}", changed.text);
    wallet
        .submit(&key(2), &ether("0.02"))
        .await
        .is(403, "security_hold");
    let phone = wallet.browser.get("/phone").await;
    assert!(phone.text.contains("was changed"), "{}", phone.text);
}

#[tokio::test]
async fn contact_data_change_a_few_times_a_day() {
    let world = World::with(|settings| settings.session_lifetime *= 10).await;
    let mut wallet = world.wallet().await;
    for number in 1..=6 {
        let email = format!("ana{number}@new.example");
        let fields = [
            ("change", "contact"),
            ("email", email.as_str()),
            ("phone", "+351900000043"),
        ];
        let answer = change(&mut wallet, "/security", &fields).await;
        let expected = if number <= 5 {
            StatusCode::SEE_OTHER
        } else {
            StatusCode::TOO_MANY_REQUESTS
        };
        assert_eq!(answer.status, expected, "{number}: {}", answer.text);
    }
    world.clock.turn_seconds(DAY + 1);
    let fields = [
        ("change", "contact"),
        ("email", "ana@new.example"),
        ("phone", "+351900000043"),
    ];
    let answer = change(&mut wallet, "/security", &fields).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.text);
}

#[tokio::test]
async fn who_guesses_at_the_login_does_not_keep_the_owner_from_a_new_password() {
    let world = World::new().await;
    let mut wallet = world.wallet().await;
    let mut stranger = Browser::new(&world);
    for _ in 0..12 {
        let page = stranger.visit("/login").await;
        let fields = [
            ("login", "ana"),
            ("password", "a guess at it"),
            ("next", "/"),
        ];
        let answer = stranger.post(&page, "/login", &fields).await;
        assert_ne!(answer.status, StatusCode::SEE_OTHER);
    }
    let fields = [("change", "password"), ("current", PASSWORD), ("new", NEW)];
    let changed = change(&mut wallet, "/security", &fields).await;
    assert_eq!(changed.status, StatusCode::SEE_OTHER, "{}", changed.text);
}

// r[verify withdrawal.submit.address-book]
#[tokio::test]
async fn a_new_destination_cools_off() {
    let world = World::with(|settings| settings.session_lifetime *= 10).await;
    let mut wallet = world.wallet().await;
    change(&mut wallet, "/destinations", &[("change", "restrict")]).await;
    wallet
        .submit(&key(1), &ether("0.02"))
        .await
        .is(403, "address_not_allowed");
    let wrong = [
        ("change", "add"),
        ("network", "ethereum"),
        ("address", "0x5aaeb6053F3E94C9b9A09f33669435E7Ef1BeAed"),
    ];
    let refused = change(&mut wallet, "/destinations", &wrong).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    let right = [
        ("change", "add"),
        ("network", "ethereum"),
        ("address", ADDRESS),
    ];
    let added = change(&mut wallet, "/destinations", &right).await;
    assert_eq!(added.status, StatusCode::SEE_OTHER, "{}", added.text);
    wallet
        .submit(&key(2), &ether("0.02"))
        .await
        .is(403, "address_cooling_off");
    world.clock.turn_seconds(DAY);
    let mut wallet = fresh(wallet).await;
    wallet.submit(&key(2), &ether("0.02")).await.is(201, "");
    let other = with(&ether("0.02"), "address", OTHER_ADDRESS);
    wallet
        .submit(&key(3), &other)
        .await
        .is(403, "address_not_allowed");

    // Without the list, everything is held for as long as a new address is.
    let opened = change(&mut wallet, "/destinations", &[("change", "open")]).await;
    assert_eq!(opened.status, StatusCode::SEE_OTHER, "{}", opened.text);
    wallet
        .submit(&key(3), &other)
        .await
        .is(403, "security_hold");
    assert!(hidden(&wallet.browser.get("/destinations").await, "token").len() > 20);
}
