//! Requirements: `r[id]` and the text that follows it.

use crate::source::Span;

/// How much a keyword of BCP 14 asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Strength {
    /// MAY, OPTIONAL
    May,
    /// SHOULD, SHOULD NOT, RECOMMENDED, NOT RECOMMENDED
    Should,
    /// MUST, MUST NOT, SHALL, SHALL NOT, REQUIRED
    Must,
}

/// An uppercase word of BCP 14.
#[derive(Debug, Clone)]
pub struct Keyword {
    /// The word as written: `MUST NOT`.
    pub word: &'static str,
    /// How much it asks.
    pub strength: Strength,
    /// Where it stands.
    pub span: Span,
}

/// A requirement.
#[derive(Debug, Clone)]
pub struct Requirement {
    /// The id: `attestation.nonce.single-use`.
    pub id: String,
    /// The id, without `r[` and `]`.
    pub id_span: Span,
    /// The line `r[…]` without its newline.
    pub line: Span,
    /// The blocks that belong to it: a paragraph (or the rest of it), a list, a table.
    pub blocks: Vec<Span>,
    /// The keywords in them.
    pub keywords: Vec<Keyword>,
}

impl Requirement {
    /// The strongest keyword.
    #[must_use]
    pub fn strength(&self) -> Option<Strength> {
        self.keywords.iter().map(|keyword| keyword.strength).max()
    }

    /// The anchor of the requirement in the book: `r-attestation.nonce.single-use`.
    #[must_use]
    pub fn anchor(&self) -> String {
        format!("r-{}", self.id)
    }
}
