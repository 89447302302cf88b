//! Proofs, webhooks and cursors: what is presented, and whether it holds.

use jiff::Timestamp;
use x428::clock::parse_timestamp;
use x428::did::PublicKey;
use x428::sign::VerifyingKey;
use x428::sign::seal::{SealKey, SealRing};
use x428::wire::withdrawal::{
    self as wire, ChallengeId, ChallengePolicy, ChallengeStatus, ClientId, HttpsUri, Sha256Digest,
    StepUpMethod, Subject, WebhookSecret,
};
use x428::withdrawal::cursor::{Cursors, Page, Position};
use x428::withdrawal::intent::{IntentHash, Parties};
use x428::withdrawal::proof::{InvalidProof, KeptChallenge, ProofVerifier, Request};
use x428::withdrawal::refusal::Refused;
use x428::withdrawal::webhook::{Delivery, WebhookVerifier};

use super::{Outcome, words};
use crate::format::{
    CodedExpected, CursorInput, CursorPlace, ProofInput, WebhookExpected, WebhookInput,
};

/// An input that cannot be used, in a sentence.
type Unusable = String;

pub(super) fn proof(input: &ProofInput, expected: &CodedExpected) -> Outcome {
    match proved(input) {
        Ok(result) => coded(expected, &result.map_err(Refused::from)),
        Err(why) => Outcome::unusable(why),
    }
}

fn proved(input: &ProofInput) -> Result<Result<(), InvalidProof>, Unusable> {
    let mut verifier = ProofVerifier::new().danger_accept_test_keys();
    for jwk in &input.keys {
        let kid = jwk.get("kid").and_then(|kid| kid.as_str());
        let kid = kid.ok_or("a key has no `kid`")?;
        let key = PublicKey::from_jwk(jwk).and_then(VerifyingKey::new);
        verifier = verifier.with_key(kid, key.map_err(text)?);
    }
    let (request, challenge) = (&input.request, &input.challenge);
    let parties = parties(&request.issuer, &request.client_id, &request.subject)?;
    let thumbprint = request.jkt.clone().map(Sha256Digest::parse);
    let thumbprint = thumbprint.transpose().map_err(text)?;
    let request = Request {
        parties: &parties,
        intent_hash: hash(&request.intent_hash)?,
        thumbprint: thumbprint.as_ref(),
    };
    let methods: Result<Vec<StepUpMethod>, _> = challenge
        .methods
        .iter()
        .map(|method| method.parse())
        .collect();
    let methods = methods.map_err(text)?;
    let kept = KeptChallenge {
        id: &ChallengeId::parse(challenge.challenge_id.clone()).map_err(text)?,
        status: challenge.status.parse::<ChallengeStatus>().map_err(text)?,
        intent_hash: hash(&challenge.intent_hash)?,
        policy: challenge.policy.parse::<ChallengePolicy>().map_err(text)?,
        methods: &methods,
    };
    let now = time(&input.current_time)?;
    let result = verifier
        .verify(&input.proof, &request, now)
        .and_then(|signed| signed.check(&kept));
    Ok(result.map(|_| ()))
}

pub(super) fn webhook(input: &WebhookInput, expected: WebhookExpected) -> Outcome {
    let word = |accept| if accept { "accept" } else { "a refusal" };
    match received(input) {
        Ok(accept) => Outcome::of(word(expected.accept), word(accept)),
        Err(why) => Outcome::unusable(why),
    }
}

fn received(input: &WebhookInput) -> Result<bool, Unusable> {
    let mut verifier = WebhookVerifier::new().danger_accept_test_keys();
    for secret in &input.secrets {
        let secret = WebhookSecret::parse(secret.clone()).map_err(text)?;
        verifier = verifier.with_secret(&secret).map_err(text)?;
    }
    for key in &input.public_keys {
        let key = wire::PublicKey::parse(key.clone()).map_err(text)?;
        verifier = verifier.with_public_key(&key).map_err(text)?;
    }
    let delivery = Delivery {
        id: input.headers.webhook_id.clone(),
        timestamp: input.headers.webhook_timestamp.clone(),
        signature: input.headers.webhook_signature.clone(),
    };
    let now = time(&input.current_time)?;
    Ok(verifier
        .verify(&delivery, input.body.as_bytes(), now)
        .is_ok())
}

pub(super) fn cursor(input: &CursorInput, expected: &CodedExpected) -> Outcome {
    match led_on(input) {
        Ok(result) => coded(expected, &result),
        Err(why) => Outcome::unusable(why),
    }
}

fn led_on(input: &CursorInput) -> Result<Result<(), Refused>, Unusable> {
    let cursors = Cursors::new(SealRing::new(SealKey::new(1, [7; 32])));
    let position = Position::new("2026-11-20T12:00:45Z wd_8Jc2mVqXw0ZtN4rYbKfLs7").map_err(text)?;
    let made =
        Page::from_query(&input.made.query).map_err(|refused| refused.message().to_owned())?;
    let cursor = cursors
        .seal(&of(&input.made)?, &made.filters, &position)
        .map_err(text)?;
    let between = if input.used.query.is_empty() { "" } else { "&" };
    let query = format!("{}{between}cursor={}", input.used.query, cursor.as_str());
    let used = of(&input.used)?;
    let result = Page::from_query(&query).and_then(|page| cursors.open(&used, &page));
    Ok(match result {
        Ok(found) if found.as_ref() == Some(&position) => Ok(()),
        Ok(_) => return Err("the cursor leads elsewhere".to_owned()),
        Err(refused) => Err(refused),
    })
}

fn of(place: &CursorPlace) -> Result<Parties, Unusable> {
    parties("https://exchange.example", &place.client_id, &place.subject)
}

fn parties(issuer: &str, client_id: &str, subject: &str) -> Result<Parties, Unusable> {
    Ok(Parties {
        issuer: HttpsUri::parse(issuer).map_err(text)?,
        client_id: ClientId::parse(client_id).map_err(text)?,
        subject: Subject::parse(subject).map_err(text)?,
    })
}

fn hash(digest: &str) -> Result<IntentHash, Unusable> {
    let digest = Sha256Digest::parse(digest).map_err(text)?;
    IntentHash::try_from(&digest).map_err(text)
}

fn time(time: &str) -> Result<Timestamp, Unusable> {
    parse_timestamp(time).map_err(text)
}

fn text(error: impl std::fmt::Display) -> Unusable {
    error.to_string()
}

fn coded(expected: &CodedExpected, result: &Result<(), Refused>) -> Outcome {
    let wanted = words(expected.accept, expected.error_code.as_deref(), "accept");
    let said = match result {
        Ok(()) => "accept",
        Err(refused) => refused.code().as_str(),
    };
    Outcome::of(wanted, said)
}
