//! Every HTTP exchange of the text, replayed against the exchange: status, header fields and JSON
//! have to be what the text shows. The test chooses names, codes and times, so that those of the
//! text come out.

use axum::http::StatusCode;
use serde_json::{Value, json};
use x428::wire::withdrawal::{ChallengePolicy, StepUpMethod};

use self::replay::Replay;
use self::text::TEXT;
use self::world::{Setting, of_text, wallet};
use crate::harness::{Wallet, ether};
use crate::passkeys::Authenticator;

mod grants;
mod replay;
mod text;
mod told;
mod world;

/// Exchanges that are not replayed here, and why.
const UNREPLAYABLE: &[(&str, &str)] = &[];

/// Makes a test of each replay, and the list of the exchanges that have one.
macro_rules! replays {
    ($($id:literal => $test:ident: $replay:path;)+) => {
        const REPLAYED: &[&str] = &[$($id),+];

        $(
            #[tokio::test]
            async fn $test() {
                $replay().await;
            }
        )+
    };
}

replays! {
    "simple" => a1_without_a_second_factor: simple;
    "any" => a2_one_method_of_several: any;
    "all" => a3_two_methods_both_needed: all;
    "expired-proof" => a4_a_proof_that_has_expired: expired_proof;
    "retry" => a5_a_retry: retry;
    "travel-rule" => a6_a_hold_by_the_travel_rule: travel_rule;
    "cancel" => a7_a_cancellation: cancel;
    "list" => a_list_in_pages: list;
    "authorize" => a_consent: grants::authorize;
    "token" => a_token: grants::token;
    "dpop" => a_proof_of_possession: grants::dpop;
    "webhook" => a_webhook: told::webhook;
}

#[test]
fn every_exchange_of_the_text_is_replayed_or_has_a_reason() {
    let mut listed: Vec<_> = UNREPLAYABLE.iter().map(|(id, _)| *id).collect();
    listed.extend(REPLAYED);
    listed.sort_unstable();
    let of_text: Vec<_> = TEXT.exchanges.keys().map(String::as_str).collect();
    assert_eq!(listed, of_text);
    assert!(UNREPLAYABLE.iter().all(|(_, reason)| !reason.is_empty()));
}

/// A replay that cannot fail would show nothing.
#[tokio::test]
async fn a_change_of_the_text_is_found() {
    let (world, foreseen) = of_text(Setting::default()).await;
    let wallet = wallet(&world, &foreseen).await;
    let mut replay = Replay::of(wallet, foreseen, "simple");
    let answer = replay.wallet.get("/assets").await;
    let (_, shown) = replay.pair();
    let mut same = shown.clone();
    let own = answer.header("x-request-id").to_owned();
    same.headers.insert("x-request-id".to_owned(), own);
    replay.compare(&same, &answer).unwrap();
    let changes: [fn(&mut text::Message); 5] = [
        |shown| shown.start = "HTTP/1.1 201 Created".to_owned(),
        |shown| shown.set("/data/0/balance", json!("4.26")),
        |shown| shown.set("/data/0/networks/0/confirmations", json!(13)),
        |shown| shown.body = shown.body.replace("\"caip2\"", "\"caip3\""),
        |shown| drop(shown.headers.insert("location".to_owned(), "/".to_owned())),
    ];
    for change in changes {
        let mut other = same.clone();
        change(&mut other);
        assert!(replay.compare(&other, &answer).is_err(), "{other:?}");
    }
}

const FROM_250: Setting = Setting {
    step_up_from: 250,
    policy: ChallengePolicy::Any,
    methods: Vec::new(),
    jurisdiction: "none",
    review_from: 1_000_000,
    private_webhooks: false,
};

/// The digits of the transaction of the text.
fn transaction() -> String {
    let shown = TEXT.messages("simple")[7].json();
    shown["txid"].as_str().unwrap()[2..].to_owned()
}

async fn simple() {
    let (world, foreseen) = of_text(Setting::default()).await;
    let wallet = wallet(&world, &foreseen).await;
    let mut replay = Replay::of(wallet, foreseen, "simple");
    replay.step("12:00:00").await;
    replay.step("12:00:00").await;
    replay.step("12:00:20").await;
    replay.foreseen.next("32 bytes", &transaction());
    replay.work_at(&["12:00:35", "12:00:50", "12:01:05"]).await;
    replay.step("12:01:06").await;
    replay.work_at(&["12:02:00", "12:03:00", "12:03:40"]).await;
    replay.step("12:03:41").await;
    replay.end();
}

/// Until the client has the proof.
async fn approved_by_one(wallet: Wallet<'_>, foreseen: world::Foreseen) -> Replay<'_> {
    let mut replay = Replay::of(wallet, foreseen, "any");
    replay.step("12:00:00").await;
    replay.step("12:00:20").await;
    replay.step("12:00:40").await;
    replay
}

fn any_setting() -> Setting {
    Setting {
        methods: vec![StepUpMethod::Totp, StepUpMethod::Sms],
        ..FROM_250
    }
}

async fn any() {
    let (world, foreseen) = of_text(any_setting()).await;
    let wallet = wallet(&world, &foreseen).await;
    let mut replay = approved_by_one(wallet, foreseen).await;
    replay.step("12:00:45").await;
    replay.end();
}

async fn retry() {
    let (world, foreseen) = of_text(any_setting()).await;
    let wallet = wallet(&world, &foreseen).await;
    let mut replay = approved_by_one(wallet, foreseen).await;
    replay.step("12:00:45").await;
    replay.then("retry");
    replay.foreseen.next("32 bytes", &transaction());
    replay.work_at(&["12:01:00", "12:01:30", "12:02:00"]).await;
    replay.step("12:02:10").await;
    replay.step("12:02:20").await;
    replay.end();
}

async fn all() {
    let (world, foreseen) = of_text(Setting {
        policy: ChallengePolicy::All,
        methods: vec![StepUpMethod::Sms, StepUpMethod::Push],
        ..FROM_250
    })
    .await;
    let wallet = wallet(&world, &foreseen).await;
    let mut replay = Replay::of(wallet, foreseen, "all");
    let asked = replay.step("12:00:00").await;
    replay.foreseen.next("6 digits", "811204");
    replay.step("12:00:10").await;
    replay.step("12:00:15").await;
    replay.step("12:00:50").await;
    replay.foreseen.next("2 digits", "47");
    replay.step("12:01:10").await;
    replay.step("12:01:15").await;
    replay.step("12:01:17").await;
    replay.turn_to("12:01:30");
    let phone = replay.wallet.browser.get("/phone").await;
    let fields = [
        ("challenge", asked["challengeId"].as_str().unwrap()),
        ("number", "47"),
        ("decision", "approve"),
    ];
    replay.wallet.browser.post(&phone, "/phone", &fields).await;
    replay.step("12:01:32").await;
    replay.step("12:01:40").await;
    replay.end();
}

// r[verify withdrawal.idempotency.not-final]
async fn expired_proof() {
    let (world, foreseen) = of_text(any_setting()).await;
    let mut wallet = wallet(&world, &foreseen).await;
    let asked = TEXT.messages("expired-proof")[3].json();
    let passkey = &asked["methods"][0]["publicKey"]["allowCredentials"][0];
    let mut authenticator = Authenticator::new(passkey["id"].as_str().unwrap());
    authenticator.transports = passkey["transports"].clone();
    authenticator.enroll(&mut wallet).await;
    let mut replay = approved_by_one(wallet, foreseen).await;
    replay.leave("expired-proof");
    replay.step("12:04:00").await;
    // Meanwhile the owner has decided for the passkey.
    world
        .change("owner", "$.step_up.methods", json!(["webauthn"]))
        .await;
    let nonce = TEXT.value("webauthn-nonce");
    replay.foreseen.next("32 bytes", nonce);
    let asked = replay.step("12:04:00").await;
    replay.turn_to("12:05:10");
    let page = format!("/step-up/{}", asked["challengeId"].as_str().unwrap());
    let challenge = asked["methods"][0]["publicKey"]["challenge"].as_str();
    let assertion = authenticator.get(challenge.unwrap(), crate::harness::ISSUER, 0x05);
    let browser = &mut replay.wallet.browser;
    let shown = browser.get(&page).await;
    let fields = [
        ("method", "webauthn"),
        ("credential", &assertion.to_string()),
        ("decision", "approve"),
    ];
    let approved = browser.post(&shown, &page, &fields).await;
    assert_eq!(approved.status, StatusCode::SEE_OTHER, "{}", approved.text);
    replay.step("12:05:12").await;
    replay.step("12:05:15").await;
    replay.end();
}

/// The address of which A.6 shows whose it is.
const OWN_ADDRESS: &str = "0x3811A0834f7e1C0A9E3C0bFaAd5BbD2FA5De22A5";

// r[verify withdrawal.ownership.reuse]
// r[verify withdrawal.object.address]
async fn travel_rule() {
    let (world, foreseen) = of_text(Setting {
        jurisdiction: "strict",
        ..Setting::default()
    })
    .await;
    let wallet = wallet(&world, &foreseen).await;
    let mut replay = Replay::of(wallet, foreseen, "travel-rule");
    replay.step("12:02:00").await;
    replay.step("12:03:05").await;
    replay.step("12:03:10").await;
    replay.end();
    // The exchange remembers whose the address is.
    let body = crate::harness::with(&ether("0.6"), "address", OWN_ADDRESS);
    let data = json!({"walletType": "self_hosted", "isSelf": true});
    let body = crate::harness::with(&body, "travelRule", data);
    let next = replay.wallet.submit("a-key-of-another", &body).await;
    assert_eq!(next.json()["status"], "pending", "{}", next.text);
}

/// Submits a withdrawal that the text does not show being submitted.
async fn submitted(replay: &mut Replay<'_>, time: &str, name: &str, amount: &str) {
    replay.turn_to(time);
    replay.choose(name);
    let key = format!("a-key-of-{name}");
    let answer = replay.wallet.submit(&key, &ether(amount)).await;
    answer.is(201, "");
    assert_eq!(answer.json()["id"], name);
}

async fn cancel() {
    let (world, foreseen) = of_text(Setting {
        review_from: 1000,
        ..Setting::default()
    })
    .await;
    let wallet = wallet(&world, &foreseen).await;
    let mut replay = Replay::of(wallet, foreseen, "cancel");
    submitted(&mut replay, "12:04:59", "wd_8Jc2mVqXw0ZtN4rYbKfLs7", "0.05").await;
    replay.work_at(&["12:05:04", "12:05:09"]).await;
    submitted(&mut replay, "12:05:15", "wd_6Ys4cBvLi2RjF8kHtGpSx0", "1.5").await;
    replay.work_at(&["12:05:20"]).await;
    replay.step("12:05:38").await;
    replay.work_at(&["12:05:40"]).await;
    replay.step("12:05:41").await;
    replay.step("12:05:42").await;
    replay.end();
}

async fn list() {
    let (world, foreseen) = of_text(Setting::default()).await;
    let wallet = wallet(&world, &foreseen).await;
    let mut replay = Replay::of(wallet, foreseen, "list");
    submitted(&mut replay, "12:00:20", "wd_3Tg5hPnXe7QaU1oMdWzCk9", "0.05").await;
    replay.work_at(&["12:00:25", "12:00:30"]).await;
    submitted(&mut replay, "12:00:45", "wd_8Jc2mVqXw0ZtN4rYbKfLs7", "1.5").await;
    replay.foreseen.next("32 bytes", &transaction());
    replay.work_at(&["12:01:00", "12:01:30", "12:02:00"]).await;
    let page: Value = replay.step("12:02:10").await;
    assert_eq!(page["pagination"]["hasMore"], true);
    replay.step("12:02:11").await;
    replay.end();
}
