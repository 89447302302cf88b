//! What the text shows: exchanges, keys, values.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::LazyLock;

use serde_json::Value;
use x428_spec::model::{FenceKind, Project};
use x428_spec::parse::load;

/// A message of an exchange.
#[derive(Debug, Clone)]
pub(super) struct Message {
    pub(super) start: String,
    /// By their names in lowercase.
    pub(super) headers: BTreeMap<String, String>,
    /// As it stands.
    pub(super) body: String,
}

impl Message {
    fn parse(source: &str) -> Self {
        let source = source.trim_end_matches('\n');
        let (head, body) = source.split_once("\n\n").unwrap_or((source, ""));
        let unfolded = head.replace("\\\n", "");
        let mut lines = unfolded.lines();
        Self {
            start: lines.next().unwrap().to_owned(),
            headers: lines
                .filter_map(|line| line.split_once(':'))
                .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
                .collect(),
            body: body.to_owned(),
        }
    }

    /// The body as JSON; null if there is none.
    pub(super) fn json(&self) -> Value {
        if self.body.is_empty() {
            return Value::Null;
        }
        serde_json::from_str(&self.body).unwrap()
    }

    /// The second word of the first line: a target, or a status.
    pub(super) fn word(&self) -> &str {
        self.start.split(' ').nth(1).unwrap()
    }

    /// Puts a value in the place of a member of the body.
    pub(super) fn set(&mut self, pointer: &str, value: Value) {
        let mut body = self.json();
        *body.pointer_mut(pointer).unwrap() = value;
        self.body = body.to_string();
    }
}

/// The exchanges of the withdrawal protocol, each with its messages in their order, and the values
/// that have names.
pub(super) struct Text {
    pub(super) exchanges: BTreeMap<String, Vec<Message>>,
    values: BTreeMap<String, String>,
}

pub(super) static TEXT: LazyLock<Text> = LazyLock::new(|| {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let spec = load(&Project::around(here).unwrap());
    let mut exchanges: BTreeMap<String, BTreeMap<u32, Message>> = BTreeMap::new();
    let mut values = BTreeMap::new();
    let own = |path: &str| path.starts_with("withdrawal/");
    for (_, fence) in spec.fences().filter(|(document, _)| own(&document.path)) {
        let text = fence.body.text();
        match &fence.kind {
            FenceKind::Exchange { id, step, .. } => {
                let steps = exchanges.entry(id.clone()).or_default();
                steps.insert(*step, Message::parse(text));
            }
            FenceKind::Key { id } | FenceKind::Value { id, .. } => {
                values.insert(id.clone(), text.trim().to_owned());
            }
            _ => {}
        }
    }
    let in_order = |(id, steps): (_, BTreeMap<_, _>)| (id, steps.into_values().collect());
    Text {
        exchanges: exchanges.into_iter().map(in_order).collect(),
        values,
    }
});

impl Text {
    /// The messages of an exchange.
    pub(super) fn messages(&self, id: &str) -> Vec<Message> {
        let messages = self.exchanges.get(id);
        messages
            .unwrap_or_else(|| panic!("no exchange {id}"))
            .clone()
    }

    /// The seed of a test key.
    pub(super) fn seed(&self, key: &str) -> String {
        let jwk: Value = serde_json::from_str(&self.values[key]).unwrap();
        jwk["d"].as_str().unwrap().to_owned()
    }

    /// A value.
    pub(super) fn value(&self, id: &str) -> &str {
        &self.values[id]
    }
}
