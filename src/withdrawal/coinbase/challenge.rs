//! The challenge that an adapter makes when Coinbase wants a second factor (section 15.3).

use jiff::Timestamp;

use crate::error::Misuse;
use crate::wire::withdrawal::{
    AttemptsRemaining, CHALLENGE_LIFETIME_MAX, CODE_ATTEMPTS_MAX, Challenge, ChallengeDisplay,
    ChallengeDisplayClient, ChallengeId, ChallengeMethod, ChallengeMethodHint, ChallengeMethods,
    ChallengePolicy, ChallengeStatus, CoinbaseFactor, MethodStatus, POLL_INTERVAL, PollInterval,
    Timestamp as Written,
};
use crate::wire::{self, withdrawal::WithdrawalRequest};
use crate::withdrawal::intent::IntentHash;

/// What an adapter knows of a send for which Coinbase wants a second factor.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// Names the challenge: fresh and random.
    pub id: &'a ChallengeId,
    /// What the client asked for.
    pub request: &'a WithdrawalRequest,
    /// Its intent hash. The adapter keeps it; Coinbase does not tie its code to it.
    pub intent_hash: IntentHash,
    /// The name of the client.
    pub client: &'a ChallengeDisplayClient,
}

/// The challenge for a send that Coinbase has answered with `two_factor_required`: a code in a text
/// message or of an authenticator app, whichever the owner has.
///
/// Neither method has a hint, because Coinbase gives none. The challenge lives as long as one may.
///
/// # Errors
/// [`Misuse`] for a time at the end of the calendar.
// r[impl withdrawal.coinbase.two-factor]
pub fn challenge(asked: &Asked<'_>, now: Timestamp) -> Result<Challenge, Misuse> {
    let expires_at = now
        .checked_add(CHALLENGE_LIFETIME_MAX)
        .map_err(|error| Misuse::new(error.to_string()))?;
    let methods: Result<Vec<_>, _> = CoinbaseFactor::ALL.iter().copied().map(method).collect();
    let request = asked.request;
    let attempts = i64::try_from(CODE_ATTEMPTS_MAX).unwrap_or(i64::MAX);
    let interval = i64::try_from(POLL_INTERVAL.as_secs()).unwrap_or(i64::MAX);
    Ok(Challenge::new(
        asked.id.clone(),
        ChallengeStatus::Pending,
        ChallengePolicy::Any,
        ChallengeMethods::new(methods?).map_err(misuse)?,
        ChallengeDisplay::new(
            request.asset.clone(),
            request.network.clone(),
            request.amount.clone(),
            request.address.clone(),
            asked.client.clone(),
        ),
        asked.intent_hash.try_into().map_err(misuse)?,
        Written::try_from(expires_at).map_err(misuse)?,
        AttemptsRemaining::try_from(attempts).map_err(misuse)?,
        PollInterval::try_from(interval).map_err(misuse)?,
    ))
}

fn method(factor: CoinbaseFactor) -> Result<ChallengeMethod, Misuse> {
    let method = factor.becomes();
    let hint = ChallengeMethodHint::parse("").map_err(misuse)?;
    let status = MethodStatus::Available;
    Ok(ChallengeMethod::new(method, method.mode(), status, hint))
}

#[expect(clippy::needless_pass_by_value, reason = "the argument of map_err")]
fn misuse(error: wire::Invalid) -> Misuse {
    Misuse::new(error.to_string())
}
