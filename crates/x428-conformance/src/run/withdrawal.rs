//! What the SDK says of the withdrawal protocol.

use x428::encoding::{base64url, parse_base64url_array};
use x428::wire::withdrawal::{
    ChallengeStatus, ClientId, HttpsUri, Sha256Digest, Subject, WithdrawalErrorCode,
    WithdrawalStatus,
};
use x428::withdrawal::decimal::Decimal;
use x428::withdrawal::idempotency;
use x428::withdrawal::intent::{self, IntentHash, Parties};
use x428::withdrawal::refusal::is_retryable;
use x428::withdrawal::submission::Submission;

use super::Outcome;
use crate::format::{
    CodeExpected, CodeInput, DecimalExpected, DecimalInput, IdempotencyKeyExpected,
    IdempotencyKeyInput, IntentExpected, IntentInput, StateExpected, StateInput,
    WebauthnChallengeExpected, WebauthnChallengeInput,
};

#[cfg(test)]
mod tests;

pub(super) fn decimal(input: &DecimalInput, expected: &DecimalExpected) -> Outcome {
    let parsed = Decimal::parse(&input.text).ok();
    let actual = DecimalExpected {
        valid: parsed.is_some(),
        normal: parsed.map(|decimal| decimal.to_string()),
        positive: parsed.map(Decimal::is_positive),
    };
    let words = |decimal: &DecimalExpected| match (&decimal.normal, decimal.positive) {
        (Some(normal), Some(true)) if decimal.valid => format!("{normal}, above zero"),
        (Some(normal), Some(false)) if decimal.valid => format!("{normal}, not above zero"),
        (None, None) if !decimal.valid => "no decimal".to_owned(),
        _ => "an expectation that contradicts itself".to_owned(),
    };
    Outcome::of(words(expected), words(&actual))
}

pub(super) fn intent(input: &IntentInput, expected: &IntentExpected) -> Outcome {
    match intent_of(input) {
        Ok((canonical, hash)) => match Outcome::of(&expected.canonical_json, canonical) {
            Outcome::Passed => Outcome::of(&expected.intent_hash, hash),
            failed @ Outcome::Failed { .. } => failed,
        },
        Err(why) => Outcome::unusable(why),
    }
}

/// The canonical form and the hash, or why there are none.
fn intent_of(input: &IntentInput) -> Result<(String, String), String> {
    let key = idempotency::key([input.idempotency_key.as_bytes()])
        .map_err(|refused| refused.message().to_owned())?;
    let body = input.request.to_string();
    let submission = Submission::read(body.as_bytes(), key)
        .map_err(|refused| format!("{}: {}", refused.code(), refused.message()))?;
    let parties = Parties {
        issuer: HttpsUri::parse(input.issuer.clone()).map_err(|error| error.to_string())?,
        client_id: ClientId::parse(input.client_id.clone()).map_err(|error| error.to_string())?,
        subject: Subject::parse(input.subject.clone()).map_err(|error| error.to_string())?,
    };
    let intent = submission
        .intent(&parties)
        .map_err(|error| error.to_string())?;
    let canonical = intent::canonical(&intent).map_err(|error| error.to_string())?;
    let hash = intent::intent_hash(&intent).map_err(|error| error.to_string())?;
    let canonical = String::from_utf8(canonical).map_err(|error| error.to_string())?;
    Ok((canonical, hash.to_string()))
}

pub(super) fn webauthn_challenge(
    input: &WebauthnChallengeInput,
    expected: &WebauthnChallengeExpected,
) -> Outcome {
    let hash = Sha256Digest::parse(input.intent_hash.clone())
        .map_err(|error| error.to_string())
        .and_then(|digest| IntentHash::try_from(&digest).map_err(|error| error.to_string()));
    let nonce = parse_base64url_array(&input.nonce).map_err(|error| error.to_string());
    match (hash, nonce) {
        (Ok(hash), Ok(nonce)) => {
            let challenge = intent::webauthn_challenge(&hash, &nonce);
            Outcome::of(&expected.challenge, base64url(challenge))
        }
        (Err(why), _) | (_, Err(why)) => Outcome::unusable(why),
    }
}

pub(super) fn state(input: &StateInput, expected: &StateExpected) -> Outcome {
    let from = WithdrawalStatus::ALL
        .iter()
        .find(|own| own.as_str() == input.from);
    let Some(from) = from else {
        return Outcome::unusable(format!("there is no state `{}`", input.from));
    };
    let to = WithdrawalStatus::ALL
        .iter()
        .filter(|to| from.can_transition_to(**to))
        .map(|to| to.as_str())
        .collect();
    states(expected, to, from.is_terminal())
}

pub(super) fn challenge_state(input: &StateInput, expected: &StateExpected) -> Outcome {
    let from = ChallengeStatus::ALL
        .iter()
        .find(|own| own.as_str() == input.from);
    let Some(from) = from else {
        return Outcome::unusable(format!("there is no state `{}`", input.from));
    };
    let to = ChallengeStatus::ALL
        .iter()
        .filter(|to| from.can_transition_to(**to))
        .map(|to| to.as_str())
        .collect();
    states(expected, to, from.is_terminal())
}

fn states(expected: &StateExpected, to: Vec<&str>, terminal: bool) -> Outcome {
    let words = |mut to: Vec<&str>, terminal| {
        to.sort_unstable();
        let end = if terminal { "terminal" } else { "not terminal" };
        format!("{end}, followed by [{}]", to.join(", "))
    };
    let expected_to = expected.to.iter().map(String::as_str).collect();
    Outcome::of(words(expected_to, expected.terminal), words(to, terminal))
}

pub(super) fn error(input: &CodeInput, expected: CodeExpected) -> Outcome {
    let mut codes = WithdrawalErrorCode::ALL.iter();
    let Some(code) = codes.find(|code| code.as_str() == input.code) else {
        return Outcome::unusable(format!("there is no code `{}`", input.code));
    };
    let words = |status, retryable| {
        let word = if retryable {
            "retryable"
        } else {
            "not retryable"
        };
        format!("{status}, {word}")
    };
    Outcome::of(
        words(expected.status, expected.retryable),
        words(code.status(), is_retryable(*code)),
    )
}

pub(super) fn idempotency_key(
    input: &IdempotencyKeyInput,
    expected: &IdempotencyKeyExpected,
) -> Outcome {
    let expected = match (&expected.key, &expected.error_code) {
        (Some(key), None) => format!("the key {key}"),
        (None, Some(code)) => code.clone(),
        _ => return Outcome::unusable("either `key` or `errorCode` is given"),
    };
    let actual = match idempotency::key(input.values.iter().map(String::as_bytes)) {
        Ok(key) => format!("the key {}", key.as_str()),
        Err(refused) => refused.code().as_str().to_owned(),
    };
    Outcome::of(expected, actual)
}
