//! What a JSON Schema 2020-12 is made of, as far as one has to know it to walk through one.

use serde_json::{Map, Value};

use crate::{
    model::{Protocol, Spec},
    value::{Data, Member, Node, pointer},
};

/// What the value of a keyword holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holds {
    /// Something that is no schema.
    Value,
    /// A schema.
    Schema,
    /// An array of schemas.
    Schemas,
    /// An object whose values are schemas.
    Named,
}

/// The keywords that a type may use. `$id`, `$schema`, `$defs` and their like are the compiler's.
pub const KEYWORDS: &[(&str, Holds)] = &[
    ("$comment", Holds::Value),
    ("$ref", Holds::Value),
    ("additionalProperties", Holds::Schema),
    ("allOf", Holds::Schemas),
    ("anyOf", Holds::Schemas),
    ("const", Holds::Value),
    ("contains", Holds::Schema),
    ("contentEncoding", Holds::Value),
    ("contentMediaType", Holds::Value),
    ("contentSchema", Holds::Schema),
    ("default", Holds::Value),
    ("dependentRequired", Holds::Value),
    ("dependentSchemas", Holds::Named),
    ("deprecated", Holds::Value),
    ("description", Holds::Value),
    ("else", Holds::Schema),
    ("enum", Holds::Value),
    ("examples", Holds::Value),
    ("exclusiveMaximum", Holds::Value),
    ("exclusiveMinimum", Holds::Value),
    ("format", Holds::Value),
    ("if", Holds::Schema),
    ("items", Holds::Schema),
    ("maxContains", Holds::Value),
    ("maxItems", Holds::Value),
    ("maxLength", Holds::Value),
    ("maxProperties", Holds::Value),
    ("maximum", Holds::Value),
    ("minContains", Holds::Value),
    ("minItems", Holds::Value),
    ("minLength", Holds::Value),
    ("minProperties", Holds::Value),
    ("minimum", Holds::Value),
    ("multipleOf", Holds::Value),
    ("not", Holds::Schema),
    ("oneOf", Holds::Schemas),
    ("pattern", Holds::Value),
    ("patternProperties", Holds::Named),
    ("prefixItems", Holds::Schemas),
    ("properties", Holds::Named),
    ("propertyNames", Holds::Schema),
    ("readOnly", Holds::Value),
    ("required", Holds::Value),
    ("then", Holds::Schema),
    ("title", Holds::Value),
    ("type", Holds::Value),
    ("unevaluatedItems", Holds::Schema),
    ("unevaluatedProperties", Holds::Schema),
    ("uniqueItems", Holds::Value),
    ("writeOnly", Holds::Value),
];

/// What a keyword holds; none if there is no such keyword.
#[must_use]
pub fn holds(keyword: &str) -> Option<Holds> {
    KEYWORDS
        .binary_search_by(|(name, _)| name.cmp(&keyword))
        .ok()
        .map(|index| KEYWORDS[index].1)
}

/// The schemas directly within a schema, each with the member that holds it and its pointer below
/// the schema.
pub fn children(schema: &Node) -> impl Iterator<Item = (&Member, String, &Node)> {
    schema.members().iter().flat_map(|member| {
        let at = pointer::join("", &member.name);
        let found: Vec<_> = match holds(&member.name) {
            Some(Holds::Schema) => vec![(at, &member.value)],
            Some(Holds::Schemas) => {
                let elements = member.value.elements().iter().enumerate();
                elements
                    .map(|(index, schema)| (format!("{at}/{index}"), schema))
                    .collect()
            }
            Some(Holds::Named) => {
                let members = member.value.members().iter();
                members
                    .map(|own| (pointer::join(&at, &own.name), &own.value))
                    .collect()
            }
            Some(Holds::Value) | None => Vec::new(),
        };
        found
            .into_iter()
            .map(move |(at, schema)| (member, at, schema))
    })
}

/// Calls `visit` for a schema and all schemas within it, outer ones first.
pub fn walk<'a>(schema: &'a Node, visit: &mut impl FnMut(&'a Node)) {
    visit(schema);
    for (_, _, child) in children(schema) {
        walk(child, visit);
    }
}

/// A schema as a value, with every `$ref` by name rewritten.
#[must_use]
pub fn with_refs(schema: &Node, reference: &impl Fn(&str) -> String) -> Value {
    let Data::Object(members) = &schema.data else {
        return schema.to_value();
    };
    let mut object = Map::with_capacity(members.len());
    for member in members {
        let value = match (holds(&member.name), &member.value.data) {
            _ if member.name == "$ref" => member
                .value
                .as_str()
                .map_or_else(|| member.value.to_value(), |name| reference(name).into()),
            (Some(Holds::Schema), _) => with_refs(&member.value, reference),
            (Some(Holds::Schemas), Data::Array(elements)) => elements
                .iter()
                .map(|element| with_refs(element, reference))
                .collect(),
            (Some(Holds::Named), Data::Object(named)) => Value::Object(
                named
                    .iter()
                    .map(|own| (own.name.clone(), with_refs(&own.value, reference)))
                    .collect(),
            ),
            _ => member.value.to_value(),
        };
        object.insert(member.name.clone(), value);
    }
    Value::Object(object)
}

/// The types of a protocol with their schemas, in the order of the text.
pub fn definitions<'a>(
    spec: &'a Spec,
    protocol: &'a Protocol,
) -> impl Iterator<Item = (&'a str, &'a Node)> {
    let types = protocol.types.iter();
    types.filter_map(|definition| Some((definition.name.as_str(), definition.schema(spec)?)))
}

/// The bundle of a protocol: every type under `$defs`.
#[must_use]
pub fn bundle(spec: &Spec, protocol: &Protocol) -> Value {
    let mut defs = Map::new();
    for (name, schema) in definitions(spec, protocol) {
        let schema = with_refs(schema, &|name| format!("#/$defs/{name}"));
        defs.insert(name.to_owned(), titled(name, schema));
    }
    serde_json::json!({
        "$schema": DIALECT,
        "$id": protocol.base.trim_end_matches('/'),
        "title": protocol.title,
        "$defs": defs,
    })
}

/// The dialect of all schemas.
pub const DIALECT: &str = "https://json-schema.org/draft/2020-12/schema";

/// The schema with its name as title, unless it has one.
#[must_use]
pub fn titled(name: &str, schema: Value) -> Value {
    match schema {
        Value::Object(members) if !members.contains_key("title") => {
            let mut object = Map::with_capacity(members.len() + 1);
            object.insert("title".to_owned(), name.into());
            object.extend(members);
            Value::Object(object)
        }
        schema => schema,
    }
}

#[cfg(test)]
mod tests {
    use super::KEYWORDS;

    #[test]
    fn keywords_are_sorted_for_the_binary_search() {
        assert!(KEYWORDS.is_sorted_by(|a, b| a.0 < b.0));
    }
}
