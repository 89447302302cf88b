//! What is read from `schema/`: the bundle and the manifest of a protocol.

use crate::Error;
use serde::Deserialize;
use serde_json::{Map, Value};
use std::{collections::BTreeMap, fs, path::Path};

/// A protocol as `schema/` has it.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Protocol {
    /// The identifier, which is also the name of the Rust module.
    pub id: String,
    /// The types by name, in the order of the specification (`$defs` of the bundle).
    pub definitions: Map<String, Value>,
    /// What a schema cannot say.
    pub manifest: Manifest,
    /// The file of the bundle, for errors.
    pub(crate) bundle_file: String,
    /// The file of the manifest, for errors.
    pub(crate) manifest_file: String,
}

/// What a schema cannot say: titles, tables, operations, examples.
#[derive(Debug, Clone, Deserialize)]
#[non_exhaustive]
pub struct Manifest {
    /// Title and version.
    pub protocol: About,
    /// The tables of codes.
    #[serde(default)]
    pub codes: Vec<Codes>,
    /// How the codes of a type follow one another.
    #[serde(default)]
    pub machines: Vec<Machine>,
    /// The constants.
    #[serde(default)]
    pub constants: Vec<Constant>,
    /// The test keys that the specification publishes with their secrets.
    #[serde(default)]
    pub keys: Vec<PublishedKey>,
    /// The other tables, by id.
    #[serde(default)]
    pub tables: BTreeMap<String, Table>,
    /// The HTTP operations.
    #[serde(default)]
    pub operations: Vec<Operation>,
    /// The requests that the other side answers.
    #[serde(default)]
    pub webhooks: Vec<Webhook>,
    /// OpenAPI components by kind (`responses`, `headers`, `parameters` …) and name.
    #[serde(default)]
    pub components: Map<String, Value>,
    /// The valid examples.
    #[serde(default)]
    pub examples: Vec<Example>,
}

/// Title and version of a protocol.
#[derive(Debug, Clone, Deserialize)]
#[non_exhaustive]
pub struct About {
    /// The identifier.
    pub id: String,
    /// The title of the specification.
    pub title: String,
    /// The version of the specification.
    pub version: String,
    /// One sentence on what the protocol does.
    #[serde(default)]
    pub summary: String,
    /// The base URI of the schemas.
    #[serde(default)]
    pub base: String,
}

/// A table of codes: an enum.
#[derive(Debug, Clone, Deserialize)]
#[non_exhaustive]
pub struct Codes {
    /// The name of the type.
    #[serde(rename = "type")]
    pub type_name: String,
    /// The section of the table.
    #[serde(default)]
    pub section: String,
    /// What the codes are for.
    #[serde(default)]
    pub description: String,
    /// The columns whose values are those of another type.
    #[serde(default)]
    pub columns: BTreeMap<String, String>,
    /// The codes in the order of the table.
    pub rows: Vec<Code>,
}

/// A row of a table of codes.
#[derive(Debug, Clone, Deserialize)]
#[non_exhaustive]
pub struct Code {
    /// The code.
    pub code: String,
    /// What it means.
    #[serde(default)]
    pub meaning: String,
    /// The other columns.
    #[serde(flatten)]
    pub columns: Map<String, Value>,
}

/// A state machine: its states are the codes of a table.
#[derive(Debug, Clone, Deserialize)]
#[non_exhaustive]
pub struct Machine {
    /// The type of the states.
    pub of: String,
    /// The section of the table.
    #[serde(default)]
    pub section: String,
    /// The state in which it begins.
    pub initial: String,
    /// The states that nothing follows.
    #[serde(default)]
    pub terminal: Vec<String>,
    /// The transitions in the order of the table.
    pub transitions: Vec<Transition>,
}

/// A row of a table of transitions.
#[derive(Debug, Clone, Deserialize)]
#[non_exhaustive]
pub struct Transition {
    /// The state before.
    pub from: String,
    /// The state after.
    pub to: String,
    /// What makes the change.
    #[serde(default)]
    pub when: String,
}

/// The public half of a test key, as a JSON Web Key with a name (RFC 7517, RFC 8037).
#[derive(Debug, Clone, Deserialize)]
#[non_exhaustive]
pub struct PublishedKey {
    /// What the text calls it.
    pub name: String,
    /// The unpadded base64url of the 32 bytes.
    pub x: String,
}

/// A limit or a lifetime.
#[derive(Debug, Clone, Deserialize)]
#[non_exhaustive]
pub struct Constant {
    /// The name, in lower case with underscores.
    pub name: String,
    /// The number.
    pub value: u64,
    /// What the number counts.
    pub unit: String,
    /// What the constant means.
    #[serde(default)]
    pub meaning: String,
    /// The section of the table.
    #[serde(default)]
    pub section: String,
}

/// A table of data.
#[derive(Debug, Clone, Deserialize)]
#[non_exhaustive]
pub struct Table {
    /// The names of the columns.
    #[serde(default)]
    pub columns: Vec<String>,
    /// The rows, by column.
    #[serde(default)]
    pub rows: Vec<Map<String, Value>>,
}

/// An HTTP operation.
#[derive(Debug, Clone, Deserialize)]
#[non_exhaustive]
pub struct Operation {
    /// The `operationId`.
    pub id: String,
    /// The method, in any case.
    pub method: String,
    /// The path.
    pub path: String,
    /// The section that describes it.
    #[serde(default)]
    pub section: String,
    /// The OpenAPI operation object, with references by name.
    pub operation: Map<String, Value>,
}

/// An HTTP request whose receiver chooses the path.
#[derive(Debug, Clone, Deserialize)]
#[non_exhaustive]
pub struct Webhook {
    /// The name, and the `operationId`.
    pub id: String,
    /// The method, in any case.
    pub method: String,
    /// The section that describes it.
    #[serde(default)]
    pub section: String,
    /// The OpenAPI operation object, with references by name.
    pub operation: Map<String, Value>,
}

/// A valid example.
#[derive(Debug, Clone, Deserialize)]
#[non_exhaustive]
pub struct Example {
    /// The identifier.
    pub id: String,
    /// The type that it is an example of.
    pub of: String,
    /// What it shows.
    #[serde(default)]
    pub summary: String,
    /// The section it is in.
    #[serde(default)]
    pub section: String,
    /// The example.
    pub value: Value,
}

const RENEW: &str = "write the files of `schema/` anew with `cargo x428 build`";

impl Protocol {
    /// Reads `<directory>/<id>.json` and `<directory>/<id>.manifest.json`.
    ///
    /// # Errors
    /// [`Error`] if a file cannot be read, or as [`Protocol::parse`].
    pub fn load(directory: impl AsRef<Path>, id: &str) -> Result<Self, Error> {
        let read = |name: String| {
            let path = directory.as_ref().join(name);
            let file = path.display().to_string();
            match fs::read_to_string(&path) {
                Ok(text) => Ok((file, text)),
                Err(error) => Err(Error::new(
                    file,
                    "",
                    format!("the file cannot be read: {error}"),
                    RENEW,
                )),
            }
        };
        let (bundle_file, bundle) = read(format!("{id}.json"))?;
        let (manifest_file, manifest) = read(format!("{id}.manifest.json"))?;
        Self::read(bundle_file, &bundle, manifest_file, &manifest)
    }

    /// Reads a bundle and a manifest from their texts. Errors name them `bundle` and `manifest`.
    ///
    /// # Errors
    /// [`Error`] if a text is not JSON or has not the form that `ARCHITECTURE.md` describes.
    pub fn parse(bundle: &str, manifest: &str) -> Result<Self, Error> {
        Self::read("bundle".into(), bundle, "manifest".into(), manifest)
    }

    fn read(
        bundle_file: String,
        bundle: &str,
        manifest_file: String,
        manifest: &str,
    ) -> Result<Self, Error> {
        let bundle: Value = json(&bundle_file, bundle)?;
        let Some(definitions) = bundle.get("$defs").and_then(Value::as_object) else {
            return Err(Error::new(
                bundle_file,
                "",
                "the bundle has no object `$defs`",
                RENEW,
            ));
        };
        for (name, schema) in definitions {
            if !schema.is_object() {
                let pointer = crate::error::at("/$defs", name);
                return Err(Error::new(
                    bundle_file,
                    pointer,
                    "a schema has to be an object",
                    "write `{}` for `true`",
                ));
            }
        }
        let manifest: Manifest = json(&manifest_file, manifest)?;
        let id = manifest.protocol.id.clone();
        Ok(Self {
            id,
            definitions: definitions.clone(),
            manifest,
            bundle_file,
            manifest_file,
        })
    }
}

fn json<T: for<'de> Deserialize<'de>>(file: &str, text: &str) -> Result<T, Error> {
    serde_json::from_str(text).map_err(|error| {
        let place = format!("{file}:{}:{}", error.line(), error.column());
        Error::new(place, "", error.to_string(), RENEW)
    })
}
