//! The objects that the specification holds: its examples and its vectors.

use serde_json::Value;
use std::{fs, path::Path};

/// An object of a type of the protocol.
pub(super) struct Instance {
    pub(super) id: String,
    pub(super) type_name: String,
    pub(super) value: Value,
    /// Whether the specification says that it has the form of its type.
    pub(super) valid: bool,
}

/// A protocol of the specification, and how its types are read and written again.
pub(super) struct Protocol {
    name: &'static str,
    pub(super) round_trip: fn(&str, Value) -> Option<Result<Value, serde_json::Error>>,
}

pub(super) static ATTESTATION: Protocol = Protocol {
    name: "attestation",
    round_trip: x428::wire::attestation::round_trip,
};

pub(super) static WITHDRAWAL: Protocol = Protocol {
    name: "withdrawal",
    round_trip: x428::wire::withdrawal::round_trip,
};

pub(super) static PROTOCOLS: [&Protocol; 2] = [&ATTESTATION, &WITHDRAWAL];

impl Protocol {
    pub(super) fn bundle(&self) -> Value {
        read(format!("schema/{}.json", self.name))
    }

    /// The valid examples of the manifest.
    pub(super) fn examples(&self) -> Vec<Instance> {
        let manifest = read(format!("schema/{}.manifest.json", self.name));
        let examples = manifest["examples"]
            .as_array()
            .expect("the manifest has examples");
        examples
            .iter()
            .map(|example| Instance {
                id: example["id"]
                    .as_str()
                    .unwrap_or("an example without id")
                    .to_owned(),
                type_name: example["of"]
                    .as_str()
                    .expect("an example has a type")
                    .to_owned(),
                value: example["value"].clone(),
                valid: true,
            })
            .collect()
    }
}

fn read(path: impl AsRef<Path>) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    let text =
        fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The members of vectors that hold an object of a type.
const MEMBERS: &[(&str, &str)] = &[
    ("challenge", "PreconditionChallenge"),
    ("attestationPayload", "AttestationPayload"),
    ("didDocument", "DidDocument"),
    ("vcIssuerDidDocument", "DidDocument"),
    ("token", "AttestationToken"),
];

/// The objects in the inputs of the vectors, valid or not.
pub(super) fn vectors() -> Vec<Instance> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors/attestation");
    let entries =
        fs::read_dir(&directory).unwrap_or_else(|error| panic!("{}: {error}", directory.display()));
    let mut paths: Vec<_> = entries
        .map(|entry| entry.expect("the directory can be read").path())
        .collect();
    paths.sort();
    let mut found = Vec::new();
    for path in paths {
        let file = path
            .file_stem()
            .map(|stem| stem.to_string_lossy().into_owned())
            .unwrap_or_default();
        for vector in read(&path).as_array().expect("a vector file is a list") {
            let id = format!("{file}/{}", vector["id"].as_str().unwrap_or_default());
            collect(vector, &id, &mut found);
        }
    }
    found
}

fn collect(value: &Value, id: &str, found: &mut Vec<Instance>) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                match MEMBERS.iter().find(|(member, _)| member == name) {
                    Some((_, type_name)) if value.is_object() => found.push(Instance {
                        id: id.to_owned(),
                        type_name: (*type_name).to_owned(),
                        value: value.clone(),
                        valid: false,
                    }),
                    _ => collect(value, id, found),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, id, found)),
        _ => {}
    }
}
