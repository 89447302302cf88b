//! `x428 withdraw list`

use std::process::ExitCode;

use clap::Args;
use futures_util::StreamExt as _;
use serde_json::json;
use x428::{
    wire::withdrawal::{AssetCode, WithdrawalStatus},
    withdrawal::cursor::Filters,
};

use super::{Session, State, explain::explained, show};
use crate::output::Output;

#[derive(Args)]
pub(super) struct Arguments {
    /// Only those of this status
    #[arg(long, value_name = "STATUS")]
    status: Option<WithdrawalStatus>,
    /// Only those of this asset
    #[arg(long, value_name = "ASSET")]
    asset: Option<AssetCode>,
    /// No more than this many
    #[arg(long, value_name = "NUMBER", default_value_t = 50)]
    limit: usize,
    #[command(flatten)]
    state: State,
    #[command(flatten)]
    output: Output,
}

pub(super) async fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let session = Session::open(&arguments.state).await?;
    let mut filters = Filters::default();
    filters.status = arguments.status;
    filters.asset.clone_from(&arguments.asset);
    let list = session.client.list(filters, None).take(arguments.limit);
    let mut list = std::pin::pin!(list);
    let (mut values, mut lines) = (Vec::new(), Vec::new());
    while let Some(next) = list.next().await {
        match next {
            Ok(reported) => {
                values.push(show::json(&reported));
                lines.push(show::withdrawal(&reported));
            }
            Err(error) => return explained(&error),
        }
    }
    if !lines.is_empty() || arguments.output.json {
        arguments.output.give(&json!(values), &lines.join("\n"))?;
    }
    show::unsettled(&session.client.pending().await?);
    Ok(ExitCode::SUCCESS)
}
