//! Conformance vectors: one input with the one right outcome.
//!
//! A file is a JSON array of [`Vector`]s, in the format that Appendix A of the attestation protocol
//! describes and published vectors share. [`parse`] reads one, [`Vector::run`] runs it against the
//! SDK.
//!
//! ```
//! use x428_conformance::{Profile, parse};
//!
//! let vectors = parse(br#"[{
//!     "description": "one segment",
//!     "category": "scope",
//!     "input": {"tokenScope": "https://a.example/*", "requestedResource": "https://a.example/r"},
//!     "expected": {"matches": true}
//! }]"#)?;
//! assert!(vectors[0].run(&Profile::default()).passed());
//! # Ok::<(), x428_conformance::FormatError>(())
//! ```

mod format;
mod profile;
mod read;
mod run;
#[cfg(feature = "server")]
pub mod server;
#[cfg(test)]
mod tests;

pub use format::{
    Case, Category, CodeExpected, CodeInput, CodedExpected, CoinbaseConversion, CoinbaseExpected,
    CoinbaseInput, CoinbaseNetwork, CursorInput, CursorPlace, DecimalExpected, DecimalInput,
    FormExpected, IdempotencyKeyExpected, IdempotencyKeyInput, IntentExpected, IntentInput,
    JcsExpected, Matches, ParseExpected, ParseInput, ProofChallenge, ProofInput, ProofRequest,
    RoutingExpected, RoutingInput, ScopeInput, SequenceInput, SignatureExpected, SignatureInput,
    StateExpected, StateInput, Step, Steps, TokenExpected, TokenInput, Vector, VerifyExpected,
    VerifyInput, WebauthnChallengeExpected, WebauthnChallengeInput, WebhookExpected,
    WebhookHeaders, WebhookInput,
};
pub use profile::{Profile, ProofProfile};
pub use read::{FormatError, parse, parse_value};
pub use run::{Outcome, Verdict, run_value, verify};

/// The JSON Schema of a vector file: `schema/vectors.json`. It leaves out that the array is not
/// empty, and that an `id` is unique in all files.
#[must_use]
pub fn schema() -> serde_json::Value {
    let mut schema = schemars::schema_for!(Vec<Vector>);
    schema.insert("title".to_owned(), "Conformance vectors".into());
    schema.to_value()
}
