//! `x428 withdraw supply`

use std::process::ExitCode;

use anyhow::Context as _;
use clap::Args;
use x428::{
    jcs::{Limits, StrictJson},
    wire::withdrawal::{TravelRule, WithdrawalId},
};

use super::{Session, State, explain::explained, show};
use crate::{advice::Advise as _, input, output::Output};

#[derive(Args)]
pub(super) struct Arguments {
    /// The withdrawal
    #[arg(value_name = "ID")]
    id: WithdrawalId,
    /// Travel Rule data, as JSON; `-` for standard input
    #[arg(value_name = "FILE")]
    data: String,
    #[command(flatten)]
    state: State,
    #[command(flatten)]
    output: Output,
}

pub(super) async fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let data = travel_rule(&arguments.data)?;
    let session = Session::open(&arguments.state).await?;
    match session.client.supply(&arguments.id, &data).await {
        Ok(reported) => {
            let text = show::withdrawal(&reported);
            arguments.output.give(&show::json(&reported), &text)?;
            Ok(ExitCode::SUCCESS)
        }
        Err(error) => explained(&error),
    }
}

/// Reads the data of a file, of which errors repeat nothing: they are about people.
pub(super) fn travel_rule(path: &str) -> anyhow::Result<TravelRule> {
    let text = input::read(path)?;
    StrictJson::parse(text.as_bytes(), Limits::default())
        .and_then(|json| json.read("Travel Rule data"))
        .with_context(|| path.to_owned())
        .advise("chapter 9 of the withdrawal protocol has examples")
}
