//! The client that progenitor generates from the OpenAPI 3.0 document, and a test that its types read every example.

#![allow(clippy::all, reason = "the code is progenitor's")]

progenitor::generate_api!(spec = "../../../openapi/attestation-3.0.json");

#[cfg(test)]
mod tests {
    use super::types;
    use serde_json::Value;
    use std::collections::BTreeSet;

    const DOCUMENT: &str = include_str!("../../../../openapi/attestation-3.0.json");

    /// Every media type of the document with the examples that it names: the name of its type, and each example.
    fn examples(value: &Value, document: &Value, found: &mut Vec<(String, Value)>) {
        match value {
            Value::Object(members) => {
                for media in members.get("content").and_then(Value::as_object).into_iter().flat_map(|media| media.values()) {
                    let Some(reference) = media["schema"]["$ref"].as_str() else { continue };
                    let name = reference.rsplit('/').next().unwrap_or_default();
                    for example in media["examples"].as_object().into_iter().flat_map(|examples| examples.values()) {
                        let pointer = example["$ref"].as_str().expect("an example is a reference").trim_start_matches('#');
                        let example = document.pointer(pointer).expect("the reference leads to an example");
                        found.push((name.to_owned(), example["value"].clone()));
                    }
                }
                members.values().for_each(|value| examples(value, document, found));
            }
            Value::Array(items) => items.iter().for_each(|value| examples(value, document, found)),
            _ => {}
        }
    }

    #[test]
    fn every_example_is_read() {
        let document: Value = serde_json::from_str(DOCUMENT).expect("the document is JSON");
        let mut found = Vec::new();
        examples(&document["paths"], &document, &mut found);
        examples(&document["components"]["responses"], &document, &mut found);
        let mut types = BTreeSet::new();
        for (name, value) in found {
            let read = match name.as_str() {
                "AttestationPayload" => serde_json::from_value::<types::AttestationPayload>(value.clone()).map(drop),
                "AttestationToken" => serde_json::from_value::<types::AttestationToken>(value.clone()).map(drop),
                "DiscoveryDocument" => serde_json::from_value::<types::DiscoveryDocument>(value.clone()).map(drop),
                "PreconditionRequired" => serde_json::from_value::<types::PreconditionRequired>(value.clone()).map(drop),
                other => panic!("add the type {other} to this test"),
            };
            if let Err(error) = read {
                panic!("{name}: {error}: {value:#}");
            }
            types.insert(name);
        }
        assert_eq!(types.len(), 4, "an operation without an example: {types:?}");
    }

    #[test]
    fn a_challenge_without_preconditions_is_refused() {
        let challenge = serde_json::json!({ "x428Version": 1, "resource": "https://api.example.com/reports" });
        assert!(serde_json::from_value::<types::PreconditionChallenge>(challenge).is_err());
    }
}
