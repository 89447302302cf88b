//! How often a submission asks the database. What a round trip costs depends on where the database
//! is; how many there are does not, and in an owner's turn each of them keeps the owner's other
//! requests waiting.

use std::sync::{Arc, Mutex};

use serde_json::json;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

use crate::harness::{World, ether, with_proof};

const DATABASE: &str = "x428_sandbox::exchange::store::database";

/// What the exchange has asked its database, in the order in which it did.
#[derive(Clone, Default)]
struct Asked(Arc<Mutex<Vec<String>>>);

impl Visit for Asked {
    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "sql" {
            self.0.lock().unwrap().push(value.to_owned());
        }
    }

    fn record_debug(&mut self, _: &Field, _: &dyn std::fmt::Debug) {}
}

impl Subscriber for Asked {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == DATABASE
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        event.record(&mut self.clone());
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

impl Asked {
    fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }

    /// Whether there were no more round trips than these since the last time.
    fn at_most(&self, most: usize) {
        let asked = self.take();
        let is_heard = asked.contains(&"BEGIN".to_owned()) && asked.contains(&"COMMIT".to_owned());
        assert!(is_heard, "{asked:#?}");
        assert!(asked.len() <= most, "{} asked: {asked:#?}", asked.len());
    }
}

/// For a submission that needs nothing else: the token with its grant and client, before there is
/// a transaction; its beginning and its end; three reads in the owner's turn (grant, key and assets;
/// balances; what was spent) after the one that takes it, and two for whom to tell and where the
/// record ends; and one for each of the seven tables that are written.
const USUAL: usize = 1 + 2 + 1 + 3 + 2 + 7;
/// With a proof: the challenge is read and written, and for each of the two events that a webhook
/// gets the subscriptions are read, of which one is counted already, and a delivery is written.
const WITH_PROOF: usize = USUAL + 2 + 1 + 2;

#[tokio::test]
async fn a_submission_asks_little() {
    of_a_submission(World::new().await).await;
}

pub(crate) async fn of_a_submission(world: World) {
    let wallet = world.wallet().await;
    // The first requests of a minute draw what the others are given.
    for number in 0..2 {
        let key = format!("before-the-others-{number}");
        wallet.submit(&key, &ether("0.02")).await.is(201, "");
    }
    let asked = Asked::default();
    let _heard = tracing::subscriber::set_default(asked.clone());

    let created = wallet.submit("the-usual-submission", &ether("0.02")).await;
    created.is(201, "");
    asked.at_most(USUAL);

    let events = ["withdrawal.updated", "challenge.updated"];
    let webhook = json!({"url": "https://wallet.example/hook", "events": events});
    wallet.post("/webhooks", &webhook).await.is(201, "");
    let (key, body) = ("a-submission-with-proof", ether("0.3"));
    let challenged = wallet.submit(key, &body).await;
    challenged.is(428, "challenge_required");
    let proof = wallet.prove(&challenged).await;
    let proved = with_proof(&body, &proof);
    asked.take();
    wallet.submit(key, &proved).await.is(201, "");
    asked.at_most(WITH_PROOF);
}
