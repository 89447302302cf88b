//! Challenges: methods, counters, the phone, the hosted page.

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::harness::{ALL_SCOPES, OTHER_ADDRESS, Wallet, World, ether, with, with_proof};

const KEY: &str = "0f8fad5b-d9cb-469f-a165-70867728950e";

async fn asked(wallet: &Wallet<'_>) -> String {
    let asked = wallet.submit(KEY, &ether("0.3")).await;
    asked.is(428, "challenge_required");
    asked.json()["challengeId"].as_str().unwrap().to_owned()
}

fn method<'a>(challenge: &'a Value, name: &str) -> &'a Value {
    let methods = challenge["methods"].as_array().unwrap();
    methods
        .iter()
        .find(|method| method["method"] == name)
        .unwrap()
}

// r[verify withdrawal.verify.wrong-code]
// r[verify withdrawal.attempts.challenge]
// r[verify withdrawal.attempts.owner]
// r[verify withdrawal.verify.ended]
#[tokio::test]
async fn five_wrong_codes_lock_a_challenge() {
    let world = World::new().await;
    let mut wallet = world.wallet().await;
    let id = asked(&wallet).await;
    let path = format!("/challenges/{id}/verify");
    let wrong = json!({"method": "totp", "code": "000000"});
    wallet
        .post(&path, &json!({"method": "totp", "code": "12"}))
        .await
        .is(400, "invalid_request");
    wallet
        .post(&path, &json!({"method": "push"}))
        .await
        .is(400, "invalid_request");
    for left in (0..5).rev() {
        wallet
            .post(&path, &wrong)
            .await
            .is(400, "challenge_code_invalid");
        if left > 0 {
            let again = wallet.submit(KEY, &ether("0.3")).await;
            assert_eq!(again.json()["attemptsRemaining"], left);
        }
    }
    let right = json!({"method": "totp", "code": world.totp()});
    wallet.post(&path, &right).await.is(429, "challenge_locked");
    let told = wallet.browser.get("/outbox").await;
    assert!(told.text.contains("too many wrong codes"));
}

// r[verify withdrawal.attempts.survive]
// r[verify withdrawal.attempts.account]
#[tokio::test]
async fn counters_survive_new_challenges_and_keys() {
    let world = World::new().await;
    let wallet = world.wallet().await;
    let wrong = json!({"method": "totp", "code": "000000"});
    let mut tried = 0;
    for number in 0..4 {
        let key = format!("key-of-test-{number:08}");
        let asked = wallet.submit(&key, &ether("0.3")).await;
        let Some(id) = asked.json()["challengeId"].as_str().map(str::to_owned) else {
            break;
        };
        if asked.json()["methods"]
            .as_array()
            .unwrap()
            .iter()
            .all(|m| m["method"] != "totp")
        {
            break;
        }
        for _ in 0..5 {
            let answer = wallet
                .post(&format!("/challenges/{id}/verify"), &wrong)
                .await;
            if answer.outcome().1 == "challenge_code_invalid" {
                tried += 1;
            }
        }
    }
    assert_eq!(tried, 10, "as many as the credential may see in a day");
}

// r[verify withdrawal.verify.totp]
#[tokio::test]
async fn a_code_of_the_app_is_used_once() {
    let world = World::new().await;
    let wallet = world.wallet().await;
    let id = asked(&wallet).await;
    let code = world.totp();
    let right = json!({"method": "totp", "code": code});
    let met = wallet
        .post(&format!("/challenges/{id}/verify"), &right)
        .await;
    met.is(200, "");
    assert_eq!(met.json()["status"], "verified");
    assert_eq!(met.json()["attemptsRemaining"], 5);
    // Verified already: answered as it is, without looking at the code.
    let again = wallet
        .post(&format!("/challenges/{id}/verify"), &right)
        .await;
    assert_eq!(again.json()["challengeProof"], met.json()["challengeProof"]);
    let other = wallet
        .submit("another-key-of-the-test", &ether("0.3"))
        .await;
    let other = other.json()["challengeId"].as_str().unwrap().to_owned();
    let replay = wallet
        .post(&format!("/challenges/{other}/verify"), &right)
        .await;
    replay.is(400, "challenge_code_invalid");
}

// r[verify withdrawal.proof.check]
// r[verify withdrawal.proof.invalid]
// r[verify withdrawal.proof.lifetime]
// r[verify withdrawal.intent.change]
// r[verify withdrawal.challenge.after-end]
#[tokio::test]
async fn a_proof_is_for_one_request_and_two_minutes() {
    let world = World::new().await;
    let wallet = world.wallet().await;
    let body = ether("0.3");
    let first = wallet.submit(KEY, &body).await;
    let proof = wallet.prove(&first).await;
    let other = with_proof(&with(&body, "address", OTHER_ADDRESS), &proof);
    wallet
        .submit("another-key-of-the-test", &other)
        .await
        .is(400, "challenge_proof_invalid");
    let same = with_proof(&body, &proof);
    wallet
        .submit("another-key-of-the-test", &same)
        .await
        .is(400, "challenge_proof_invalid");
    world.clock.turn_seconds(120);
    let late = wallet.submit(KEY, &same).await;
    late.is(400, "challenge_proof_invalid");
    assert_eq!(late.json()["error"]["details"][0]["code"], "expired");
    let anew = wallet.submit(KEY, &body).await;
    anew.is(428, "challenge_required");
    assert_ne!(anew.json()["challengeId"], first.json()["challengeId"]);
    let proof = wallet.prove(&anew).await;
    wallet
        .submit(KEY, &with_proof(&body, &proof))
        .await
        .is(201, "");
}

// r[verify withdrawal.start.resend]
// r[verify withdrawal.start.message]
// r[verify withdrawal.verify.not-started]
// r[verify withdrawal.start.offered]
#[tokio::test]
async fn a_code_comes_by_message() {
    let world = World::new().await;
    let mut wallet = world.wallet().await;
    let id = asked(&wallet).await;
    let (start, verify) = (
        format!("/challenges/{id}/start"),
        format!("/challenges/{id}/verify"),
    );
    let early = json!({"method": "sms", "code": "123456"});
    wallet
        .post(&verify, &early)
        .await
        .is(409, "method_not_started");
    wallet
        .post(&start, &json!({"method": "totp"}))
        .await
        .is(400, "invalid_request");
    let sms = json!({"method": "sms"});
    let sent = wallet.post(&start, &sms).await;
    sent.is(200, "");
    assert_eq!(method(&sent.json(), "sms")["status"], "sent");
    assert_eq!(method(&sent.json(), "sms")["hint"], "•••• 42");
    world.clock.turn_seconds(5);
    let again = wallet.post(&start, &sms).await;
    again.is(429, "resend_too_soon");
    assert_eq!(again.header("retry-after"), "25");
    let first = wallet.browser.newest_code("/phone").await;
    let phone = wallet.browser.get("/phone").await;
    for shown in [
        "Example Exchange",
        "Example Wallet",
        "0.3 ETH",
        "0x5aAe",
        "1BeAed",
        "no person",
    ] {
        assert!(phone.text.contains(shown), "{shown}: {}", phone.text);
    }
    world.clock.turn_seconds(25);
    wallet.post(&start, &sms).await.is(200, "");
    let second = wallet.browser.newest_code("/phone").await;
    if first != second {
        let old = json!({"method": "sms", "code": first});
        wallet
            .post(&verify, &old)
            .await
            .is(400, "challenge_code_invalid");
    }
    let met = wallet
        .post(&verify, &json!({"method": "sms", "code": second}))
        .await;
    assert_eq!(met.json()["status"], "verified", "{}", met.text);
}

// r[verify withdrawal.start.resend]
#[tokio::test]
async fn messages_are_capped_over_all_challenges() {
    let world = World::with(|settings| settings.sends = (3, 30)).await;
    let wallet = world.wallet().await;
    let mut sent = 0;
    for number in 0..5 {
        let asked = wallet
            .submit(&format!("key-of-test-{number:08}"), &ether("0.3"))
            .await;
        let id = asked.json()["challengeId"].as_str().unwrap().to_owned();
        let start = format!("/challenges/{id}/start");
        let answer = wallet.post(&start, &json!({"method": "sms"})).await;
        sent += usize::from(answer.status == StatusCode::OK);
    }
    assert_eq!(sent, 3);
}

// r[verify withdrawal.start.number]
// r[verify withdrawal.start.pending-one]
// r[verify withdrawal.method.all-distinct]
// r[verify withdrawal.poll.slow-down]
#[tokio::test]
async fn all_methods_are_needed_and_a_push_wants_its_number() {
    let world = World::new().await;
    let mut wallet = world.wallet_of("ben", ALL_SCOPES, None).await;
    let id = asked(&wallet).await;
    let (start, read) = (
        format!("/challenges/{id}/start"),
        format!("/challenges/{id}"),
    );
    wallet
        .post(&start, &json!({"method": "email"}))
        .await
        .is(200, "");
    let code = wallet.browser.newest_code("/outbox").await;
    let verify = format!("/challenges/{id}/verify");
    let half = wallet
        .post(&verify, &json!({"method": "email", "code": code}))
        .await;
    assert_eq!(half.json()["status"], "pending");
    assert_eq!(method(&half.json(), "email")["status"], "verified");
    let sent = wallet.post(&start, &json!({"method": "push"})).await;
    let number = method(&sent.json(), "push")["numberToEnter"]
        .as_str()
        .unwrap()
        .to_owned();
    wallet.get(&read).await.is(200, "");
    let early = wallet.get(&read).await;
    early.is(429, "rate_limited");
    assert_eq!(early.json()["error"]["details"][0]["code"], "slow_down");
    assert_eq!(early.header("retry-after"), "10");

    let phone = wallet.browser.get("/phone").await;
    assert!(
        !phone.text.contains(&format!(">{number}<")),
        "the app does not show the number"
    );
    let wrong = if number == "00" { "01" } else { "00" };
    let fields = [
        ("challenge", id.as_str()),
        ("number", wrong),
        ("decision", "approve"),
    ];
    let refused = wallet.browser.post(&phone, "/phone", &fields).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    let fields = [
        ("challenge", id.as_str()),
        ("number", &number),
        ("decision", "approve"),
    ];
    let taken = wallet.browser.post(&phone, "/phone", &fields).await;
    assert_eq!(taken.status, StatusCode::SEE_OTHER, "{}", taken.text);
    world.clock.turn_seconds(10);
    let met = wallet.get(&read).await;
    assert_eq!(met.json()["status"], "verified");
    let proof = met.json()["challengeProof"].as_str().unwrap().to_owned();
    let body = with_proof(&ether("0.3"), &proof);
    wallet.submit(KEY, &body).await.is(201, "");
    assert_eq!(wallet.get(&read).await.json()["status"], "consumed");
}

// r[verify withdrawal.hosted.deny]
// r[verify withdrawal.hosted.login]
// r[verify withdrawal.hosted.owner]
// r[verify withdrawal.hosted.offered]
// r[verify withdrawal.poll.proof]
#[tokio::test]
async fn the_hosted_page_is_for_its_owner() {
    let world = World::new().await;
    let mut wallet = world.wallet().await;
    let challenge = wallet.submit(KEY, &ether("0.3")).await.json();
    let id = challenge["challengeId"].as_str().unwrap().to_owned();
    let page = format!("/step-up/{id}");
    for offered in challenge["methods"].as_array().unwrap() {
        assert_eq!(
            offered["verificationUri"],
            format!("https://exchange.example{page}")
        );
    }
    let mut stranger = crate::harness::Browser::new(&world);
    let shown = stranger.visit(&page).await;
    assert!(
        !shown.text.contains("0.3"),
        "nothing is shown before the login"
    );
    stranger.log_in("ben").await;
    assert_eq!(stranger.get(&page).await.status, StatusCode::NOT_FOUND);

    let shown = wallet.browser.get(&page).await;
    assert!(
        shown
            .text
            .contains("0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed")
    );
    assert!(shown.text.contains("Deny and report as fraud"));
    assert!(!shown.text.contains("eyJ"), "no proof on the page");
    let policy = shown.header("content-security-policy");
    assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"));
    assert!(!policy.contains("unsafe"));

    let code = world.totp();
    let fields = [
        ("method", "totp"),
        ("code", code.as_str()),
        ("decision", "approve"),
    ];
    let taken = wallet.browser.post(&shown, &page, &fields).await;
    assert_eq!(taken.status, StatusCode::SEE_OTHER, "{}", taken.text);
    let met = wallet.get(&format!("/challenges/{id}")).await.json();
    assert_eq!(met["status"], "verified");

    world.clock.turn_seconds(30);
    let other = wallet
        .submit("another-key-of-the-test", &ether("0.3"))
        .await
        .json();
    let id = other["challengeId"].as_str().unwrap().to_owned();
    let page = format!("/step-up/{id}");
    let shown = wallet.browser.get(&page).await;
    wallet
        .browser
        .post(&shown, &page, &[("decision", "deny")])
        .await;
    let again = wallet
        .submit("another-key-of-the-test", &ether("0.3"))
        .await;
    again.is(403, "challenge_denied");
    let right = json!({"method": "totp", "code": world.totp()});
    let verify = format!("/challenges/{id}/verify");
    wallet
        .post(&verify, &right)
        .await
        .is(403, "challenge_denied");
}

// r[verify withdrawal.challenge.cancel]
// r[verify withdrawal.challenge.lifetime]
// r[verify withdrawal.challenge.transitions]
#[tokio::test]
async fn a_challenge_ends() {
    let world = World::new().await;
    let wallet = world.wallet().await;
    let id = asked(&wallet).await;
    let (cancel, read) = (
        format!("/challenges/{id}/cancel"),
        format!("/challenges/{id}"),
    );
    assert_eq!(wallet.act(&cancel).await.json()["status"], "canceled");
    assert_eq!(wallet.act(&cancel).await.json()["status"], "canceled");
    let right = json!({"method": "totp", "code": world.totp()});
    let verify = format!("/challenges/{id}/verify");
    wallet
        .post(&verify, &right)
        .await
        .is(410, "challenge_expired");
    let next = asked(&wallet).await;
    assert_ne!(next, id);
    world.clock.turn_seconds(600);
    let over = wallet.get(&format!("/challenges/{next}")).await;
    assert_eq!(over.json()["status"], "expired");
    assert_eq!(wallet.get(&read).await.json()["status"], "canceled");
}
