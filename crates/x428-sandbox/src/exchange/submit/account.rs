//! The steps 7 and 8: the account.

use jiff::Timestamp;
use x428::wire::withdrawal::{ErrorDetailCode, WithdrawalErrorCode as Code};
use x428::withdrawal::decimal::Decimal;

use super::{Destination, Target};
use crate::exchange::access::{Caller, periods};
use crate::exchange::api::fees::Costs;
use crate::exchange::call::Call;
use crate::exchange::failure::{Failure, refuse, refuse_at};
use crate::exchange::model::{Owner, Withdrawal};
use crate::exchange::store::{Fault, Writing};

/// What left the account in a period, by all clients.
const OF_ACCOUNT: &str = "SELECT data FROM withdrawal
    WHERE owner = $1 AND created_at >= $2
    AND status NOT IN ('failed', 'rejected', 'canceled', 'expired')";
const OF_CLIENT: &str = "SELECT count(*) AS count FROM withdrawal
    WHERE owner = $1 AND client = $2 AND created_at >= $3";

/// Whether the balance covers amount and fee.
// r[impl withdrawal.submit.balance]
pub(super) async fn balance(
    caller: &Caller,
    destination: &Destination<'_>,
    costs: &Costs,
    writing: &mut Writing,
) -> Result<(), Failure> {
    let of_fee = || {
        refuse_at(
            Code::InsufficientBalanceForFee,
            "The balance does not cover the fee.",
            "/amount",
            ErrorDetailCode::Range,
        )
    };
    let available = writing
        .balance(caller.owner(), &destination.asset.id)
        .await?
        .available;
    if available < destination.target.amount {
        return Err(refuse_at(
            Code::InsufficientBalance,
            "The balance does not cover the amount.",
            "/amount",
            ErrorDetailCode::Range,
        ));
    }
    if available < costs.debit {
        return Err(of_fee());
    }
    if costs.fee_asset != destination.asset.id.as_str() {
        let of_other = writing
            .balance(caller.owner(), costs.fee_asset.as_str())
            .await?;
        if of_other.available < costs.fee {
            return Err(of_fee());
        }
    }
    Ok(())
}

/// Whether the account may withdraw as much, and the client as often, in a day.
pub(super) async fn limits(
    call: &Call,
    caller: &Caller,
    owner: &Owner,
    dollars: Decimal,
    writing: &mut Writing,
) -> Result<(), Failure> {
    let (day, _) = periods(call.now)?;
    let since = day.as_millisecond();
    let values = vec![owner.id.as_str().into(), since.into()];
    let today: Vec<Withdrawal> = writing.find(OF_ACCOUNT, values).await?;
    let total = today
        .iter()
        .try_fold(dollars, |sum: Decimal, withdrawal| {
            sum.checked_add(withdrawal.dollars)
        })
        .ok_or(Fault::Damaged)?;
    let values = vec![
        owner.id.as_str().into(),
        caller.client.id.as_str().into(),
        since.into(),
    ];
    let rows = writing.rows(OF_CLIENT, values).await?;
    let count = rows.first().ok_or(Fault::Damaged)?.int("count")?;
    if total > owner.daily_limit || count >= i64::from(call.exchange.settings.withdrawals_per_day) {
        return Err(refuse_at(
            Code::DailyLimitExceeded,
            "The account may not withdraw as much in a day.",
            "/amount",
            ErrorDetailCode::Range,
        ));
    }
    Ok(())
}

/// Whether something holds the account, or forbids the destination.
// r[impl withdrawal.submit.holds]
// r[impl withdrawal.submit.address-book]
pub(super) fn holds(owner: &Owner, target: &Target, now: Timestamp) -> Result<(), Failure> {
    if owner.restricted {
        return Err(refuse(
            Code::AccountRestricted,
            "The account may not withdraw.",
        ));
    }
    if owner.held_until.is_some_and(|until| now < until) {
        return Err(refuse(
            Code::SecurityHold,
            "Withdrawals are held after a change of the security settings.",
        ));
    }
    if !owner.identified {
        return Err(refuse(
            Code::KycRequired,
            "The owner has to be identified first.",
        ));
    }
    let Some(known) = &owner.addresses else {
        return Ok(());
    };
    let known = known.iter().find(|known| {
        known.network == target.network && Some(&known.address) == target.address.as_ref()
    });
    match known {
        None => Err(refuse_at(
            Code::AddressNotAllowed,
            "The address is not on the owner's list.",
            "/address",
            ErrorDetailCode::Value,
        )),
        Some(known) if now < known.usable_from => Err(refuse_at(
            Code::AddressCoolingOff,
            "The address was added too recently.",
            "/address",
            ErrorDetailCode::Value,
        )),
        Some(_) => Ok(()),
    }
}
