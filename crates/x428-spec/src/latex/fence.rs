//! Fences: what each is, above its listing.

use super::{
    Scope, code, diagram,
    error::LatexError,
    escape,
    inline::words,
    target::{anchor, link},
};
use crate::model::{Document, Example, Fence, FenceKind, Outcome};

/// A fence, `columns` characters wide.
pub(super) fn render(
    scope: &Scope<'_>,
    document: &Document,
    fence: &Fence,
    columns: usize,
) -> Result<String, LatexError> {
    let text = fence.body.text();
    if matches!(fence.kind, FenceKind::Mermaid) {
        return diagram::render(text).map_err(|fault| scope.at(fence.span, fault));
    }
    let (place, caption) = caption(scope, fence);
    let place = place.map_or_else(String::new, |place| {
        format!("\\xanchor{{{}}}", anchor(document, &place))
    });
    let caption = if caption.is_empty() {
        String::new()
    } else {
        format!("{place}{caption}")
    };
    Ok(code::listing(&fence.info.language, text, &caption, columns))
}

/// The anchor and the caption of a fence.
fn caption(scope: &Scope<'_>, fence: &Fence) -> (Option<String>, String) {
    let text = |name: &str| {
        fence
            .value
            .as_ref()
            .and_then(|value| value.get(name)?.as_str())
    };
    match &fence.kind {
        FenceKind::Schema { name } => {
            let name = name.as_deref().unwrap_or_default();
            (
                Some(format!("schema-{name}")),
                format!("{} {}", tag("xaccent", "JSON Schema"), escape::text(name)),
            )
        }
        FenceKind::Example(own) => (
            own.id.as_ref().map(|id| format!("example-{id}")),
            example(scope, fence, own),
        ),
        FenceKind::Key { id } => (
            Some(format!("key-{id}")),
            format!(
                "{} {}, published with its private part: trust nothing that it signs",
                tag("xaccent", "Public test key"),
                escape::text(id)
            ),
        ),
        FenceKind::Fragment { why } => {
            (None, format!("{} {}", tag("xsoft", "Fragment"), words(why)))
        }
        FenceKind::Exchange { id, step, carries } => {
            let what = if fence.body.text().trim_start().starts_with("HTTP/") {
                "Response"
            } else {
                "Request"
            };
            let mut caption = format!("{} {}, step {step}", tag("xaccent", what), escape::text(id));
            if !carries.is_empty() {
                let names: Vec<_> = carries
                    .iter()
                    .map(|name| link(scope.example_anchor(name), &escape::text(name)))
                    .collect();
                caption.push_str(", carries ");
                caption.push_str(&names.join(", "));
            }
            (Some(format!("exchange-{id}-{step}")), caption)
        }
        FenceKind::Operation { id } | FenceKind::Webhook { id } => {
            // A webhook has no path: its receiver chooses one.
            let route = match (text("method"), text("path").or(Some(id))) {
                (Some(method), Some(path)) => format!("{} {path}", method.to_uppercase()),
                _ => "Operation".to_owned(),
            };
            (
                Some(format!("operation-{id}")),
                format!("{} {}", tag("xaccent", &route), escape::text(id)),
            )
        }
        FenceKind::Component { section, id } => (
            Some(format!("component-{section}-{id}")),
            format!(
                "{} {}",
                tag(
                    "xaccent",
                    &format!("OpenAPI {}", section.trim_end_matches('s'))
                ),
                escape::text(id)
            ),
        ),
        FenceKind::Vectors { category, file } => (
            None,
            format!(
                "{} {}.json, category {}",
                tag("xaccent", "Vectors"),
                escape::text(file),
                escape::text(category)
            ),
        ),
        FenceKind::Value { id } => (
            Some(format!("example-{id}")),
            format!(
                "{} {}{}",
                tag("xaccent", "Value"),
                escape::text(id),
                computed(fence)
            ),
        ),
        FenceKind::Rust => (None, tag("xaccent", "Rust")),
        FenceKind::Mermaid | FenceKind::Other | FenceKind::Unclassified => (None, String::new()),
    }
}

/// How a fence says that its values are computed.
fn computed(fence: &Fence) -> String {
    fence
        .info
        .value("computed")
        .map_or_else(String::new, |how| {
            format!(", computed: {}", escape::text(how))
        })
}

fn tag(colour: &str, text: &str) -> String {
    format!("\\xtag{{{colour}}}{{{}}}", escape::text(text))
}

/// The name of an example, what it is of, and how it was judged.
fn example(scope: &Scope<'_>, fence: &Fence, example: &Example) -> String {
    let result = scope.report.fence(fence.id);
    let verdict = match &result.outcome {
        Outcome::Rejected { keyword, at } => {
            let at = if at.is_empty() { "the root" } else { at };
            format!(
                "{} at {}",
                tag("xbad", &format!("refused: {keyword}")),
                escape::text(at)
            )
        }
        Outcome::Refused { code } => format!(
            "{} by the verifier",
            tag("xbad", &format!("refused: {code}"))
        ),
        Outcome::Accepted => tag("xgood", "accepted by the verifier"),
        Outcome::Valid => tag("xgood", "valid"),
        Outcome::Failed => tag("xbad", "does not hold"),
        Outcome::Unchecked => tag("xsoft", "not checked"),
    };
    let name = example
        .id
        .as_ref()
        .map_or_else(String::new, |id| format!(" {}", escape::text(id)));
    let mut out = format!(
        "{}{name} of {}, {verdict}",
        tag("xaccent", "Example"),
        link(scope.type_anchor(&example.of), &escape::text(&example.of))
    );
    if let Some(key) = &result.signed_by {
        out.push_str(", signature verified with ");
        out.push_str(&link(scope.key_anchor(key), &escape::text(key)));
    }
    out.push_str(&computed(fence));
    if let Some(id) = &example.answers {
        out.push_str(", answers ");
        out.push_str(&link(scope.example_anchor(id), &escape::text(id)));
    }
    if example.consumed {
        out.push_str(", the nonce has been used");
    }
    if let Some(now) = &example.now {
        out.push_str(", at ");
        out.push_str(&escape::text(now));
    }
    out
}
