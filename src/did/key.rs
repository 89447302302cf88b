//! did:key: the DID is the key, and the document is derived from it.
//!
//! Only Ed25519 keys are derived. The method has no rotation: whoever holds the key is the DID for
//! ever, which suits development and short-lived operators.

use std::future::{Future, ready};

use serde_json::{Value, json};

use super::{Did, DidDocument, DidResolver, DidUrl, PublicKey, ResolveError, VerificationMethod};
use crate::error::Malformed;

/// Resolves did:key, and nothing else.
#[derive(Debug, Clone, Copy, Default)]
pub struct KeyResolver;

impl DidResolver for KeyResolver {
    fn resolve(&self, did: &Did) -> impl Future<Output = Result<DidDocument, ResolveError>> + Send {
        ready(document(did))
    }
}

/// Derives the document of a did:key.
///
/// # Errors
/// [`ResolveError::UnsupportedMethod`] for a DID of another method, [`ResolveError::Malformed`]
/// for a key that is not Ed25519.
// r[impl attestation.did-key.ed25519]
// r[impl attestation.did-key.derive]
pub fn document(did: &Did) -> Result<DidDocument, ResolveError> {
    let public_key = public_key(did)?;
    let id = DidUrl::resolve(&format!("#{}", did.method_specific_id()), did)?;
    Ok(DidDocument::of_key(did, id, public_key))
}

/// The did:key of a public key.
///
/// # Errors
/// None in practice; the text of a key is always a DID.
pub fn did(public_key: &PublicKey) -> Result<Did, Malformed> {
    Did::parse(format!("did:key:{}", public_key.to_multibase()))
}

fn public_key(did: &Did) -> Result<PublicKey, ResolveError> {
    if did.method() != "key" {
        return Err(ResolveError::UnsupportedMethod(did.method().to_owned()));
    }
    let public_key = PublicKey::parse_multibase(did.method_specific_id())?;
    Ok(public_key)
}

pub(super) fn json(did: &Did, methods: &[VerificationMethod]) -> Value {
    let names: Vec<_> = methods.iter().map(|method| method.id.as_str()).collect();
    let methods: Vec<_> = methods
        .iter()
        .map(|method| {
            json!({
                "id": method.id.as_str(),
                "type": "Multikey",
                "controller": did.as_str(),
                "publicKeyMultibase": method.public_key.to_multibase(),
            })
        })
        .collect();
    json!({
        "@context": ["https://www.w3.org/ns/did/v1", "https://w3id.org/security/multikey/v1"],
        "id": did.as_str(),
        "verificationMethod": methods,
        "assertionMethod": names,
    })
}
