//! The runner.

use std::fmt::{self, Write as _};

use serde_json::Value;
use x428::attestation::header::Form;
use x428::attestation::{Payload, scope, token};
use x428::clock::parse_timestamp;
use x428::did::PublicKey;
use x428::error::Rejected;
use x428::jcs::{Limits, StrictJson};
use x428::sign::{VerifyingKey, verify_object};
use x428::wire::attestation::AttestationToken;

use crate::format::{
    Case, FormExpected, JcsExpected, ParseInput, SignatureInput, TokenInput, Vector, VerifyExpected,
};
use crate::profile::{Profile, ProofProfile};
use crate::read::{FormatError, parse_value};

mod coinbase;
mod presented;
mod verification;
mod withdrawal;

use verification::Verification;
pub use verification::{Verdict, verify};

/// What came of a vector.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub enum Outcome {
    /// The whole outcome is the expected one.
    Passed,
    /// It is not.
    Failed {
        /// What the vector expects.
        expected: String,
        /// What the SDK says.
        actual: String,
    },
}

impl Outcome {
    /// Whether the vector passed.
    #[must_use]
    pub fn passed(&self) -> bool {
        matches!(self, Self::Passed)
    }

    fn of(expected: impl fmt::Display, actual: impl fmt::Display) -> Self {
        let (expected, actual) = (expected.to_string(), actual.to_string());
        if expected == actual {
            Self::Passed
        } else {
            Self::Failed { expected, actual }
        }
    }

    fn unusable(why: impl fmt::Display) -> Self {
        Self::Failed {
            expected: "an input that can be used".to_owned(),
            actual: why.to_string(),
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Passed => f.write_str("passed"),
            Self::Failed { expected, actual } => write!(f, "expected {expected}, got {actual}"),
        }
    }
}

/// Reads one vector and runs it.
///
/// # Errors
/// [`FormatError`] if the value is not a vector.
pub fn run_value(value: &Value, profile: &Profile) -> Result<Outcome, FormatError> {
    Ok(parse_value(value)?.run(profile))
}

impl Vector {
    /// Runs the vector against the SDK.
    // r[impl attestation.vectors.exact]
    // r[impl withdrawal.vectors.exact]
    // r[impl attestation.vectors.pure]
    // r[impl withdrawal.vectors.pure]
    pub fn run(&self, profile: &Profile) -> Outcome {
        match &self.case {
            Case::Scope { input, expected } => {
                let matches = scope::matches(&input.token_scope, &input.requested_resource);
                let word = |matches| if matches { "match" } else { "no match" };
                Outcome::of(word(expected.matches), word(matches))
            }
            Case::Signature { input, expected } => {
                let word = |valid| if valid { "valid" } else { "invalid" };
                Outcome::of(word(expected.valid), word(signature(input)))
            }
            Case::Verify { input, expected } => {
                let expected = self.expected_under(*profile, expected);
                let actual = Verification::new(*profile).run(input);
                compare(&expected, actual)
            }
            Case::VerifySequence { input } => {
                let verification = Verification::new(*profile);
                for (index, step) in input.steps().iter().enumerate() {
                    let expected = self.expected_under(*profile, &step.expected);
                    let actual = verification.run(&step.input);
                    if let Outcome::Failed { expected, actual } = compare(&expected, actual) {
                        let expected = format!("{expected} in step {}", index + 1);
                        return Outcome::Failed { expected, actual };
                    }
                }
                Outcome::Passed
            }
            Case::Jcs { input, expected } => jcs(input, expected),
            Case::Routing { input, expected } => {
                let bytes = input.serialized_payload.len();
                let form = match Form::of(bytes, input.attestation_endpoint.is_some()) {
                    Form::Header => FormExpected::Header,
                    _ => FormExpected::Body,
                };
                let word = |form| match form {
                    FormExpected::Header => "header",
                    FormExpected::Body => "body",
                };
                Outcome::of(word(expected.form), word(form))
            }
            Case::Parse { input, expected } => {
                let result = match input {
                    ParseInput::Text(text) => Payload::from_body(text.as_bytes()),
                    ParseInput::Header(value) => Payload::from_header(value),
                };
                let result = result.and_then(|payload| payload.read_message());
                let expected = words(
                    expected.well_formed,
                    expected.error_code.as_deref(),
                    "well-formed",
                );
                Outcome::of(expected, said(result.map(|_| ()), "well-formed"))
            }
            Case::Token { input, expected } => match token_check(input) {
                Ok(result) => {
                    let expected = words(expected.accept, expected.error_code.as_deref(), "accept");
                    Outcome::of(expected, said(result, "accept"))
                }
                Err(why) => Outcome::unusable(why),
            },
            Case::Decimal { input, expected } => withdrawal::decimal(input, expected),
            Case::Intent { input, expected } => withdrawal::intent(input, expected),
            Case::WebauthnChallenge { input, expected } => {
                withdrawal::webauthn_challenge(input, expected)
            }
            Case::State { input, expected } => withdrawal::state(input, expected),
            Case::ChallengeState { input, expected } => {
                withdrawal::challenge_state(input, expected)
            }
            Case::Error { input, expected } => withdrawal::error(input, *expected),
            Case::Proof { input, expected } => presented::proof(input, expected),
            Case::Webhook { input, expected } => presented::webhook(input, *expected),
            Case::Cursor { input, expected } => presented::cursor(input, expected),
            Case::Coinbase { input, expected } => coinbase::coinbase(input, expected),
            Case::IdempotencyKey { input, expected } => {
                withdrawal::idempotency_key(input, expected)
            }
        }
    }

    /// A vector with a profile holds under it; without it, what the profile accepts is refused.
    // r[impl attestation.vectors.legacy-both]
    fn expected_under(&self, profile: Profile, expected: &VerifyExpected) -> VerifyExpected {
        let wants_legacy = self.profile == Some(ProofProfile::LegacyJcs);
        if wants_legacy && profile.proofs != ProofProfile::LegacyJcs && expected.accept {
            return VerifyExpected {
                accept: false,
                error_code: Some("vc_verification_failed".to_owned()),
                token_scope: None,
            };
        }
        expected.clone()
    }
}

fn compare(expected: &VerifyExpected, actual: Result<Verdict, String>) -> Outcome {
    let actual = match actual {
        Ok(actual) => actual,
        Err(why) => return Outcome::unusable(why),
    };
    let verdict = words(expected.accept, expected.error_code.as_deref(), "accept");
    match Outcome::of(verdict, said(actual.result.clone().map(|_| ()), "accept")) {
        Outcome::Passed => match (&expected.token_scope, &actual.result) {
            (Some(expected), Ok(scope)) => Outcome::of(
                format!("the scope {expected}"),
                format!("the scope {scope}"),
            ),
            _ => Outcome::Passed,
        },
        failed @ Outcome::Failed { .. } => failed,
    }
}

fn words(good: bool, code: Option<&str>, word: &str) -> String {
    match (good, code) {
        (true, None) => word.to_owned(),
        (true, Some(code)) => format!("{word} and {code}"),
        (false, Some(code)) => code.to_owned(),
        (false, None) => "a refusal without a code".to_owned(),
    }
}

fn said(result: Result<(), Rejected>, word: &str) -> String {
    match result {
        Ok(()) => word.to_owned(),
        Err(rejected) => rejected.code().as_str().to_owned(),
    }
}

fn signature(input: &SignatureInput) -> bool {
    let key = PublicKey::from_jwk(&input.public_key_jwk).and_then(VerifyingKey::new);
    let payload = StrictJson::from_value(input.payload.clone(), Limits::default());
    match (key, payload) {
        (Ok(key), Ok(payload)) => verify_object(&payload, &key).is_ok(),
        _ => false,
    }
}

fn jcs(input: &Value, expected: &JcsExpected) -> Outcome {
    let bytes = match StrictJson::from_value(input.clone(), Limits::default()) {
        Ok(json) => json.canonical(),
        Err(error) => return Outcome::unusable(error),
    };
    if let Some(json) = &expected.canonical_json {
        let outcome = Outcome::of(json, String::from_utf8_lossy(&bytes));
        if !outcome.passed() {
            return outcome;
        }
    }
    let hex = bytes.iter().fold(String::new(), |mut hex, byte| {
        // Writing to a string cannot fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    });
    match (&expected.canonical_json, &expected.canonical_hex) {
        (None, None) => Outcome::unusable("neither canonicalJson nor canonicalHex is given"),
        (_, Some(expected)) => Outcome::of(expected.to_ascii_lowercase(), hex),
        (Some(_), None) => Outcome::Passed,
    }
}

fn token_check(input: &TokenInput) -> Result<Result<(), Rejected>, String> {
    let json = StrictJson::from_value(input.token.clone(), Limits::default());
    let presented: AttestationToken = json
        .and_then(|json| json.read("token"))
        .map_err(|error| error.to_string())?;
    let now = parse_timestamp(&input.current_time).map_err(|error| error.to_string())?;
    Ok(token::check(&presented, &input.requested_resource, now))
}
