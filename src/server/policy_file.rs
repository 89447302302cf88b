//! Rules and preconditions as a file.
//!
//! ```toml
//! base = "https://api.example.com"
//!
//! [[rules]]
//! path = "/reports/*"            # one more segment; `/reports/**` is everything below
//! methods = ["GET"]              # every method unless they are listed; `HEAD` goes with `GET`
//! preconditions = ["terms"]      # in the order in which they are verified
//! grants = "siblings"            # what a token opens: the resource unless it is said here
//!
//! [preconditions.terms]
//! type = "tos"
//! methods = ["self"]
//! version = "2026-11"
//! document-url = "https://api.example.com/terms/2026-11.txt"
//! document-hash = "sha256-969248b43c92b6d938ea589b7255be8d3f835784699da8c53dfebf377230d466"
//! ```
//!
//! The first rule that matches decides; one with `preconditions = []` leaves its path open. Its
//! JSON Schema is `schema/config/attestation-policy.json`.

use std::sync::Arc;

use ::http::{Method, Uri};

use super::base::PublicBase;
use super::guard::{Guard, Requirement};
use crate::attestation::issue::Policy;

mod path;
mod read;
#[cfg(test)]
mod tests;

use path::{Pattern, readings};
pub use read::{PolicyFileError, schema};

/// A policy file: a [`Guard`], and the address under which clients know the server.
#[derive(Debug, Clone)]
pub struct PolicyFile {
    base: PublicBase,
    rules: Vec<Rule>,
    types: Vec<String>,
}

#[derive(Debug, Clone)]
struct Rule {
    path: Pattern,
    /// Every method if there are none.
    methods: Vec<Method>,
    /// Nothing if the path is left open.
    requirement: Option<Requirement>,
}

impl PolicyFile {
    /// Reads a policy file.
    ///
    /// # Errors
    /// [`PolicyFileError`] with the line, the column and the reason of the first mistake.
    pub fn parse(text: &str) -> Result<Self, PolicyFileError> {
        read::read(text)
    }

    /// The public base.
    #[must_use]
    pub fn base(&self) -> &PublicBase {
        &self.base
    }

    /// The policies of the rules that require something, in their order.
    pub fn policies(&self) -> impl Iterator<Item = &Arc<Policy>> {
        let requirements = self
            .rules
            .iter()
            .filter_map(|rule| rule.requirement.as_ref());
        requirements.map(Requirement::policy)
    }

    fn rule_for(&self, method: &Method, path: &str) -> Option<&Requirement> {
        // What may be had by `GET` is told by `HEAD`.
        let method = match *method {
            Method::HEAD => &Method::GET,
            _ => method,
        };
        let mut rules = self.rules.iter().filter(|rule| rule.path.matches(path));
        let rule = rules.find(|rule| rule.methods.is_empty() || rule.methods.contains(method));
        rule.and_then(|rule| rule.requirement.as_ref())
    }
}

impl Guard for PolicyFile {
    /// A path that can be read in several ways is guarded if it is guarded in one of them.
    fn requirement(&self, method: &Method, uri: &Uri) -> Option<Requirement> {
        let readings = readings(uri.path());
        let mut found = readings
            .iter()
            .filter_map(|path| self.rule_for(method, path));
        found.next().cloned()
    }

    fn precondition_types(&self) -> Vec<String> {
        self.types.clone()
    }
}
