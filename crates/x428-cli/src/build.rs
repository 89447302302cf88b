//! `x428 build`

use std::process::ExitCode;

use clap::Args;
use x428_spec::{
    build::{Built, Stage, build},
    emit::Written,
    latex,
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
    /// Write the specifications and their tables as LaTeX, below target/latex/
    #[arg(long)]
    latex: bool,
    /// Typeset them as PDF too; needs latexmk and LuaLaTeX
    #[arg(long)]
    pdf: bool,
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let options = &arguments.options;
    let project = options.project()?;
    let progress = report::Progress::start(Stage::ALL.len());
    let built = build(&project, arguments.keep_going, &|stage| {
        progress.stage(stage);
    });
    let paper = match &built {
        Ok(built) if arguments.latex || arguments.pdf => {
            paper(built, arguments.pdf, &|stage| progress.stage(stage))
        }
        _ => Ok(Vec::new()),
    };
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
    for line in paper? {
        report::say(&line);
    }
    report::say(&report::summary(&built.report, elapsed));
    Ok(report::exit_code(&built.report, options))
}

/// Writes the specification for paper, and says what was made. A text with errors is not set.
fn paper(built: &Built, pdf: bool, stage: &dyn Fn(Stage)) -> anyhow::Result<Vec<String>> {
    if built.report.errors() > 0 {
        return Ok(Vec::new());
    }
    let root = &built.spec.project.root;
    stage(Stage::Latex);
    let documents = latex::documents(&built.spec, &built.report)?;
    let written = latex::write(root, &documents)?;
    let files = report::counted(documents.tree.files.len(), "file");
    let changed = report::counted(
        written.changed.len() + written.removed.len(),
        "changed file",
    );
    let mut lines = vec![format!("{} has {files}, {changed}", latex::OUTPUT)];
    if pdf {
        stage(Stage::Pdf);
        for made in latex::pdf(root, &documents)? {
            lines.push(format!(
                "{} has {}",
                made.path,
                report::counted(made.pages, "page")
            ));
        }
    }
    Ok(lines)
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
