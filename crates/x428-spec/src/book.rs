//! The book: the specification as pages, with what the checker found beside the text.
//!
//! The book shows results, it makes none: every verdict, every coverage and every type comes from
//! [`Spec`] and [`Report`]. mdBook renders the pages, in-process ([`build`]) or with this crate as its
//! preprocessor and its second renderer ([`preprocess`], [`copy_downloads`]).

mod api;
mod block;
mod cases;
mod coverage;
mod driver;
mod facts;
mod highlight;
mod markup;
mod page;
mod requirement;
#[cfg(test)]
mod tests;

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    path::PathBuf,
};

pub use driver::{BookError, Built, build, copy_downloads, preprocess};

use self::markup::page_of;
use crate::{
    model::{Document, FenceId, FenceKind, Report, Spec, TypeOrigin},
    source::Span,
    value::Node,
};

/// The pages of a book in Markdown, by the path of their source below the specification's directory.
#[derive(Debug, Default)]
pub struct Rendered {
    /// The chapters that stand in `SUMMARY.md`.
    pub chapters: HashMap<PathBuf, String>,
    /// Pages that are made from the specification: title, path, Markdown.
    pub extra: Vec<(String, PathBuf, String)>,
}

/// Renders every document, the API reference and the coverage.
///
/// `openapi` holds the OpenAPI documents by protocol id; `repository` is the address under which the
/// files of the project can be read, if there is one.
#[must_use]
pub fn render(
    spec: &Spec,
    report: &Report,
    openapi: &BTreeMap<String, serde_json::Value>,
    repository: Option<&str>,
) -> Rendered {
    let pages = Pages::new(spec, report, openapi.keys().cloned().collect(), repository);
    let chapters = spec
        .documents
        .iter()
        .map(|document| {
            (
                PathBuf::from(&document.path),
                page::render(&pages, document),
            )
        })
        .collect();
    let mut extra = Vec::new();
    for (protocol, document) in openapi {
        let title = spec
            .protocols
            .iter()
            .find(|known| known.id == *protocol)
            .map_or(protocol.as_str(), |known| known.id.as_str());
        extra.push((
            format!("API reference: {title}"),
            PathBuf::from(api::page(protocol)).with_extension("md"),
            api::render(&pages, protocol, document),
        ));
    }
    if let Some(text) = coverage::render(&pages) {
        extra.push(("Coverage".to_owned(), PathBuf::from(coverage::PAGE), text));
    }
    Rendered { chapters, extra }
}

/// What the pages need to know of each other.
struct Pages<'a> {
    spec: &'a Spec,
    report: &'a Report,
    /// Where the cases of the vectors stand, by their ids.
    cases: HashMap<String, String>,
    /// Protocols that have an API reference.
    apis: BTreeSet<String>,
    repository: Option<String>,
}

impl<'a> Pages<'a> {
    fn new(
        spec: &'a Spec,
        report: &'a Report,
        apis: BTreeSet<String>,
        repository: Option<&str>,
    ) -> Self {
        let mut cases = HashMap::new();
        for (document, fence) in spec
            .fences()
            .filter(|(_, fence)| matches!(fence.kind, FenceKind::Vectors { .. }))
        {
            for case in fence.value.iter().flat_map(Node::elements) {
                if let Some(id) = case.get("id").and_then(|id| id.as_str()) {
                    cases.insert(
                        id.to_owned(),
                        format!("{}#{}", page_of(&document.path), cases::anchor(id)),
                    );
                }
            }
        }
        Self {
            spec,
            report,
            cases,
            apis,
            repository: repository.map(|base| base.trim_end_matches('/').to_owned()),
        }
    }

    /// The specification's directory below the project's root, with `/`.
    fn spec_directory(&self) -> String {
        let project = &self.spec.project;
        let directory = project
            .spec
            .strip_prefix(&project.root)
            .unwrap_or(&project.spec);
        directory
            .components()
            .map(|part| part.as_os_str().to_string_lossy())
            .collect::<Vec<_>>()
            .join("/")
    }

    /// Where a type of the document's protocol is defined.
    fn type_target(&self, document: &Document, name: &str) -> Option<String> {
        let protocol = self.spec.protocol_of(document)?;
        self.type_of(&protocol.id, name)
    }

    /// Where a type of a protocol is defined.
    fn type_of(&self, protocol: &str, name: &str) -> Option<String> {
        let protocol = self
            .spec
            .protocols
            .iter()
            .find(|known| known.id == protocol)?;
        let definition = protocol.type_definition(name)?;
        let home = self
            .spec
            .documents
            .iter()
            .find(|home| home.file == definition.name_span.file)?;
        let named = || {
            let heading = home.heading_at(definition.name_span.start)?;
            (heading.unnumbered() == name).then(|| heading.slug.clone())
        };
        let anchor = match definition.origin {
            TypeOrigin::Fence(_) => named().unwrap_or_else(|| format!("schema-{name}")),
            TypeOrigin::Codes(_) => {
                let table = home
                    .tables
                    .iter()
                    .find(|table| table.info.value("type") == Some(name))?;
                format!("table-{}", table.id)
            }
        };
        Some(format!("{}#{anchor}", page_of(&home.path)))
    }

    fn requirement_target(&self, id: &str) -> Option<String> {
        let (document, requirement) = self.spec.requirement(id)?;
        Some(format!(
            "{}#{}",
            page_of(&document.path),
            requirement.anchor()
        ))
    }

    /// Where an example of the document's protocol stands.
    fn named_example(&self, document: &Document, id: &str) -> Option<String> {
        let fence = self.spec.protocol_of(document)?.examples.get(id)?;
        let home = self.spec.documents.get(fence.document)?;
        Some(format!("{}#example-{id}", page_of(&home.path)))
    }

    /// The name of an example and where it stands.
    fn example_target(&self, id: FenceId) -> Option<(String, String)> {
        let document = self.spec.documents.get(id.document)?;
        let fence = self.spec.fence(id)?;
        let page = page_of(&document.path);
        if let Some(name) = &fence.example()?.id {
            return Some((name.clone(), format!("{page}#example-{name}")));
        }
        let heading = document.heading_at(fence.span.start)?;
        Some((
            format!("in {}", heading.text),
            format!("{page}#{}", heading.slug),
        ))
    }

    /// A place in code, as HTML.
    fn site(&self, span: Span) -> String {
        let file = self.spec.sources.file(span.file);
        let line = file.position(span.start).line;
        let shown = format!("<code>{}:{line}</code>", markup::escape(file.path()));
        match &self.repository {
            Some(base) => {
                format!(
                    "<a href=\"{}\">{shown}</a>",
                    markup::escape(&format!("{base}/blob/main/{}#L{line}", file.path()))
                )
            }
            None => shown,
        }
    }
}
