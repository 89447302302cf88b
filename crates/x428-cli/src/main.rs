//! The `x428` command: arguments in, exit codes out. What it does is in the library crates.

mod advice;
#[cfg(feature = "network")]
mod attest;
#[cfg(feature = "network")]
mod audit;
mod build;
mod challenge;
mod check;
mod completions;
mod conformance;
#[cfg(feature = "network")]
mod consent;
mod did;
mod explain;
mod fix;
#[cfg(feature = "network")]
mod get;
mod input;
mod key;
mod keyfile;
#[cfg(not(feature = "network"))]
mod lean;
mod mdbook;
#[cfg(feature = "network")]
mod network;
mod options;
mod output;
mod report;
#[cfg(feature = "network")]
mod sandbox;
mod serve;
mod server_keys;
mod token;
mod verify;
#[cfg(feature = "network")]
mod withdraw;

use std::process::ExitCode;

use clap::{CommandFactory as _, Parser, Subcommand};

/// The protocols of x428: try them, test them, and write their specification.
#[derive(Parser)]
#[command(
    name = "x428",
    version,
    propagate_version = true,
    arg_required_else_help = true
)]
#[cfg_attr(not(feature = "network"), command(after_help = lean::AFTER_HELP))]
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
    /// Make keys, and show who they are
    Key(key::Arguments),
    /// Show the DID document of a key or of a DID
    Did(did::Arguments),
    /// Issue a challenge from the policy file of a server, for tests
    Challenge(challenge::Arguments),
    /// Answer a challenge: sign what the operator consents to
    #[cfg(feature = "network")]
    Attest(attest::Arguments),
    /// Verify a payload against its challenge, in ten steps
    Verify(verify::Arguments),
    /// Look into tokens
    Token(token::Arguments),
    /// Get a resource, and attest what it needs as far as the operator consents
    #[cfg(feature = "network")]
    Get(get::Arguments),
    /// Withdraw from an exchange, with your approval, and never twice
    #[cfg(feature = "network")]
    Withdraw(withdraw::Arguments),
    /// Serve a demo to try clients against
    #[cfg(feature = "network")]
    Sandbox(sandbox::Arguments),
    /// Look after the audit log of a server
    #[cfg(feature = "network")]
    Audit(audit::Arguments),
    /// Test an implementation: vectors against the SDK, requests against a server
    Conformance(conformance::Arguments),
    /// Write the completions of a shell
    Completions(completions::Completions),
    /// Write the manual pages
    Man(completions::Man),
    /// Speak mdBook's protocols for preprocessors and renderers; `mdbook build book` calls it
    #[command(hide = true)]
    Mdbook(mdbook::Arguments),
}

fn main() -> ExitCode {
    #[cfg(not(feature = "network"))]
    if let Some(code) = lean::hand_over() {
        return code;
    }
    let outcome = match Cli::parse().command {
        Command::Build(arguments) => build::run(&arguments),
        Command::Check(arguments) => check::run(&arguments),
        Command::Fix(arguments) => fix::run(&arguments),
        Command::Explain(arguments) => explain::run(&arguments),
        Command::Serve(arguments) => serve::run(&arguments),
        Command::Conformance(arguments) => conformance::run(&arguments),
        Command::Key(arguments) => key::run(&arguments),
        Command::Did(arguments) => did::run(&arguments),
        Command::Challenge(arguments) => challenge::run(&arguments),
        #[cfg(feature = "network")]
        Command::Attest(arguments) => attest::run(&arguments),
        Command::Verify(arguments) => verify::run(&arguments),
        Command::Token(arguments) => token::run(&arguments),
        #[cfg(feature = "network")]
        Command::Get(arguments) => get::run(&arguments),
        #[cfg(feature = "network")]
        Command::Withdraw(arguments) => withdraw::run(&arguments),
        #[cfg(feature = "network")]
        Command::Sandbox(arguments) => sandbox::run(&arguments),
        #[cfg(feature = "network")]
        Command::Audit(arguments) => audit::run(&arguments),
        Command::Completions(arguments) => completions::completions(&arguments, Cli::command()),
        Command::Man(arguments) => completions::man(&arguments, Cli::command()),
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
