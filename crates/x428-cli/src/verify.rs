//! `x428 verify`

use std::process::ExitCode;

use anyhow::anyhow;
use clap::Args;
use serde_json::json;
use x428::{
    attestation::{
        Accepted, Challenge, Expected, Payload, Verifier,
        nonce::{MemoryNonceStore, NonceStore as _},
    },
    clock::{Clock as _, FixedClock, SystemClock},
    did::{Did, DidDocument, fixed::FixedResolver, key},
    error::{Error, Rejected},
    jcs::{Limits, StrictJson},
    wire::attestation::ErrorCode,
};

use crate::{
    advice::Advise as _,
    did, input,
    output::{self, Output, harmless_line},
};

#[derive(Args)]
pub(crate) struct Arguments {
    /// The challenge: a file, the value of X-428-Required, or - for standard input
    #[arg(long, value_name = "CHALLENGE")]
    challenge: String,
    /// The payload: a file, the value of X-428-Attestation, or - for standard input
    #[arg(long, value_name = "PAYLOAD")]
    payload: String,
    /// The operator's DID document [default: the one that its DID resolves to]
    #[arg(long, value_name = "FILE")]
    did_document: Option<String>,
    /// The URL of the request that carried the payload in a header
    #[arg(long, value_name = "URL")]
    requested: Option<String>,
    /// The time of the verification [default: now]
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
    /// The nonce has been consumed before
    #[arg(long)]
    consumed: bool,
    /// Accept the keys that are published with the specification; for tests only
    #[arg(long)]
    danger_accept_test_keys: bool,
    #[command(flatten)]
    output: Output,
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    if arguments.challenge == "-" && arguments.payload == "-" {
        return anyhow!("the challenge and the payload cannot both be on standard input")
            .advise("put one of them into a file");
    }
    let clock = FixedClock(match &arguments.at {
        Some(time) => output::time(time)?,
        None => SystemClock.now(),
    });
    let json = input::challenge_json(&input::read_or_value(&arguments.challenge, "challenge")?)?;
    let challenge = Challenge::read(&json);
    let text = input::read_or_value(&arguments.payload, "payload")?;
    let verdict = match payload(&text) {
        Err(rejected) => Err(rejected.into()),
        Ok(payload) => {
            let resolver = resolver(arguments, &payload)?;
            let nonces = MemoryNonceStore::with_clock(1, clock);
            if arguments.consumed
                && let Some(nonce) = payload.nonce()
            {
                x428::poll_ready(nonces.consume(nonce, jiff::Timestamp::MAX)).transpose()?;
            }
            let mut verifier = Verifier::new(resolver, nonces).with_clock(clock);
            if arguments.danger_accept_test_keys {
                verifier = verifier.danger_accept_test_keys();
            }
            let mut expected = match &challenge {
                Ok(challenge) => Expected::challenge(challenge),
                Err(_) => Expected::unreadable(json.value()),
            };
            if let Some(requested) = &arguments.requested {
                expected = expected.requested(requested);
            }
            verifier.verify_now(expected, &payload)
        }
    };
    match verdict {
        Ok(accepted) => tell_accepted(&arguments.output, &accepted),
        Err(Error::Rejected(rejected)) => tell_refused(&arguments.output, &rejected),
        Err(error) => Err(error.into()),
    }
}

fn payload(text: &str) -> Result<Payload, Rejected> {
    let trimmed = text.trim();
    if trimmed.starts_with('{') {
        Payload::from_body(trimmed.as_bytes())
    } else {
        Payload::from_header(trimmed)
    }
}

/// The document that was given, or that of the payload's operator. What does not resolve is for
/// step 7 to refuse.
fn resolver(arguments: &Arguments, payload: &Payload) -> anyhow::Result<FixedResolver> {
    let resolver = FixedResolver::new();
    let operator = payload.json().value().get("operatorId");
    let Some(operator) = operator.and_then(|id| Did::parse(id.as_str()?).ok()) else {
        return Ok(resolver);
    };
    if let Some(path) = &arguments.did_document {
        let json = StrictJson::parse(input::read(path)?.as_bytes(), Limits::default())?;
        let document = DidDocument::read(json, &operator).map_err(|error| {
            anyhow!(
                "{path} is not the document of {operator}: {}",
                error.detail()
            )
        })?;
        return Ok(resolver.with(document));
    }
    if key::document(&operator).is_ok() {
        return Ok(resolver);
    }
    match did::resolve(&operator) {
        Ok(document) => Ok(resolver.with(document)),
        Err(_) => Ok(resolver),
    }
}

fn tell_accepted(output: &Output, accepted: &Accepted) -> anyhow::Result<ExitCode> {
    let json = json!({
        "accepted": true,
        "operator": accepted.operator.as_str(),
        "key": accepted.key.as_str(),
        "scope": accepted.scope(),
    });
    let text = format!(
        "accepted\noperator  {}\nkey       {}\nopens     {}",
        accepted.operator,
        accepted.key,
        harmless_line(accepted.scope())
    );
    output.give(&json, &text)?;
    Ok(ExitCode::SUCCESS)
}

fn tell_refused(output: &Output, rejected: &Rejected) -> anyhow::Result<ExitCode> {
    let (code, step) = (rejected.code(), step(rejected.code()));
    let json = json!({
        "accepted": false,
        "error": code.as_str(),
        "step": step,
        "detail": rejected.detail(),
    });
    let detail = match rejected.detail() {
        "" => code.meaning(),
        detail => detail,
    };
    let text = format!(
        "refused in step {step}: {}\n{}",
        code.as_str(),
        harmless_line(detail)
    );
    output.give(&json, &text)?;
    Ok(ExitCode::FAILURE)
}

/// The step that refuses with a code (section 6.3).
fn step(code: ErrorCode) -> u8 {
    match code {
        ErrorCode::UnsupportedVersion => 1,
        ErrorCode::MalformedPayload => 2,
        ErrorCode::ChallengeMismatch => 3,
        ErrorCode::ResourceMismatch => 4,
        ErrorCode::ChallengeExpired => 5,
        ErrorCode::NonceReplayed => 6,
        ErrorCode::UnresolvableOperator => 7,
        ErrorCode::InvalidSignature => 8,
        ErrorCode::MissingAttestation => 9,
        _ => 10,
    }
}
