//! Strict JSON and its canonical bytes.
//!
//! A signature is made over the JSON Canonicalization Scheme (RFC 8785), so two readers of one text
//! must see one value. JSON does not promise that: of two members of one name some readers take
//! the first and some the last, and an integer beyond 2^53 − 1 is another number after a double.
//! [`StrictJson`] is the proof that a text has one reading (I-JSON, RFC 7493): signatures are
//! verified over nothing else.
//!
//! ```
//! use x428::jcs::{Limits, StrictJson};
//!
//! let json = StrictJson::parse(br#"{"b": 1.50, "a": "\u20ac"}"#, Limits::default())?;
//! assert_eq!(json.canonical(), r#"{"a":"€","b":1.5}"#.as_bytes());
//! assert!(StrictJson::parse(br#"{"a": 1, "a": 2}"#, Limits::default()).is_err());
//! # Ok::<(), x428::error::Malformed>(())
//! ```

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::error::Malformed;
use crate::wire::attestation::{JSON_DEPTH_MAX, JSON_SIZE_MAX};

mod canonical;
mod parse;
mod plain;
#[cfg(test)]
mod tests;

pub use canonical::{canonical, canonical_without};

/// The largest integer that every reader of JSON holds exactly: 2^53 − 1 (RFC 7493 §2.2).
pub const MAX_INTEGER: u64 = (1 << 53) - 1;

/// How much JSON is read at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The length of the text in bytes of UTF-8.
    pub bytes: usize,
    /// How many arrays and objects enclose a value; `[]` has the depth 1.
    pub depth: usize,
}

impl Default for Limits {
    /// The limits of every text that is read: `json_size_max` and `json_depth_max` of section 2.4.
    // r[impl attestation.json.size]
    // r[impl attestation.json.depth]
    fn default() -> Self {
        Self {
            bytes: JSON_SIZE_MAX,
            depth: JSON_DEPTH_MAX,
        }
    }
}

/// A JSON value that has one reading.
// r[impl attestation.jcs.input]
#[derive(Debug, Clone, PartialEq)]
pub struct StrictJson(Value);

impl StrictJson {
    /// Reads a JSON text.
    ///
    /// # Errors
    /// [`Malformed`], with the byte offset, for a text that is no JSON (RFC 8259) in UTF-8, has
    /// two members of one name in one object, an integer beyond ±(2^53 − 1), a number beyond the
    /// range of a double, half of a surrogate pair, or is beyond the `limits`.
    pub fn parse(text: &[u8], limits: Limits) -> Result<Self, Malformed> {
        parse::parse(text, limits).map(Self)
    }

    /// Takes a value that is in memory already.
    ///
    /// # Errors
    /// [`Malformed`] for a number that I-JSON does not have, and for a value nested deeper than
    /// `limits.depth`.
    pub fn from_value(value: Value, limits: Limits) -> Result<Self, Malformed> {
        parse::check(&value, limits.depth)?;
        Ok(Self(value))
    }

    /// The value.
    #[must_use]
    pub fn value(&self) -> &Value {
        &self.0
    }

    /// Gives the value away.
    #[must_use]
    pub fn into_value(self) -> Value {
        self.0
    }

    /// The members, if the value is an object.
    ///
    /// # Errors
    /// [`Malformed`] if it is something else.
    pub fn object(&self) -> Result<&Map<String, Value>, Malformed> {
        self.0
            .as_object()
            .ok_or_else(|| Malformed::new("JSON", "not an object"))
    }

    /// Reads the value as a type of the wire.
    ///
    /// # Errors
    /// [`Malformed`] if the value is not of the type, with the place where it is not. What stands
    /// there is not repeated: it may be part of a credential.
    // r[impl attestation.error.no-secrets]
    pub fn read<T: DeserializeOwned>(&self, what: &'static str) -> Result<T, Malformed> {
        T::deserialize(&self.0).map_err(|_| self.misread::<T>(what))
    }

    /// Reads once more, and this time remembers the way.
    fn misread<T: DeserializeOwned>(&self, what: &'static str) -> Malformed {
        let detail = match serde_path_to_error::deserialize::<_, T>(&self.0) {
            Ok(_) => "not of its form".to_owned(),
            Err(error) => {
                let place = error.path().to_string();
                let reason = error.into_inner().to_string();
                // Of the messages of serde, this one names a member and no value.
                if reason.starts_with("missing field") {
                    format!("{reason} in `{place}`")
                } else {
                    format!("`{place}` is not of its form")
                }
            }
        };
        Malformed::new(what, detail)
    }

    /// The canonical bytes after RFC 8785.
    #[must_use]
    pub fn canonical(&self) -> Vec<u8> {
        canonical(&self.0)
    }

    /// The canonical bytes of the object without one of its own members, as signatures are made.
    ///
    /// Members of that name deeper inside stay.
    #[must_use]
    pub fn canonical_without(&self, member: &str) -> Vec<u8> {
        canonical_without(&self.0, member)
    }
}
