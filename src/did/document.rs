//! DID documents: which keys may assert for a DID.

use std::fmt;
use std::time::Duration;

use serde_json::{Map, Value};

use super::{Did, DidUrl};
use crate::encoding::{
    ED25519_PUBLIC, multikey, parse_base58, parse_base64url_array, parse_multikey,
};
use crate::error::Malformed;
use crate::jcs::StrictJson;
use crate::wire::attestation::ASSERTION_METHODS_MAX;

/// The 32 bytes of an Ed25519 public key, as a document names them. Whether they are a point that
/// may verify is decided where they are used, by [`VerifyingKey`](crate::sign::VerifyingKey).
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct PublicKey(pub [u8; 32]);

impl PublicKey {
    /// Reads a multikey: `z6Mk…`, multibase base58btc with the multicodec prefix `ed01`.
    ///
    /// # Errors
    /// [`Malformed`] for another base or another kind of key.
    pub fn parse_multibase(text: &str) -> Result<Self, Malformed> {
        parse_multikey(ED25519_PUBLIC, text).map(Self)
    }

    /// Reads a JSON Web Key (RFC 8037 §2).
    ///
    /// # Errors
    /// [`Malformed`] unless `kty` is `OKP`, `crv` is `Ed25519`, `x` is 32 bytes in base64url, and
    /// no secret `d` is present: a key whose secret has been published belongs to everybody.
    pub fn from_jwk(jwk: &Map<String, Value>) -> Result<Self, Malformed> {
        let refuse = |why: &'static str| Malformed::new("public JWK", why);
        if jwk.contains_key("d") {
            return Err(refuse("it contains the secret `d`"));
        }
        let is = |member, value| jwk.get(member).and_then(Value::as_str) == Some(value);
        if !is("kty", "OKP") || !is("crv", "Ed25519") {
            return Err(refuse("not of `kty` OKP and `crv` Ed25519"));
        }
        let x = jwk.get("x").and_then(Value::as_str);
        parse_base64url_array(x.ok_or_else(|| refuse("no `x`"))?).map(Self)
    }

    /// The key as a multikey, as it stands in a did:key.
    #[must_use]
    pub fn to_multibase(&self) -> String {
        multikey(ED25519_PUBLIC, &self.0)
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({})", self.to_multibase())
    }
}

/// An Ed25519 key of a document, with its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerificationMethod {
    /// The absolute name.
    pub id: DidUrl,
    /// The key.
    pub public_key: PublicKey,
}

/// A DID document, as far as assertions go.
#[derive(Debug, Clone, PartialEq)]
pub struct DidDocument {
    did: Did,
    assertion_methods: Vec<VerificationMethod>,
    json: Option<Value>,
    max_age: Option<Duration>,
}

impl DidDocument {
    /// Reads the document of `did`.
    ///
    /// Of the entries of `assertionMethod`, those that are Ed25519 keys controlled by the DID
    /// itself are kept, in their order. The others are keys of other algorithms, of other
    /// controllers, or without meaning, and do not harm the rest of the document.
    ///
    /// # Errors
    /// [`Malformed`] for a document that is not an object, is of another DID, has a list of methods
    /// that is not an array, or lists more than sixteen assertion methods, each of which may cost a
    /// signature verification.
    // r[impl attestation.did.document-id]
    // r[impl attestation.did.method-count]
    pub fn read(json: StrictJson, did: &Did) -> Result<Self, Malformed> {
        let refuse = |why: &'static str| Malformed::new("DID document", why);
        let members = json.object()?;
        if members.get("id").and_then(Value::as_str) != Some(did.as_str()) {
            return Err(refuse("its `id` is not the DID that was resolved"));
        }
        let list = |member| match members.get(member) {
            None => Ok(&[][..]),
            Some(Value::Array(items)) => Ok(items.as_slice()),
            Some(_) => Err(refuse("a list of methods is not an array")),
        };
        let candidates = list("assertionMethod")?;
        if candidates.len() > ASSERTION_METHODS_MAX {
            return Err(refuse("it lists more than sixteen assertion methods"));
        }
        let listed = list("verificationMethod")?;
        let assertion_methods = candidates
            .iter()
            .filter_map(|candidate| usable(candidate, listed, did))
            .collect();
        Ok(Self {
            did: did.clone(),
            assertion_methods,
            json: Some(json.into_value()),
            max_age: None,
        })
    }

    /// Makes the document that a key is by itself.
    pub(super) fn of_key(did: &Did, id: DidUrl, public_key: PublicKey) -> Self {
        Self {
            did: did.clone(),
            assertion_methods: vec![VerificationMethod { id, public_key }],
            json: None,
            max_age: None,
        }
    }

    /// Says for how long the document may be kept, where its source says so.
    #[must_use]
    pub fn with_max_age(mut self, max_age: Duration) -> Self {
        self.max_age = Some(max_age);
        self
    }

    /// For how long the document may be kept, where its source says so.
    #[must_use]
    pub fn max_age(&self) -> Option<Duration> {
        self.max_age
    }

    /// Whose document it is.
    #[must_use]
    pub fn did(&self) -> &Did {
        &self.did
    }

    /// The keys that may assert, in the order of the document.
    #[must_use]
    pub fn assertion_methods(&self) -> &[VerificationMethod] {
        &self.assertion_methods
    }

    /// The key of this name, if it may assert.
    #[must_use]
    pub fn assertion_method(&self, id: &DidUrl) -> Option<&VerificationMethod> {
        self.assertion_methods
            .iter()
            .find(|method| method.id == *id)
    }

    /// The document as JSON, to be kept as evidence: as it was received, or as did:key derives it.
    #[must_use]
    pub fn to_json(&self) -> Value {
        self.json
            .clone()
            .unwrap_or_else(|| super::key::json(&self.did, &self.assertion_methods))
    }
}

/// An entry of `assertionMethod` is a method itself, or the name of a listed one.
// r[impl attestation.did.candidates]
// r[impl attestation.did.dangling]
// r[impl attestation.did.controller]
fn usable(candidate: &Value, listed: &[Value], did: &Did) -> Option<VerificationMethod> {
    let method = match candidate {
        Value::Object(embedded) => embedded,
        Value::String(reference) => {
            let id = DidUrl::resolve(reference, did).ok()?;
            let mut named = listed
                .iter()
                .filter_map(Value::as_object)
                .filter(|method| name(method, did).as_ref() == Some(&id));
            let method = named.next()?;
            // Two methods of one name: which of them signed is anybody's guess.
            if named.next().is_some() {
                return None;
            }
            method
        }
        _ => return None,
    };
    let kind = method.get("type").and_then(Value::as_str);
    if method.get("controller").and_then(Value::as_str) != Some(did.as_str())
        || !kind.is_some_and(|kind| (1..=128).contains(&kind.chars().count()))
    {
        return None;
    }
    let id = name(method, did).filter(|id| id.is_of(did))?;
    let public_key = public_key(method)?;
    Some(VerificationMethod { id, public_key })
}

fn name(method: &Map<String, Value>, did: &Did) -> Option<DidUrl> {
    DidUrl::resolve(method.get("id")?.as_str()?, did).ok()
}

/// The forms of a key exclude one another; a method with two is not one that both would read.
// r[impl attestation.did.key-formats]
// r[impl attestation.did.no-private-key]
// r[impl attestation.did.key-other]
fn public_key(method: &Map<String, Value>) -> Option<PublicKey> {
    let jwk = method.get("publicKeyJwk");
    let multibase = method.get("publicKeyMultibase");
    let base58 = method.get("publicKeyBase58");
    match (jwk, multibase, base58) {
        (Some(Value::Object(jwk)), None, None) => PublicKey::from_jwk(jwk).ok(),
        (None, Some(Value::String(text)), None) => PublicKey::parse_multibase(text).ok(),
        (None, None, Some(Value::String(digits))) => {
            let bytes = parse_base58(digits).ok()?;
            bytes.try_into().ok().map(PublicKey)
        }
        _ => None,
    }
}
