//! What the text gives: exchanges, keys, examples. Nothing of it is written here.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;
use x428::sign::SigningKey;
use x428_spec::model::{FenceKind, Project, Spec, Verdict};
use x428_spec::parse::load;

use crate::message::Message;

pub(crate) struct Text {
    /// The messages of each exchange in their order.
    pub(crate) exchanges: BTreeMap<String, Vec<Message>>,
    /// Challenges and tokens that are valid.
    pub(crate) challenges: Vec<Value>,
    pub(crate) tokens: Vec<Value>,
    pub(crate) discovery: Value,
    keys: BTreeMap<String, SigningKey>,
    by_name: BTreeMap<String, Value>,
}

impl Text {
    pub(crate) fn read() -> Self {
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        let spec = load(&Project::around(here).unwrap());
        let mut steps: BTreeMap<String, BTreeMap<u32, Message>> = BTreeMap::new();
        let mut keys = BTreeMap::new();
        let mut by_name = BTreeMap::new();
        // The other protocols of the book have servers of their own.
        let own = |path: &str| path.starts_with("attestation/");
        for (_, fence) in spec.fences().filter(|(document, _)| own(&document.path)) {
            match &fence.kind {
                FenceKind::Exchange { id, step, carries } => {
                    let message = Message::parse(fence.body.text(), carries);
                    let earlier = steps.entry(id.clone()).or_default().insert(*step, message);
                    assert!(earlier.is_none(), "{id} has two messages {step}");
                }
                FenceKind::Key { id } => {
                    let jwk = fence.value.as_ref().unwrap().to_value();
                    let key = SigningKey::from_jwk(jwk.as_object().unwrap()).unwrap();
                    keys.insert(id.clone(), key);
                }
                FenceKind::Example(example) => {
                    if let (Some(id), Some(value)) = (&example.id, &fence.value) {
                        by_name.insert(id.clone(), value.to_value());
                    }
                }
                _ => {}
            }
        }
        Self {
            exchanges: steps
                .into_iter()
                .map(|(id, steps)| (id, steps.into_values().collect()))
                .collect(),
            challenges: valid(&spec, "PreconditionChallenge"),
            tokens: valid(&spec, "AttestationToken"),
            discovery: valid(&spec, "DiscoveryDocument").remove(0),
            keys,
            by_name,
        }
    }

    pub(crate) fn key(&self, name: &str) -> &SigningKey {
        &self.keys[name]
    }

    /// The key of a did:key.
    pub(crate) fn key_of(&self, did: &str) -> Option<&SigningKey> {
        let mut keys = self.keys.values();
        keys.find(|key| key.did().is_ok_and(|own| own.as_str() == did))
    }

    /// The challenge with a nonce.
    pub(crate) fn challenge_of(&self, nonce: &str) -> Option<&Value> {
        self.challenges
            .iter()
            .find(|challenge| challenge["challenge"] == nonce)
    }

    /// The challenges that a message carries, or that what it carries answers.
    pub(crate) fn challenges_of(&self, message: &Message) -> Vec<&Value> {
        let carried = message
            .carries
            .iter()
            .filter_map(|name| self.by_name.get(name));
        let in_body = message.json();
        let nonces = carried
            .chain(in_body.as_ref())
            .filter_map(|value| value["challenge"].as_str().map(str::to_owned))
            .collect::<Vec<_>>();
        nonces
            .iter()
            .filter_map(|nonce| self.challenge_of(nonce))
            .collect()
    }
}

fn valid(spec: &Spec, of: &str) -> Vec<Value> {
    spec.fences()
        .filter_map(|(_, fence)| fence.example_value())
        .filter(|(example, _)| example.of == of && example.verdict == Verdict::Valid)
        .map(|(_, value)| value.to_value())
        .collect()
}
