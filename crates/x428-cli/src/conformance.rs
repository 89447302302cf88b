//! `x428 conformance`

use std::{
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context as _, anyhow};
use clap::{Args, Subcommand, ValueEnum};
use x428_conformance::{Outcome, Profile, Vector, parse};

use crate::report::{self, CANNOT_RUN};

#[cfg(feature = "network")]
mod server;

#[derive(Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run vector files against the SDK
    Vectors(Vectors),
    /// Run the whole handshake, good and bad, against a live server
    #[cfg(feature = "network")]
    Server(server::Arguments),
}

#[derive(Args)]
struct Vectors {
    /// Files, or directories with files
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Verify proofs of credentials as published vectors make them; for tests only
    #[arg(long, value_enum, value_name = "PROFILE")]
    vc_proof: Option<VcProof>,
}

#[derive(Clone, Copy, ValueEnum)]
enum VcProof {
    /// Ed25519 over the canonical JSON of the credential
    LegacyJcs,
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    match &arguments.command {
        Command::Vectors(arguments) => vectors(arguments),
        #[cfg(feature = "network")]
        Command::Server(arguments) => server::run(arguments),
    }
}

fn vectors(arguments: &Vectors) -> anyhow::Result<ExitCode> {
    let profile = match arguments.vc_proof {
        Some(VcProof::LegacyJcs) => Profile::legacy_jcs(),
        None => Profile::default(),
    };
    let mut files = Vec::new();
    for path in &arguments.paths {
        collect(path, &mut files)?;
    }
    // All files are read first: a file that is none should not be found after a thousand lines.
    let mut vectors = Vec::with_capacity(files.len());
    let mut unreadable = false;
    for path in &files {
        match read(path) {
            Ok(own) => vectors.push((path, own)),
            Err(error) => {
                report::fatal(&error);
                unreadable = true;
            }
        }
    }
    if unreadable {
        return Ok(ExitCode::from(CANNOT_RUN));
    }
    let mut output = std::io::stdout().lock();
    let (mut passed, mut failed) = (0_usize, 0_usize);
    for (path, vectors) in &vectors {
        for vector in vectors {
            let place = format!("{}: {}", path.display(), vector.name());
            match vector.run(&profile) {
                Outcome::Passed => {
                    passed += 1;
                    writeln!(output, "ok      {place}")?;
                }
                Outcome::Failed { expected, actual } => {
                    failed += 1;
                    writeln!(output, "FAILED  {place}: expected {expected}, got {actual}")?;
                }
            }
        }
    }
    writeln!(output, "{passed} passed, {failed} failed")?;
    Ok(ExitCode::from(u8::from(failed > 0)))
}

fn read(path: &Path) -> anyhow::Result<Vec<Vector>> {
    let bytes = fs::read(path).with_context(|| path.display().to_string())?;
    // The message of a format error has its source in it.
    parse(&bytes).map_err(|error| anyhow!("{}: {error}", path.display()))
}

/// The files themselves, and the JSON files below directories, in order.
fn collect(path: &Path, files: &mut Vec<PathBuf>) -> anyhow::Result<()> {
    if !path.is_dir() {
        files.push(path.to_owned());
        return Ok(());
    }
    let entries = fs::read_dir(path).with_context(|| path.display().to_string())?;
    let mut entries: Vec<_> = entries
        .map(|entry| Ok(entry?.path()))
        .collect::<std::io::Result<_>>()?;
    entries.sort();
    let before = files.len();
    for entry in entries {
        if entry.is_dir() {
            collect(&entry, files)?;
        } else if entry
            .extension()
            .is_some_and(|extension| extension == "json")
        {
            files.push(entry);
        }
    }
    anyhow::ensure!(
        files.len() > before,
        "{}: no JSON file in this directory",
        path.display()
    );
    Ok(())
}
