//! Exact decimals: amounts, fees, limits and rates (section 2.3).
//!
//! A decimal of the protocol has up to thirty digits on either side of the point. That is more than
//! the 96 bits of the usual decimal types hold, and a decimal of no fixed size would let a sender
//! choose how much memory a number takes. Sixty digits fit 256 bits: a [`Decimal`] is a whole number
//! of 10^-30, on the stack, compared and added as integers are, and never rounded unless a caller
//! says how.
//!
//! ```
//! use x428::withdrawal::decimal::{Decimal, Rounding};
//!
//! let amount = Decimal::parse("1.50")?;
//! assert_eq!(amount, Decimal::parse("1.5")?);
//! assert_eq!(amount.to_string(), "1.5");
//!
//! let fee = Decimal::parse("0.0008")?;
//! assert_eq!(amount.checked_add(fee).map(|total| total.to_string()), Some("1.5008".into()));
//! assert!(amount.is_multiple_of(Decimal::parse("0.00000001")?));
//!
//! let rate = Decimal::parse("0.0015")?;
//! let percent = amount.mul_rounded(rate, 3, Rounding::Up);
//! assert_eq!(percent.map(|fee| fee.to_string()), Some("0.003".into()));
//! assert!(Decimal::parse("1e3").is_err());
//! # Ok::<(), x428::error::Malformed>(())
//! ```

use std::fmt;
use std::str::FromStr;

use ruint::Uint;
use serde::de::Visitor;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::error::Malformed;
use crate::wire::Invalid;
use crate::wire::withdrawal::{self as wire, DECIMAL_DIGITS_MAX};

#[cfg(test)]
mod tests;

type Units = Uint<256, 4>;
type Wide = Uint<512, 8>;

/// Each side of the point fits 128 bits, and both together fit 256.
const _: () = assert!(DECIMAL_DIGITS_MAX <= 38);

/// How many units one is: 10^30.
const ONE: u128 = {
    let mut one = 1;
    let mut digits = 0;
    while digits < DECIMAL_DIGITS_MAX {
        one *= 10;
        digits += 1;
    }
    one
};

/// A decimal number that is not negative, exactly.
///
/// Two decimals are equal if their numbers are: `1.5` is `1.50`. What is written is the normal form.
/// The type of the wire, [`wire::Decimal`], keeps the text that was received.
// r[impl withdrawal.decimal.exact]
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Decimal(Units);

/// What becomes of digits for which there is no place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Rounding {
    /// There is no result unless they are all zero.
    Exact,
    /// They are cut off.
    Down,
    /// Unless they are all zero, the last digit that stays grows by one.
    Up,
}

impl Decimal {
    /// Nothing.
    pub const ZERO: Self = Self(Units::ZERO);

    /// Reads the text of a decimal. Zeros at the end of the fraction are read and not kept.
    ///
    /// # Errors
    /// [`Malformed`] for a sign, an exponent, a group separator, white space, a leading zero, a
    /// point without digits on both sides, and more than thirty digits on a side.
    // r[impl withdrawal.decimal.form]
    // r[impl withdrawal.decimal.normal]
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        let (whole, fraction) = match text.split_once('.') {
            Some((whole, fraction)) => (whole, Some(fraction)),
            None => (text, None),
        };
        if whole.len() > 1 && whole.starts_with('0') {
            return Err(refuse("a leading zero"));
        }
        let whole = digits(whole)?;
        let fraction = match fraction {
            Some(text) => digits(text)? * power(DECIMAL_DIGITS_MAX - text.len()),
            None => 0,
        };
        Ok(Self(
            Units::from(whole) * Units::from(ONE) + Units::from(fraction),
        ))
    }

    /// Whether it is above zero, as the amount of a withdrawal has to be.
    // r[impl withdrawal.decimal.positive]
    #[must_use]
    pub fn is_positive(self) -> bool {
        !self.0.is_zero()
    }

    /// How many digits the fraction has in normal form: none for `2.0`.
    #[must_use]
    pub fn places(self) -> usize {
        let (_, fraction) = self.halves();
        if fraction == 0 {
            return 0;
        }
        let mut places = DECIMAL_DIGITS_MAX;
        let mut rest = fraction;
        while rest.is_multiple_of(10) {
            rest /= 10;
            places -= 1;
        }
        places
    }

    /// The sum; nothing if its whole part has more than thirty digits.
    #[must_use]
    pub fn checked_add(self, other: Self) -> Option<Self> {
        bounded(Wide::from(self.0) + Wide::from(other.0))
    }

    /// The difference; nothing if it were negative.
    #[must_use]
    pub fn checked_sub(self, other: Self) -> Option<Self> {
        self.0.checked_sub(other.0).map(Self)
    }

    /// The product, exactly; nothing if it has more than thirty digits on a side.
    #[must_use]
    pub fn checked_mul(self, other: Self) -> Option<Self> {
        self.mul_rounded(other, DECIMAL_DIGITS_MAX, Rounding::Exact)
    }

    /// The product with at most `places` digits of a fraction. Only the product is rounded, once.
    ///
    /// Nothing if its whole part has more than thirty digits, or if it cannot be rounded as asked.
    #[must_use]
    pub fn mul_rounded(self, other: Self, places: usize, rounding: Rounding) -> Option<Self> {
        let product = Wide::from(self.0) * Wide::from(other.0);
        let unit = Wide::from(ONE) * Wide::from(unit_of(places));
        let count = divide(product, unit, rounding)?;
        bounded(count * Wide::from(unit_of(places)))
    }

    /// The number with at most `places` digits of a fraction.
    ///
    /// Nothing if it cannot be rounded as asked, or if rounding up needs a digit too many. An
    /// amount that a client gave is never rounded but [`Exact`](Rounding::Exact).
    #[must_use]
    pub fn rescale(self, places: usize, rounding: Rounding) -> Option<Self> {
        let unit = Wide::from(unit_of(places));
        bounded(divide(Wide::from(self.0), unit, rounding)? * unit)
    }

    /// Whether it is a whole number of steps. Nothing is a multiple of a step of zero.
    #[must_use]
    pub fn is_multiple_of(self, step: Self) -> bool {
        !step.0.is_zero() && (self.0 % step.0).is_zero()
    }

    /// The whole part, and the fraction in units.
    fn halves(self) -> (u128, u128) {
        let one = Units::from(ONE);
        // Both are below 10^30, and so below 2^128.
        (
            (self.0 / one).wrapping_to::<u128>(),
            (self.0 % one).wrapping_to::<u128>(),
        )
    }
}

/// Reads up to thirty digits, and at least one.
fn digits(text: &str) -> Result<u128, Malformed> {
    if text.is_empty() {
        return Err(refuse("no digit on one side of the point"));
    }
    if text.len() > DECIMAL_DIGITS_MAX {
        return Err(refuse("too many digits on one side of the point"));
    }
    text.bytes().try_fold(0, |number: u128, byte| {
        if byte.is_ascii_digit() {
            Ok(number * 10 + u128::from(byte - b'0'))
        } else {
            Err(refuse("something else than digits and one point"))
        }
    })
}

/// 10^`exponent`, for exponents up to thirty.
fn power(exponent: usize) -> u128 {
    (0..exponent.min(DECIMAL_DIGITS_MAX)).fold(1, |power, _| power * 10)
}

/// How many units the last of so many places counts.
fn unit_of(places: usize) -> u128 {
    power(DECIMAL_DIGITS_MAX.saturating_sub(places))
}

fn divide(number: Wide, unit: Wide, rounding: Rounding) -> Option<Wide> {
    let (count, rest) = number.div_rem(unit);
    match rounding {
        _ if rest.is_zero() => Some(count),
        Rounding::Exact => None,
        Rounding::Down => Some(count),
        Rounding::Up => Some(count + Wide::ONE),
    }
}

/// The number, if its whole part has at most thirty digits.
fn bounded(number: Wide) -> Option<Decimal> {
    let end = Wide::from(ONE) * Wide::from(ONE);
    (number < end).then(|| Decimal(number.wrapping_to::<Units>()))
}

fn refuse(why: &'static str) -> Malformed {
    Malformed::new("decimal", why)
}

/// Writes the normal form.
impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, fraction) = self.halves();
        let places = self.places();
        if places == 0 {
            return write!(f, "{whole}");
        }
        let fraction = fraction / unit_of(places);
        write!(f, "{whole}.{fraction:0places$}")
    }
}

impl fmt::Debug for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Decimal({self})")
    }
}

impl FromStr for Decimal {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        Self::parse(text)
    }
}

impl From<u64> for Decimal {
    fn from(number: u64) -> Self {
        Self(Units::from(number) * Units::from(ONE))
    }
}

impl TryFrom<&wire::Decimal> for Decimal {
    type Error = Malformed;

    fn try_from(text: &wire::Decimal) -> Result<Self, Malformed> {
        Self::parse(text.as_str())
    }
}

impl TryFrom<&wire::PositiveDecimal> for Decimal {
    type Error = Malformed;

    fn try_from(text: &wire::PositiveDecimal) -> Result<Self, Malformed> {
        Self::parse(text.as_str())
    }
}

impl TryFrom<Decimal> for wire::Decimal {
    type Error = Invalid;

    fn try_from(number: Decimal) -> Result<Self, Invalid> {
        Self::parse(number.to_string())
    }
}

/// Fails for zero, which is no amount.
impl TryFrom<Decimal> for wire::PositiveDecimal {
    type Error = Invalid;

    fn try_from(number: Decimal) -> Result<Self, Invalid> {
        Self::parse(number.to_string())
    }
}

impl Serialize for Decimal {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Reads a string, and no JSON number.
impl<'de> Deserialize<'de> for Decimal {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;

        impl Visitor<'_> for Text {
            type Value = Decimal;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a decimal in a string")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Decimal, E> {
                Decimal::parse(text).map_err(E::custom)
            }
        }

        deserializer.deserialize_str(Text)
    }
}
