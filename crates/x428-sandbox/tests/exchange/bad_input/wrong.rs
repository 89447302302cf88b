//! The requests of the examples, and how they are made wrong.

use axum::http::Method;
use serde_json::{Map, Value, json};

/// An operation with a body, where it is found, and an example of the text.
pub(super) struct Valid {
    pub(super) method: Method,
    pub(super) path: String,
    /// Names what is sent, for a person.
    pub(super) example: String,
    pub(super) body: Value,
    /// Members that it cannot do without.
    required: Vec<String>,
}

/// The operations that take JSON, with the examples of the text. A path leads to `challenge` or
/// `withdrawal`.
pub(super) fn valid_requests(challenge: &str, withdrawal: &str) -> Vec<Valid> {
    let manifest: Value = serde_json::from_str(include_str!(
        "../../../../../schema/withdrawal.manifest.json"
    ))
    .unwrap();
    let bundle: Value =
        serde_json::from_str(include_str!("../../../../../schema/withdrawal.json")).unwrap();
    let examples = manifest["examples"].as_array().unwrap();
    let example = |id: &Value| {
        let found = examples.iter().find(|example| example["id"] == *id);
        found.unwrap_or_else(|| panic!("no example {id}"))["value"].clone()
    };
    let mut all = Vec::new();
    for operation in manifest["operations"].as_array().unwrap() {
        let content = &operation["operation"]["requestBody"]["content"]["application/json"];
        let Some(names) = content["examples"].as_array() else {
            assert!(content.is_null(), "{operation} has no example");
            continue;
        };
        let path = operation["path"].as_str().unwrap();
        let id = if path.starts_with("/challenges") {
            challenge
        } else {
            withdrawal
        };
        let schema = &bundle["$defs"][content["schema"]["$ref"].as_str().unwrap()];
        let required = schema["required"].as_array().into_iter().flatten();
        let required: Vec<_> = required
            .map(|name| name.as_str().unwrap().to_owned())
            .collect();
        for name in names {
            let body = example(name);
            // The alternatives of a union need all that their examples have.
            let required = if required.is_empty() {
                body.as_object().unwrap().keys().cloned().collect()
            } else {
                required.clone()
            };
            all.push(Valid {
                method: operation["method"]
                    .as_str()
                    .unwrap()
                    .to_uppercase()
                    .parse()
                    .unwrap(),
                path: path.replace("{id}", id),
                example: name.as_str().unwrap().to_owned(),
                body,
                required,
            });
        }
    }
    all
}

/// Texts that are never the JSON that they were made of.
pub(super) fn made_wrong(valid: &Valid) -> Vec<(String, Vec<u8>)> {
    let text = valid.body.to_string();
    let mut wrong: Vec<(String, Vec<u8>)> = Vec::new();
    let mut add = |what: String, bytes: Vec<u8>| wrong.push((what, bytes));
    let members = valid.body.as_object().unwrap();
    let without = |name: &str| {
        let mut body = members.clone();
        body.remove(name);
        body
    };
    let with = |name: &str, value: Value| {
        let mut body: Map<String, Value> = members.clone();
        body.insert(name.to_owned(), value);
        Value::Object(body).to_string().into_bytes()
    };
    for name in &valid.required {
        let body = Value::Object(without(name)).to_string();
        add(format!("without {name}"), body.into_bytes());
    }
    for (name, value) in members {
        let mut values = vec![json!(null), json!({"a": {"b": []}}), json!([[]])];
        if !value.is_boolean() {
            values.extend([json!(true), json!(false)]);
        }
        if !value.is_number() {
            values.extend([json!(1), json!(-1.5), json!(u64::MAX)]);
        }
        if value.is_object() || value.is_array() || value.is_boolean() {
            values.push(json!("x"));
        }
        if value.is_string() {
            values.extend([json!(""), json!("\u{0}"), json!("a".repeat(40_000))]);
        }
        for other in values {
            let what: String = format!("{name} as {other}").chars().take(60).collect();
            add(what, with(name, other));
        }
        let twice = format!("{{\"{name}\":{value},{}", &text[1..]);
        add(format!("{name} twice"), twice.into_bytes());
        let escaped = format!(
            "{{\"\\u{:04x}{}\":{value},{}",
            name.as_bytes()[0],
            &name[1..],
            &text[1..]
        );
        add(format!("{name} twice, once escaped"), escaped.into_bytes());
    }
    add("an unknown member".to_owned(), with("more", json!(1)));
    add(
        "a member of JavaScript".to_owned(),
        with("__proto__", json!({})),
    );
    let deep = format!("{}1{}", "[".repeat(5000), "]".repeat(5000));
    let nested = format!("{{\"more\":{deep},{}", &text[1..]);
    add("nesting".to_owned(), nested.into_bytes());
    let long = format!("{}{}", text, " ".repeat(100_000));
    add("a huge body".to_owned(), long.into_bytes());
    for (what, bytes) in [
        ("nothing", String::new()),
        (
            "half of it",
            text.chars().take(text.chars().count() / 2).collect(),
        ),
        ("an array", format!("[{text}]")),
        ("a string", Value::from(text.as_str()).to_string()),
        ("null", "null".to_owned()),
        ("a number", "1e999".to_owned()),
        ("two documents", format!("{text}{text}")),
        ("a byte after it", format!("{text}x")),
        ("a byte order mark", format!("\u{feff}{text}")),
        ("a comment", format!("{text}//")),
        ("a NUL", format!("{text}\0")),
        ("single quotes", text.replace('"', "'")),
        (
            "a comma at the end",
            format!("{},}}", &text[..text.len() - 1]),
        ),
    ] {
        add(what.to_owned(), bytes.into_bytes());
    }
    let mut not_utf8 = text.clone().into_bytes();
    not_utf8.insert(2, 0xff);
    add("bad UTF-8".to_owned(), not_utf8);
    let mut surrogate = text.clone().into_bytes();
    surrogate.splice(2..2, *b"\\ud800");
    add("half a surrogate".to_owned(), surrogate);
    add(
        "UTF-16".to_owned(),
        text.encode_utf16().flat_map(u16::to_be_bytes).collect(),
    );
    wrong
}
