//! `x428 attest`

use std::{path::PathBuf, process::ExitCode};

use anyhow::{anyhow, bail};
use clap::Args;
use serde_json::{Value, json};
use url::Url;
use x428::{
    attestation::{Answer, Challenge, header::Form},
    client::{Consent, Origin},
    clock::{Clock as _, SystemClock},
    did::{Did, DidUrl},
    wire::attestation::Precondition,
};

use crate::{
    advice::Advise as _,
    consent::{self, Consents},
    input, key,
    output::{self, Output},
    report,
};

#[derive(Args)]
pub(crate) struct Arguments {
    /// The challenge: a file with it or with the body of a 428, the value of X-428-Required, or -
    /// for standard input
    #[arg(value_name = "CHALLENGE", default_value = "-")]
    challenge: String,
    /// The URL that was requested: a challenge for another one is not answered
    #[arg(long, value_name = "URL")]
    requested: String,
    /// The operator's key: PKCS#8 in PEM
    #[arg(long, value_name = "FILE", default_value = "operator.pem")]
    key: PathBuf,
    /// The operator's DID [default: the did:key of the key]
    #[arg(long, value_name = "DID")]
    did: Option<String>,
    /// Which key of the operator's document signs
    #[arg(long, value_name = "DID-URL")]
    key_id: Option<String>,
    #[command(flatten)]
    consents: Consents,
    /// The time of the confirmation [default: now]
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
    /// Write the value of X-428-Attestation instead
    #[arg(long)]
    header: bool,
    #[command(flatten)]
    output: Output,
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let challenge = input::challenge(&input::read_or_value(&arguments.challenge, "challenge")?)?;
    let now = match &arguments.at {
        Some(time) => output::time(time)?,
        None => SystemClock.now(),
    };
    let url = Url::parse(&arguments.requested)
        .map_err(|error| anyhow!("{:?} is no URL: {error}", arguments.requested))?;
    challenge
        .check_for_request(url.as_str(), now)
        .map_err(|error| anyhow!("the challenge must not be answered: {}", error.detail()))?;
    let key = key::read_own(&arguments.key)?;
    let did = match &arguments.did {
        Some(did) => Did::parse(did.as_str())?,
        None => key.did()?,
    };
    let mut answer = Answer::new(&challenge, did.clone());
    if let Some(key_id) = &arguments.key_id {
        answer = answer.with_key_id(DidUrl::parse(key_id.as_str())?)?;
    }
    let policy = arguments.consents.policy(&Origin::of(&url))?;
    for precondition in &*challenge.message().preconditions {
        let consents = match policy.decide(&Origin::of(&url), precondition) {
            // The document is not fetched here, so that only its hash says which one is meant.
            Consent::ToHash => true,
            Consent::Given => !matches!(precondition, Precondition::Tos(_)) || no_fetch()?,
            Consent::Ask => consent::ask_offline(&challenge, precondition, &did),
            _ => false,
        };
        if !consents {
            return Ok(refuse(&challenge, precondition));
        }
        answer = answer.confirm(precondition.id().as_str(), now)?;
    }
    let payload = answer.sign(&key)?;
    let json: Value = serde_json::from_str(payload.text())?;
    let value = payload.to_header();
    let text = match (&value, arguments.header) {
        (Some(value), true) => value.as_str(),
        (None, true) => {
            return anyhow!("the payload is too long for a header")
                .advise("leave --header away, and post it to the attestationEndpoint");
        }
        _ => payload.text(),
    };
    if payload.form() == Form::Body {
        report::say("the payload is too long for a header: post it to the attestationEndpoint");
    }
    arguments
        .output
        .give(&json!({ "payload": json, "header": value }), text)?;
    Ok(ExitCode::SUCCESS)
}

fn no_fetch() -> anyhow::Result<bool> {
    bail!(
        "`attest` opens no connection, so that it cannot fetch the terms: name their hash with --yes-to terms=HASH"
    )
}

fn refuse(challenge: &Challenge, precondition: &Precondition) -> ExitCode {
    report::say(&format!(
        "not attested, for the operator does not consent to {:?}:\n  {}",
        output::harmless_line(precondition.id().as_str()),
        consent::words(precondition)
    ));
    if let Ok(flags) = consent::flags(challenge) {
        report::say(&format!(
            "help: the operator consents beforehand by {flags}"
        ));
    }
    ExitCode::FAILURE
}
