//! `x428 audit`

use std::{path::Path, process::ExitCode, str::FromStr, time::Duration};

use anyhow::{anyhow, ensure};
use clap::{Args, Subcommand};
use serde_json::json;
use x428::{
    attestation::audit::{self, AuditLog, Head, VerifyError},
    store::{Settings, postgres::PostgresStore, sqlite::SqliteStore},
    wire::attestation::Digest,
};

use crate::{advice::Advise as _, network, output::Output, report};

/// Each page of the log is waited for so long, and so is the connection.
const TIMEOUT: Duration = Duration::from_secs(10);

#[derive(Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Read an audit log from its beginning, and name the first record that is not what it was
    Verify(Verify),
}

#[derive(Args)]
struct Verify {
    /// The file of a SQLite store, or the URL of a PostgreSQL one (postgres://…)
    #[arg(value_name = "LOG")]
    log: String,
    /// A record that was deposited with somebody else: its number and its digest; may be given
    /// several times
    #[arg(long, value_name = "NUMBER=DIGEST")]
    deposited: Vec<Deposited>,
    #[command(flatten)]
    output: Output,
}

#[derive(Clone)]
struct Deposited(Head);

impl FromStr for Deposited {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let form =
            || "write it as 41=sha256-…, with the digest that `audit verify` printed".to_owned();
        let (number, digest) = text.split_once('=').ok_or_else(form)?;
        Ok(Self(Head {
            number: number.parse().map_err(|_| form())?,
            digest: Digest::parse(digest).map_err(|_| form())?,
        }))
    }
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let Command::Verify(arguments) = &arguments.command;
    network::block_on(verify(arguments))?
}

async fn verify(arguments: &Verify) -> anyhow::Result<ExitCode> {
    let settings = Settings::default()
        .with_timeout(TIMEOUT)
        .with_connections(1);
    let log = &arguments.log;
    if log.starts_with("postgres:") || log.starts_with("postgresql:") {
        let store = PostgresStore::connect_read_only(log, &settings)
            .await
            .map_err(anyhow::Error::from)
            .advise(
                "the URL is postgres://user@host/database; PGPASSWORD keeps the password out of it",
            )?;
        return tell(arguments, &store).await;
    }
    // Opening would make it.
    ensure!(Path::new(log).is_file(), "{log} is no file");
    let store = SqliteStore::open_read_only(log, &settings)
        .await
        .map_err(anyhow::Error::from)
        .advise("the file has to be a SQLite database of an x428 server")?;
    let told = tell(arguments, &store).await;
    store.close().await;
    told
}

async fn tell(arguments: &Verify, log: &impl AuditLog) -> anyhow::Result<ExitCode> {
    let deposited: Vec<Head> = arguments
        .deposited
        .iter()
        .map(|one| one.0.clone())
        .collect();
    let output = &arguments.output;
    match audit::verify(log, &deposited).await {
        Ok(Some(head)) => {
            let records = head.number + 1;
            let json = json!({
                "intact": true,
                "records": records,
                "head": { "number": head.number, "digest": head.digest.as_str() },
            });
            let plural = if records == 1 { "" } else { "s" };
            let text = format!(
                "intact: {records} record{plural}\nhead {}={}",
                head.number,
                head.digest.as_str()
            );
            output.give(&json, &text)?;
            if deposited.is_empty() {
                report::say(
                    "a log that was rewritten as a whole looks intact: deposit the head with \
                     somebody else, and verify with --deposited",
                );
            }
            Ok(ExitCode::SUCCESS)
        }
        Ok(None) => {
            output.give(
                &json!({ "intact": true, "records": 0, "head": null }),
                "intact: no records",
            )?;
            Ok(ExitCode::SUCCESS)
        }
        Err(VerifyError::Broken(broken)) => {
            let json = json!({
                "intact": false,
                "record": broken.number,
                "why": broken.broken.to_string(),
            });
            output.give(&json, &format!("broken: {broken}"))?;
            Ok(ExitCode::FAILURE)
        }
        Err(error) => Err(anyhow!(error)),
    }
}
