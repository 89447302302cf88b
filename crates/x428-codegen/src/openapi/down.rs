//! OpenAPI 3.0.3 for the tools that read no 3.1.
//!
//! 3.0 says less: `if`, `contains` and the like are left out, so that the document accepts a little more than the schemas
//! do. What changes the form of a value and cannot be said is refused.

use super::references::OTHER_TYPES;
use crate::{Error, error::at};
use serde_json::{Map, Value, json};

/// What `webhooks` are called in 3.0.
const WEBHOOKS: &str = "x-webhooks";

/// Keywords that mean the same in both versions.
const SAME: &[&str] = &[
    "title",
    "description",
    "type",
    "enum",
    "format",
    "required",
    "properties",
    "additionalProperties",
    "items",
    "oneOf",
    "anyOf",
    "allOf",
    "minLength",
    "maxLength",
    "minimum",
    "maximum",
    "minItems",
    "maxItems",
    "uniqueItems",
    "pattern",
    "minProperties",
    "maxProperties",
    "multipleOf",
    "default",
    "deprecated",
    "readOnly",
    "writeOnly",
    "discriminator",
    "nullable",
    "example",
];

/// Keywords that 3.0 does not have and that take nothing but precision with them.
const DROPPED: &[&str] = &[
    "if",
    "then",
    "else",
    "contains",
    "minContains",
    "maxContains",
    "dependentRequired",
    "dependentSchemas",
    "propertyNames",
    "unevaluatedProperties",
    "contentEncoding",
    "contentMediaType",
    "contentSchema",
    "$comment",
    "$id",
    "$schema",
];

/// Converts an OpenAPI 3.1 document as [`openapi`](crate::openapi()) makes it to 3.0.3.
///
/// # Errors
/// [`Error`] names the place that 3.0 cannot say. Its file is `openapi`.
pub fn openapi_3_0(document: &Value) -> Result<Value, Error> {
    let mut document = document.clone();
    let Value::Object(members) = &mut document else {
        return Err(refused(
            "",
            "the document is not an object",
            "convert a document that `openapi` made",
        ));
    };
    // 3.0 has no webhooks. Its tools know them as an extension, or pass over it.
    if let Some(webhooks) = members.shift_remove("webhooks") {
        members.insert(WEBHOOKS.into(), webhooks);
    }
    members.insert("openapi".into(), "3.0.3".into());
    members.shift_remove("jsonSchemaDialect");
    if let Some(Value::Object(info)) = members.get_mut("info") {
        info.shift_remove("summary");
        if let Some(Value::Object(licence)) = info.get_mut("license")
            && let Some(Value::String(identifier)) = licence.shift_remove("identifier")
        {
            licence.insert(
                "url".into(),
                format!("https://spdx.org/licenses/{identifier}.html").into(),
            );
        }
    }
    for (name, value) in members
        .iter_mut()
        .filter(|(name, _)| matches!(name.as_str(), "paths" | "components" | WEBHOOKS))
    {
        part(value, &at("", name))?;
    }
    if let Some(types) = members.get_mut(OTHER_TYPES) {
        each(types, &at("", OTHER_TYPES))?;
    }
    Ok(document)
}

fn refused(
    pointer: impl Into<String>,
    reason: impl Into<String>,
    help: impl Into<String>,
) -> Error {
    Error::new("openapi", pointer, reason, help)
}

/// Walks over everything that is not a schema.
fn part(value: &mut Value, pointer: &str) -> Result<(), Error> {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                let at_member = at(pointer, name);
                match name.as_str() {
                    "schema" => schema(value, &at_member)?,
                    "schemas" if pointer == "/components" => each(value, &at_member)?,
                    "example" | "examples" => {}
                    _ => part(value, &at_member)?,
                }
            }
            Ok(())
        }
        Value::Array(items) => {
            for (index, item) in items.iter_mut().enumerate() {
                part(item, &at(pointer, index))?;
            }
            Ok(())
        }
        _ => Ok(()),
    }
}

fn each(schemas: &mut Value, pointer: &str) -> Result<(), Error> {
    match schemas {
        Value::Object(members) => members
            .iter_mut()
            .try_for_each(|(name, value)| schema(value, &at(pointer, name))),
        Value::Array(items) => items
            .iter_mut()
            .enumerate()
            .try_for_each(|(index, value)| schema(value, &at(pointer, index))),
        _ => Ok(()),
    }
}

fn schema(value: &mut Value, pointer: &str) -> Result<(), Error> {
    match value {
        Value::Bool(true) => {
            *value = json!({});
            Ok(())
        }
        Value::Object(members) => {
            if let Some(reference) = members.get("$ref").cloned() {
                // 3.0 ignores what stands beside a reference, and linters object to it.
                *value = json!({ "$ref": reference });
                return Ok(());
            }
            let mut converted = Map::new();
            for (keyword, value) in std::mem::take(members) {
                keyword_of(&mut converted, &keyword, value, &at(pointer, &keyword))?;
            }
            nullable_alternative(&mut converted);
            *members = converted;
            Ok(())
        }
        _ => Err(refused(
            pointer,
            "this is not a schema of 3.0",
            "write an object",
        )),
    }
}

fn keyword_of(
    converted: &mut Map<String, Value>,
    keyword: &str,
    mut value: Value,
    pointer: &str,
) -> Result<(), Error> {
    match keyword {
        "const" => {
            if let Some(name) = type_of(&value) {
                converted.entry("type").or_insert_with(|| name.into());
            }
            converted.insert("enum".into(), json!([value]));
        }
        "type" if value.is_array() => {
            let names: Vec<&str> = value
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(Value::as_str)
                .collect();
            let others: Vec<&str> = names
                .iter()
                .copied()
                .filter(|name| *name != "null")
                .collect();
            let [one] = others.as_slice() else {
                return Err(refused(
                    pointer,
                    "3.0 knows one type and `null` only",
                    "write a `oneOf`",
                ));
            };
            converted.insert("type".into(), (*one).into());
            if names.len() > others.len() {
                converted.insert("nullable".into(), true.into());
            }
        }
        "examples" => {
            if let Some(first) = value.as_array().and_then(|examples| examples.first()) {
                converted.insert("example".into(), first.clone());
            }
        }
        "exclusiveMinimum" | "exclusiveMaximum" => {
            let bound = if keyword == "exclusiveMinimum" {
                "minimum"
            } else {
                "maximum"
            };
            if converted.contains_key(bound) {
                return Err(refused(
                    pointer,
                    "3.0 knows one bound on a side",
                    format!("take out `{bound}`"),
                ));
            }
            converted.insert(bound.into(), value);
            converted.insert(keyword.to_owned(), true.into());
        }
        "minimum" | "maximum" if converted.contains_key(keyword) => {
            return Err(refused(
                pointer,
                "3.0 knows one bound on a side",
                "take out one of the two",
            ));
        }
        "properties" | "oneOf" | "anyOf" | "allOf" => {
            each(&mut value, pointer)?;
            converted.insert(keyword.to_owned(), value);
        }
        "items" | "not" => {
            schema(&mut value, pointer)?;
            converted.insert(keyword.to_owned(), value);
        }
        "additionalProperties" => {
            if !value.is_boolean() {
                schema(&mut value, pointer)?;
            }
            converted.insert(keyword.to_owned(), value);
        }
        _ if SAME.contains(&keyword) || keyword.starts_with("x-") => {
            converted.insert(keyword.to_owned(), value);
        }
        _ if DROPPED.contains(&keyword) => {}
        _ => {
            let help = "say it with a keyword of both versions";
            return Err(refused(
                pointer,
                format!("3.0 has no keyword `{keyword}`"),
                help,
            ));
        }
    }
    Ok(())
}

/// `oneOf: [X, {"type": "null"}]` is a nullable X.
fn nullable_alternative(schema: &mut Map<String, Value>) {
    for keyword in ["oneOf", "anyOf"] {
        let Some(Value::Array(alternatives)) = schema.get_mut(keyword) else {
            continue;
        };
        let count = alternatives.len();
        alternatives
            .retain(|alternative| alternative.get("type").and_then(Value::as_str) != Some("null"));
        if alternatives.len() < count {
            schema.insert("nullable".into(), true.into());
        }
    }
}

fn type_of(value: &Value) -> Option<&'static str> {
    Some(match value {
        Value::String(_) => "string",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        _ => return None,
    })
}
