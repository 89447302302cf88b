//! What the checks found, beside the diagnostics.

use std::collections::HashMap;

use super::{Coverage, FenceId};
use crate::diagnostic::{Diagnostic, Severity};

/// What the schema and the verifier said of a fence.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Outcome {
    /// Nothing could be checked, or nothing had to.
    #[default]
    Unchecked,
    /// Valid against its schema.
    Valid,
    /// Valid, and accepted by the verifier.
    Accepted,
    /// Refused by its schema, as it claims.
    Rejected {
        /// The violated keyword.
        keyword: String,
        /// Where.
        at: String,
    },
    /// Refused by the verifier with this code, as it claims.
    Refused {
        /// The code.
        code: String,
    },
    /// Not what it claims to be; a diagnostic says why.
    Failed,
}

/// What was found for one fence.
#[derive(Debug, Clone, Default)]
pub struct FenceResult {
    /// The verdict.
    pub outcome: Outcome,
    /// The key whose signature was verified.
    pub signed_by: Option<String>,
    /// The violated rule of the schema, in words, of an example that is refused.
    pub reason: Option<String>,
}

/// How much was checked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Markdown files.
    pub files: usize,
    /// Schemas.
    pub schemas: usize,
    /// Examples.
    pub examples: usize,
    /// Signatures.
    pub signatures: usize,
    /// Values that are computed from others.
    pub computed: usize,
    /// Requirements.
    pub requirements: usize,
    /// HTTP messages.
    pub messages: usize,
    /// Links.
    pub links: usize,
    /// Vectors.
    pub vectors: usize,
}

impl Counts {
    /// Adds up.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            files: self.files + other.files,
            schemas: self.schemas + other.schemas,
            examples: self.examples + other.examples,
            signatures: self.signatures + other.signatures,
            computed: self.computed + other.computed,
            requirements: self.requirements + other.requirements,
            messages: self.messages + other.messages,
            links: self.links + other.links,
            vectors: self.vectors + other.vectors,
        }
    }
}

/// All that [`check`](crate::check::check) found.
#[derive(Debug, Default)]
pub struct Report {
    /// Everything that is wrong, sorted by file and position.
    pub diagnostics: Vec<Diagnostic>,
    /// By fence, for those that were checked.
    pub fences: HashMap<FenceId, FenceResult>,
    /// Which requirement is shown by what.
    pub coverage: Coverage,
    /// How much was checked.
    pub counts: Counts,
}

impl Report {
    /// How many errors there are.
    #[must_use]
    pub fn errors(&self) -> usize {
        self.diagnostics
            .iter()
            .filter(|diagnostic| diagnostic.severity() == Severity::Error)
            .count()
    }

    /// How many warnings there are.
    #[must_use]
    pub fn warnings(&self) -> usize {
        self.diagnostics.len() - self.errors()
    }

    /// The result of a fence; the default if it was not checked.
    #[must_use]
    pub fn fence(&self, id: FenceId) -> FenceResult {
        self.fences.get(&id).cloned().unwrap_or_default()
    }
}
