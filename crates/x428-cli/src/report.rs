//! What a command shows: diagnostics, progress, a closing line.

use std::{
    fmt::Write as _,
    io::{IsTerminal as _, Write as _},
    process::ExitCode,
    time::{Duration, Instant},
};

use indicatif::{ProgressBar, ProgressStyle};
use x428_spec::{
    build::Stage,
    diagnostic::{github, human, json, sarif},
    model::{Report, Spec},
};

use crate::options::{Deny, Format, Options};

/// The exit code if the command could not do its work at all.
pub(crate) const CANNOT_RUN: u8 = 2;

/// Progress on a terminal; elsewhere nothing moves.
pub(crate) struct Progress {
    bar: ProgressBar,
    started: Instant,
}

impl Progress {
    /// Starts to count the time.
    pub(crate) fn start(stages: usize) -> Self {
        let bar = if std::io::stderr().is_terminal() {
            ProgressBar::new(stages as u64)
        } else {
            ProgressBar::hidden()
        };
        if let Ok(style) = ProgressStyle::with_template("{bar:24} {msg}") {
            bar.set_style(style);
        }
        bar.enable_steady_tick(Duration::from_millis(100));
        Self {
            bar,
            started: Instant::now(),
        }
    }

    /// Shows that a stage begins.
    pub(crate) fn stage(&self, stage: Stage) {
        let done = Stage::ALL
            .iter()
            .position(|other| *other == stage)
            .unwrap_or(0);
        self.bar.set_position(done as u64);
        self.bar.set_message(stage.doing());
    }

    /// Clears the line, and says how long it took.
    pub(crate) fn finish(&self) -> Duration {
        self.bar.finish_and_clear();
        self.started.elapsed()
    }
}

/// Shows all diagnostics: people read standard error, programs standard output.
pub(crate) fn show(spec: &Spec, report: &Report, options: &Options) -> std::io::Result<()> {
    let (diagnostics, sources) = (&report.diagnostics, &spec.sources);
    let text = match options.format {
        Format::Human => {
            let style = options.style();
            let mut text = String::new();
            for diagnostic in diagnostics {
                text.push_str(&human(diagnostic, sources, style));
                text.push('\n');
            }
            return std::io::stderr().write_all(text.as_bytes());
        }
        Format::Json => diagnostics
            .iter()
            .map(|diagnostic| json(diagnostic, sources))
            .collect(),
        Format::Github => diagnostics
            .iter()
            .map(|diagnostic| github(diagnostic, sources))
            .collect(),
        Format::Sarif => sarif(diagnostics, sources),
    };
    std::io::stdout().write_all(text.as_bytes())
}

/// The closing line: `checked 24 files, 143 examples, …: 0 errors, 0 warnings in 0.11 s`.
pub(crate) fn summary(report: &Report, elapsed: Duration) -> String {
    let counts = &report.counts;
    let parts = [
        (counts.files, "file"),
        (counts.schemas, "schema"),
        (counts.examples, "example"),
        (counts.signatures, "signature"),
        (counts.computed, "computed value"),
        (counts.vectors, "vector"),
        (counts.requirements, "requirement"),
        (counts.messages, "HTTP message"),
        (counts.links, "link"),
    ];
    let mut line = String::from("checked ");
    for (index, (count, what)) in parts.iter().filter(|(count, _)| *count > 0).enumerate() {
        line.push_str(if index == 0 { "" } else { ", " });
        line.push_str(&counted(*count, what));
    }
    let _ = write!(
        line,
        ": {}, {} in {:.2} s",
        counted(report.errors(), "error"),
        counted(report.warnings(), "warning"),
        elapsed.as_secs_f64()
    );
    line
}

/// `1 file`, `2 files`
pub(crate) fn counted(count: usize, what: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {what}{plural}")
}

/// Says something to people, beside the output.
pub(crate) fn say(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

/// Says why the command could not run.
pub(crate) fn fatal(error: &anyhow::Error) {
    say(&format!("error: {error:#}"));
}

/// 0 if all is well, 1 if not.
pub(crate) fn exit_code(report: &Report, options: &Options) -> ExitCode {
    let refused =
        report.errors() > 0 || (options.deny == Some(Deny::Warnings) && report.warnings() > 0);
    ExitCode::from(u8::from(refused))
}
