//! The functions of which a computation is made. They use no code of the SDK, so that two
//! implementations have to agree on every value of the text.

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use ed25519_dalek::{Signer as _, SigningKey};
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value as Json, json};
use sha2::{Digest as _, Sha256};

use super::expression::from_hex;

/// What an expression is.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    /// Text, or a string of JSON.
    Text(String),
    /// Bytes that no JSON holds.
    Bytes(Vec<u8>),
    /// JSON that is no string.
    Json(Json),
}

impl Value {
    /// A value of JSON.
    pub(crate) fn of_json(json: Json) -> Self {
        match json {
            Json::String(text) => Self::Text(text),
            other => Self::Json(other),
        }
    }

    /// The value as JSON; bytes have to be encoded first.
    pub(crate) fn into_json(self) -> Result<Json, String> {
        match self {
            Self::Text(text) => Ok(Json::String(text)),
            Self::Json(json) => Ok(json),
            Self::Bytes(_) => {
                Err("bytes are written as `base64url()`, `base64()` or `hex()`".to_owned())
            }
        }
    }

    fn as_bytes(&self) -> Result<&[u8], String> {
        match self {
            Self::Text(text) => Ok(text.as_bytes()),
            Self::Bytes(bytes) => Ok(bytes),
            Self::Json(_) => Err("an object has no bytes; write `jcs()` or `json()`".to_owned()),
        }
    }

    fn as_text(&self) -> Result<&str, String> {
        match self {
            Self::Text(text) => Ok(text),
            _ => Err("here a text is expected".to_owned()),
        }
    }

    fn to_json(&self) -> Result<Json, String> {
        self.clone().into_json()
    }
}

/// The names of the functions of values. `jws`, `ed25519`, `public`, `body` and `header` take names
/// of keys and messages as well.
pub(super) const NAMES: &[&str] = &[
    "jcs",
    "json",
    "sha256",
    "hmac-sha256",
    "base64url",
    "base64",
    "hex",
    "from-base64url",
    "from-base64",
    "from-hex",
    "text",
    "bytes",
    "after",
    "at",
    "with",
];

/// Calls a function of values. What is wrong is said in a phrase.
pub(crate) fn call(name: &str, arguments: &[Value]) -> Result<Value, String> {
    match (name, arguments) {
        ("jcs", [value]) => serde_json_canonicalizer::to_string(&value.to_json()?)
            .map(Value::Text)
            .map_err(|error| error.to_string()),
        ("json", [value]) => Ok(Value::Text(value.to_json()?.to_string())),
        ("sha256", values) => {
            let mut hash = Sha256::new();
            for value in values {
                hash.update(value.as_bytes()?);
            }
            Ok(Value::Bytes(hash.finalize().to_vec()))
        }
        ("hmac-sha256", [key, values @ ..]) => {
            let mut mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()?)
                .map_err(|error| error.to_string())?;
            for value in values {
                mac.update(value.as_bytes()?);
            }
            Ok(Value::Bytes(mac.finalize().into_bytes().to_vec()))
        }
        ("base64url", [value]) => Ok(Value::Text(encode(value.as_bytes()?))),
        ("base64", [value]) => Ok(Value::Text(STANDARD.encode(value.as_bytes()?))),
        ("hex", [value]) => {
            let digits = value.as_bytes()?.iter().map(|byte| format!("{byte:02x}"));
            Ok(Value::Text(digits.collect()))
        }
        ("from-base64url", [value]) => decode(&URL_SAFE_NO_PAD, value),
        ("from-base64", [value]) => decode(&STANDARD, value),
        ("from-hex", [value]) => from_hex(value.as_text()?)
            .map(Value::Bytes)
            .ok_or_else(|| "this is no lowercase hexadecimal text".to_owned()),
        ("text", values) => {
            let parts: Result<String, String> = values.iter().map(Value::as_text).collect();
            Ok(Value::Text(parts?))
        }
        ("bytes", values) => {
            let mut bytes = Vec::new();
            for value in values {
                bytes.extend_from_slice(value.as_bytes()?);
            }
            Ok(Value::Bytes(bytes))
        }
        ("after", [prefix, value]) => {
            let (prefix, text) = (prefix.as_text()?, value.as_text()?);
            let rest = text.strip_prefix(prefix);
            rest.map(|rest| Value::Text(rest.to_owned()))
                .ok_or_else(|| format!("this does not begin with `{prefix}`"))
        }
        ("at", [value, pointer]) => {
            let (json, pointer) = (value.to_json()?, pointer.as_text()?);
            let found = json.pointer(pointer).cloned().map(Value::of_json);
            found.ok_or_else(|| format!("this has nothing at `{pointer}`"))
        }
        ("with", [value, pointer, other]) => {
            let (mut json, pointer) = (value.to_json()?, pointer.as_text()?);
            let Some(place) = json.pointer_mut(pointer) else {
                return Err(format!("this has nothing at `{pointer}`"));
            };
            *place = other.to_json()?;
            Ok(Value::of_json(json))
        }
        _ => Err(format!(
            "`{name}` does not take {} argument(s)",
            arguments.len()
        )),
    }
}

fn decode(engine: &impl base64::Engine, value: &Value) -> Result<Value, String> {
    let bytes = engine.decode(value.as_text()?);
    bytes
        .map(Value::Bytes)
        .map_err(|error| format!("this cannot be decoded: {error}"))
}

/// An Ed25519 key from its JWK.
pub(crate) fn key(jwk: &Json) -> Option<SigningKey> {
    let secret = URL_SAFE_NO_PAD.decode(jwk.get("d")?.as_str()?).ok()?;
    Some(SigningKey::from_bytes(&secret.try_into().ok()?))
}

/// The public JWK of a key, with the members that its thumbprint needs (RFC 8037).
pub(crate) fn public(key: &SigningKey) -> Value {
    let x = encode(key.verifying_key().as_bytes());
    Value::Json(json!({ "kty": "OKP", "crv": "Ed25519", "x": x }))
}

/// An Ed25519 signature over the values, one after the other.
pub(crate) fn ed25519(key: &SigningKey, values: &[Value]) -> Result<Value, String> {
    let mut message = Vec::new();
    for value in values {
        message.extend_from_slice(value.as_bytes()?);
    }
    Ok(Value::Bytes(key.sign(&message).to_bytes().to_vec()))
}

fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// A JWS in compact form (RFC 7515), header and claims serialized in the order of the text.
pub(crate) fn jws(key: &SigningKey, header: &Value, claims: &Value) -> Result<Value, String> {
    let part = |value: &Value| value.to_json().map(|json| encode(json.to_string()));
    let input = format!("{}.{}", part(header)?, part(claims)?);
    let signature = encode(key.sign(input.as_bytes()).to_bytes());
    Ok(Value::Text(format!("{input}.{signature}")))
}

#[cfg(test)]
mod tests;
