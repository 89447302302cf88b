//! OpenAPI documents.
//!
//! utoipa's types read the operations and components, so that a misspelt member is found here and not in a client's
//! generator. The schemas do not pass through utoipa, whose schema type drops keywords: they are put in afterwards.

mod carried;
mod down;
mod examples;
mod references;
mod webhooks;

pub use down::openapi_3_0;

use crate::{
    Error, Protocol,
    error::at,
    model::Model,
    settings::{LICENCE, MEANING},
    shape::Shape,
};
use carried::carried;
use examples::Examples;
use references::{OTHER_TYPES, References};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Map, Value, json};
use utoipa::openapi::{
    self, InfoBuilder, LicenseBuilder, OpenApiBuilder, Paths, PathsBuilder, ServerBuilder,
    ServerVariableBuilder, path::HttpMethod, tag::TagBuilder,
};
use webhooks::webhooks;

/// The OpenAPI 3.1 document of a protocol: its operations, its components, all its types and all its valid examples.
///
/// The types that no operation carries stand under `x-types`. An example that a media type names stands under
/// `components.examples`; every other one stands with its type.
///
/// # Errors
/// [`Error`] names the operation, component, type or example that is wrong.
pub fn openapi(protocol: &Protocol) -> Result<Value, Error> {
    let model = Model::new(protocol)?;
    let references = References::new(protocol);
    let mut examples = Examples::new(protocol);

    let mut components = Map::new();
    for (kind, parts) in &protocol.manifest.components {
        let pointer = at("/components", kind);
        let mut parts = parts.clone();
        references.write(&mut parts, &pointer, &mut examples)?;
        components.insert(kind.clone(), parts);
    }
    scopes(protocol, &mut components)?;
    let webhooks = webhooks(protocol, &references, &mut examples)?;
    let mut operations = Vec::new();
    for (index, operation) in protocol.manifest.operations.iter().enumerate() {
        let pointer = at(&at("/operations", index), "operation");
        let mut value = Value::Object(operation.operation.clone());
        if let Value::Object(members) = &mut value {
            members.shift_remove("method");
            members.shift_remove("path");
            members.insert("operationId".into(), operation.id.clone().into());
        }
        references.write(&mut value, &pointer, &mut examples)?;
        operations.push(value);
    }

    let typed = typed(protocol, &operations, &components)?;
    let mut document = serde_json::to_value(&typed).map_err(|error| {
        Error::new(
            &protocol.manifest_file,
            "",
            error.to_string(),
            "report this as an error",
        )
    })?;
    for (operation, value) in protocol.manifest.operations.iter().zip(operations) {
        document["paths"][&operation.path][operation.method.to_lowercase()] = value;
    }
    if !webhooks.is_empty() {
        document["webhooks"] = webhooks.into();
    }
    let (carried, others): (Map<_, _>, Map<_, _>) = schemas(&model, &references, &examples)?
        .into_iter()
        .partition(|(name, _)| references.is_carried(name));
    let mut all = Map::new();
    all.insert("schemas".into(), carried.into());
    all.extend(components);
    let named = examples.named();
    if !named.is_empty() {
        all.insert("examples".into(), named.into());
    }
    document["components"] = all.into();
    if !others.is_empty() {
        document[OTHER_TYPES] = others.into();
    }
    Ok(document)
}

const SECURITY_SCHEMES: &str = "securitySchemes";

/// Writes out the scopes of flows that name the table of codes in which they stand.
fn scopes(protocol: &Protocol, components: &mut Map<String, Value>) -> Result<(), Error> {
    let schemes = components.get_mut(SECURITY_SCHEMES);
    let schemes = schemes.and_then(Value::as_object_mut).into_iter().flatten();
    for (name, scheme) in schemes {
        let flows = scheme.get_mut("flows").and_then(Value::as_object_mut);
        for (flow, members) in flows.into_iter().flatten() {
            let Some(scopes) = members.get_mut("scopes") else {
                continue;
            };
            let Some(of) = scopes.as_str() else { continue };
            let mut codes = protocol.manifest.codes.iter();
            let Some(codes) = codes.find(|codes| codes.type_name == of) else {
                let place = [
                    "components",
                    SECURITY_SCHEMES,
                    name,
                    "flows",
                    flow,
                    "scopes",
                ];
                return Err(Error::new(
                    &protocol.manifest_file,
                    place
                        .iter()
                        .fold(String::new(), |place, part| at(&place, part)),
                    format!("`{of}` is no table of codes"),
                    "name the table in which the scopes stand, or write them out",
                ));
            };
            let rows = codes.rows.iter();
            let named = rows.map(|row| (row.code.clone(), row.meaning.clone().into()));
            *scopes = Value::Object(named.collect());
        }
    }
    Ok(())
}

/// A header. utoipa's type cannot say that it is always there.
#[derive(Serialize, Deserialize)]
struct Header {
    description: Option<String>,
    required: Option<bool>,
    schema: Value,
}

/// Reads every component as utoipa's type. Its type of a security scheme loses the scopes of a flow;
/// these are checked in the text.
fn check_components(protocol: &Protocol, components: &Map<String, Value>) -> Result<(), Error> {
    let kinds = components
        .iter()
        .filter(|(kind, _)| *kind != SECURITY_SCHEMES);
    for (kind, parts) in kinds {
        for (name, part) in parts.as_object().into_iter().flatten() {
            let pointer = at(&at("/components", kind), name);
            let file = &protocol.manifest_file;
            match kind.as_str() {
                "parameters" => read::<openapi::path::Parameter>(file, &pointer, part).map(drop),
                "headers" => read::<Header>(file, &pointer, part).map(drop),
                "requestBodies" => {
                    read::<openapi::request_body::RequestBody>(file, &pointer, part).map(drop)
                }
                "responses" => read::<openapi::Response>(file, &pointer, part).map(drop),
                _ => Ok(()),
            }?;
        }
    }
    Ok(())
}

/// The document without its schemas, as utoipa's types.
fn typed(
    protocol: &Protocol,
    operations: &[Value],
    components: &Map<String, Value>,
) -> Result<openapi::OpenApi, Error> {
    let about = &protocol.manifest.protocol;
    let licence = LicenseBuilder::new()
        .name(LICENCE)
        .identifier(Some(LICENCE))
        .build();
    let info = InfoBuilder::new()
        .title(&about.title)
        .version(&about.version)
        .description(Some(&about.summary))
        .license(Some(licence))
        .build();
    // Every server may speak the protocol, so the document names none.
    let host = ServerVariableBuilder::new()
        .default_value("api.example")
        .description(Some("The server."))
        .build();
    let server = ServerBuilder::new()
        .url("https://{host}")
        .parameter("host", host)
        .build();
    check_components(protocol, components)?;
    Ok(OpenApiBuilder::new()
        .info(info)
        .servers(Some([server]))
        .paths(paths(protocol, operations)?)
        .tags(Some(tags(protocol, operations)))
        .security(Some([]))
        .components(Some(openapi::Components::default()))
        .build())
}

fn paths(protocol: &Protocol, operations: &[Value]) -> Result<Paths, Error> {
    let mut paths = PathsBuilder::new();
    let mut seen: Vec<(&str, String)> = Vec::new();
    for (index, (operation, value)) in protocol
        .manifest
        .operations
        .iter()
        .zip(operations)
        .enumerate()
    {
        let pointer = at("/operations", index);
        let error = |member: &str, reason: String, help: &str| {
            Err(Error::new(
                &protocol.manifest_file,
                at(&pointer, member),
                reason,
                help,
            ))
        };
        let Some(method) = method(&operation.method) else {
            return error(
                "method",
                format!("`{}` is no HTTP method", operation.method),
                "write get, post, put …",
            );
        };
        if !operation.path.starts_with('/') {
            return error(
                "path",
                format!("`{}` is no path", operation.path),
                "begin the path with a slash",
            );
        }
        let place = (operation.path.as_str(), operation.method.to_lowercase());
        if seen.contains(&place) {
            return error(
                "path",
                format!("`{}` has this method twice", operation.path),
                "merge the two operations",
            );
        }
        seen.push(place);
        let typed: openapi::path::Operation =
            read(&protocol.manifest_file, &at(&pointer, "operation"), value)?;
        paths = paths.path(&operation.path, openapi::PathItem::new(method, typed));
    }
    Ok(paths.build())
}

fn method(name: &str) -> Option<HttpMethod> {
    Some(match name.to_lowercase().as_str() {
        "get" => HttpMethod::Get,
        "post" => HttpMethod::Post,
        "put" => HttpMethod::Put,
        "delete" => HttpMethod::Delete,
        "options" => HttpMethod::Options,
        "head" => HttpMethod::Head,
        "patch" => HttpMethod::Patch,
        _ => return None,
    })
}

/// Reads a part of the document, and refuses members that OpenAPI does not have there.
fn read<T: DeserializeOwned + Serialize>(
    file: &str,
    pointer: &str,
    value: &Value,
) -> Result<T, Error> {
    let typed: T = serde_json::from_value(value.clone()).map_err(|error| {
        Error::new(
            file,
            pointer,
            format!("this is not OpenAPI: {error}"),
            "compare it with OpenAPI 3.1",
        )
    })?;
    let back = serde_json::to_value(&typed).unwrap_or(Value::Null);
    if let Some(lost) = carried(value, &back, pointer) {
        return Err(Error::new(
            file,
            lost,
            "OpenAPI has no such member here",
            "correct its name or take it out",
        ));
    }
    Ok(typed)
}

/// The tags that the operations use. The protocol's own tag has its summary.
fn tags(protocol: &Protocol, operations: &[Value]) -> Vec<openapi::Tag> {
    let mut names: Vec<&str> = Vec::new();
    for operation in operations {
        for tag in operation
            .get("tags")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
        {
            if !names.contains(&tag) {
                names.push(tag);
            }
        }
    }
    let about = &protocol.manifest.protocol;
    names
        .into_iter()
        .map(|name| {
            let description = if name == about.id {
                &about.summary
            } else {
                &about.title
            };
            TagBuilder::new()
                .name(name)
                .description(Some(description))
                .build()
        })
        .collect()
}

/// The types, with the examples that no media type names.
fn schemas(
    model: &Model<'_>,
    references: &References<'_>,
    examples: &Examples<'_>,
) -> Result<Map<String, Value>, Error> {
    let protocol = model.protocol;
    let mut schemas = Map::new();
    for (name, schema) in &protocol.definitions {
        let mut schema = schema.clone();
        references.write_schema(&mut schema, &at("/$defs", name))?;
        schemas.insert(name.clone(), schema);
    }
    for codes in &protocol.manifest.codes {
        let words: Vec<&str> = codes.rows.iter().map(|row| row.code.as_str()).collect();
        let entry = schemas
            .entry(&codes.type_name)
            .or_insert_with(|| json!({ "type": "string" }));
        entry["enum"] = words.into();
        if entry.get("description").is_none() {
            entry["description"] = codes.description.clone().into();
        }
        let meanings = codes
            .rows
            .iter()
            .map(|row| (row.code.clone(), row.meaning.clone().into()));
        entry[format!("x-enum-{MEANING}s")] = Value::Object(meanings.collect());
    }
    let mut of_types = examples.of_types();
    for (name, schema) in &mut schemas {
        if let Value::Object(members) = schema {
            for annotation in ["$schema", "$id"] {
                members.shift_remove(annotation);
            }
            // Clients read a `date-time` into an object of theirs and write it another way. The text of a time is signed.
            if members.contains_key("pattern")
                && members
                    .get("format")
                    .is_some_and(|format| format == "date-time")
            {
                members.shift_remove("format");
            }
            if model.record(name).is_some_and(|record| record.open) {
                members.insert("additionalProperties".into(), true.into());
            }
            if !members.contains_key("title") {
                members.shift_insert(0, "title".into(), name.clone().into());
            }
            if let Some(values) = of_types.remove(name.as_str()) {
                members.insert("examples".into(), values.into());
            }
        }
        if let Some(discriminator) = discriminator(model, references, name) {
            schema["discriminator"] = discriminator;
        }
    }
    Ok(schemas)
}

/// The discriminator of a closed union by one tag. The tools that use it take it for exhaustive.
fn discriminator(model: &Model<'_>, references: &References<'_>, name: &str) -> Option<Value> {
    let Some(Shape::Union { tags, variants }) = model.shape(name) else {
        return None;
    };
    let [tag] = tags.as_slice() else { return None };
    let mut mapping = Map::new();
    for variant in variants {
        let value = variant.tags.as_ref()?.first()?;
        mapping.insert(value.clone(), references.to_type(&variant.record).into());
    }
    Some(json!({ "propertyName": tag, "mapping": mapping }))
}
