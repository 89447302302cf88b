//! From schemas to shapes.

mod reader;
mod union;

use crate::{
    Error, Protocol,
    error::at,
    hoist::hoist,
    names::pascal,
    shape::{Record, Shape, Type},
};
use reader::Reader;
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};

/// The types of a protocol with their shapes, and the schemas they come from.
pub(crate) struct Model<'a> {
    pub(crate) protocol: &'a Protocol,
    pub(crate) types: Vec<Type>,
    /// The places of the types in `types`.
    places: BTreeMap<String, usize>,
    pub(crate) schemas: BTreeMap<String, Map<String, Value>>,
}

impl<'a> Model<'a> {
    pub(crate) fn new(protocol: &'a Protocol) -> Result<Self, Error> {
        let named = hoist(protocol)?;
        let schemas: BTreeMap<_, _> = named
            .iter()
            .map(|named| (named.name.clone(), named.schema.clone()))
            .collect();
        for named in &named {
            let schema = Value::Object(named.schema.clone());
            check_references(protocol, &schemas, &schema, &named.pointer)?;
        }
        let mut types = Vec::new();
        for named in &named {
            let shape = Reader {
                protocol,
                named,
                schemas: &schemas,
            }
            .shape()?;
            types.push(Type {
                name: named.name.clone(),
                doc: text(&named.schema, "description"),
                pointer: named.pointer.clone(),
                shape,
            });
        }
        let mut model = Self {
            protocol,
            types,
            places: BTreeMap::new(),
            schemas,
        };
        model.add_codes()?;
        model.open_records();
        let types = model.types.iter().map(|item| item.name.clone());
        model.places = types.zip(0..).collect();
        Ok(model)
    }

    pub(crate) fn shape(&self, name: &str) -> Option<&Shape> {
        let place = self.places.get(name)?;
        self.types.get(*place).map(|item| &item.shape)
    }

    pub(crate) fn record(&self, name: &str) -> Option<&Record> {
        match self.shape(name) {
            Some(Shape::Record(record)) => Some(record),
            _ => None,
        }
    }

    pub(crate) fn error(
        &self,
        pointer: impl Into<String>,
        reason: impl Into<String>,
        help: impl Into<String>,
    ) -> Error {
        Error::new(&self.protocol.bundle_file, pointer, reason, help)
    }

    /// A table of codes is a type, whether or not the bundle has a schema of its name.
    fn add_codes(&mut self) -> Result<(), Error> {
        for (index, codes) in self.protocol.manifest.codes.iter().enumerate() {
            let pointer = at("/codes", index);
            let error = |reason: String, help: &str| {
                Err(Error::new(
                    &self.protocol.manifest_file,
                    pointer.clone(),
                    reason,
                    help,
                ))
            };
            if codes.rows.is_empty() {
                return error(
                    format!("the table of {} has no codes", codes.type_name),
                    "add a row to the table",
                );
            }
            let mut names: Vec<String> = codes.rows.iter().map(|row| pascal(&row.code)).collect();
            names.sort();
            let twice = names.windows(2).find_map(|pair| match pair {
                [one, other] if one == other => Some(one),
                _ => None,
            });
            if let Some(name) = twice {
                return error(
                    format!("two codes of {} are called {name}", codes.type_name),
                    "rename one",
                );
            }
            let doc = if codes.description.is_empty() {
                format!("The codes of section {}.", codes.section)
            } else {
                codes.description.clone()
            };
            let mut types = self.types.iter_mut();
            if let Some(item) = types.find(|item| item.name == codes.type_name) {
                item.shape = Shape::Codes(index);
                if item.doc.is_empty() {
                    item.doc = doc;
                }
            } else {
                self.types.push(Type {
                    name: codes.type_name.clone(),
                    doc,
                    pointer,
                    shape: Shape::Codes(index),
                });
            }
        }
        Ok(())
    }

    /// What a union leaves to others is carried whole.
    fn open_records(&mut self) {
        let mut open = BTreeSet::new();
        for item in &self.types {
            if let Shape::Union { variants, .. } = &item.shape {
                open.extend(
                    variants
                        .iter()
                        .filter(|variant| variant.tags.is_none())
                        .map(|variant| variant.record.clone()),
                );
            }
        }
        for item in &mut self.types {
            if let Shape::Record(record) = &mut item.shape
                && open.contains(&item.name)
            {
                record.open = true;
            }
        }
    }
}

/// Refuses references to what is neither a schema nor a table of codes.
fn check_references(
    protocol: &Protocol,
    schemas: &BTreeMap<String, Map<String, Value>>,
    schema: &Value,
    pointer: &str,
) -> Result<(), Error> {
    match schema {
        Value::Object(members) => {
            if let Some(reference) = members.get("$ref").and_then(Value::as_str) {
                let is_type = |name: &str| {
                    let mut codes = protocol.manifest.codes.iter();
                    schemas.contains_key(name) || codes.any(|codes| codes.type_name == name)
                };
                if !reference_name(reference).is_some_and(is_type) {
                    return Err(Error::new(
                        &protocol.bundle_file,
                        at(pointer, "$ref"),
                        format!("`{reference}` names no type of the bundle"),
                        "references of a bundle have the form `#/$defs/Name`",
                    ));
                }
            }
            members.iter().try_for_each(|(key, value)| {
                check_references(protocol, schemas, value, &at(pointer, key))
            })
        }
        Value::Array(items) => items.iter().enumerate().try_for_each(|(index, item)| {
            check_references(protocol, schemas, item, &at(pointer, index))
        }),
        _ => Ok(()),
    }
}

/// `#/$defs/Nonce` → `Nonce`.
pub(crate) fn reference_name(reference: &str) -> Option<&str> {
    reference
        .strip_prefix("#/$defs/")
        .filter(|name| !name.contains('/'))
}

/// The name of the type that a schema refers to.
pub(crate) fn referred(schema: &Value) -> Option<&str> {
    reference_name(schema.get("$ref")?.as_str()?)
}

fn text(schema: &Map<String, Value>, keyword: &str) -> String {
    schema
        .get(keyword)
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned()
}
