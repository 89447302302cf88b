//! What is written down: the record of who approved what, with everything that counts, and the
//! logs, with nothing that is secret.

use std::fmt::Write as _;
use std::sync::{Arc, Mutex};

use axum::http::Method;
use serde_json::{Value, json};
use sqlx::{Connection as _, Row as _, SqliteConnection};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};
use x428_sandbox::exchange::MailServer;

use crate::harness::{
    ADDRESS, Answer, Browser, CALLBACK, OTHER_ADDRESS, PASSWORD, VERIFIER, Wallet, World, ether,
    with, with_proof,
};

/// Keeps everything that is logged, at every level, with all fields.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<String>>);

struct Fields<'a>(&'a mut String);

impl Visit for Fields<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        write!(self.0, " {field}={value:?}").unwrap();
    }
}

impl Subscriber for Log {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        let mut log = self.0.lock().unwrap();
        log.push_str(span.metadata().name());
        span.record(&mut Fields(&mut log));
        log.push('\n');
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, values: &Record<'_>) {
        values.record(&mut Fields(&mut self.0.lock().unwrap()));
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut log = self.0.lock().unwrap();
        write!(
            log,
            "{} {}",
            event.metadata().level(),
            event.metadata().target()
        )
        .unwrap();
        event.record(&mut Fields(&mut log));
        log.push('\n');
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

/// Whether a text has a secret. A code is a word: it may be a part of a longer number by chance.
fn has(text: &str, secret: &str) -> bool {
    if secret.len() > 6 {
        return text.contains(secret);
    }
    let mut words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '.');
    words.any(|word| word == secret)
}

/// A flow in which everything happens, and every secret of it.
async fn everything(world: &World) -> Vec<String> {
    let mut secrets: Vec<String> = [
        PASSWORD,
        VERIFIER,
        ADDRESS,
        OTHER_ADDRESS,
        "ana@owners.example",
        "+351900000042",
        "Ana Silva",
        "Beneficiary Bank",
        "sandbox-secret-of-example-wallet",
        "another battery, another staple",
        "x428-sandbox-of-ana!",
        "wrong password",
    ]
    .map(str::to_owned)
    .into();
    let mut browser = Browser::new(world);
    let page = browser.visit("/login").await;
    let fields = [
        ("login", "ana"),
        ("password", "wrong password"),
        ("next", "/"),
    ];
    browser.post(&page, "/login", &fields).await;
    secrets.push(world.totp());
    browser.log_in("ana").await;
    let uri = Browser::authorize_uri(crate::harness::ALL_SCOPES, None);
    let page = browser.visit(&uri).await;
    secrets.push(crate::harness::hidden(&page, "token"));
    let code = crate::harness::code_of(&browser.allow(&page, &[]).await);
    secrets.push(code.clone());
    let tokens = world.exchange_code(&code).await.json();
    let text = |name: &str| tokens[name].as_str().unwrap().to_owned();
    secrets.extend([text("access_token"), text("refresh_token")]);
    world.clock.turn_seconds(60);
    let mut wallet = browser.into_wallet(tokens);
    approve(world, &mut wallet, &mut secrets).await;
    let body = ether("0.3");
    supply(world, &wallet).await;
    let denied = wallet.submit("key-of-everything-4", &body).await.json();
    let page = format!("/step-up/{}", denied["challengeId"].as_str().unwrap());
    let shown = wallet.browser.get(&page).await;
    let fields = [("decision", "fraud")];
    wallet.browser.post(&shown, &page, &fields).await;
    let expiring = wallet.submit("key-of-everything-5", &body).await;
    expiring.is(428, "challenge_required");
    world.settle(2).await;
    let fields = [
        ("change", "password"),
        ("current", PASSWORD),
        ("new", "another battery, another staple"),
        ("ends", "yes"),
    ];
    let page = wallet.browser.get("/security").await;
    let changed: Answer = wallet.browser.post(&page, "/security", &fields).await;
    assert_eq!(changed.header("location"), "/security", "{}", changed.text);
    let page = wallet.browser.get("/").await;
    wallet.browser.post(&page, "/logout", &[]).await;
    world.clock.turn_seconds(600);
    world.exchange.work().await.unwrap();
    secrets
}

/// Wrong codes, an outage, a changed request; then a withdrawal that is canceled.
async fn approve(world: &World, wallet: &mut Wallet<'_>, secrets: &mut Vec<String>) {
    let body = ether("0.3");
    let asked = wallet.submit("key-of-everything-1", &body).await;
    asked.is(428, "challenge_required");
    let id = asked.json()["challengeId"].as_str().unwrap().to_owned();
    let (start, verify) = (
        format!("/challenges/{id}/start"),
        format!("/challenges/{id}/verify"),
    );
    wallet
        .post(&start, &json!({"method": "sms"}))
        .await
        .is(200, "");
    secrets.push(wallet.browser.newest_code("/phone").await);
    // The mail server is not there.
    let email = json!({"method": "email"});
    let down = wallet.post(&start, &email).await;
    down.is(503, "provider_unavailable");
    let wrong = json!({"method": "totp", "code": "918273"});
    secrets.push("918273".to_owned());
    wallet
        .post(&verify, &wrong)
        .await
        .is(400, "challenge_code_invalid");
    secrets.push(world.totp());
    let proof = wallet.prove(&asked).await;
    secrets.push(proof.clone());
    let changed = with_proof(&with(&body, "address", OTHER_ADDRESS), &proof);
    wallet
        .submit("key-of-everything-2", &changed)
        .await
        .is(400, "challenge_proof_invalid");
    let created = wallet
        .submit("key-of-everything-1", &with_proof(&body, &proof))
        .await;
    created.is(201, "");
    let cancel = format!(
        "/withdrawals/{}/cancel",
        created.json()["id"].as_str().unwrap()
    );
    wallet.act(&cancel).await.is(200, "");
}

async fn supply(world: &World, wallet: &Wallet<'_>) {
    let body = with(&ether("0.02"), "clientReference", "sim:inform");
    let held = wallet.submit("key-of-everything-3", &body).await.json();
    let path = format!("/withdrawals/{}/travel-rule", held["id"].as_str().unwrap());
    let data = json!({
        "walletType": "custodial", "isSelf": true,
        "beneficiaryVasp": {"name": "Beneficiary Bank"},
    });
    let request = wallet.request(Method::PUT, &path, Some(&data));
    world.send(request).await.is(200, "");
}

async fn world() -> World {
    World::with(|settings| {
        // Nobody listens there.
        let server = MailServer::new("smtp+plain://127.0.0.1:9", "no-reply@exchange.example");
        settings.mail_server = Some(server.unwrap());
    })
    .await
}

// r[verify withdrawal.privacy.logs]
#[tokio::test]
async fn no_log_has_a_secret() {
    let log = Log::default();
    // Work on other threads is logged as well.
    tracing::subscriber::set_global_default(log.clone()).unwrap();
    let secrets = everything(&world().await).await;
    let text = log.0.lock().unwrap().clone();
    for logged in ["answered", "a code was not sent", "a proof was refused"] {
        assert!(text.contains(logged), "{logged}");
    }
    assert!(text.contains("sqlx"), "the databases' own logs are there");
    for secret in secrets {
        assert!(!has(&text, &secret), "{secret} is in the log");
    }
    assert!(!text.contains(CALLBACK));
}

// r[verify withdrawal.security.audit]
#[tokio::test]
async fn the_record_tells_what_has_happened() {
    let world = world().await;
    let secrets = everything(&world).await;
    let entries = entries(&world).await;
    for (event, member, value) in [
        ("login", "method", json!("password")),
        ("login", "accepted", json!(false)),
        ("login", "method", json!("totp")),
        ("consent", "client", json!("example-wallet")),
        ("tokens", "client", json!("example-wallet")),
        ("challenge", "status", json!("pending")),
        ("method", "sent", json!(true)),
        ("method", "sent", json!(false)),
        ("attempt", "accepted", json!(false)),
        ("attempt", "accepted", json!(true)),
        ("challenge", "status", json!("verified")),
        ("proof.refused", "client", json!("example-wallet")),
        ("challenge", "status", json!("consumed")),
        ("withdrawal.created", "client", json!("example-wallet")),
        ("withdrawal", "status", json!("pending")),
        ("withdrawal", "canceledBy", json!("canceled_by_client")),
        ("travel-rule", "client", json!("example-wallet")),
        ("challenge", "status", json!("denied")),
        ("fraud", "client", json!("example-wallet")),
        ("password.changed", "event", json!("password.changed")),
        ("consent.ended", "client", json!("example-wallet")),
        ("challenge", "status", json!("canceled")),
        ("logout", "event", json!("logout")),
    ] {
        let is_there = entries
            .iter()
            .any(|entry| entry["event"] == event && entry[member] == value);
        assert!(is_there, "{event} with {member} {value}: {entries:#?}");
    }
    let text = format!("{entries:?}");
    for secret in secrets {
        assert!(!has(&text, &secret), "{secret} is in the record");
    }
    assert!(world.exchange.records_are_whole().await.unwrap());
}

async fn entries(world: &World) -> Vec<Value> {
    let path = world.database().unwrap();
    let url = format!("sqlite://{}", path.display());
    let mut database = SqliteConnection::connect(&url).await.unwrap();
    let rows = sqlx::query("SELECT data FROM record ORDER BY owner, number");
    let rows = rows.fetch_all(&mut database).await.unwrap();
    let entries = rows.iter().map(|row| {
        let data: String = row.get("data");
        serde_json::from_str(&data).unwrap()
    });
    entries.collect()
}
