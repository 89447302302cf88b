//! Examples against their schemas.

use std::collections::HashMap;

use rayon::prelude::*;

use super::{
    members,
    validate::{Validators, Violation},
};
use crate::{
    diagnostic::{Code, Diagnostic, did_you_mean},
    model::{Example, Fence, FenceId, FenceResult, Outcome, Protocol, Spec, Verdict},
    value::Node,
};

/// What was found in the examples of a protocol.
pub(crate) type Results = HashMap<FenceId, FenceResult>;

/// Whether the example of a name is not what it claims to be.
pub(crate) fn has_failed(protocol: &Protocol, results: &Results, name: &str) -> bool {
    let result = protocol.examples.get(name).and_then(|id| results.get(id));
    result.is_some_and(|result| result.outcome == Outcome::Failed)
}

/// Checks all examples of a protocol. Types that cannot be used are left out.
pub(super) fn check(
    spec: &Spec,
    protocol: &Protocol,
    validators: &Validators,
    unusable: &[String],
    found: &mut Vec<Diagnostic>,
) -> Results {
    let documents = protocol
        .documents
        .iter()
        .filter_map(|index| spec.documents.get(*index));
    let fences: Vec<_> = documents.flat_map(|document| &document.fences).collect();
    let checked: Vec<_> = fences
        .par_iter()
        .filter_map(|fence| {
            let example = fence.example()?;
            let mut found = Vec::new();
            let result = one(
                spec, protocol, validators, unusable, fence, example, &mut found,
            );
            Some((fence.id, result, found))
        })
        .collect();
    let mut results = Results::with_capacity(checked.len());
    for (id, result, own) in checked {
        results.insert(id, result);
        found.extend(own);
    }
    results
}

fn one(
    spec: &Spec,
    protocol: &Protocol,
    validators: &Validators,
    unusable: &[String],
    fence: &Fence,
    example: &Example,
    found: &mut Vec<Diagnostic>,
) -> FenceResult {
    let outcome = |outcome| FenceResult {
        outcome,
        ..FenceResult::default()
    };
    if protocol.type_definition(&example.of).is_none() {
        let message = format!(
            "there is no type `{}` in the protocol {}",
            example.of, protocol.id
        );
        let names = protocol
            .types
            .iter()
            .map(|definition| definition.name.as_str());
        found.push(
            Diagnostic::new(Code::UnknownType, fence.info.value_span("of"), message)
                .maybe_help(did_you_mean(&example.of, names)),
        );
        return outcome(Outcome::Failed);
    }
    let Some(value) = &fence.value else {
        return outcome(Outcome::Failed);
    };
    if unusable.contains(&example.of) {
        return FenceResult::default();
    }
    let violations = validators.violations(spec, protocol, &example.of, &value.to_value());
    if let Verdict::Rejected { keyword, at } = &example.verdict {
        return rejected(fence, example, value, &violations, (keyword, at), found);
    }
    if violations.is_empty() {
        members::check(spec, protocol, &example.of, value, found);
        return outcome(Outcome::Valid);
    }
    // Whether the verifier says what the example claims is another check.
    if matches!(example.verdict, Verdict::Error { .. }) {
        return FenceResult::default();
    }
    for violation in &violations {
        found.push(invalid(Code::InvalidExample, &example.of, value, violation));
    }
    outcome(Outcome::Failed)
}

/// A violation at its place in the text, with the violated rule.
pub(super) fn invalid(code: Code, of: &str, value: &Node, violation: &Violation) -> Diagnostic {
    let place = value.nearest(&violation.at);
    let member = violation
        .member
        .as_deref()
        .and_then(|name| place.member(name));
    let span = member.map_or(place.span, |member| member.name_span);
    let mut problem = Diagnostic::new(code, span, format!("{}: {}", of, violation.message))
        .maybe_help(violation.help.clone());
    if let Some(rule) = violation.rule {
        problem = problem.also(rule, "the rule");
    }
    problem
}

fn rejected(
    fence: &Fence,
    example: &Example,
    value: &Node,
    violations: &[Violation],
    (keyword, at): (&str, &str),
    found: &mut Vec<Diagnostic>,
) -> FenceResult {
    if value.at(at).is_none() {
        let message = format!("the example has nothing at `{at}`");
        found.push(Diagnostic::new(
            Code::AttributeValue,
            fence.info.value_span("at"),
            message,
        ));
        return FenceResult {
            outcome: Outcome::Failed,
            ..FenceResult::default()
        };
    }
    let expected = |violation: &&Violation| violation.keyword == keyword && violation.at == at;
    let hit = violations.iter().find(expected);
    if let (Some(violation), 1) = (hit, violations.len()) {
        return FenceResult {
            outcome: Outcome::Rejected {
                keyword: keyword.to_owned(),
                at: at.to_owned(),
            },
            reason: Some(violation.message.clone()),
            ..FenceResult::default()
        };
    }
    let span = fence.info.value_span("rejects");
    if violations.is_empty() {
        let message = format!(
            "this should violate `{keyword}`, but is a valid {}",
            example.of
        );
        found.push(Diagnostic::new(Code::NotRejected, span, message));
    } else {
        let message = format!("this should violate `{keyword}` at `{at}`, and nothing else");
        let mut problem = Diagnostic::new(Code::RejectedOtherwise, span, message);
        for violation in violations.iter().filter(|violation| !expected(violation)) {
            let place = value.nearest(&violation.at).span;
            problem = problem.also(
                place,
                format!("`{}`: {}", violation.keyword, violation.message),
            );
        }
        found.push(problem);
    }
    FenceResult {
        outcome: Outcome::Failed,
        ..FenceResult::default()
    }
}
