//! Integers with a range.

use super::Invalid;
use serde::{
    Deserializer,
    de::{Error, Unexpected, Visitor},
};
use std::fmt;

/// The largest integer that every reader of JSON keeps exactly (RFC 7493, section 2.2).
const EXACT_MAX: f64 = 9_007_199_254_740_991.0;

/// Reads an integer. JSON Schema counts `1.0` among the integers, and so does this.
pub(crate) fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
    struct Integer;
    impl Visitor<'_> for Integer {
        type Value = i64;

        fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
            formatter.write_str("an integer")
        }

        fn visit_i64<E: Error>(self, number: i64) -> Result<i64, E> {
            Ok(number)
        }

        fn visit_u64<E: Error>(self, number: u64) -> Result<i64, E> {
            i64::try_from(number).map_err(|_| E::invalid_value(Unexpected::Unsigned(number), &self))
        }

        #[expect(
            clippy::cast_possible_truncation,
            reason = "the number is whole and at most 2^53 - 1"
        )]
        fn visit_f64<E: Error>(self, number: f64) -> Result<i64, E> {
            if number.fract() == 0.0 && number.abs() <= EXACT_MAX {
                Ok(number as i64)
            } else {
                Err(E::invalid_value(Unexpected::Float(number), &self))
            }
        }
    }
    deserializer.deserialize_any(Integer)
}

pub(crate) fn check(
    type_name: &'static str,
    number: i64,
    min: i64,
    max: i64,
) -> Result<(), Invalid> {
    if (min..=max).contains(&number) {
        Ok(())
    } else {
        Err(Invalid::new(
            type_name,
            format!("not in the range {min} to {max}"),
        ))
    }
}

/// The members of an integer type that has `MIN` and `MAX`.
macro_rules! integer {
    ($name:ident, $repr:ty) => {
        impl $name {
            /// Checks the range.
            ///
            /// # Errors
            /// [`Invalid`](crate::wire::Invalid) if the number is out of range.
            pub fn new(number: $repr) -> Result<Self, crate::wire::Invalid> {
                Self::try_from(i64::from(number))
            }

            /// The number.
            #[must_use]
            pub fn get(self) -> $repr {
                self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                std::fmt::Display::fmt(&self.0, formatter)
            }
        }

        impl From<$name> for $repr {
            fn from(value: $name) -> Self {
                value.0
            }
        }

        impl TryFrom<i64> for $name {
            type Error = crate::wire::Invalid;

            fn try_from(number: i64) -> Result<Self, Self::Error> {
                crate::wire::integer::check(
                    stringify!($name),
                    number,
                    Self::MIN.into(),
                    Self::MAX.into(),
                )?;
                <$repr>::try_from(number)
                    .map(Self)
                    .map_err(|_| crate::wire::Invalid::new(stringify!($name), "out of range"))
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serde::Serialize::serialize(&self.0, serializer)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                Self::try_from(crate::wire::integer::read(deserializer)?)
                    .map_err(serde::de::Error::custom)
            }
        }
    };
}

pub(crate) use integer;
