//! Rules of the text that have no better place, each with what breaks it.

use axum::http::Method;
use serde_json::{Value, json};
use x428::wire::withdrawal::{
    ACCESS_TOKEN_LIFETIME_MAX, CHALLENGE_KEPT_MIN, IDEMPOTENCY_RETENTION_MIN,
};
use x428::withdrawal::decimal::Decimal;

use crate::harness::{
    ADDRESS, ALL_SCOPES, Browser, CALLBACK, OTHER_ADDRESS, VERIFIER, Wallet, World, ether, with,
    with_proof,
};

fn key(number: u32) -> String {
    format!("key-of-a-rule-{number:08}")
}

/// Above 250 US dollars: a factor is needed.
fn large() -> Value {
    ether("0.3")
}

async fn challenged(wallet: &Wallet<'_>, number: u32) -> Value {
    let asked = wallet.submit(&key(number), &large()).await;
    asked.is(428, "challenge_required");
    asked.json()
}

fn id_of(challenge: &Value) -> String {
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
async fn app(world: &World) -> Wallet<'_> {
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
    Wallet {
        world,
        token: tokens.json()["access_token"].as_str().unwrap().to_owned(),
        tokens: tokens.json(),
        browser,
    }
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

// r[verify withdrawal.idempotency.pending-challenge]
// r[verify withdrawal.idempotency.not-final]
// r[verify withdrawal.challenge.no-effect]
// r[verify withdrawal.verify.idempotent]
#[tokio::test]
async fn a_repetition_finds_the_same_challenge() {
    let world = World::new().await;
    let mut wallet = world.wallet().await;
    let balance = wallet.balance("ETH").await;
    let told = async |world: &World| {
        let kept = world.snapshot().await;
        kept.iter().filter(|row| row.starts_with("ms_")).count()
    };
    let messages = told(&world).await;
    let first = challenged(&wallet, 1).await;
    assert_eq!(wallet.balance("ETH").await, balance, "nothing is reserved");
    assert_eq!(told(&world).await, messages, "nothing is sent");

    let path = format!("/challenges/{}", id_of(&first));
    let wrong = json!({"method": "totp", "code": "000000"});
    let verify = format!("{path}/verify");
    wallet
        .post(&verify, &wrong)
        .await
        .is(400, "challenge_code_invalid");
    wallet
        .post(&format!("{path}/start"), &json!({"method": "sms"}))
        .await
        .is(200, "");
    let again = challenged(&wallet, 1).await;
    assert_eq!(id_of(&again), id_of(&first));
    assert_eq!(again["attemptsRemaining"], 4, "no counter is reset");
    assert_eq!(told(&world).await, messages + 1, "no code is sent again");

    let forged = with_proof(&large(), "a.b.c");
    wallet
        .submit(&key(1), &forged)
        .await
        .is(400, "challenge_proof_invalid");
    let asked = wallet.submit(&key(1), &large()).await;
    let proof = wallet.prove(&asked).await;
    let after = wallet.post(&verify, &wrong).await;
    after.is(200, "");
    assert_eq!(
        after.json()["status"],
        "verified",
        "without looking at the code"
    );
    assert_eq!(after.json()["challengeProof"], proof.as_str());
    let verified = challenged(&wallet, 1).await;
    assert_eq!(
        (id_of(&verified), &verified["status"]),
        (id_of(&first), &json!("verified"))
    );
    wallet
        .submit(&key(1), &with_proof(&large(), &proof))
        .await
        .is(201, "");
}

// r[verify withdrawal.method.server-chooses]
#[tokio::test]
async fn a_client_chooses_no_method_and_no_policy() {
    let world = World::new().await;
    world
        .change("owner", "$.step_up.methods", json!(["sms"]))
        .await;
    let wallet = world.wallet().await;
    for (name, value) in [("policy", json!("any")), ("methods", json!(["totp"]))] {
        let asked = wallet.submit(&key(1), &with(&large(), name, value)).await;
        asked.is(400, "invalid_request");
    }
    let challenge = challenged(&wallet, 1).await;
    assert_eq!(challenge["methods"].as_array().unwrap().len(), 1);
    let path = format!("/challenges/{}", id_of(&challenge));
    let (start, email) = (format!("{path}/start"), json!({"method": "email"}));
    wallet.post(&start, &email).await.is(400, "invalid_request");
    // A factor that the owner has, but that was not asked for.
    let code = json!({"method": "totp", "code": world.totp()});
    let verify = format!("{path}/verify");
    wallet.post(&verify, &code).await.is(400, "invalid_request");
    let now = wallet.get(&path).await.json();
    assert_eq!(
        (&now["status"], &now["methods"]),
        (&challenge["status"], &challenge["methods"])
    );
}

// r[verify withdrawal.attempts.before]
// r[verify withdrawal.attempts.challenge]
#[tokio::test]
async fn attempts_at_once_are_counted_one_after_the_other() {
    let world = World::new().await;
    let wallet = world.wallet().await;
    let challenge = challenged(&wallet, 1).await;
    let path = format!("/challenges/{}/verify", id_of(&challenge));
    let guesses = (0..30).map(|guess| {
        let body = json!({"method": "totp", "code": format!("{guess:06}")});
        let request = wallet.request(Method::POST, &path, Some(&body));
        world.send(request)
    });
    let answers = futures_util::future::join_all(guesses).await;
    let count = |code: &str| {
        answers
            .iter()
            .filter(|answer| answer.outcome().1 == code)
            .count()
    };
    // Some of the five may find the challenge locked before their code is looked at.
    let compared = count("challenge_code_invalid");
    assert!((1..=5).contains(&compared), "{compared}");
    assert_eq!(count("challenge_locked"), 30 - compared);
}

// r[verify withdrawal.start.same-code]
#[tokio::test]
async fn a_code_that_is_sent_again_takes_the_place_of_the_first() {
    let world = World::new().await;
    let mut wallet = world.wallet().await;
    let challenge = challenged(&wallet, 1).await;
    let path = format!("/challenges/{}", id_of(&challenge));
    let mut codes = Vec::new();
    for _ in 0..2 {
        let started = wallet
            .post(&format!("{path}/start"), &json!({"method": "sms"}))
            .await;
        started.is(200, "");
        assert_eq!(started.json()["attemptsRemaining"], 5);
        codes.push(wallet.browser.newest_code("/phone").await);
        world.clock.turn_seconds(30);
    }
    let verify = async |code: &str| {
        let body = json!({"method": "sms", "code": code});
        wallet.post(&format!("{path}/verify"), &body).await
    };
    if codes[0] != codes[1] {
        verify(&codes[0]).await.is(400, "challenge_code_invalid");
    }
    verify(&codes[1]).await.is(200, "");
}

// r[verify withdrawal.poll.gone]
#[tokio::test]
async fn a_challenge_that_has_ended_is_still_there_to_be_read() {
    let world = World::new().await;
    let mut wallet = world.wallet().await;
    let canceled = id_of(&challenged(&wallet, 1).await);
    wallet
        .act(&format!("/challenges/{canceled}/cancel"))
        .await
        .is(200, "");
    let expired = id_of(&challenged(&wallet, 2).await);
    let path = format!("/challenges/{expired}/start");
    wallet
        .post(&path, &json!({"method": "push"}))
        .await
        .is(200, "");
    assert!(wallet.browser.get("/phone").await.text.contains(&expired));
    world.clock.turn_seconds(600);
    // The phone does not ask for what cannot be approved any more.
    assert!(!wallet.browser.get("/phone").await.text.contains(&expired));
    world.clock.turn(CHALLENGE_KEPT_MIN);
    world.exchange.work().await.unwrap();
    let wallet = world.wallet().await;
    for (id, status) in [(canceled, "canceled"), (expired, "expired")] {
        let read = wallet.get(&format!("/challenges/{id}")).await;
        read.is(200, "");
        assert_eq!(read.json()["status"], status);
    }
}

// r[verify withdrawal.assets.unknown]
// r[verify withdrawal.assets.granted]
// r[verify withdrawal.assets.memo-rule]
// r[verify withdrawal.assets.regex]
#[tokio::test]
async fn the_list_is_what_is_granted_and_has_its_form() {
    let world = World::new().await;
    let details = json!([{
        "type": "x428_withdrawal", "actions": ["create"],
        "assets": [{"asset": "ETH", "networks": ["base"]}],
        "limits": [{"amount": "10", "currency": "USD", "period": "day"}],
    }]);
    let narrow = world
        .wallet_of("ana", "assets:read withdrawals:create", Some(details))
        .await;
    let list = narrow.get("/assets").await.json();
    let [asset] = list["data"].as_array().unwrap().as_slice() else {
        panic!("{list}");
    };
    assert_eq!(asset["asset"], "ETH");
    assert_eq!(asset["networks"].as_array().unwrap().len(), 1);
    for path in ["/assets/DOGE", "/assets/eth", "/assets/XRP"] {
        narrow.get(path).await.is(404, "asset_not_found");
    }
    world.clock.turn_seconds(60);
    let wide = world.wallet_of("ana", "assets:read", None).await;
    let list = wide.get("/assets").await.json();
    let assets = list["data"].as_array().unwrap();
    assert_eq!(assets.len(), 3);
    let networks = assets
        .iter()
        .flat_map(|asset| asset["networks"].as_array().unwrap());
    for network in networks {
        let memo = &network["memo"];
        let has_rule = memo["kind"].is_string() && memo["regex"].is_string();
        assert_eq!(has_rule, memo["support"] != "none", "{memo}");
        for regex in [&network["addressRegex"], &memo["regex"]]
            .into_iter()
            .filter_map(Value::as_str)
        {
            assert!(regex.starts_with('^') && regex.ends_with('$'), "{regex}");
            // What ECMA-262 and RE2 do not read alike.
            assert!(!regex.contains("(?") && !regex.contains('\\'), "{regex}");
        }
    }
}

// r[verify withdrawal.object.address]
// r[verify withdrawal.object.txid]
#[tokio::test]
async fn a_withdrawal_shows_where_it_goes_and_its_transaction() {
    let world = World::new().await;
    let wallet = world.wallet().await;
    let body = json!({
        "asset": "XRP", "network": "xrpl", "amount": "10",
        "address": "rHb9CJAWyB4rj91VRWn96DkukG4bwdtyTh", "memo": "90417",
    });
    let created = wallet.submit(&key(1), &body).await.json();
    let path = format!("/withdrawals/{}", created["id"].as_str().unwrap());
    let mut seen = Vec::new();
    for _ in 0..8 {
        let read = wallet.get(&path).await.json();
        assert_eq!(
            (&read["address"], &read["memo"]),
            (&body["address"], &body["memo"])
        );
        let status = read["status"].as_str().unwrap().to_owned();
        let is_on_network = ["broadcast", "completed"].contains(&&*status);
        assert_eq!(read["txid"].is_string(), is_on_network, "{read}");
        seen.push((status, read["txid"].clone()));
        world.settle(1).await;
    }
    let (last, id) = seen.last().unwrap();
    assert_eq!(last, "completed");
    assert!(seen.iter().all(|(_, shown)| shown.is_null() || shown == id));
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

// r[verify withdrawal.metadata.algorithms]
#[tokio::test]
async fn metadata_name_the_algorithms_of_assertions() {
    let world = World::new().await;
    let request = axum::http::Request::get("/.well-known/oauth-authorization-server");
    let request = request.body(axum::body::Body::empty());
    let metadata = world.send(request.unwrap()).await.json();
    let mut count = 0;
    for (name, methods) in metadata.as_object().unwrap() {
        let Some(endpoint) = name.strip_suffix("_auth_methods_supported") else {
            continue;
        };
        if methods
            .as_array()
            .unwrap()
            .contains(&json!("private_key_jwt"))
        {
            let algorithms = &metadata[format!("{endpoint}_auth_signing_alg_values_supported")];
            assert!(!algorithms.as_array().unwrap().is_empty(), "{endpoint}");
            count += 1;
        }
    }
    assert!(count > 0);
}

// r[verify withdrawal.quote.nothing-reserved]
#[tokio::test]
async fn a_quote_reserves_nothing() {
    let world = World::with(|settings| settings.default_limit = Decimal::from(1_000_000)).await;
    let mut wallet = world.wallet().await;
    let before = wallet.balance("ETH").await;
    let ask = json!({"asset": "ETH", "network": "ethereum", "amount": "100"});
    wallet.post("/withdrawals/quotes", &ask).await.is(200, "");
    assert_eq!(wallet.balance("ETH").await, before);
}

// r[verify withdrawal.travel.thresholds]
// r[verify withdrawal.ivms.one]
#[tokio::test]
async fn thresholds_are_configuration_and_a_person_is_one() {
    let world = World::with(|settings| {
        let strict = settings.travel_rules.get_mut("strict").unwrap();
        strict.data_from = Some(Decimal::from(77));
    })
    .await;
    let wallet = world.wallet_of("ben", ALL_SCOPES, None).await;
    let ask = async |amount: &str| {
        let ask = json!({"asset": "ETH", "network": "ethereum", "amount": amount});
        let quote = wallet.post("/withdrawals/quotes", &ask).await.json();
        quote["travelRuleRequirements"].as_array().unwrap().len()
    };
    assert_eq!((ask("0.03").await, ask("0.05").await), (0, 1));
    wallet.submit(&key(1), &ether("0.03")).await.is(201, "");
    wallet
        .submit(&key(2), &ether("0.05"))
        .await
        .is(422, "travel_rule_required");

    let natural = json!({"name": {"nameIdentifier": [
        {"primaryIdentifier": "Silva", "naturalPersonNameIdentifierType": "LEGL"},
    ]}});
    let legal = json!({"name": {"nameIdentifier": [
        {"legalPersonName": "Silva Lda", "legalPersonNameIdentifierType": "LEGL"},
    ]}});
    let persons = [
        json!({}),
        json!({"naturalPerson": natural, "legalPerson": legal}),
    ];
    for person in persons {
        let data = json!({"walletType": "self_hosted", "isSelf": false, "beneficiary": person});
        let refused = wallet
            .submit(&key(3), &with(&ether("0.05"), "travelRule", data))
            .await;
        refused.is(422, "travel_rule_invalid");
    }
    for (name, person) in [("naturalPerson", natural), ("legalPerson", legal)] {
        let data =
            json!({"walletType": "self_hosted", "isSelf": false, "beneficiary": {name: person}});
        let taken = wallet
            .submit(&key(4), &with(&ether("0.05"), "travelRule", data))
            .await;
        assert!(
            ["", "idempotency_mismatch"].contains(&&*taken.outcome().1),
            "{}",
            taken.text
        );
    }
}

/// A review is not skipped by supplying what was asked for first.
#[tokio::test]
async fn supplied_information_does_not_skip_the_review() {
    let world = World::with(|settings| {
        settings.default_limit = Decimal::from(1_000_000);
        settings.review_from = Some(Decimal::from(1000));
    })
    .await;
    let wallet = world.wallet().await;
    world
        .change("owner", "$.jurisdiction", json!("strict"))
        .await;
    world
        .change("owner", "$.step_up.from", json!("1000000"))
        .await;
    let own = json!({"walletType": "self_hosted", "isSelf": true});
    let held = wallet
        .submit(&key(1), &with(&ether("0.6"), "travelRule", own))
        .await
        .json();
    assert_eq!(held["status"], "awaiting_information");
    let data = json!({
        "walletType": "custodial", "isSelf": true, "beneficiaryVasp": {"name": "Other"},
    });
    let path = format!("/withdrawals/{}/travel-rule", held["id"].as_str().unwrap());
    let supplied = world
        .send(wallet.request(Method::PUT, &path, Some(&data)))
        .await
        .json();
    assert_eq!(supplied["status"], "under_review", "{supplied}");
}

// r[verify withdrawal.details.enforce]
// r[verify withdrawal.details.conversion]
#[tokio::test]
async fn a_fee_in_another_asset_counts_against_the_limits() {
    let world = World::with(|settings| settings.default_limit = Decimal::from(100)).await;
    let wallet = world.wallet().await;
    let dollars = |amount: &str| json!({"asset": "USDC", "network": "ethereum", "amount": amount, "address": ADDRESS});
    // The fee is 0.0012 ether, which is 2.4 dollars.
    let above = wallet.submit(&key(1), &dollars("97.61")).await;
    above.is(403, "authorization_limit_exceeded");
    world.change("owner", "$.daily_limit", json!("97")).await;
    let above = wallet.submit(&key(2), &dollars("94.61")).await;
    above.is(422, "daily_limit_exceeded");
    wallet.submit(&key(3), &dollars("94.6")).await.is(201, "");
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
