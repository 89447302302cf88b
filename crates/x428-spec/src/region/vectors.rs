//! `x428:vectors`: the files of the conformance vectors.

use std::collections::BTreeMap;

use super::{link_path, table};
use crate::{
    model::{Document, FenceKind, Protocol, Spec},
    value::Node,
};

/// The files with their categories, how many cases each has, and where they are defined.
pub(super) fn table_of(spec: &Spec, protocol: &Protocol, document: &Document) -> String {
    let mut files: BTreeMap<&str, (&str, usize, String)> = BTreeMap::new();
    for other in protocol
        .documents
        .iter()
        .filter_map(|index| spec.documents.get(*index))
    {
        for fence in &other.fences {
            let FenceKind::Vectors { category, file } = &fence.kind else {
                continue;
            };
            let cases = fence
                .value
                .as_ref()
                .map(Node::elements)
                .unwrap_or_default()
                .len();
            let entry = files.entry(file).or_insert_with(|| {
                let heading = other.heading_at(fence.span.start);
                let section = heading.map_or_else(String::new, |heading| {
                    format!(
                        "[{}]({}#{})",
                        heading.text,
                        link_path(document, other),
                        heading.slug
                    )
                });
                (category, 0, section)
            });
            entry.1 += cases;
        }
    }
    let rows: Vec<_> = files
        .into_iter()
        .map(|(file, (category, cases, section))| {
            vec![
                format!("`{file}.json`"),
                category.to_owned(),
                cases.to_string(),
                section,
            ]
        })
        .collect();
    table(&["file", "category", "vectors", "section"], &rows)
}
