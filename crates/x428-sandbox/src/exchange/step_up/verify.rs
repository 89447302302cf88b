//! Verifying what an owner brings: a code, or an assertion (section 7.5). The client's endpoint and
//! the hosted page come here.

use jiff::Timestamp;
use serde_json::json;
use x428::wire::withdrawal::{
    ChallengeStatus, ErrorDetailCode, MethodStatus, StepUpMethod, VerifyRequest,
    WebauthnCredential, WithdrawalErrorCode as Code,
};

use super::{attempts, codes, is_started, prove, totp, webauthn};
use crate::exchange::failure::{Failure, not_found, refuse, refuse_at};
use crate::exchange::model::{Challenge, Owner};
use crate::exchange::store::Fault;
use crate::exchange::{Exchange, audit, digest};

/// What an owner brings.
pub(crate) enum Brought {
    /// A code of a method.
    Code(StepUpMethod, String),
    /// What an authenticator has signed.
    Assertion(Box<WebauthnCredential>),
    /// The number of a push, entered in the app.
    Number(String),
    /// A face that the app knows.
    Face,
}

impl Brought {
    /// The method that it meets.
    pub(crate) fn method(&self) -> StepUpMethod {
        match self {
            Self::Code(method, _) => *method,
            Self::Assertion(_) => StepUpMethod::Webauthn,
            Self::Number(_) => StepUpMethod::Push,
            Self::Face => StepUpMethod::Face,
        }
    }
}

impl Brought {
    /// What a request brings; nothing if this version does not know it.
    pub(crate) fn of(request: VerifyRequest) -> Option<Self> {
        let code = |method, code: x428::wire::withdrawal::OneTimeCode| {
            Self::Code(method, code.into_string())
        };
        Some(match request {
            VerifyRequest::TotpVerification(totp) => code(StepUpMethod::Totp, totp.code),
            VerifyRequest::SmsVerification(sms) => code(StepUpMethod::Sms, sms.code),
            VerifyRequest::EmailVerification(email) => code(StepUpMethod::Email, email.code),
            VerifyRequest::WebauthnVerification(webauthn) => {
                Self::Assertion(Box::new(webauthn.credential))
            }
            _ => return None,
        })
    }
}

/// Whose challenge it has to be.
pub(crate) struct Whose<'a> {
    pub(crate) owner: &'a str,
    /// The client, if one asks; the owner may meet the challenge of any.
    pub(crate) client: Option<&'a str>,
}

impl Whose<'_> {
    /// The challenge, if it is theirs.
    // r[impl withdrawal.challenge.binding]
    pub(crate) fn own(&self, challenge: Option<Challenge>) -> Result<Challenge, Failure> {
        challenge
            .filter(|challenge| {
                challenge.owner == self.owner
                    && self.client.is_none_or(|client| challenge.client == client)
            })
            .ok_or_else(not_found)
    }
}

/// Refuses for a challenge that has ended.
// r[impl withdrawal.verify.ended]
pub(crate) fn ended(status: ChallengeStatus) -> Result<(), Failure> {
    match status {
        ChallengeStatus::Pending | ChallengeStatus::Verified => Ok(()),
        ChallengeStatus::Denied => Err(refuse(Code::ChallengeDenied, "The owner refused.")),
        ChallengeStatus::Locked => Err(refuse(
            Code::ChallengeLocked,
            "There were too many wrong codes.",
        )),
        ChallengeStatus::Consumed => Err(refuse(
            Code::ChallengeAlreadyUsed,
            "The proof of this challenge has been used.",
        )),
        _ => Err(refuse(Code::ChallengeExpired, "The challenge has ended.")),
    }
}

/// Verifies what was brought for a challenge, and gives the challenge and its owner as they are
/// then.
// r[impl withdrawal.verify.idempotent]
// r[impl withdrawal.verify.not-started]
pub(crate) async fn verify(
    exchange: &Exchange,
    whose: &Whose<'_>,
    id: &str,
    brought: &Brought,
    now: Timestamp,
) -> Result<(Challenge, Owner), Failure> {
    let method = brought.method();
    let mut writing = exchange.store.write().await?;
    writing.turn_of(whose.owner).await?;
    let owner: Owner = writing.get(whose.owner).await?.ok_or(Fault::Damaged)?;
    let mut challenge = whose.own(writing.get(id).await?)?;
    ended(challenge.status_at(now))?;
    let offered = challenge.method(method).ok_or_else(|| {
        refuse_at(
            Code::InvalidRequest,
            "The challenge does not offer this method.",
            "/method",
            ErrorDetailCode::Value,
        )
    })?;
    // A challenge that another method has met needs no further one.
    if offered.status == MethodStatus::Verified || challenge.status == ChallengeStatus::Verified {
        // What says so may be on its way to the disk.
        writing.commit().await?;
        return Ok((challenge, owner));
    }
    if is_started(method) && offered.status != MethodStatus::Sent {
        return Err(refuse(
            Code::MethodNotStarted,
            "The method has to be started first.",
        ));
    }
    attempts::count_of(exchange, writing, &mut challenge, method, now).await?;

    let mut writing = exchange.store.write().await?;
    writing.turn_of(whose.owner).await?;
    let mut owner: Owner = writing.get(whose.owner).await?.ok_or(Fault::Damaged)?;
    let mut challenge = whose.own(writing.get(id).await?)?;
    ended(challenge.status_at(now))?;
    if !is_right(exchange, &challenge, &mut owner, brought, now)? {
        let wrong = attempts::was_wrong(exchange, writing, challenge, method, now).await?;
        return Err(wrong);
    }
    challenge.attempts = challenge.attempts.saturating_sub(1);
    attempts::was_right(&mut writing, &challenge.owner, method).await?;
    writing.put(&owner).await?;
    if challenge.status == ChallengeStatus::Pending {
        prove::met(exchange, &mut writing, &mut challenge, method, now).await?;
    }
    writing.commit().await?;
    Ok((challenge, owner))
}

fn is_right(
    exchange: &Exchange,
    challenge: &Challenge,
    owner: &mut Owner,
    brought: &Brought,
    now: Timestamp,
) -> Result<bool, Fault> {
    let offered = challenge.method(brought.method()).ok_or(Fault::Damaged)?;
    Ok(match brought {
        Brought::Code(StepUpMethod::Totp, code) => totp::accept(exchange, owner, code, now)?,
        Brought::Code(method, code) => {
            let given = codes::digest(exchange, &format!("{} {method}", challenge.id), code);
            offered
                .code
                .as_ref()
                .is_some_and(|sent| now < sent.ends_at && digest::same(&sent.digest, &given))
        }
        Brought::Assertion(credential) => webauthn::accept(exchange, challenge, owner, credential)?,
        Brought::Number(number) => offered
            .number
            .as_ref()
            .is_some_and(|sent| digest::same(sent, number)),
        Brought::Face => owner.face && offered.status == MethodStatus::Sent,
    })
}

/// How an owner refuses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Denial {
    Plain,
    /// It is reported as fraud.
    Fraud,
}

/// Notes that the owner refuses.
pub(crate) async fn deny(
    exchange: &Exchange,
    owner: &str,
    id: &str,
    denial: Denial,
    now: Timestamp,
) -> Result<Challenge, Failure> {
    let whose = Whose {
        owner,
        client: None,
    };
    let mut writing = exchange.store.write().await?;
    writing.turn_of(owner).await?;
    let mut challenge = whose.own(writing.get(id).await?)?;
    ended(challenge.status_at(now))?;
    let status = match challenge.status {
        ChallengeStatus::Pending => ChallengeStatus::Denied,
        // What is verified cannot be denied any more, but its proof can be taken back.
        _ => ChallengeStatus::Expired,
    };
    for offered in &mut challenge.methods {
        if offered.status == MethodStatus::Sent {
            offered.status = MethodStatus::Denied;
        }
    }
    challenge.is_fraud = denial == Denial::Fraud;
    challenge.go(&mut writing, status, now).await?;
    if challenge.is_fraud {
        let what = json!({
            "event": "fraud", "challenge": challenge.id, "client": challenge.client,
        });
        audit::append(&mut writing, owner, now, what).await?;
    }
    writing.commit().await?;
    Ok(challenge)
}
