//! Where the examples go.

use crate::{Protocol, input::Example};
use serde_json::{Map, Value, json};

/// The valid examples, and which of them a media type names.
pub(super) struct Examples<'a> {
    protocol: &'a Protocol,
    named: Vec<&'a Example>,
}

impl<'a> Examples<'a> {
    pub(super) fn new(protocol: &'a Protocol) -> Self {
        Self {
            protocol,
            named: Vec::new(),
        }
    }

    /// Remembers that a media type names the example. `None` if there is no such example.
    pub(super) fn name(&mut self, id: &str) -> Option<()> {
        let example = self
            .protocol
            .manifest
            .examples
            .iter()
            .find(|example| example.id == id)?;
        if !self.named.iter().any(|other| other.id == id) {
            self.named.push(example);
        }
        Some(())
    }

    /// `components.examples`.
    pub(super) fn named(&self) -> Map<String, Value> {
        let in_order = self
            .protocol
            .manifest
            .examples
            .iter()
            .filter(|example| self.is_named(example));
        in_order
            .map(|example| {
                let summary = if example.summary.is_empty() {
                    &example.id
                } else {
                    &example.summary
                };
                (
                    example.id.clone(),
                    json!({ "summary": summary, "value": example.value }),
                )
            })
            .collect()
    }

    /// The examples of a type that no media type names.
    pub(super) fn of_type(&self, name: &str) -> Vec<Value> {
        let examples = self.protocol.manifest.examples.iter();
        examples
            .filter(|example| example.of == name && !self.is_named(example))
            .map(|example| example.value.clone())
            .collect()
    }

    fn is_named(&self, example: &Example) -> bool {
        self.named.iter().any(|other| other.id == example.id)
    }
}
