//! `x428:requirements`: the requirements of a protocol.

use super::{link_path, table};
use crate::model::{Document, Protocol, Spec};

/// All requirements whose ids begin with `prefix`: id, strongest word, section.
pub(super) fn table_of(
    spec: &Spec,
    protocol: &Protocol,
    document: &Document,
    prefix: Option<&str>,
) -> String {
    let own = protocol
        .documents
        .iter()
        .filter_map(|index| spec.documents.get(*index));
    let mut rows = Vec::new();
    for other in own {
        let path = link_path(document, other);
        for requirement in &other.requirements {
            if !requirement.id.starts_with(prefix.unwrap_or_default()) {
                continue;
            }
            let strongest = requirement
                .keywords
                .iter()
                .max_by_key(|keyword| keyword.strength);
            let heading = other.heading_at(requirement.line.start);
            let section = heading.map_or_else(String::new, |heading| {
                format!(
                    "[{}]({path}#{})",
                    heading.text.replace(['[', ']'], ""),
                    heading.slug
                )
            });
            rows.push(vec![
                format!("[`{}`]({path}#{})", requirement.id, requirement.anchor()),
                strongest.map_or_else(String::new, |keyword| {
                    keyword
                        .word
                        .trim_end_matches(" NOT")
                        .trim_start_matches("NOT ")
                        .to_owned()
                }),
                section,
            ]);
        }
    }
    table(&["requirement", "level", "section"], &rows)
}
