//! How many requests a client makes for an owner: windows of a minute, counted by each instance.

use std::collections::HashMap;
use std::sync::Mutex;

use jiff::Timestamp;

/// A window of a minute.
#[derive(Debug, Default)]
pub(crate) struct Rates(Mutex<Window>);

#[derive(Debug, Default)]
struct Window {
    minute: i64,
    counts: HashMap<String, u32>,
}

/// What is left of a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Left {
    pub(crate) requests: u32,
    pub(crate) seconds: i64,
}

impl Rates {
    /// Counts a request, and tells what is left; nothing if it is one too many, and for how many
    /// seconds.
    pub(crate) fn count(&self, who: &str, limit: u32, now: Timestamp) -> Result<Left, i64> {
        let minute = now.as_second().div_euclid(60);
        let seconds = 60 - now.as_second().rem_euclid(60);
        let Ok(mut window) = self.0.lock() else {
            return Err(seconds);
        };
        if window.minute != minute {
            window.minute = minute;
            window.counts.clear();
        }
        let count = window.counts.entry(who.to_owned()).or_default();
        if *count >= limit {
            return Err(seconds);
        }
        *count += 1;
        Ok(Left {
            requests: limit - *count,
            seconds,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // r[verify withdrawal.rate.scope]
    #[test]
    fn a_minute_has_so_many_requests() {
        let rates = Rates::default();
        let now = Timestamp::from_second(60_000_030).unwrap();
        assert_eq!(rates.count("a", 2, now).unwrap().requests, 1);
        assert_eq!(rates.count("a", 2, now).unwrap().requests, 0);
        assert_eq!(rates.count("a", 2, now), Err(30));
        assert!(rates.count("b", 2, now).is_ok());
        let next = Timestamp::from_second(60_000_060).unwrap();
        assert!(rates.count("a", 2, next).is_ok());
    }
}
