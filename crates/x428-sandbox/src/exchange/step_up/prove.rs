//! What follows when a method is met: the challenge is verified as soon as its policy is
//! satisfied, and has its proof.

use jiff::Timestamp;
use serde_json::json;
use x428::wire::withdrawal::{
    ChallengeId, ChallengeStatus, ClientId, HttpsUri, MethodStatus, Sha256Digest, StepUpMethod,
    Subject,
};
use x428::withdrawal::intent::{IntentHash, Parties};
use x428::withdrawal::proof::{Approval, ProofIssuer, satisfies};

use crate::exchange::model::{Challenge, Proof};
use crate::exchange::store::{Fault, Writing};
use crate::exchange::{Exchange, audit, keys};

/// Under which purpose proofs are sealed.
pub(crate) const PURPOSE: &str = "proof";

/// Notes that a method is met, and writes the challenge.
// r[impl withdrawal.proof.lifetime]
pub(crate) async fn met(
    exchange: &Exchange,
    writing: &mut Writing,
    challenge: &mut Challenge,
    method: StepUpMethod,
    now: Timestamp,
) -> Result<(), Fault> {
    let offered = challenge.method_mut(method).ok_or(Fault::Damaged)?;
    offered.status = MethodStatus::Verified;
    offered.code = None;
    offered.number = None;
    offered.sent_at = None;
    let methods: Vec<_> = challenge
        .methods
        .iter()
        .map(|offered| offered.method)
        .collect();
    let met: Vec<_> = challenge
        .methods
        .iter()
        .filter(|offered| offered.status == MethodStatus::Verified)
        .map(|offered| offered.method)
        .collect();
    let what = json!({
        "event": "attempt", "challenge": challenge.id, "client": challenge.client,
        "method": method, "accepted": true,
    });
    audit::append(writing, &challenge.owner, now, what).await?;
    if !satisfies(&met, challenge.policy, &methods) {
        return writing.put(challenge).await;
    }
    let parties = Parties {
        issuer: HttpsUri::parse(exchange.settings.issuer.as_str())?,
        client_id: ClientId::parse(challenge.client.as_str())?,
        subject: Subject::parse(challenge.subject.as_str())?,
    };
    let thumbprint = challenge
        .jkt
        .as_deref()
        .map(Sha256Digest::parse)
        .transpose()?;
    let intent_hash = Sha256Digest::parse(challenge.intent_hash.as_str())?;
    let approval = Approval {
        parties: &parties,
        challenge_id: &ChallengeId::parse(challenge.id.as_str())?,
        intent_hash: IntentHash::try_from(&intent_hash).map_err(Fault::because)?,
        methods: &met,
        thumbprint: thumbprint.as_ref(),
    };
    let key = exchange.keys.turning.current(now)?.proofs.clone();
    let issuer = ProofIssuer::new(&keys::kid("proof", &key), key)?
        .with_lifetime(exchange.settings.proof_lifetime)?;
    let minted = issuer.mint(&approval, now).await.map_err(Fault::because)?;
    challenge.proof = Some(Proof {
        token: exchange
            .keys
            .seal(PURPOSE, minted.token.as_str().as_bytes())?,
        expires_at: minted.expires_at,
    });
    challenge.go(writing, ChallengeStatus::Verified, now).await
}
