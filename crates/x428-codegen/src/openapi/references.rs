//! From the names of the text to the pointers of OpenAPI.

use super::examples::Examples;
use crate::{Error, Protocol, error::at, model::reference_name};
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

/// The root member for the types that no operation carries. Linters take such types among the components for forgotten.
pub(super) const OTHER_TYPES: &str = "x-types";

pub(super) struct References<'a> {
    protocol: &'a Protocol,
    /// The types that an operation or component carries, directly or within another type.
    carried: BTreeSet<String>,
}

impl<'a> References<'a> {
    pub(super) fn new(protocol: &'a Protocol) -> Self {
        let mut names = Vec::new();
        for operation in &protocol.manifest.operations {
            operation
                .operation
                .values()
                .for_each(|value| referred(value, &mut names));
        }
        for webhook in &protocol.manifest.webhooks {
            let members = webhook.operation.values();
            members.for_each(|value| referred(value, &mut names));
        }
        protocol
            .manifest
            .components
            .values()
            .for_each(|value| referred(value, &mut names));
        let mut carried = BTreeSet::new();
        while let Some(name) = names.pop() {
            if carried.insert(name.clone())
                && let Some(schema) = protocol.definitions.get(&name)
            {
                referred(schema, &mut names);
            }
        }
        Self { protocol, carried }
    }

    pub(super) fn is_carried(&self, name: &str) -> bool {
        self.carried.contains(name)
    }

    /// Writes pointers for `{"$ref": "Name"}`, `{"$ref": "responses/Name"}` and the examples of media types.
    pub(super) fn write(
        &self,
        value: &mut Value,
        pointer: &str,
        examples: &mut Examples<'a>,
    ) -> Result<(), Error> {
        match value {
            Value::Object(members) => {
                if let Some(reference) = members.get_mut("$ref") {
                    let pointer = at(pointer, "$ref");
                    let name = reference.as_str().unwrap_or_default();
                    *reference = self.component(name, &pointer)?.into();
                    return Ok(());
                }
                for (name, value) in members.iter_mut() {
                    let pointer = at(pointer, name);
                    match name.as_str() {
                        "content" => self.write_content(value, &pointer, examples)?,
                        "example" | "examples" | "const" | "enum" | "default" => {}
                        _ => self.write(value, &pointer, examples)?,
                    }
                }
                Ok(())
            }
            Value::Array(items) => {
                for (index, item) in items.iter_mut().enumerate() {
                    self.write(item, &at(pointer, index), examples)?;
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn write_content(
        &self,
        content: &mut Value,
        pointer: &str,
        examples: &mut Examples<'a>,
    ) -> Result<(), Error> {
        let Value::Object(media_types) = content else {
            return Ok(());
        };
        for (name, media_type) in media_types {
            let pointer = at(pointer, name);
            let Value::Object(members) = media_type else {
                continue;
            };
            if let Some(Value::Array(ids)) = members.get("examples") {
                let named = self.named(ids, &at(&pointer, "examples"), examples)?;
                members.insert("examples".into(), named.into());
            }
            for (name, value) in members
                .iter_mut()
                .filter(|(name, _)| *name != "examples" && *name != "example")
            {
                self.write(value, &at(&pointer, name), examples)?;
            }
        }
        Ok(())
    }

    fn named(
        &self,
        ids: &[Value],
        pointer: &str,
        examples: &mut Examples<'a>,
    ) -> Result<Map<String, Value>, Error> {
        let mut named = Map::new();
        for (index, id) in ids.iter().enumerate() {
            let id = id.as_str().unwrap_or_default();
            if examples.name(id).is_none() {
                return Err(Error::new(
                    &self.protocol.manifest_file,
                    at(pointer, index),
                    format!("there is no valid example `{id}`"),
                    "name an example by its id, or add `id=` to its fence",
                ));
            }
            named.insert(
                id.to_owned(),
                json!({ "$ref": format!("#/components/examples/{id}") }),
            );
        }
        Ok(named)
    }

    /// Writes pointers for the references of a schema.
    pub(super) fn write_schema(&self, schema: &mut Value, pointer: &str) -> Result<(), Error> {
        match schema {
            Value::Object(members) => {
                for (keyword, value) in members {
                    let pointer = at(pointer, keyword);
                    match (keyword.as_str(), &mut *value) {
                        ("$ref", Value::String(reference)) => {
                            let name = reference_name(reference).unwrap_or(reference);
                            *reference = self.schema(name, &self.protocol.bundle_file, &pointer)?;
                        }
                        ("const" | "enum" | "default" | "examples" | "example", _) => {}
                        _ => self.write_schema(value, &pointer)?,
                    }
                }
                Ok(())
            }
            Value::Array(items) => {
                for (index, item) in items.iter_mut().enumerate() {
                    self.write_schema(item, &at(pointer, index))?;
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn component(&self, name: &str, pointer: &str) -> Result<String, Error> {
        let Some((kind, part)) = name.split_once('/') else {
            return self.schema(name, &self.protocol.manifest_file, pointer);
        };
        let known = self
            .protocol
            .manifest
            .components
            .get(kind)
            .is_some_and(|parts| parts.get(part).is_some());
        if !known {
            return Err(Error::new(
                &self.protocol.manifest_file,
                pointer,
                format!("`{name}` names no component"),
                "write the kind and the id of a component, such as `responses/PreconditionRequired`",
            ));
        }
        Ok(format!("#/components/{kind}/{part}"))
    }

    /// The pointer to a type that exists.
    pub(super) fn to_type(&self, name: &str) -> String {
        let root = if self.is_carried(name) {
            "components/schemas"
        } else {
            OTHER_TYPES
        };
        format!("#/{root}/{name}")
    }

    fn schema(&self, name: &str, file: &str, pointer: &str) -> Result<String, Error> {
        let codes = &self.protocol.manifest.codes;
        if self.protocol.definitions.contains_key(name)
            || codes.iter().any(|codes| codes.type_name == name)
        {
            return Ok(self.to_type(name));
        }
        Err(Error::new(
            file,
            pointer,
            format!("`{name}` names no type"),
            "write the name of a type of the protocol",
        ))
    }
}

/// Collects the names of the types that a value refers to.
fn referred(value: &Value, names: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            for (keyword, value) in members {
                match (keyword.as_str(), value) {
                    ("$ref", Value::String(reference)) => {
                        let name = reference_name(reference).unwrap_or(reference);
                        if !name.contains('/') {
                            names.push(name.to_owned());
                        }
                    }
                    ("const" | "enum" | "default" | "examples" | "example", _) => {}
                    _ => referred(value, names),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| referred(item, names)),
        _ => {}
    }
}
