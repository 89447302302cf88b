//! A document of one protocol: title page, contents, chapters, the terms it uses.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{civil::Date, tz::TimeZone};

use super::{Scope, block, error::LatexError, escape, escape::put, inline::words};
use crate::model::{Document, LinkKind, Protocol, Spec};

/// The document, and its tables by their files.
pub(super) fn render(scope: &Scope<'_>) -> Result<(String, BTreeMap<String, String>), LatexError> {
    let protocol = scope.protocol;
    let mut tables = BTreeMap::new();
    let mut out = String::from(
        "% Generated from the text of the specification: do not edit.\n\\documentclass[10pt]{article}\n\\usepackage[document]{x428}\n",
    );
    let subject = format!(
        "Version {}{}",
        protocol.version,
        protocol
            .status
            .as_ref()
            .map_or_else(String::new, |status| format!(", {status}"))
    );
    put(
        &mut out,
        format_args!(
            "\\hypersetup{{pdftitle={{{}}},pdfsubject={{{}}},pdfcreator={{x428}}}}\n\\pdfvariable suppressoptionalinfo 512\\relax\n\\begin{{document}}\n",
            bookmark(&protocol.title),
            bookmark(&subject)
        ),
    );
    put(
        &mut out,
        format_args!(
            "\\xtitle{{{}}}{{{}}}{{{}}}\n\\xcontents\n",
            words(&protocol.title),
            facts(protocol),
            words(&protocol.summary)
        ),
    );
    for document in protocol
        .documents
        .iter()
        .filter_map(|index| scope.spec.documents.get(*index))
    {
        block::render(scope, document, None, &mut out, &mut tables)?;
    }
    if let Some(glossary) = scope
        .glossary
        .and_then(|index| scope.spec.documents.get(index))
        && !scope.terms.is_empty()
    {
        block::render(scope, glossary, Some(&scope.terms), &mut out, &mut tables)?;
    }
    out.push_str("\\end{document}\n");
    Ok((out, tables))
}

/// Version, status, date and licence.
fn facts(protocol: &Protocol) -> String {
    let date = date(protocol).map(|date| date.strftime("%-d %B %Y").to_string());
    let rows = [
        ("Version", Some(protocol.version.clone())),
        ("Status", protocol.status.clone()),
        ("Date", date),
        ("Licence", protocol.licence.clone()),
    ];
    let rows = rows
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)));
    rows.fold(String::new(), |mut out, (name, value)| {
        put(
            &mut out,
            format_args!("\\xfact{{{name}}}{{{}}}", escape::text(&value)),
        );
        out
    })
}

fn bookmark(text: &str) -> String {
    escape::text(text).replace("\\xb{}", "")
}

fn date(protocol: &Protocol) -> Option<Date> {
    protocol.date.as_ref()?.parse().ok()
}

/// The date of the text as seconds since 1970; 0 if it has none.
pub(super) fn epoch(protocol: &Protocol) -> i64 {
    date(protocol)
        .and_then(|date| date.to_zoned(TimeZone::UTC).ok())
        .map_or(0, |time| time.timestamp().as_second())
}

/// The terms of the glossary that a protocol uses, and those that these use.
pub(super) fn terms(spec: &Spec, protocol: &Protocol) -> BTreeSet<String> {
    let slug = |target: &str| {
        target
            .rsplit_once("glossary.md#")
            .map(|(_, slug)| slug.to_owned())
    };
    let links = |document: &Document| -> Vec<(usize, String)> {
        document
            .links
            .iter()
            .filter(|link| link.kind == LinkKind::Link)
            .filter_map(|link| {
                Some((
                    link.span.start,
                    slug(&link.target)
                        .or_else(|| link.target.strip_prefix('#').map(str::to_owned))?,
                ))
            })
            .collect()
    };
    let Some(glossary) = spec
        .glossary
        .document
        .and_then(|index| spec.documents.get(index))
    else {
        return BTreeSet::new();
    };
    let known = |slug: &String| spec.glossary.terms.iter().any(|term| term.slug == *slug);
    let mut used: BTreeSet<String> = protocol
        .documents
        .iter()
        .filter_map(|index| spec.documents.get(*index))
        .flat_map(|document| document.links.iter().filter_map(|link| slug(&link.target)))
        .filter(known)
        .collect();
    let own: Vec<_> = links(glossary);
    loop {
        let more: Vec<_> = own
            .iter()
            .filter(|(at, target)| {
                let home = glossary.heading_at(*at).map(|heading| &heading.slug);
                home.is_some_and(|home| used.contains(home))
                    && !used.contains(target)
                    && known(target)
            })
            .map(|(_, target)| target.clone())
            .collect();
        if more.is_empty() {
            return used;
        }
        used.extend(more);
    }
}
