//! What a withdrawal costs (section 5.2).

use x428::wire::withdrawal::{AssetCode, FeeMode, NetworkFee};
use x428::withdrawal::decimal::{Decimal, Rounding};

use crate::exchange::model::{ListedAsset, ListedNetwork};
use crate::exchange::store::Fault;

/// The fee, what arrives and what the account is debited.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Costs {
    pub(crate) fee_asset: AssetCode,
    pub(crate) fee: Decimal,
    pub(crate) receive: Decimal,
    pub(crate) debit: Decimal,
}

/// The fee of the moment, and the asset in which it is paid.
pub(crate) fn fee(
    asset: &ListedAsset,
    listed: &ListedNetwork,
    amount: Decimal,
) -> Result<(AssetCode, Decimal), Fault> {
    let read = |text| Decimal::try_from(text).map_err(Fault::because);
    match &listed.network.fee {
        NetworkFee::FixedFee(fee) => Ok((fee.asset.clone(), read(&fee.amount)?)),
        NetworkFee::DynamicFee(fee) => {
            let amount = fee.amount.as_ref().map(read).transpose()?;
            Ok((fee.asset.clone(), amount.unwrap_or_default()))
        }
        NetworkFee::PercentFee(fee) => {
            let rate = read(&fee.rate)?;
            let fee_amount = amount.mul_rounded(rate, asset.places, Rounding::Up);
            Ok((fee.asset.clone(), fee_amount.ok_or(Fault::Damaged)?))
        }
        _ => Err(Fault::Failed(
            "a fee of a kind that is not known".to_owned(),
        )),
    }
}

/// The arithmetic of both modes. Nothing if the amount does not even cover the fee.
// r[impl withdrawal.quote.arithmetic]
pub(crate) fn costs(
    asset: &ListedAsset,
    (fee_asset, fee): (AssetCode, Decimal),
    amount: Decimal,
    mode: FeeMode,
) -> Option<Costs> {
    let (receive, debit) = if fee_asset != asset.id.as_str() {
        (amount, amount)
    } else if mode == FeeMode::Inclusive {
        (amount.checked_sub(fee)?, amount)
    } else {
        (amount, amount.checked_add(fee)?)
    };
    receive.is_positive().then_some(Costs {
        fee_asset,
        fee,
        receive,
        debit,
    })
}
