//! The walk-throughs of the text, replayed against the exchange: status, headers and JSON have to be
//! what the text shows. What the exchange makes itself, such as names, times and proofs, takes the
//! place of what stands in the text, one for one.

use std::collections::BTreeMap;
use std::path::Path;

use axum::body::Body;
use axum::http::{Method, Request, header};
use serde_json::{Map, Value};
use x428::wire::withdrawal::{ChallengePolicy, StepUpMethod};
use x428::withdrawal::decimal::Decimal;
use x428_sandbox::exchange::seed::{self, NewOwner};
use x428_spec::model::{FenceKind, Project};
use x428_spec::parse::load;

use crate::harness::{ALL_SCOPES, PASSWORD, Wallet, World};

/// Members whose values the exchange makes.
const OWN: [&str; 15] = [
    "id",
    "challengeId",
    "quoteId",
    "challengeProof",
    "requestId",
    "txid",
    "intentHash",
    "verificationUri",
    "numberToEnter",
    "createdAt",
    "updatedAt",
    "completedAt",
    "expiresAt",
    "proofExpiresAt",
    "resendAfter",
];

struct Message {
    start: String,
    headers: BTreeMap<String, String>,
    body: Value,
}

impl Message {
    fn parse(source: &str) -> Self {
        let (head, body) = source.split_once("\n\n").unwrap_or((source, ""));
        let unfolded = head.replace("\\\n", "");
        let mut lines = unfolded.lines();
        Self {
            start: lines.next().unwrap().to_owned(),
            headers: lines
                .filter_map(|line| line.split_once(':'))
                .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
                .collect(),
            body: serde_json::from_str(body).unwrap_or_default(),
        }
    }
}

/// The messages of an exchange of the text.
fn messages(id: &str) -> Vec<Message> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let spec = load(&Project::around(here).unwrap());
    let mut steps = BTreeMap::new();
    let own = |path: &str| path.starts_with("withdrawal/");
    for (_, fence) in spec.fences().filter(|(document, _)| own(&document.path)) {
        if let FenceKind::Exchange { id: of, step, .. } = &fence.kind
            && of == id
        {
            steps.insert(*step, Message::parse(fence.body.text()));
        }
    }
    assert!(!steps.is_empty(), "no exchange {id}");
    steps.into_values().collect()
}

/// A replay: what stands for what.
struct Replay<'a> {
    wallet: Wallet<'a>,
    stands_for: BTreeMap<String, String>,
    messages: Vec<Message>,
}

impl<'a> Replay<'a> {
    async fn new(world: &'a World, login: &str, id: &str) -> Self {
        Self {
            wallet: world.wallet_of(login, ALL_SCOPES, None).await,
            stands_for: BTreeMap::new(),
            messages: messages(id),
        }
    }

    fn own(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for (of_text, own) in &self.stands_for {
            text = text.replace(of_text.as_str(), own);
        }
        text
    }

    /// Sends the request of a step, and compares what is answered with the step after it.
    async fn step(&mut self, step: usize) -> Value {
        let (asked, expected) = (&self.messages[step - 1], &self.messages[step]);
        let mut words = asked.start.split(' ');
        let method: Method = words.next().unwrap().parse().unwrap();
        let mut request = Request::builder()
            .method(method)
            .uri(self.own(words.next().unwrap()))
            .header(
                header::AUTHORIZATION,
                format!("Bearer {}", self.wallet.token),
            );
        for name in ["content-type", "idempotency-key"] {
            if let Some(value) = asked.headers.get(name) {
                request = request.header(name, value);
            }
        }
        let body = if asked.body.is_null() {
            Body::empty()
        } else {
            Body::from(self.own(&asked.body.to_string()))
        };
        let answer = self.wallet.world.send(request.body(body).unwrap()).await;
        let status = expected.start.split(' ').nth(1).unwrap();
        assert_eq!(
            answer.status.as_str(),
            status,
            "step {step}: {}",
            answer.text
        );
        let given = answer.json();
        let expected_body = expected.body.clone();
        let shown: Vec<(String, String)> = expected
            .headers
            .iter()
            .map(|(n, v)| (n.clone(), v.clone()))
            .collect();
        self.same(&expected_body, &given, &format!("step {step}"));
        for (name, value) in shown {
            let own = answer.header(&name);
            match name.as_str() {
                "x-request-id" => {
                    assert_eq!(own, given["error"]["requestId"].as_str().unwrap_or(own));
                }
                _ => assert_eq!(own, self.own(&value), "step {step}: {name}"),
            }
        }
        given
    }

    fn same(&mut self, expected: &Value, given: &Value, at: &str) {
        match (expected, given) {
            (Value::Object(expected), Value::Object(given)) => {
                self.same_members(expected, given, at);
            }
            (Value::Array(expected), Value::Array(given)) => {
                assert_eq!(expected.len(), given.len(), "{at}: {given:?}");
                for (index, (expected, given)) in expected.iter().zip(given).enumerate() {
                    self.same(expected, given, &format!("{at}/{index}"));
                }
            }
            _ => assert_eq!(expected, given, "{at}"),
        }
    }

    fn same_members(
        &mut self,
        expected: &Map<String, Value>,
        given: &Map<String, Value>,
        at: &str,
    ) {
        let names = |object: &Map<String, Value>| object.keys().cloned().collect::<Vec<_>>();
        assert_eq!(names(expected), names(given), "{at}");
        for (name, of_text) in expected {
            let own = &given[name];
            let at = format!("{at}/{name}");
            if !OWN.contains(&name.as_str()) {
                self.same(of_text, own, &at);
                continue;
            }
            let (of_text, own) = (of_text.as_str().unwrap(), own.as_str().unwrap());
            let is_name = matches!(
                name.as_str(),
                "id" | "challengeId" | "quoteId" | "challengeProof"
            );
            if is_name {
                let known = self.stands_for.insert(of_text.to_owned(), own.to_owned());
                assert!(
                    known.is_none_or(|known| known == own),
                    "{at} is another one"
                );
            }
        }
    }
}

/// An owner whose second factors are those of a walk-through.
async fn owner(
    world: &World,
    login: &str,
    from: u64,
    policy: ChallengePolicy,
    methods: &[StepUpMethod],
) {
    let mut new = NewOwner::new(login, PASSWORD);
    new.step_up.from = Decimal::from(from);
    new.step_up.policy = policy;
    new.step_up.methods = methods.to_vec();
    new.balances = vec![("ETH".to_owned(), Decimal::parse("4.25").unwrap())];
    seed::owner(&world.exchange, new).await.unwrap();
}

fn wide(settings: &mut x428_sandbox::exchange::Settings) {
    settings.default_limit = Decimal::from(1_000_000);
}

#[tokio::test]
async fn a1_without_a_second_factor() {
    let world = World::with(wide).await;
    owner(
        &world,
        "eve",
        250,
        ChallengePolicy::Any,
        &[StepUpMethod::Sms],
    )
    .await;
    let mut replay = Replay::new(&world, "eve", "simple").await;
    // The exchange of the text lists one asset; this one has more.
    for step in [3, 5] {
        replay.step(step).await;
    }
    world.settle(3).await;
    replay.step(7).await;
    world.settle(3).await;
    replay.step(9).await;
}

#[tokio::test]
async fn a2_and_a5_one_method_of_several_and_a_retry() {
    let world = World::with(wide).await;
    owner(
        &world,
        "eve",
        250,
        ChallengePolicy::Any,
        &[StepUpMethod::Sms],
    )
    .await;
    let mut replay = Replay::new(&world, "eve", "any").await;
    // Eve has no authenticator app: the text message takes its place, and is the only method.
    let methods = |message: &mut Message| {
        let methods = message.body.get_mut("methods");
        if let Some(methods) = methods.and_then(Value::as_array_mut) {
            let verified = methods[0]["status"].clone();
            methods.remove(0);
            methods[0]["status"] = verified;
        }
    };
    replay.messages.iter_mut().for_each(methods);
    for step in [2, 4] {
        replay.messages[step].body["method"] = "sms".into();
    }
    let asked = replay.step(1).await;
    let id = asked["challengeId"].as_str().unwrap();
    let start = format!("/challenges/{id}/start");
    replay
        .wallet
        .post(&start, &serde_json::json!({"method": "sms"}))
        .await
        .is(200, "");
    let code = replay.wallet.browser.newest_code("/phone").await;
    replay.stands_for.insert("492039".to_owned(), code);
    for step in [3, 5, 7] {
        replay.step(step).await;
    }
    replay.messages = messages("retry");
    world.settle(3).await;
    let expected = &mut replay.messages[1].body;
    expected["confirmations"] = 3.into();
    replay.step(1).await;
    replay.step(3).await;
}

#[tokio::test]
async fn a3_two_methods_both_needed() {
    let world = World::with(wide).await;
    let both = [StepUpMethod::Sms, StepUpMethod::Push];
    owner(&world, "eve", 250, ChallengePolicy::All, &both).await;
    let mut replay = Replay::new(&world, "eve", "all").await;
    replay.step(1).await;
    replay.step(3).await;
    world.clock.turn_seconds(5);
    replay.step(5).await;
    let code = replay.wallet.browser.newest_code("/phone").await;
    replay.stands_for.insert("811204".to_owned(), code);
    replay.step(7).await;
    let started = replay.step(9).await;
    replay.step(11).await;
    replay.step(13).await;
    let number = started["methods"][1]["numberToEnter"]
        .as_str()
        .unwrap()
        .to_owned();
    let id = started["challengeId"].as_str().unwrap().to_owned();
    let phone = replay.wallet.browser.get("/phone").await;
    let fields = [
        ("challenge", id.as_str()),
        ("number", number.as_str()),
        ("decision", "approve"),
    ];
    replay.wallet.browser.post(&phone, "/phone", &fields).await;
    world.clock.turn_seconds(10);
    // The interval has grown by the poll that came too early.
    replay.messages[15].body["pollInterval"] = 10.into();
    replay.step(15).await;
    replay.step(17).await;
}

#[tokio::test]
async fn a7_a_cancellation() {
    let world = World::with(|settings| {
        wide(settings);
        settings.review_from = Some(Decimal::from(1000));
    })
    .await;
    owner(
        &world,
        "eve",
        1_000_000,
        ChallengePolicy::Any,
        &[StepUpMethod::Sms],
    )
    .await;
    let mut replay = Replay::new(&world, "eve", "cancel").await;
    let body = crate::harness::ether("1.5");
    let reviewed = replay
        .wallet
        .submit("a-key-of-the-cancellation", &body)
        .await
        .json();
    let id = reviewed["id"].as_str().unwrap().to_owned();
    replay
        .stands_for
        .insert("wd_6Ys4cBvLi2RjF8kHtGpSx0".to_owned(), id);
    let small = crate::harness::ether("0.05");
    let sent = replay
        .wallet
        .submit("another-key-of-the-cancellation", &small)
        .await
        .json();
    let id = sent["id"].as_str().unwrap().to_owned();
    replay
        .stands_for
        .insert("wd_8Jc2mVqXw0ZtN4rYbKfLs7".to_owned(), id);
    world.settle(1).await;
    replay.step(1).await;
    world.settle(1).await;
    replay.step(3).await;
    replay.step(5).await;
}
