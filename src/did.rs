//! Decentralized identifiers (W3C DID Core 1.0): names, documents, resolution.
//!
//! ```
//! use x428::did::{Did, key};
//!
//! let did = Did::parse("did:key:z6MkuthLAaRw5KjeGi6D2A1Jw5PxknfmxwZAcHqtBN5ns7Pj")?;
//! let document = key::document(&did)?;
//! assert_eq!(document.assertion_methods().len(), 1);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::fmt;
use std::str::FromStr;

use crate::error::Malformed;

pub mod cache;
mod document;
pub mod fixed;
pub mod key;
mod resolver;
#[cfg(test)]
mod tests;
#[cfg(feature = "did-web")]
pub mod web;

pub use document::{DidDocument, PublicKey, VerificationMethod};
pub use resolver::{DidResolver, ResolveError};

/// No DID, and no DID URL, is longer.
const CEILING: usize = 2048;

/// A decentralized identifier, without path, query or fragment.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Did(String);

impl Did {
    /// Reads a DID (DID Core §3.1).
    ///
    /// # Errors
    /// [`Malformed`] for anything else, also for a DID URL.
    // r[impl attestation.payload.operator]
    pub fn parse(text: impl Into<String>) -> Result<Self, Malformed> {
        let text = text.into();
        let refuse = |why: &'static str| Err(Malformed::new("DID", why));
        if text.len() > CEILING {
            return refuse("longer than 2048 bytes");
        }
        let Some((method, id)) = text
            .strip_prefix("did:")
            .and_then(|rest| rest.split_once(':'))
        else {
            return refuse("not `did:method:id`");
        };
        let method_fits = !method.is_empty()
            && method
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
        if !method_fits {
            return refuse("the method is not of lowercase letters and digits");
        }
        if !id.split(':').all(is_segment) {
            return refuse("a segment of the id is empty or has a character that no DID has");
        }
        Ok(Self(text))
    }

    /// The identifier.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The method: `key` of `did:key:z6Mk…`.
    #[must_use]
    pub fn method(&self) -> &str {
        self.parts().0
    }

    /// What the method identifies: `z6Mk…` of `did:key:z6Mk…`.
    #[must_use]
    pub fn method_specific_id(&self) -> &str {
        self.parts().1
    }

    fn parts(&self) -> (&str, &str) {
        self.0["did:".len()..].split_once(':').unwrap_or_default()
    }
}

fn is_segment(segment: &str) -> bool {
    let bytes = segment.as_bytes();
    !bytes.is_empty()
        && bytes.iter().enumerate().all(|(at, byte)| match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'.' | b'_' | b'-' => true,
            b'%' => bytes
                .get(at + 1..at + 3)
                .is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit)),
            _ => false,
        })
}

impl fmt::Display for Did {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl AsRef<str> for Did {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl FromStr for Did {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        Self::parse(text)
    }
}

/// The name of a verification method: a DID and a fragment (DID Core §3.2).
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DidUrl {
    text: String,
    did_length: usize,
}

impl DidUrl {
    /// Reads an absolute name: `did:web:example.com#key-1`.
    ///
    /// # Errors
    /// [`Malformed`] for anything else; path and query name nothing that verifies.
    pub fn parse(text: impl Into<String>) -> Result<Self, Malformed> {
        let text = text.into();
        let refuse = |why: &'static str| Malformed::new("DID URL", why);
        if text.len() > CEILING {
            return Err(refuse("longer than 2048 bytes"));
        }
        let (did, fragment) = text.split_once('#').ok_or_else(|| refuse("no fragment"))?;
        let fragment_fits = !fragment.is_empty()
            && fragment
                .bytes()
                .all(|byte| byte.is_ascii_graphic() && byte != b'#');
        if !fragment_fits {
            return Err(refuse("the fragment is empty or not of URI characters"));
        }
        Did::parse(did)?;
        let did_length = did.len();
        Ok(Self { text, did_length })
    }

    /// Reads a name as it stands in the document of `base`, where `#key-1` may stand for
    /// `did:web:example.com#key-1`.
    ///
    /// # Errors
    /// As [`DidUrl::parse`].
    // r[impl attestation.did.relative-id]
    pub fn resolve(text: &str, base: &Did) -> Result<Self, Malformed> {
        if text.starts_with('#') {
            Self::parse(format!("{base}{text}"))
        } else {
            Self::parse(text)
        }
    }

    /// The whole name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The DID in whose document the method stands.
    #[must_use]
    pub fn did(&self) -> Did {
        Did(self.text[..self.did_length].to_owned())
    }

    /// Whether the method is one of `did`.
    #[must_use]
    pub fn is_of(&self, did: &Did) -> bool {
        &self.text[..self.did_length] == did.as_str()
    }

    /// What follows the `#`.
    #[must_use]
    pub fn fragment(&self) -> &str {
        &self.text[self.did_length + 1..]
    }
}

impl fmt::Display for DidUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}
