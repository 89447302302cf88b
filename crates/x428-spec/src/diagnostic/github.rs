//! For GitHub Actions: workflow commands that annotate a pull request.

use super::Diagnostic;
use crate::source::Sources;

/// A diagnostic as one `::error …` line, ending in a newline.
#[must_use]
pub fn github(diagnostic: &Diagnostic, sources: &Sources) -> String {
    let span = diagnostic.primary.span;
    let file = sources.file(span.file);
    let (start, end) = (file.position(span.start), file.position(span.end));
    let mut message = diagnostic.message.clone();
    for text in std::iter::once(&diagnostic.primary.text)
        .filter(|text| !text.is_empty())
        .chain(&diagnostic.help)
    {
        message.push('\n');
        message.push_str(text);
    }
    let end_column = if start.line == end.line {
        format!(",endColumn={}", end.column)
    } else {
        String::new()
    };
    format!(
        "::{} file={},line={},endLine={},col={}{end_column},title={}::{}\n",
        diagnostic.severity().word(),
        property(file.path()),
        start.line,
        end.line,
        start.column,
        property(&format!("{}: {}", diagnostic.code, diagnostic.code.title())),
        data(&message),
    )
}

fn data(text: &str) -> String {
    text.replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
