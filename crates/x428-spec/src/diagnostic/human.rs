//! For people: the source, underlined.

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet, renderer::DecorStyle};

use super::{Diagnostic, Label, Severity};
use crate::source::{FileId, Sources, Span};

/// How many bytes of one line are shown; a line may be a whole encoded header.
const LONGEST_SPAN: usize = 400;

/// How it is drawn.
#[derive(Debug, Clone, Copy)]
pub struct Style {
    /// Whether the output goes to a terminal that shows colours.
    pub colour: bool,
    /// The width of the terminal in columns.
    pub width: usize,
}

impl Style {
    /// Without colours, 120 columns wide.
    pub const PLAIN: Self = Self {
        colour: false,
        width: 120,
    };
}

/// A diagnostic with the lines it is about, ending in a newline.
#[must_use]
pub fn human(diagnostic: &Diagnostic, sources: &Sources, style: Style) -> String {
    let level = match diagnostic.severity() {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let title = level
        .primary_title(diagnostic.message.as_str())
        .id(diagnostic.code.as_str());
    let mut group = Group::with_title(title);
    for (file, labels) in by_file(diagnostic) {
        group = group.element(snippet(sources, file, &labels));
    }
    if let Some(help) = &diagnostic.help {
        group = group.element(Level::HELP.message(help.as_str()));
    }
    let renderer = if style.colour {
        Renderer::styled().decor_style(DecorStyle::Unicode)
    } else {
        Renderer::plain()
    };
    let mut text = renderer.term_width(style.width).render(&[group]);
    text.push('\n');
    text
}

/// The labels of each file, the primary one's first.
fn by_file(diagnostic: &Diagnostic) -> Vec<(FileId, Vec<(&Label, AnnotationKind)>)> {
    let mut files = vec![(
        diagnostic.primary.span.file,
        vec![(&diagnostic.primary, AnnotationKind::Primary)],
    )];
    for label in &diagnostic.secondary {
        match files.iter_mut().find(|(file, _)| *file == label.span.file) {
            Some((_, labels)) => labels.push((label, AnnotationKind::Context)),
            None => files.push((label.span.file, vec![(label, AnnotationKind::Context)])),
        }
    }
    files
}

/// Only the lines around the labels are given to the renderer, which else scans whole files.
fn snippet<'a>(
    sources: &'a Sources,
    file: FileId,
    labels: &[(&'a Label, AnnotationKind)],
) -> Snippet<'a, annotate_snippets::Annotation<'a>> {
    let source = sources.file(file);
    let text = source.text();
    let spans: Vec<_> = labels
        .iter()
        .map(|(label, _)| shown(text, label.span))
        .collect();
    let first = spans.iter().map(|span| span.0).min().unwrap_or(0);
    let last = spans.iter().map(|span| span.1).max().unwrap_or(0);
    let start = text
        .get(..first)
        .and_then(|before| before.rfind('\n'))
        .map_or(0, |at| at + 1);
    let end = text
        .get(last..)
        .and_then(|after| after.find('\n'))
        .map_or(text.len(), |at| last + at);
    let annotations = labels
        .iter()
        .zip(&spans)
        .map(|((label, kind), (from, to))| {
            let annotation = kind.span(from - start..to - start);
            if label.text.is_empty() {
                annotation
            } else {
                annotation.label(label.text.as_str())
            }
        });
    Snippet::source(text.get(start..end).unwrap_or_default())
        .line_start(source.position(start).line)
        .path(source.path())
        .annotations(annotations)
}

/// A span on character boundaries, on one line and not too long: what a reader has to look at is
/// where it begins.
fn shown(text: &str, span: Span) -> (usize, usize) {
    let start = floor(text, span.start.min(text.len()));
    let line_end = text
        .get(start..)
        .and_then(|rest| rest.find('\n'))
        .map_or(text.len(), |at| start + at);
    let end = floor(
        text,
        span.end.min(line_end).min(start + LONGEST_SPAN).max(start),
    );
    if end == start && start < line_end {
        let next = text
            .get(start..)
            .and_then(|rest| rest.chars().next())
            .map_or(0, char::len_utf8);
        return (start, start + next);
    }
    (start, end)
}

fn floor(text: &str, mut at: usize) -> usize {
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}
