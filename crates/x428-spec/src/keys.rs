//! The published test keys, and what is signed with them.

use std::collections::HashMap;

use serde_json::Value;
use x428::{
    jcs::{Limits, StrictJson},
    sign::{SIGNATURE_MEMBER, SigningKey, VerifyingKey, verify_object},
};

use crate::{
    diagnostic::{Code, Diagnostic},
    model::{FenceKind, Protocol, Spec},
};

/// Examples are no input of strangers.
const LIMITS: Limits = Limits {
    bytes: usize::MAX,
    depth: 256,
};

/// The keys of a protocol by name.
#[derive(Default)]
pub(crate) struct Keys {
    keys: HashMap<String, SigningKey>,
}

impl Keys {
    /// Reads the keys of a protocol. Those that are no keys go to `found`.
    pub(crate) fn new(spec: &Spec, protocol: &Protocol, found: &mut Vec<Diagnostic>) -> Self {
        let mut keys = HashMap::new();
        let mut fences: Vec<_> = protocol
            .keys
            .values()
            .filter_map(|id| spec.fence(*id))
            .collect();
        fences.sort_by_key(|fence| fence.id);
        for fence in fences {
            let (FenceKind::Key { id }, Some(value)) = (&fence.kind, &fence.value) else {
                continue;
            };
            let json = value.to_value();
            let key = json.as_object().map(SigningKey::from_jwk);
            match key {
                Some(Ok(key)) => {
                    keys.insert(id.clone(), key);
                }
                Some(Err(error)) => {
                    let message = format!("`{id}` is no key: {}", error.detail());
                    found.push(Diagnostic::new(Code::InvalidKey, value.span, message));
                }
                None => found.push(Diagnostic::new(
                    Code::InvalidKey,
                    value.span,
                    "a key is a JSON Web Key",
                )),
            }
        }
        Self { keys }
    }

    /// The names in order.
    pub(crate) fn names(&self) -> Vec<&str> {
        let mut names: Vec<_> = self.keys.keys().map(String::as_str).collect();
        names.sort_unstable();
        names
    }

    /// A key by name.
    pub(crate) fn get(&self, name: &str) -> Option<&SigningKey> {
        self.keys.get(name)
    }
}

/// The signature over an object without its member `signature`; none if it cannot be signed.
///
/// The canonical bytes are those of `serde_json_canonicalizer`, the signature is verified over those
/// of the SDK: a fault of the one or the other is found by every signed example.
pub(crate) fn signature(value: &Value, key: &SigningKey) -> Option<String> {
    let object = StrictJson::from_value(value.clone(), LIMITS).ok()?;
    let mut members = object.object().ok()?.clone();
    members.remove(SIGNATURE_MEMBER);
    let bytes = canonical(&Value::Object(members))?;
    Some(key.sign_bytes(&bytes).to_string())
}

/// The canonical bytes, made by others than the SDK, which is to be checked with them.
pub(crate) fn canonical(value: &Value) -> Option<Vec<u8>> {
    serde_json_canonicalizer::to_vec(value).ok()
}

/// Puts the signature into an object: where it stands, or at the end.
pub(crate) fn sign(value: &mut Value, key: &SigningKey) {
    if let Some(signature) = signature(value, key)
        && let Some(object) = value.as_object_mut()
    {
        object.insert(SIGNATURE_MEMBER.to_owned(), signature.into());
    }
}

/// Whether the signature in an object is one of the key.
pub(crate) fn verifies(value: &Value, key: &VerifyingKey) -> bool {
    StrictJson::from_value(value.clone(), LIMITS)
        .is_ok_and(|object| verify_object(&object, key).is_ok())
}
