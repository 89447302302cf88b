//! JSON as YAML 1.2, for tools and people that prefer it.

use std::borrow::Cow;

use saphyr::{Mapping, Scalar, Yaml, YamlEmitter};
use serde_json::{Number, Value};

/// Writes a value as one YAML document.
///
/// Strings are quoted, so that no reader takes a time or a `no` for something else.
pub(super) fn write(value: &Value) -> String {
    let mut text = String::new();
    let mut emitter = YamlEmitter::new(&mut text);
    emitter.quoted_value(true);
    // Writing to a string cannot fail.
    let _ = emitter.dump(&node(value));
    text.push('\n');
    text
}

fn node(value: &Value) -> Yaml<'_> {
    match value {
        Value::Null => Yaml::Value(Scalar::Null),
        Value::Bool(truth) => Yaml::Value(Scalar::Boolean(*truth)),
        Value::Number(number) => Yaml::Value(scalar(number)),
        Value::String(text) => string(text),
        Value::Array(items) => Yaml::Sequence(items.iter().map(node).collect()),
        Value::Object(members) => {
            let mut mapping = Mapping::new();
            for (name, value) in members {
                mapping.insert(string(name), node(value));
            }
            Yaml::Mapping(mapping)
        }
    }
}

fn string(text: &str) -> Yaml<'_> {
    Yaml::Value(Scalar::String(Cow::Borrowed(text)))
}

fn scalar(number: &Number) -> Scalar<'static> {
    match number.as_i64() {
        Some(integer) => Scalar::Integer(integer),
        None => Scalar::FloatingPoint(number.as_f64().unwrap_or_default().into()),
    }
}

#[cfg(test)]
mod tests {
    use saphyr::LoadableYamlNode as _;
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let value = json!({
            "openapi": "3.1.0",
            "200": { "on": "2026-11-20T12:05:00Z", "no": "no", "empty": "", "list": [], "object": {} },
            "numbers": [1, -5, 1.5], "none": null, "yes": true,
            "text": "two lines\nwith \"quotes\", a \\ and a colon: here",
            "$ref": "#/components/schemas/Nonce",
        });
        let text = write(&value);
        let read = Yaml::load_from_str(&text).unwrap();
        assert_eq!(read, [node(&value)], "{text}");
    }
}
