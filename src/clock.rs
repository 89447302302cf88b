//! Time, as a value that is passed in.
//!
//! Nothing in this crate asks the system for the time but [`SystemClock`].

use std::sync::Arc;

use jiff::Timestamp;

use crate::error::Malformed;

/// Tells the time.
pub trait Clock {
    /// Returns the present moment.
    fn now(&self) -> Timestamp;
}

/// The clock of the system.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}

/// A clock that stands still, for tests, vectors and replays.
#[derive(Debug, Clone, Copy)]
pub struct FixedClock(pub Timestamp);

impl Clock for FixedClock {
    fn now(&self) -> Timestamp {
        self.0
    }
}

impl<C: Clock + ?Sized> Clock for &C {
    fn now(&self) -> Timestamp {
        (**self).now()
    }
}

impl<C: Clock + ?Sized> Clock for Arc<C> {
    fn now(&self) -> Timestamp {
        (**self).now()
    }
}

/// Reads a point in time as the wire writes it: RFC 3339, in UTC, with an uppercase `T` and `Z`
/// and at most nine digits of a second's fraction.
///
/// ```
/// let moment = x428::clock::parse_timestamp("2025-03-06T12:05:00Z")?;
/// assert_eq!(moment.as_second(), 1_741_262_700);
/// assert!(x428::clock::parse_timestamp("2025-03-06T13:05:00+01:00").is_err());
/// # Ok::<(), x428::error::Malformed>(())
/// ```
///
/// # Errors
/// [`Malformed`] for anything else, also for a date that is not in the calendar and for a leap
/// second, which no two systems place alike.
// r[impl attestation.time.format]
// r[impl withdrawal.time.format]
// r[impl attestation.time.valid]
pub fn parse_timestamp(text: &str) -> Result<Timestamp, Malformed> {
    const SHAPE: &[u8; 19] = b"dddd-dd-ddTdd:dd:dd";
    let bytes = text.as_bytes();
    let refuse = || Malformed::new("timestamp", "not RFC 3339 in UTC, written with `Z`");
    let (seconds, fraction) = bytes.split_at_checked(SHAPE.len()).ok_or_else(refuse)?;
    let shaped = seconds.iter().zip(SHAPE).all(|(byte, shape)| match shape {
        b'd' => byte.is_ascii_digit(),
        literal => byte == literal,
    });
    let fraction_shaped = match fraction {
        [b'Z'] => true,
        [b'.', digits @ .., b'Z'] => {
            (1..=9).contains(&digits.len()) && digits.iter().all(u8::is_ascii_digit)
        }
        _ => false,
    };
    if !shaped || !fraction_shaped || &seconds[17..] == b"60" {
        return Err(refuse());
    }
    text.parse()
        .map_err(|_| Malformed::new("timestamp", "not a moment of the calendar"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_one_spelling_is_read() {
        for text in ["2025-03-06T12:05:00Z", "2025-03-06T12:05:00.123456789Z"] {
            assert!(parse_timestamp(text).is_ok(), "{text}");
        }
        for text in [
            "",
            "2025-03-06",
            "2025-03-06 12:05:00Z",
            "2025-03-06t12:05:00Z",
            "2025-03-06T12:05:00z",
            "2025-03-06T12:05:00",
            "2025-03-06T12:05:00+00:00",
            "2025-03-06T12:05Z",
            "2025-03-06T12:05:00.Z",
            "2025-03-06T12:05:00.1234567890Z",
            "2025-03-06T24:00:00Z",
            "2025-02-29T12:05:00Z",
            "2016-12-31T23:59:60Z",
            "2025-03-06T12:05:00Z ",
            "2025-03-06T12:05:00Z[UTC]",
            "２025-03-06T12:05:00Z",
        ] {
            assert!(parse_timestamp(text).is_err(), "{text}");
        }
    }
}
