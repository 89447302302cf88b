//! What the exchange keeps and shows of owners and secrets, and what it tells them.

use serde_json::{Value, json};
use x428::wire::withdrawal::ID_ENTROPY_MIN;
use x428_sandbox::exchange::{Random, SystemRandom};

use crate::harness::{ALL_SCOPES, Browser, World, ether, with};

const KEY: &str = "a-key-of-the-privacy";

// r[verify withdrawal.assets.balance]
// r[verify withdrawal.privacy.balance]
#[tokio::test]
async fn balances_are_shown_to_whom_the_owner_shows_them() {
    let world = World::new().await;
    for (consent, is_shown) in [("yes", true), ("no", false)] {
        let mut browser = Browser::new(&world);
        browser.log_in("ana").await;
        let page = browser
            .visit(&Browser::authorize_uri("assets:read", None))
            .await;
        let code = browser.allow(&page, &[("balances", consent)]).await;
        let tokens = world
            .exchange_code(&crate::harness::code_of(&code))
            .await
            .json();
        let request = axum::http::Request::get("/assets").header(
            "authorization",
            format!("Bearer {}", tokens["access_token"].as_str().unwrap()),
        );
        let list = world
            .send(request.body(axum::body::Body::empty()).unwrap())
            .await
            .json();
        for asset in list["data"].as_array().unwrap() {
            assert_eq!(asset.get("balance").is_some(), is_shown, "{asset}");
        }
        world.clock.turn_seconds(60);
    }
}

// r[verify withdrawal.token.storage]
// r[verify withdrawal.token.unguessable]
#[tokio::test]
async fn secrets_are_not_kept_as_they_are() {
    let world = World::new().await;
    let mut wallet = world.wallet_of("ben", ALL_SCOPES, None).await;
    let code = wallet.browser.code("assets:read", None).await;
    world
        .change("owner", "$.step_up.from", json!("1000000"))
        .await;
    let data = json!({
        "walletType": "custodial", "isSelf": true, "beneficiaryVasp": {"name": "Name of a VASP"},
    });
    let body = with(&ether("0.3"), "travelRule", data);
    wallet.submit(KEY, &body).await.is(201, "");
    let kept = world.snapshot().await.join("\n");
    let refresh = wallet.tokens["refresh_token"].as_str().unwrap();
    for secret in [
        &*wallet.token,
        refresh,
        &*code,
        crate::harness::PASSWORD,
        "Name of a VASP",
    ] {
        assert!(!kept.contains(secret), "{secret}");
    }
    // Every character of base64url has six bits.
    for secret in [&*wallet.token, &*code] {
        let (_, random) = secret.split_once('_').unwrap();
        assert!(random.len() * 6 >= ID_ENTROPY_MIN, "{secret}");
    }
    let drawn: std::collections::BTreeSet<_> = (0..1000)
        .map(|_| SystemRandom.token("at").unwrap())
        .collect();
    assert_eq!(drawn.len(), 1000);
}

// r[verify withdrawal.privacy.hints]
#[tokio::test]
async fn a_hint_does_not_tell_who_the_owner_is() {
    let world = World::new().await;
    let wallet = world.wallet().await;
    let asked = wallet.submit(KEY, &ether("0.3")).await;
    let challenge = asked.json();
    let hint = |method: &str| {
        let methods = challenge["methods"].as_array().unwrap();
        let found = methods.iter().find(|offered| offered["method"] == method);
        found.unwrap()["hint"].as_str().unwrap().to_owned()
    };
    assert_eq!(hint("sms"), "•••• 42");
    assert_eq!(hint("email"), "a•••@owners.example");
    for secret in ["Ana", "Silva", "ana@", "+351", "9000000"] {
        assert!(!asked.text.contains(secret), "{secret}");
    }
}

// r[verify withdrawal.privacy.subject]
#[tokio::test]
async fn clients_know_an_owner_by_different_names() {
    let world = World::new().await;
    let mut browser = Browser::new(&world);
    browser.log_in("ana").await;
    for client in ["example-wallet", "example-app", "example-wallet"] {
        let uri = Browser::authorize_uri("assets:read", None).replace("example-wallet", client);
        let page = browser.visit(&uri).await;
        crate::harness::code_of(&browser.allow(&page, &[]).await);
    }
    let mut of_client = std::collections::BTreeMap::new();
    for row in world.snapshot().await {
        let consent = row.strip_prefix("gr_").and_then(|row| row.split_once('{'));
        if let Some((_, consent)) = consent {
            let consent: Value = serde_json::from_str(&format!("{{{consent}")).unwrap();
            let client = consent["client"].as_str().unwrap().to_owned();
            let subject = consent["subject"].as_str().unwrap().to_owned();
            let known = of_client.insert(client, subject.clone());
            assert!(known.is_none_or(|known| known == subject));
        }
    }
    let names: std::collections::BTreeSet<_> = of_client.values().collect();
    assert_eq!((of_client.len(), names.len()), (2, 2));
}

// r[verify withdrawal.security.notify]
// r[verify withdrawal.security.audit]
#[tokio::test]
async fn the_owner_is_told_and_the_record_says_who_approved_what() {
    let world = World::new().await;
    let mut wallet = world.wallet().await;
    let asked = wallet.submit(KEY, &ether("0.3")).await;
    let challenge = asked.json()["challengeId"].as_str().unwrap().to_owned();
    let proof = wallet.prove(&asked).await;
    let body = crate::harness::with_proof(&ether("0.3"), &proof);
    let created = wallet.submit(KEY, &body).await;
    created.is(201, "");
    let outbox = wallet.browser.get("/outbox").await.text;
    assert!(
        outbox.contains("A withdrawal") && outbox.contains("A new access"),
        "{outbox}"
    );

    let id = created.json()["id"].as_str().unwrap().to_owned();
    let kept = world.snapshot().await.join("\n");
    let says = |what: &[&str]| {
        let mut rows = kept.lines();
        rows.any(|row| row.starts_with("ow_") && what.iter().all(|word| row.contains(word)))
    };
    assert!(says(&["\"consent\"", "example-wallet"]));
    assert!(says(&[&challenge, "verified", "totp", "intentHash"]));
    assert!(says(&["withdrawal.created", &id, &challenge]));
    assert!(!kept.contains(&proof), "the proof is not in it");

    assert!(world.exchange.records_are_whole().await.unwrap());
    let path = world.database().unwrap();
    for (change, back) in [("totp", "face"), ("face", "totp")] {
        let update = "UPDATE record SET data = replace(data, ?1, ?2)";
        let values = [change.to_owned(), back.to_owned()];
        crate::harness::execute(&path, update, &values).await;
        let is_whole = world.exchange.records_are_whole().await.unwrap();
        assert_eq!(is_whole, change == "face");
    }
    let delete = "DELETE FROM record WHERE number = (SELECT min(number) + 1 FROM record)";
    crate::harness::execute(&path, delete, &[]).await;
    assert!(!world.exchange.records_are_whole().await.unwrap());
}
