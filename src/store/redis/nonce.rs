use jiff::{SignedDuration, Timestamp};

use super::RedisStore;
use crate::attestation::nonce::{Consumed, NonceStore};
use crate::clock::Clock;
use crate::encoding::base64url;
use crate::error::Unavailable;
use crate::store::{GRACE, NONCES, nonce_key};

impl<C> RedisStore<C> {
    fn nonce(&self, nonce: &str) -> String {
        format!("{}nonce:{}", self.prefix, base64url(nonce_key(nonce)))
    }
}

impl<C: Clock> RedisStore<C> {
    /// How many milliseconds something is to be kept from now on.
    ///
    /// A point in time would be one of the clock of Redis: if that is ahead, the key is gone as
    /// soon as it is set, and every answer to the challenge is the first one.
    pub(super) fn remaining(&self, until: Timestamp) -> i64 {
        let remaining = until
            .duration_since(self.clock.now())
            .max(SignedDuration::ZERO)
            .saturating_add(GRACE.try_into().unwrap_or(SignedDuration::ZERO));
        i64::try_from(remaining.as_millis()).unwrap_or(i64::MAX)
    }
}

impl<C: Clock + Sync> NonceStore for RedisStore<C> {
    async fn is_consumed(&self, nonce: &str) -> Result<bool, Unavailable> {
        let mut command = ::redis::cmd("EXISTS");
        command.arg(self.nonce(nonce));
        self.ask(NONCES, &command).await
    }

    // r[impl attestation.verify.consume]
    // r[impl attestation.verify.retention]
    async fn consume(&self, nonce: &str, retain_until: Timestamp) -> Result<Consumed, Unavailable> {
        let mut command = ::redis::cmd("SET");
        command
            .arg(self.nonce(nonce))
            .arg(1)
            .arg("NX")
            .arg("PX")
            .arg(self.remaining(retain_until));
        // OK if it was absent, nil if it was there.
        let set: Option<String> = self.ask(NONCES, &command).await?;
        Ok(match set {
            Some(_) => Consumed::First,
            None => Consumed::Replayed,
        })
    }
}
