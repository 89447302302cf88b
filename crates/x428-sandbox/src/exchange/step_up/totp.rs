//! Codes of authenticator apps (RFC 6238).

use jiff::Timestamp;
use totp_rs::{Builder, Secret, Totp};
use x428::wire::withdrawal::{CODE_DIGITS_MIN, TOTP_STEP};

use crate::exchange::Exchange;
use crate::exchange::model::Owner;
use crate::exchange::store::Fault;

/// Under which purpose secrets are sealed.
pub(crate) const PURPOSE: &str = "totp";

/// A secret as authenticator apps take it: base32 without padding (RFC 4648 §6).
pub(crate) fn shown(secret: &[u8]) -> String {
    Secret::new(secret.into()).to_base32()
}

fn totp(secret: &[u8]) -> Result<Totp, Fault> {
    let digits = u8::try_from(CODE_DIGITS_MIN).map_err(Fault::because)?;
    Builder::new()
        .with_digits(digits)
        .with_skew(1)
        .with_step_duration(TOTP_STEP.as_secs())
        .with_secret(Secret::new(secret.into()))
        .build()
        .map_err(|error| Fault::Failed(error.to_string()))
}

/// Whether a code is one of the owner's app now, and of no step that has been used. The step is
/// noted in the owner, which the caller writes.
// r[impl withdrawal.verify.totp]
pub(crate) fn accept(
    exchange: &Exchange,
    owner: &mut Owner,
    code: &str,
    now: Timestamp,
) -> Result<bool, Fault> {
    let Some(sealed) = &owner.totp else {
        return Ok(false);
    };
    let secret = exchange.keys.open(PURPOSE, sealed)?;
    let now = u64::try_from(now.as_second()).map_err(Fault::because)?;
    let step = totp(&secret)?.check(code, now);
    let fresh = step.filter(|step| owner.totp_step.is_none_or(|last| *step > last));
    if let Some(step) = fresh {
        owner.totp_step = Some(step);
    }
    Ok(fresh.is_some())
}
