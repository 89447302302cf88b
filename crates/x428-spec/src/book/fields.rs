//! A type's members as a table, and its type in words.

use super::markup::{escape, inline, put};
use crate::value::{Data, Node};

/// Finds the page and anchor of a type.
pub(super) type TypeLink<'a> = dyn Fn(&str) -> Option<String> + 'a;

/// The members of an object as a table; none if the schema describes no members.
pub(super) fn table(schema: &Node, link: &TypeLink<'_>) -> Option<String> {
    let properties = schema.get("properties")?.members();
    if properties.is_empty() {
        return None;
    }
    let required: Vec<&str> = schema
        .get("required")
        .map(Node::elements)
        .unwrap_or_default()
        .iter()
        .filter_map(Node::as_str)
        .collect();
    let mut out = String::from(
        "<div class=\"table-wrapper\"><table><thead><tr><th>member</th><th>type</th><th>required</th><th>meaning</th>\
         </tr></thead><tbody>",
    );
    for member in properties {
        let need = if required.contains(&member.name.as_str()) {
            "yes"
        } else {
            "no"
        };
        put(
            &mut out,
            format_args!(
                "<tr><td><code>{}</code></td><td>{}</td><td>{need}</td><td>{}</td></tr>",
                escape(&member.name),
                kind(&member.value, link),
                inline(
                    member
                        .value
                        .get("description")
                        .and_then(Node::as_str)
                        .unwrap_or_default()
                )
            ),
        );
    }
    out.push_str("</tbody></table></div>");
    Some(out)
}

/// The type of a schema in words, as HTML.
pub(super) fn kind(schema: &Node, link: &TypeLink<'_>) -> String {
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
