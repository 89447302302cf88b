//! Generated regions: what a machine writes between two comments of the text.

mod fields;
mod requirements;
mod states;
mod vectors;

use std::{borrow::Cow, ops::Range};

use crate::{
    model::{Document, Region, RegionKind, Spec},
    source::Span,
};

/// What should stand between the comments of a region; none if it names a type that does not
/// exist, or stands outside of any protocol.
#[must_use]
pub fn render(spec: &Spec, document: &Document, region: &Region) -> Option<String> {
    let protocol = spec.protocol_of(document)?;
    let table = match &region.kind {
        RegionKind::Fields { of } => fields::table_of(spec, protocol, document, of)?,
        RegionKind::Requirements { prefix } => {
            requirements::table_of(spec, protocol, document, prefix.as_deref())
        }
        RegionKind::States { of } => states::diagram_of(spec, protocol, of)?,
        RegionKind::Vectors => vectors::table_of(spec, protocol, document),
    };
    Some(format!("\n{table}"))
}

/// Whether a text is what should stand in a region. How its lines end is no difference.
pub(crate) fn is_current(content: &str, rendered: &str) -> bool {
    content.lines().eq(rendered.lines())
}

/// The first line of a region that no generator has written: all that they write are tables, or one
/// diagram.
pub(crate) fn foreign(spec: &Spec, region: &Region) -> Option<Span> {
    let mut start = region.content.start;
    if matches!(region.kind, RegionKind::States { .. }) {
        return foreign_to_diagram(spec.text(region.content))
            .map(|range| Span::new(region.content.file, start + range.start..start + range.end));
    }
    for line in spec.text(region.content).split_inclusive('\n') {
        let own = line.trim_end();
        if !own.is_empty() && !own.starts_with('|') {
            return Some(Span::new(region.content.file, start..start + own.len()));
        }
        start += line.len();
    }
    None
}

/// The first line that is neither blank nor of the one fence.
fn foreign_to_diagram(text: &str) -> Option<Range<usize>> {
    let (mut start, mut fences) = (0, 0);
    for line in text.split_inclusive('\n') {
        let own = line.trim_end();
        let is_fence = own.starts_with("```");
        fences += usize::from(is_fence);
        if fences > 2 || (!own.is_empty() && fences != 1 && !is_fence) {
            return Some(start..start + own.len());
        }
        start += line.len();
    }
    None
}

/// A table in Markdown, ending in a newline.
fn table(columns: &[&str], rows: &[Vec<String>]) -> String {
    let mut text = format!(
        "| {} |\n|{}\n",
        columns.join(" | "),
        "---|".repeat(columns.len())
    );
    for row in rows {
        let cells: Vec<_> = row.iter().map(|cell| escape(cell)).collect();
        text.extend(["| ", &cells.join(" | "), " |\n"]);
    }
    text
}

/// A cell holds one line, and no `|` of its own.
fn escape(cell: &str) -> Cow<'_, str> {
    if !cell.contains(['|', '\n', '\r']) {
        return cell.trim().into();
    }
    let line = cell.split_whitespace().collect::<Vec<_>>().join(" ");
    line.replace("\\|", "|").replace('|', "\\|").into()
}

/// The path by which one document links to another.
fn link_path(from: &Document, to: &Document) -> String {
    if from.index == to.index {
        return String::new();
    }
    let from: Vec<_> = from.path.split('/').collect();
    let to: Vec<_> = to.path.split('/').collect();
    let directories = from.len() - 1;
    let shared = from
        .iter()
        .take(directories)
        .zip(&to)
        .take_while(|(a, b)| a == b)
        .count();
    let up = std::iter::repeat_n("..", directories - shared);
    up.chain(to[shared..].iter().copied())
        .collect::<Vec<_>>()
        .join("/")
}
