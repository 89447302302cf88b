//! `x428 token`

use std::{fmt::Write as _, path::PathBuf, process::ExitCode};

use anyhow::{anyhow, ensure};
use clap::{Args, Subcommand};
use serde_json::{Value, json};
use x428::{
    attestation::{
        receipt,
        token::{self, Grant, TokenIssuer},
    },
    clock::{Clock as _, SystemClock},
    wire::attestation::AttestationToken,
};

use crate::{
    advice::Advise as _,
    input,
    output::{self, Output, harmless_line},
    server_keys::ServerKeys,
};

#[derive(Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Say what a token opens and for how long; the token itself is not shown
    Inspect(Inspect),
}

#[derive(Args)]
struct Inspect {
    /// An AttestationToken as JSON or as the value of X-428-Token of a response: a file, the value
    /// itself, or - for standard input. With --keys also the opaque string
    #[arg(value_name = "TOKEN", default_value = "-")]
    token: String,
    /// Open the sealed token with the keys of its server
    #[arg(long, value_name = "FILE")]
    keys: Option<PathBuf>,
    /// Say whether it opens this URL
    #[arg(long, value_name = "URL")]
    requested: Option<String>,
    /// The time [default: now]
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
    #[command(flatten)]
    output: Output,
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let Command::Inspect(arguments) = &arguments.command;
    let now = match &arguments.at {
        Some(time) => output::time(time)?,
        None => SystemClock.now(),
    };
    let text = input::read_or_value(&arguments.token, "token")?;
    let object =
        input::json(&text, "token").and_then(|json| Ok(json.read::<AttestationToken>("token")?));
    let opaque = match &object {
        Ok(object) => object.token.as_str(),
        Err(_) => text.trim(),
    };
    let grant = match &arguments.keys {
        Some(keys) => Some(open(opaque, ServerKeys::read(keys)?)?),
        None => None,
    };
    let (scope, expires_at, digest) = match (&object, &grant) {
        (Ok(object), _) => (
            object.scope.as_str().to_owned(),
            object.expires_at.instant(),
            receipt::token_digest(object)?,
        ),
        (Err(_), Some(grant)) => (grant.scope.clone(), grant.expires_at, grant.digest(opaque)?),
        (Err(error), None) => {
            return anyhow!("{error:#}").advise(
                "the object {token, expiresAt, scope} is in X-428-Token of the response that \
                 granted it; the opaque string of a request says nothing without --keys",
            );
        }
    };
    if let Some(grant) = &grant {
        ensure!(
            grant.scope == scope && grant.expires_at == expires_at,
            "the sealed token says something else than the object around it"
        );
    }
    let verdict = arguments.requested.as_deref().map(|url| match &object {
        Ok(object) => token::check(object, url, now),
        Err(_) => grant.as_ref().map_or(Ok(()), |grant| grant.check(url, now)),
    });
    let refused = verdict.as_ref().and_then(|verdict| verdict.as_ref().err());
    let json = json!({
        "scope": scope,
        "expiresAt": expires_at.to_string(),
        "expired": now >= expires_at,
        "digest": digest.as_str(),
        "opens": verdict.as_ref().map(Result::is_ok),
        "error": refused.map(|rejected| rejected.code().as_str()),
        "sealed": grant.as_ref().map(sealed),
    });
    let life = if now >= expires_at {
        "expired"
    } else {
        "expires"
    };
    let mut lines = vec![
        format!("opens    {}", harmless_line(&scope)),
        format!("{life}  {expires_at}"),
        format!("digest   {}", digest.as_str()),
    ];
    if let Some(grant) = &grant {
        lines.push(format!("operator {}", grant.operator));
    }
    match refused {
        Some(rejected) => lines.push(format!("refused: {}", rejected.code().as_str())),
        None if verdict.is_some() => lines.push("it opens the URL".to_owned()),
        None => {}
    }
    arguments.output.give(&json, &lines.join("\n"))?;
    Ok(ExitCode::from(u8::from(refused.is_some())))
}

fn open(opaque: &str, keys: ServerKeys) -> anyhow::Result<Grant> {
    TokenIssuer::new(keys.tokens)
        .open(opaque)
        .ok_or_else(|| anyhow!("none of these keys has sealed this token"))
        .advise("another server issued it, or the key that sealed it has been dropped")
}

fn sealed(grant: &Grant) -> Value {
    let hex = |bytes: &[u8]| {
        bytes.iter().fold(String::new(), |mut hex, byte| {
            // Writing to a string cannot fail.
            let _ = write!(hex, "{byte:02x}");
            hex
        })
    };
    json!({
        "id": hex(&grant.id),
        "operator": grant.operator.as_str(),
        "policyDigest": grant.policy_digest.as_ref().map(|digest| hex(digest)),
    })
}
