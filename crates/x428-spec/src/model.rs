//! The specification as data: what the text says, where it says it, and nothing about what is
//! wrong with it.
//!
//! [`parse`](crate::parse) fills a [`Spec`]; the passes of [`check`](crate::check) read it; the
//! book, the schemas and the vectors are made from it. Nothing below this module reads Markdown.

mod coverage;
mod document;
mod fence;
mod machine;
mod project;
mod protocol;
mod requirement;
mod results;
mod table;

use std::{collections::HashMap, path::Path};

pub use self::{
    coverage::{Coverage, CoverageKind, RequirementCoverage, Site},
    document::{Block, BlockKind, Directive, Document, Heading, Link, LinkKind},
    fence::{Attribute, Body, Example, Fence, FenceId, FenceKind, Info, Verdict},
    machine::{Machine, START, Transition, states_of},
    project::Project,
    protocol::{Glossary, Protocol, Term, TypeDefinition, TypeOrigin},
    requirement::{Keyword, Requirement, Strength},
    results::{Counts, FenceResult, Outcome, Report},
    table::{Cell, Region, RegionKind, Row, Table, TableKind},
};
use crate::{
    diagnostic::{Code, Diagnostic},
    source::{Sources, Span},
};

/// A whole specification.
#[derive(Debug)]
pub struct Spec {
    /// Where it was read from.
    pub project: Project,
    /// Its files, and the files of code that name its requirements.
    pub sources: Sources,
    /// The documents: first those of `SUMMARY.md` in its order, then the others by path.
    pub documents: Vec<Document>,
    /// The protocols in the order of their documents.
    pub protocols: Vec<Protocol>,
    /// The terms of `glossary.md`.
    pub glossary: Glossary,
    /// Places in code that name a requirement.
    pub sites: Vec<Site>,
    /// What could not be read. [`check`](crate::check::check) adds the rest.
    pub problems: Vec<Diagnostic>,
    pub(crate) requirements: HashMap<String, (usize, usize)>,
}

impl Spec {
    /// Whether a Markdown file could not be read.
    #[must_use]
    pub fn is_incomplete(&self) -> bool {
        self.problems.iter().any(|problem| {
            let path = Path::new(self.sources.file(problem.primary.span.file).path());
            matches!(problem.code, Code::UnreadableFile | Code::NotUtf8)
                && path.extension().is_some_and(|extension| extension == "md")
        })
    }

    /// All fences with the documents in which they stand.
    pub fn fences(&self) -> impl Iterator<Item = (&Document, &Fence)> {
        self.documents
            .iter()
            .flat_map(|document| document.fences.iter().map(move |fence| (document, fence)))
    }

    /// All requirements with the documents in which they stand.
    pub fn requirements(&self) -> impl Iterator<Item = (&Document, &Requirement)> {
        self.documents.iter().flat_map(|document| {
            document
                .requirements
                .iter()
                .map(move |requirement| (document, requirement))
        })
    }

    /// The requirement of an id.
    #[must_use]
    pub fn requirement(&self, id: &str) -> Option<(&Document, &Requirement)> {
        let (document, requirement) = self.requirements.get(id)?;
        let document = self.documents.get(*document)?;
        Some((document, document.requirements.get(*requirement)?))
    }

    /// A document by its path below the specification's directory, such as `attestation/README.md`.
    #[must_use]
    pub fn document(&self, path: &str) -> Option<&Document> {
        self.documents.iter().find(|document| document.path == path)
    }

    /// A fence by its id.
    #[must_use]
    pub fn fence(&self, id: FenceId) -> Option<&Fence> {
        self.documents.get(id.document)?.fences.get(id.fence)
    }

    /// The protocol in whose directory a document lies.
    #[must_use]
    pub fn protocol_of(&self, document: &Document) -> Option<&Protocol> {
        self.protocols.get(document.protocol?)
    }

    /// All data tables with the documents in which they stand.
    pub fn tables(&self) -> impl Iterator<Item = (&Document, &Table)> {
        self.documents
            .iter()
            .flat_map(|document| document.tables.iter().map(move |table| (document, table)))
    }

    /// The text of a span.
    #[must_use]
    pub fn text(&self, span: Span) -> &str {
        self.sources.text(span)
    }
}
