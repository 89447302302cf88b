//! What is made from a specification: files, as a tree in memory first.

mod code;
mod manifest;
mod schema;
mod vectors;
mod write;

use std::collections::BTreeMap;

pub use self::{
    code::code,
    manifest::manifest,
    schema::schemas,
    vectors::vectors,
    write::{Written, write},
};
pub(crate) use self::{vectors::VECTOR_SCHEMA, write::replace};

/// Files by their path below the root of the project, with `/`.
#[derive(Debug, Default, Clone)]
pub struct Tree {
    /// The files.
    pub files: BTreeMap<String, Vec<u8>>,
}

impl Tree {
    /// Adds a file.
    pub fn add(&mut self, path: impl Into<String>, content: impl Into<Vec<u8>>) {
        self.files.insert(path.into(), content.into());
    }

    /// Adds a JSON file in the house format.
    pub fn add_json(&mut self, path: impl Into<String>, value: &serde_json::Value) {
        let mut text = crate::value::format::format_value(value);
        text.push('\n');
        self.add(path, text);
    }

    /// The text of a file.
    #[must_use]
    pub fn text(&self, path: &str) -> Option<&str> {
        std::str::from_utf8(self.files.get(path)?).ok()
    }
}
