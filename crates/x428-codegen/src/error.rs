//! The error of an input that cannot be generated from.

use std::fmt;

/// A bundle or manifest from which nothing can be generated, with the place and a way out.
///
/// ```text
/// schema/attestation.json#/$defs/Nonce/pattern: the pattern does not compile: …
///   help: write an ECMA-262 pattern that every validator reads
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub struct Error {
    /// The file, as it was named when it was loaded.
    pub file: String,
    /// The JSON pointer into that file (RFC 6901).
    pub pointer: String,
    /// What is wrong, in a sentence without a full stop.
    pub reason: String,
    /// What to do about it.
    pub help: String,
}

impl Error {
    pub(crate) fn new(
        file: impl Into<String>,
        pointer: impl Into<String>,
        reason: impl Into<String>,
        help: impl Into<String>,
    ) -> Self {
        Self {
            file: file.into(),
            pointer: pointer.into(),
            reason: reason.into(),
            help: help.into(),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", self.file)?;
        if !self.pointer.is_empty() {
            write!(formatter, "#{}", self.pointer)?;
        }
        write!(formatter, ": {}\n  help: {}", self.reason, self.help)
    }
}

/// Appends one reference token to a JSON pointer.
pub(crate) fn at(pointer: &str, token: impl fmt::Display) -> String {
    format!(
        "{pointer}/{}",
        token.to_string().replace('~', "~0").replace('/', "~1")
    )
}
