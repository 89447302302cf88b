//! Diagrams: every line is understood, so that the book can draw them.

use crate::{
    diagnostic::{Code, Diagnostic},
    diagram,
    model::{Fence, FenceKind, Spec},
};

/// Checks all diagrams.
pub(super) fn check(spec: &Spec, found: &mut Vec<Diagnostic>) {
    for (_, fence) in spec
        .fences()
        .filter(|(_, fence)| matches!(fence.kind, FenceKind::Mermaid))
    {
        for error in diagram::parse(fence.body.text()).err().unwrap_or_default() {
            found.push(at_its_line(fence, &error));
        }
    }
}

fn at_its_line(fence: &Fence, error: &diagram::DiagramError) -> Diagnostic {
    let text = fence.body.text();
    let start: usize = text
        .split_inclusive('\n')
        .take(error.line)
        .map(str::len)
        .sum();
    let line = text[start..].lines().next().unwrap_or_default();
    let lead = line.len() - line.trim_start().len();
    let span = if line.trim().is_empty() {
        fence.info.span
    } else {
        fence.body.span(start + lead..start + line.trim_end().len())
    };
    Diagnostic::new(Code::DiagramSyntax, span, error.to_string())
}
