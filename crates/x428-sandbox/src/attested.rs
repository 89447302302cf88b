//! A guarded demo: reports behind terms, films behind an age, an account behind an identity, and a
//! page that goes through the handshake step by step.
//!
//! ```
//! use x428_sandbox::attested::Sandbox;
//!
//! let sandbox = Sandbox::new("http://127.0.0.1:8428");
//! let router = sandbox.router()?;
//! # let _: axum::Router = router;
//! # Ok::<(), x428_sandbox::attested::SandboxError>(())
//! ```

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::http::{Method, Uri};
use x428::attestation::Verifier;
use x428::attestation::issue::{ChallengeIssuer, Policy};
use x428::attestation::nonce::{MemoryNonceStore, NonceStore};
use x428::attestation::receipt::ReceiptIssuer;
use x428::attestation::token::TokenIssuer;
use x428::did::DidResolver;
use x428::did::key::KeyResolver;
use x428::error::{Error, Malformed, Misuse, Unavailable};
use x428::server::{Grants, PublicBase, Requirement, Server, ServerBuilder};
use x428::sign::SigningKey;
use x428::sign::seal::{SealKey, SealRing};
use x428::wire::Invalid;
use x428::wire::attestation::{
    AgePrecondition, AllowedAttestationMethods, AttestationMethod, IdentityPrecondition,
    MinimumAge, Precondition, PreconditionId,
};

mod page;
mod resources;
mod terms;

pub use terms::Terms;

/// As many as a demo answers within the minutes of a challenge's life.
const NONCES: usize = 100_000;
/// From this age on one is an adult here.
const ADULT: u8 = 18;

/// Why a sandbox cannot be built.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SandboxError {
    /// The address or the preconditions cannot be used.
    #[error(transparent)]
    Misuse(#[from] Misuse),
    /// A name or an address is not of its form.
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// The key of the receipts has no DID.
    #[error(transparent)]
    Malformed(#[from] Malformed),
    /// The system has no random source.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

impl From<SandboxError> for Error {
    fn from(error: SandboxError) -> Self {
        match error {
            SandboxError::Misuse(misuse) => misuse.into(),
            SandboxError::Invalid(invalid) => Misuse::new(invalid.to_string()).into(),
            SandboxError::Malformed(malformed) => malformed.into(),
            SandboxError::Unavailable(unavailable) => unavailable.into(),
        }
    }
}

/// The guarded demo.
///
/// | path | needs |
/// |---|---|
/// | `/reports/…` | the terms |
/// | `/films/…` | the terms, and an age of 18 |
/// | `/account` | an identity |
/// | everything else | nothing |
#[derive(Debug)]
pub struct Sandbox {
    base: String,
    terms: Vec<Terms>,
    challenges: Option<SealRing>,
    tokens: Option<SealRing>,
    challenge_lifetime: Option<Duration>,
}

impl Sandbox {
    /// A demo whose resources are below `base`, such as `http://127.0.0.1:8428`, with terms of its
    /// own and keys that nobody else has.
    #[must_use]
    pub fn new(base: impl Into<String>) -> Self {
        Self {
            base: base.into(),
            terms: vec![Terms::own()],
            challenges: None,
            tokens: None,
            challenge_lifetime: None,
        }
    }

    /// Requires other terms: each document is a precondition of its own.
    #[must_use]
    pub fn with_terms(mut self, terms: Vec<Terms>) -> Self {
        self.terms = terms;
        self
    }

    /// Shares the keys of challenges and tokens with other instances.
    #[must_use]
    pub fn with_keys(mut self, challenges: SealRing, tokens: SealRing) -> Self {
        self.challenges = Some(challenges);
        self.tokens = Some(tokens);
        self
    }

    /// Lets challenges live for another time.
    #[must_use]
    pub fn with_challenge_lifetime(mut self, lifetime: Duration) -> Self {
        self.challenge_lifetime = Some(lifetime);
        self
    }

    /// The whole service, with consumed nonces in memory and did:key.
    ///
    /// # Errors
    /// [`SandboxError`] for a base that guards nothing, and for terms that cannot be told apart.
    pub fn router(self) -> Result<Router, SandboxError> {
        self.router_with(KeyResolver, MemoryNonceStore::new(NONCES), |builder| {
            builder.with_volatile_nonces()
        })
    }

    /// The whole service, with stores and whatever else `configure` adds.
    ///
    /// # Errors
    /// As [`router`](Self::router).
    pub fn router_with<R, N>(
        self,
        resolver: R,
        nonces: N,
        configure: impl FnOnce(ServerBuilder) -> ServerBuilder,
    ) -> Result<Router, SandboxError>
    where
        R: DidResolver + Send + Sync + 'static,
        N: NonceStore + Send + Sync + 'static,
    {
        let guard = guard(&self.base, &self.terms)?;
        let ring = |given: Option<SealRing>, id| match given {
            Some(ring) => Ok(ring),
            None => SealKey::generate(id).map(SealRing::new),
        };
        let mut challenges = ChallengeIssuer::new(ring(self.challenges, 1)?);
        if let Some(lifetime) = self.challenge_lifetime {
            challenges = challenges.with_lifetime(lifetime);
        }
        let builder = Server::builder(
            PublicBase::parse(&self.base)?,
            guard,
            Verifier::new(resolver, nonces),
            challenges,
            TokenIssuer::new(ring(self.tokens, 2)?),
        )
        .with_receipts(ReceiptIssuer::of_key(SigningKey::generate()?)?);
        let layer = configure(builder).layer()?;
        let open = page::routes().merge(terms::routes(&self.terms));
        Ok(resources::routes().merge(open).layer(layer))
    }
}

/// What each path needs.
fn guard(
    base: &str,
    terms: &[Terms],
) -> Result<impl Fn(&Method, &Uri) -> Option<Requirement> + Send + Sync + use<>, SandboxError> {
    let documents: Vec<Precondition> = terms
        .iter()
        .enumerate()
        .map(|(index, terms)| terms.precondition(base, index))
        .collect::<Result<_, _>>()?;
    let methods = AllowedAttestationMethods::new(vec![AttestationMethod::Self_])?;
    let age = AgePrecondition::new(
        PreconditionId::parse("age")?,
        methods.clone(),
        MinimumAge::new(ADULT)?,
    );
    let operator = IdentityPrecondition::new(PreconditionId::parse("operator")?, methods);

    let mut of_films = documents.clone();
    of_films.push(age.into());
    let reports = Arc::new(Policy::new(documents)?);
    let films = Arc::new(Policy::new(of_films)?);
    let account = Arc::new(Policy::new(vec![operator.into()])?);
    Ok(move |_: &Method, uri: &Uri| {
        let siblings =
            |policy: &Arc<Policy>| Requirement::new(Arc::clone(policy)).granting(Grants::Siblings);
        match uri.path() {
            "/account" => Some(Requirement::new(Arc::clone(&account))),
            path if path.starts_with("/reports/") => Some(siblings(&reports)),
            path if path.starts_with("/films/") => Some(siblings(&films)),
            _ => None,
        }
    })
}
