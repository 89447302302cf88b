//! `x428 build`

use std::process::ExitCode;

use clap::Args;
use x428_spec::{
    build::{Stage, build},
    emit::Written,
};

use crate::{options::Options, report};

/// More names than this are only counted.
const NAMES_SHOWN: usize = 12;

#[derive(Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    options: Options,
    /// Write what can be made in spite of errors
    #[arg(long)]
    keep_going: bool,
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let options = &arguments.options;
    let project = options.project()?;
    let progress = report::Progress::start(Stage::ALL.len());
    let built = build(&project, arguments.keep_going, &|stage| {
        progress.stage(stage);
    });
    let elapsed = progress.finish();
    let built = built?;
    report::show(&built.spec, &built.report, options)?;
    match &built.written {
        Some(written) => tell(written),
        None => report::say("nothing was written, because there are errors"),
    }
    if let Some(book) = &built.book {
        let pages = report::counted(book.pages, "page");
        let changed = report::counted(book.changed, "changed file");
        report::say(&format!("book/html has {pages}, {changed}"));
    }
    report::say(&report::summary(&built.report, elapsed));
    Ok(report::exit_code(&built.report, options))
}

fn tell(written: &Written) {
    for (what, names) in [("wrote", &written.changed), ("removed", &written.removed)] {
        for name in names.iter().take(NAMES_SHOWN) {
            report::say(&format!("{what} {name}"));
        }
        if let Some(more) = names
            .len()
            .checked_sub(NAMES_SHOWN)
            .filter(|more| *more > 0)
        {
            report::say(&format!("{what} {more} more"));
        }
    }
    if written.changed.is_empty() && written.removed.is_empty() {
        report::say(&format!(
            "{} are up to date",
            report::counted(written.unchanged, "generated file")
        ));
    }
}
