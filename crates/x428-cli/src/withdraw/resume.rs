//! `x428 withdraw resume` and `x428 withdraw forget`

use std::process::ExitCode;

use anyhow::anyhow;
use clap::Args;
use serde_json::json;
use x428::{wire::withdrawal::IdempotencyKey, withdrawal::client::ClientError};

use super::{
    Interrupt, OPEN, Session, State,
    approve::{Terminal, Way},
    explain::explained,
    send, show,
};
use crate::{advice::Advise as _, output::Output, report};

#[derive(Args)]
pub(super) struct Arguments {
    /// Only the submission with this key
    #[arg(value_name = "KEY")]
    key: Option<IdempotencyKey>,
    /// How you approve it if the exchange asks; several if it asks for several. Codes are read from
    /// standard input
    #[arg(long, value_enum, value_name = "WAY", value_delimiter = ',')]
    approve: Vec<Way>,
    /// Do not follow it once it is created
    #[arg(long)]
    no_wait: bool,
    #[command(flatten)]
    state: State,
    #[command(flatten)]
    output: Output,
}

#[derive(Args)]
pub(super) struct Forget {
    /// Its key, as `x428 withdraw list` tells it
    #[arg(value_name = "KEY")]
    key: IdempotencyKey,
    /// Forget it although it may have been sent: you have seen that it is not in the list of the
    /// exchange, or that it is
    #[arg(long)]
    unseen: bool,
    #[command(flatten)]
    state: State,
    #[command(flatten)]
    output: Output,
}

/// Goes on with one after the other, until Ctrl-C. What is still open decides the exit code, then
/// what failed.
pub(super) async fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let session = Session::open(&arguments.state).await?;
    let mut kept = session.client.pending().await?;
    if let Some(key) = &arguments.key {
        kept.retain(|pending| pending.key() == key);
        if kept.is_empty() {
            return unknown(key);
        }
    }
    if kept.is_empty() {
        report::say("nothing was interrupted");
    }
    let mut interrupt = Interrupt::listen()?;
    let mut code = ExitCode::SUCCESS;
    for pending in kept {
        report::say(&format!("going on with {}", show::pending(&pending)));
        let terminal = Terminal::new(&arguments.approve);
        let waits = !arguments.no_wait;
        let ended = send::submit(
            &session,
            pending,
            &terminal,
            waits,
            &mut interrupt,
            &arguments.output,
        )
        .await?;
        if ended != ExitCode::SUCCESS && code != ExitCode::from(OPEN) {
            code = ended;
        }
        if interrupt.is_pressed() {
            break;
        }
    }
    Ok(code)
}

/// Whoever has mistyped a key believes nothing else of it.
fn unknown(key: &IdempotencyKey) -> anyhow::Result<ExitCode> {
    anyhow!("no submission has the key {}", key.as_str())
        .advise("`x428 withdraw list` tells what is not settled")
}

pub(super) async fn forget(arguments: &Forget) -> anyhow::Result<ExitCode> {
    let session = Session::open(&arguments.state).await?;
    let key = &arguments.key;
    let kept = session.client.pending().await?;
    if !kept.iter().any(|pending| pending.key() == key) {
        return unknown(key);
    }
    let forgotten = if arguments.unseen {
        session.client.danger_forget(key).await
    } else {
        session.client.forget(key).await
    };
    match forgotten {
        Ok(()) => {}
        Err(ClientError::Misuse(error)) => {
            return Err(anyhow::Error::from(error))
                .advise("`x428 withdraw resume` finds out, and sends nothing twice");
        }
        Err(error) => return explained(&error),
    }
    session.held.seen().await?;
    let json = json!({"key": key, "forgotten": true});
    let text = format!("forgot {}", key.as_str());
    arguments.output.give(&json, &text)?;
    Ok(ExitCode::SUCCESS)
}
