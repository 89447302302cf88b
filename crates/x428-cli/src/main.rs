//! The `x428` command: arguments in, exit codes out. What it does is in the library crates.

mod build;
mod check;
mod explain;
mod options;
mod report;

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
    /// Explain a code, such as E0302
    Explain(explain::Arguments),
}

fn main() -> ExitCode {
    let outcome = match Cli::parse().command {
        Command::Build(arguments) => build::run(&arguments),
        Command::Check(arguments) => check::run(&arguments),
        Command::Explain(arguments) => explain::run(&arguments),
    };
    match outcome {
        Ok(code) => code,
        Err(error) => {
            report::fatal(&error);
            ExitCode::from(report::CANNOT_RUN)
        }
    }
}
