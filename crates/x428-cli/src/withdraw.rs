//! `x428 withdraw`

use std::process::ExitCode;

use clap::{Args, Subcommand};
use serde_json::json;
use x428::wire::withdrawal::WithdrawalId;

use crate::{network, output::Output};

mod account;
mod approve;
mod explain;
mod follow;
mod held;
mod interrupt;
mod list;
mod login;
mod quote;
mod resume;
mod send;
mod show;
mod supply;

use account::{Account, Session, State};
use explain::explained;
use interrupt::Interrupt;

/// Nothing is decided yet; `x428 withdraw resume` goes on.
const OPEN: u8 = 3;

const AFTER_HELP: &str = "\
Exit codes:
  0  done
  1  refused, failed or not approved: nothing more will happen
  2  the command could not run
  3  not decided yet; `x428 withdraw resume` goes on, and sends nothing twice";

#[derive(Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Ask for access to an account at an exchange, in your browser
    Login(login::Arguments),
    /// List what can be withdrawn, with balances, networks and fees
    Assets(Plain),
    /// Ask what a withdrawal would cost
    Quote(quote::Arguments),
    /// Withdraw: shows what it costs, asks you, and follows it to its end
    Send(Box<send::Arguments>),
    /// Go on with what was interrupted
    Resume(resume::Arguments),
    /// Show a withdrawal
    Status(follow::Arguments),
    /// List the withdrawals of this client, newest first
    List(list::Arguments),
    /// Supply the Travel Rule data that a withdrawal waits for
    Supply(supply::Arguments),
    /// Cancel a withdrawal, if it is not too late
    Cancel(One),
    /// Give up what was interrupted, and was not sent
    Forget(resume::Forget),
    /// Give the access back
    Logout(Plain),
}

#[derive(Args)]
struct Plain {
    #[command(flatten)]
    state: State,
    #[command(flatten)]
    output: Output,
}

#[derive(Args)]
struct One {
    /// The withdrawal
    #[arg(value_name = "ID")]
    id: WithdrawalId,
    #[command(flatten)]
    state: State,
    #[command(flatten)]
    output: Output,
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    network::block_on(async {
        match &arguments.command {
            Command::Login(arguments) => login::run(arguments).await,
            Command::Assets(arguments) => assets(arguments).await,
            Command::Quote(arguments) => quote::run(arguments).await,
            Command::Send(arguments) => send::run(arguments).await,
            Command::Resume(arguments) => resume::run(arguments).await,
            Command::Status(arguments) => follow::run(arguments).await,
            Command::List(arguments) => list::run(arguments).await,
            Command::Supply(arguments) => supply::run(arguments).await,
            Command::Cancel(arguments) => cancel(arguments).await,
            Command::Forget(arguments) => resume::forget(arguments).await,
            Command::Logout(arguments) => logout(arguments).await,
        }
    })?
}

async fn assets(arguments: &Plain) -> anyhow::Result<ExitCode> {
    let session = Session::open(&arguments.state).await?;
    let assets = match session.client.assets().await {
        Ok(assets) => assets,
        Err(error) => return explained(&error),
    };
    let text: Vec<String> = assets.iter().map(show::asset).collect();
    arguments.output.give(&json!(assets), &text.join("\n"))?;
    Ok(ExitCode::SUCCESS)
}

async fn cancel(arguments: &One) -> anyhow::Result<ExitCode> {
    let session = Session::open(&arguments.state).await?;
    match session.client.cancel(&arguments.id).await {
        Ok(reported) => {
            let text = show::withdrawal(&reported);
            arguments.output.give(&show::json(&reported), &text)?;
            Ok(ExitCode::SUCCESS)
        }
        Err(error) => explained(&error),
    }
}

async fn logout(arguments: &Plain) -> anyhow::Result<ExitCode> {
    let session = Session::open(&arguments.state).await?;
    let revoked = session.client.revoke().await;
    let left = session.client.pending().await?;
    if left.is_empty() {
        Account::remove(&arguments.state)?;
    } else {
        show::unsettled(&left);
    }
    if let Err(error) = revoked {
        return explained(&error);
    }
    let issuer = session.account.issuer.as_str();
    let json = json!({"issuer": issuer, "loggedIn": false});
    arguments
        .output
        .give(&json, &format!("logged out of {issuer}"))?;
    Ok(ExitCode::SUCCESS)
}
