//! Reads the shape of one schema.

use super::referred;
use crate::{
    Error, Protocol,
    error::at,
    hoist::Named,
    settings::{FORMATS, Format},
    shape::{Kind, Member, Record, Shape},
};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// The integers that every reader of JSON keeps (RFC 7493, section 2.2).
const EXACT: i64 = 9_007_199_254_740_991;

pub(super) struct Reader<'a> {
    pub(super) protocol: &'a Protocol,
    pub(super) named: &'a Named,
    pub(super) schemas: &'a BTreeMap<String, Map<String, Value>>,
}

impl Reader<'_> {
    pub(super) fn error(
        &self,
        keyword: &str,
        reason: impl Into<String>,
        help: impl Into<String>,
    ) -> Error {
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

    pub(super) fn shape(&self) -> Result<Shape, Error> {
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
        let name = self.get("format").and_then(Value::as_str);
        let format = FORMATS
            .iter()
            .find(|(known, _)| Some(*known) == name)
            .map(|(_, format)| *format);
        if let (Some(name), None) = (name, format) {
            let known: Vec<_> = FORMATS.iter().map(|(name, _)| *name).collect();
            return Err(self.error(
                "format",
                format!("the format `{name}` is not known"),
                format!("use a pattern, or one of: {}", known.join(", ")),
            ));
        }
        let pattern = self
            .get("pattern")
            .and_then(Value::as_str)
            .map(str::to_owned);
        // The types read RFC 3339 in UTC; the pattern is what keeps other forms out.
        if format == Some(Format::DateTime)
            && !pattern
                .as_deref()
                .is_some_and(|pattern| pattern.ends_with("Z$"))
        {
            return Err(self.error(
                "format",
                "a `date-time` without a pattern may have any offset",
                "add a pattern of RFC 3339 that ends in `Z$`",
            ));
        }
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
        let additional = match self.get("additionalProperties") {
            None => None,
            Some(Value::Bool(additional)) => Some(*additional),
            Some(_) => {
                return Err(self.error(
                    "additionalProperties",
                    "additional members of an object with named ones have no type in Rust",
                    "write `true` to keep them, `false` to refuse them, or nothing to ignore them",
                ));
            }
        };
        Ok(Shape::Record(Record {
            members,
            open: additional == Some(true),
            closed: additional == Some(false),
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
}
