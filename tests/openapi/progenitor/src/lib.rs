//! The clients that progenitor generates from the OpenAPI 3.0 documents, and a test that their types read every example.

#![allow(clippy::all, reason = "the code is progenitor's")]
#![deny(warnings)]

/// The attestation protocol.
pub mod attestation {
    include!(concat!(env!("OUT_DIR"), "/attestation.rs"));
}

/// The withdrawal protocol.
pub mod withdrawal {
    include!(concat!(env!("OUT_DIR"), "/withdrawal.rs"));
}

#[cfg(test)]
mod tests {
    use super::{attestation, withdrawal};
    use serde_json::Value;
    use std::collections::BTreeSet;

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

    /// Reads every example of a document with `read`, and returns how many types have one.
    fn read_all(document: &str, read: fn(&str, Value) -> serde_json::Result<()>) -> usize {
        let document: Value = serde_yaml::from_str(document).expect("the document is YAML");
        let mut found = Vec::new();
        examples(&document["paths"], &document, &mut found);
        examples(&document["components"]["responses"], &document, &mut found);
        let mut types = BTreeSet::new();
        for (name, value) in found {
            if let Err(error) = read(&name, value.clone()) {
                panic!("{name}: {error}: {value:#}");
            }
            types.insert(name);
        }
        types.len()
    }

    /// A function that reads a value as one of the types of a client, by the name of the type.
    macro_rules! reader {
        ($client:ident: $($name:ident)*) => {
            |name: &str, value: Value| match name {
                $(stringify!($name) => serde_json::from_value::<$client::types::$name>(value).map(drop),)*
                other => panic!("add the type {other} to this test"),
            }
        };
    }

    #[test]
    fn every_example_of_attestation_is_read() {
        let read = reader!(attestation: AttestationPayload AttestationToken DiscoveryDocument PreconditionRequired);
        assert_eq!(read_all(include_str!("../../../../openapi/attestation-3.0.yaml"), read), 4);
    }

    #[test]
    fn every_example_of_withdrawal_is_read() {
        let read = reader!(withdrawal:
            Asset AssetList AuthorizationServerMetadata Challenge ChallengeRequired ErrorResponse ExchangeMetadata
            IntrospectionRequest IntrospectionResponse JsonWebKeySet OAuthError ProtectedResourceMetadata
            PushedAuthorizationRequest PushedAuthorizationResponse Quote QuoteRequest RevocationRequest StartRequest
            TokenRequest TokenResponse TravelRule VerifyRequest Webhook WebhookList WebhookRequest Withdrawal
            WithdrawalList WithdrawalRequest
        );
        assert_eq!(read_all(include_str!("../../../../openapi/withdrawal-3.0.yaml"), read), 28);
    }

    #[test]
    fn what_is_wrong_is_refused() {
        let challenge = serde_json::json!({ "x428Version": 1, "resource": "https://api.example.com/reports" });
        assert!(serde_json::from_value::<attestation::types::PreconditionChallenge>(challenge).is_err());
        let withdrawal = serde_json::json!({ "asset": "BTC", "amount": "0.5" });
        assert!(serde_json::from_value::<withdrawal::types::WithdrawalRequest>(withdrawal).is_err());
    }
}
