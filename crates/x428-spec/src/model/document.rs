//! A Markdown file: its headings, links, blocks and what stands in them.

use super::{Fence, Keyword, Region, Requirement, Table};
use crate::source::{FileId, Span};

/// One Markdown file of the specification.
#[derive(Debug)]
pub struct Document {
    /// Its place in [`Spec::documents`](super::Spec::documents).
    pub index: usize,
    /// The file.
    pub file: FileId,
    /// The path below the specification's directory, with `/`: `attestation/05-data-model.md`.
    pub path: String,
    /// The protocol in whose directory it lies, as an index of [`Spec::protocols`](super::Spec::protocols).
    pub protocol: Option<usize>,
    /// Whether `SUMMARY.md` links to it.
    pub in_summary: bool,
    /// Its headings in order.
    pub headings: Vec<Heading>,
    /// Its links and images in order.
    pub links: Vec<Link>,
    /// Its fences in order.
    pub fences: Vec<Fence>,
    /// Its paragraphs, list items and table cells, with their requirement keywords.
    pub blocks: Vec<Block>,
    /// Its requirements in order.
    pub requirements: Vec<Requirement>,
    /// Its data tables in order.
    pub tables: Vec<Table>,
    /// Its generated regions in order.
    pub regions: Vec<Region>,
    /// All `<!-- x428:… -->` comments in order.
    pub directives: Vec<Directive>,
    /// Anchors that stand in the text as HTML (`id="…"`).
    pub anchors: Vec<String>,
}

impl Document {
    /// The first heading's text, or the path.
    #[must_use]
    pub fn title(&self) -> &str {
        self.headings
            .first()
            .map_or(self.path.as_str(), |heading| heading.text.as_str())
    }

    /// The heading under which a byte stands.
    #[must_use]
    pub fn heading_at(&self, offset: usize) -> Option<&Heading> {
        let after = self
            .headings
            .partition_point(|heading| heading.span.start <= offset);
        after
            .checked_sub(1)
            .and_then(|index| self.headings.get(index))
    }

    /// Whether `#anchor` leads somewhere.
    #[must_use]
    pub fn has_anchor(&self, anchor: &str) -> bool {
        self.headings.iter().any(|heading| heading.slug == anchor)
            || self.anchors.iter().any(|id| id == anchor)
            || anchor
                .strip_prefix("r-")
                .is_some_and(|id| self.requirements.iter().any(|own| own.id == id))
    }
}

/// A heading.
#[derive(Debug, Clone)]
pub struct Heading {
    /// From 1 to 6.
    pub level: u8,
    /// The text without markup.
    pub text: String,
    /// The anchor that mdBook gives it.
    pub slug: String,
    /// The whole heading.
    pub span: Span,
}

impl Heading {
    /// The number at its beginning: `[5, 1]` of `5.1 PreconditionChallenge`, `["A"]` as 0-based
    /// letters are not numbers and give none.
    #[must_use]
    pub fn number(&self) -> Option<Vec<u32>> {
        let (number, rest) = self.text.split_once(' ').unwrap_or((&self.text, ""));
        if rest.is_empty() {
            return None;
        }
        number
            .trim_end_matches('.')
            .split('.')
            .map(|part| part.parse().ok())
            .collect()
    }

    /// The text without its number.
    #[must_use]
    pub fn unnumbered(&self) -> &str {
        match (self.number(), self.text.split_once(' ')) {
            (Some(_), Some((_, rest))) => rest,
            _ => &self.text,
        }
    }
}

/// What a link does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkKind {
    /// Leads to another place.
    Link,
    /// Shows an image.
    Image,
    /// A reference whose definition is missing; the target is its label.
    Undefined,
}

/// A link or an image.
#[derive(Debug, Clone)]
pub struct Link {
    /// What it does.
    pub kind: LinkKind,
    /// The target as written: `06-protocol.md#63-verification`, `https://…`.
    pub target: String,
    /// Where the target stands, or the whole link if it was given elsewhere.
    pub span: Span,
}

/// The kinds of text that can carry a requirement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BlockKind {
    /// A paragraph that is not in a list.
    Paragraph,
    /// An item of a list, or a paragraph of one.
    Item,
    /// A cell of a table.
    Cell,
    /// A heading.
    Heading,
}

/// A piece of prose.
#[derive(Debug, Clone)]
pub struct Block {
    /// What it is.
    pub kind: BlockKind,
    /// All of it.
    pub span: Span,
    /// The uppercase words of BCP 14 in it, quoted ones excepted.
    pub keywords: Vec<Keyword>,
    /// Whether it is in a block quote.
    pub quoted: bool,
}

/// A comment `<!-- x428:name key=value -->`.
#[derive(Debug, Clone)]
pub struct Directive {
    /// The name, `/x428` for the end of a region.
    pub name: String,
    /// What follows it.
    pub info: super::Info,
    /// The whole comment.
    pub span: Span,
}
