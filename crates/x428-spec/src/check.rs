//! The checks: passes over the model, one file each. None of them changes it.

mod examples;
mod members;
mod schemas;
pub(crate) mod validate;

use rayon::prelude::*;

use self::{examples::Results, validate::Validators};
use crate::{
    diagnostic::{Code, Diagnostic, sort},
    model::{Counts, Protocol, Report, Spec},
    source::Span,
};

/// Runs all checks.
#[must_use]
pub fn check(spec: &Spec) -> Report {
    let mut report = Report {
        diagnostics: spec.problems.clone(),
        counts: counts(spec),
        ..Report::default()
    };
    let protocols: Vec<_> = spec
        .protocols
        .par_iter()
        .map(|protocol| check_protocol(spec, protocol))
        .collect();
    for (results, found) in protocols {
        report.fences.extend(results);
        report.diagnostics.extend(found);
    }
    nothing(spec, &mut report);
    sort(&mut report.diagnostics, &spec.sources);
    report
}

fn check_protocol(spec: &Spec, protocol: &Protocol) -> (Results, Vec<Diagnostic>) {
    let mut found = Vec::new();
    let mut unusable = schemas::check(spec, protocol, &mut found);
    let Some(validators) = compile(spec, protocol, &mut unusable, &mut found) else {
        return (Results::default(), found);
    };
    let results = examples::check(spec, protocol, &validators, &unusable, &mut found);
    (results, found)
}

/// Compiles the schemas; a type that cannot be compiled is reported and left out.
fn compile(
    spec: &Spec,
    protocol: &Protocol,
    unusable: &mut Vec<String>,
    found: &mut Vec<Diagnostic>,
) -> Option<Validators> {
    loop {
        let (name, at, message) = match Validators::new(spec, protocol, unusable) {
            Ok(validators) => return Some(validators),
            Err(error) => error,
        };
        let definition = protocol
            .type_definition(&name)
            .filter(|_| !unusable.contains(&name))?;
        let span = definition
            .schema(spec)
            .map_or(definition.name_span, |schema| schema.nearest(&at).span);
        found.push(Diagnostic::new(Code::InvalidSchema, span, message));
        unusable.push(name);
    }
}

/// A check that had nothing to check must not look like one that found nothing.
fn nothing(spec: &Spec, report: &mut Report) {
    let counts = &report.counts;
    if counts.schemas + counts.examples + counts.requirements > 0 {
        return;
    }
    if let Some((file, _)) = spec.sources.iter().next() {
        let message = "the specification has no schema, no example and no requirement";
        report.diagnostics.push(Diagnostic::new(
            Code::NothingChecked,
            Span::start_of(file),
            message,
        ));
    }
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
