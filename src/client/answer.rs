//! From a challenge to a signed payload: the duties of the client, in their order.
//!
//! Nothing is fetched before the challenge is known to be for this request, nothing is asked before
//! the documents are known to be the right ones, and nothing is signed before all of it is consented
//! to.

use jiff::Timestamp;
use url::Url;

use super::consent::{Ask, Consent, Origin, Question};
use super::credential::Credential;
use super::document::Document;
use super::error::ClientError;
use super::middleware::AttestationMiddleware;
use crate::attestation::{Answer, Challenge, SignedPayload};
use crate::clock::Clock;
use crate::error::Error;
use crate::jcs::StrictJson;
use crate::sign::Signer;
use crate::wire::attestation::{AttestationMethod, Precondition, PreconditionId};

/// A payload that is ready to be submitted, with what led to it.
pub(super) struct Submission {
    pub(super) challenge: Challenge,
    pub(super) received: Option<StrictJson>,
    pub(super) payload: SignedPayload,
    pub(super) documents: Vec<Document>,
}

/// A precondition that is consented to, by which method, and since when.
struct Confirmed {
    id: PreconditionId,
    method: Method,
    at: Timestamp,
}

/// How a precondition is attested.
#[derive(Clone)]
enum Method {
    /// By the operator's own word.
    Own,
    /// By a credential that the operator was given.
    Credential(Box<Credential>),
}

impl<S: Signer + Sync, A: Ask + Sync, C: Clock + Sync> AttestationMiddleware<S, A, C> {
    /// Answers a challenge for a URL.
    pub(super) async fn answer(
        &self,
        challenge: Challenge,
        received: Option<StrictJson>,
        url: &Url,
    ) -> Result<Submission, ClientError> {
        self.check(&challenge, url)?;
        let mut documents = Vec::new();
        let confirmed = self.confirm(&challenge, url, &mut documents).await?;
        // A person takes time, and so does a document.
        self.check(&challenge, url)?;
        let payload = self.sign(&challenge, &confirmed).await?;
        Ok(Submission {
            challenge,
            received,
            payload,
            documents,
        })
    }

    fn check(&self, challenge: &Challenge, url: &Url) -> Result<(), ClientError> {
        challenge
            .check_for_request(url.as_str(), self.clock.now())
            .map_err(|why| ClientError::Untrusted {
                why,
                challenge: Some(Box::new(challenge.clone())),
            })
    }

    /// Obtains consent to every precondition, or fails at the first one that there is none for.
    // r[impl attestation.client.nothing-partial]
    // r[impl attestation.self.confirmed-at]
    async fn confirm(
        &self,
        challenge: &Challenge,
        url: &Url,
        documents: &mut Vec<Document>,
    ) -> Result<Vec<Confirmed>, ClientError> {
        let server = Origin::of(url);
        let preconditions = &challenge.message().preconditions;
        let mut decided = Vec::with_capacity(preconditions.len());
        for precondition in &**preconditions {
            let method = self.method(challenge, precondition)?;
            let consent = match method {
                Method::Own => self.policy.decide(&server, precondition),
                Method::Credential(_) => self.policy.decide_credential(&server, precondition),
            };
            if consent == Consent::Denied {
                return Err(denied(challenge, precondition));
            }
            decided.push((precondition, method, consent));
        }
        let mut confirmed = Vec::with_capacity(decided.len());
        for (precondition, method, consent) in decided {
            // r[impl attestation.client.document]
            // r[impl attestation.privacy.prefetch]
            let document = match precondition {
                Precondition::Tos(tos) if consent != Consent::ToHash => {
                    let fetched = self.documents.fetch(tos, url).await;
                    Some(fetched.map_err(|why| ClientError::Document {
                        precondition: tos.id.clone(),
                        why,
                        challenge: Box::new(challenge.clone()),
                    })?)
                }
                _ => None,
            };
            if consent == Consent::Ask {
                let question = Question {
                    server: server.clone(),
                    challenge: challenge.clone(),
                    precondition: precondition.clone(),
                    document: document.clone(),
                    credential: match &method {
                        Method::Own => None,
                        Method::Credential(one) => Some(one.members().clone()),
                    },
                    operator: self.operator.did().clone(),
                };
                if !self.ask.ask(question).await {
                    return Err(denied(challenge, precondition));
                }
            }
            documents.extend(document);
            confirmed.push(Confirmed {
                id: precondition.id().clone(),
                method,
                at: self.clock.now(),
            });
        }
        Ok(confirmed)
    }

    /// The method that reveals least: the operator's own word before a credential.
    // r[impl attestation.client.unknown-type]
    // r[impl attestation.privacy.least-method]
    fn method(
        &self,
        challenge: &Challenge,
        precondition: &Precondition,
    ) -> Result<Method, ClientError> {
        let methods = precondition.allowed_attestation_methods();
        let why = if matches!(precondition, Precondition::Other(_)) {
            "its type is not implemented"
        } else if methods.contains(&AttestationMethod::Self_) {
            return Ok(Method::Own);
        } else if methods.contains(&AttestationMethod::Vc) {
            let now = self.clock.now();
            let mut credentials = self.operator.credentials().iter();
            match credentials.find(|one| one.answers(precondition, now)) {
                Some(one) => return Ok(Method::Credential(Box::new(one.clone()))),
                None => "it asks for a credential, and the operator has none that fits",
            }
        } else {
            "it does not take the operator's own word"
        };
        Err(ClientError::CannotAttest {
            precondition: precondition.id().clone(),
            why,
            challenge: Box::new(challenge.clone()),
        })
    }

    async fn sign(
        &self,
        challenge: &Challenge,
        confirmed: &[Confirmed],
    ) -> Result<SignedPayload, ClientError> {
        let mut answer = Answer::new(challenge, self.operator.did().clone());
        if let Some(key_id) = self.operator.key_id() {
            answer = answer.with_key_id(key_id.clone())?;
        }
        for Confirmed { id, method, at } in confirmed {
            answer = match method {
                Method::Own => answer.confirm(id.as_str(), *at)?,
                Method::Credential(one) => answer.present(id.as_str(), one.members().clone())?,
            };
        }
        let signed = answer.sign_with(self.operator.signer()).await;
        signed.map_err(|error| match error {
            Error::Unavailable(outage) => outage.into(),
            Error::Misuse(why) => ClientError::Unsendable {
                why,
                challenge: Box::new(challenge.clone()),
            },
            Error::Malformed(malformed) => malformed.into(),
            Error::Rejected(rejected) => ClientError::Refused {
                code: Some(rejected.code()),
                detail: rejected.detail().to_owned(),
                challenge: Some(Box::new(challenge.clone())),
            },
        })
    }
}

fn denied(challenge: &Challenge, precondition: &Precondition) -> ClientError {
    ClientError::ConsentDenied {
        precondition: precondition.id().clone(),
        challenge: Box::new(challenge.clone()),
    }
}
