//! The order of the checks of a submission: of two things that are wrong, the earlier is told.

use axum::http::Method;
use serde_json::{Value, json};
use x428::withdrawal::decimal::Decimal;

use crate::harness::{ADDRESS, OTHER_ADDRESS, Wallet, World, with, with_proof};

/// A key under which something else was submitted.
const USED: &str = "a-key-that-was-used";
const FRESH: &str = "a-key-that-is-fresh";

/// What is wrong with a submission.
#[derive(Default)]
struct Wrong {
    token: Option<&'static str>,
    used_key: bool,
    body: Vec<(&'static str, Value)>,
    owner: Vec<(&'static str, Value)>,
}

impl Wrong {
    fn body(name: &'static str, value: impl Into<Value>) -> Self {
        let body = vec![(name, value.into())];
        Self {
            body,
            ..Self::default()
        }
    }

    fn owner(path: &'static str, value: impl Into<Value>) -> Self {
        let owner = vec![(path, value.into())];
        Self {
            owner,
            ..Self::default()
        }
    }

    fn token(which: &'static str) -> Self {
        Self {
            token: Some(which),
            ..Self::default()
        }
    }
}

/// What can be wrong at each step, and what is answered.
fn violations() -> Vec<(usize, Wrong, (u16, &'static str))> {
    let used_key = Wrong {
        used_key: true,
        ..Wrong::default()
    };
    vec![
        (1, Wrong::token("revoked"), (401, "invalid_token")),
        (2, Wrong::token("narrow"), (403, "insufficient_scope")),
        (3, Wrong::body("more", 1), (400, "invalid_request")),
        (4, used_key, (422, "idempotency_mismatch")),
        (
            5,
            Wrong::body("address", OTHER_ADDRESS),
            (403, "address_not_allowed"),
        ),
        (6, Wrong::body("memo", "1"), (422, "memo_not_supported")),
        (
            7,
            Wrong::body("amount", "4.239"),
            (422, "insufficient_balance_for_fee"),
        ),
        (
            8,
            Wrong::owner("$.restricted", true),
            (403, "account_restricted"),
        ),
        (
            9,
            Wrong::owner("$.jurisdiction", "strict"),
            (422, "travel_rule_required"),
        ),
        (
            10,
            Wrong::body("challengeProof", "a.b.c"),
            (400, "challenge_proof_invalid"),
        ),
        (
            10,
            Wrong::owner("$.step_up.from", "250"),
            (428, "challenge_required"),
        ),
    ]
}

struct Tokens<'a> {
    wallet: Wallet<'a>,
    narrow: String,
    revoked: String,
}

impl<'a> Tokens<'a> {
    async fn of(world: &'a World) -> Self {
        let details = json!([{
            "type": "x428_withdrawal", "actions": ["create", "read"],
            "assets": [{"asset": "ETH", "networks": ["ethereum"]}],
            "limits": [{"amount": "10000", "currency": "USD", "period": "day"}],
            "destinations": [{"network": "ethereum", "address": ADDRESS}],
        }]);
        let scopes = "withdrawals:create withdrawals:read";
        let mut wallet = world.wallet_of("ana", scopes, Some(details)).await;
        let mut narrow = async || {
            let tokens = wallet.browser.tokens("assets:read", None).await.json();
            tokens["access_token"].as_str().unwrap().to_owned()
        };
        let (narrow, revoked) = (narrow().await, narrow().await);
        let revoke = [("token", revoked.as_str())];
        world.as_client("/oauth/revoke", &revoke).await.is(200, "");
        Self {
            wallet,
            narrow,
            revoked,
        }
    }

    /// Submits what is wrong in several ways.
    async fn submit(&mut self, world: &World, wrongs: &[&Wrong]) -> crate::harness::Answer {
        let mut body = json!({
            "asset": "ETH", "network": "ethereum", "amount": "1.5", "address": ADDRESS,
        });
        let sound = [
            ("$.restricted", json!(false)),
            ("$.jurisdiction", json!("none")),
            ("$.step_up.from", json!("1000000")),
        ];
        for (path, value) in sound {
            world.change("owner", path, value).await;
        }
        let good = self.wallet.token.clone();
        let (mut token, mut key) = (good.clone(), FRESH);
        // Of two tokens, the earlier one is the worse.
        for wrong in wrongs.iter().rev() {
            match wrong.token {
                Some("narrow") => token.clone_from(&self.narrow),
                Some(_) => token.clone_from(&self.revoked),
                None => {}
            }
            if wrong.used_key {
                key = USED;
            }
            for (name, value) in &wrong.body {
                body = with(&body, name, value.clone());
            }
            for (path, value) in &wrong.owner {
                world.change("owner", path, value.clone()).await;
            }
        }
        self.wallet.token = token;
        let answer = self.wallet.submit(key, &body).await;
        self.wallet.token = good;
        answer
    }
}

/// The codes that the text names for each step.
fn of_text() -> Vec<String> {
    let text = include_str!("../../../../spec/withdrawal/06-withdrawals.md");
    let list = text.split("r[withdrawal.order.steps]").nth(1).unwrap();
    let list = list.split("r[").next().unwrap();
    let steps = (1..=11).map(|step| {
        let start = format!("\n{step}. ");
        let line = list.split(&start).nth(1).unwrap();
        line.lines().next().unwrap().to_owned()
    });
    steps.collect()
}

// r[verify withdrawal.order.steps]
// r[verify withdrawal.order.no-oracle]
#[tokio::test]
async fn of_two_things_that_are_wrong_the_earlier_is_told() {
    let world = World::with(|settings| settings.default_limit = Decimal::from(1_000_000)).await;
    let mut tokens = Tokens::of(&world).await;
    let small = json!({
        "asset": "ETH", "network": "ethereum", "amount": "0.01", "address": ADDRESS,
    });
    tokens.wallet.submit(USED, &small).await.is(201, "");
    let violations = violations();
    let steps = of_text();
    for (step, _, (status, code)) in &violations {
        let line = &steps[step - 1];
        let named = line.contains('`');
        assert!(
            !named || line.contains(code) || line.contains("401"),
            "{line}"
        );
        assert!(!line.contains("401") || *status == 401, "{line}");
    }
    let last = violations.len() - 1;
    for (place, (step, wrong, expected)) in violations.iter().enumerate() {
        let before = world.snapshot().await;
        let alone = tokens.submit(&world, &[wrong]).await;
        assert_eq!(
            (alone.outcome().0, &*alone.outcome().1),
            *expected,
            "{step}"
        );
        for (later, also, _) in &violations[place + 1..] {
            if later == step {
                continue;
            }
            let both = tokens.submit(&world, &[wrong, also]).await;
            assert_eq!(
                (both.outcome().0, &*both.outcome().1),
                *expected,
                "{step} before {later}"
            );
        }
        // Before the last but one step nothing can be seen from outside. The test itself has
        // changed owners.
        let told = |kept: &[String]| -> Vec<String> {
            let is_told = |row: &&String| row.starts_with("ms_") || row.starts_with("ch_");
            kept.iter().filter(is_told).cloned().collect()
        };
        if place < last {
            assert_eq!(told(&before), told(&world.snapshot().await), "{step}");
        }
    }
    // The challenge of the last one is still there; without it, nothing is wrong.
    let asked = tokens.submit(&world, &[]).await;
    asked.is(428, "challenge_required");
    let id = asked.json()["challengeId"].as_str().unwrap().to_owned();
    let cancel = format!("/challenges/{id}/cancel");
    tokens.wallet.act(&cancel).await.is(200, "");
    tokens.submit(&world, &[]).await.is(201, "");
}

// r[verify withdrawal.order.authentication-first]
#[tokio::test]
async fn an_authentication_that_is_too_old_comes_first() {
    let world = World::new().await;
    let wallet = world.wallet().await;
    let long_ago = json!("2026-01-01T00:00:00Z");
    world
        .change("consent", "$.authenticated_at", long_ago)
        .await;
    for body in [
        json!({}),
        crate::harness::ether("0.05"),
        crate::harness::ether("1"),
    ] {
        let answer = wallet.submit(FRESH, &body).await;
        answer.is(401, "insufficient_user_authentication");
        let asked = answer.header("www-authenticate");
        assert!(
            asked.contains("insufficient_user_authentication"),
            "{asked}"
        );
        assert!(asked.contains("max_age"), "{asked}");
    }
    let listed = world
        .send(wallet.request(Method::GET, "/withdrawals", None))
        .await;
    listed.is(401, "insufficient_user_authentication");
}

// r[verify withdrawal.order.revalidate]
#[tokio::test]
async fn a_proof_does_not_keep_what_has_changed_since() {
    let world = World::with(|settings| settings.default_limit = Decimal::from(1_000_000)).await;
    let wallet = world.wallet().await;
    let body = json!({
        "asset": "ETH", "network": "ethereum", "amount": "1.5", "address": ADDRESS,
    });
    let asked = wallet.submit(FRESH, &body).await;
    asked.is(428, "challenge_required");
    let proof = wallet.prove(&asked).await;
    let proved = with_proof(&body, &proof);
    world.change("owner", "$.restricted", json!(true)).await;
    wallet
        .submit(FRESH, &proved)
        .await
        .is(403, "account_restricted");
    world.change("owner", "$.restricted", json!(false)).await;
    world.change("owner", "$.daily_limit", json!("100")).await;
    wallet
        .submit(FRESH, &proved)
        .await
        .is(422, "daily_limit_exceeded");
    world
        .change("owner", "$.daily_limit", json!("100000"))
        .await;
    let network = "$.networks[0].network.withdrawalEnabled";
    world.change("asset", network, json!(false)).await;
    wallet
        .submit(FRESH, &proved)
        .await
        .is(503, "network_suspended");
    world.change("asset", network, json!(true)).await;
    wallet.submit(FRESH, &proved).await.is(201, "");
}
