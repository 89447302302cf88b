//! `x428 check`

use std::process::ExitCode;

use clap::Args;
use x428_spec::build::{Stage, read_and_check};

use crate::{options::Options, report};

#[derive(Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    options: Options,
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let options = &arguments.options;
    let project = options.project()?;
    let progress = report::Progress::start(Stage::ALL.len());
    let (spec, found) = read_and_check(&project, &|stage| progress.stage(stage));
    let elapsed = progress.finish();
    report::show(&spec, &found, options)?;
    report::say(&report::summary(&found, elapsed));
    Ok(report::exit_code(&found, options))
}
