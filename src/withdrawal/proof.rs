//! Proof tokens: that the owner approved this withdrawal, and no other (section 7.10).
//!
//! A proof is a JWS that the exchange makes for itself, signed with Ed25519. It is verified in two
//! steps, because its claims name the challenge that has to be looked up: [`ProofVerifier::verify`]
//! shows that the exchange made the proof for this request, [`SignedProof::check`] that the
//! challenge was met. Only then is there a [`Proof`], which is consumed once.
//!
//! ```
//! use x428::withdrawal::{intent::{IntentHash, Parties}, proof::{Approval, ProofIssuer, ProofVerifier, Request}};
//! use x428::wire::withdrawal::{ChallengeId, ClientId, HttpsUri, StepUpMethod, Subject};
//! use x428::{clock::{Clock, SystemClock}, poll_ready, sign::SigningKey};
//!
//! let key = SigningKey::generate()?;
//! let parties = Parties {
//!     issuer: HttpsUri::parse("https://exchange.example")?,
//!     client_id: ClientId::parse("example-wallet")?,
//!     subject: Subject::parse("acct-6c1f0b7e")?,
//! };
//! let now = SystemClock.now();
//! let verifier = ProofVerifier::new().with_key("proof-2026-11", key.verifying_key());
//! let issuer = ProofIssuer::new("proof-2026-11", key)?;
//!
//! let approval = Approval {
//!     parties: &parties,
//!     challenge_id: &ChallengeId::parse("ch_2Fq6sLbNj8YuE4wTmXzVr5")?,
//!     intent_hash: IntentHash([7; 32]),
//!     methods: &[StepUpMethod::Totp],
//!     thumbprint: None,
//! };
//! let minted = poll_ready(issuer.mint(&approval, now)).ok_or("a key in memory waits for nothing")??;
//!
//! let request = Request { parties: &parties, intent_hash: IntentHash([7; 32]), thumbprint: None };
//! let signed = verifier.verify(minted.token.as_str(), &request, now)?;
//! assert_eq!(signed.challenge_id().as_str(), "ch_2Fq6sLbNj8YuE4wTmXzVr5");
//!
//! let other = Request { intent_hash: IntentHash([8; 32]), ..request };
//! assert!(verifier.verify(minted.token.as_str(), &other, now).is_err());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::fmt;
use std::time::Duration;

use jiff::Timestamp;

use super::intent::{IntentHash, Parties};
use super::refusal::{Error, Refused};
use crate::attestation::nonce::{Consumed, NonceStore};
use crate::encoding::base64url;
use crate::error::Misuse;
use crate::sign::{Signer, seal::random};
use crate::wire::Invalid;
use crate::wire::withdrawal::{
    ChallengeId, ChallengePolicy, ChallengeStatus, ErrorDetailCode, PROOF_LIFETIME_MAX, ProofToken,
    ProofTokenClaims, ProofTokenClaimsAmr, ProofTokenClaimsExp, ProofTokenClaimsIat,
    ProofTokenClaimsJti, ProofTokenHeader, ProofTokenHeaderAlg, ProofTokenHeaderKid, Sha256Digest,
    StepUpMethod, TokenConfirmation, WithdrawalErrorCode,
};

#[cfg(test)]
mod tests;
mod verify;

pub use verify::ProofVerifier;

/// The algorithm of Ed25519 keys in a JWS (RFC 8037 §3.1).
const ALGORITHM: &str = "EdDSA";

/// Makes proofs with one key, which may be in a key service.
#[derive(Clone)]
pub struct ProofIssuer<S> {
    header: ProofTokenHeader,
    signer: S,
    lifetime: Duration,
}

/// What the owner has approved, and by which methods.
#[derive(Debug, Clone, Copy)]
pub struct Approval<'a> {
    /// Between whom the withdrawal is.
    pub parties: &'a Parties,
    /// The challenge that was met.
    pub challenge_id: &'a ChallengeId,
    /// The intent hash that was approved.
    pub intent_hash: IntentHash,
    /// The methods by which the challenge was met: one at least, and none twice.
    pub methods: &'a [StepUpMethod],
    /// The thumbprint of the key to which the access token is bound by DPoP, if it is.
    pub thumbprint: Option<&'a Sha256Digest>,
}

/// A proof that has been made.
#[derive(Clone)]
pub struct Minted {
    /// The token, for the client. It is a secret.
    pub token: ProofToken,
    /// From this moment on it is refused.
    pub expires_at: Timestamp,
    /// Names the proof in the exchange's records.
    pub id: String,
}

/// The request that presents a proof.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// Between whom the withdrawal is: of the access token.
    pub parties: &'a Parties,
    /// The intent hash of the request.
    pub intent_hash: IntentHash,
    /// The thumbprint of the key that the request has proved by DPoP, if it has.
    pub thumbprint: Option<&'a Sha256Digest>,
}

/// The challenge of a proof, as the exchange has kept it.
#[derive(Debug, Clone, Copy)]
pub struct KeptChallenge<'a> {
    /// Its id.
    pub id: &'a ChallengeId,
    /// Its status now.
    pub status: ChallengeStatus,
    /// The intent hash for which it was made.
    pub intent_hash: IntentHash,
    /// Whether one of the methods is enough.
    pub policy: ChallengePolicy,
    /// The methods that were offered.
    pub methods: &'a [StepUpMethod],
}

/// A proof that this exchange has made for this request, whose challenge has not been looked at.
#[derive(Clone)]
#[must_use = "whether the challenge was met is not known yet"]
pub struct SignedProof {
    claims: ProofTokenClaims,
    intent_hash: IntentHash,
    expires_at: Timestamp,
}

/// A proof that holds. It has not been consumed.
#[derive(Clone)]
#[must_use = "a proof that is not consumed can be used again"]
pub struct Proof {
    claims: ProofTokenClaims,
    expires_at: Timestamp,
}

/// Why a proof is refused, for the records of the exchange. A client is told no more than
/// `challenge_proof_invalid`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidProof {
    /// It is no JWS with a header and claims of their form.
    #[error("not of the form of a proof")]
    Form,
    /// No key of this exchange has its `kid`.
    #[error("of a key that is not known")]
    UnknownKey,
    /// The key did not sign it.
    #[error("the signature does not verify")]
    Signature,
    /// `iss` or `aud` is another exchange.
    #[error("of another exchange")]
    Exchange,
    /// Its time is over, or longer than a proof may live.
    #[error("expired")]
    Expired,
    /// It is of another client or owner.
    #[error("of another client or owner")]
    Party,
    /// It is bound to another key, to none, or to one where the request has none.
    #[error("bound to another key")]
    Binding,
    /// The owner has approved something else.
    #[error("of another intent")]
    Intent,
    /// It is not of this challenge, or the challenge is not verified.
    #[error("its challenge is not verified")]
    Challenge,
    /// The methods do not satisfy the policy.
    #[error("its methods do not satisfy the policy")]
    Policy,
    /// It has been consumed.
    #[error("used")]
    Used,
}

impl<S: Signer> ProofIssuer<S> {
    /// Makes proofs that live as long as they may. The `kid` names the key.
    ///
    /// # Errors
    /// [`Misuse`] for a `kid` that is empty or longer than 128 characters.
    pub fn new(kid: &str, signer: S) -> Result<Self, Misuse> {
        let alg = ProofTokenHeaderAlg::parse(ALGORITHM).map_err(misuse)?;
        let kid = ProofTokenHeaderKid::parse(kid).map_err(misuse)?;
        Ok(Self {
            header: ProofTokenHeader::new(alg, kid),
            signer,
            lifetime: PROOF_LIFETIME_MAX,
        })
    }

    /// Lets proofs live for another time, in whole seconds.
    ///
    /// # Errors
    /// [`Misuse`] for more than `proof_lifetime_max` of section 2.6, and for less than a second.
    // r[impl withdrawal.proof.lifetime]
    pub fn with_lifetime(mut self, lifetime: Duration) -> Result<Self, Misuse> {
        if lifetime > PROOF_LIFETIME_MAX || lifetime.as_secs() == 0 {
            return Err(Misuse::new("a proof lives for a second to two minutes"));
        }
        self.lifetime = Duration::from_secs(lifetime.as_secs());
        Ok(self)
    }

    /// Makes the proof of an approval.
    ///
    /// # Errors
    /// [`Error::Misuse`] for methods that are none or are there twice, [`Error::Unavailable`] if
    /// the key or the random source does not answer.
    // r[impl withdrawal.proof.form]
    // r[impl withdrawal.proof.claims]
    pub async fn mint(&self, approval: &Approval<'_>, now: Timestamp) -> Result<Minted, Error> {
        let mut id = [0; 16];
        random(&mut id)?;
        self.mint_as(&format!("pf_{}", base64url(id)), approval, now)
            .await
    }

    async fn mint_as(
        &self,
        id: &str,
        approval: &Approval<'_>,
        now: Timestamp,
    ) -> Result<Minted, Error> {
        let lifetime = i64::try_from(self.lifetime.as_secs())
            .map_err(|_| Misuse::new("the proof outlives the calendar"))?;
        let issued = now.as_second();
        let expires = issued.saturating_add(lifetime);
        let mut claims = ProofTokenClaims::new(
            approval.parties.issuer.clone(),
            approval.parties.issuer.clone(),
            approval.parties.subject.clone(),
            approval.parties.client_id.clone(),
            approval.challenge_id.clone(),
            approval.intent_hash.try_into().map_err(misuse)?,
            ProofTokenClaimsAmr::new(approval.methods.to_vec()).map_err(misuse)?,
            ProofTokenClaimsJti::parse(id).map_err(misuse)?,
            ProofTokenClaimsIat::new(issued).map_err(misuse)?,
            ProofTokenClaimsExp::new(expires).map_err(misuse)?,
        );
        if let Some(thumbprint) = approval.thumbprint {
            claims = claims.with_cnf(TokenConfirmation::new(thumbprint.clone()));
        }
        let signed = format!("{}.{}", encoded(&self.header)?, encoded(&claims)?);
        let signature = self.signer.sign(signed.as_bytes()).await?;
        Ok(Minted {
            token: ProofToken::parse(format!("{signed}.{signature}")).map_err(misuse)?,
            expires_at: Timestamp::from_second(expires)
                .map_err(|_| Misuse::new("the proof outlives the calendar"))?,
            id: id.to_owned(),
        })
    }
}

impl SignedProof {
    /// The challenge that has to be looked up.
    #[must_use]
    pub fn challenge_id(&self) -> &ChallengeId {
        &self.claims.challenge_id
    }

    /// Checks that the challenge was met, for this intent and as its policy wants.
    ///
    /// # Errors
    /// [`InvalidProof::Used`] for a challenge that is `consumed`, [`InvalidProof::Challenge`] for
    /// another one that is not `verified`, [`InvalidProof::Intent`], [`InvalidProof::Policy`].
    // r[impl withdrawal.proof.check]
    pub fn check(self, challenge: &KeptChallenge<'_>) -> Result<Proof, InvalidProof> {
        if self.claims.challenge_id != *challenge.id {
            return Err(InvalidProof::Challenge);
        }
        match challenge.status {
            ChallengeStatus::Verified => {}
            ChallengeStatus::Consumed => return Err(InvalidProof::Used),
            _ => return Err(InvalidProof::Challenge),
        }
        if self.intent_hash != challenge.intent_hash {
            return Err(InvalidProof::Intent);
        }
        if !satisfies(&self.claims.amr, challenge.policy, challenge.methods) {
            return Err(InvalidProof::Policy);
        }
        Ok(Proof {
            claims: self.claims,
            expires_at: self.expires_at,
        })
    }
}

/// Whether methods that were met satisfy the policy over those that were offered.
#[must_use]
pub fn satisfies(met: &[StepUpMethod], policy: ChallengePolicy, offered: &[StepUpMethod]) -> bool {
    let known = met.iter().all(|method| offered.contains(method));
    let enough = match policy {
        ChallengePolicy::Any => !met.is_empty(),
        ChallengePolicy::All => offered.iter().all(|method| met.contains(method)),
    };
    known && enough && !offered.is_empty()
}

impl Proof {
    /// Names the proof: what an exchange consumes in the transaction that creates the withdrawal.
    #[must_use]
    pub fn id(&self) -> &str {
        self.claims.jti.as_str()
    }

    /// From this moment on the proof is refused. What remembers its use remembers it until then.
    #[must_use]
    pub fn expires_at(&self) -> Timestamp {
        self.expires_at
    }

    /// What it says.
    #[must_use]
    pub fn claims(&self) -> &ProofTokenClaims {
        &self.claims
    }

    /// Consumes the proof in a store of its own, for an exchange whose withdrawals cannot be in one
    /// transaction with it. What fails afterwards has used the proof up.
    ///
    /// # Errors
    /// [`Error::Refused`] if it has been used, [`Error::Unavailable`] if it is not certain that it
    /// is kept.
    // r[impl withdrawal.proof.once]
    pub async fn consume(&self, store: &impl NonceStore) -> Result<(), Error> {
        match store.consume(self.id(), self.expires_at).await? {
            Consumed::First => Ok(()),
            Consumed::Replayed => Err(Refused::from(InvalidProof::Used).into()),
        }
    }
}

/// All reasons are one refusal: which check failed is nothing that an honest client could mend.
// r[impl withdrawal.proof.invalid]
impl From<InvalidProof> for Refused {
    fn from(_: InvalidProof) -> Self {
        let message = "The proof is expired, used, or of another request.";
        Self::new(WithdrawalErrorCode::ChallengeProofInvalid, message)
            .at("/challengeProof", ErrorDetailCode::Value)
    }
}

// r[impl withdrawal.proof.secret]
impl fmt::Debug for Minted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Minted({}, until {})", self.id, self.expires_at)
    }
}

impl fmt::Debug for SignedProof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SignedProof({})", self.claims.jti)
    }
}

impl fmt::Debug for Proof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Proof({})", self.claims.jti)
    }
}

impl<S> fmt::Debug for ProofIssuer<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ProofIssuer({})", self.header.kid)
    }
}

fn encoded(part: &impl serde::Serialize) -> Result<String, Misuse> {
    let text = serde_json::to_vec(part).map_err(|error| Misuse::new(error.to_string()))?;
    Ok(base64url(text))
}

#[expect(clippy::needless_pass_by_value, reason = "the argument of map_err")]
fn misuse(error: Invalid) -> Misuse {
    Misuse::new(error.to_string())
}
