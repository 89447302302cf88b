//! Submitting: once, whatever the network does (chapter 6).

use http::{HeaderValue, Method, StatusCode};
use jiff::SignedDuration;
use serde_json::Value;
use zeroize::Zeroizing;

use super::answer::{Reported, refusal};
use super::approval::Approval;
use super::error::Refusal;
use super::step_up::Meeting;
use super::tokens::wipe;
use super::transport::{Answer, JSON};
use super::{Client, ClientError, Keeper, Pending, StepUp, Time};
use crate::error::Misuse;
use crate::jcs::{Limits, StrictJson};
use crate::wire::withdrawal::headers::IDEMPOTENCY_KEY;
use crate::wire::withdrawal::{
    ChallengeStatus, IdempotencyKey, WithdrawalErrorCode as Code, WithdrawalRequest,
};
use crate::withdrawal::decimal::Decimal;

const PROOF: &str = "challengeProof";
/// How often a proof is refused before the exchange is left alone: each costs the owner an approval.
const PROOFS_MAX: u32 = 3;

/// How much earlier than it may a key is taken for forgotten: a request and its repetitions take
/// their time.
const AGE_MARGIN: SignedDuration = SignedDuration::from_mins(10);

/// What an exchange says to a submission.
enum Offered {
    Created(Box<Reported>),
    Challenged(Box<StepUp>),
    ProofRefused(Box<Refusal>),
}

/// What a refusal says about the withdrawal, by the order of checks (section 6.4).
enum Verdict {
    /// The key was looked at, and there is none.
    NoneCreated,
    /// The request did not come as far as the key.
    SaysNothing,
    /// The exchange itself may not know.
    Unknown,
}

impl<K: Keeper, T: Time> Client<K, T> {
    /// Withdraws: submits under a new key, and lets the owner approve if the exchange asks.
    ///
    /// The withdrawal that is returned was created, and goes on by itself; see
    /// [`watch`](Self::watch).
    ///
    /// # Errors
    /// [`ClientError::Refused`] if nothing was and nothing will be withdrawn;
    /// [`ClientError::OutcomeUnknown`] if that is not known: [`resume`](Self::resume) goes on with
    /// what was kept. [`ClientError::ChallengeEnded`] and [`ClientError::GivenUp`] if the owner has
    /// not approved; then too the submission stays kept.
    pub async fn withdraw(
        &self,
        request: &WithdrawalRequest,
        approval: &impl Approval,
    ) -> Result<Reported, ClientError> {
        self.submit(Pending::new(request)?, approval).await
    }

    /// Goes on with a submission that was kept, under its key.
    ///
    /// # Errors
    /// As [`withdraw`](Self::withdraw); [`ClientError::Misuse`] for a key that is not kept.
    // r[impl withdrawal.idempotency.retry]
    pub async fn resume(
        &self,
        key: &IdempotencyKey,
        approval: &impl Approval,
    ) -> Result<Reported, ClientError> {
        match self.keeper.get(key).await? {
            Some(pending) => self.submit(pending, approval).await,
            None => Err(Misuse::new("no submission with this key is kept").into()),
        }
    }

    /// The submissions whose outcome is not known, or that the owner has not approved.
    ///
    /// # Errors
    /// [`ClientError::Unavailable`] if the keeper does not answer.
    pub async fn pending(&self) -> Result<Vec<Pending>, ClientError> {
        Ok(self.keeper.all().await?)
    }

    /// Gives up a submission that was kept. One that is not there is no error.
    ///
    /// # Errors
    /// [`ClientError::Misuse`] if a withdrawal may have been created: that has to be found out
    /// first, by [`resume`](Self::resume).
    pub async fn forget(&self, key: &IdempotencyKey) -> Result<(), ClientError> {
        match self.keeper.get(key).await? {
            Some(pending) if pending.is_unanswered() => {
                Err(Misuse::new("a withdrawal may have been created with this key").into())
            }
            _ => Ok(self.keeper.remove(key).await?),
        }
    }

    /// Forgets a submission whose outcome somebody has found out otherwise, such as from the list of
    /// withdrawals after [`ClientError::KeyTooOld`]. If a withdrawal was created after all, nothing
    /// remembers it any more: what is submitted next is a second one.
    ///
    /// # Errors
    /// [`ClientError::Unavailable`] if the keeper does not answer.
    pub async fn danger_forget(&self, key: &IdempotencyKey) -> Result<(), ClientError> {
        Ok(self.keeper.remove(key).await?)
    }

    /// Submits, and lets the owner approve if the exchange asks.
    ///
    /// # Errors
    /// As [`withdraw`](Self::withdraw).
    pub async fn submit(
        &self,
        mut pending: Pending,
        approval: &impl Approval,
    ) -> Result<Reported, ClientError> {
        let request = pending.request()?;
        let mut proof: Option<Zeroizing<String>> = None;
        let mut refused = 0;
        let mut was_consumed = false;
        loop {
            match self.offer(&mut pending, &request, proof.as_ref()).await? {
                Offered::Created(reported) => return Ok(*reported),
                Offered::ProofRefused(refusal) => {
                    refused += 1;
                    if proof.take().is_none() || refused >= PROOFS_MAX {
                        return Err(refusal.into());
                    }
                }
                Offered::Challenged(step_up) => {
                    let meeting = Meeting::new(self, &request, approval);
                    match meeting.proof(*step_up).await {
                        Ok(given) => proof = Some(given),
                        // The proof made a withdrawal under this key already: ask for that one.
                        Err(ClientError::ChallengeEnded(ChallengeStatus::Consumed))
                            if !was_consumed =>
                        {
                            was_consumed = true;
                        }
                        // It is consumed, and what it was consumed for is not shown: the answers
                        // to this key do not say whether there is a withdrawal.
                        Err(error @ ClientError::ChallengeEnded(ChallengeStatus::Consumed)) => {
                            pending.sent(self.time.now());
                            self.keeper.put(&pending).await?;
                            return Err(error);
                        }
                        Err(error) => return Err(error),
                    }
                }
            }
        }
    }

    /// Sends a submission until there is an answer to it, and keeps what is known.
    async fn offer(
        &self,
        pending: &mut Pending,
        request: &WithdrawalRequest,
        proof: Option<&Zeroizing<String>>,
    ) -> Result<Offered, ClientError> {
        self.check_age(pending)?;
        // Without a token nothing is sent, and nothing becomes uncertain.
        self.token().await?;
        let was_unanswered = pending.is_unanswered();
        pending.sent(self.time.now());
        self.keeper.put(pending).await?;

        let mut lost = was_unanswered;
        let answer = self
            .repeated(self.submission(pending, proof)?, &mut lost)
            .await;
        let outcome = match answer {
            Ok(answer) => self.read_offer(&answer, request, proof.is_some()),
            Err(error) => Err(error),
        };
        self.conclude(pending, outcome, lost).await
    }

    /// The exchange may have forgotten a key after the time for which it keeps them. That time begins
    /// with the last request that is sure to have arrived, which is the first that may have.
    fn check_age(&self, pending: &Pending) -> Result<(), ClientError> {
        let kept = self.discovered.exchange.lifetimes.idempotency.get();
        let kept = SignedDuration::from_secs(kept.into());
        let sent_at = pending.sent_at().filter(|_| pending.is_unanswered());
        match sent_at.map(|sent_at| self.time.now().duration_since(sent_at)) {
            Some(age) if age >= kept - AGE_MARGIN || age.is_negative() => {
                Err(ClientError::KeyTooOld {
                    key: pending.key().clone(),
                })
            }
            _ => Ok(()),
        }
    }

    fn submission(
        &self,
        pending: &Pending,
        proof: Option<&Zeroizing<String>>,
    ) -> Result<super::transport::Request, ClientError> {
        let body = match proof {
            None => pending.body().as_bytes().to_vec(),
            Some(proof) => {
                let body = StrictJson::parse(pending.body().as_bytes(), Limits::default())?;
                let mut body = body.into_value();
                if let Some(members) = body.as_object_mut() {
                    members.insert(PROOF.to_owned(), Value::from(proof.as_str()));
                }
                let text = serde_json::to_vec(&body);
                wipe(&mut body);
                text.map_err(|error| Misuse::new(error.to_string()))?
            }
        };
        let request = self.request(Method::POST, &["withdrawals"])?;
        let mut request = request.with(JSON, body);
        let key = HeaderValue::from_str(pending.key().as_str())
            .map_err(|_| Misuse::new("a key not fit for a header"))?;
        request.headers.insert(IDEMPOTENCY_KEY, key);
        Ok(request)
    }

    fn read_offer(
        &self,
        answer: &Answer,
        request: &WithdrawalRequest,
        has_proof: bool,
    ) -> Result<Offered, ClientError> {
        match answer.status {
            StatusCode::CREATED => {
                let reported = Reported::read(answer.json()?.value())?;
                check_created(&reported, request)?;
                Ok(Offered::Created(Box::new(reported)))
            }
            // r[impl withdrawal.proof.invalid]
            StatusCode::PRECONDITION_REQUIRED if has_proof => Err(ClientError::Untrusted(
                "a new challenge in answer to a proof",
            )),
            StatusCode::PRECONDITION_REQUIRED => {
                let step_up = StepUp::read(answer.json()?.into_value(), &self.discovered)?;
                Ok(Offered::Challenged(Box::new(step_up)))
            }
            _ => match refusal(answer) {
                ClientError::Refused(refusal) if refusal.is(Code::ChallengeProofInvalid) => {
                    Ok(Offered::ProofRefused(refusal))
                }
                error => Err(error),
            },
        }
    }

    /// Writes down what is known now. A keeper that fails to forget does no harm: under the same
    /// key, the exchange answers with the same withdrawal.
    async fn conclude(
        &self,
        pending: &mut Pending,
        outcome: Result<Offered, ClientError>,
        lost: bool,
    ) -> Result<Offered, ClientError> {
        let unknown = |error| ClientError::OutcomeUnknown {
            key: pending.key().clone(),
            source: Box::new(error),
        };
        let verdict = match &outcome {
            Ok(Offered::Created(_)) => {
                let _ = self.keeper.remove(pending.key()).await;
                return outcome;
            }
            Ok(Offered::Challenged(_) | Offered::ProofRefused(_)) => {
                pending.answered();
                self.keeper.put(pending).await?;
                return outcome;
            }
            Err(ClientError::Refused(refusal)) => verdict(refusal),
            Err(ClientError::ConsentNeeded | ClientError::OAuth { .. }) => Verdict::SaysNothing,
            Err(_) => Verdict::Unknown,
        };
        match (verdict, outcome) {
            (Verdict::Unknown, Err(error)) => Err(unknown(error)),
            (Verdict::SaysNothing, Err(error)) if lost => Err(unknown(error)),
            (Verdict::SaysNothing, outcome) if !is_final(&outcome) => {
                pending.answered();
                self.keeper.put(pending).await?;
                outcome
            }
            (_, outcome) => {
                let _ = self.keeper.remove(pending.key()).await;
                outcome
            }
        }
    }
}

/// A code that has no place in an answer to a submission says nothing, whatever it is: only those of
/// the steps behind the key say that there is no withdrawal under it.
fn verdict(refusal: &Refusal) -> Verdict {
    match refusal.code {
        _ if refusal.status >= 500 => Verdict::Unknown,
        // The key is in use, by whatever request: there may be a withdrawal under it.
        Some(
            Code::IdempotencyInProgress | Code::IdempotencyMismatch | Code::ChallengeAlreadyUsed,
        ) => Verdict::Unknown,
        Some(
            Code::AuthorizationLimitExceeded
            | Code::AddressNotAllowed
            | Code::AddressCoolingOff
            | Code::AccountRestricted
            | Code::SecurityHold
            | Code::KycRequired
            | Code::SecondFactorNotEnrolled
            | Code::JurisdictionBlocked
            | Code::AssetNotFound
            | Code::QuoteExpired
            | Code::NetworkNotSupported
            | Code::InvalidAddress
            | Code::MemoRequired
            | Code::MemoNotSupported
            | Code::AmountBelowMinimum
            | Code::AmountAboveMaximum
            | Code::AmountStepInvalid
            | Code::InsufficientBalance
            | Code::InsufficientBalanceForFee
            | Code::FeeExceedsMax
            | Code::DailyLimitExceeded
            | Code::TravelRuleRequired
            | Code::TravelRuleInvalid
            | Code::OwnershipProofRequired
            | Code::ChallengeDenied
            | Code::ChallengeExpired
            | Code::ChallengeLocked,
        ) => Verdict::NoneCreated,
        _ => Verdict::SaysNothing,
    }
}

/// Whether a refusal that was reached before the key would come again for the same request.
fn is_final(outcome: &Result<Offered, ClientError>) -> bool {
    let Err(error) = outcome else { return false };
    matches!(
        error.code(),
        Some(Code::InvalidRequest | Code::IdempotencyKeyMissing)
    )
}

/// Refuses a withdrawal that is not the one that was submitted.
fn check_created(reported: &Reported, request: &WithdrawalRequest) -> Result<(), ClientError> {
    let Some(created) = reported.known() else {
        return Ok(());
    };
    let amounts = (
        Decimal::try_from(&created.amount),
        Decimal::try_from(&request.amount),
    );
    let is_same = matches!(amounts, (Ok(created), Ok(asked)) if created == asked)
        && created.asset == request.asset
        && created.network == request.network
        && created.address == request.address
        && created.memo == request.memo;
    if is_same {
        Ok(())
    } else {
        Err(ClientError::Untrusted(
            "another withdrawal than was submitted",
        ))
    }
}
