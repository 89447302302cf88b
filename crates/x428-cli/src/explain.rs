//! `x428 explain`

use std::process::ExitCode;

use anyhow::anyhow;
use clap::Args;
use x428_spec::diagnostic::Code;

use crate::output;

#[derive(Args)]
pub(crate) struct Arguments {
    /// The code; without one, all are listed
    code: Option<String>,
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let text = match &arguments.code {
        None => {
            let title = |code: &Code| format!("{code}  {}", code.title());
            let titles: Vec<String> = Code::ALL.iter().map(title).collect();
            titles.join("\n")
        }
        Some(text) => {
            let code = Code::parse(text)
                .ok_or_else(|| anyhow!("there is no code `{text}`; `x428 explain` lists all"))?;
            format!("{code}: {}\n\n{}", code.title(), code.explanation())
        }
    };
    output::line(&text)?;
    Ok(ExitCode::SUCCESS)
}
