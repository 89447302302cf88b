//! `vectors/`: the conformance vectors, and the schema of their format.

use super::Tree;
use crate::model::Report;

/// Adds the vector files of all protocols.
pub fn vectors(report: &Report, tree: &mut Tree) {
    for (protocol, files) in &report.vectors {
        for (file, vectors) in files {
            tree.add_json(
                format!("vectors/{protocol}/{file}.json"),
                &vectors.as_slice().into(),
            );
        }
    }
}
