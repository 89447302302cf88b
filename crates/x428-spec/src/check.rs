//! The checks: passes over the model, one file each. None of them changes it.

use crate::{
    diagnostic::{Code, Diagnostic, sort},
    model::{Counts, Report, Spec},
    source::Span,
};

/// Runs all checks.
#[must_use]
pub fn check(spec: &Spec) -> Report {
    let mut report = Report {
        diagnostics: spec.problems.clone(),
        ..Report::default()
    };
    report.counts = counts(spec);
    if report.counts.schemas + report.counts.examples + report.counts.requirements == 0 {
        let file = spec.sources.iter().next().map(|(file, _)| file);
        if let Some(file) = file {
            let message = "the specification has no schema, no example and no requirement";
            report.diagnostics.push(Diagnostic::new(
                Code::NothingChecked,
                Span::start_of(file),
                message,
            ));
        }
    }
    sort(&mut report.diagnostics, &spec.sources);
    report
}

fn counts(spec: &Spec) -> Counts {
    Counts {
        files: spec.documents.len(),
        schemas: spec
            .protocols
            .iter()
            .map(|protocol| protocol.types.len())
            .sum(),
        examples: spec
            .fences()
            .filter(|(_, fence)| fence.example().is_some())
            .count(),
        requirements: spec
            .documents
            .iter()
            .map(|document| document.requirements.len())
            .sum(),
        links: spec
            .documents
            .iter()
            .map(|document| document.links.len())
            .sum(),
        ..Counts::default()
    }
}
