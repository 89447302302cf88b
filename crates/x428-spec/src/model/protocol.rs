//! Protocols, their types, and the glossary.

use std::collections::HashMap;

use super::{FenceId, Spec};
use crate::{source::Span, value::Node};

/// A protocol: a directory whose `README.md` carries `<!-- x428:protocol … -->`.
#[derive(Debug)]
pub struct Protocol {
    /// The id, which is also the name of its outputs: `attestation`.
    pub id: String,
    /// The title.
    pub title: String,
    /// The version.
    pub version: String,
    /// What it is, in a sentence: the first paragraph of its `README.md`.
    pub summary: String,
    /// How far it has come, such as `Draft`.
    pub status: Option<String>,
    /// The date of this version of the text, `2026-11-20`.
    pub date: Option<String>,
    /// The licence of the text.
    pub licence: Option<String>,
    /// The base of the schemas' `$id`s, ending in `/`.
    pub base: String,
    /// The directory below the specification's, without a trailing `/`.
    pub directory: String,
    /// The comment.
    pub span: Span,
    /// The documents, as indices of [`Spec::documents`](super::Spec::documents).
    pub documents: Vec<usize>,
    /// The types in the order of the text.
    pub types: Vec<TypeDefinition>,
    /// The examples that have an id, and the named texts.
    pub examples: HashMap<String, FenceId>,
    /// The keys.
    pub keys: HashMap<String, FenceId>,
    pub(crate) type_index: HashMap<String, usize>,
}

impl Protocol {
    /// A type by its name.
    #[must_use]
    pub fn type_definition(&self, name: &str) -> Option<&TypeDefinition> {
        self.types.get(*self.type_index.get(name)?)
    }
}

/// A type.
#[derive(Debug, Clone)]
pub struct TypeDefinition {
    /// The name.
    pub name: String,
    /// Where the name is given: in the info string, or by the comment of a table.
    pub name_span: Span,
    /// What defines it.
    pub origin: TypeOrigin,
}

/// What defines a type.
#[derive(Debug, Clone)]
pub enum TypeOrigin {
    /// A `json schema` fence that parses.
    Fence(FenceId),
    /// A table of codes. The schema is an enumeration of its first column, whose values stand
    /// where the cells are.
    Codes(Node),
}

impl TypeDefinition {
    /// The schema.
    #[must_use]
    pub fn schema<'a>(&'a self, spec: &'a Spec) -> Option<&'a Node> {
        match &self.origin {
            TypeOrigin::Fence(fence) => spec.fence(*fence)?.value.as_ref(),
            TypeOrigin::Codes(schema) => Some(schema),
        }
    }
}

/// The terms of the glossary.
#[derive(Debug, Default)]
pub struct Glossary {
    /// The document `glossary.md`, if there is one.
    pub document: Option<usize>,
    /// The terms in order.
    pub terms: Vec<Term>,
}

/// A term: a heading of the glossary below its title.
#[derive(Debug, Clone)]
pub struct Term {
    /// The term.
    pub name: String,
    /// The anchor by which links use it.
    pub slug: String,
    /// The heading.
    pub span: Span,
}
