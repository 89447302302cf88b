//! Where links lead within the document.

use super::{Scope, escape};
use crate::model::{Document, TypeOrigin};

/// Where a link leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Target {
    /// To an anchor of the same document.
    Inside(String),
    /// To the web.
    Web(String),
    /// To something that is no part of the document.
    Outside,
}

/// The anchor of a place of a page.
pub(super) fn anchor(document: &Document, place: &str) -> String {
    let stem = document.path.strip_suffix(".md").unwrap_or(&document.path);
    escape::name(&format!("{stem}:{place}"))
}

impl Scope<'_> {
    /// Where a link of a page leads.
    pub(super) fn target(&self, from: &Document, target: &str) -> Target {
        let is_web = ["https://", "http://", "mailto:"]
            .iter()
            .any(|scheme| target.starts_with(scheme));
        if is_web {
            return Target::Web(target.to_owned());
        }
        let (path, place) = target
            .split_once('#')
            .map_or((target, None), |(path, place)| (path, Some(place)));
        let Some(document) = self.document_at(from, path) else {
            return Target::Outside;
        };
        let place = match place {
            Some(place) if document.has_anchor(place) => place,
            Some(_) => return Target::Outside,
            None => match document.headings.first() {
                Some(heading) => heading.slug.as_str(),
                None => return Target::Outside,
            },
        };
        if self.glossary == Some(document.index)
            && !self.terms.contains(place)
            && Some(place)
                != document
                    .headings
                    .first()
                    .map(|heading| heading.slug.as_str())
        {
            return Target::Outside;
        }
        Target::Inside(anchor(document, place))
    }

    /// The page of the document to which a relative path leads.
    fn document_at(&self, from: &Document, path: &str) -> Option<&Document> {
        let mut parts: Vec<&str> = from.path.split('/').collect();
        if !path.is_empty() {
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
        }
        let document = self.spec.document(&parts.join("/"))?;
        let is_part = self.protocol.documents.contains(&document.index)
            || self.glossary == Some(document.index);
        is_part.then_some(document)
    }

    /// The anchor of a type.
    pub(super) fn type_anchor(&self, name: &str) -> Option<String> {
        let definition = self.protocol.type_definition(name)?;
        let home = self
            .spec
            .documents
            .iter()
            .find(|home| home.file == definition.name_span.file)?;
        let place = match &definition.origin {
            TypeOrigin::Fence(_) => format!("schema-{name}"),
            TypeOrigin::Codes(_) => {
                let table = home
                    .tables
                    .iter()
                    .find(|table| table.info.value("type") == Some(name))?;
                format!("table-{}", table.id)
            }
        };
        Some(anchor(home, &place))
    }

    /// The anchor of an example.
    pub(super) fn example_anchor(&self, id: &str) -> Option<String> {
        let home = self
            .spec
            .documents
            .get(self.protocol.examples.get(id)?.document)?;
        Some(anchor(home, &format!("example-{id}")))
    }

    /// The anchor of a key.
    pub(super) fn key_anchor(&self, id: &str) -> Option<String> {
        let home = self
            .spec
            .documents
            .get(self.protocol.keys.get(id)?.document)?;
        Some(anchor(home, &format!("key-{id}")))
    }
}

/// Words that lead to an anchor, if there is one.
pub(super) fn link(anchor: Option<String>, words: &str) -> String {
    match anchor {
        Some(anchor) => format!("\\xlink{{{anchor}}}{{{words}}}"),
        None => words.to_owned(),
    }
}
