//! Small inputs beside what is made of them. `UPDATE_GOLDEN=1` writes the outputs anew.

#![expect(clippy::expect_used, reason = "a test fails by a panic")]

use serde_json::{Value, json};
use std::{env, fs, path::Path};
use x428_codegen::{Protocol, openapi, openapi_3_0, rust};

fn protocol(input: &Value) -> Protocol {
    let bundle = json!({ "$defs": input["$defs"] });
    let mut manifest = input.get("manifest").cloned().unwrap_or_else(|| json!({}));
    manifest["protocol"] = json!({ "id": "golden", "title": "A golden file", "version": "1.0" });
    Protocol::parse(&bundle.to_string(), &manifest.to_string())
        .unwrap_or_else(|error| panic!("{error}"))
}

fn check(name: &str) {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let input =
        fs::read_to_string(directory.join(format!("{name}.json"))).expect("the input can be read");
    let input: Value = serde_json::from_str(&input).expect("the input is JSON");
    let made = rust(&[protocol(&input)]).unwrap_or_else(|error| panic!("{error}"));
    let path = directory.join(format!("{name}.rs"));
    if env::var_os("UPDATE_GOLDEN").is_some() {
        fs::write(&path, &made).expect("the output can be written");
    }
    let expected = fs::read_to_string(&path).unwrap_or_default();
    let line = made
        .lines()
        .zip(expected.lines())
        .position(|(made, expected)| made != expected);
    assert!(
        made == expected,
        "{} differs{}; look at the difference that UPDATE_GOLDEN=1 makes",
        path.display(),
        line.map_or_else(String::new, |line| format!(" from line {}", line + 1)),
    );
}

/// Every text of a document that is a pointer into it, in a `$ref` or in the mapping of a discriminator.
fn pointers<'a>(value: &'a Value, found: &mut Vec<&'a str>) {
    match value {
        Value::String(text) => found.extend(
            text.strip_prefix('#')
                .filter(|pointer| pointer.starts_with('/')),
        ),
        Value::Array(items) => items.iter().for_each(|item| pointers(item, found)),
        Value::Object(members) => members.values().for_each(|member| pointers(member, found)),
        _ => {}
    }
}

#[test]
fn every_pointer_leads_somewhere() {
    let input = include_str!("golden/union_by_one_tag.json");
    let input: Value = serde_json::from_str(input).expect("the input is JSON");
    let document = openapi(&protocol(&input)).unwrap_or_else(|error| panic!("{error}"));
    let older = openapi_3_0(&document).unwrap_or_else(|error| panic!("{error}"));
    for document in [document, older] {
        let mut found = Vec::new();
        pointers(&document, &mut found);
        assert_eq!(
            found.len(),
            4,
            "two references, and two in the mapping: {found:?}"
        );
        for pointer in found {
            assert!(document.pointer(pointer).is_some(), "{pointer}");
        }
    }
}

#[test]
fn union_by_one_tag() {
    check("union_by_one_tag");
}

#[test]
fn union_by_two_tags_open() {
    check("union_by_two_tags_open");
}

#[test]
fn texts() {
    check("texts");
}

#[test]
fn records_and_lists() {
    check("records_and_lists");
}

#[test]
fn tables() {
    check("tables");
}

#[test]
fn every_golden_file_is_checked() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let files = fs::read_dir(directory).expect("the directory can be read");
    let mut names: Vec<String> = files
        .filter_map(|file| Some(file.ok()?.path().file_stem()?.to_str()?.to_owned()))
        .collect();
    names.sort();
    names.dedup();
    let checked = [
        "records_and_lists",
        "tables",
        "texts",
        "union_by_one_tag",
        "union_by_two_tags_open",
    ];
    assert_eq!(names, checked);
}
