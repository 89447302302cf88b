//! The steps 7 and 8: the account.

use jiff::Timestamp;
use x428::wire::withdrawal::{ErrorDetailCode, WithdrawalErrorCode as Code};
use x428::withdrawal::decimal::Decimal;

use super::known::Account;
use super::{Destination, Target};
use crate::exchange::access::{Caller, periods};
use crate::exchange::api::fees::Costs;
use crate::exchange::call::Call;
use crate::exchange::failure::{Failure, refuse, refuse_at};
use crate::exchange::model::Owner;
use crate::exchange::store::{Fault, spending};

/// Whether the balance covers amount and fee.
// r[impl withdrawal.submit.balance]
pub(super) fn balance(
    account: &Account,
    destination: &Destination<'_>,
    costs: &Costs,
) -> Result<(), Failure> {
    let of_fee = || {
        refuse_at(
            Code::InsufficientBalanceForFee,
            "The balance does not cover the fee.",
            "/amount",
            ErrorDetailCode::Range,
        )
    };
    let available = account.balance(&destination.asset.id).available;
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
    let is_of_other = costs.fee_asset != destination.asset.id.as_str();
    if is_of_other && account.balance(costs.fee_asset.as_str()).available < costs.fee {
        return Err(of_fee());
    }
    Ok(())
}

/// Whether the account may withdraw as much, and the client as often, in a day.
pub(super) fn limits(
    call: &Call,
    caller: &Caller,
    owner: &Owner,
    account: &Account,
    dollars: Decimal,
) -> Result<(), Failure> {
    let (day, _) = periods(call.now)?;
    let today = account.spent.iter().filter(|spent| spent.day >= day);
    let total = spending::sum(today)?.checked_add(dollars);
    let total = total.ok_or(Fault::Damaged)?;
    let count = spending::of_day(&account.spent, &caller.client.id, day).count;
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
