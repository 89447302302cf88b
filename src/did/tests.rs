use serde_json::{Value, json};

use super::*;
use crate::jcs::{Limits, StrictJson};

const OPERATOR: &str = "did:key:z6MkuthLAaRw5KjeGi6D2A1Jw5PxknfmxwZAcHqtBN5ns7Pj";
const KEY: &str = "z6MkuthLAaRw5KjeGi6D2A1Jw5PxknfmxwZAcHqtBN5ns7Pj";
const X: &str = "5WNqMojJZ8mwP0SX7Kdr5wCg3BIsIwv88ka-ifO8eV4";

fn web() -> Did {
    Did::parse("did:web:example.com").unwrap()
}

fn read(document: Value) -> Result<DidDocument, Malformed> {
    let json = StrictJson::from_value(document, Limits::default()).unwrap();
    DidDocument::read(json, &web())
}

/// A document with one method, named and listed, after a change.
fn keys_after(change: impl FnOnce(&mut Value)) -> usize {
    let mut document = json!({
        "id": "did:web:example.com",
        "verificationMethod": [{
            "id": "did:web:example.com#key-1",
            "type": "JsonWebKey",
            "controller": "did:web:example.com",
            "publicKeyJwk": {"kty": "OKP", "crv": "Ed25519", "x": X},
        }],
        "assertionMethod": ["did:web:example.com#key-1"],
    });
    change(&mut document);
    read(document).unwrap().assertion_methods().len()
}

#[test]
fn dids_are_dids() {
    for text in [
        OPERATOR,
        "did:web:example.com%3A8443:users:a_b-c.d",
        "did:a:1",
    ] {
        assert_eq!(Did::parse(text).unwrap().as_str(), text);
    }
    for text in [
        "",
        "did:",
        "did:web",
        "did:web:",
        "did:Web:example.com",
        "did::x",
        "did:web:a::b",
        "did:web:a:",
        "did:web:a/b",
        "did:web:a?b",
        "did:web:a#b",
        "did:web:a b",
        "did:web:ä",
        "did:web:%3",
        "did:web:%zz",
        "DID:web:a",
        " did:web:a",
        "did:web:a\n",
    ] {
        assert!(Did::parse(text).is_err(), "{text:?}");
    }
    assert!(Did::parse(format!("did:web:{}", "a".repeat(2041))).is_err());
}

#[test]
fn did_urls_are_relative_to_their_document() {
    let url = DidUrl::resolve("#key-1", &web()).unwrap();
    assert_eq!(url.as_str(), "did:web:example.com#key-1");
    assert_eq!((url.did(), url.fragment()), (web(), "key-1"));
    assert!(url.is_of(&web()));
    assert!(
        !DidUrl::parse("did:web:example.com.evil#key-1")
            .unwrap()
            .is_of(&web())
    );
    for text in [
        "did:web:example.com",
        "#",
        "key-1",
        "did:web:a#",
        "did:web:a#b#c",
        "did:web:a/p#k",
        "did:web:a#b c",
    ] {
        assert!(DidUrl::resolve(text, &web()).is_err(), "{text:?}");
    }
}

#[test]
fn did_key_derives_its_document() {
    let did = Did::parse(OPERATOR).unwrap();
    let document = key::document(&did).unwrap();
    let method = &document.assertion_methods()[0];
    assert_eq!(method.id.as_str(), format!("{OPERATOR}#{KEY}"));
    assert_eq!(key::did(&method.public_key).unwrap(), did);
    let json = StrictJson::from_value(document.to_json(), Limits::default()).unwrap();
    let read = DidDocument::read(json, &did).unwrap();
    assert_eq!(read.assertion_methods(), document.assertion_methods());
    for text in [
        "did:key:6MkuthLAaRw5KjeGi6D2A1Jw5PxknfmxwZAcHqtBN5ns7Pj",
        "did:key:zQ3shokFTS3brHcDQrn82RUDfCZESWL1ZdCEJwekUDPQiYBme",
    ] {
        let error = key::document(&Did::parse(text).unwrap()).unwrap_err();
        assert!(matches!(error, ResolveError::Malformed(_)), "{text}");
    }
    assert!(matches!(
        key::document(&web()).unwrap_err(),
        ResolveError::UnsupportedMethod(_)
    ));
}

#[test]
fn a_method_counts_once_it_is_complete() {
    assert_eq!(keys_after(|_| ()), 1);
    let method = "/verificationMethod/0";
    for (pointer, value) in [
        ("controller", json!("did:web:other.example")),
        ("controller", json!(null)),
        ("id", json!("did:web:example.com#key-2")),
        ("publicKeyJwk/kty", json!("EC")),
        ("publicKeyJwk/crv", json!("X25519")),
        ("publicKeyJwk/x", json!("AAAA")),
        ("publicKeyJwk/d", json!("secret")),
        ("publicKeyMultibase", json!(KEY)),
    ] {
        let count = keys_after(|document| {
            let (parent, member) = pointer
                .rsplit_once('/')
                .map_or((method.to_owned(), pointer), |(parent, member)| {
                    (format!("{method}/{parent}"), member)
                });
            document.pointer_mut(&parent).unwrap()[member] = value.clone();
        });
        assert_eq!(count, 0, "{pointer} = {value}");
    }
}

#[test]
fn methods_may_be_embedded_and_relative() {
    assert_eq!(
        keys_after(|document| document["assertionMethod"] = json!(["#key-1"])),
        1
    );
    assert_eq!(
        keys_after(|document| document["verificationMethod"][0]["id"] = json!("#key-1")),
        1
    );
    assert_eq!(
        keys_after(
            |document| document["assertionMethod"][0] = document["verificationMethod"][0].clone()
        ),
        1
    );
    assert_eq!(
        keys_after(|document| document["assertionMethod"] = json!([])),
        0
    );
    assert_eq!(
        keys_after(|document| document["assertionMethod"] = json!([1, null, "#key-9"])),
        0
    );
    assert_eq!(
        keys_after(|document| {
            let twin = document["verificationMethod"][0].clone();
            document["verificationMethod"]
                .as_array_mut()
                .unwrap()
                .push(twin);
        }),
        0,
        "two methods of one name"
    );
    assert_eq!(
        keys_after(|document| {
            let methods = document
                .as_object_mut()
                .unwrap()
                .remove("assertionMethod")
                .unwrap();
            document["authentication"] = methods;
        }),
        0,
        "for another purpose"
    );
}

#[test]
fn all_three_spellings_of_a_key_are_read() {
    for (member, value) in [
        ("publicKeyMultibase", json!(KEY)),
        (
            "publicKeyBase58",
            json!("GT5Fs3kPYA3JBMHPHaqaFs52HAGXsfoH84N4MGKEDjCN"),
        ),
    ] {
        let count = keys_after(|document| {
            let method = document["verificationMethod"][0].as_object_mut().unwrap();
            method.remove("publicKeyJwk");
            method.insert(member.to_owned(), value);
        });
        assert_eq!(count, 1, "{member}");
    }
}

#[test]
fn a_document_is_of_its_did() {
    assert!(
        read(json!({"id": "did:web:example.com"}))
            .unwrap()
            .assertion_methods()
            .is_empty()
    );
    for document in [
        json!({"id": "did:web:example.org"}),
        json!({}),
        json!([]),
        json!({"id": "did:web:example.com", "assertionMethod": "x"}),
        json!({"id": "did:web:example.com", "assertionMethod": vec!["#key-1"; 17]}),
    ] {
        assert!(read(document.clone()).is_err(), "{document}");
    }
}

// r[verify attestation.did.methods]
#[test]
fn two_resolvers_resolve_the_methods_of_both() {
    let json = StrictJson::from_value(json!({"id": web().as_str()}), Limits::default()).unwrap();
    let document = DidDocument::read(json, &web()).unwrap();
    let pinned = fixed::FixedResolver::new().with(document).only_given();
    let both = (key::KeyResolver, pinned);
    let resolve = |text: &str| {
        let did = Did::parse(text).unwrap();
        crate::poll_ready(both.resolve(&did)).unwrap()
    };
    assert!(resolve(OPERATOR).is_ok());
    assert!(resolve(web().as_str()).is_ok());
    assert!(matches!(
        resolve("did:web:b.example"),
        Err(ResolveError::NotFound)
    ));
    // The first one knows the method, so the second one is not asked.
    assert!(matches!(
        resolve("did:key:z1"),
        Err(ResolveError::Malformed(_))
    ));
}
