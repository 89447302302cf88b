//! The checks: passes over the model, one file each. None of them changes it.

pub(crate) mod columns;
mod computed;
mod coverage;
mod diagrams;
mod examples;
pub(crate) mod exchanges;
mod headings;
mod links;
mod machines;
mod members;
mod operations;
mod regions;
mod requirements;
mod schemas;
mod security;
mod signatures;
mod tables;
pub(crate) mod validate;
mod verdicts;

use rayon::prelude::*;

pub(crate) use self::examples::{Results, has_failed};
use self::validate::Validators;
use crate::{
    diagnostic::{Code, Diagnostic, sort},
    keys::Keys,
    model::{Counts, Coverage, Protocol, Report, Spec},
    schema,
    source::Span,
    vectors,
};

/// Runs all checks.
#[must_use]
pub fn check(spec: &Spec) -> Report {
    let mut report = Report {
        diagnostics: spec.problems.clone(),
        counts: counts(spec),
        ..Report::default()
    };
    // What refers to a file that could not be read is not wrong for that.
    if spec.is_incomplete() {
        sort(&mut report.diagnostics, &spec.sources);
        return report;
    }
    let (protocols, (coverage, found)) = rayon::join(
        || {
            spec.protocols
                .par_iter()
                .map(|own| check_protocol(spec, own))
                .collect::<Vec<_>>()
        },
        || check_text(spec),
    );
    for (results, counts, found) in protocols {
        report.fences.extend(results);
        report.counts = report.counts.plus(counts);
        report.diagnostics.extend(found);
    }
    report.coverage = coverage;
    report.diagnostics.extend(found);
    nothing(spec, &mut report);
    sort(&mut report.diagnostics, &spec.sources);
    report
}

/// What concerns the text as a whole.
fn check_text(spec: &Spec) -> (Coverage, Vec<Diagnostic>) {
    let mut found = Vec::new();
    requirements::check(spec, &mut found);
    let used = links::check(spec, &mut found);
    links::glossary(spec, &used, &mut found);
    headings::check(spec, &mut found);
    regions::check(spec, &mut found);
    diagrams::check(spec, &mut found);
    let coverage = coverage::check(spec, &mut found);
    (coverage, found)
}

/// What concerns one protocol.
fn check_protocol(spec: &Spec, protocol: &Protocol) -> (Results, Counts, Vec<Diagnostic>) {
    let mut found = Vec::new();
    let mut counts = Counts::default();
    tables::check(spec, protocol, &mut found);
    machines::check(spec, protocol, &mut found);
    let keys = Keys::new(spec, protocol, &mut found);
    let mut unusable = schemas::check(spec, protocol, &mut found);
    let mut results = Results::default();
    let validators = compile(spec, protocol, &mut unusable, &mut found);
    if let Some(validators) = &validators {
        results = examples::check(spec, protocol, validators, &unusable, &mut found);
    }
    counts.signatures = signatures::check(spec, protocol, &keys, &mut results, &mut found);
    counts.computed = computed::check(spec, protocol, &mut found);
    verdicts::check(spec, protocol, &keys, &mut results, &mut found);
    counts.vectors = vectors::check(spec, protocol, &keys, &results, &mut found);
    let interface = operations::check(spec, protocol, &mut found);
    let context = exchanges::Context {
        spec,
        protocol,
        validators: validators.as_ref(),
        interface: &interface,
        keys: &keys,
    };
    counts.messages = exchanges::check(&context, &mut found);
    (results, counts, found)
}

/// Compiles the schemas; a type that cannot be compiled is reported and left out.
fn compile(
    spec: &Spec,
    protocol: &Protocol,
    unusable: &mut Vec<String>,
    found: &mut Vec<Diagnostic>,
) -> Option<Validators> {
    let mut first = unusable.is_empty();
    if !first {
        invalid_schemas(spec, protocol, unusable, found);
    }
    loop {
        let (name, at, message) = match Validators::new(spec, protocol, unusable) {
            Ok(validators) => return Some(validators),
            Err(error) => error,
        };
        if std::mem::take(&mut first) {
            invalid_schemas(spec, protocol, unusable, found);
            if unusable.contains(&name) {
                continue;
            }
        }
        // The meta-schema was content, the compiler is not: a pattern, most often.
        let definition = protocol
            .type_definition(&name)
            .filter(|_| !unusable.contains(&name))?;
        let schema = definition.schema(spec);
        let span = schema.map_or(definition.name_span, |schema| schema.nearest(&at).span);
        found.push(Diagnostic::new(Code::InvalidSchema, span, message));
        unusable.push(name);
    }
}

fn invalid_schemas(
    spec: &Spec,
    protocol: &Protocol,
    unusable: &mut Vec<String>,
    found: &mut Vec<Diagnostic>,
) {
    for (name, schema) in schema::definitions(spec, protocol) {
        let before = found.len();
        schemas::meta(schema, found);
        if found.len() > before && !unusable.iter().any(|own| own == name) {
            unusable.push(name.to_owned());
        }
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
