//! `<!-- x428:… -->`: protocols, data tables, generated regions.

use crate::{
    diagnostic::{Code, Diagnostic, did_you_mean},
    model::{Directive, Document, Info, Region, RegionKind, Table, TableKind},
    source::Span,
};

const DIRECTIVES: &[(&str, &[&str])] = &[
    (
        "x428:protocol",
        &[
            "id", "title", "version", "status", "date", "licence", "base", "summary",
        ],
    ),
    (
        "x428:table",
        &["id", "kind", "type", "of", "description", "columns"],
    ),
    ("x428:fields", &["of"]),
    ("x428:states", &["of"]),
    ("x428:requirements", &["prefix"]),
    ("x428:vectors", &[]),
    ("/x428", &[]),
];

/// The comments of a piece of HTML: where each begins, and what is between `<!--` and `-->`.
pub(super) fn comments(html: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let start = at + html.get(at..)?.find("<!--")?;
        let length = html.get(start + 4..)?.find("-->")?;
        at = start + 4 + length + 3;
        Some((start, &html[start + 4..start + 4 + length]))
    })
}

/// The directive in a comment, with its place in it; none if the comment is for people.
pub(super) fn directive(comment: &str) -> Option<(usize, &str)> {
    let text = comment.trim();
    let is_ours = text.starts_with("x428:") || text.starts_with("/x428");
    let lead = comment.len() - comment.trim_start().len();
    is_ours.then_some((lead, text))
}

/// The values of `id="…"` and `name="…"` in a piece of HTML.
pub(super) fn anchors(html: &str) -> Vec<String> {
    let mut found = Vec::new();
    for name in [" id=\"", " name=\""] {
        let mut rest = html;
        while let Some(at) = rest.find(name) {
            rest = &rest[at + name.len()..];
            if let Some(end) = rest.find('"') {
                found.push(rest[..end].to_owned());
            }
        }
    }
    found
}

/// The table that a directive announces.
pub(super) fn table(directive: &Directive, problems: &mut Vec<Diagnostic>) -> Option<Table> {
    let info = &directive.info;
    let kind = match info.value("kind") {
        Some("codes") => Some(TableKind::Codes),
        Some("constants") => Some(TableKind::Constants),
        Some("transitions") => Some(TableKind::Transitions),
        Some("data") => Some(TableKind::Data),
        Some(other) => {
            let message = format!("there is no kind of table `{other}`");
            problems.push(
                Diagnostic::new(Code::AttributeValue, info.value_span("kind"), message)
                    .help("write one of: codes, constants, transitions, data"),
            );
            None
        }
        None => {
            let message = "a data table needs `kind=`: codes, constants, transitions or data";
            problems.push(Diagnostic::new(Code::MissingAttribute, info.span, message));
            None
        }
    };
    let Some(id) = info.value("id") else {
        problems.push(Diagnostic::new(
            Code::MissingAttribute,
            info.span,
            "a data table needs `id=`",
        ));
        return None;
    };
    if kind == Some(TableKind::Codes) && info.value("type").is_none() {
        let message = "a table of codes needs `type=`, the name of its enumeration";
        problems.push(Diagnostic::new(Code::MissingAttribute, info.span, message));
    }
    for name in ["type", "description", "columns"] {
        if kind.is_some_and(|kind| kind != TableKind::Codes)
            && let Some(attribute) = info.attribute(name)
        {
            let message = format!("`{name}` is for tables of codes");
            problems.push(Diagnostic::new(
                Code::UnknownAttribute,
                attribute.name_span,
                message,
            ));
        }
    }
    if kind == Some(TableKind::Transitions) && info.value("of").is_none() {
        let message = "a table of transitions needs `of=`, the type of its states";
        problems.push(Diagnostic::new(Code::MissingAttribute, info.span, message));
    }
    Some(Table {
        id: id.to_owned(),
        id_span: info.value_span("id"),
        kind,
        info: info.clone(),
        span: None,
        columns: Vec::new(),
        rows: Vec::new(),
    })
}

/// Pairs the regions, and says which directives mean nothing.
pub(super) fn finish(document: &mut Document, problems: &mut Vec<Diagnostic>) {
    let mut open: Option<(RegionKind, &Directive)> = None;
    let mut regions = Vec::new();
    for directive in &document.directives {
        check_words(directive, problems);
        let region = match directive.name.as_str() {
            "x428:fields" => {
                if let Some(of) = directive.info.value("of") {
                    Some(RegionKind::Fields { of: of.to_owned() })
                } else {
                    let message = "a table of members needs `of=`, the type";
                    problems.push(Diagnostic::new(
                        Code::MissingAttribute,
                        directive.info.span,
                        message,
                    ));
                    Some(RegionKind::Fields { of: String::new() })
                }
            }
            "x428:states" => {
                let of = directive.info.value("of");
                if of.is_none() {
                    let message = "a diagram of states needs `of=`, their type";
                    problems.push(Diagnostic::new(
                        Code::MissingAttribute,
                        directive.info.span,
                        message,
                    ));
                }
                Some(RegionKind::States {
                    of: of.unwrap_or_default().to_owned(),
                })
            }
            "x428:requirements" => Some(RegionKind::Requirements {
                prefix: directive.info.value("prefix").map(str::to_owned),
            }),
            "x428:vectors" => Some(RegionKind::Vectors),
            "/x428" => {
                if let Some((kind, start)) = open.take() {
                    regions.push(region_between(kind, start, directive));
                } else {
                    let message = "this ends a region that never began";
                    problems.push(Diagnostic::new(
                        Code::RegionUnclosed,
                        directive.span,
                        message,
                    ));
                }
                None
            }
            _ => None,
        };
        if let Some(kind) = region
            && let Some((_, earlier)) = open.replace((kind, directive))
        {
            problems.push(unclosed(earlier));
        }
    }
    problems.extend(open.map(|(_, directive)| unclosed(directive)));
    document.regions = regions;
    missing_tables(document, problems);
}

fn region_between(kind: RegionKind, start: &Directive, end: &Directive) -> Region {
    let file = start.span.file;
    Region {
        kind,
        open: start.info.clone(),
        content: Span::new(file, start.span.end..end.span.start),
        span: Span::new(file, start.span.start..end.span.end),
    }
}

fn unclosed(directive: &Directive) -> Diagnostic {
    Diagnostic::new(
        Code::RegionUnclosed,
        directive.span,
        "this generated region is not closed",
    )
    .help("end it with `<!-- /x428 -->`; `x428 fix` writes what is between")
}

fn missing_tables(document: &Document, problems: &mut Vec<Diagnostic>) {
    for directive in document
        .directives
        .iter()
        .filter(|directive| directive.name == "x428:table")
    {
        if !document
            .tables
            .iter()
            .any(|table| table.info.span == directive.info.span)
            && directive.info.value("id").is_some()
        {
            let message = "no table stands directly below this comment";
            problems.push(Diagnostic::new(Code::TableMissing, directive.span, message));
        }
    }
}

fn check_words(directive: &Directive, problems: &mut Vec<Diagnostic>) {
    let Info {
        attributes, span, ..
    } = &directive.info;
    let Some((_, known)) = DIRECTIVES.iter().find(|(name, _)| *name == directive.name) else {
        let message = format!("there is no comment `{}`", directive.name);
        let names = DIRECTIVES.iter().map(|(name, _)| *name);
        problems.push(
            Diagnostic::new(Code::UnknownDirective, *span, message)
                .maybe_help(did_you_mean(&directive.name, names)),
        );
        return;
    };
    for attribute in attributes {
        if !known.contains(&attribute.name.as_str()) {
            let message = format!("`{}` has no attribute `{}`", directive.name, attribute.name);
            problems.push(
                Diagnostic::new(Code::UnknownAttribute, attribute.name_span, message)
                    .maybe_help(did_you_mean(&attribute.name, known.iter().copied())),
            );
        }
    }
}
