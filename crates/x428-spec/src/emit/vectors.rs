//! `vectors/`: the conformance vectors; and `schema/vectors.json`, which says what their files have.

use super::Tree;
use crate::{diagnostic::Diagnostic, model::Spec, vectors::generate};

/// The JSON Schema of the vector files.
pub(crate) const VECTOR_SCHEMA: &str = "schema/vectors.json";

/// Adds the vector files of all protocols, and their schema. Every vector is run first: what the SDK
/// disagrees with is returned.
pub fn vectors(spec: &Spec, tree: &mut Tree) -> Vec<Diagnostic> {
    tree.add_json(VECTOR_SCHEMA, &x428_conformance::schema());
    let mut found = Vec::new();
    for protocol in &spec.protocols {
        for (file, vectors) in generate(spec, protocol, &mut found) {
            // Strings, numbers and values that are JSON already: nothing that could fail.
            let content = serde_json::to_value(vectors).unwrap_or_default();
            tree.add_json(format!("vectors/{}/{file}.json", protocol.id), &content);
        }
    }
    found
}
