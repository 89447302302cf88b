//! `x428 withdraw status`, and following a withdrawal to its end.

use std::{io::IsTerminal as _, process::ExitCode, time::Duration};

use clap::Args;
use futures_util::StreamExt as _;
use indicatif::{ProgressBar, ProgressStyle};
use x428::{
    wire::withdrawal::{WithdrawalId, WithdrawalStatus},
    withdrawal::client::Reported,
};

use super::{
    Interrupt, OPEN, Session, State,
    explain::{explained, reason},
    show,
};
use crate::{output::Output, report};

#[derive(Args)]
pub(super) struct Arguments {
    /// The withdrawal
    #[arg(value_name = "ID")]
    id: WithdrawalId,
    /// Follow it to its end
    #[arg(long, short)]
    follow: bool,
    #[command(flatten)]
    state: State,
    #[command(flatten)]
    output: Output,
}

pub(super) async fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let session = Session::open(&arguments.state).await?;
    if arguments.follow {
        let mut interrupt = Interrupt::listen()?;
        return follow(
            &session,
            &arguments.id,
            None,
            &mut interrupt,
            &arguments.output,
        )
        .await;
    }
    match session.client.withdrawal(&arguments.id).await {
        Ok(reported) => {
            let text = show::withdrawal(&reported);
            arguments.output.give(&show::json(&reported), &text)?;
            Ok(ExitCode::SUCCESS)
        }
        Err(error) => explained(&error),
    }
}

/// Follows a withdrawal, and shows how it goes on, until its end or until it waits for somebody.
/// Ctrl-C ends that, and not the withdrawal.
pub(super) async fn follow(
    session: &Session,
    id: &WithdrawalId,
    created: Option<Reported>,
    interrupt: &mut Interrupt,
    output: &Output,
) -> anyhow::Result<ExitCode> {
    let progress = Progress::new();
    let mut last = created;
    if let Some(created) = &last {
        progress.show(created);
    }
    let mut watching = std::pin::pin!(session.client.watch(id, None));
    loop {
        let seen = tokio::select! {
            seen = watching.next() => seen,
            () = interrupt.pressed() => {
                progress.end();
                report::say(&format!("{id} goes on without you"));
                report::say(&format!("help: `x428 withdraw status --follow {id}` follows it"));
                return Ok(ExitCode::from(OPEN));
            }
        };
        match seen {
            Some(Ok(reported)) => {
                if last.as_ref() != Some(&reported) {
                    progress.show(&reported);
                }
                if waits_for_somebody(&reported) {
                    progress.end();
                    output.give(&show::json(&reported), &show::withdrawal(&reported))?;
                    report::say(&format!(
                        "help: `x428 withdraw status --follow {id}` goes on"
                    ));
                    return Ok(ExitCode::from(OPEN));
                }
                last = Some(reported);
            }
            Some(Err(error)) if error.is_outage() => {
                progress.say(&format!("{}; asking again", reason(&error)));
            }
            Some(Err(error)) => {
                progress.end();
                return explained(&error);
            }
            None => break,
        }
    }
    progress.end();
    let Some(last) = last else {
        return Ok(ExitCode::from(OPEN));
    };
    output.give(&show::json(&last), &show::withdrawal(&last))?;
    Ok(match last.status() {
        Some(WithdrawalStatus::Completed) => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    })
}

/// Whether nothing happens before somebody does something.
fn waits_for_somebody(reported: &Reported) -> bool {
    let known = reported.known();
    known.is_some_and(|withdrawal| withdrawal.required_action.is_some())
}

/// A line that moves on a terminal; elsewhere a line for each state.
struct Progress {
    bar: ProgressBar,
    moves: bool,
}

impl Progress {
    fn new() -> Self {
        let moves = std::io::stderr().is_terminal();
        let bar = if moves {
            ProgressBar::new_spinner()
        } else {
            ProgressBar::hidden()
        };
        if let Ok(style) = ProgressStyle::with_template("{spinner} {elapsed} {msg}") {
            bar.set_style(style);
        }
        bar.enable_steady_tick(Duration::from_millis(120));
        Self { bar, moves }
    }

    fn show(&self, reported: &Reported) {
        let line = show::withdrawal(reported);
        if self.moves {
            self.bar.set_message(line);
        } else {
            report::say(&line);
        }
    }

    fn say(&self, line: &str) {
        if self.moves {
            self.bar.println(line);
        } else {
            report::say(line);
        }
    }

    fn end(&self) {
        self.bar.finish_and_clear();
    }
}
