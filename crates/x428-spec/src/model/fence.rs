//! Fenced code: its info string, its body, and what it means.

use std::ops::Range;

use super::Requirement;
use crate::{
    source::{FileId, Span},
    value::Node,
};

/// A fence of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FenceId {
    /// The index of the document.
    pub document: usize,
    /// The index in [`Document::fences`](super::Document::fences).
    pub fence: usize,
}

/// A fenced code block.
#[derive(Debug)]
pub struct Fence {
    /// Its place.
    pub id: FenceId,
    /// From the first backtick to the last.
    pub span: Span,
    /// The info string, taken apart.
    pub info: Info,
    /// What is between the fences.
    pub body: Body,
    /// What the info string says that it is.
    pub kind: FenceKind,
    /// The value of a JSON or YAML fence that parses.
    pub value: Option<Node>,
}

impl Fence {
    /// The example that it is.
    #[must_use]
    pub fn example(&self) -> Option<&Example> {
        match &self.kind {
            FenceKind::Example(example) => Some(example),
            _ => None,
        }
    }

    /// The value as an example of a type, if it is one and it parses.
    #[must_use]
    pub fn example_value(&self) -> Option<(&Example, &Node)> {
        self.example().zip(self.value.as_ref())
    }
}

/// The meaning of a fence (ARCHITECTURE.md, "The text").
#[derive(Debug)]
pub enum FenceKind {
    /// `json schema`: the definition of a type; the name may come from the heading.
    Schema {
        /// The name; none if neither `id=` nor the heading gives one.
        name: Option<String>,
    },
    /// `json example`
    Example(Example),
    /// `json key`: a published test key as a JWK.
    Key {
        /// The name by which `signed-by=` knows it.
        id: String,
    },
    /// `text value`: a text that has a name, for those who compute with it.
    Value {
        /// The name.
        id: String,
    },
    /// `… fragment why=`: not complete, and not checked.
    Fragment {
        /// Why not.
        why: String,
    },
    /// `http exchange`: an HTTP message.
    Exchange {
        /// The exchange to which it belongs.
        id: String,
        /// Its place in it, from 1.
        step: u32,
        /// Names of the examples that its headers carry.
        carries: Vec<String>,
    },
    /// `yaml operation`: an OpenAPI operation object.
    Operation {
        /// The `operationId`.
        id: String,
    },
    /// `yaml webhook`: an OpenAPI operation object that the other side serves.
    Webhook {
        /// The name, and the `operationId`.
        id: String,
    },
    /// `yaml component`: an OpenAPI component.
    Component {
        /// `responses`, `headers`, `parameters`.
        section: String,
        /// The name.
        id: String,
    },
    /// `yaml vectors`: cases for the conformance vectors.
    Vectors {
        /// The category of all its cases.
        category: String,
        /// The file to which they go, without extension.
        file: String,
    },
    /// A doctest.
    Rust,
    /// A diagram.
    Mermaid,
    /// A language in which nothing is checked.
    Other,
    /// An info string that means nothing; a diagnostic says why.
    Unclassified,
}

/// What is claimed of an example.
#[derive(Debug, Clone)]
pub struct Example {
    /// The type it is an example of.
    pub of: String,
    /// Its name, for those who refer to it.
    pub id: Option<String>,
    /// The claimed verdict.
    pub verdict: Verdict,
    /// The key that signed it.
    pub signed_by: Option<String>,
    /// The challenge example that a payload answers.
    pub answers: Option<String>,
    /// The verifier's time, RFC 3339.
    pub now: Option<String>,
    /// Whether the nonce has been used before.
    pub consumed: bool,
    /// The example that is the operator's DID document.
    pub did: Option<String>,
    /// Requirements that it shows.
    pub covers: Vec<String>,
}

/// What an example claims to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Valid, and accepted if the verifier is asked.
    Valid,
    /// Refused by its schema: the keyword, and the JSON pointer where it is violated.
    Rejected {
        /// The violated keyword.
        keyword: String,
        /// Where in the example.
        at: String,
    },
    /// Valid, but refused by the verifier with this error code.
    Error {
        /// The code.
        code: String,
    },
}

/// The words of an info string or of a comment.
#[derive(Debug, Clone)]
pub struct Info {
    /// All of it.
    pub span: Span,
    /// The language, or the directive's name.
    pub language: String,
    /// The word after the language: `schema`, `example`, …
    pub kind: Option<Attribute>,
    /// `key=value` and bare words after them, in order.
    pub attributes: Vec<Attribute>,
}

impl Info {
    /// The attribute of a name.
    #[must_use]
    pub fn attribute(&self, name: &str) -> Option<&Attribute> {
        self.attributes
            .iter()
            .find(|attribute| attribute.name == name)
    }

    /// The value of an attribute.
    #[must_use]
    pub fn value(&self, name: &str) -> Option<&str> {
        self.attribute(name)
            .and_then(|attribute| attribute.value.as_deref())
    }

    /// Where the value of an attribute stands; the whole info string if it has none.
    #[must_use]
    pub fn value_span(&self, name: &str) -> Span {
        self.attribute(name)
            .map_or(self.span, |attribute| attribute.value_span)
    }
}

/// One word of an info string.
#[derive(Debug, Clone)]
pub struct Attribute {
    /// What stands before `=`.
    pub name: String,
    /// What stands after it, without quotes; none if there is no `=`.
    pub value: Option<String>,
    /// The name.
    pub name_span: Span,
    /// The value without quotes; the name if there is none.
    pub value_span: Span,
}

impl Attribute {
    /// The parts of a comma-separated value with their positions.
    pub fn list(&self) -> impl Iterator<Item = (&str, Span)> {
        let value = self.value.as_deref().unwrap_or_default();
        let mut start = self.value_span.start;
        value.split(',').filter_map(move |part| {
            let at = start;
            start += part.len() + 1;
            let trimmed = part.trim();
            let lead = part.len() - part.trim_start().len();
            let span = Span::new(self.value_span.file, at + lead..at + lead + trimmed.len());
            (!trimmed.is_empty()).then_some((trimmed, span))
        })
    }
}

/// The text of a fence, and where each of its bytes stands in the file.
///
/// In a list or a quote the text is indented, so that it is not one piece of the file.
#[derive(Debug, Clone)]
pub struct Body {
    text: String,
    file: FileId,
    /// Where pieces begin: in the text, and in the file.
    segments: Vec<(usize, usize)>,
}

impl Body {
    /// An empty body at a place of the file.
    #[must_use]
    pub fn empty(file: FileId, at: usize) -> Self {
        Self {
            text: String::new(),
            file,
            segments: vec![(0, at)],
        }
    }

    /// Appends a piece that stands at `at` in the file.
    pub fn push(&mut self, piece: &str, at: usize) {
        let offset = self.text.len();
        if offset == 0 {
            self.segments.clear();
        }
        let continues = self
            .segments
            .last()
            .is_some_and(|(text, file)| file + (offset - text) == at);
        if !continues || offset == 0 {
            self.segments.push((offset, at));
        }
        self.text.push_str(piece);
    }

    /// The text.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The file it stands in.
    #[must_use]
    pub fn file(&self) -> FileId {
        self.file
    }

    /// Where a byte of the text stands in the file.
    #[must_use]
    pub fn offset(&self, at: usize) -> usize {
        let after = self.segments.partition_point(|(text, _)| *text <= at);
        let (text, file) = after
            .checked_sub(1)
            .and_then(|index| self.segments.get(index))
            .copied()
            .unwrap_or((0, 0));
        file + (at - text)
    }

    /// Where a range of the text stands in the file.
    #[must_use]
    pub fn span(&self, range: Range<usize>) -> Span {
        let start = range.start.min(self.text.len());
        let end = range.end.clamp(start, self.text.len());
        // The last byte decides, so that the end of a line does not become the start of the next.
        let file_end = if end > start {
            self.offset(end - 1) + 1
        } else {
            self.offset(end)
        };
        Span::new(self.file, self.offset(start)..file_end)
    }

    /// All of it.
    #[must_use]
    pub fn whole(&self) -> Span {
        self.span(0..self.text.len())
    }

    /// A part of it.
    #[must_use]
    pub fn slice(&self, range: Range<usize>) -> Self {
        let mut part = Self::empty(self.file, self.offset(range.start.min(self.text.len())));
        let mut at = range.start;
        for piece in self
            .text
            .get(range)
            .unwrap_or_default()
            .split_inclusive('\n')
        {
            part.push(piece, self.offset(at));
            at += piece.len();
        }
        part
    }

    /// Whether it is one piece of the file.
    #[must_use]
    pub fn is_contiguous(&self) -> bool {
        self.segments.len() <= 1
    }
}

impl Requirement {
    /// Whether a fence belongs to it.
    #[must_use]
    pub fn has(&self, fence: &Fence) -> bool {
        self.blocks.iter().any(|block| block.contains(fence.span))
    }
}
