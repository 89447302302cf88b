//! Options that several commands share.

use std::{
    io::IsTerminal as _,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, anyhow};
use clap::{Args, ValueEnum};
use x428_spec::{diagnostic::Style, model::Project};

/// Where the specification is, and how its diagnostics are shown.
#[derive(Args)]
pub(crate) struct Options {
    /// The directory of the specification [default: the nearest spec/ with a SUMMARY.md]
    #[arg(long, value_name = "DIR")]
    pub spec: Option<PathBuf>,
    /// How diagnostics are shown
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub format: Format,
    /// Fail on these as on errors
    #[arg(long, value_enum, value_name = "WHAT")]
    pub deny: Option<Deny>,
    /// When to use colours
    #[arg(long, value_enum, default_value_t = Colour::Auto, value_name = "WHEN", visible_alias = "colour")]
    pub color: Colour,
}

/// A form of diagnostics.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// With the source, for people
    Human,
    /// One JSON object a line
    Json,
    /// Annotations of GitHub Actions
    Github,
    /// SARIF 2.1.0
    Sarif,
}

/// What else is an error.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Deny {
    /// Warnings
    Warnings,
}

/// When colours are used.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Colour {
    /// On terminals, unless NO_COLOR is set
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

impl Options {
    /// The project that is meant.
    pub(crate) fn project(&self) -> anyhow::Result<Project> {
        project_at(self.spec.as_deref())
    }

    /// How people see it.
    pub(crate) fn style(&self) -> Style {
        let variable = |name| std::env::var_os(name).filter(|value| !value.is_empty());
        let colour = match self.color {
            Colour::Always => true,
            Colour::Never => false,
            Colour::Auto => {
                variable("NO_COLOR").is_none()
                    && variable("TERM").is_none_or(|term| term != "dumb")
                    && std::io::stderr().is_terminal()
            }
        };
        let columns = variable("COLUMNS").and_then(|columns| columns.to_str()?.parse().ok());
        Style {
            colour,
            width: columns.unwrap_or(Style::PLAIN.width),
        }
    }
}

/// The project of a specification's directory, or the one around the current directory.
pub(crate) fn project_at(spec: Option<&Path>) -> anyhow::Result<Project> {
    if let Some(directory) = spec {
        return Project::of(directory)
            .with_context(|| format!("no specification in {}", directory.display()));
    }
    let here = std::env::current_dir().context("the current directory is gone")?;
    Project::around(&here)
        .ok_or_else(|| anyhow!("no spec/SUMMARY.md here or above; name the directory with --spec"))
}
