//! Guards a service with preconditions (chapter 8): a [`tower`] layer for axum, hyper, tonic-web and
//! whatever else speaks `http`.
//!
//! ```
//! use std::sync::Arc;
//!
//! use http::{Method, Uri};
//! use x428::attestation::Verifier;
//! use x428::attestation::issue::{ChallengeIssuer, Policy};
//! use x428::attestation::nonce::MemoryNonceStore;
//! use x428::attestation::token::TokenIssuer;
//! use x428::did::fixed::FixedResolver;
//! use x428::server::{AttestationLayer, PublicBase, Server};
//! use x428::sign::seal::{SealKey, SealRing};
//! use x428::wire::attestation::{AllowedAttestationMethods, AttestationMethod};
//! use x428::wire::attestation::{IdentityPrecondition, PreconditionId};
//!
//! let methods = AllowedAttestationMethods::new(vec![AttestationMethod::Self_])?;
//! let operator = IdentityPrecondition::new(PreconditionId::parse("operator")?, methods);
//! let policy = Arc::new(Policy::new(vec![operator.into()])?);
//! let server = Server::builder(
//!     PublicBase::parse("https://api.example.com")?,
//!     move |_: &Method, uri: &Uri| uri.path().starts_with("/reports/").then(|| policy.clone()),
//!     Verifier::new(FixedResolver::new(), MemoryNonceStore::new(100_000)),
//!     ChallengeIssuer::new(SealRing::new(SealKey::generate(1)?)),
//!     TokenIssuer::new(SealRing::new(SealKey::generate(2)?)),
//! );
//! let layer = AttestationLayer::new(server.build()?);
//! # let _ = layer;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What happens to a request
//!
//! | request | answer |
//! |---|---|
//! | `OPTIONS` | the inner service's, untouched: a browser's preflight carries no headers of ours |
//! | the discovery document, the attestation endpoint | the layer's own |
//! | one that the [`Guard`] does not guard | the inner service's, untouched |
//! | with a payload | the inner service's and a token, or 428 |
//! | with a token | the inner service's, or 428 |
//! | with neither | 428 with a challenge |
//! | any of these while a store, a resolver or a signer is out of order | 503 with `Retry-After` |
//!
//! The inner service finds [`Attested`] in the extensions of a guarded request, and neither the
//! payload nor the token in its headers.
//!
//! # What is left to the program
//!
//! - TLS: [`PublicBase`] refuses `http`, but who terminates TLS is not seen from here.
//! - Several instances share the keys of both issuers, one nonce store, one revocation store and
//!   one audit log. A [`MemoryNonceStore`](crate::attestation::nonce::MemoryNonceStore) forgets
//!   with the process: with keys that outlive it, call
//!   [`with_volatile_nonces`](ServerBuilder::with_volatile_nonces).
//! - Without a revocation store tokens cannot be revoked: keep to the default lifetime, and change
//!   the preconditions to make every token of the old ones worthless.
//! - Rates: a limit by client address belongs in front of this layer.
//! - CORS: `OPTIONS` is answered by the inner service or by a layer around this one. A layer around
//!   this one that exposes headers itself has to name `X-428-Required`, `X-428-Token` and `X-428-Receipt`.
//! - Duties of people: what is asked for, how long records are kept, and what a self-attestation is
//!   worth.
//!
//! # What can be watched
//!
//! Nothing that is told names an operator, a nonce, a token, a resource or a payload.
//!
//! With the feature `tracing`, every decision on a guarded request is a span `x428.request`, and
//! every call of the attestation endpoint a span `x428.endpoint`, both of the target
//! `x428::server`. Their members are `rule`, the [name](Requirement::named) of what was required;
//! `outcome`: `challenged`, `granted`, `admitted`, `refused`, `outage`, or `ignored` for a call
//! that the endpoint does not take; and `code`, the error code of a refusal. The span ends with the
//! decision, before the inner service is called. In it stands one event with `decision`, `code` or
//! `what`, and `micros`.
//!
//! With the feature `metrics`, these are counted by the recorder of the program (crate [`metrics`]):
//!
//! | metric | counts | label |
//! |---|---|---|
//! | `x428_challenges_issued_total` | challenges, with or without a refusal | |
//! | `x428_attestations_accepted_total` | payloads that were accepted | |
//! | `x428_attestations_rejected_total` | payloads that were refused | `code` |
//! | `x428_tokens_opened_total` | requests that were admitted with a token | |
//! | `x428_tokens_refused_total` | tokens that opened nothing | `reason`: `token_expired`, `token_scope_mismatch`, `unknown`, `other_policy` |
//! | `x428_unavailable_total` | requests that were answered with 503 | `what`: the store, resolver or signer |
//! | `x428_verification_seconds` | histogram: how long payloads are verified | |
//!
//! [`metrics`]: https://docs.rs/metrics
//! [`tower`]: https://docs.rs/tower

mod attested;
mod backends;
mod base;
mod body;
mod builder;
mod decide;
mod endpoint;
mod future;
mod guard;
mod layer;
mod observe;
mod opened;
mod outgoing;
#[cfg(feature = "policy-file")]
mod policy_file;
mod service;

pub use attested::Attested;
pub use base::PublicBase;
pub use body::AttestationBody;
pub use builder::{Server, ServerBuilder};
pub use future::AttestationFuture;
pub use guard::{Grants, Guard, Requirement};
pub use layer::AttestationLayer;
#[cfg(feature = "policy-file")]
pub use policy_file::{PolicyFile, PolicyFileError, schema as policy_file_schema};
pub use service::AttestationService;
