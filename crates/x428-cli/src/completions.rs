//! `x428 completions` and `x428 man`

use std::{
    fs, io,
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::Context as _;
use clap::{Args, Command};
use clap_complete::Shell;

use crate::{output, report};

#[derive(Args)]
pub(crate) struct Completions {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

#[derive(Args)]
pub(crate) struct Man {
    /// The directory; it is made if it is not there
    #[arg(value_name = "DIR")]
    directory: PathBuf,
}

/// Writes the completions of a shell to standard output.
pub(crate) fn completions(
    arguments: &Completions,
    mut command: Command,
) -> anyhow::Result<ExitCode> {
    let name = command.get_name().to_owned();
    // The generator panics if what it writes to is closed.
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut command, name, &mut script);
    output::line(&String::from_utf8(script)?)?;
    Ok(ExitCode::SUCCESS)
}

/// Writes a page for the command and for each of its parts.
pub(crate) fn man(arguments: &Man, command: Command) -> anyhow::Result<ExitCode> {
    let directory = &arguments.directory;
    fs::create_dir_all(directory).with_context(|| directory.display().to_string())?;
    clap_mangen::generate_to(command, directory)
        .and_then(|()| name_sections(directory))
        .with_context(|| directory.display().to_string())?;
    report::say(&format!(
        "wrote the pages to {}; read one with `man {}/x428.1`",
        directory.display(),
        directory.display()
    ));
    Ok(ExitCode::SUCCESS)
}

/// What stands at the end of a help has the name that other manual pages give it.
fn name_sections(directory: &Path) -> io::Result<()> {
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        let is_page = path.extension().is_some_and(|extension| extension == "1");
        let stem = path.file_stem().and_then(|stem| stem.to_str());
        if !is_page || !stem.is_some_and(|stem| stem.starts_with("x428")) {
            continue;
        }
        let page = fs::read_to_string(&path)?;
        if page.contains("\n.SH EXTRA\n") {
            fs::write(&path, page.replace("\n.SH EXTRA\n", "\n.SH NOTES\n"))?;
        }
    }
    Ok(())
}
