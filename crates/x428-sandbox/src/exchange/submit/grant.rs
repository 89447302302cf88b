//! Step 5: what the owner has granted this client.

use jiff::Timestamp;
use x428::wire::withdrawal::{
    AuthorizationDetail, AuthorizedAction, ErrorDetailCode, FeeMode, LimitPeriod,
    WithdrawalErrorCode as Code,
};
use x428::withdrawal::decimal::{Decimal, Rounding};

use super::Target;
use crate::exchange::access::{Caller, periods};
use crate::exchange::call::Call;
use crate::exchange::failure::{Failure, refuse_at};
use crate::exchange::model::ListedAsset;
use crate::exchange::oauth::details::dollars;
use crate::exchange::store::Fault;
use crate::exchange::store::spending::{self, Spent};

/// Whether the grant allows the asset on the network, and the address.
pub(super) fn destination(caller: &Caller, target: &Target) -> Result<(), Failure> {
    let details = &caller.consent.details;
    if details.is_empty() {
        return Ok(());
    }
    let mut of_asset = of_asset(details, target).peekable();
    if of_asset.peek().is_none() {
        return Err(exceeded(
            "The owner did not allow this asset on this network.",
            "/asset",
        ));
    }
    let is_allowed = of_asset.any(|detail| {
        detail.destinations.as_ref().is_none_or(|allowed| {
            allowed.iter().any(|allowed| {
                allowed.network == target.network.as_str()
                    && Some(allowed.address.as_str()) == target.address.as_deref()
                    && allowed
                        .memo
                        .as_ref()
                        .is_none_or(|memo| Some(memo.as_str()) == target.memo.as_deref())
            })
        })
    });
    if is_allowed {
        Ok(())
    } else {
        Err(refuse_at(
            Code::AddressNotAllowed,
            "The owner did not allow this destination.",
            "/address",
            ErrorDetailCode::Value,
        ))
    }
}

/// Whether the withdrawal is within every limit of the details that allow it.
// r[impl withdrawal.details.conversion]
pub(super) fn limits(
    call: &Call,
    caller: &Caller,
    spent: &[Spent],
    listed: &[ListedAsset],
    target: &Target,
    mode: FeeMode,
) -> Result<(), Failure> {
    let Some(asset) = listed.iter().find(|asset| asset.id == target.asset) else {
        // Step 6 says that there is no such asset.
        return Ok(());
    };
    let fee = asset
        .networks
        .iter()
        .find(|listed| listed.network.network == target.network.as_str())
        .map(|listed| crate::exchange::api::fees::fee(asset, listed, target.amount))
        .transpose()?;
    let mut worth = asset.worth(target.amount)?;
    if let Some((of, fee)) = fee
        // An inclusive fee is a part of the amount.
        && !(mode == FeeMode::Inclusive && of == asset.id.as_str())
    {
        let paid_in = listed.iter().find(|known| of == known.id.as_str());
        let fee = paid_in.ok_or(Fault::Damaged)?.worth(fee)?;
        worth = worth.checked_add(fee).ok_or(Fault::Damaged)?;
    }
    let (day, month) = periods(call.now)?;
    for detail in of_asset(&caller.consent.details, target) {
        for limit in &*detail.limits {
            let rate = dollars(&limit.currency, listed).ok_or(Fault::Damaged)?;
            let most = Decimal::try_from(&limit.amount).map_err(Fault::because)?;
            let most = most
                .mul_rounded(rate, 18, Rounding::Down)
                .ok_or(Fault::Damaged)?;
            let before = match limit.period {
                LimitPeriod::Transaction => Decimal::ZERO,
                LimitPeriod::Day => withdrawn(caller, spent, day)?,
                LimitPeriod::Month => withdrawn(caller, spent, month)?,
                _ => {
                    return Err(exceeded(
                        "A limit is of a kind that is not known.",
                        "/amount",
                    ));
                }
            };
            let total = before.checked_add(worth).ok_or(Fault::Damaged)?;
            if total > most {
                let message = match limit.period {
                    LimitPeriod::Transaction => "The withdrawal exceeds the limit of one.",
                    LimitPeriod::Day => "The withdrawal exceeds the limit of the day.",
                    _ => "The withdrawal exceeds the limit of the month.",
                };
                return Err(exceeded(message, "/amount"));
            }
        }
    }
    Ok(())
}

fn of_asset<'a>(
    details: &'a [AuthorizationDetail],
    target: &'a Target,
) -> impl Iterator<Item = &'a AuthorizationDetail> {
    details.iter().filter(|detail| {
        detail.actions.contains(&AuthorizedAction::Create)
            && detail.assets.iter().any(|granted| {
                let mut networks = granted.networks.iter();
                granted.asset == target.asset.as_str()
                    && networks.any(|network| *network == target.network.as_str())
            })
    })
}

/// What the client has withdrawn since a day of the month.
// r[impl withdrawal.details.counted]
fn withdrawn(caller: &Caller, spent: &[Spent], since: Timestamp) -> Result<Decimal, Fault> {
    spending::sum(
        spent
            .iter()
            .filter(|spent| spent.client == caller.client.id && spent.day >= since),
    )
}

fn exceeded(message: &'static str, field: &str) -> Failure {
    refuse_at(
        Code::AuthorizationLimitExceeded,
        message,
        field,
        ErrorDetailCode::Range,
    )
}
