//! From schemas to shapes.

use crate::{
    Error, Protocol,
    error::at,
    hoist::{Named, hoist},
    names::pascal,
    settings::{FORMATS, OPEN_VARIANT},
    shape::{Kind, Member, Record, Shape, Type, Variant},
};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// The types of a protocol with their shapes, and the schemas they come from.
pub(crate) struct Model<'a> {
    pub(crate) protocol: &'a Protocol,
    pub(crate) types: Vec<Type>,
    pub(crate) schemas: BTreeMap<String, Map<String, Value>>,
}

impl<'a> Model<'a> {
    pub(crate) fn new(protocol: &'a Protocol) -> Result<Self, Error> {
        let named = hoist(protocol)?;
        let schemas: BTreeMap<_, _> = named
            .iter()
            .map(|named| (named.name.clone(), named.schema.clone()))
            .collect();
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
            schemas,
        };
        model.add_codes()?;
        model.open_records();
        model.check_references()?;
        Ok(model)
    }

    pub(crate) fn shape(&self, name: &str) -> Option<&Shape> {
        self.types
            .iter()
            .find(|item| item.name == name)
            .map(|item| &item.shape)
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
            if let Some(pair) = names.windows(2).find(|pair| pair[0] == pair[1]) {
                return error(
                    format!("two codes of {} are called {}", codes.type_name, pair[0]),
                    "rename one",
                );
            }
            let doc = if codes.description.is_empty() {
                format!("The codes of section {}.", codes.section)
            } else {
                codes.description.clone()
            };
            match self
                .types
                .iter_mut()
                .find(|item| item.name == codes.type_name)
            {
                Some(item) => {
                    item.shape = Shape::Codes(index);
                    if item.doc.is_empty() {
                        item.doc = doc;
                    }
                }
                None => self.types.push(Type {
                    name: codes.type_name.clone(),
                    doc,
                    pointer,
                    shape: Shape::Codes(index),
                }),
            }
        }
        Ok(())
    }

    /// What a union leaves to others is carried whole.
    fn open_records(&mut self) {
        let mut open: Vec<String> = Vec::new();
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

    fn check_references(&self) -> Result<(), Error> {
        for (name, schema) in &self.schemas {
            let pointer = self
                .types
                .iter()
                .find(|item| item.name == *name)
                .map_or("", |item| &item.pointer);
            self.check_references_in(&Value::Object(schema.clone()), pointer)?;
        }
        Ok(())
    }

    fn check_references_in(&self, schema: &Value, pointer: &str) -> Result<(), Error> {
        match schema {
            Value::Object(members) => {
                if let Some(reference) = members.get("$ref").and_then(Value::as_str) {
                    let name = reference_name(reference);
                    if name.is_none_or(|name| self.shape(name).is_none()) {
                        return Err(self.error(
                            at(pointer, "$ref"),
                            format!("`{reference}` names no type of the bundle"),
                            "references of a bundle have the form `#/$defs/Name`",
                        ));
                    }
                }
                members
                    .iter()
                    .try_for_each(|(key, value)| self.check_references_in(value, &at(pointer, key)))
            }
            Value::Array(items) => items
                .iter()
                .enumerate()
                .try_for_each(|(index, item)| self.check_references_in(item, &at(pointer, index))),
            _ => Ok(()),
        }
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

/// Reads the shape of one schema.
struct Reader<'a> {
    protocol: &'a Protocol,
    named: &'a Named,
    schemas: &'a BTreeMap<String, Map<String, Value>>,
}

impl Reader<'_> {
    fn error(&self, keyword: &str, reason: impl Into<String>, help: impl Into<String>) -> Error {
        let pointer = if keyword.is_empty() {
            self.named.pointer.clone()
        } else {
            at(&self.named.pointer, keyword)
        };
        Error::new(&self.protocol.bundle_file, pointer, reason, help)
    }

    fn get(&self, keyword: &str) -> Option<&Value> {
        self.named.schema.get(keyword)
    }

    fn shape(&self) -> Result<Shape, Error> {
        if self.get("oneOf").is_some() {
            return self.one_of();
        }
        if let Some(value) = self.get("const") {
            return match value {
                Value::String(text) => Ok(Shape::ConstantText(text.clone())),
                _ => match value.as_i64() {
                    Some(number) => Ok(Shape::ConstantInteger(number)),
                    None => Err(self.error(
                        "const",
                        "a constant has to be a text or an integer",
                        "write one of these",
                    )),
                },
            };
        }
        if let Some(values) = self.get("enum") {
            let words: Option<Vec<String>> = values.as_array().map(|values| {
                values
                    .iter()
                    .filter_map(Value::as_str)
                    .map(str::to_owned)
                    .collect()
            });
            return match words {
                Some(words)
                    if !words.is_empty()
                        && Some(words.len()) == values.as_array().map(Vec::len) =>
                {
                    Ok(Shape::Words(words))
                }
                _ => Err(self.error(
                    "enum",
                    "an enum has to be a list of texts",
                    "write each value as a text",
                )),
            };
        }
        match self.get("type").and_then(Value::as_str) {
            Some("string") => self.text(),
            Some("integer") => self.integer(),
            Some("array") => self.list(),
            Some("object") if self.get("properties").is_some() => self.record(),
            _ => Ok(Shape::Plain),
        }
    }

    fn count(&self, keyword: &str) -> Result<Option<usize>, Error> {
        let Some(value) = self.get(keyword) else {
            return Ok(None);
        };
        match value.as_u64().and_then(|count| usize::try_from(count).ok()) {
            Some(count) => Ok(Some(count)),
            None => Err(self.error(
                keyword,
                format!("`{keyword}` has to be a count"),
                "write a whole number from 0 on",
            )),
        }
    }

    fn text(&self) -> Result<Shape, Error> {
        let format = match self.get("format").and_then(Value::as_str) {
            None => None,
            Some(name) => match FORMATS.iter().find(|(known, _)| *known == name) {
                Some((_, format)) => Some(*format),
                None => {
                    let known: Vec<_> = FORMATS.iter().map(|(name, _)| *name).collect();
                    return Err(self.error(
                        "format",
                        format!("the format `{name}` is not known"),
                        format!("use a pattern, or one of: {}", known.join(", ")),
                    ));
                }
            },
        };
        let pattern = self
            .get("pattern")
            .and_then(Value::as_str)
            .map(str::to_owned);
        Ok(Shape::Text {
            pattern,
            min: self.count("minLength")?.unwrap_or(0),
            max: self.count("maxLength")?,
            format,
        })
    }

    fn integer(&self) -> Result<Shape, Error> {
        let bound = |keyword: &str| match self.get(keyword) {
            None => Ok(None),
            Some(value) => match value.as_i64() {
                Some(bound) => Ok(Some(bound)),
                None => Err(self.error(
                    keyword,
                    format!("`{keyword}` has to be an integer"),
                    "write a whole number",
                )),
            },
        };
        /// The integers that every reader of JSON keeps (RFC 7493, section 2.2).
        const EXACT: i64 = 9_007_199_254_740_991;
        let (min, max) = (bound("minimum")?, bound("maximum")?);
        if min.is_none() && max.is_none() {
            return Ok(Shape::Plain);
        }
        let (min, max) = (min.unwrap_or(-EXACT), max.unwrap_or(EXACT));
        if min > max {
            return Err(self.error(
                "minimum",
                format!("no integer is from {min} to {max}"),
                "exchange the two bounds",
            ));
        }
        Ok(Shape::Integer { min, max })
    }

    fn list(&self) -> Result<Shape, Error> {
        let unique = self
            .get("uniqueItems")
            .and_then(Value::as_bool)
            .unwrap_or(false);
        let items = self
            .get("items")
            .cloned()
            .unwrap_or_else(|| Value::Object(Map::new()));
        if let Some(max) = self.count("maxItems")?
            && max < self.count("minItems")?.unwrap_or(0)
        {
            return Err(self.error(
                "maxItems",
                "`maxItems` is less than `minItems`",
                "exchange the two",
            ));
        }
        Ok(Shape::List {
            items,
            min: self.count("minItems")?.unwrap_or(0),
            max: self.count("maxItems")?,
            unique,
        })
    }

    fn record(&self) -> Result<Shape, Error> {
        let required: Vec<&str> = self
            .get("required")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect();
        let empty = Map::new();
        let properties = self
            .get("properties")
            .and_then(Value::as_object)
            .unwrap_or(&empty);
        if let Some(name) = required
            .iter()
            .find(|name| !properties.contains_key(**name))
        {
            return Err(self.error(
                "required",
                format!("`{name}` is required and not described"),
                format!("add `{name}` to `properties`"),
            ));
        }
        let members = properties
            .iter()
            .map(|(name, schema)| {
                let own = schema.get("description").and_then(Value::as_str);
                let of = referred(schema).map(str::to_owned);
                let of_type = || {
                    self.schemas
                        .get(of.as_deref()?)?
                        .get("description")?
                        .as_str()
                };
                Member {
                    name: name.clone(),
                    doc: own.or_else(of_type).unwrap_or_default().to_owned(),
                    required: required.contains(&name.as_str()),
                    of,
                }
            })
            .collect();
        let additional = self.get("additionalProperties");
        Ok(Shape::Record(Record {
            members,
            open: matches!(additional, Some(Value::Bool(true) | Value::Object(_))),
            closed: matches!(additional, Some(Value::Bool(false))),
        }))
    }

    fn one_of(&self) -> Result<Shape, Error> {
        let alternatives = self
            .get("oneOf")
            .and_then(Value::as_array)
            .map_or(&[][..], Vec::as_slice);
        let names: Vec<&str> = alternatives.iter().filter_map(referred).collect();
        if names.is_empty() || names.len() != alternatives.len() {
            return Err(self.error(
                "oneOf",
                "an alternative is neither a reference nor named",
                "name every alternative",
            ));
        }
        let kinds: Vec<Option<Kind>> = names.iter().map(|name| self.kind(name)).collect();
        if kinds.iter().all(|kind| *kind == Some(Kind::Object)) {
            return self.union(&names);
        }
        for (index, kind) in kinds.iter().enumerate() {
            if kind.is_none() || kinds[..index].contains(kind) {
                return Err(self.error(
                    "oneOf",
                    format!(
                        "`{}` cannot be told from the other alternatives",
                        names[index]
                    ),
                    "alternatives are objects with constants, or each is of another JSON type",
                ));
            }
        }
        Ok(Shape::Choice(
            kinds
                .into_iter()
                .flatten()
                .zip(names.into_iter().map(str::to_owned))
                .collect(),
        ))
    }

    fn kind(&self, name: &str) -> Option<Kind> {
        let schema = self.schemas.get(name)?;
        let name = match schema.get("type").and_then(Value::as_str) {
            Some(name) => name,
            None if schema.get("oneOf").is_some() => return None,
            None if schema.get("const").or(schema.get("enum")).is_some() => "string",
            None => return None,
        };
        match name {
            "string" => Some(Kind::Text),
            "object" => Some(Kind::Object),
            "array" => Some(Kind::List),
            "integer" | "number" => Some(Kind::Number),
            "boolean" => Some(Kind::Boolean),
            _ => None,
        }
    }

    fn union(&self, names: &[&str]) -> Result<Shape, Error> {
        let constants: Vec<Vec<(String, String)>> =
            names.iter().map(|name| self.constants(name)).collect();
        let closed = constants.iter().filter(|constants| !constants.is_empty());
        let tags: Vec<String> = match closed.clone().next() {
            Some(first) => first
                .iter()
                .map(|(name, _)| name)
                .filter(|name| {
                    closed
                        .clone()
                        .all(|other| other.iter().any(|(other, _)| other == *name))
                })
                .cloned()
                .collect(),
            None => Vec::new(),
        };
        if tags.is_empty() {
            return Err(self.error(
                "oneOf",
                "no member tells the alternatives apart",
                "give every alternative a required member with a `const`, by the same name",
            ));
        }
        let mut variants: Vec<Variant> = Vec::new();
        for (index, (record, constants)) in names.iter().zip(&constants).enumerate() {
            let values: Option<Vec<String>> = tags
                .iter()
                .map(|tag| {
                    constants
                        .iter()
                        .find(|(name, _)| name == tag)
                        .map(|(_, value)| value.clone())
                })
                .collect();
            if variants.iter().any(|variant| variant.tags == values) {
                return Err(self.error(
                    &format!("oneOf/{index}"),
                    format!("`{record}` has the tags of another alternative"),
                    "one alternative at most is open; the others differ in a constant",
                ));
            }
            let name = match &values {
                None => OPEN_VARIANT.to_owned(),
                Some(_) => {
                    let short = record
                        .strip_suffix(self.named.name.as_str())
                        .filter(|short| !short.is_empty());
                    pascal(short.unwrap_or(record))
                }
            };
            variants.push(Variant {
                name,
                record: (*record).to_owned(),
                tags: values,
            });
        }
        Ok(Shape::Union { tags, variants })
    }

    /// The required members of a record whose value is a constant text.
    fn constants(&self, record: &str) -> Vec<(String, String)> {
        let Some(schema) = self.schemas.get(record) else {
            return Vec::new();
        };
        let required: Vec<&str> = schema
            .get("required")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect();
        let properties = schema
            .get("properties")
            .and_then(Value::as_object)
            .into_iter()
            .flatten();
        properties
            .filter(|(name, _)| required.contains(&name.as_str()))
            .filter_map(|(name, schema)| {
                let constant = self
                    .schemas
                    .get(referred(schema)?)?
                    .get("const")?
                    .as_str()?;
                Some((name.clone(), constant.to_owned()))
            })
            .collect()
    }
}
