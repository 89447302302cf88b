//! `x428 explain`

use std::{io::Write as _, process::ExitCode};

use anyhow::anyhow;
use clap::Args;
use x428_spec::diagnostic::Code;

#[derive(Args)]
pub(crate) struct Arguments {
    /// The code; without one, all are listed
    code: Option<String>,
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let mut output = std::io::stdout().lock();
    match &arguments.code {
        None => {
            for code in Code::ALL {
                writeln!(output, "{code}  {}", code.title())?;
            }
        }
        Some(text) => {
            let code = Code::parse(text)
                .ok_or_else(|| anyhow!("there is no code `{text}`; `x428 explain` lists all"))?;
            writeln!(
                output,
                "{code}: {}\n\n{}",
                code.title(),
                code.explanation().trim_end()
            )?;
        }
    }
    Ok(ExitCode::SUCCESS)
}
