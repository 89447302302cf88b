//! Reads what tells the alternatives of a union apart.

use super::{reader::Reader, referred};
use crate::{
    Error,
    names::pascal,
    settings::OPEN_VARIANT,
    shape::{Shape, Variant},
};
use serde_json::Value;

impl Reader<'_> {
    pub(super) fn union(&self, names: &[&str]) -> Result<Shape, Error> {
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
        for (record, constants) in names.iter().zip(&constants) {
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
                    "oneOf",
                    format!("`{record}` has the tags of another alternative"),
                    "one alternative at most is open; the others differ in a constant",
                ));
            }
            let short = record
                .strip_suffix(self.named.name.as_str())
                .filter(|short| !short.is_empty());
            let name = if values.is_some() {
                pascal(short.unwrap_or(record))
            } else {
                OPEN_VARIANT.to_owned()
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
