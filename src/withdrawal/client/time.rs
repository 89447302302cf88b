//! Waiting: how long, how often, and by whose clock.

use std::time::Duration;

use jiff::Timestamp;

use super::ClientError;
use crate::clock::{Clock, SystemClock};
use crate::sign::seal::random;

/// Tells the time, and lets it pass.
pub trait Time: Clock + Send + Sync {
    /// Returns when this time has passed.
    fn wait(&self, duration: Duration) -> impl Future<Output = ()> + Send;
}

/// The clock of the system and the timer of tokio.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemTime;

impl Clock for SystemTime {
    fn now(&self) -> Timestamp {
        SystemClock.now()
    }
}

impl Time for SystemTime {
    async fn wait(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }
}

/// How often a request is made again that may be, and how long that may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Patience {
    /// How often a request is made at most.
    pub attempts: u32,
    /// The first interval. The next ones are twice as long each, and random in their upper half.
    pub first: Duration,
    /// The longest interval, and the longest `Retry-After` that is waited for. If the exchange asks
    /// for more, its answer is the outcome.
    pub longest: Duration,
}

impl Default for Patience {
    /// Five times, over about eight seconds.
    fn default() -> Self {
        Self {
            attempts: 5,
            first: Duration::from_millis(500),
            longest: Duration::from_secs(30),
        }
    }
}

impl Patience {
    /// No request is made twice.
    #[must_use]
    pub fn none() -> Self {
        Self {
            attempts: 1,
            ..Self::default()
        }
    }

    /// How often a request is made at most.
    #[must_use]
    pub fn with_attempts(mut self, attempts: u32) -> Self {
        self.attempts = attempts;
        self
    }

    /// How long to wait after an attempt, counted from one; nothing if that was the last.
    // r[impl withdrawal.rate.client]
    pub(super) fn after(
        &self,
        attempt: u32,
        asked: Option<Duration>,
    ) -> Result<Option<Duration>, ClientError> {
        if attempt >= self.attempts || asked.is_some_and(|asked| asked > self.longest) {
            return Ok(None);
        }
        let doubled = self
            .first
            .saturating_mul(1 << attempt.saturating_sub(1).min(16));
        let interval = doubled.min(self.longest);
        let spread = spread(interval / 2)?;
        Ok(Some(match asked {
            Some(asked) => asked + spread,
            None => interval / 2 + spread,
        }))
    }
}

/// A random time of at most this length.
fn spread(most: Duration) -> Result<Duration, ClientError> {
    let mut bytes = [0; 4];
    random(&mut bytes)?;
    let share = f64::from(u32::from_be_bytes(bytes)) / f64::from(u32::MAX);
    Ok(most.mul_f64(share))
}

#[cfg(test)]
mod tests {
    use super::*;

    // r[verify withdrawal.error.retry]
    #[test]
    fn intervals_grow_and_end() {
        let patience = Patience::default();
        for (attempt, least, most) in [(1, 250, 500), (2, 500, 1000), (3, 1000, 2000)] {
            let wait = patience.after(attempt, None).unwrap().unwrap();
            assert!(wait >= Duration::from_millis(least), "{wait:?}");
            assert!(wait <= Duration::from_millis(most), "{wait:?}");
        }
        assert_eq!(patience.after(5, None).unwrap(), None);
        assert_eq!(Patience::none().after(1, None).unwrap(), None);
        let many = Patience::default().with_attempts(u32::MAX);
        assert!(many.after(4_000_000_000, None).unwrap().unwrap() <= patience.longest);
    }

    // r[verify withdrawal.rate.client]
    #[test]
    fn what_the_exchange_asks_for_is_waited_for_and_a_little_more() {
        let patience = Patience::default();
        let asked = Duration::from_secs(7);
        let waits: Vec<_> = (0..8)
            .map(|_| patience.after(1, Some(asked)).unwrap().unwrap())
            .collect();
        assert!(waits.iter().all(|wait| *wait >= asked));
        assert!(waits.windows(2).any(|pair| pair[0] != pair[1]));
        let too_long = patience.longest + Duration::from_secs(1);
        assert_eq!(patience.after(1, Some(too_long)).unwrap(), None);
    }
}
