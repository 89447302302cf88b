//! What the text allows an exchange to be set to.

use std::fmt::Debug;
use std::time::Duration;

use x428::wire::withdrawal::{
    ACCESS_TOKEN_LIFETIME_MAX, AUTHORIZATION_CODE_LIFETIME_MAX, CHALLENGE_KEPT_MIN,
    CHALLENGE_LIFETIME_MAX, ExchangeLifetimesIdempotency, ExchangeMetadataName,
    IDEMPOTENCY_RETENTION_MIN, PAR_LIFETIME_MAX, PROOF_LIFETIME_MAX, QUOTE_LIFETIME_MAX,
    RequestsPerMinute, WithdrawalsPerDay,
};

use super::Settings;

/// A setting that the specification does not allow.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{setting} is {given}, and the specification allows {allowed}")]
pub struct NotAllowed {
    setting: &'static str,
    given: String,
    allowed: String,
}

impl NotAllowed {
    /// The setting, as the member of [`Settings`] is named.
    #[must_use]
    pub fn setting(&self) -> &'static str {
        self.setting
    }
}

/// Lifetimes are told in whole seconds, so that a shorter one has no name.
const LEAST: Duration = Duration::from_secs(1);

impl Settings {
    /// Refuses what breaks a limit of the text (sections 2.6 and 3.9).
    pub(crate) fn check(&self) -> Result<(), NotAllowed> {
        let idempotency_max = Duration::from_secs(ExchangeLifetimesIdempotency::MAX.into());
        let lifetimes = [
            // r[impl withdrawal.token.lifetime]
            (
                "access_token_lifetime",
                self.access_token_lifetime,
                LEAST,
                ACCESS_TOKEN_LIFETIME_MAX,
            ),
            (
                "code_lifetime",
                self.code_lifetime,
                LEAST,
                AUTHORIZATION_CODE_LIFETIME_MAX,
            ),
            (
                "request_lifetime",
                self.request_lifetime,
                LEAST,
                PAR_LIFETIME_MAX,
            ),
            (
                "quote_lifetime",
                self.quote_lifetime,
                LEAST,
                QUOTE_LIFETIME_MAX,
            ),
            // r[impl withdrawal.challenge.lifetime]
            (
                "challenge_lifetime",
                self.challenge_lifetime,
                LEAST,
                CHALLENGE_LIFETIME_MAX,
            ),
            (
                "challenge_kept",
                self.challenge_kept,
                CHALLENGE_KEPT_MIN,
                Duration::MAX,
            ),
            // r[impl withdrawal.proof.lifetime]
            (
                "proof_lifetime",
                self.proof_lifetime,
                LEAST,
                PROOF_LIFETIME_MAX,
            ),
            // r[impl withdrawal.idempotency.retention]
            (
                "idempotency_retention",
                self.idempotency_retention,
                IDEMPOTENCY_RETENTION_MIN,
                idempotency_max,
            ),
        ];
        for (setting, given, least, most) in lifetimes {
            within(setting, given, least, most, Duration::MAX)?;
        }
        let numbers = [
            (
                "requests_per_minute",
                self.requests_per_minute,
                RequestsPerMinute::MIN,
                RequestsPerMinute::MAX,
            ),
            (
                "withdrawals_per_day",
                self.withdrawals_per_day,
                WithdrawalsPerDay::MIN,
                WithdrawalsPerDay::MAX,
            ),
        ];
        for (setting, given, least, most) in numbers {
            within(setting, given, least, most, u32::MAX)?;
        }
        match ExchangeMetadataName::parse(self.name.as_str()) {
            Ok(_) => Ok(()),
            Err(_) => Err(NotAllowed {
                setting: "name",
                given: format!("{} characters long", self.name.chars().count()),
                allowed: "no name of that length".to_owned(),
            }),
        }
    }
}

/// Whether a value is between two others; `endless` is no limit.
fn within<T: Copy + PartialOrd + Debug>(
    setting: &'static str,
    given: T,
    least: T,
    most: T,
    endless: T,
) -> Result<(), NotAllowed> {
    if least <= given && given <= most {
        return Ok(());
    }
    let allowed = if most == endless {
        format!("{least:?} and more")
    } else {
        format!("{least:?} to {most:?}")
    };
    Err(NotAllowed {
        setting,
        given: format!("{given:?}"),
        allowed,
    })
}

#[cfg(test)]
mod tests;
