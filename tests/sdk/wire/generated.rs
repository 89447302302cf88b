//! The checked-in copies of what is generated from `schema/`.

use serde_json::Value;
use std::{fs, path::Path};
use x428_codegen::{Protocol, openapi, openapi_3_0, rust};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

const PROTOCOLS: [(&str, &str); 2] = [
    ("attestation", x428::openapi::ATTESTATION),
    ("withdrawal", x428::openapi::WITHDRAWAL),
];

fn load(name: &str) -> Protocol {
    Protocol::load(root().join("schema"), name).unwrap_or_else(|error| panic!("{error}"))
}

fn copy(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

#[test]
fn the_types_are_what_the_generator_makes() {
    let made =
        rust(&PROTOCOLS.map(|(name, _)| load(name))).unwrap_or_else(|error| panic!("{error}"));
    let copy = copy("src/generated.rs");
    let differing = made
        .lines()
        .zip(copy.lines())
        .position(|(made, copy)| made != copy);
    assert!(
        made == copy,
        "src/generated.rs is not what x428-codegen makes of schema/ (from line {} on). To renew it: cargo x428 build",
        differing.unwrap_or_else(|| made.lines().count().min(copy.lines().count())) + 1
    );
}

#[test]
fn the_openapi_documents_are_what_the_generator_makes() {
    for (name, published) in PROTOCOLS {
        let document = openapi(&load(name)).unwrap_or_else(|error| panic!("{error}"));
        let down = openapi_3_0(&document).unwrap_or_else(|error| panic!("{error}"));
        for (path, made) in [
            (format!("openapi/{name}.json"), &document),
            (format!("openapi/{name}-3.0.json"), &down),
        ] {
            let copy: Value = serde_json::from_str(&copy(&path))
                .unwrap_or_else(|error| panic!("{path}: {error}"));
            assert!(
                copy == *made,
                "{path} is not what x428-codegen makes of schema/. To renew it: cargo x428 build"
            );
        }
        let published: Value = serde_json::from_str(published).expect("the document is JSON");
        assert!(
            published == document,
            "the SDK publishes another document of {name}"
        );
    }
}
