//! `schema/`: one file a type, and a bundle and a manifest a protocol (ARCHITECTURE.md, "The
//! hinge").

use std::collections::HashMap;

use serde_json::{Map, Value};

use super::{Tree, manifest};
use crate::{
    model::{Protocol, Report, Spec, Verdict},
    schema::{DIALECT, bundle, definitions, titled, with_refs},
};

/// The files of all protocols.
#[must_use]
pub fn schemas(spec: &Spec, report: &Report) -> Tree {
    let mut tree = Tree::default();
    for protocol in &spec.protocols {
        let id = &protocol.id;
        let mut examples = examples_by_type(spec, protocol);
        for (name, schema) in definitions(spec, protocol) {
            let schema = titled(name, with_refs(schema, &|name| format!("{name}.json")));
            let file = single(
                protocol,
                name,
                schema,
                examples.remove(name).unwrap_or_default(),
            );
            tree.add_json(format!("schema/{id}/{name}.json"), &file);
        }
        tree.add_json(format!("schema/{id}.json"), &bundle(spec, protocol));
        tree.add_json(
            format!("schema/{id}.manifest.json"),
            &manifest(spec, protocol, report),
        );
    }
    tree
}

fn single(protocol: &Protocol, name: &str, schema: Value, examples: Vec<Value>) -> Value {
    let mut file = Map::new();
    file.insert("$schema".to_owned(), DIALECT.into());
    file.insert(
        "$id".to_owned(),
        format!("{}{name}.json", protocol.base).into(),
    );
    if let Value::Object(members) = schema {
        file.extend(members);
    }
    if !examples.is_empty() && !file.contains_key("examples") {
        file.insert("examples".to_owned(), examples.into());
    }
    Value::Object(file)
}

/// The valid examples, in the order of the text.
fn examples_by_type<'a>(spec: &'a Spec, protocol: &Protocol) -> HashMap<&'a str, Vec<Value>> {
    let mut examples: HashMap<&str, Vec<Value>> = HashMap::new();
    let documents = protocol
        .documents
        .iter()
        .filter_map(|index| spec.documents.get(*index));
    for fence in documents.flat_map(|document| &document.fences) {
        if let Some((example, value)) = fence.example_value()
            && example.verdict == Verdict::Valid
        {
            examples
                .entry(&example.of)
                .or_default()
                .push(value.to_value());
        }
    }
    examples
}
