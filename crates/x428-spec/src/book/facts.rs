//! What a schema demands, in words.

use super::markup::escape;
use crate::value::{Data, Node};

/// Finds the page and anchor of a type.
pub(super) type TypeLink<'a> = dyn Fn(&str) -> Option<String> + 'a;

/// What a schema without a table of members demands, in words.
pub(super) fn facts(schema: &Node, link: &TypeLink<'_>) -> String {
    let mut facts = vec![kind(schema, link)];
    if let Some(pattern) = schema.get("pattern").and_then(Node::as_str) {
        facts.push(format!("pattern <code>{}</code>", escape(pattern)));
    }
    let ranges = [
        range(schema, "minLength", "maxLength", "character"),
        range(schema, "minItems", "maxItems", "item"),
        range(schema, "minimum", "maximum", ""),
    ];
    facts.extend(ranges.into_iter().flatten());
    facts.join(", ")
}

/// `1 to 35 characters`; none if nothing is limited.
fn range(schema: &Node, least: &str, most: &str, unit: &str) -> Option<String> {
    let bound = |name: &str| match schema.get(name).map(|node| &node.data) {
        Some(Data::Number(number)) => Some(number.to_string()),
        _ => None,
    };
    let (words, number) = match (bound(least), bound(most)) {
        (Some(least), Some(most)) if least == most => (least.clone(), least),
        (Some(least), Some(most)) => (format!("{least} to {most}"), most),
        (Some(least), None) => (format!("at least {least}"), least),
        (None, Some(most)) => (format!("at most {most}"), most),
        (None, None) => return None,
    };
    Some(match (unit, number.as_str()) {
        ("", _) => words,
        (unit, "1") => format!("{words} {unit}"),
        (unit, _) => format!("{words} {unit}s"),
    })
}

/// The type of a schema in words, as HTML.
fn kind(schema: &Node, link: &TypeLink<'_>) -> String {
    if let Some(name) = schema.get("$ref").and_then(Node::as_str) {
        return reference(name, link);
    }
    if let Some(value) = schema.get("const") {
        return format!("<code>{}</code>", escape(&value.to_value().to_string()));
    }
    if let Some(values) = schema.get("enum") {
        return join(
            values
                .elements()
                .iter()
                .map(|value| format!("<code>{}</code>", escape(&value.to_value().to_string()))),
            " or ",
        );
    }
    if let Some(branches) = schema.get("oneOf") {
        return join(
            branches.elements().iter().map(|branch| kind(branch, link)),
            " or ",
        );
    }
    match schema.get("type").map(|node| &node.data) {
        Some(Data::String(name)) if name == "array" => {
            let items = schema
                .get("items")
                .map_or_else(|| "any value".to_owned(), |items| kind(items, link));
            format!("array of {items}")
        }
        Some(Data::String(name)) => {
            let format = schema.get("format").and_then(Node::as_str);
            format.map_or_else(
                || escape(name),
                |format| format!("{}, {}", escape(name), escape(format)),
            )
        }
        Some(Data::Array(names)) => join(names.iter().filter_map(Node::as_str).map(escape), " or "),
        _ => "any value".to_owned(),
    }
}

fn reference(name: &str, link: &TypeLink<'_>) -> String {
    match link(name) {
        Some(target) => format!("<a href=\"{}\">{}</a>", escape(&target), escape(name)),
        None => escape(name),
    }
}

fn join(parts: impl Iterator<Item = String>, between: &str) -> String {
    parts.collect::<Vec<_>>().join(between)
}
