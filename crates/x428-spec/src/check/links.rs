//! Links: to files that exist, and to headings in them.

use std::collections::{HashMap, HashSet};

use crate::{
    diagnostic::{Code, Diagnostic, did_you_mean},
    emit::VECTOR_SCHEMA,
    model::{Document, Link, LinkKind, Spec},
    parse,
};

/// Where the files are that can be downloaded from the book.
const DOWNLOADS: [&str; 3] = ["schema/", "openapi/", "vectors/"];

/// Where a relative link leads.
pub(super) struct Target<'a> {
    /// The path below the specification's directory.
    pub path: String,
    /// The anchor, without `#`.
    pub anchor: Option<&'a str>,
}

/// Checks all links. Returns the terms of the glossary that they use, by anchor.
pub(super) fn check(spec: &Spec, found: &mut Vec<Diagnostic>) -> HashSet<String> {
    let documents: HashMap<_, _> = spec
        .documents
        .iter()
        .map(|document| (document.path.as_str(), document))
        .collect();
    let anchors: HashMap<_, HashSet<&str>> = spec
        .documents
        .iter()
        .map(|document| {
            let headings = document
                .headings
                .iter()
                .map(|heading| heading.slug.as_str());
            (
                document.index,
                headings
                    .chain(document.anchors.iter().map(String::as_str))
                    .collect(),
            )
        })
        .collect();
    let mut checker = Checker {
        spec,
        documents,
        anchors,
        used: HashSet::new(),
        found,
    };
    for document in &spec.documents {
        for link in &document.links {
            checker.link(document, link);
        }
    }
    checker.used
}

struct Checker<'a, 'f> {
    spec: &'a Spec,
    documents: HashMap<&'a str, &'a Document>,
    anchors: HashMap<usize, HashSet<&'a str>>,
    used: HashSet<String>,
    found: &'f mut Vec<Diagnostic>,
}

impl Checker<'_, '_> {
    fn link(&mut self, document: &Document, link: &Link) {
        if link.kind == LinkKind::Undefined {
            let message = format!("the reference `{}` has no definition", link.target);
            self.found.push(
                Diagnostic::new(Code::UndefinedReference, link.span, message)
                    .help(format!("define it: `[{}]: https://…`", link.target)),
            );
            return;
        }
        let Some(target) = resolve(document, &link.target) else {
            if !is_absolute(&link.target) {
                self.download(document, link);
            }
            return;
        };
        let Some(other) = self.documents.get(target.path.as_str()).copied() else {
            if !self.spec.project.spec.join(&target.path).exists() {
                let message = format!("`{}` does not exist", target.path);
                let help = did_you_mean(&target.path, self.documents.keys().copied());
                self.found
                    .push(Diagnostic::new(Code::BrokenLink, link.span, message).maybe_help(help));
            }
            return;
        };
        if let Some(anchor) = target.anchor.filter(|anchor| !anchor.is_empty()) {
            self.anchor(other, anchor, link);
        }
    }

    /// A link out of the specification is one to a file that can be downloaded from the book.
    fn download(&mut self, document: &Document, link: &Link) {
        let directory = self.spec.project.spec.file_name();
        let path = directory
            .and_then(|name| name.to_str())
            .and_then(|name| below(&format!("{name}/{}", document.path), &link.target))
            .filter(|path| DOWNLOADS.iter().any(|known| path.starts_with(known)));
        let message = match path {
            // Some builds write it for the first time.
            Some(path) if path == VECTOR_SCHEMA || self.spec.project.root.join(&path).is_file() => {
                return;
            }
            Some(path) => format!("`{path}` does not exist"),
            None => format!("`{}` leads out of the specification", link.target),
        };
        self.found
            .push(Diagnostic::new(Code::BrokenLink, link.span, message));
    }

    fn anchor(&mut self, other: &Document, anchor: &str, link: &Link) {
        let own = self.anchors.get(&other.index);
        let exists = own.is_some_and(|anchors| anchors.contains(anchor))
            || self.is_requirement(other, anchor);
        let in_glossary = self.spec.glossary.document == Some(other.index);
        if exists {
            if in_glossary {
                self.used.insert(anchor.to_owned());
            }
            return;
        }
        let help = did_you_mean(anchor, own.into_iter().flatten().copied());
        let problem = if in_glossary {
            let message = format!("the glossary has no term `{anchor}`");
            Diagnostic::new(Code::UndefinedTerm, link.span, message)
        } else {
            let message = format!("`{}` has no heading `#{anchor}`", other.path);
            Diagnostic::new(Code::BrokenAnchor, link.span, message)
        };
        self.found.push(problem.maybe_help(help));
    }

    /// The book gives every requirement an anchor.
    fn is_requirement(&self, other: &Document, anchor: &str) -> bool {
        anchor
            .strip_prefix("r-")
            .and_then(|id| self.spec.requirement(id))
            .is_some_and(|(document, _)| document.index == other.index)
    }
}

/// Where a link of a document leads, if it stays in the specification.
pub(super) fn resolve<'a>(document: &Document, target: &'a str) -> Option<Target<'a>> {
    if is_absolute(target) || target.starts_with('/') {
        return None;
    }
    let (path, anchor) = match target.split_once('#') {
        Some((path, anchor)) => (path, Some(anchor)),
        None => (target, None),
    };
    if path.is_empty() {
        return Some(Target {
            path: document.path.clone(),
            anchor,
        });
    }
    Some(Target {
        path: below(&document.path, path)?,
        anchor,
    })
}

/// The path to which a relative path in a file leads, unless it goes above where the file's begins.
fn below(from: &str, path: &str) -> Option<String> {
    let mut parts: Vec<&str> = from.split('/').collect();
    parts.pop();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

fn is_absolute(target: &str) -> bool {
    let scheme = target.split_once(':').map(|(scheme, _)| scheme);
    scheme.is_some_and(|scheme| {
        !scheme.is_empty()
            && scheme
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
    })
}

/// Checks the glossary itself; `used` are the terms that links use.
pub(super) fn glossary(spec: &Spec, used: &HashSet<String>, found: &mut Vec<Diagnostic>) {
    let mut first: HashMap<String, &crate::model::Term> = HashMap::new();
    for term in &spec.glossary.terms {
        let base = parse::slug::slug(&term.name);
        if let Some(other) = first.get(&base) {
            let message = format!("the term `{}` is defined twice", term.name);
            found.push(
                Diagnostic::new(Code::DuplicateTerm, term.span, message)
                    .also(other.span, "first defined here"),
            );
        } else {
            first.insert(base, term);
            if !used.contains(&term.slug) {
                let message = format!("nothing links to the term `{}`", term.name);
                found.push(
                    Diagnostic::new(Code::UnusedTerm, term.span, message).help(format!(
                        "link its first use: `[…](glossary.md#{})`",
                        term.slug
                    )),
                );
            }
        }
    }
}
