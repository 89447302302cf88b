//! Comments in code that name requirements: `// r[impl id]`, `// r[verify id]`.

use std::path::PathBuf;

use rayon::prelude::*;

use super::read;
use crate::{
    diagnostic::{Code, Diagnostic},
    model::{CoverageKind, Project, Site},
    source::{FileId, Sources, Span},
};

/// Where code stands, and with which extension.
const PLACES: &[(&str, &str)] = &[
    ("src", "rs"),
    ("tests", "rs"),
    ("benches", "rs"),
    ("examples", "rs"),
    ("book/theme", "js"),
];

const PLACES_OF_A_CRATE: &[&str] = &["src", "tests", "benches", "examples"];

/// Reads all code below the root, and finds what it says of requirements.
pub(super) fn scan(
    project: &Project,
    sources: &mut Sources,
    problems: &mut Vec<Diagnostic>,
) -> Vec<Site> {
    let mut places: Vec<(PathBuf, &str)> = PLACES
        .iter()
        .map(|(place, extension)| (project.root.join(place), *extension))
        .collect();
    if let Ok(crates) = std::fs::read_dir(project.root.join("crates")) {
        let mut crates: Vec<_> = crates.flatten().map(|entry| entry.path()).collect();
        crates.sort();
        places.extend(crates.iter().flat_map(|path| {
            PLACES_OF_A_CRATE
                .iter()
                .map(|place| (path.join(place), "rs"))
        }));
    }
    let mut paths = Vec::new();
    for (place, extension) in places.iter().filter(|(place, _)| place.is_dir()) {
        paths.extend(read::find(
            place,
            extension,
            &project.root,
            sources,
            problems,
        ));
    }
    let files = read::read_all(&project.root, &paths, sources, problems);
    let found: Vec<_> = files
        .par_iter()
        .map(|(file, _)| sites_of(*file, sources.file(*file).text()))
        .collect();
    let mut sites = Vec::new();
    for (own, wrong) in found {
        sites.extend(own);
        problems.extend(wrong);
    }
    sites
}

fn sites_of(file: FileId, text: &str) -> (Vec<Site>, Vec<Diagnostic>) {
    let mut sites = Vec::new();
    let mut problems = Vec::new();
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        if let Some(comment) = line.trim_start().strip_prefix("//") {
            let comment_at = start + line.len() - line.trim_start().len() + 2;
            annotations(file, comment, comment_at, &mut sites, &mut problems);
        }
        start += line.len();
    }
    (sites, problems)
}

fn annotations(
    file: FileId,
    comment: &str,
    start: usize,
    sites: &mut Vec<Site>,
    problems: &mut Vec<Diagnostic>,
) {
    // Documentation comments speak about annotations; ordinary ones are annotations.
    let trimmed = comment.trim_start();
    if comment.starts_with(['/', '!']) || !trimmed.starts_with("r[") {
        return;
    }
    let mut at = 0;
    while let Some(open) = comment[at..].find("r[") {
        let from = at + open + 2;
        let Some(length) = comment[from..].find(']') else {
            break;
        };
        at = from + length + 1;
        let words = &comment[from..from + length];
        let span =
            |range: std::ops::Range<usize>| Span::new(file, start + range.start..start + range.end);
        let (kind, ids) = match words.split_once(' ') {
            Some(("impl", ids)) => (CoverageKind::Implements, ids),
            Some(("verify", ids)) => (CoverageKind::Verifies, ids),
            _ => {
                let message = "a requirement is named as `r[impl id]` or `r[verify id]`";
                problems.push(Diagnostic::new(
                    Code::RequirementSyntax,
                    span(from..from + length),
                    message,
                ));
                continue;
            }
        };
        let mut id_at = from + words.len() - ids.len();
        for id in ids.split(',') {
            let lead = id.len() - id.trim_start().len();
            let name = id.trim();
            sites.push(Site {
                kind,
                id: name.to_owned(),
                span: span(id_at + lead..id_at + lead + name.len()),
            });
            id_at += id.len() + 1;
        }
    }
}
