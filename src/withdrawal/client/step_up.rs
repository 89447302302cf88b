//! From a challenge to its proof: ask, start, verify, poll (chapter 7).

use std::time::Duration;

use http::{Method, StatusCode};
use jiff::{SignedDuration, Timestamp};
use zeroize::Zeroizing;

use super::answer::expect;
use super::approval::{Approval, Choice, Code, CodeAsked, Waiting};
use super::{Client, ClientError, Keeper, StepUp, Time};
use crate::error::{Malformed, Misuse};
use crate::wire::withdrawal::{
    ChallengeId, ChallengeStatus, EmailVerification, MethodStatus, OneTimeCode, SLOW_DOWN_STEP,
    SmsVerification, StartRequest, StepUpMethod, TotpVerification, VerifyRequest,
    WebauthnVerification, WithdrawalErrorCode, WithdrawalRequest,
};

/// One challenge on its way.
pub(super) struct Meeting<'a, K, T, A> {
    pub(super) client: &'a Client<K, T>,
    pub(super) request: &'a WithdrawalRequest,
    pub(super) approval: &'a A,
    interval: Duration,
}

impl<'a, K: Keeper, T: Time, A: Approval> Meeting<'a, K, T, A> {
    pub(super) fn new(
        client: &'a Client<K, T>,
        request: &'a WithdrawalRequest,
        approval: &'a A,
    ) -> Self {
        Self {
            client,
            request,
            approval,
            interval: Duration::ZERO,
        }
    }

    /// Goes on until there is a proof, or there will be none.
    pub(super) async fn proof(
        mut self,
        mut step_up: StepUp,
    ) -> Result<Zeroizing<String>, ClientError> {
        self.interval = step_up.interval();
        loop {
            step_up.check(self.request)?;
            match step_up.challenge.status {
                ChallengeStatus::Pending => {}
                ChallengeStatus::Verified => {
                    let Some(proof) = step_up.take_proof() else {
                        return Err(Malformed::new("challenge", "verified without a proof").into());
                    };
                    return Ok(proof);
                }
                ended => return Err(ClientError::ChallengeEnded(ended)),
            }
            if !step_up.is_pending(self.client.time.now()) {
                return Err(ClientError::ChallengeEnded(ChallengeStatus::Expired));
            }
            step_up = self.step(step_up).await?;
        }
    }

    async fn step(&mut self, step_up: StepUp) -> Result<StepUp, ClientError> {
        if !step_up.is_understood {
            self.approval
                .waiting(&step_up, Waiting::NotUnderstood)
                .await;
            return self.poll(step_up).await;
        }
        match self.approval.choose(&step_up).await {
            Choice::GiveUp => Err(self.give_up(&step_up).await),
            Choice::HostedPage => {
                let page = step_up.page().ok_or(ClientError::Untrusted(
                    "a challenge without a page of the exchange",
                ))?;
                self.approval.waiting(&step_up, Waiting::Page(page)).await;
                self.poll_until_changed(step_up).await
            }
            Choice::Method(method) => self.by(method, step_up).await,
        }
    }

    async fn by(&mut self, method: StepUpMethod, step_up: StepUp) -> Result<StepUp, ClientError> {
        let Some(offered) = step_up.method(method) else {
            return Err(Misuse::new("a method that the challenge does not offer").into());
        };
        if !matches!(offered.status, MethodStatus::Available | MethodStatus::Sent) {
            return Err(Misuse::new("a method that is not open any more").into());
        }
        let is_available = offered.status == MethodStatus::Available;
        match method {
            StepUpMethod::Webauthn => self.by_credential(step_up).await,
            StepUpMethod::Push | StepUpMethod::Face => {
                let step_up = if is_available {
                    self.start(method, &step_up).await?
                } else {
                    step_up
                };
                let number = step_up
                    .method(method)
                    .and_then(|m| m.number_to_enter.clone());
                // r[impl withdrawal.start.number]
                if method == StepUpMethod::Push && number.is_none() {
                    return Err(ClientError::Untrusted("a push without a number to enter"));
                }
                self.approval.waiting(&step_up, Waiting::App(number)).await;
                self.poll_until_changed(step_up).await
            }
            _ => {
                let step_up = if method.is_started() && is_available {
                    self.start(method, &step_up).await?
                } else {
                    step_up
                };
                self.by_code(method, step_up).await
            }
        }
    }

    async fn by_code(
        &mut self,
        method: StepUpMethod,
        mut step_up: StepUp,
    ) -> Result<StepUp, ClientError> {
        let mut was_wrong = false;
        let mut resend_after = None;
        let mut attempts_remaining = step_up.challenge.attempts_remaining.get();
        loop {
            step_up.check(self.request)?;
            if !step_up.is_pending(self.client.time.now()) {
                return Ok(step_up);
            }
            let Some(offered) = step_up.method(method) else {
                return Err(Malformed::new("challenge", "a method is gone").into());
            };
            let asked = CodeAsked {
                step_up: &step_up,
                method: offered,
                was_wrong,
                attempts_remaining,
                resend_after,
            };
            match self.approval.code(asked).await {
                Code::GiveUp => return Err(self.give_up(&step_up).await),
                Code::AnotherWay => return Ok(step_up),
                Code::Resend => match self.start(method, &step_up).await {
                    Ok(next) => {
                        resend_after = None;
                        step_up = next;
                    }
                    Err(ClientError::Refused(refusal))
                        if refusal.is(WithdrawalErrorCode::ResendTooSoon) =>
                    {
                        let wait = refusal.retry_after.unwrap_or(self.interval);
                        resend_after = Some(after(self.client.time.now(), wait));
                    }
                    Err(error) => return Err(error),
                },
                Code::Entered(code) => match self.verify(&step_up, by(method, code)?).await {
                    Err(ClientError::Refused(refusal))
                        if refusal.is(WithdrawalErrorCode::ChallengeCodeInvalid) =>
                    {
                        was_wrong = true;
                        attempts_remaining = attempts_remaining.saturating_sub(1);
                    }
                    outcome => return self.verified(step_up, outcome).await,
                },
            }
        }
    }

    async fn by_credential(&mut self, step_up: StepUp) -> Result<StepUp, ClientError> {
        let offered = step_up.method(StepUpMethod::Webauthn);
        let Some(options) = offered.and_then(|offered| offered.public_key.clone()) else {
            return Err(Misuse::new("a passkey that can be used at the hosted page alone").into());
        };
        let Some(credential) = self.approval.credential(&step_up, &options).await else {
            return Ok(step_up);
        };
        let outcome = self
            .verify(&step_up, WebauthnVerification::new(credential).into())
            .await;
        match outcome {
            Err(ClientError::Refused(refusal))
                if refusal.is(WithdrawalErrorCode::ChallengeCodeInvalid) =>
            {
                self.poll(step_up).await
            }
            outcome => self.verified(step_up, outcome).await,
        }
    }

    /// An answer that is lost leaves open whether the code was taken. The challenge tells.
    async fn verified(
        &mut self,
        step_up: StepUp,
        outcome: Result<StepUp, ClientError>,
    ) -> Result<StepUp, ClientError> {
        match outcome {
            Err(error) if error.is_outage() => self.poll(step_up).await,
            outcome => outcome,
        }
    }

    async fn start(&self, method: StepUpMethod, step_up: &StepUp) -> Result<StepUp, ClientError> {
        let id = &step_up.challenge.challenge_id;
        let body = StartRequest::new(method);
        let request = self
            .client
            .post(&["challenges", id.as_str(), "start"], &body)?;
        let answer = self.client.once(request).await?;
        self.followed(step_up, expect(&answer, StatusCode::OK))
    }

    async fn verify(&self, step_up: &StepUp, body: VerifyRequest) -> Result<StepUp, ClientError> {
        let id = &step_up.challenge.challenge_id;
        let request = self
            .client
            .post(&["challenges", id.as_str(), "verify"], &body)?;
        let answer = self.client.once(request).await?;
        self.followed(step_up, expect(&answer, StatusCode::OK))
    }

    fn followed(
        &self,
        step_up: &StepUp,
        answer: Result<crate::jcs::StrictJson, ClientError>,
    ) -> Result<StepUp, ClientError> {
        let json = answer.map_err(ended)?;
        step_up.followed_by(StepUp::read(json.into_value(), &self.client.discovered)?)
    }

    /// Polls until something has happened.
    async fn poll_until_changed(&mut self, step_up: StepUp) -> Result<StepUp, ClientError> {
        let state = |step_up: &StepUp| -> Vec<bool> {
            let is_open = |status| matches!(status, MethodStatus::Available | MethodStatus::Sent);
            let methods = step_up.challenge.methods.iter();
            methods.map(|method| is_open(method.status)).collect()
        };
        let before = state(&step_up);
        let mut step_up = step_up;
        loop {
            step_up = self.poll(step_up).await?;
            let changed = state(&step_up) != before;
            if changed || !step_up.is_pending(self.client.time.now()) {
                return Ok(step_up);
            }
        }
    }

    /// Waits, and reads the challenge. No answer is no answer: it goes on until the challenge ends.
    // r[impl withdrawal.poll.interval]
    // r[impl withdrawal.poll.slow-down]
    // r[impl withdrawal.poll.end]
    async fn poll(&mut self, step_up: StepUp) -> Result<StepUp, ClientError> {
        let mut longer = Duration::ZERO;
        loop {
            self.client.time.wait(self.interval.max(longer)).await;
            if self.client.time.now() >= step_up.challenge.expires_at.instant() {
                return Err(ClientError::ChallengeEnded(ChallengeStatus::Expired));
            }
            let polled = self.client.challenge(&step_up.challenge.challenge_id).await;
            match polled {
                Ok(next) => return step_up.followed_by(next),
                Err(ClientError::Refused(refusal)) if refusal.passes() => {
                    if refusal.is_slow_down() {
                        self.interval += SLOW_DOWN_STEP;
                    }
                    longer = refusal.retry_after.unwrap_or_default();
                }
                Err(ClientError::Unavailable(_)) => longer = Duration::ZERO,
                Err(error) => return Err(ended(error)),
            }
        }
    }

    /// What is canceled in vain ends by itself.
    async fn give_up(&self, step_up: &StepUp) -> ClientError {
        let id = &step_up.challenge.challenge_id;
        match self.client.cancel_challenge(id).await {
            Err(error @ ClientError::ChallengeEnded(ChallengeStatus::Consumed)) => error,
            _ => ClientError::GivenUp,
        }
    }
}

impl<K: Keeper, T: Time> Client<K, T> {
    /// Reads a challenge once.
    ///
    /// # Errors
    /// [`ClientError::Refused`] and others of a single request.
    pub(super) async fn challenge(&self, id: &ChallengeId) -> Result<StepUp, ClientError> {
        let request = self.request(Method::GET, &["challenges", id.as_str()])?;
        let answer = self.once(request).await?;
        let json = expect(&answer, StatusCode::OK)?;
        StepUp::read(json.into_value(), &self.discovered)
    }

    /// Gives a challenge up, so that its codes and prompts become useless.
    ///
    /// # Errors
    /// [`ClientError::ChallengeEnded`] if it has ended otherwise, and others of a request.
    pub async fn cancel_challenge(&self, id: &ChallengeId) -> Result<StepUp, ClientError> {
        let request = self.request(Method::POST, &["challenges", id.as_str(), "cancel"])?;
        let answer = self.repeated(request, &mut false).await.map_err(ended)?;
        let json = expect(&answer, StatusCode::OK).map_err(ended)?;
        StepUp::read(json.into_value(), &self.discovered)
    }
}

fn by(method: StepUpMethod, code: OneTimeCode) -> Result<VerifyRequest, ClientError> {
    Ok(match method {
        StepUpMethod::Totp => TotpVerification::new(code).into(),
        StepUpMethod::Sms => SmsVerification::new(code).into(),
        StepUpMethod::Email => EmailVerification::new(code).into(),
        _ => return Err(Misuse::new("a method without a code").into()),
    })
}

/// The end of a challenge, if that is what an error says.
fn ended(error: ClientError) -> ClientError {
    use WithdrawalErrorCode as Is;
    match error.code() {
        Some(Is::ChallengeExpired) => ClientError::ChallengeEnded(ChallengeStatus::Expired),
        Some(Is::ChallengeDenied) => ClientError::ChallengeEnded(ChallengeStatus::Denied),
        Some(Is::ChallengeLocked) => ClientError::ChallengeEnded(ChallengeStatus::Locked),
        Some(Is::ChallengeAlreadyUsed) => ClientError::ChallengeEnded(ChallengeStatus::Consumed),
        _ => error,
    }
}

fn after(now: Timestamp, wait: Duration) -> Timestamp {
    let wait = SignedDuration::try_from(wait).unwrap_or(SignedDuration::MAX);
    now.checked_add(wait).unwrap_or(Timestamp::MAX)
}
