//! For programs: one JSON object a line.

use serde::Serialize;

use super::{Diagnostic, Label};
use crate::source::{Position, Sources};

#[derive(Serialize)]
struct Line<'a> {
    code: &'static str,
    severity: &'static str,
    message: &'a str,
    #[serde(flatten)]
    place: Place<'a>,
    related: Vec<Place<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    help: Option<&'a str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Place<'a> {
    file: &'a str,
    line: usize,
    column: usize,
    end_line: usize,
    end_column: usize,
    #[serde(skip_serializing_if = "str::is_empty")]
    label: &'a str,
}

impl<'a> Place<'a> {
    fn new(label: &'a Label, sources: &'a Sources) -> Self {
        let file = sources.file(label.span.file);
        let Position { line, column } = file.position(label.span.start);
        let end = file.position(label.span.end);
        Self {
            file: file.path(),
            line,
            column,
            end_line: end.line,
            end_column: end.column,
            label: &label.text,
        }
    }
}

/// A diagnostic as one line of JSON, ending in a newline. Lines and columns count from 1, columns
/// in characters.
#[must_use]
pub fn json(diagnostic: &Diagnostic, sources: &Sources) -> String {
    let line = Line {
        code: diagnostic.code.as_str(),
        severity: diagnostic.severity().word(),
        message: &diagnostic.message,
        place: Place::new(&diagnostic.primary, sources),
        related: diagnostic
            .secondary
            .iter()
            .map(|label| Place::new(label, sources))
            .collect(),
        help: diagnostic.help.as_deref(),
    };
    // Strings and numbers only: nothing that could fail to serialize.
    let mut text = serde_json::to_string(&line).unwrap_or_default();
    text.push('\n');
    text
}
