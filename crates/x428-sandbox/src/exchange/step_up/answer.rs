//! A challenge as the client reads it.

use jiff::{SignedDuration, Timestamp};
use x428::wire::withdrawal::{
    AttemptsRemaining, AuthenticatorTransport, CODE_DIGITS_MIN, Challenge as Wire, ChallengeMethod,
    ChallengeMethodHint, ChallengeMethods, ChallengeStatus, CodeLength, CredentialDescriptor,
    CredentialKind, HttpsUri, MethodStatus, PollInterval, ProofToken, PublicKeyOptions,
    RESEND_INTERVAL_MIN, Sha256Digest, StepUpMethod, UserVerification,
};

use super::{prove, webauthn};
use crate::exchange::Exchange;
use crate::exchange::model::{Challenge, Method, Owner};
use crate::exchange::store::Fault;

/// The challenge now, with the proof if it is verified.
// r[impl withdrawal.hosted.offered]
// r[impl withdrawal.poll.proof]
pub(crate) fn answer(
    exchange: &Exchange,
    challenge: &Challenge,
    owner: &Owner,
    now: Timestamp,
) -> Result<Wire, Fault> {
    let status = challenge.status_at(now);
    let methods = challenge
        .methods
        .iter()
        .map(|offered| method(exchange, challenge, offered, owner))
        .collect::<Result<Vec<_>, Fault>>()?;
    let poll = u8::try_from(challenge.poll_seconds.min(60)).map_err(Fault::because)?;
    let mut answer = Wire::new(
        challenge.id.parse()?,
        status,
        challenge.policy,
        ChallengeMethods::new(methods)?,
        challenge.display.clone(),
        Sha256Digest::parse(challenge.intent_hash.as_str())?,
        challenge.expires_at.try_into()?,
        AttemptsRemaining::new(challenge.attempts_left())?,
        PollInterval::new(poll)?,
    );
    if let (ChallengeStatus::Verified, Some(proof)) = (status, &challenge.proof) {
        let token = exchange.keys.open(prove::PURPOSE, &proof.token)?;
        let token = std::str::from_utf8(&token).map_err(Fault::because)?;
        answer = answer
            .with_challenge_proof(ProofToken::parse(token)?)
            .with_proof_expires_at(proof.expires_at.try_into()?);
    }
    Ok(answer)
}

fn method(
    exchange: &Exchange,
    challenge: &Challenge,
    offered: &Method,
    owner: &Owner,
) -> Result<ChallengeMethod, Fault> {
    let page = format!("{}/step-up/{}", exchange.settings.issuer, challenge.id);
    let mut method = ChallengeMethod::new(
        offered.method,
        offered.method.mode(),
        offered.status,
        ChallengeMethodHint::parse(offered.hint.as_str())?,
    )
    .with_verification_uri(HttpsUri::parse(page)?);
    if matches!(
        offered.method,
        StepUpMethod::Totp | StepUpMethod::Sms | StepUpMethod::Email
    ) {
        let length = u8::try_from(CODE_DIGITS_MIN).map_err(Fault::because)?;
        method = method.with_code_length(CodeLength::new(length)?);
    }
    // An owner may have removed the last passkey meanwhile.
    if offered.method == StepUpMethod::Webauthn && !owner.passkeys.is_empty() {
        method = method.with_public_key(options(exchange, challenge, owner)?);
    }
    if offered.status == MethodStatus::Sent {
        if let Some(number) = &offered.number {
            method = method.with_number_to_enter(number.as_str().parse()?);
        }
        if let Some(sent_at) = offered.sent_at {
            let wait = SignedDuration::try_from(RESEND_INTERVAL_MIN).map_err(Fault::because)?;
            method = method.with_resend_after((sent_at + wait).try_into()?);
        }
    }
    Ok(method)
}

fn options(
    exchange: &Exchange,
    challenge: &Challenge,
    owner: &Owner,
) -> Result<PublicKeyOptions, Fault> {
    let credentials = owner
        .passkeys
        .iter()
        .map(|passkey| {
            let known = |name: &String| {
                let mut all = AuthenticatorTransport::ALL.iter();
                all.find(|transport| transport.as_str() == name).copied()
            };
            let transports: Vec<_> = passkey.transports.iter().filter_map(known).collect();
            let credential =
                CredentialDescriptor::new(CredentialKind::PublicKey, passkey.id.parse()?);
            Ok(if transports.is_empty() {
                credential
            } else {
                credential.with_transports(transports.try_into()?)
            })
        })
        .collect::<Result<Vec<_>, Fault>>()?;
    let derived = webauthn::challenge(exchange, challenge)?;
    Ok(PublicKeyOptions::new(
        Sha256Digest::parse(x428::encoding::base64url(derived))?,
        exchange.settings.host().parse()?,
        credentials.try_into()?,
        UserVerification::Required,
    )
    .with_timeout(x428::wire::withdrawal::PublicKeyOptionsTimeout::new(
        120_000,
    )?))
}
