//! `x428 challenge`

use std::{path::PathBuf, process::ExitCode, sync::Arc, time::Duration};

use anyhow::{Context as _, anyhow};
use clap::Args;
use serde_json::json;
use x428::{
    attestation::{
        Challenge,
        issue::{ChallengeIssuer, Policy, random_nonce},
    },
    clock::{Clock as _, SystemClock},
    server::{Guard as _, PolicyFile},
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
    /// The policy file of a server, in TOML
    #[arg(long, value_name = "FILE")]
    policy: String,
    /// The resource that is requested, below the base of the policy
    #[arg(long, value_name = "URL")]
    resource: String,
    /// The method of the request
    #[arg(long, value_name = "METHOD", default_value = "GET")]
    method: String,
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

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let policy = policy(arguments)?;
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
    let challenge = if let Some(keys) = &arguments.keys {
        let mut issuer =
            ChallengeIssuer::new(ServerKeys::read(keys)?.challenges).with_lifetime(lifetime);
        if let Some(endpoint) = endpoint {
            issuer = issuer.with_endpoint(endpoint);
        }
        issuer.issue(&policy, &resource, now)?
    } else {
        let expires_at = now.checked_add(lifetime).context("the time of expiry")?;
        let mut message = PreconditionChallenge::new(
            PreconditionChallengePreconditions::new(policy.preconditions().to_vec())?,
            resource,
            random_nonce()?,
            WireTimestamp::try_from(expires_at)?,
        );
        message.attestation_endpoint = endpoint;
        Challenge::new(message)?
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

/// What the policy file requires of the request.
fn policy(arguments: &Arguments) -> anyhow::Result<Arc<Policy>> {
    let name = &arguments.policy;
    let text = input::read(name)?;
    let file = PolicyFile::parse(&text)
        .map_err(|error| anyhow!("{name}: {error}"))
        .advise("schema/config/attestation-policy.json says what a policy file has")?;
    let base = toml::from_str::<toml::Table>(&text)?;
    let base = base
        .get("base")
        .and_then(toml::Value::as_str)
        .unwrap_or_default();
    let below = arguments.resource.strip_prefix(base.trim_end_matches('/'));
    let target = below
        .filter(|below| below.starts_with('/'))
        .with_context(|| {
            format!(
                "{} is not below {base}, the base of {name}",
                arguments.resource
            )
        })?;
    let requirement = file.requirement(&arguments.method.parse()?, &target.parse()?);
    let Some(requirement) = requirement else {
        return anyhow!("{name} requires nothing of {} {target}", arguments.method)
            .advise("the first rule whose path and method match decides");
    };
    Ok(Arc::clone(requirement.policy()))
}
