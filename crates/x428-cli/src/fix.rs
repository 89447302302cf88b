//! `x428 fix`

use std::process::ExitCode;

use clap::Args;
use x428_spec::{
    build::{Stage, read_and_check},
    fix::fix,
    parse::load,
};

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
    progress.stage(Stage::Write);
    let changed = fix(&load(&project))?;
    let (spec, found) = read_and_check(&project, &|stage| progress.stage(stage));
    let elapsed = progress.finish();
    for path in &changed {
        report::say(&format!("fixed {path}"));
    }
    if changed.is_empty() {
        report::say("nothing to fix");
    }
    report::show(&spec, &found, options)?;
    report::say(&report::summary(&found, elapsed));
    Ok(report::exit_code(&found, options))
}
