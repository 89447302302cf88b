//! `x428 conformance server`

use std::{path::PathBuf, process::ExitCode};

use anyhow::{Context as _, anyhow};
use clap::Args;
use serde_json::json;
use x428::sign::SigningKey;
use x428_conformance::server::{ServerCheck, ServerOutcome, ServerRun};

use crate::{
    advice::Advise as _,
    key, network,
    output::{self, Output, harmless_line},
    report,
};

#[derive(Args)]
pub(crate) struct Arguments {
    /// A guarded resource: https, or http on a loopback address. The run attests whatever the
    /// server asks for, so test servers of your own
    #[arg(value_name = "URL")]
    url: String,
    /// Another guarded resource of the server, which the token of the first does not open
    #[arg(long, value_name = "URL")]
    other: Option<String>,
    /// The key that attests: PKCS#8 in PEM [default: a new did:key for this run]
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
    /// Send at most so many requests
    #[arg(long, value_name = "NUMBER", default_value_t = 100, value_parser = clap::value_parser!(u16).range(1..=1000))]
    requests: u16,
    #[command(flatten)]
    output: Output,
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let key = match &arguments.key {
        Some(path) => key::read_own(path)?,
        None => SigningKey::generate()?,
    };
    let mut run = ServerRun::new(&arguments.url, key)?.with_requests(arguments.requests.into());
    if let Some(other) = &arguments.other {
        run = run.with_other(other)?;
    }
    let is_json = arguments.output.json;
    let mut written = Ok(());
    let checks = network::block_on(run.run(|check| {
        if written.is_ok() {
            written = tell(check, is_json);
        }
    }))?
    .map_err(|error| anyhow!(error))
    .advise("name a resource that needs an attestation; `x428 get -v URL` shows what it answers")?;
    written.context("standard output")?;
    let count =
        |is: fn(&ServerOutcome) -> bool| checks.iter().filter(|check| is(&check.outcome)).count();
    let passed = count(|outcome| matches!(outcome, ServerOutcome::Passed));
    let failed = count(|outcome| matches!(outcome, ServerOutcome::Failed(_)));
    let skipped = count(|outcome| matches!(outcome, ServerOutcome::Skipped(_)));
    let closing = format!("{passed} passed, {failed} failed, {skipped} skipped");
    let json = json!({ "passed": passed, "failed": failed, "skipped": skipped });
    arguments.output.give(&json, &closing)?;
    if failed > 0 {
        report::say("what a requirement says stands at its id in the book");
    }
    Ok(ExitCode::from(u8::from(failed > 0)))
}

fn tell(check: &ServerCheck, is_json: bool) -> anyhow::Result<()> {
    let (word, outcome, why) = match &check.outcome {
        ServerOutcome::Failed(why) => ("FAILED", "failed", Some(why)),
        ServerOutcome::Skipped(why) => ("skipped", "skipped", Some(why)),
        _ => ("ok", "passed", None),
    };
    if is_json {
        let json = json!({
            "requirement": check.requirement,
            "what": check.what,
            "outcome": outcome,
            "why": why,
        });
        return output::line(&json.to_string());
    }
    let why = why.map_or(String::new(), |why| format!(": {}", harmless_line(why)));
    output::line(&format!(
        "{word:7} {}: {}{why}",
        check.requirement, check.what
    ))
}
