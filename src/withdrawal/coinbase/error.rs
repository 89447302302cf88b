//! Errors (sections 15.3 and 15.5).

use std::time::Duration;

use super::{ErrorList, Gap};
use crate::jcs::{Limits, StrictJson};
use crate::wire::withdrawal::{CoinbaseErrorId, WithdrawalErrorCode as Code};
use crate::withdrawal::refusal::Refused;

/// What an error of Coinbase means for the client of an adapter.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum ErrorAnswer {
    /// Coinbase wants a second factor: the adapter makes a challenge and answers 428.
    SecondFactor,
    /// The request is refused.
    Refused(Refused),
}

/// Reads an error by its id, and by its status if the id is not known.
///
/// Nothing of what Coinbase says in a sentence is passed on. `retry_after` is the header of that
/// name, if there was one.
// r[impl withdrawal.coinbase.two-factor]
// r[impl withdrawal.coinbase.unknown-error]
#[must_use]
pub fn read_error(status: u16, body: &[u8], retry_after: Option<Duration>) -> ErrorAnswer {
    let code = first_id(body).map_or_else(|| by_status(status), CoinbaseErrorId::becomes);
    if code == Code::ChallengeRequired {
        return ErrorAnswer::SecondFactor;
    }
    let refused = Refused::new(code, code.meaning());
    ErrorAnswer::Refused(match retry_after {
        Some(wait) if refused.is_retryable() => refused.after(wait),
        _ => refused,
    })
}

/// Coinbase's id of an error: the first that means it.
///
/// # Errors
/// [`Gap`] for a code that none of Coinbase's errors means.
pub fn written_error(code: Code) -> Result<CoinbaseErrorId, Gap> {
    CoinbaseErrorId::ALL
        .iter()
        .copied()
        .find(|id| id.becomes() == code)
        .ok_or(Gap::new("code", "Coinbase has no error for it"))
}

fn first_id(body: &[u8]) -> Option<CoinbaseErrorId> {
    let json = StrictJson::parse(body, Limits::default()).ok()?;
    let list: ErrorList = json.read("error").ok()?;
    list.errors.first()?.id.parse().ok()
}

fn by_status(status: u16) -> Code {
    match status {
        429 => Code::RateLimited,
        400..=499 => Code::InvalidRequest,
        _ => Code::ProviderUnavailable,
    }
}
