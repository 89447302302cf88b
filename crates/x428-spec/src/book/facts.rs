//! What a schema demands, in words.

use super::markup::escape;
use crate::value::{Data, Node};

/// Finds the page and anchor of a type.
pub(super) type TypeLink<'a> = dyn Fn(&str) -> Option<String> + 'a;

/// What a schema without a table of members demands, in words.
pub(super) fn facts(schema: &Node, link: &TypeLink<'_>) -> String {
    let mut facts = vec![kind(schema, link)];
    let names = [
        ("pattern", "pattern"),
        ("minLength", "at least this many characters:"),
        ("maxLength", "at most this many characters:"),
        ("minimum", "at least"),
        ("maximum", "at most"),
    ];
    for (keyword, words) in names {
        if let Some(value) = schema.get(keyword) {
            let value = value
                .as_str()
                .map_or_else(|| value.to_value().to_string(), str::to_owned);
            facts.push(format!("{words} <code>{}</code>", escape(&value)));
        }
    }
    facts.join(", ")
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
