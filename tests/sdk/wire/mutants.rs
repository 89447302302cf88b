//! What becomes of an object when one of its nodes is changed.

use serde_json::{Value, json};
use std::collections::HashSet;

/// Makes the mutants of many objects. Objects share most of their parts; a part is changed once at its place.
#[derive(Default)]
pub(super) struct Mutants {
    seen: HashSet<String>,
}

impl Mutants {
    /// The mutants of `root`: each of its nodes is replaced by everything that is of interest there.
    pub(super) fn of(&mut self, type_name: &str, root: &Value) -> Vec<Value> {
        let mut pointers = Vec::new();
        collect(root, String::new(), &mut pointers);
        let mut mutants = Vec::new();
        for pointer in pointers {
            let Some(node) = root.pointer(&pointer) else {
                continue;
            };
            let place: String = pointer
                .chars()
                .filter(|char| !char.is_ascii_digit())
                .collect();
            if !self.seen.insert(format!("{type_name}{place} {node}")) {
                continue;
            }
            for replacement in replacements(node) {
                let mut mutant = root.clone();
                if let Some(place) = mutant.pointer_mut(&pointer) {
                    *place = replacement;
                    mutants.push(mutant);
                }
            }
        }
        mutants
    }
}

fn collect(node: &Value, pointer: String, pointers: &mut Vec<String>) {
    match node {
        Value::Object(members) => {
            for (name, value) in members {
                let name = name.replace('~', "~0").replace('/', "~1");
                collect(value, format!("{pointer}/{name}"), pointers);
            }
        }
        Value::Array(items) => {
            items
                .iter()
                .enumerate()
                .for_each(|(index, item)| collect(item, format!("{pointer}/{index}"), pointers));
        }
        _ => {}
    }
    pointers.push(pointer);
}

fn replacements(node: &Value) -> Vec<Value> {
    let mut replacements = vec![
        Value::Null,
        json!(true),
        json!(7),
        json!("text"),
        json!([]),
        json!({}),
        json!([null]),
        json!({ "id": "did:key:z6Mk" }),
    ];
    match node {
        Value::String(text) => replacements.extend(texts(text).into_iter().map(Value::from)),
        Value::Number(_) => replacements.extend([
            json!(-1),
            json!(0),
            json!(1),
            json!(1.0),
            json!(1.5),
            json!(2),
            json!(150),
            json!(150.0),
            json!(151),
            json!(1e3),
            json!(u64::MAX),
            json!(i64::MIN),
            json!(1e300),
            json!("1"),
        ]),
        Value::Array(items) => {
            replacements.push([items.as_slice(), items.as_slice()].concat().into());
            replacements.push(items.iter().skip(1).cloned().collect());
            replacements.push(items.iter().rev().cloned().collect());
            replacements.push([items.as_slice(), &[Value::Null]].concat().into());
            if let Some(first) = items.first() {
                for count in [2, 16, 17, 40] {
                    replacements.push(vec![first.clone(); count].into());
                }
            }
        }
        Value::Object(members) => {
            for name in members.keys() {
                let mut fewer = members.clone();
                fewer.remove(name);
                replacements.push(fewer.into());
            }
            let mut more = members.clone();
            more.insert("unknown".into(), json!({ "kept": [1, "two", null] }));
            replacements.push(more.into());
        }
        Value::Null | Value::Bool(_) => {}
    }
    replacements
}

fn texts(text: &str) -> Vec<String> {
    let mut texts: Vec<String> = [
        // Tags, methods, codes and what is close to them.
        "",
        "tos",
        "age",
        "identity",
        "self",
        "vc",
        "gov",
        "Tos",
        "tos ",
        "toss",
        "https://types.example.org/other",
        "malformed_payload",
        "teapot",
        // Times: valid, with an offset, a leap second, a day that there is not, too fine, not in time.
        "2026-11-20T12:00:00Z",
        "2026-11-20T12:00:00.123456789Z",
        "2026-11-20T12:00:00.1234567891Z",
        "2026-11-20T12:00:00+00:00",
        "2026-11-20t12:00:00z",
        "2026-11-20 12:00:00Z",
        "2026-02-30T12:00:00Z",
        "2024-02-29T12:00:00Z",
        "2023-02-29T12:00:00Z",
        "2026-13-01T12:00:00Z",
        "2026-11-20T24:00:00Z",
        "2026-11-20T12:60:00Z",
        "2016-12-31T23:59:60Z",
        "2026-11-20T12:00:60Z",
        "2026-11-20T12:00:61Z",
        "0000-01-01T00:00:00Z",
        "9999-12-31T23:59:59Z",
        "2026-11-20",
        // URIs: valid, relative, with what is not allowed in one.
        "https://a",
        "http://a/b?c#d",
        "https://",
        "http://",
        "HTTPS://a",
        "ftp://a",
        "//a/b",
        "/a/b",
        "https://a b",
        "https://a/%zz",
        "https://a/%41",
        "https://[::1]/",
        "https://[::1",
        "https://ä.example/",
        "https://a:65536/",
        "https://a:port/",
        "https://u:p@a/",
        "https://a/<b>",
        "https://a/\\b",
        "https://a/{b}",
        "https:///a",
        "https:a",
        // DIDs, hashes, signatures.
        "did:key:z6Mk",
        "did:web:a%3A8443:b",
        "did:web:a:",
        "did:web::a",
        "did:WEB:a",
        "did:web:a#key",
        "#key",
        "a#b#c",
        "#",
        "sha256-",
        "z",
        // Characters that a pattern may miss: line breaks at the end, a null, others than ASCII.
        "tos\n",
        "\n",
        "\u{0}",
        "\u{2028}",
        "ä",
        "😀",
        "\u{FEFF}tos",
    ]
    .map(str::to_owned)
    .into();
    texts.push(format!("{text}\n"));
    texts.push(format!("{text} "));
    texts.push(format!(" {text}"));
    texts.push(format!("{text}!"));
    texts.push(format!("{text}0"));
    texts.push(format!("{text}é"));
    texts.push(text.to_uppercase());
    texts.push(text.to_lowercase());
    texts.push(text.chars().skip(1).collect());
    let mut shorter = text.to_owned();
    shorter.pop();
    texts.push(shorter);
    // Lengths on both sides of the limits, in one byte and in four.
    for count in [
        1, 32, 33, 63, 64, 65, 85, 86, 87, 128, 129, 256, 257, 512, 513, 1024, 1025, 2048, 2049,
        4096, 4097,
    ] {
        texts.push("a".repeat(count));
        texts.push("😀".repeat(count));
    }
    texts
}
