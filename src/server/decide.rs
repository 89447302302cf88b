//! What becomes of a request for a guarded resource.

use std::sync::Arc;

use ::http::{HeaderMap, Method, Response, Uri};
use jiff::Timestamp;

use super::attested::Attested;
use super::builder::Server;
use super::guard::Requirement;
use super::observe::{self, Watch, Worthless};
use super::opened::Known;
use super::outgoing::Granted;
use crate::attestation::audit::Entry;
use crate::attestation::revocation::LiveToken;
use crate::attestation::token::Grant;
use crate::attestation::{Accepted, Challenge, Expected, HttpUri, Payload, receipt};
use crate::error::{Error, Rejected};
use crate::http::{Field, PreconditionRequired, outage, request};
use crate::wire::attestation::{AbsoluteUri, ErrorCode};

/// The name and version of what verified, for the audit log.
const SOFTWARE: &str = concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION"));

/// A resource that is guarded, and how.
#[derive(Debug, Clone)]
pub(super) struct Guarded {
    pub(super) resource: String,
    pub(super) requirement: Requirement,
    pub(super) watch: Watch,
}

/// What the headers alone decide.
pub(super) enum Look {
    Unguarded,
    Admit(Box<Attested>),
    Answer(Response<Vec<u8>>),
    /// The payload has to be verified.
    Judge(Guarded, Box<Payload>),
    /// The store of revoked tokens has to be asked.
    Ask(Guarded, Box<Presented>),
}

/// A token that this server, or another instance of it, has issued.
pub(super) struct Presented {
    token: String,
    known: Arc<Known>,
    checked: Result<(), Rejected>,
}

/// What is done after waiting.
pub(super) enum Verdict {
    Forward(Box<Attested>, Option<Box<Granted>>),
    Answer(Response<Vec<u8>>),
}

impl Server {
    // r[impl attestation.issue.when]
    // r[impl attestation.submit.attestation-first]
    // r[impl attestation.http.no-effect]
    // r[impl attestation.http.no-trailers]
    pub(super) fn look(&self, method: &Method, uri: &Uri, headers: &HeaderMap) -> Look {
        let Some(requirement) = self.guard.requirement(method, uri) else {
            return Look::Unguarded;
        };
        let watch = Watch::request(&requirement);
        let Some(resource) = self.base.resource(uri, headers) else {
            let why = "The request names no host.";
            return Look::Answer(self.unattestable(why, &watch));
        };
        let guarded = Guarded {
            resource,
            requirement,
            watch,
        };
        match request::payload(headers) {
            Err(rejected) => Look::Answer(self.refuse(&guarded, &rejected)),
            Ok(Some(payload)) => Look::Judge(guarded, Box::new(payload)),
            Ok(None) => self.look_at_token(guarded, headers),
        }
    }

    fn look_at_token(&self, guarded: Guarded, headers: &HeaderMap) -> Look {
        let Some(token) = request::token(headers) else {
            return Look::Answer(self.challenge(&guarded));
        };
        let Some(known) = self.opened.open(&self.tokens, token) else {
            observe::worthless(&Worthless::Unknown);
            return Look::Answer(self.challenge(&guarded));
        };
        let checked = known.check(&guarded.resource, self.verifier.now());
        if let Err(rejected) = &checked
            && rejected.code() == ErrorCode::TokenExpired
        {
            return Look::Answer(self.refuse(&guarded, rejected));
        }
        if self.revocations.is_some() {
            let token = token.to_owned();
            let presented = Presented {
                token,
                known,
                checked,
            };
            return Look::Ask(guarded, Box::new(presented));
        }
        match self.admit(&guarded, &known.grant, checked) {
            Verdict::Forward(attested, _) => Look::Admit(attested),
            Verdict::Answer(response) => Look::Answer(response),
        }
    }

    // r[impl attestation.token.policy]
    // r[impl attestation.receipt.revoke-terms]
    fn admit(&self, guarded: &Guarded, grant: &Grant, checked: Result<(), Rejected>) -> Verdict {
        if let Err(rejected) = checked {
            return Verdict::Answer(self.refuse(guarded, &rejected));
        }
        let policy = guarded.requirement.policy();
        if grant.policy_digest != Some(*policy.digest()) {
            observe::worthless(&Worthless::Policy);
            return Verdict::Answer(self.challenge(guarded));
        }
        guarded.watch.admitted();
        let attested = Box::new(Attested {
            operator: grant.operator.clone(),
            scope: grant.scope.clone(),
            expires_at: grant.expires_at,
            policy: Arc::clone(policy),
            now: false,
        });
        Verdict::Forward(attested, None)
    }

    /// Looks for the token among the revoked ones: after its expiry, and before its scope.
    // r[impl attestation.token.revoked]
    // r[impl attestation.receipt.revoke]
    // r[impl attestation.security.fail-closed]
    pub(super) async fn ask(self: Arc<Self>, guarded: Guarded, presented: Presented) -> Verdict {
        let Presented {
            token,
            known,
            checked,
        } = presented;
        if let Some(revocations) = &self.revocations {
            let digest = match known.grant.digest(&token) {
                Ok(digest) => digest,
                Err(misuse) => {
                    return Verdict::Answer(self.outage(&misuse.into(), &guarded.watch));
                }
            };
            match revocations.is_revoked(&digest).await {
                Ok(false) => {}
                Ok(true) => {
                    let why = "the token's life has ended early";
                    let rejected = Rejected::new(ErrorCode::TokenExpired, why);
                    return Verdict::Answer(self.refuse(&guarded, &rejected));
                }
                Err(down) => {
                    return Verdict::Answer(self.outage(&down.into(), &guarded.watch));
                }
            }
        }
        self.admit(&guarded, &known.grant, checked)
    }

    /// Verifies the payload of a request for a guarded resource.
    pub(super) async fn judge(self: Arc<Self>, guarded: Guarded, payload: Payload) -> Verdict {
        let mut candidates = vec![guarded.requirement.clone()];
        // A payload for another resource answers a challenge with the preconditions of that one.
        // Step 4 refuses it. A second spelling of the same resource is no other resource: it would
        // pass step 4 with preconditions that are not those of this request.
        let requested = HttpUri::parse(&guarded.resource);
        let other = payload
            .resource()
            .filter(|named| HttpUri::parse(named) != requested);
        if let Some(named) = other {
            candidates.extend(self.requirements_of(named));
        }
        let expected = self.expected(&candidates, &payload);
        let expected = expected
            .map_or(Expected::nothing(), |requirement| {
                Expected::sealed(&self.challenges, requirement.policy())
            })
            .requested(&guarded.resource);
        match self.accept(expected, &guarded.requirement, &payload).await {
            Ok((accepted, granted)) => {
                guarded.watch.granted();
                let attested = attested(&accepted, &granted, &guarded.requirement);
                Verdict::Forward(Box::new(attested), Some(Box::new(granted)))
            }
            Err(Error::Rejected(rejected)) => Verdict::Answer(self.refuse(&guarded, &rejected)),
            Err(error) => Verdict::Answer(self.outage(&error, &guarded.watch)),
        }
    }

    /// Verifies a payload, and grants a token once everything is kept that has to be.
    // r[impl attestation.token.issue]
    // r[impl attestation.receipt.issue]
    // r[impl attestation.receipt.log-order]
    // r[impl attestation.issue.one-resource]
    pub(super) async fn accept(
        &self,
        expected: Expected<'_>,
        requirement: &Requirement,
        payload: &Payload,
    ) -> Result<(Accepted, Granted), Error> {
        let accepted = observe::verification(self.verifier.verify(expected, payload)).await?;
        let scope = requirement.scope(accepted.challenge.message().resource.as_str());
        let digest = *requirement.policy().digest();
        let token = self.tokens.issue(&accepted, Some(&scope), Some(digest))?;
        let receipt = match &self.receipts {
            Some(receipts) => Some(receipts.issue(&accepted, payload, &token).await?),
            None => None,
        };
        if let Some(revocations) = &self.revocations {
            let live = LiveToken {
                digest: receipt::token_digest(&token)?,
                operator: accepted.operator.clone(),
                expires_at: token.expires_at.instant(),
            };
            revocations.remember(&live).await?;
        }
        if let Some(audit) = &self.audit {
            let entry = Entry::accepted(&accepted, payload, &token, receipt.as_ref(), SOFTWARE)?;
            audit.append(&entry).await?;
        }
        Ok((accepted, Granted { token, receipt }))
    }

    /// Which of the requirements the payload's nonce was sealed with.
    // r[impl attestation.http.endpoint-challenge]
    // r[impl attestation.security.durable-nonces]
    pub(super) fn expected<'a>(
        &self,
        candidates: &'a [Requirement],
        payload: &Payload,
    ) -> Option<&'a Requirement> {
        let nonce = payload.nonce()?;
        let resource = AbsoluteUri::parse(payload.resource()?).ok()?;
        candidates.iter().find(|requirement| {
            let challenge = self
                .challenges
                .reopen(nonce, requirement.policy(), &resource);
            let issued_at = challenge.and_then(|challenge| challenge.issued_at());
            issued_at.is_some_and(|issued_at| self.is_of_this_life(issued_at))
        })
    }

    fn is_of_this_life(&self, issued_at: Timestamp) -> bool {
        self.not_before
            .is_none_or(|start| issued_at.as_millisecond() >= start.as_millisecond())
    }

    /// Everything that may be required for a resource of this server.
    pub(super) fn requirements_of(&self, resource: &str) -> Vec<Requirement> {
        match self.base.target(resource) {
            Some(uri) => self.guard.requirements(&uri),
            None => Vec::new(),
        }
    }

    /// Answers a request that carried nothing.
    fn challenge(&self, guarded: &Guarded) -> Response<Vec<u8>> {
        match self.fresh(guarded) {
            Ok(Some(challenge)) => {
                guarded.watch.challenged();
                self.write(&PreconditionRequired::attest(challenge), &guarded.watch)
            }
            Ok(None) => {
                let why = "The URI is too long or can be read in more than one way: it cannot be attested for.";
                self.unattestable(why, &guarded.watch)
            }
            Err(error) => self.outage(&error, &guarded.watch),
        }
    }

    /// Answers a request whose payload or token is refused, with a fresh challenge.
    // r[impl attestation.error.fresh-challenge]
    // r[impl attestation.http.status]
    pub(super) fn refuse(&self, guarded: &Guarded, rejected: &Rejected) -> Response<Vec<u8>> {
        match self.fresh(guarded) {
            Ok(challenge) => self.refuse_with(rejected, challenge, &guarded.watch),
            Err(error) => self.outage(&error, &guarded.watch),
        }
    }

    pub(super) fn refuse_with(
        &self,
        rejected: &Rejected,
        challenge: Option<Challenge>,
        watch: &Watch,
    ) -> Response<Vec<u8>> {
        watch.refused(rejected.code());
        self.write(&PreconditionRequired::rejected(rejected, challenge), watch)
    }

    fn unattestable(&self, why: &str, watch: &Watch) -> Response<Vec<u8>> {
        watch.challenged();
        self.write(&PreconditionRequired::unattestable(why), watch)
    }

    /// A fresh challenge; nothing if the resource cannot be attested for.
    fn fresh(&self, guarded: &Guarded) -> Result<Option<Challenge>, Error> {
        let is_comparable = HttpUri::parse(&guarded.resource).is_some();
        let Some(resource) = AbsoluteUri::parse(guarded.resource.as_str())
            .ok()
            .filter(|_| is_comparable)
        else {
            return Ok(None);
        };
        let policy = guarded.requirement.policy();
        let challenge = self
            .challenges
            .issue(policy, &resource, self.verifier.now())?;
        observe::issued();
        Ok(Some(challenge))
    }

    fn write(&self, message: &PreconditionRequired, watch: &Watch) -> Response<Vec<u8>> {
        match message.to_response() {
            Ok(mut response) => {
                self.dress(response.headers_mut());
                response
            }
            Err(misuse) => self.outage(&misuse.into(), watch),
        }
    }

    /// Answers that nothing was decided.
    // r[impl attestation.error.outage]
    // r[impl attestation.security.fail-closed]
    pub(super) fn outage(&self, error: &Error, watch: &Watch) -> Response<Vec<u8>> {
        watch.outage(error);
        if let Some(tell) = &self.on_outage {
            tell(error);
        }
        outage(self.retry_after)
    }

    /// Whether a request carries a payload in its header, however often.
    pub(super) fn carries_payload(headers: &HeaderMap) -> bool {
        !matches!(Field::of(headers, &crate::http::ATTESTATION), Field::Absent)
    }
}

fn attested(accepted: &Accepted, granted: &Granted, requirement: &Requirement) -> Attested {
    Attested {
        operator: accepted.operator.clone(),
        scope: granted.token.scope.as_str().to_owned(),
        expires_at: granted.token.expires_at.instant(),
        policy: Arc::clone(requirement.policy()),
        now: true,
    }
}
