//! Step 10: the second factor.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::SignedDuration;
use serde_json::json;
use x428::wire::withdrawal::{
    ChallengeDisplay, ChallengeDisplayClient, ChallengeId, ChallengePolicy, ChallengeStatus,
    ErrorDetailCode, MethodStatus, POLL_INTERVAL, PROOF_LIFETIME_MAX, Sha256Digest, StepUpMethod,
    WithdrawalErrorCode as Code,
};
use x428::withdrawal::decimal::Decimal;
use x428::withdrawal::intent::{IntentHash, intent_hash};
use x428::withdrawal::proof::{InvalidProof, KeptChallenge, ProofVerifier, Request};
use x428::withdrawal::refusal::Refused;
use x428::withdrawal::submission::Submission as Submitted;

use super::Destination;
use crate::exchange::access::Caller;
use crate::exchange::api::fees::Costs;
use crate::exchange::call::Call;
use crate::exchange::failure::{Failure, refuse};
use crate::exchange::model::{Challenge, Consent, ExpectedCosts, Method, Owner, Submission};
use crate::exchange::step_up::{answer, attempts, webauthn};
use crate::exchange::store::{Fault, Writing};
use crate::exchange::{audit, keys};

/// What step 10 leads to.
pub(super) enum Factor {
    NotNeeded,
    /// The owner has approved it.
    Proved(Box<Challenge>),
    /// The owner has to.
    Challenged(Failure),
}

/// Checks the proof of the request, or finds that a second factor is needed and makes a challenge.
#[expect(
    clippy::too_many_arguments,
    reason = "the step looks at everything before it"
)]
pub(super) async fn check(
    call: &Call,
    caller: &Caller,
    owner: &Owner,
    submitted: &Submitted,
    destination: &Destination<'_>,
    costs: &Costs,
    dollars: Decimal,
    kept: &mut Submission,
    writing: &mut Writing,
) -> Result<Factor, Failure> {
    let intent = submitted
        .intent(&caller.parties(call)?)
        .map_err(Fault::from)?;
    let hash = intent_hash(&intent).map_err(Fault::from)?;
    if let Some(token) = &submitted.request().challenge_proof {
        let proved = prove(call, caller, token.as_str(), hash, writing).await?;
        return Ok(Factor::Proved(Box::new(proved)));
    }
    let known: Option<Challenge> = match &kept.challenge {
        Some(id) => writing.get(id).await?,
        None => None,
    };
    // r[impl withdrawal.idempotency.pending-challenge]
    if let Some(known) = &known {
        match known.status_at(call.now) {
            ChallengeStatus::Pending | ChallengeStatus::Verified => {
                let same = answer::answer(&call.exchange, known, owner, call.now)?;
                return Ok(Factor::Challenged(Failure::Challenged(Box::new(same))));
            }
            // r[impl withdrawal.challenge.after-end]
            ChallengeStatus::Denied => {
                return Err(refuse(Code::ChallengeDenied, "The owner refused."));
            }
            _ => {}
        }
    }
    if dollars < owner.step_up.from {
        return Ok(Factor::NotNeeded);
    }
    if !attempts::account_is_open(&call.exchange, writing, &owner.id, call.now).await? {
        return Err(refuse(
            Code::ChallengeLocked,
            "There were too many wrong codes.",
        ));
    }
    let costs = ExpectedCosts {
        fee_asset: costs.fee_asset.to_string(),
        fee: costs.fee,
        debit: costs.debit,
        receive: costs.receive,
        quoted: submitted.request().quote_id.is_some(),
    };
    let made = make(call, caller, owner, destination, costs, hash, writing).await?;
    kept.challenge = Some(made.id.clone());
    let wire = answer::answer(&call.exchange, &made, owner, call.now)?;
    Ok(Factor::Challenged(Failure::Challenged(Box::new(wire))))
}

/// Checks a proof, and gives the challenge that was met.
// r[impl withdrawal.proof.check]
// r[impl withdrawal.proof.invalid]
async fn prove(
    call: &Call,
    caller: &Caller,
    token: &str,
    hash: IntentHash,
    writing: &mut Writing,
) -> Result<Challenge, Failure> {
    let all = call.exchange.keys.turning.all(call.now)?;
    let verifier = all.iter().fold(ProofVerifier::new(), |verifier, known| {
        let kid = keys::kid("proof", &known.proofs);
        verifier.with_key(kid, known.proofs.verifying_key())
    });
    let parties = caller.parties(call)?;
    let thumbprint = caller.jkt.as_deref().map(Sha256Digest::parse).transpose()?;
    let request = Request {
        parties: &parties,
        intent_hash: hash,
        thumbprint: thumbprint.as_ref(),
    };
    let signed = verifier
        .verify(token, &request, call.now)
        .map_err(refused)?;
    let known: Option<Challenge> = writing.get(signed.challenge_id().as_str()).await?;
    let known = known.ok_or_else(|| refused(InvalidProof::Challenge))?;
    let id = ChallengeId::parse(known.id.as_str())?;
    let methods: Vec<StepUpMethod> = known.methods.iter().map(|offered| offered.method).collect();
    let of_challenge = Sha256Digest::parse(known.intent_hash.as_str())?;
    let challenge = KeptChallenge {
        id: &id,
        status: known.status_at(call.now),
        intent_hash: IntentHash::try_from(&of_challenge).map_err(Fault::because)?,
        policy: known.policy,
        methods: &methods,
    };
    let proof = signed.check(&challenge).map_err(refused)?;
    // The grant of the caller was found to be live in this turn.
    if known.consent != caller.consent.id {
        let live: Option<Consent> = writing.get(&known.consent).await?;
        if live.is_none_or(|consent| consent.ended_at.is_some()) {
            return Err(refused(InvalidProof::Challenge));
        }
    }
    drop(proof);
    Ok(known)
}

fn refused(invalid: InvalidProof) -> Failure {
    tracing::info!(%invalid, "a proof was refused");
    match invalid {
        InvalidProof::Expired => {
            Refused::new(Code::ChallengeProofInvalid, "The proof has expired.")
                .at("/challengeProof", ErrorDetailCode::Expired)
                .into()
        }
        other => Refused::from(other).into(),
    }
}

/// Makes a challenge. Nothing is sent and nothing reserved.
// r[impl withdrawal.challenge.no-effect]
// r[impl withdrawal.challenge.lifetime]
// r[impl withdrawal.method.server-chooses]
async fn make(
    call: &Call,
    caller: &Caller,
    owner: &Owner,
    destination: &Destination<'_>,
    costs: ExpectedCosts,
    hash: IntentHash,
    writing: &mut Writing,
) -> Result<Challenge, Failure> {
    let methods = offered(call, owner, writing).await?;
    room(call, caller, writing).await?;
    let target = destination.target;
    let lifetime: Duration = call.exchange.settings.challenge_lifetime;
    let display = ChallengeDisplay::new(
        target.asset.as_str().parse()?,
        target.network.as_str().parse()?,
        target.amount.try_into()?,
        target.address.as_deref().unwrap_or_default().parse()?,
        ChallengeDisplayClient::parse(caller.client.name.as_str())?,
    );
    let expires_at = call.now + SignedDuration::try_from(lifetime).map_err(Fault::because)?;
    // It may be met at its last moment, and lives on for as long as its proof.
    let kept = PROOF_LIFETIME_MAX + call.exchange.settings.challenge_kept;
    let has_passkeys = methods
        .iter()
        .any(|offered| offered.method == StepUpMethod::Webauthn);
    let challenge = Challenge {
        id: call.exchange.random.id("ch")?,
        owner: owner.id.clone(),
        consent: caller.consent.id.clone(),
        client: caller.client.id.clone(),
        subject: caller.consent.subject.clone(),
        jkt: caller.jkt.clone(),
        status: ChallengeStatus::Pending,
        policy: owner.step_up.policy,
        methods,
        display,
        memo: target.memo.clone(),
        costs,
        intent_hash: hash.to_string(),
        created_at: call.now,
        expires_at,
        kept_until: expires_at + SignedDuration::try_from(kept).map_err(Fault::because)?,
        attempts: 0,
        poll_seconds: POLL_INTERVAL.as_secs(),
        nonce: if has_passkeys {
            Some(webauthn::fresh_nonce(&call.exchange)?)
        } else {
            None
        },
        proof: None,
        is_fraud: false,
    };
    writing.put(&challenge).await?;
    let what = json!({
        "event": "challenge", "challenge": challenge.id, "status": challenge.status,
        "intentHash": challenge.intent_hash, "client": challenge.client,
    });
    audit::append(writing, &owner.id, call.now, what).await?;
    Ok(challenge)
}

/// Whether another challenge may wait for the owner. A client that asks again and again, under one
/// key after the other, has to let some end first.
async fn room(call: &Call, caller: &Caller, writing: &mut Writing) -> Result<(), Failure> {
    const LIVE: &str = "SELECT live_until, consent FROM challenge
        WHERE owner = $1 AND live_until > $2 ORDER BY live_until";
    let now = call.now.as_millisecond();
    let values = vec![caller.owner().into(), now.into()];
    let mut all = Vec::new();
    let mut of_grant = Vec::new();
    for row in writing.rows(LIVE, values).await? {
        let until = row.int("live_until")?;
        all.push(until);
        if row.text("consent")? == caller.consent.id {
            of_grant.push(until);
        }
    }
    let (most_of_grant, most) = call.exchange.settings.challenges;
    for (waiting, most) in [(of_grant, most_of_grant), (all, most)] {
        if waiting.len() >= most
            && let Some(first) = waiting.first()
        {
            let wait = u64::try_from(first.saturating_sub(now)).unwrap_or_default();
            let message = "Too many challenges wait for the owner.";
            return Err(Refused::new(Code::RateLimited, message)
                .after(Duration::from_millis(wait))
                .into());
        }
    }
    Ok(())
}

/// What somebody needs who meets a method for the owner. Two methods that need the same are one. On
/// which device the text messages to a number arrive is not known.
fn possession(method: StepUpMethod) -> &'static str {
    match method {
        StepUpMethod::Push | StepUpMethod::Face => "app",
        _ => method.as_str(),
    }
}

/// The methods of the owner's rule that are enrolled and not locked; where all are needed, one for
/// each thing that the owner has.
// r[impl withdrawal.method.enrolled]
// r[impl withdrawal.method.all-distinct]
async fn offered(
    call: &Call,
    owner: &Owner,
    writing: &mut Writing,
) -> Result<Vec<Method>, Failure> {
    let are_all_needed = owner.step_up.policy == ChallengePolicy::All;
    let mut methods: Vec<Method> = Vec::new();
    let mut is_any_locked = false;
    for method in &owner.step_up.methods {
        let Some(hint) = hint(owner, *method) else {
            continue;
        };
        let needs = possession(*method);
        let is_met = methods
            .iter()
            .any(|offered| possession(offered.method) == needs);
        if are_all_needed && is_met {
            continue;
        }
        if attempts::is_locked(&call.exchange, writing, &owner.id, *method, call.now).await? {
            is_any_locked = true;
            continue;
        }
        methods.push(Method {
            method: *method,
            status: MethodStatus::Available,
            hint,
            code: None,
            number: None,
            sent_at: None,
        });
    }
    let rule = &owner.step_up.methods;
    let wanted: BTreeSet<_> = rule.iter().map(|method| possession(*method)).collect();
    let suffices = if are_all_needed {
        // A rule of several methods that are one in truth is met by none.
        methods.len() == wanted.len() && wanted.len() >= rule.len().min(2)
    } else {
        !methods.is_empty()
    };
    let suffices = suffices && !methods.is_empty();
    if suffices {
        Ok(methods)
    } else if is_any_locked {
        Err(refuse(
            Code::ChallengeLocked,
            "There were too many wrong codes.",
        ))
    } else {
        Err(refuse(
            Code::SecondFactorNotEnrolled,
            "The owner has no second factor that suffices.",
        ))
    }
}

/// What the client may know of where the owner finds the code; nothing if it is not enrolled.
// r[impl withdrawal.privacy.hints]
fn hint(owner: &Owner, method: StepUpMethod) -> Option<String> {
    let enrolled = match method {
        StepUpMethod::Totp => owner.totp.is_some(),
        StepUpMethod::Webauthn => !owner.passkeys.is_empty(),
        StepUpMethod::Push => owner.app,
        StepUpMethod::Sms => !owner.phone.is_empty(),
        StepUpMethod::Email => !owner.email.is_empty(),
        StepUpMethod::Face => owner.app && owner.face,
        _ => false,
    };
    enrolled.then(|| match method {
        StepUpMethod::Sms => {
            let last = owner.phone.len().saturating_sub(2);
            format!("•••• {}", owner.phone.get(last..).unwrap_or_default())
        }
        StepUpMethod::Email => {
            let (name, domain) = owner.email.split_once('@').unwrap_or_default();
            let first: String = name.chars().take(1).collect();
            format!("{first}•••@{domain}")
        }
        StepUpMethod::Webauthn => owner
            .passkeys
            .first()
            .map(|passkey| passkey.name.clone())
            .unwrap_or_default(),
        StepUpMethod::Push | StepUpMethod::Face => "Phone of the owner".to_owned(),
        _ => String::new(),
    })
}
