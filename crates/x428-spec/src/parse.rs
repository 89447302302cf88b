//! From files to the model.
//!
//! Nothing stops here: what cannot be read becomes a diagnostic in [`Spec::problems`], and the rest
//! of the specification is read all the same.

mod classify;
mod comment;
mod fence;
mod info;
mod keyword;
mod markdown;
mod protocol;
mod read;
pub(crate) mod requirement;
mod sites;
pub(crate) mod slug;
mod table;

use std::{collections::HashMap, path::Path};

use rayon::prelude::*;

pub(crate) use self::classify::is_type_name;
pub(crate) use self::markdown::options;
use self::markdown::parse_markdown;
pub(crate) use self::protocol::types;
pub(crate) use self::read::relative;
use crate::{
    diagnostic::{Code, Diagnostic},
    model::{Document, Glossary, LinkKind, Project, Spec, Term},
    source::{FileId, SourceFile, Sources, Span},
};

/// Reads a specification and the code that names its requirements.
#[must_use]
pub fn load(project: &Project) -> Spec {
    let mut problems = Vec::new();
    let mut sources = Sources::default();
    let files = read::markdown_files(project, &mut sources, &mut problems);
    let order = Order::new(project, &files, &sources, &mut problems);
    let mut documents = parse_all(&order, &sources, &mut problems);
    let protocols = protocol::collect(&mut documents, &sources, &mut problems);
    let glossary = glossary(&documents);
    let requirements = requirement_index(&documents);
    let sites = sites::scan(project, &mut sources, &mut problems);
    Spec {
        project: project.clone(),
        sources,
        documents,
        protocols,
        glossary,
        sites,
        problems,
        requirements,
    }
}

/// A file of the specification by its path below the specification's directory.
struct MarkdownFile {
    id: FileId,
    path: String,
}

/// The documents in the order of `SUMMARY.md`, then the others.
struct Order<'a> {
    files: Vec<(&'a MarkdownFile, bool)>,
}

impl<'a> Order<'a> {
    fn new(
        project: &Project,
        files: &'a [MarkdownFile],
        sources: &Sources,
        problems: &mut Vec<Diagnostic>,
    ) -> Self {
        let by_path: HashMap<_, _> = files
            .iter()
            .map(|file| (file.path.as_str(), file))
            .collect();
        let summary = by_path.get("SUMMARY.md");
        let entries = summary
            .map(|file| summary_entries(file, sources))
            .unwrap_or_default();
        let mut order = Vec::with_capacity(files.len());
        let mut placed = std::collections::HashSet::new();
        for (target, span) in entries {
            match by_path.get(target.as_str()) {
                Some(file) if placed.insert(file.path.as_str()) => order.push((*file, true)),
                Some(_) => {}
                // A file that is there and cannot be read has its own diagnostic.
                None if project.spec.join(&target).exists() => {}
                None => {
                    let message = format!("`{target}` does not exist");
                    let names = files.iter().map(|file| file.path.as_str());
                    let help = crate::diagnostic::did_you_mean(&target, names);
                    problems
                        .push(Diagnostic::new(Code::MissingFile, span, message).maybe_help(help));
                }
            }
        }
        for file in files.iter().filter(|file| file.path != "SUMMARY.md") {
            if placed.insert(file.path.as_str()) {
                if summary.is_some() {
                    let message = format!(
                        "`{}` is not in SUMMARY.md, so no reader finds it",
                        file.path
                    );
                    problems.push(Diagnostic::new(
                        Code::NotInSummary,
                        Span::start_of(file.id),
                        message,
                    ));
                }
                order.push((file, false));
            }
        }
        Self { files: order }
    }
}

fn summary_entries(file: &MarkdownFile, sources: &Sources) -> Vec<(String, Span)> {
    let (summary, _) = parse_markdown(0, file.id, &file.path, sources.file(file.id).text());
    let is_document = |target: &str| {
        Path::new(target)
            .extension()
            .is_some_and(|extension| extension == "md")
    };
    summary
        .links
        .into_iter()
        .filter(|link| link.kind == LinkKind::Link && is_document(&link.target))
        .map(|link| (link.target.trim_start_matches("./").to_owned(), link.span))
        .collect()
}

fn parse_all(
    order: &Order<'_>,
    sources: &Sources,
    problems: &mut Vec<Diagnostic>,
) -> Vec<Document> {
    let parsed: Vec<_> = order
        .files
        .par_iter()
        .enumerate()
        .map(|(index, (file, in_summary))| {
            let text: &SourceFile = sources.file(file.id);
            let (mut document, problems) = parse_markdown(index, file.id, &file.path, text.text());
            document.in_summary = *in_summary;
            (document, problems)
        })
        .collect();
    let mut documents = Vec::with_capacity(parsed.len());
    for (document, found) in parsed {
        documents.push(document);
        problems.extend(found);
    }
    documents
}

fn glossary(documents: &[Document]) -> Glossary {
    let Some(document) = documents
        .iter()
        .find(|document| document.path == "glossary.md")
    else {
        return Glossary::default();
    };
    let terms = document
        .headings
        .iter()
        .filter(|heading| heading.level > 1)
        .map(|heading| Term {
            name: heading.text.clone(),
            slug: heading.slug.clone(),
            span: heading.span,
        })
        .collect();
    Glossary {
        document: Some(document.index),
        terms,
    }
}

/// The first of several requirements with the same id counts.
fn requirement_index(documents: &[Document]) -> HashMap<String, (usize, usize)> {
    let mut index = HashMap::new();
    for document in documents {
        for (at, requirement) in document.requirements.iter().enumerate() {
            index
                .entry(requirement.id.clone())
                .or_insert((document.index, at));
        }
    }
    index
}
