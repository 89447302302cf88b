//! Which requirement is shown by what, and which by nothing.

use std::collections::BTreeMap;

use super::requirements::unknown;
use crate::{
    diagnostic::{Code, Diagnostic},
    model::{Cell, Coverage, CoverageKind, Fence, FenceKind, RequirementCoverage, Spec, Verdict},
    value::Node,
};

/// The table that lists what nothing shows yet.
const UNTESTED: &str = "untested";

/// Collects the coverage of all requirements, and says what is not covered.
pub(super) fn check(spec: &Spec, found: &mut Vec<Diagnostic>) -> Coverage {
    let mut coverage = Coverage {
        requirements: spec
            .requirements()
            .map(|(_, requirement)| (requirement.id.clone(), RequirementCoverage::default()))
            .collect(),
    };
    let entries = &mut coverage.requirements;
    for site in &spec.sites {
        if let Some(entry) = entries.get_mut(&site.id) {
            match site.kind {
                CoverageKind::Implements => entry.implementations.push(site.span),
                CoverageKind::Verifies => entry.tests.push(site.span),
            }
        }
    }
    for (_, fence) in spec.fences() {
        collect(fence, entries);
    }
    untested(spec, entries, found);
    for (_, requirement) in spec.requirements() {
        if entries
            .get(&requirement.id)
            .is_some_and(|entry| !entry.is_settled())
        {
            let message = format!("nothing shows that `{}` is met", requirement.id);
            found.push(
                Diagnostic::new(Code::Uncovered, requirement.id_span, message).help(
                    "a test with `r[verify …]`, a vector or refused example with `covers`, or a row in the table `untested`",
                ),
            );
        }
    }
    coverage
}

fn collect(fence: &Fence, entries: &mut BTreeMap<String, RequirementCoverage>) {
    match (&fence.kind, &fence.value) {
        // A valid example shows that something is possible, not that anything is required.
        (FenceKind::Example(example), _)
            if example.verdict != Verdict::Valid || example.answers.is_some() =>
        {
            for id in &example.covers {
                if let Some(entry) = entries.get_mut(id) {
                    entry.examples.push(fence.id);
                }
            }
        }
        (FenceKind::Vectors { .. }, Some(value)) => {
            for case in value.elements() {
                let vector = case.get("id").and_then(Node::as_str).unwrap_or_default();
                let covers = case.get("covers").into_iter().flat_map(Node::elements);
                for id in covers.filter_map(Node::as_str) {
                    if let Some(entry) = entries.get_mut(id) {
                        entry.vectors.push(vector.to_owned());
                    }
                }
            }
        }
        _ => {}
    }
}

fn untested(
    spec: &Spec,
    entries: &mut BTreeMap<String, RequirementCoverage>,
    found: &mut Vec<Diagnostic>,
) {
    for (_, table) in spec.tables().filter(|(_, table)| table.id == UNTESTED) {
        let reasons: Vec<&Cell> = table.cells("reason").collect();
        for (cell, reason) in table.cells("requirement").zip(reasons) {
            let mut matched = 0;
            let mut open = 0;
            for (_, entry) in matching(entries, &cell.text) {
                matched += 1;
                if !entry.is_shown() {
                    open += 1;
                    entry.untested = Some(reason.text.clone());
                }
            }
            if matched == 0 && !cell.text.ends_with('*') {
                found.push(unknown(spec, &cell.text, cell.span));
            } else if open == 0 {
                let message = if matched == 0 {
                    format!(
                        "no requirement begins with `{}`",
                        cell.text.trim_end_matches('*')
                    )
                } else {
                    format!(
                        "`{}` is shown by something: the row has no effect",
                        cell.text
                    )
                };
                found.push(Diagnostic::new(Code::StaleUntested, cell.span, message));
            }
        }
    }
}

/// The requirements that a cell names: one, or with `.*` a family.
fn matching<'a>(
    entries: &'a mut BTreeMap<String, RequirementCoverage>,
    pattern: &'a str,
) -> impl Iterator<Item = (&'a String, &'a mut RequirementCoverage)> {
    let (from, family) = match pattern.strip_suffix('*') {
        Some(prefix) => (prefix, true),
        None => (pattern, false),
    };
    entries
        .range_mut(from.to_owned()..)
        .take_while(move |(id, _)| {
            if family {
                id.starts_with(from)
            } else {
                id.as_str() == from
            }
        })
}
