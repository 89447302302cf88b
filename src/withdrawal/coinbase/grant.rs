//! Scopes and limits (section 15.1).

use super::Gap;
use crate::wire::withdrawal::{
    AuthorizedLimit, CoinbaseScope, CurrencyCode, LimitPeriod, PositiveDecimal, Scope,
};

/// The one limit that a grant of Coinbase can have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SendLimit {
    /// The most that may be sent in the period.
    pub amount: PositiveDecimal,
    /// The currency of the amount.
    pub currency: CurrencyCode,
    /// `day` or `month`.
    pub period: String,
}

/// Coinbase's name of a scope.
///
/// # Errors
/// [`Gap`] for `withdrawals:cancel` and `webhooks:manage`.
pub fn scope(scope: Scope) -> Result<CoinbaseScope, Gap> {
    CoinbaseScope::ALL
        .iter()
        .copied()
        .find(|own| own.becomes() == scope)
        .ok_or(Gap::new("scope", "Coinbase has no such scope"))
}

/// The scope that Coinbase calls so.
#[must_use]
pub fn scope_named(name: &str) -> Option<Scope> {
    name.parse().ok().map(CoinbaseScope::becomes)
}

/// The limit of a grant, in Coinbase's terms.
///
/// # Errors
/// [`Gap`] for another number of limits than one, and for a limit of each transaction. The adapter
/// enforces those itself.
pub fn send_limit(limits: &[AuthorizedLimit]) -> Result<SendLimit, Gap> {
    let [limit] = limits else {
        return Err(Gap::new("limits", "a grant has one limit alone"));
    };
    if limit.period == LimitPeriod::Transaction {
        return Err(Gap::new("period", "no limit is of each transaction"));
    }
    Ok(SendLimit {
        amount: limit.amount.clone(),
        currency: limit.currency.clone(),
        period: limit.period.as_str().to_owned(),
    })
}

/// The parameters that an authorization request to Coinbase has for a limit.
#[must_use]
pub fn meta(limit: &SendLimit) -> [(&'static str, String); 3] {
    [
        ("meta[send_limit_amount]", limit.amount.to_string()),
        ("meta[send_limit_currency]", limit.currency.to_string()),
        ("meta[send_limit_period]", limit.period.clone()),
    ]
}

impl TryFrom<&SendLimit> for AuthorizedLimit {
    type Error = Gap;

    /// Fails for a period that this protocol does not have.
    fn try_from(limit: &SendLimit) -> Result<Self, Gap> {
        let period = match limit.period.parse() {
            Ok(LimitPeriod::Transaction) | Err(_) => {
                return Err(Gap::new("period", "neither a day nor a month"));
            }
            Ok(period) => period,
        };
        Ok(Self::new(
            limit.amount.clone(),
            limit.currency.clone(),
            period,
        ))
    }
}
