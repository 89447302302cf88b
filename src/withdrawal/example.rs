//! The examples of the text, for tests.

use std::sync::LazyLock;

use serde::de::DeserializeOwned;
use serde_json::Value;

static MANIFEST: LazyLock<Value> = LazyLock::new(|| {
    let text = include_str!("../../schema/withdrawal.manifest.json");
    serde_json::from_str(text).unwrap()
});

/// The example with this id.
pub(crate) fn example(id: &str) -> Value {
    let examples = MANIFEST["examples"].as_array().unwrap();
    let found = examples.iter().find(|example| example["id"] == id);
    found.unwrap_or_else(|| panic!("no example {id}"))["value"].clone()
}

/// The same, as its type.
pub(crate) fn read<T: DeserializeOwned>(id: &str) -> T {
    serde_json::from_value(example(id)).unwrap()
}

/// The rows of a table.
pub(crate) fn table(id: &str) -> &'static [Value] {
    MANIFEST["tables"][id]["rows"].as_array().unwrap()
}
