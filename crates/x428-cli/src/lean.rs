//! The command without the network, as editors of the specification build it. What was left out is
//! built when it is first asked for.

use std::{env, ffi::OsString, process::Command, process::ExitCode};

use crate::report::{self, CANNOT_RUN};

/// What `--help` says of it.
pub(crate) const AFTER_HELP: &str = "The commands `attest`, `get`, `withdraw`, `sandbox`, \
    `audit` and `conformance server` need the network: they are built when they are first asked for.";

/// Runs the whole command if it is asked for something that this one lacks.
pub(crate) fn hand_over() -> Option<ExitCode> {
    let arguments: Vec<OsString> = env::args_os().skip(1).collect();
    let word = |at: usize| {
        arguments
            .get(at)
            .and_then(|word| word.to_str())
            .unwrap_or_default()
    };
    let is_left_out = match (word(0), word(1)) {
        // Completions and pages are those of the whole command.
        ("attest" | "get" | "withdraw" | "sandbox" | "audit" | "completions" | "man", _)
        | ("conformance", "server") => true,
        ("did", did) => did.starts_with("did:web:"),
        _ => false,
    };
    is_left_out.then(|| run(&arguments))
}

fn run(arguments: &[OsString]) -> ExitCode {
    let Some(cargo) = env::var_os("CARGO") else {
        report::say("error: this command was built without the network");
        report::say("help: build it with the feature `network`, which is on by default");
        return ExitCode::from(CANNOT_RUN);
    };
    let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
    let status = Command::new(cargo)
        .args(["run", "--quiet", "--manifest-path", manifest, "--"])
        .args(arguments)
        .status();
    match status {
        Ok(status) => {
            let code = status.code().and_then(|code| u8::try_from(code).ok());
            ExitCode::from(code.unwrap_or(CANNOT_RUN))
        }
        Err(error) => {
            report::fatal(&error.into());
            ExitCode::from(CANNOT_RUN)
        }
    }
}
