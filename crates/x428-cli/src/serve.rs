//! `x428 serve`

use std::{
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
    process::ExitCode,
};

use anyhow::Context as _;
use clap::Args;
use x428_spec::serve::{Outcome, serve};

use crate::{options::project_at, report};

#[derive(Args)]
pub(crate) struct Arguments {
    /// The directory of the specification [default: the nearest spec/ with a SUMMARY.md]
    #[arg(long, value_name = "DIR")]
    spec: Option<PathBuf>,
    /// The port on this machine; 0 takes a free one
    #[arg(long, default_value_t = 4280)]
    port: u16,
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let project = project_at(arguments.spec.as_deref())?;
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, arguments.port));
    let started = |address| report::say(&format!("the book is at http://{address}/, Ctrl-C ends"));
    serve(&project, address, started, tell).with_context(|| "`--port` chooses another port")?;
    Ok(ExitCode::SUCCESS)
}

fn tell(outcome: &Outcome) {
    match outcome {
        Outcome::Good => report::say("built"),
        Outcome::Broken(problems) => {
            for problem in problems {
                let shown = if problem.shown.is_empty() {
                    &problem.message
                } else {
                    &problem.shown
                };
                report::say(shown.trim_end());
            }
            report::say("not built: the page shows the last good book");
        }
    }
}
