//! Which requirement is met where, and what shows it.

use std::collections::BTreeMap;

use super::FenceId;
use crate::source::Span;

/// What a comment in code says of a requirement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CoverageKind {
    /// `r[impl id]`: the code meets it.
    Implements,
    /// `r[verify id]`: a test shows it.
    Verifies,
}

/// A comment in code that names a requirement.
#[derive(Debug, Clone)]
pub struct Site {
    /// What it says.
    pub kind: CoverageKind,
    /// The id.
    pub id: String,
    /// Where the id stands.
    pub span: Span,
}

/// What is known of one requirement.
#[derive(Debug, Clone, Default)]
pub struct RequirementCoverage {
    /// Code that meets it.
    pub implementations: Vec<Span>,
    /// Tests that show it.
    pub tests: Vec<Span>,
    /// Ids of the vectors that show it.
    pub vectors: Vec<String>,
    /// Refused examples that show it.
    pub examples: Vec<FenceId>,
    /// Why nothing can show it yet (table `untested`).
    pub untested: Option<String>,
}

impl RequirementCoverage {
    /// Whether anything shows it.
    #[must_use]
    pub fn is_shown(&self) -> bool {
        !self.tests.is_empty() || !self.vectors.is_empty() || !self.examples.is_empty()
    }

    /// Whether anything shows it or a reason is given.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        self.is_shown() || self.untested.is_some()
    }
}

/// The coverage of all requirements.
#[derive(Debug, Clone, Default)]
pub struct Coverage {
    /// By requirement id; every requirement of the text has an entry.
    pub requirements: BTreeMap<String, RequirementCoverage>,
}

impl Coverage {
    /// The coverage of one requirement.
    #[must_use]
    pub fn of(&self, id: &str) -> Option<&RequirementCoverage> {
        self.requirements.get(id)
    }
}
