//! `x428 withdraw quote`

use std::process::ExitCode;

use anyhow::anyhow;
use clap::Args;
use serde_json::json;
use x428::{
    wire::withdrawal::{
        Address, Asset, AssetCode, FeeMode, NetworkCode, PositiveDecimal, Quote, QuoteRequest,
    },
    withdrawal::client::ClientError,
};

use super::{Session, State, explain::explained};
use crate::{
    advice::Advise as _,
    output::{Output, harmless_line},
};

#[derive(Args)]
pub(super) struct What {
    /// How much, such as 0.2
    #[arg(value_name = "AMOUNT", value_parser = amount)]
    pub(super) amount: PositiveDecimal,
    /// Of what, such as ETH
    #[arg(value_name = "ASSET")]
    pub(super) asset: AssetCode,
    /// On which network [default: the only one that is open]
    #[arg(long, value_name = "NETWORK")]
    pub(super) network: Option<NetworkCode>,
    /// Take the fee out of the amount, instead of adding it
    #[arg(long)]
    pub(super) inclusive: bool,
}

impl What {
    pub(super) fn fee_mode(&self) -> Option<FeeMode> {
        self.inclusive.then_some(FeeMode::Inclusive)
    }
}

#[derive(Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    what: What,
    #[command(flatten)]
    state: State,
    #[command(flatten)]
    output: Output,
}

pub(super) async fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let session = Session::open(&arguments.state).await?;
    match priced(&session, &arguments.what, None).await? {
        Ok((network, quote)) => {
            let text = price(&arguments.what, &network, &quote);
            arguments.output.give(&json!(quote), &text)?;
            Ok(ExitCode::SUCCESS)
        }
        Err(error) => explained(&error),
    }
}

fn amount(text: &str) -> Result<PositiveDecimal, &'static str> {
    PositiveDecimal::parse(text).map_err(|_| "an amount is a decimal number, such as 0.2")
}

/// Asks for a price; without a network, for the one on which the asset can be withdrawn.
pub(super) async fn priced(
    session: &Session,
    what: &What,
    address: Option<&Address>,
) -> anyhow::Result<Result<(NetworkCode, Quote), ClientError>> {
    let asset = match session.client.asset(&what.asset).await {
        Ok(asset) => asset,
        Err(error) => return Ok(Err(error)),
    };
    let network = network(&asset, what.network.as_ref())?;
    let mut question = QuoteRequest::new(what.asset.clone(), network.clone(), what.amount.clone());
    question.fee_mode = what.fee_mode();
    question.address = address.cloned();
    let quote = session.client.quote(&question).await;
    Ok(quote.map(|quote| (network, quote)))
}

fn network(asset: &Asset, wanted: Option<&NetworkCode>) -> anyhow::Result<NetworkCode> {
    if let Some(wanted) = wanted {
        return Ok(wanted.clone());
    }
    let networks = asset.networks.iter();
    let open: Vec<_> = networks
        .filter(|network| network.withdrawal_enabled)
        .map(|network| &network.network)
        .collect();
    match open.as_slice() {
        [only] => Ok((*only).clone()),
        [] => anyhow!("{} cannot be withdrawn at the moment", asset.asset)
            .advise("`x428 withdraw assets` shows the networks"),
        several => {
            let names: Vec<_> = several.iter().map(|name| name.as_str()).collect();
            let names = harmless_line(&names.join(", "));
            anyhow!("{} is withdrawn on several networks: {names}", asset.asset)
                .advise("choose one with --network; on the wrong one it may be lost")
        }
    }
}

/// What a withdrawal costs, a line for each part.
pub(super) fn price(what: &What, network: &NetworkCode, quote: &Quote) -> String {
    let asset = &what.asset;
    let step_up = if quote.step_up_likely {
        "; the exchange will probably ask you to approve it"
    } else {
        ""
    };
    let lines = [
        format!("send      {} {asset} on {network}", what.amount),
        format!("fee       {} {}", quote.fee.amount, quote.fee.asset),
        format!("arrives   {} {asset}", quote.receive_amount),
        format!("debited   {} {asset}", quote.total_debit),
        format!("until     {}{step_up}", quote.expires_at),
    ];
    lines.map(|line| harmless_line(&line)).join("\n")
}
