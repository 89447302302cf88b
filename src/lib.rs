//! The SDK of x428: agents attest what a server requires of their operators, over HTTP `428`.
//!
//! A server names preconditions, such as terms of service, an age or an identity. The operator's
//! agent signs an attestation, the server verifies it in ten steps and grants a token. The
//! specification and this crate come from one source: the types in [`wire`] are generated from the
//! schemas of the text.
//!
//! ```
//! use x428::attestation::{Answer, Challenge, Expected, Payload, Verifier, nonce::MemoryNonceStore};
//! use x428::{clock::{Clock, SystemClock}, did::key::KeyResolver, jcs::StrictJson, sign::SigningKey};
//!
//! # let challenge = serde_json::json!({"x428Version": 1, "resource": "https://api.example.com/r",
//! #     "challenge": "0".repeat(64), "expiresAt": "9999-01-01T00:00:00Z",
//! #     "preconditions": [{"id": "operator", "type": "identity", "allowedAttestationMethods": ["self"]}]});
//! # let json = challenge.to_string();
//! let now = SystemClock.now();
//! let challenge = Challenge::read(&StrictJson::parse(json.as_bytes(), Default::default())?)?;
//! challenge.check_for_request("https://api.example.com/r", now)?;
//!
//! let key = SigningKey::generate()?;
//! let signed = Answer::new(&challenge, key.did()?).confirm("operator", now)?.sign(&key)?;
//!
//! let verifier = Verifier::new(KeyResolver, MemoryNonceStore::new(100_000));
//! let payload = Payload::from_body(signed.text().as_bytes())?;
//! let accepted = verifier.verify_now(Expected::challenge(&challenge), &payload)?;
//! assert_eq!(accepted.operator, key.did()?);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Map
//!
//! | module | does |
//! |---|---|
//! | [`attestation`] | challenges, answers, the ten steps, tokens, scopes, nonces |
//! | [`withdrawal`] | decimals, submissions, intents and refusals of the withdrawal protocol |
//! | [`vc`] | what is checked of every credential, and where proofs are verified |
//! | [`sign`] | keys, strict Ed25519, sealing keys; the only place that sees secrets |
//! | [`did`] | names, documents, resolvers |
//! | [`clock`] | time, as a value that is passed in |
//! | [`jcs`], [`encoding`] | strict JSON and its canonical bytes; strict base64url and multibase |
//! | [`error`](mod@error) | errors, by whose fault they are |
//! | [`wire`] | the messages, codes, limits and lifetimes of the specification |
//!
//! These modules know no runtime, no files and no network, and only [`clock::SystemClock`] asks the
//! system for the time. They are made to run in a browser too, with the feature `js`. Documents and
//! consumed nonces come through traits whose futures are awaited: [`did::DidResolver`],
//! [`attestation::nonce::NonceStore`].
//!
//! # What cannot be said
//!
//! A [`jcs::StrictJson`] has one reading, and nothing else is verified. A
//! [`sign::VerifyingKey`] is no weak key. An [`attestation::Accepted`] has consumed its nonce. An
//! [`error::Error::Unavailable`] is never a refusal. What weakens security is called `danger_…`.

pub mod attestation;
#[cfg(feature = "client")]
pub mod client;
pub mod clock;
pub mod did;
pub mod encoding;
pub mod error;
#[cfg(feature = "http")]
pub mod http;
pub mod jcs;
pub mod openapi;
#[cfg(feature = "tower")]
pub mod server;
pub mod sign;
#[cfg(any(feature = "sqlite", feature = "postgres", feature = "redis"))]
pub mod store;
pub mod vc;
pub mod wire;
pub mod withdrawal;

use std::pin::pin;
use std::task::{Context, Poll, Waker};

/// Runs a future that waits for nothing: one whose resolvers and stores are in memory.
///
/// ```
/// assert_eq!(x428::poll_ready(std::future::ready(1)), Some(1));
/// assert_eq!(x428::poll_ready(std::future::pending::<u8>()), None);
/// ```
pub fn poll_ready<F: Future>(future: F) -> Option<F::Output> {
    let mut context = Context::from_waker(Waker::noop());
    match pin!(future).poll(&mut context) {
        Poll::Ready(output) => Some(output),
        Poll::Pending => None,
    }
}

/// Property tests try the same cases on every run.
#[cfg(test)]
fn fixed_seed() -> proptest::test_runner::Config {
    proptest::test_runner::Config {
        rng_seed: proptest::test_runner::RngSeed::Fixed(428),
        failure_persistence: None,
        ..Default::default()
    }
}

/// The programs of the README and the guides.
#[cfg(doctest)]
mod guides {
    #[doc = include_str!("../README.md")]
    mod readme {}

    #[doc = include_str!("../spec/guides/sdk.md")]
    mod sdk {}

    #[cfg(feature = "policy-file")]
    #[doc = include_str!("../spec/guides/guard.md")]
    mod guard {}

    #[cfg(feature = "client")]
    #[doc = include_str!("../spec/guides/agent.md")]
    mod agent {}

    #[cfg(feature = "withdrawal-client")]
    #[doc = include_str!("../spec/guides/wallet.md")]
    mod wallet {}

    #[cfg(all(feature = "policy-file", feature = "postgres"))]
    #[doc = include_str!("../spec/guides/instances.md")]
    mod instances {}
}
