//! `x428:fields`: the members of a type.

use super::{link_path, table};
use crate::{
    model::{Document, Protocol, Spec, TypeOrigin},
    value::{Data, Node},
};

/// The members of a type: name, type, whether it is required, meaning. Alternatives have a row
/// each.
pub(super) fn table_of(
    spec: &Spec,
    protocol: &Protocol,
    document: &Document,
    of: &str,
) -> Option<String> {
    let schema = protocol.type_definition(of)?.schema(spec)?;
    let words = Words {
        spec,
        protocol,
        document,
    };
    if let Some(alternatives) = schema.get("oneOf") {
        let rows: Vec<_> = alternatives
            .elements()
            .iter()
            .map(|alternative| vec![words.type_of(alternative), words.meaning(alternative)])
            .collect();
        return Some(table(&["alternative", "meaning"], &rows));
    }
    let required: Vec<_> = schema
        .get("required")
        .map(Node::elements)
        .unwrap_or_default()
        .iter()
        .filter_map(Node::as_str)
        .collect();
    let rows: Vec<_> = schema
        .get("properties")?
        .members()
        .iter()
        .map(|member| {
            let is_required = if required.contains(&member.name.as_str()) {
                "yes"
            } else {
                "no"
            };
            vec![
                format!("`{}`", member.name),
                words.type_of(&member.value),
                is_required.to_owned(),
                words.meaning(&member.value),
            ]
        })
        .collect();
    Some(table(&["member", "type", "required", "meaning"], &rows))
}

struct Words<'a> {
    spec: &'a Spec,
    protocol: &'a Protocol,
    document: &'a Document,
}

impl Words<'_> {
    /// The description, or that of the type that is referred to.
    fn meaning(&self, schema: &Node) -> String {
        let own = schema.get("description").and_then(Node::as_str);
        let target = schema.get("$ref").and_then(Node::as_str);
        let target = target.and_then(|name| self.protocol.type_definition(name)?.schema(self.spec));
        let inherited = target
            .and_then(|target| target.get("description"))
            .and_then(Node::as_str);
        own.or(inherited).unwrap_or_default().to_owned()
    }

    fn type_of(&self, schema: &Node) -> String {
        if let Some(name) = schema.get("$ref").and_then(Node::as_str) {
            return self.link(name);
        }
        if let Some(constant) = schema.get("const") {
            return format!("`{}`", constant.to_value());
        }
        if let Some(values) = schema.get("enum") {
            let values: Vec<_> = values
                .elements()
                .iter()
                .map(|value| format!("`{}`", value.to_value()))
                .collect();
            return values.join(", ");
        }
        if let Some(alternatives) = schema.get("oneOf").or(schema.get("anyOf")) {
            let words: Vec<_> = alternatives
                .elements()
                .iter()
                .map(|own| self.type_of(own))
                .collect();
            return words.join(" or ");
        }
        let Some(kind) = schema.get("type") else {
            return "any".to_owned();
        };
        let kinds: Vec<_> = match &kind.data {
            Data::Array(kinds) => kinds.iter().filter_map(Node::as_str).collect(),
            _ => kind.as_str().into_iter().collect(),
        };
        let words: Vec<_> = kinds
            .iter()
            .map(|kind| self.one_type(kind, schema))
            .collect();
        words.join(" or ")
    }

    fn one_type(&self, kind: &str, schema: &Node) -> String {
        match kind {
            "array" => {
                let items = schema
                    .get("items")
                    .map_or_else(|| "any".to_owned(), |items| self.type_of(items));
                format!(
                    "array of {items}{}",
                    range(schema, "minItems", "maxItems", "")
                )
            }
            "string" => {
                let format = schema.get("format").and_then(Node::as_str);
                let format = format
                    .map(|format| format!(" ({format})"))
                    .unwrap_or_default();
                format!(
                    "string{format}{}",
                    range(schema, "minLength", "maxLength", " characters")
                )
            }
            "integer" | "number" => format!("{kind}{}", range(schema, "minimum", "maximum", "")),
            other => other.to_owned(),
        }
    }

    /// The name of a type, linked to the section that defines it.
    fn link(&self, name: &str) -> String {
        let place = self.protocol.type_definition(name).and_then(|definition| {
            let (document, offset) = match &definition.origin {
                TypeOrigin::Fence(id) => (id.document, self.spec.fence(*id)?.span.start),
                TypeOrigin::Codes(schema) => {
                    let file = schema.span.file;
                    let mut documents = self.spec.documents.iter();
                    (
                        documents.find(|own| own.file == file)?.index,
                        schema.span.start,
                    )
                }
            };
            let document = self.spec.documents.get(document)?;
            Some((document, document.heading_at(offset)?))
        });
        match place {
            Some((document, heading)) => {
                format!(
                    "[{name}]({}#{})",
                    link_path(self.document, document),
                    heading.slug
                )
            }
            None => name.to_owned(),
        }
    }
}

/// `, 1 to 16`; what is not limited is not said.
fn range(schema: &Node, least: &str, most: &str, unit: &str) -> String {
    let bound = |name: &str| match schema.get(name).map(|node| &node.data) {
        Some(Data::Number(number)) => Some(number.to_string()),
        _ => None,
    };
    match (bound(least), bound(most)) {
        (Some(least), Some(most)) if least == most => format!(", {least}{unit}"),
        (Some(least), Some(most)) => format!(", {least} to {most}{unit}"),
        (Some(least), None) => format!(", at least {least}{unit}"),
        (None, Some(most)) => format!(", at most {most}{unit}"),
        (None, None) => String::new(),
    }
}
