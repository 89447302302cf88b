//! Step 6: asset, network, address, memo, amount, quote.

use x428::wire::withdrawal::{ErrorDetailCode, FeeMode, MemoSupport, WithdrawalErrorCode as Code};
use x428::withdrawal::decimal::Decimal;
use x428::withdrawal::refusal::Refused;
use x428::withdrawal::submission::Submission as Submitted;

use crate::exchange::access::Caller;
use crate::exchange::address;
use crate::exchange::api::assets::{unknown, with_status};
use crate::exchange::api::fees::{Costs, costs, fee};
use crate::exchange::call::Call;
use crate::exchange::failure::{Failure, refuse_at};
use crate::exchange::model::{ListedAsset, ListedNetwork, Quote, Submission};
use crate::exchange::store::{Fault, Writing};

/// How long to wait for a network that is suspended.
const SUSPENDED: std::time::Duration = std::time::Duration::from_mins(10);

/// Of what how much goes where.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    pub(crate) asset: String,
    pub(crate) network: String,
    pub(crate) amount: Decimal,
    /// Where it goes; a quote may leave it open.
    pub(crate) address: Option<String>,
    pub(crate) memo: Option<String>,
}

impl Target {
    /// Of a request to withdraw.
    pub(crate) fn of(submitted: &Submitted) -> Result<Self, Failure> {
        let request = submitted.request();
        Ok(Self {
            asset: request.asset.as_str().to_owned(),
            network: request.network.as_str().to_owned(),
            amount: Decimal::try_from(&request.amount).map_err(Fault::because)?,
            address: Some(request.address.as_str().to_owned()),
            memo: request.memo.as_ref().map(|memo| memo.as_str().to_owned()),
        })
    }
}

/// A target that the exchange can serve.
pub(crate) struct Destination<'a> {
    pub(crate) asset: &'a ListedAsset,
    pub(crate) network: &'a ListedNetwork,
    pub(crate) target: &'a Target,
}

impl<'a> Destination<'a> {
    /// Checks everything that depends on the network alone.
    // r[impl withdrawal.id.codes]
    // r[impl withdrawal.submit.network]
    // r[impl withdrawal.submit.network-unknown]
    // r[impl withdrawal.assets.suspended]
    // r[impl withdrawal.assets.step]
    pub(crate) fn check(
        call: &Call,
        listed: &'a [ListedAsset],
        target: &'a Target,
    ) -> Result<Self, Failure> {
        let asset = listed.iter().find(|asset| asset.id == target.asset);
        let asset = asset.ok_or_else(unknown)?;
        let mut networks = asset.networks.iter();
        let network = networks
            .find(|listed| listed.network.network == target.network.as_str())
            .ok_or_else(|| {
                refuse_at(
                    Code::NetworkNotSupported,
                    "The asset is not withdrawn on this network.",
                    "/network",
                    ErrorDetailCode::Value,
                )
            })?;
        if !with_status(call, network.network.clone()).withdrawal_enabled {
            return Err(Refused::new(
                Code::NetworkSuspended,
                "Withdrawals on this network are suspended.",
            )
            .at("/network", ErrorDetailCode::Value)
            .after(SUSPENDED)
            .into());
        }
        let destination = Self {
            asset,
            network,
            target,
        };
        if let Some(address) = &target.address {
            destination.address(address)?;
        }
        if target.address.is_some() || target.memo.is_some() {
            destination.memo()?;
        }
        destination.amount()?;
        Ok(destination)
    }

    fn address(&self, address: &str) -> Result<(), Failure> {
        if address::is_valid(self.network, address) {
            return Ok(());
        }
        Err(refuse_at(
            Code::InvalidAddress,
            "The address is not one of the network.",
            "/address",
            ErrorDetailCode::Format,
        ))
    }

    // r[impl withdrawal.submit.memo]
    fn memo(&self) -> Result<(), Failure> {
        let rule = &self.network.network.memo;
        match (rule.support, &self.target.memo) {
            (MemoSupport::Required, None) => Err(refuse_at(
                Code::MemoRequired,
                "The network needs a memo.",
                "/memo",
                ErrorDetailCode::Missing,
            )),
            (MemoSupport::None, Some(_)) => Err(refuse_at(
                Code::MemoNotSupported,
                "The network has no memo.",
                "/memo",
                ErrorDetailCode::Unknown,
            )),
            (_, Some(memo)) => {
                let fits = rule
                    .regex
                    .as_ref()
                    .is_none_or(|regex| address::matches(regex.as_str(), memo));
                if fits {
                    return Ok(());
                }
                Err(refuse_at(
                    Code::InvalidAddress,
                    "The memo is not one of the network.",
                    "/memo",
                    ErrorDetailCode::Format,
                ))
            }
            (_, None) => Ok(()),
        }
    }

    // r[impl withdrawal.submit.limits]
    fn amount(&self) -> Result<(), Failure> {
        let network = &self.network.network;
        let amount = self.target.amount;
        let least = Decimal::try_from(&network.min_amount).map_err(Fault::because)?;
        if amount < least {
            let message = format!("The least amount is {least}.");
            return Err(out_of_range(Code::AmountBelowMinimum, message));
        }
        if let Some(most) = &network.max_amount {
            let most = Decimal::try_from(most).map_err(Fault::because)?;
            if amount > most {
                let message = format!("The most is {most}.");
                return Err(out_of_range(Code::AmountAboveMaximum, message));
            }
        }
        let step = Decimal::try_from(&network.step).map_err(Fault::because)?;
        if !amount.is_multiple_of(step) {
            return Err(Refused::new(
                Code::AmountStepInvalid,
                format!("The amount is not a multiple of {step}."),
            )
            .at("/amount", ErrorDetailCode::Value)
            .into());
        }
        Ok(())
    }

    /// What it costs: as the quote says, if there is one, or at the fee of the moment.
    // r[impl withdrawal.submit.max-fee]
    // r[impl withdrawal.quote.honoured]
    pub(crate) async fn costs(
        &self,
        caller: &Caller,
        submitted: &Submitted,
        kept: &Submission,
        writing: &mut Writing,
    ) -> Result<Costs, Failure> {
        let request = submitted.request();
        let mode = submitted.fee_mode();
        let mut of_now = fee(self.asset, self.network, self.target.amount)?;
        if let Some(id) = &request.quote_id {
            let quote: Option<Quote> = writing.get(id.as_str()).await?;
            let quote = self.quote(caller, mode, kept, quote)?;
            of_now.1 = quote.fee;
        }
        let fee = of_now.1;
        let costs = self.costs_of(of_now, mode)?;
        let max_fee = request.max_fee.as_ref().map(Decimal::try_from);
        if let Some(max_fee) = max_fee.transpose().map_err(Fault::because)?
            && fee > max_fee
        {
            return Err(Refused::new(
                Code::FeeExceedsMax,
                format!("The fee is {fee} {}.", costs.fee_asset),
            )
            .at("/maxFee", ErrorDetailCode::Range)
            .into());
        }
        Ok(costs)
    }

    /// The arithmetic of a fee.
    pub(crate) fn costs_of(
        &self,
        fee: (x428::wire::withdrawal::AssetCode, Decimal),
        mode: FeeMode,
    ) -> Result<Costs, Failure> {
        costs(self.asset, fee, self.target.amount, mode).ok_or_else(|| {
            let message = "The amount does not cover the fee.".to_owned();
            out_of_range(Code::AmountBelowMinimum, message)
        })
    }

    // r[impl withdrawal.quote.binding]
    fn quote(
        &self,
        caller: &Caller,
        mode: FeeMode,
        kept: &Submission,
        quote: Option<Quote>,
    ) -> Result<Quote, Failure> {
        let target = self.target;
        let fits = |quote: &Quote| {
            quote.owner == caller.owner()
                && quote.client == caller.client.id
                && quote.asset == target.asset
                && quote.network == target.network
                && quote.amount == target.amount
                && quote.fee_mode == mode
                && quote.used_by.as_ref().is_none_or(|by| *by == kept.id)
                && (quote.address.is_none() || quote.address == target.address)
                && (quote.memo.is_none() || quote.memo == target.memo)
        };
        let quote = quote.filter(fits).ok_or_else(|| {
            refuse_at(
                Code::InvalidRequest,
                "The quote is not one for this withdrawal.",
                "/quoteId",
                ErrorDetailCode::Value,
            )
        })?;
        if kept.first_at >= quote.ends_at {
            let message = format!("The quote expired at {}.", quote.ends_at);
            return Err(Refused::new(Code::QuoteExpired, message)
                .at("/quoteId", ErrorDetailCode::Expired)
                .into());
        }
        Ok(quote)
    }

    /// What leaves the account, in US dollars, a fee in another asset included.
    pub(crate) fn dollars(&self, costs: &Costs, listed: &[ListedAsset]) -> Result<Decimal, Fault> {
        let debit = self.asset.worth(costs.debit)?;
        if costs.fee_asset == self.asset.id.as_str() {
            return Ok(debit);
        }
        let paid_in = listed
            .iter()
            .find(|asset| costs.fee_asset == asset.id.as_str());
        let fee = paid_in.ok_or(Fault::Damaged)?.worth(costs.fee)?;
        debit.checked_add(fee).ok_or(Fault::Damaged)
    }
}

fn out_of_range(code: Code, message: String) -> Failure {
    Refused::new(code, message)
        .at("/amount", ErrorDetailCode::Range)
        .into()
}
