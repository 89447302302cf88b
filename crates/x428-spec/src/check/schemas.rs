//! Schemas: valid, complete, described, and of this protocol.

use std::collections::{HashMap, HashSet};

use crate::{
    diagnostic::{Code, Diagnostic, did_you_mean},
    model::{Protocol, Spec, TypeDefinition},
    parse,
    schema::{KEYWORDS, children, holds, walk},
    value::{Data, Node},
};

/// Keywords that the compiler writes itself.
const OURS: &[&str] = &[
    "$schema",
    "$id",
    "$defs",
    "$anchor",
    "$dynamicRef",
    "$dynamicAnchor",
    "$vocabulary",
];

/// Checks the types of a protocol. Returns the names of those that cannot be used.
pub(super) fn check(spec: &Spec, protocol: &Protocol, found: &mut Vec<Diagnostic>) -> Vec<String> {
    duplicates(spec, protocol, found);
    let mut unusable = Vec::new();
    for definition in &protocol.types {
        let Some(schema) = definition.schema(spec) else {
            continue;
        };
        let before = found.len();
        if schema.is_object() {
            walk(schema, &mut |schema| keywords(schema, found));
        } else {
            let message = "the schema of a type is an object";
            found.push(Diagnostic::new(Code::InvalidSchema, schema.span, message));
        }
        if found.len() > before {
            unusable.push(definition.name.clone());
        }
        references(protocol, schema, found);
        described(spec, protocol, schema, found);
    }
    cycles(spec, protocol, found);
    unusable
}

fn duplicates(spec: &Spec, protocol: &Protocol, found: &mut Vec<Diagnostic>) {
    let documents = protocol
        .documents
        .iter()
        .filter_map(|index| spec.documents.get(*index));
    let mut first: HashMap<String, TypeDefinition> = HashMap::new();
    for definition in documents.flat_map(parse::types) {
        match first.get(&definition.name) {
            Some(other) => {
                let message = format!("the type `{}` is defined twice", definition.name);
                found.push(
                    Diagnostic::new(Code::DuplicateType, definition.name_span, message)
                        .also(other.name_span, "first defined here"),
                );
            }
            None => {
                first.insert(definition.name.clone(), definition);
            }
        }
    }
}

/// The schema against the meta-schema of its dialect. Compiling finds the same faults, but only the
/// first.
pub(super) fn meta(schema: &Node, found: &mut Vec<Diagnostic>) {
    let value = schema.to_value();
    if jsonschema::draft202012::meta::is_valid(&value) {
        return;
    }
    let validator = jsonschema::draft202012::meta::validator();
    for error in validator.iter_errors(&value) {
        let span = schema.nearest(error.instance_path().as_str()).span;
        found.push(Diagnostic::new(
            Code::InvalidSchema,
            span,
            error.masked_with("this").to_string(),
        ));
    }
}

fn keywords(schema: &Node, found: &mut Vec<Diagnostic>) {
    for member in schema.members() {
        let name = member.name.as_str();
        if holds(name).is_some() {
            continue;
        }
        let problem = if OURS.contains(&name) {
            Diagnostic::new(
                Code::UnknownKeyword,
                member.name_span,
                format!("`{name}` is written by the compiler"),
            )
            .help("types refer to each other by name: `{ \"$ref\": \"Name\" }`")
        } else {
            let known = KEYWORDS.iter().map(|(name, _)| *name);
            Diagnostic::new(
                Code::UnknownKeyword,
                member.name_span,
                format!("JSON Schema has no keyword `{name}`"),
            )
            .maybe_help(did_you_mean(name, known))
        };
        found.push(problem);
    }
    required(schema, found);
}

fn required(schema: &Node, found: &mut Vec<Diagnostic>) {
    let (Some(required), Some(properties)) = (schema.get("required"), schema.get("properties"))
    else {
        return;
    };
    for name in required.elements() {
        let Some(text) = name.as_str().filter(|text| properties.get(text).is_none()) else {
            continue;
        };
        let message = format!("`{text}` is required, but is no member");
        let names = properties
            .members()
            .iter()
            .map(|member| member.name.as_str());
        found.push(
            Diagnostic::new(Code::RequiredUndefined, name.span, message)
                .maybe_help(did_you_mean(text, names))
                .also(properties.span, "the members"),
        );
    }
}

fn references(protocol: &Protocol, schema: &Node, found: &mut Vec<Diagnostic>) {
    walk(schema, &mut |schema| {
        let Some(reference) = schema.get("$ref") else {
            return;
        };
        let Some(name) = reference.as_str() else {
            return;
        };
        if protocol.type_definition(name).is_some() {
            return;
        }
        let message = format!("there is no type `{name}` in the protocol {}", protocol.id);
        let bare = name
            .rsplit('/')
            .next()
            .unwrap_or(name)
            .trim_end_matches(".json");
        let help = if bare != name && protocol.type_definition(bare).is_some() {
            Some(format!("refer to it by its name: `{bare}`"))
        } else {
            did_you_mean(
                name,
                protocol
                    .types
                    .iter()
                    .map(|definition| definition.name.as_str()),
            )
        };
        found.push(Diagnostic::new(Code::UnresolvedRef, reference.span, message).maybe_help(help));
    });
}

/// A reader finds a description at every member, or at the type to which it refers. A constant
/// speaks for itself, and what is excluded needs no words.
fn described(spec: &Spec, protocol: &Protocol, schema: &Node, found: &mut Vec<Diagnostic>) {
    for member in schema.get("properties").into_iter().flat_map(Node::members) {
        let own = &member.value;
        let target = own
            .get("$ref")
            .and_then(Node::as_str)
            .and_then(|name| protocol.type_definition(name)?.schema(spec));
        let described = own.get("description").is_some()
            || own.get("const").is_some()
            || target.is_some_and(|target| target.get("description").is_some())
            // An unresolved reference has its own diagnostic.
            || (own.get("$ref").is_some() && target.is_none());
        if !described {
            let message = format!("the member `{}` is not described", member.name);
            found.push(
                Diagnostic::new(Code::UndescribedProperty, member.name_span, message)
                    .help("add a `description`, here or to the type it refers to"),
            );
        }
    }
    for (holder, _, child) in children(schema) {
        if !["not", "if"].contains(&holder.name.as_str()) {
            described(spec, protocol, child, found);
        }
    }
}

/// Types that lead back to themselves without a step into the value accept everything or nothing.
fn cycles(spec: &Spec, protocol: &Protocol, found: &mut Vec<Diagnostic>) {
    let edges: HashMap<&str, Vec<&Node>> = protocol
        .types
        .iter()
        .filter_map(|definition| {
            let mut references = Vec::new();
            in_place(definition.schema(spec)?, &mut references);
            Some((definition.name.as_str(), references))
        })
        .collect();
    let mut done = HashSet::new();
    for definition in &protocol.types {
        let mut path = Vec::new();
        follow(&definition.name, &edges, &mut path, &mut done, found);
    }
}

/// The references that apply to the same value as the schema.
fn in_place<'a>(schema: &'a Node, references: &mut Vec<&'a Node>) {
    for member in schema.members() {
        match (member.name.as_str(), &member.value.data) {
            ("$ref", Data::String(_)) => references.push(&member.value),
            ("allOf" | "anyOf" | "oneOf", Data::Array(branches)) => {
                for branch in branches {
                    in_place(branch, references);
                }
            }
            ("not" | "if" | "then" | "else", _) => in_place(&member.value, references),
            ("dependentSchemas", Data::Object(named)) => {
                for own in named {
                    in_place(&own.value, references);
                }
            }
            _ => {}
        }
    }
}

fn follow<'a>(
    name: &'a str,
    edges: &HashMap<&'a str, Vec<&'a Node>>,
    path: &mut Vec<&'a str>,
    done: &mut HashSet<&'a str>,
    found: &mut Vec<Diagnostic>,
) {
    if done.contains(name) {
        return;
    }
    path.push(name);
    for reference in edges.get(name).into_iter().flatten() {
        let Some(target) = reference.as_str() else {
            continue;
        };
        if let Some(start) = path.iter().position(|own| *own == target) {
            let round = path[start..].join("` → `");
            let message = format!(
                "the type refers to itself without a step into the value: `{round}` → `{target}`"
            );
            found.push(Diagnostic::new(Code::CyclicRef, reference.span, message));
        } else {
            follow(target, edges, path, done, found);
        }
    }
    path.pop();
    done.insert(name);
}
