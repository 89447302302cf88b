//! Requirements: one id each, one place each, a keyword each, and no keyword without an id.

use std::collections::HashMap;

use crate::{
    diagnostic::{Code, Diagnostic, did_you_mean},
    model::{Attribute, Document, Fence, FenceKind, Requirement, Spec},
    source::Span,
};

/// Checks all documents.
pub(super) fn check(spec: &Spec, found: &mut Vec<Diagnostic>) {
    duplicates(spec, found);
    for document in &spec.documents {
        prefix(spec, document, found);
        keywords(document, found);
        for fence in &document.fences {
            covers(spec, fence, found);
        }
    }
    for site in &spec.sites {
        if spec.requirement(&site.id).is_none() {
            found.push(unknown(spec, &site.id, site.span));
        }
    }
}

fn duplicates(spec: &Spec, found: &mut Vec<Diagnostic>) {
    let mut first: HashMap<&str, &Requirement> = HashMap::new();
    for (_, requirement) in spec.requirements() {
        match first.get(requirement.id.as_str()) {
            Some(other) => {
                let message = format!("the id `{}` is given twice", requirement.id);
                found.push(
                    Diagnostic::new(Code::DuplicateRequirement, requirement.id_span, message)
                        .also(other.id_span, "first given here"),
                );
            }
            None => {
                first.insert(&requirement.id, requirement);
            }
        }
    }
}

/// The ids of a protocol begin with its id, so that two protocols never share one.
fn prefix(spec: &Spec, document: &Document, found: &mut Vec<Diagnostic>) {
    let Some(protocol) = spec.protocol_of(document) else {
        return;
    };
    for requirement in &document.requirements {
        if requirement.id.split('.').next() != Some(protocol.id.as_str()) {
            let message = format!("the ids of this protocol begin with `{}.`", protocol.id);
            found.push(Diagnostic::new(
                Code::RequirementSyntax,
                requirement.id_span,
                message,
            ));
        }
    }
}

fn keywords(document: &Document, found: &mut Vec<Diagnostic>) {
    let mut owned: Vec<Span> = document
        .requirements
        .iter()
        .flat_map(|own| &own.blocks)
        .copied()
        .collect();
    owned.sort_unstable();
    for keyword in document.blocks.iter().flat_map(|block| &block.keywords) {
        let before = owned.partition_point(|block| block.start <= keyword.span.start);
        let has_id = before
            .checked_sub(1)
            .is_some_and(|index| owned[index].contains(keyword.span));
        // A generated list of requirements speaks of them.
        let generated = || {
            document
                .regions
                .iter()
                .any(|own| own.content.contains(keyword.span))
        };
        if has_id || generated() {
            continue;
        }
        let problem = if document.protocol.is_some() {
            let message = format!("`{}` without the id of a requirement", keyword.word);
            Diagnostic::new(Code::KeywordWithoutId, keyword.span, message)
                .help("write a line `r[protocol.topic.rule]` above the paragraph, or the word in lowercase")
        } else {
            let message = format!("`{}` has no force outside of a protocol", keyword.word);
            Diagnostic::new(Code::KeywordOutsideProtocol, keyword.span, message)
                .help("write it in lowercase")
        };
        found.push(problem);
    }
    if document.protocol.is_none() {
        return;
    }
    for requirement in document
        .requirements
        .iter()
        .filter(|own| own.keywords.is_empty() && !own.blocks.is_empty())
    {
        let message = format!(
            "`{}` requires nothing: it has no MUST, SHOULD or MAY",
            requirement.id
        );
        found.push(Diagnostic::new(
            Code::RequirementWithoutKeyword,
            requirement.id_span,
            message,
        ));
    }
}

fn covers(spec: &Spec, fence: &Fence, found: &mut Vec<Diagnostic>) {
    for (id, span) in fence
        .info
        .attribute("covers")
        .into_iter()
        .flat_map(Attribute::list)
    {
        if spec.requirement(id).is_none() {
            found.push(unknown(spec, id, span));
        }
    }
    if let (FenceKind::Vectors { .. }, Some(value)) = (&fence.kind, &fence.value) {
        for covers in value
            .elements()
            .iter()
            .filter_map(|case| case.get("covers"))
        {
            for node in covers.elements() {
                if let Some(id) = node.as_str().filter(|id| spec.requirement(id).is_none()) {
                    found.push(unknown(spec, id, node.span));
                }
            }
        }
    }
}

/// There is no such requirement.
pub(super) fn unknown(spec: &Spec, id: &str, span: Span) -> Diagnostic {
    let ids = spec
        .requirements()
        .map(|(_, requirement)| requirement.id.as_str());
    Diagnostic::new(
        Code::UnknownRequirement,
        span,
        format!("there is no requirement `{id}`"),
    )
    .maybe_help(did_you_mean(id, ids))
}
