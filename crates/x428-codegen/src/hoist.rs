//! Gives every schema that has a rule a name of its own.
//!
//! A member such as `"uiHint": {"type": "string", "maxLength": 1024}` becomes a reference to a type `UiHint`. Its name:
//!
//! - the member's name, if that has two words or more and no other inline schema with another rule had it before;
//!   equal rules under the same name are one type;
//! - the name of the type and of the member, otherwise (`JsonWebKeyKty`);
//! - the value and the member's name for a constant (`TosType`);
//! - the member's name in the singular for the items of a list.
//!
//! Who wants another name gives the schema one in the specification.

mod check;

use crate::{
    Error, Protocol,
    error::at,
    names::{pascal, singular, word_count},
    settings::ANNOTATIONS,
};
use check::{check, check_names};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};

/// A named schema and where it comes from.
#[derive(Debug, Clone)]
pub(crate) struct Named {
    pub(crate) name: String,
    pub(crate) schema: Map<String, Value>,
    pub(crate) pointer: String,
}

/// All types of the protocol: those of the bundle, then those that were inline, each in the order of the bundle.
pub(crate) fn hoist(protocol: &Protocol) -> Result<Vec<Named>, Error> {
    let mut found = Vec::new();
    for (name, schema) in &protocol.definitions {
        let place = Place::of_definition(protocol, name);
        check(schema, &place)?;
        children(schema, &place, &mut |schema, place| {
            check(schema, place)?;
            found.push(Found::new(schema, place));
            Ok(())
        })?;
    }
    let names = choose(&found, protocol);
    let mut types: Vec<Named> = Vec::new();
    let mut inline = Inline::default();
    for (name, schema) in &protocol.definitions {
        let place = Place::of_definition(protocol, name);
        let schema = replace(schema, &place.pointer, &names, &mut inline);
        if let Value::Object(schema) = schema {
            types.push(Named {
                name: name.clone(),
                schema,
                pointer: place.pointer,
            });
        }
    }
    types.append(&mut inline.types);
    check_names(protocol, &types)?;
    Ok(types)
}

/// The schemas that were inline.
#[derive(Default)]
struct Inline {
    types: Vec<Named>,
    /// The rule that has each name.
    rules: BTreeMap<String, Value>,
}

/// Where an inline schema is and what it could be called.
#[derive(Clone)]
struct Place<'a> {
    file: &'a str,
    parent: &'a str,
    word: String,
    /// Whether the word says enough to be a name without that of the parent.
    telling: bool,
    pointer: String,
}

impl<'a> Place<'a> {
    fn of_definition(protocol: &'a Protocol, name: &'a str) -> Self {
        Self {
            file: &protocol.bundle_file,
            parent: name,
            word: String::new(),
            telling: false,
            pointer: at("/$defs", name),
        }
    }

    fn child(&self, word: String, telling: bool, pointer: String) -> Self {
        Self {
            word,
            telling,
            pointer,
            ..self.clone()
        }
    }

    fn error(&self, pointer: String, reason: impl Into<String>, help: impl Into<String>) -> Error {
        Error::new(self.file, pointer, reason, help)
    }
}

/// Calls `visit` with every schema inside, the innermost first.
fn children<'a>(
    schema: &'a Value,
    place: &Place<'a>,
    visit: &mut impl FnMut(&'a Value, &Place<'a>) -> Result<(), Error>,
) -> Result<(), Error> {
    let mut each = |schema: &'a Value, place: Place<'a>| -> Result<(), Error> {
        children(schema, &place, visit)?;
        visit(schema, &place)
    };
    if let Some(properties) = schema.get("properties").and_then(Value::as_object) {
        for (name, property) in properties {
            let pointer = at(&at(&place.pointer, "properties"), name);
            // A member of a member is named after both.
            let (word, telling) = if place.word.is_empty() {
                (name.clone(), word_count(name) > 1)
            } else {
                (format!("{}-{name}", place.word), false)
            };
            each(property, place.child(word, telling, pointer))?;
        }
    }
    if let Some(items) = schema.get("items") {
        let word = if place.word.is_empty() {
            "Item".to_owned()
        } else {
            singular(&place.word)
        };
        let pointer = at(&place.pointer, "items");
        each(items, place.child(word, place.telling, pointer))?;
    }
    if let Some(alternatives) = schema.get("oneOf").and_then(Value::as_array) {
        for (index, alternative) in alternatives.iter().enumerate() {
            let kind = match alternative.get("type").and_then(Value::as_str) {
                Some("string") => "Text",
                Some("object") => "Object",
                Some("array") => "List",
                Some("integer" | "number") => "Number",
                _ => "Alternative",
            };
            each(
                alternative,
                place.child(
                    format!("{}{kind}", pascal(&place.word)),
                    false,
                    at(&at(&place.pointer, "oneOf"), index),
                ),
            )?;
        }
    }
    Ok(())
}

struct Found {
    parent: String,
    word: String,
    telling: bool,
    pointer: String,
    /// The schema without its annotations, if it needs a name.
    rule: Option<Value>,
}

impl Found {
    fn new(schema: &Value, place: &Place<'_>) -> Self {
        let constant = schema.get("const").map(|value| {
            value
                .as_str()
                .map_or_else(|| value.to_string(), str::to_owned)
        });
        let (word, telling) = match constant {
            Some(value) => (format!("{value}-{}", place.word), true),
            None => (place.word.clone(), place.telling),
        };
        let rule = needs_name(schema, &place.pointer).then(|| without_annotations(schema));
        Self {
            parent: place.parent.to_owned(),
            word,
            telling,
            pointer: place.pointer.clone(),
            rule,
        }
    }
}

fn needs_name(schema: &Value, pointer: &str) -> bool {
    const RULES: &[&str] = &[
        "const",
        "enum",
        "pattern",
        "minLength",
        "maxLength",
        "format",
        "minimum",
        "maximum",
        "minItems",
        "maxItems",
        "uniqueItems",
        "oneOf",
        "properties",
    ];
    let alternative = pointer.rsplit('/').nth(1) == Some("oneOf");
    schema.get("$ref").is_none()
        && (alternative || RULES.iter().any(|rule| schema.get(rule).is_some()))
}

fn without_annotations(schema: &Value) -> Value {
    match schema {
        Value::Object(members) => members
            .iter()
            .filter(|(keyword, value)| {
                !ANNOTATIONS.contains(&keyword.as_str()) || value.is_object()
            })
            .map(|(keyword, value)| (keyword.clone(), without_annotations(value)))
            .collect::<Map<_, _>>()
            .into(),
        Value::Array(items) => items.iter().map(without_annotations).collect(),
        other => other.clone(),
    }
}

/// The name of each inline schema, by its pointer.
fn choose(found: &[Found], protocol: &Protocol) -> BTreeMap<String, String> {
    let codes = protocol.manifest.codes.iter();
    let codes: BTreeSet<&str> = codes.map(|codes| codes.type_name.as_str()).collect();
    // For each word its rules in the order in which they are found, and how often.
    let mut words: BTreeMap<String, Vec<(&Value, usize)>> = BTreeMap::new();
    for one in found {
        let Some(rule) = &one.rule else { continue };
        let rules = words.entry(pascal(&one.word)).or_default();
        match rules.iter_mut().find(|(other, _)| *other == rule) {
            Some((_, count)) => *count += 1,
            None => rules.push((rule, 1)),
        }
    }
    let mut chosen = BTreeMap::new();
    for one in found {
        let Some(rule) = &one.rule else { continue };
        let word = pascal(&one.word);
        let rules = words.get(&word).map_or(&[][..], Vec::as_slice);
        // Of equal counts, the last maximum of the reversed list is the first of the list.
        let most = rules.iter().rev().max_by_key(|(_, count)| count);
        let is_taken = protocol.definitions.contains_key(&word) || codes.contains(word.as_str());
        let short = one.telling && !is_taken && most.is_some_and(|(most, _)| *most == rule);
        let name = if short {
            word
        } else {
            format!("{}{word}", one.parent)
        };
        chosen.insert(one.pointer.clone(), name);
    }
    chosen
}

/// Replaces inline schemas by references, the innermost first, and collects them.
fn replace(
    schema: &Value,
    pointer: &str,
    names: &BTreeMap<String, String>,
    inline: &mut Inline,
) -> Value {
    let Value::Object(members) = schema else {
        return schema.clone();
    };
    let mut members = members.clone();
    if let Some(Value::Object(properties)) = members.get_mut("properties") {
        for (name, property) in properties.iter_mut() {
            *property = replace(
                property,
                &at(&at(pointer, "properties"), name),
                names,
                inline,
            );
        }
    }
    if let Some(items) = members.get_mut("items") {
        *items = replace(items, &at(pointer, "items"), names, inline);
    }
    if let Some(Value::Array(alternatives)) = members.get_mut("oneOf") {
        for (index, alternative) in alternatives.iter_mut().enumerate() {
            *alternative = replace(
                alternative,
                &at(&at(pointer, "oneOf"), index),
                names,
                inline,
            );
        }
    }
    let Some(name) = names.get(pointer) else {
        return Value::Object(members);
    };
    let mut reference =
        Map::from_iter([("$ref".to_owned(), Value::from(format!("#/$defs/{name}")))]);
    if let Some(description) = members.get("description") {
        reference.insert("description".into(), description.clone());
    }
    let rule = without_annotations(&Value::Object(members.clone()));
    if inline.rules.get(name) != Some(&rule) {
        inline.rules.insert(name.clone(), rule);
        inline.types.push(Named {
            name: name.clone(),
            schema: members,
            pointer: pointer.to_owned(),
        });
    }
    Value::Object(reference)
}
