//! `x428 challenge`

use std::{path::PathBuf, process::ExitCode, time::Duration};

use anyhow::{Context as _, anyhow};
use clap::Args;
use serde::Deserialize;
use serde_json::json;
use x428::{
    attestation::{
        Challenge,
        issue::{ChallengeIssuer, Policy, random_nonce},
    },
    clock::{Clock as _, SystemClock},
    wire::attestation::{
        AbsoluteUri, CHALLENGE_LIFETIME, PreconditionChallenge, PreconditionChallengePreconditions,
        Timestamp as WireTimestamp,
    },
};

use crate::{
    advice::Advise as _,
    input,
    output::{self, Output, pretty},
    server_keys::ServerKeys,
};

#[derive(Args)]
pub(crate) struct Arguments {
    /// The preconditions, as TOML: a list [[preconditions]] with the members of section 5
    #[arg(long, value_name = "FILE")]
    policy: String,
    /// The resource that is guarded
    #[arg(long, value_name = "URL")]
    resource: String,
    /// Where long payloads are posted; of the origin of the resource
    #[arg(long, value_name = "URL")]
    endpoint: Option<String>,
    /// Seal the nonce with the keys of a server, so that its instances recognize the challenge
    #[arg(long, value_name = "FILE")]
    keys: Option<PathBuf>,
    /// How many seconds it lives
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=86_400))]
    lifetime: Option<u64>,
    /// The time of issue [default: now]
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
    /// Write the value of X-428-Required instead
    #[arg(long)]
    header: bool,
    #[command(flatten)]
    output: Output,
}

/// A list of preconditions, with the names that they have on the wire.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    preconditions: Vec<serde_json::Value>,
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let policy = policy(&input::read(&arguments.policy)?)
        .map_err(|error| anyhow!("{}: {error:#}", arguments.policy))
        .advise("a precondition has `id`, `type` and `allowedAttestationMethods`, and the members of its type (section 5 of the specification)")?;
    let uri = |text: &str| {
        AbsoluteUri::parse(text).map_err(|error| anyhow!("{text:?} is no absolute URI: {error}"))
    };
    let resource = uri(&arguments.resource)?;
    let endpoint = arguments.endpoint.as_deref().map(uri).transpose()?;
    let now = match &arguments.at {
        Some(time) => output::time(time)?,
        None => SystemClock.now(),
    };
    let lifetime = arguments
        .lifetime
        .map_or(CHALLENGE_LIFETIME, Duration::from_secs);
    let challenge = match &arguments.keys {
        Some(keys) => {
            let mut issuer =
                ChallengeIssuer::new(ServerKeys::read(keys)?.challenges).with_lifetime(lifetime);
            if let Some(endpoint) = endpoint {
                issuer = issuer.with_endpoint(endpoint);
            }
            issuer.issue(&policy, &resource, now)?
        }
        None => {
            let expires_at = now.checked_add(lifetime).context("the time of expiry")?;
            let mut message = PreconditionChallenge::new(
                PreconditionChallengePreconditions::new(policy.preconditions().to_vec())?,
                resource,
                random_nonce()?,
                WireTimestamp::try_from(expires_at)?,
            );
            message.attestation_endpoint = endpoint;
            Challenge::new(message)?
        }
    };
    let header = challenge.to_header()?;
    let message = serde_json::to_value(challenge.message())?;
    let text = if arguments.header {
        header.clone()
    } else {
        pretty(&message)
    };
    let json = json!({ "challenge": message, "header": header });
    arguments.output.give(&json, &text)?;
    Ok(ExitCode::SUCCESS)
}

fn policy(text: &str) -> anyhow::Result<Policy> {
    let file: File =
        toml::from_str(text).map_err(|error| anyhow!("{}", error.to_string().trim_end()))?;
    let mut preconditions = Vec::with_capacity(file.preconditions.len());
    for (index, value) in file.preconditions.into_iter().enumerate() {
        let precondition =
            serde_json::from_value(value).with_context(|| format!("precondition {}", index + 1))?;
        preconditions.push(precondition);
    }
    Ok(Policy::new(preconditions)?)
}
