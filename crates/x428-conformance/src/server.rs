//! Conformance of a live server: the whole handshake, good and bad, and what the responses have to
//! be, requirement by requirement.
//!
//! The requests are bounded in number and in time. They attest whatever the server asks for with
//! the key of the run, so that the run is for servers of one's own.

use std::time::{Duration, Instant};

use url::{Host, Url};
use x428::jcs::StrictJson;
use x428::sign::SigningKey;

mod accepted;
mod endpoint;
mod first;
mod forge;
mod refused;
mod wire;

use wire::Wire;

/// How long all requests together may take.
const DEADLINE: Duration = Duration::from_mins(10);

/// What no run can show from outside, and why.
const UNSEEN: &[(&str, &str)] = &[
    ("attestation.verify.expiry", "challenges outlive the run"),
    ("attestation.token.expired", "tokens outlive the run"),
    (
        "attestation.token.revoked",
        "revoking is not part of the protocol",
    ),
    (
        "attestation.http.no-effect",
        "effects are not seen from outside",
    ),
    (
        "attestation.verify.store-outage",
        "its stores cannot be stopped from outside",
    ),
    (
        "attestation.issue.nonce-instances",
        "which instance answers is not seen from outside",
    ),
    (
        "attestation.did-web.*",
        "it would need a host of the run's own",
    ),
    (
        "attestation.proof.*",
        "it would need an issuer that the server accepts",
    ),
];

/// How a server is tested.
#[derive(Debug, Clone)]
pub struct ServerRun {
    target: Url,
    other: Option<Url>,
    key: SigningKey,
    requests: usize,
}

/// One thing that was tested.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ServerCheck {
    /// The requirement.
    pub requirement: &'static str,
    /// What was done.
    pub what: String,
    /// What came of it.
    pub outcome: ServerOutcome,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ServerOutcome {
    /// The server does what is required.
    Passed,
    /// It does not.
    Failed(String),
    /// It was not tested.
    Skipped(String),
}

/// Why a server cannot be tested at all.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServerRunError {
    /// The address is not one that payloads may be sent to.
    #[error("{0}")]
    Address(String),
    /// The server cannot be reached.
    #[error("the server cannot be reached: {0}")]
    Unreachable(String),
    /// The resource is not guarded, or not in a way that can be read.
    #[error("{0}")]
    NotGuarded(String),
}

impl ServerRun {
    /// Tests the server of a guarded resource with a key.
    ///
    /// # Errors
    /// [`ServerRunError::Address`] unless the URL is one of https, or of http on a loopback address.
    pub fn new(target: &str, key: SigningKey) -> Result<Self, ServerRunError> {
        Ok(Self {
            target: address(target)?,
            other: None,
            key,
            requests: 100,
        })
    }

    /// Names another guarded resource, for tokens that are presented where they do not belong.
    ///
    /// # Errors
    /// As [`new`](Self::new), and for another origin.
    pub fn with_other(mut self, other: &str) -> Result<Self, ServerRunError> {
        let other = address(other)?;
        if other.origin() != self.target.origin() {
            let why = "the other resource has another origin: tokens are not sent there";
            return Err(ServerRunError::Address(why.to_owned()));
        }
        self.other = Some(other);
        Ok(self)
    }

    /// Sends at most so many requests: a hundred unless it is said here.
    #[must_use]
    pub fn with_requests(mut self, most: usize) -> Self {
        self.requests = most;
        self
    }

    /// Tests everything, and tells each result when it is known.
    ///
    /// # Errors
    /// [`ServerRunError::Unreachable`] and [`ServerRunError::NotGuarded`] if the first request
    /// brings no challenge.
    pub async fn run(
        self,
        tell: impl FnMut(&ServerCheck),
    ) -> Result<Vec<ServerCheck>, ServerRunError> {
        let wire = Wire::new(self.requests, Instant::now() + DEADLINE)?;
        let mut session = Session {
            wire,
            target: self.target,
            other: self.other,
            key: self.key,
            received: None,
            checks: Vec::new(),
            tell,
        };
        let challenge = session.first().await?;
        session.around().await;
        if let Some(why) = forge::unanswerable(&challenge) {
            for requirement in [
                "attestation.verify.*",
                "attestation.token.*",
                "attestation.scope.grant",
            ] {
                session.skip(requirement, "payloads", &why);
            }
        } else {
            session.refused(&challenge).await;
            session.accepted(&challenge).await;
            session.endpoint().await;
        }
        for (requirement, why) in UNSEEN {
            session.skip(requirement, "not tested", why);
        }
        Ok(session.checks)
    }
}

/// A run under way.
struct Session<T> {
    wire: Wire,
    target: Url,
    other: Option<Url>,
    key: SigningKey,
    /// The first challenge with all its members, as it was received.
    received: Option<StrictJson>,
    checks: Vec<ServerCheck>,
    tell: T,
}

impl<T: FnMut(&ServerCheck)> Session<T> {
    fn check(&mut self, requirement: &'static str, what: &str, verdict: Result<(), String>) {
        let outcome = match verdict {
            Ok(()) => ServerOutcome::Passed,
            Err(why) if why == wire::SPENT || why == wire::OVER => ServerOutcome::Skipped(why),
            Err(why) => ServerOutcome::Failed(why),
        };
        self.add(requirement, what, outcome);
    }

    fn skip(&mut self, requirement: &'static str, what: &str, why: &str) {
        self.add(requirement, what, ServerOutcome::Skipped(why.to_owned()));
    }

    fn add(&mut self, requirement: &'static str, what: &str, outcome: ServerOutcome) {
        let check = ServerCheck {
            requirement,
            what: what.to_owned(),
            outcome,
        };
        (self.tell)(&check);
        self.checks.push(check);
    }
}

/// An address to which payloads and tokens may be sent.
fn address(text: &str) -> Result<Url, ServerRunError> {
    let refuse = |why: String| Err(ServerRunError::Address(why));
    let url = match Url::parse(text) {
        Ok(url) => url,
        Err(error) => return refuse(format!("{text:?} is no URL: {error}")),
    };
    let is_loopback = match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    };
    let has_user = !url.username().is_empty() || url.password().is_some();
    match url.scheme() {
        _ if has_user => refuse("the URL holds credentials".to_owned()),
        "https" => Ok(url),
        "http" if is_loopback => Ok(url),
        _ => refuse("only https is tested, and http on a loopback address".to_owned()),
    }
}

/// `Ok` if it holds.
fn holds(condition: bool, why: impl FnOnce() -> String) -> Result<(), String> {
    if condition { Ok(()) } else { Err(why()) }
}
