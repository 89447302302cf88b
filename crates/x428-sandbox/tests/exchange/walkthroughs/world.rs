//! The exchange, the owner and the client of which the text tells.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};

use serde_json::Value;
use x428::wire::withdrawal::{ChallengePolicy, StepUpMethod};
use x428::withdrawal::decimal::Decimal;
use x428_sandbox::exchange::seed::{self, NewClient, NewOwner};
use x428_sandbox::exchange::{Exchange, Fault, Random, Settings, Store, SystemRandom};

use super::text::TEXT;
use crate::harness::{CALLBACK, Hand, ISSUER, PASSWORD, VERIFIER, Wallet, World};

/// With this secret the app shows the code of walk-through A.2 at its time.
const APP_SECRET: &[u8] = b"x428-of-eve-00049479";
/// What is chosen of what the exchange chooses: names, codes and bytes, in the order in which they
/// are asked for, by their prefixes or lengths. What is not, the system chooses.
#[derive(Debug, Clone, Default)]
pub(super) struct Foreseen(Arc<Mutex<BTreeMap<String, VecDeque<String>>>>);

impl Foreseen {
    /// Has the exchange choose a value the next time.
    pub(super) fn next(&self, kind: &str, value: &str) {
        let mut queues = self.0.lock().unwrap();
        let queue = queues.entry(kind.to_owned()).or_default();
        queue.push_back(value.to_owned());
    }

    /// What was foreseen and has not come.
    pub(super) fn left(&self) -> Vec<String> {
        let queues = self.0.lock().unwrap();
        queues.values().flatten().cloned().collect()
    }

    fn take(&self, kind: &str) -> Option<String> {
        self.0.lock().unwrap().get_mut(kind)?.pop_front()
    }
}

impl Random for Foreseen {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), Fault> {
        let Some(digits) = self.take(&format!("{} bytes", bytes.len())) else {
            return SystemRandom.fill(bytes);
        };
        for (byte, digits) in bytes.iter_mut().zip(digits.as_bytes().chunks(2)) {
            let digits = std::str::from_utf8(digits).unwrap();
            *byte = u8::from_str_radix(digits, 16).unwrap();
        }
        Ok(())
    }

    fn id(&self, prefix: &str) -> Result<String, Fault> {
        let chosen = self.take(prefix);
        chosen.map_or_else(|| SystemRandom.id(prefix), Ok)
    }

    fn token(&self, prefix: &str) -> Result<String, Fault> {
        let chosen = self.take(prefix);
        chosen.map_or_else(|| SystemRandom.token(prefix), Ok)
    }

    fn digits(&self, count: usize) -> Result<String, Fault> {
        let chosen = self.take(&format!("{count} digits"));
        chosen.map_or_else(|| SystemRandom.digits(count), Ok)
    }
}

/// What differs between the walk-throughs.
pub(super) struct Setting {
    /// From which value on, in US dollars, the owner approves.
    pub(super) step_up_from: u64,
    pub(super) policy: ChallengePolicy,
    pub(super) methods: Vec<StepUpMethod>,
    pub(super) jurisdiction: &'static str,
    /// From which value on a person looks at a withdrawal.
    pub(super) review_from: u64,
    pub(super) private_webhooks: bool,
}

impl Default for Setting {
    fn default() -> Self {
        Self {
            step_up_from: 1_000_000,
            policy: ChallengePolicy::Any,
            methods: vec![StepUpMethod::Totp, StepUpMethod::Sms],
            jurisdiction: "none",
            review_from: 1_000_000,
            private_webhooks: false,
        }
    }
}

/// The world of the text: one asset on one network, one owner, one client. Its keys are its
/// own: those of the text are published, and what is signed by them is refused.
pub(super) async fn of_text(setting: Setting) -> (World, Foreseen) {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::sqlite(directory.path().join("exchange.db"));
    let store = store.await.unwrap();
    let mut settings = Settings::new(ISSUER);
    settings.default_limit = Decimal::from(10_000);
    settings.review_from = Some(Decimal::from(setting.review_from));
    settings.accept_test_keys = true;
    // A passkey of the text is used as soon as it is there.
    settings.security_hold = std::time::Duration::ZERO;
    settings.private_webhooks = setting.private_webhooks;
    let (clock, foreseen) = (Hand::at("2026-11-20T11:58:00Z"), Foreseen::default());
    let exchange = Exchange::with_sources(store, settings, clock.clone(), foreseen.clone());
    let exchange = exchange.await.unwrap();

    let mut assets = seed::demo_assets().unwrap();
    assets.retain(|asset| asset.id == "ETH");
    let on =
        |network: &x428_sandbox::exchange::ListedNetwork| network.network.network == "ethereum";
    assets[0].networks.retain(on);
    seed::assets(&exchange, assets).await.unwrap();
    let secret = NewClient::Secret(client_secret());
    let uris = &[CALLBACK];
    seed::client(&exchange, "example-wallet", "Example Wallet", uris, secret)
        .await
        .unwrap();
    let mut owner = NewOwner::new("ana", PASSWORD);
    owner.totp = Some(APP_SECRET.to_vec());
    owner.step_up.from = Decimal::from(setting.step_up_from);
    owner.step_up.policy = setting.policy;
    owner.step_up.methods = setting.methods;
    setting.jurisdiction.clone_into(&mut owner.jurisdiction);
    owner.balances = vec![("ETH".to_owned(), Decimal::parse("4.25").unwrap())];
    seed::owner(&exchange, owner).await.unwrap();
    let world = World::around(exchange, clock, APP_SECRET, Some(directory));
    (world, foreseen)
}

/// The secret of the client in the request for a token.
fn client_secret() -> String {
    let form = &TEXT.messages("token")[0].body;
    let mut pairs = url::form_urlencoded::parse(form.as_bytes());
    let secret = pairs.find(|(name, _)| name == "client_secret");
    secret.unwrap().1.into_owned()
}

/// The token of the text.
pub(super) fn access_token() -> String {
    let tokens = TEXT.messages("token")[1].json();
    tokens["access_token"].as_str().unwrap().to_owned()
}

/// The client with the token of the text, for an owner with the name of the text.
pub(super) async fn wallet<'a>(world: &'a World, foreseen: &Foreseen) -> Wallet<'a> {
    let mut browser = crate::harness::Browser::new(world);
    browser.log_in("ana").await;
    let code = browser.code(crate::harness::ALL_SCOPES, None).await;
    foreseen.next("at", &access_token());
    let secret = client_secret();
    let fields = [
        ("client_id", "example-wallet"),
        ("client_secret", secret.as_str()),
        ("grant_type", "authorization_code"),
        ("code", code.as_str()),
        ("redirect_uri", CALLBACK),
        ("code_verifier", VERIFIER),
    ];
    let tokens = world.form("/oauth/token", &fields).await;
    tokens.is(200, "");
    let subject = Value::from("acct-6c1f0b7e94d24a3c8b52e7d09a41f3c6");
    world.change("consent", "$.subject", subject).await;
    browser.into_wallet(tokens.json())
}
