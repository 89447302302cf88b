//! Where the examples go.

use crate::{Protocol, input::Example};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// The valid examples, and which of them a media type names.
pub(super) struct Examples<'a> {
    all: &'a [Example],
    ids: BTreeMap<&'a str, &'a Example>,
    named: BTreeSet<&'a str>,
}

impl<'a> Examples<'a> {
    pub(super) fn new(protocol: &'a Protocol) -> Self {
        let all = protocol.manifest.examples.as_slice();
        let ids = all.iter().map(|example| (example.id.as_str(), example));
        Self {
            all,
            ids: ids.collect(),
            named: BTreeSet::new(),
        }
    }

    /// Remembers that a media type names the example. `None` if there is no such example.
    pub(super) fn name(&mut self, id: &str) -> Option<()> {
        let example = self.ids.get(id)?;
        self.named.insert(&example.id);
        Some(())
    }

    /// `components.examples`.
    pub(super) fn named(&self) -> Map<String, Value> {
        let named = self.all.iter().filter(|example| self.is_named(example));
        named
            .map(|example| {
                let summary = if example.summary.is_empty() {
                    &example.id
                } else {
                    &example.summary
                };
                let value = json!({ "summary": summary, "value": example.value });
                (example.id.clone(), value)
            })
            .collect()
    }

    /// By type, the examples that no media type names.
    pub(super) fn of_types(&self) -> BTreeMap<&'a str, Vec<Value>> {
        let mut types: BTreeMap<&str, Vec<Value>> = BTreeMap::new();
        for example in self.all.iter().filter(|example| !self.is_named(example)) {
            let values = types.entry(example.of.as_str()).or_default();
            values.push(example.value.clone());
        }
        types
    }

    fn is_named(&self, example: &Example) -> bool {
        self.named.contains(example.id.as_str())
    }
}
