//! The chip above a requirement: its id as a permalink, and what shows that it is met.

use super::{
    Pages,
    markup::{escape, href, put},
};
use crate::{
    model::{Document, Requirement, RequirementCoverage},
    source::Span,
};

/// How far a requirement is covered, as the book says it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// Something shows that it is met.
    Tested,
    /// Code claims to meet it, nothing shows it.
    Implemented,
    /// Nothing can show it yet; there is a reason.
    Excused,
    /// Nothing shows it.
    Open,
}

impl State {
    pub(super) fn of(coverage: Option<&RequirementCoverage>) -> Self {
        match coverage {
            Some(coverage) if coverage.is_shown() => Self::Tested,
            Some(coverage) if coverage.untested.is_some() => Self::Excused,
            Some(coverage) if !coverage.implementations.is_empty() => Self::Implemented,
            _ => Self::Open,
        }
    }

    pub(super) fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Tested => ("tested", "tested"),
            Self::Implemented => ("part", "implemented, not tested"),
            Self::Excused => ("open", "not tested"),
            Self::Open => ("open", "not covered"),
        }
    }
}

/// The id in two parts: the name of the protocol, which the page tells already, and the rest.
fn parts<'a>(pages: &Pages<'_>, document: &Document, id: &'a str) -> (&'a str, &'a str) {
    let lead = pages
        .spec
        .protocol_of(document)
        .filter(|protocol| id.starts_with(protocol.id.as_str()))
        .map_or(0, |protocol| protocol.id.len() + 1);
    id.split_at_checked(lead).unwrap_or(("", id))
}

/// The chip.
pub(super) fn chip(pages: &Pages<'_>, document: &Document, requirement: &Requirement) -> String {
    let coverage = pages.report.coverage.of(&requirement.id);
    let (class, words) = State::of(coverage).words();
    let anchor = escape(&requirement.anchor());
    let (lead, rest) = parts(pages, document, &requirement.id);
    format!(
        "<div class=\"req\" id=\"{anchor}\"><a class=\"req-id\" href=\"#{anchor}\" title=\"{}\"><span class=\"visually-hidden\">{}</span>{}</a>\
         <button type=\"button\" class=\"req-state {class}\" aria-describedby=\"{anchor}-pop\">{words}</button>\
         <div class=\"req-pop\" id=\"{anchor}-pop\">{}</div></div>",
        escape(&requirement.id),
        escape(lead),
        escape(rest),
        details(pages, &document.path, coverage),
    )
}

/// What is known of a requirement, as a list.
pub(super) fn details(
    pages: &Pages<'_>,
    from: &str,
    coverage: Option<&RequirementCoverage>,
) -> String {
    let Some(coverage) = coverage else {
        return "<dl><dt>coverage</dt><dd>unknown</dd></dl>".to_owned();
    };
    let from = super::markup::page_of(from);
    let mut out = String::from("<dl>");
    let sites = |spans: &[Span]| {
        spans
            .iter()
            .map(|span| pages.site(*span))
            .collect::<Vec<_>>()
            .join("<br>")
    };
    let mut row = |name: &str, value: String| {
        if !value.is_empty() {
            put(&mut out, format_args!("<dt>{name}</dt><dd>{value}</dd>"));
        }
    };
    row("implemented at", sites(&coverage.implementations));
    row("tested at", sites(&coverage.tests));
    let vectors: Vec<_> = coverage
        .vectors
        .iter()
        .map(|id| match pages.cases.get(id) {
            Some(target) => format!(
                "<a href=\"{}\">{}</a>",
                escape(&href(&from, target)),
                escape(id)
            ),
            None => escape(id),
        })
        .collect();
    row("vectors", vectors.join(", "));
    let examples: Vec<_> = coverage
        .examples
        .iter()
        .filter_map(|id| pages.example_target(*id))
        .map(|(name, target)| {
            format!(
                "<a href=\"{}\">{}</a>",
                escape(&href(&from, &target)),
                escape(&name)
            )
        })
        .collect();
    row("examples", examples.join(", "));
    row(
        "not tested",
        coverage
            .untested
            .as_deref()
            .map(super::markup::inline)
            .unwrap_or_default(),
    );
    if !coverage.is_settled() {
        row(
            "not tested",
            "nothing shows it yet, and no reason is given".to_owned(),
        );
    }
    out.push_str("</dl>");
    out
}
