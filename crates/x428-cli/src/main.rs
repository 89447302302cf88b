//! The `x428` command: arguments in, exit codes out. What it does is in the library crates.

mod build;
mod check;
mod conformance;
mod explain;
mod fix;
mod mdbook;
mod options;
mod report;
mod serve;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// The compiler of the x428 specification.
#[derive(Parser)]
#[command(
    name = "x428",
    version,
    propagate_version = true,
    arg_required_else_help = true
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Check the specification, and write everything that is made from it
    Build(build::Arguments),
    /// Check the specification
    Check(check::Arguments),
    /// Show the book in the browser, and build it again whenever a file is saved
    Serve(serve::Arguments),
    /// Put right what a machine can: tables, the form of JSON, signatures, encoded headers
    Fix(fix::Arguments),
    /// Explain a code, such as E0302
    Explain(explain::Arguments),
    /// Run conformance vectors against the SDK
    Conformance(conformance::Arguments),
    /// Speak mdBook's protocols for preprocessors and renderers; `mdbook build book` calls it
    #[command(hide = true)]
    Mdbook(mdbook::Arguments),
}

fn main() -> ExitCode {
    let outcome = match Cli::parse().command {
        Command::Build(arguments) => build::run(&arguments),
        Command::Check(arguments) => check::run(&arguments),
        Command::Fix(arguments) => fix::run(&arguments),
        Command::Explain(arguments) => explain::run(&arguments),
        Command::Serve(arguments) => serve::run(&arguments),
        Command::Conformance(arguments) => conformance::run(&arguments),
        Command::Mdbook(arguments) => mdbook::run(&arguments),
    };
    match outcome {
        Ok(code) => code,
        Err(error) => {
            report::fatal(&error);
            ExitCode::from(report::CANNOT_RUN)
        }
    }
}
