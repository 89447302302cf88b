//! The differential test: serde and jsonschema give the same verdict on every example, every vector and all their mutants.

use super::{
    instances::{ATTESTATION, Instance, PROTOCOLS, Protocol, vectors},
    mutants::Mutants,
};
use jsonschema::{Validator, error::ValidationErrorKind};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Where the types accept more than the schemas. Every entry has to occur.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Looser {
    /// `not` of an extension: a union sorts by its tags, but an extension that is read alone takes any.
    Not,
}

const LOOSER: &[Looser] = &[Looser::Not];

/// Where the types refuse more than the schemas. Every entry has to occur.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Stricter {
    /// An integer that not every reader of JSON keeps (RFC 7493, section 2.2).
    InexactInteger,
}

const STRICTER: &[Stricter] = &[Stricter::InexactInteger];

fn stricter(value: &Value) -> Option<Stricter> {
    const EXACT_MAX: f64 = 9_007_199_254_740_991.0;
    match value {
        Value::Number(number)
            if number
                .as_f64()
                .is_some_and(|number| number.abs() > EXACT_MAX) =>
        {
            Some(Stricter::InexactInteger)
        }
        Value::Array(items) => items.iter().find_map(stricter),
        Value::Object(members) => members.values().find_map(stricter),
        _ => None,
    }
}

fn looser(validator: &Validator, value: &Value) -> Option<Looser> {
    let mut categories = validator
        .iter_errors(value)
        .map(|error| match error.kind() {
            ValidationErrorKind::Not { .. } => Some(Looser::Not),
            _ => None,
        });
    let first = categories.next()??;
    categories
        .all(|category| category == Some(first))
        .then_some(first)
}

struct Schemas {
    protocol: &'static Protocol,
    bundle: Value,
    validators: BTreeMap<String, Validator>,
}

impl Schemas {
    fn new(protocol: &'static Protocol) -> Self {
        let bundle = protocol.bundle();
        let names = bundle["$defs"]
            .as_object()
            .expect("the bundle has types")
            .keys();
        let validators = names
            .map(|name| {
                let mut schema =
                    json!({ "$schema": bundle["$schema"], "$ref": format!("#/$defs/{name}") });
                schema["$defs"] = bundle["$defs"].clone();
                let validator = jsonschema::options()
                    .should_validate_formats(true)
                    .build(&schema)
                    .unwrap_or_else(|error| panic!("{name}: {error}"));
                (name.clone(), validator)
            })
            .collect();
        Self {
            protocol,
            bundle,
            validators,
        }
    }
}

#[derive(Default)]
struct Tally {
    accepted: usize,
    refused: usize,
    looser: BTreeSet<Looser>,
    stricter: BTreeSet<Stricter>,
    disagreements: Vec<String>,
}

impl Tally {
    fn compare(&mut self, schemas: &Schemas, id: &str, type_name: &str, value: &Value) {
        let validator = &schemas.validators[type_name];
        let read = (schemas.protocol.round_trip)(type_name, value.clone())
            .unwrap_or_else(|| panic!("no type {type_name}"));
        match (validator.is_valid(value), read) {
            (true, Ok(back)) => {
                self.accepted += 1;
                if !validator.is_valid(&back) {
                    self.disagreements.push(format!(
                        "{id}: {type_name} is written invalid: {value} -> {back}"
                    ));
                }
                if let Some(place) = lost(&back, value) {
                    self.disagreements.push(format!(
                        "{id}: {type_name} loses {place}: {value} -> {back}"
                    ));
                }
            }
            (false, Err(_)) => self.refused += 1,
            (true, Err(error)) => match stricter(value) {
                Some(category) if STRICTER.contains(&category) => {
                    self.stricter.insert(category);
                }
                _ => self.disagreements.push(format!(
                    "{id}: {type_name} refuses ({error}) the valid {value}"
                )),
            },
            (false, Ok(_)) => match looser(validator, value) {
                Some(category) if LOOSER.contains(&category) => {
                    self.looser.insert(category);
                }
                _ => {
                    let errors: Vec<_> = validator
                        .iter_errors(value)
                        .map(|error| error.to_string())
                        .collect();
                    self.disagreements.push(format!(
                        "{id}: {type_name} accepts {value}, but {}",
                        errors.join("; ")
                    ));
                }
            },
        }
    }
}

/// The place of a member that was read and is not written the same. Members that the schema does not name are not
/// written, except by the types that keep them.
fn lost(back: &Value, value: &Value) -> Option<String> {
    match (back, value) {
        (Value::Object(back), Value::Object(value)) => {
            back.iter().find_map(|(name, back)| match value.get(name) {
                Some(value) => lost(back, value).map(|place| format!("/{name}{place}")),
                None => Some(format!("/{name}")),
            })
        }
        (Value::Array(back), Value::Array(value)) if back.len() == value.len() => back
            .iter()
            .zip(value)
            .enumerate()
            .find_map(|(index, (back, value))| {
                lost(back, value).map(|place| format!("/{index}{place}"))
            }),
        // JSON has one kind of number: 1 and 1.0 are equal.
        (Value::Number(back), Value::Number(value)) => {
            (back.as_f64() != value.as_f64()).then(String::new)
        }
        _ => (back != value).then(String::new),
    }
}

fn report(tally: &Tally) {
    const SHOWN: usize = 20;
    let shown: Vec<String> = tally
        .disagreements
        .iter()
        .take(SHOWN)
        .map(|line| line.chars().take(600).collect())
        .collect();
    assert!(
        tally.disagreements.is_empty(),
        "{} disagreements between the types and the schemas (the first {SHOWN}):\n{}",
        tally.disagreements.len(),
        shown.join("\n")
    );
}

fn compare_all(protocol: &'static Protocol, instances: &[Instance]) -> Tally {
    let schemas = Schemas::new(protocol);
    let mut tally = Tally::default();
    let mut mutants = Mutants::default();
    for Instance {
        id,
        type_name,
        value,
        valid,
    } in instances
    {
        assert!(
            !valid || schemas.validators[type_name].is_valid(value),
            "{id} is not a valid {type_name}"
        );
        tally.compare(&schemas, id, type_name, value);
        for mutant in mutants.of(type_name, value) {
            tally.compare(&schemas, id, type_name, &mutant);
        }
    }
    tally
}

#[test]
fn examples_and_their_mutants() {
    for protocol in PROTOCOLS {
        let examples = protocol.examples();
        assert!(!examples.is_empty(), "the manifest has no examples");
        let tally = compare_all(protocol, &examples);
        report(&tally);
        assert!(
            tally.accepted > examples.len() && tally.refused > examples.len(),
            "the mutants show nothing"
        );
    }
}

#[test]
fn vectors_and_their_mutants() {
    let vectors = vectors();
    assert!(!vectors.is_empty(), "the vectors hold no objects");
    report(&compare_all(&ATTESTATION, &vectors));
}

#[test]
fn types_read_alone() {
    // Types that no example is of are reached through the objects that hold them.
    let schemas = Schemas::new(&ATTESTATION);
    let mut tally = Tally::default();
    let mut found = Vec::new();
    for example in ATTESTATION.examples() {
        parts(
            &schemas.bundle,
            &example.type_name,
            &example.value,
            &mut found,
        );
    }
    let mut mutants = Mutants::default();
    for (type_name, value) in &found {
        tally.compare(&schemas, "a part", type_name, value);
        for mutant in mutants.of(type_name, value) {
            tally.compare(&schemas, "a part", type_name, &mutant);
        }
    }
    report(&tally);
    assert_eq!(
        tally.looser,
        LOOSER.iter().copied().collect(),
        "a category of LOOSER does not occur any more"
    );
    assert_eq!(
        tally.stricter,
        STRICTER.iter().copied().collect(),
        "a category of STRICTER does not occur any more"
    );
    let reached: BTreeSet<&str> = found
        .iter()
        .map(|(type_name, _)| type_name.as_str())
        .collect();
    let missed: Vec<_> = schemas
        .validators
        .keys()
        .filter(|name| !reached.contains(name.as_str()))
        .collect();
    assert!(missed.is_empty(), "no example holds a value of {missed:?}");
}

/// The values inside `value` whose schema is a reference, with the type that it names.
fn parts(bundle: &Value, type_name: &str, value: &Value, found: &mut Vec<(String, Value)>) {
    found.push((type_name.to_owned(), value.clone()));
    parts_of(bundle, &bundle["$defs"][type_name], value, found);
}

fn parts_of(bundle: &Value, schema: &Value, value: &Value, found: &mut Vec<(String, Value)>) {
    if let Some(name) = schema["$ref"]
        .as_str()
        .and_then(|reference| reference.strip_prefix("#/$defs/"))
    {
        return parts(bundle, name, value, found);
    }
    for (name, schema) in schema["properties"].as_object().into_iter().flatten() {
        if let Some(value) = value.get(name) {
            parts_of(bundle, schema, value, found);
        }
    }
    if schema.get("items").is_some() {
        value
            .as_array()
            .into_iter()
            .flatten()
            .for_each(|item| parts_of(bundle, &schema["items"], item, found));
    }
    for alternative in schema["oneOf"].as_array().into_iter().flatten() {
        parts_of(bundle, alternative, value, found);
    }
}
