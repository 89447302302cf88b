//! Accounts of Advanced Trade (section 15.7).

use serde::{Deserialize, Serialize};

use super::Gap;
use crate::wire::withdrawal::{Asset, AssetCode, AssetName, AssetNetworks};
use crate::withdrawal::decimal::Decimal;

/// An account of `GET /api/v3/brokerage/accounts`, as far as it is mapped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// The asset.
    pub currency: String,
    /// The name of the account.
    pub name: String,
    /// What can be used of it.
    pub available_balance: Available,
}

/// What can be used of an account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Available {
    /// A decimal in a string.
    pub value: String,
    /// The asset.
    pub currency: String,
}

/// The asset that an account holds, on the networks that the adapter knows: v3 names none.
///
/// # Errors
/// [`Gap`] for values that are not of the form of this protocol, and for a balance in another
/// asset than the account's.
pub fn asset(account: &Account, networks: AssetNetworks) -> Result<Asset, Gap> {
    let form = |what| move |_| Gap::new(what, "not of the form of this protocol");
    let available = &account.available_balance;
    if available.currency != account.currency {
        return Err(Gap::new("available_balance", "in another asset"));
    }
    let balance = Decimal::parse(&available.value)
        .map_err(|_| Gap::new("available_balance", "no decimal of this protocol"))?;
    let code = AssetCode::parse(account.currency.as_str()).map_err(form("currency"))?;
    let name = AssetName::parse(account.name.as_str()).map_err(form("name"))?;
    let balance = balance.try_into().map_err(form("available_balance"))?;
    Ok(Asset::new(code, name, networks).with_balance(balance))
}
