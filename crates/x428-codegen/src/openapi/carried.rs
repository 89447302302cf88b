//! What the typed document carries of the written one.

use crate::error::at;
use serde_json::Value;

/// The pointer of the first member of `written` that `typed` has lost, if there is one.
///
/// Schemas and examples are not compared: they go into the document as they were written.
pub(super) fn carried(written: &Value, typed: &Value, pointer: &str) -> Option<String> {
    match (written, typed) {
        (Value::Object(written), Value::Object(typed)) => {
            written.iter().find_map(|(name, value)| {
                if matches!(name.as_str(), "schema" | "example" | "examples" | "value") {
                    return None;
                }
                let pointer = at(pointer, name);
                match typed.get(name) {
                    Some(typed) => carried(value, typed, &pointer),
                    None if is_empty(value) => None,
                    None => Some(pointer),
                }
            })
        }
        (Value::Array(written), Value::Array(typed)) => {
            let pairs = written.iter().zip(typed).enumerate();
            pairs
                .into_iter()
                .find_map(|(index, (written, typed))| carried(written, typed, &at(pointer, index)))
        }
        _ => None,
    }
}

/// Empty maps and lists are left out of the typed document, and mean the same.
fn is_empty(value: &Value) -> bool {
    match value {
        Value::Object(members) => members.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Null => true,
        _ => false,
    }
}
