//! `vectors/`: the conformance vectors.

use super::Tree;
use crate::{diagnostic::Diagnostic, model::Spec, vectors::generate};

/// Adds the vector files of all protocols. Every vector is run first: what the SDK disagrees with is
/// returned.
pub fn vectors(spec: &Spec, tree: &mut Tree) -> Vec<Diagnostic> {
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
