//! The audit log (section 12.3): what a server accepted, in a chain that shows every change.
//!
//! A record is a JSON object whose member `predecessor` is the digest of the record before it; the
//! first one names the digest of the empty object. Backends store the texts in order and compute
//! nothing but [`Entry::follow`] and [`Record::erased`]. [`verify`] reads a log from its beginning
//! and names the first record that is not what it was.
//!
//! ```
//! use x428::attestation::audit::{Chain, Entry, genesis};
//!
//! let first = Entry::erasure(&genesis()?, "2026-11-20T12:00:00Z".parse()?)?.follow(&genesis()?)?;
//! let mut chain = Chain::new()?;
//! chain.push(&first.at(0))?;
//! assert_eq!(chain.digest(), first.digest());
//!
//! let mut altered = first.at(0);
//! altered.text = altered.text.replace("2026", "2025");
//! assert_eq!(
//!     Chain::new()?.push(&altered).unwrap_err().to_string(),
//!     "record 0 was altered: its digest is that of another content"
//! );
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::future::Future;
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::payload::Payload;
use super::receipt::{digest_of, token_digest};
use super::verify::Accepted;
use super::wire::{self, AttestationToken, Digest, Receipt};
use crate::did::DidDocument;
use crate::error::{Malformed, Misuse, Unavailable};
use crate::jcs::{Limits, StrictJson, canonical};

mod chain;
pub mod contract;
mod memory;
#[cfg(test)]
mod tests;

pub use chain::{Broken, BrokenChain, Chain, Head, VerifyError, verify};
pub use memory::MemoryAuditLog;

/// A record holds a payload and up to eighteen DID documents, each of the size of one text.
const RECORD: Limits = Limits {
    bytes: 2 * 1024 * 1024,
    depth: 20,
};

/// The digest that the first record names: that of the empty object.
///
/// # Errors
/// None in practice; a digest always has the form of a `Digest`.
pub fn genesis() -> Result<Digest, Misuse> {
    digest_of(&json!({}))
}

/// Keeps the log. Every instance of a server appends to the same one.
///
/// Backends show with [`contract::check`] that they are one.
pub trait AuditLog {
    /// Appends a record that follows the newest one, in one atomic operation, and returns its
    /// digest once the record is durable. Nothing that was appended before is changed.
    ///
    /// # Errors
    /// [`Unavailable`] if it is not certain that the record is kept.
    fn append(&self, entry: &Entry) -> impl Future<Output = Result<Digest, Unavailable>> + Send;

    /// At most `count` records in the order of their numbers, from the number `from` on, as they
    /// are stored. The first record has the number 0.
    ///
    /// # Errors
    /// [`Unavailable`] if the log did not answer.
    fn records(
        &self,
        from: u64,
        count: u32,
    ) -> impl Future<Output = Result<Vec<Stored>, Unavailable>> + Send;

    /// Replaces the content of a record by its digest and appends the record that says so, in one
    /// atomic operation, because the law requires it. Returns the digest of the latter, or nothing
    /// if the log has no such record with a content.
    ///
    /// # Errors
    /// [`Unavailable`] if it is not certain that both were done.
    fn erase(
        &self,
        record: &Digest,
        at: Timestamp,
    ) -> impl Future<Output = Result<Option<Digest>, Unavailable>> + Send;
}

macro_rules! forward {
    ($($pointer:ty),*) => {$(
        impl<L: AuditLog + ?Sized> AuditLog for $pointer {
            fn append(
                &self,
                entry: &Entry,
            ) -> impl Future<Output = Result<Digest, Unavailable>> + Send {
                (**self).append(entry)
            }

            fn records(
                &self,
                from: u64,
                count: u32,
            ) -> impl Future<Output = Result<Vec<Stored>, Unavailable>> + Send {
                (**self).records(from, count)
            }

            fn erase(
                &self,
                record: &Digest,
                at: Timestamp,
            ) -> impl Future<Output = Result<Option<Digest>, Unavailable>> + Send {
                (**self).erase(record, at)
            }
        }
    )*};
}
forward!(&L, Arc<L>);

/// A record as a log stores it. Nothing of it has been checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// Its place; the first record has the number 0.
    pub number: u64,
    /// Its digest when it was appended.
    pub digest: String,
    /// Its canonical text, or that of [`Record::erased`].
    pub text: String,
}

/// What a record says, before it has its place in the chain.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry(Map<String, Value>);

impl Entry {
    /// The record of an accepted payload. `software` names the verifying software and its version.
    ///
    /// # Errors
    /// None in practice; everything of an accepted payload is JSON.
    // r[impl attestation.receipt.log]
    pub fn accepted(
        accepted: &Accepted,
        payload: &Payload,
        token: &AttestationToken,
        receipt: Option<&Receipt>,
        software: &str,
    ) -> Result<Self, Misuse> {
        let issuers = &accepted.issuer_documents;
        let mut members = start("accepted");
        let mut set = |name: &str, value: Value| members.insert(name.to_owned(), value);
        set("verifiedAt", time(accepted.accepted_at)?);
        set("software", software.into());
        set("challenge", value(accepted.challenge.message())?);
        set("payload", payload.json().value().clone());
        set("didDocument", accepted.document.to_json());
        set(
            "issuerDocuments",
            issuers.iter().map(DidDocument::to_json).collect(),
        );
        set(
            "token",
            json!({
                "digest": token_digest(token)?.as_str(),
                "scope": token.scope.as_str(),
                "expiresAt": token.expires_at.as_str(),
            }),
        );
        if let Some(receipt) = receipt {
            set("receipt", value(receipt)?);
        }
        Ok(Self(members))
    }

    /// A correction of an earlier record, which stays as it is: an operator's withdrawal too.
    ///
    /// # Errors
    /// [`Misuse`] for a time that no wire carries.
    // r[impl attestation.receipt.log-append]
    pub fn correction(of: &Digest, why: &str, at: Timestamp) -> Result<Self, Misuse> {
        let mut members = start("correction");
        members.insert("of".to_owned(), of.as_str().into());
        members.insert("why".to_owned(), why.into());
        members.insert("recordedAt".to_owned(), time(at)?);
        Ok(Self(members))
    }

    /// Says that the content of an earlier record has been replaced by its digest, because the law
    /// requires it. The replacement is [`Record::erased`].
    ///
    /// # Errors
    /// [`Misuse`] for a time that no wire carries.
    // r[impl attestation.receipt.log-erase]
    pub fn erasure(of: &Digest, at: Timestamp) -> Result<Self, Misuse> {
        let mut members = start("erasure");
        members.insert("of".to_owned(), of.as_str().into());
        members.insert("recordedAt".to_owned(), time(at)?);
        Ok(Self(members))
    }

    /// Gives the record its place: after the one with the digest `predecessor`.
    ///
    /// # Errors
    /// None in practice; a digest always has the form of a `Digest`.
    // r[impl attestation.receipt.log-chain]
    pub fn follow(&self, predecessor: &Digest) -> Result<Record, Misuse> {
        let mut members = self.0.clone();
        members.insert("predecessor".to_owned(), predecessor.as_str().into());
        let value = Value::Object(members);
        Ok(Record {
            digest: digest_of(&value)?,
            predecessor: predecessor.clone(),
            value,
        })
    }
}

/// A record of the log.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    value: Value,
    digest: Digest,
    predecessor: Digest,
}

impl Record {
    /// Reads a record as it was stored.
    ///
    /// # Errors
    /// [`Malformed`] if the text is no strict JSON of an object with a `kind` and a `predecessor`.
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        let value = StrictJson::parse(text.as_bytes(), RECORD)?.into_value();
        let refuse = |why: &'static str| Malformed::new("record", why);
        let named = |member: &str| {
            let text = value.get(member).and_then(Value::as_str);
            text.and_then(|text| Digest::parse(text).ok())
        };
        let predecessor = named("predecessor").ok_or_else(|| refuse("it has no predecessor"))?;
        let digest = match kind(&value) {
            None => return Err(refuse("it has no kind")),
            // The content is gone; what is left is what the next record names.
            Some("erased") => named("digest").ok_or_else(|| refuse("its digest is gone"))?,
            Some(_) => digest_of(&value).map_err(|error| refuse_because(&error))?,
        };
        Ok(Self {
            value,
            digest,
            predecessor,
        })
    }

    /// The canonical text, to be stored.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8(canonical(&self.value)).unwrap_or_default()
    }

    /// The record as it is stored with that number.
    #[must_use]
    pub fn at(&self, number: u64) -> Stored {
        Stored {
            number,
            digest: self.digest.as_str().to_owned(),
            text: self.text(),
        }
    }

    /// Whether the content has been replaced by its digest.
    #[must_use]
    pub fn is_erased(&self) -> bool {
        kind(&self.value) == Some("erased")
    }

    /// The digest that the next record names.
    #[must_use]
    pub fn digest(&self) -> &Digest {
        &self.digest
    }

    /// The digest of the record before.
    #[must_use]
    pub fn predecessor(&self) -> &Digest {
        &self.predecessor
    }

    /// The members.
    #[must_use]
    pub fn value(&self) -> &Value {
        &self.value
    }

    /// The record without its content, which keeps its place in the chain.
    // r[impl attestation.receipt.log-erase]
    #[must_use]
    pub fn erased(&self) -> Self {
        let mut members = start("erased");
        members.insert("digest".to_owned(), self.digest.as_str().into());
        members.insert("predecessor".to_owned(), self.predecessor.as_str().into());
        Self {
            value: Value::Object(members),
            ..self.clone()
        }
    }
}

fn start(kind: &str) -> Map<String, Value> {
    Map::from_iter([("kind".to_owned(), Value::from(kind))])
}

fn kind(value: &Value) -> Option<&str> {
    value.get("kind")?.as_str()
}

fn time(at: Timestamp) -> Result<Value, Misuse> {
    let time = wire::Timestamp::try_from(at).map_err(|error| Misuse::new(error.to_string()))?;
    Ok(time.as_str().into())
}

fn value(message: &impl serde::Serialize) -> Result<Value, Misuse> {
    serde_json::to_value(message).map_err(|error| Misuse::new(error.to_string()))
}

fn refuse_because(error: &Misuse) -> Malformed {
    Malformed::new("record", error.to_string())
}
