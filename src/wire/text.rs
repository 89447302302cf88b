//! Text with a rule: a pattern, a length, a format.

use super::Invalid;
use fluent_uri::Uri;
use jiff::{Timestamp, civil::DateTime, tz::Offset};

/// What a generated text type checks.
pub(crate) trait Text {
    /// The name of the type in the specification.
    const NAME: &'static str;

    /// The first rule that `text` breaks, in words.
    fn check(text: &str) -> Result<(), &'static str>;
}

pub(crate) fn parse<T: Text>(text: &str) -> Result<(), Invalid> {
    T::check(text).map_err(|rule| Invalid::new(T::NAME, rule))
}

/// Whether `text` has from `min` to `max` characters (Unicode scalar values, as JSON Schema counts).
pub(crate) fn has_length(text: &str, min: usize, max: usize) -> bool {
    // A character takes one to four bytes, so that most texts need no count.
    let bytes = text.len();
    if bytes < min {
        return false;
    }
    if bytes.div_ceil(4) >= min && bytes <= max {
        return true;
    }
    (min..=max).contains(&text.chars().count())
}

/// Skips from `min` to `max` bytes that pass the test: as many as there are.
pub(crate) fn run(
    rest: &[u8],
    test: impl Fn(&u8) -> bool,
    min: usize,
    max: usize,
) -> Option<&[u8]> {
    let count = rest.iter().take(max).take_while(|byte| test(byte)).count();
    if count < min { None } else { rest.get(count..) }
}

/// Skips from `min` to `max` groups: as many as begin with a byte that passes the test.
pub(crate) fn groups(
    mut rest: &[u8],
    begins: impl Fn(&u8) -> bool,
    group: impl Fn(&[u8]) -> Option<&[u8]>,
    min: usize,
    max: usize,
) -> Option<&[u8]> {
    let mut count = 0;
    while count < max && rest.first().is_some_and(&begins) {
        rest = group(rest)?;
        count += 1;
    }
    if count < min { None } else { Some(rest) }
}

/// Whether `text` is a URI with a scheme after RFC 3986.
pub(crate) fn is_uri(text: &str) -> bool {
    Uri::parse(text).is_ok()
}

/// The point in time that an RFC 3339 text in UTC names, if there is such a day and time. The text ends in `Z` and has the
/// form of RFC 3339; the pattern of its type has seen to that.
///
/// A leap second counts as the second before it. What lies after the last time that jiff knows, on 30 December 9999,
/// counts as that.
pub(crate) fn point_in_time(text: &str) -> Option<Timestamp> {
    const LEAP_SECOND: &str = "23:59:60";
    let local = text.strip_suffix('Z')?;
    let (_, time) = local.split_once('T')?;
    if time.get(6..8) == Some("60") && !time.starts_with(LEAP_SECOND) {
        return None;
    }
    let local: DateTime = local.parse().ok()?;
    Some(Offset::UTC.to_timestamp(local).unwrap_or(Timestamp::MAX))
}

/// The members of a text type whose field 0 is its `String`.
macro_rules! text {
    ($name:ident) => {
        impl $name {
            /// Checks the text and takes it over.
            ///
            /// # Errors
            /// [`Invalid`](crate::wire::Invalid) names the rule that the text breaks.
            pub fn parse(text: impl Into<String>) -> Result<Self, crate::wire::Invalid> {
                let text = text.into();
                crate::wire::text::parse::<Self>(&text)?;
                Ok(Self(text))
            }

            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// Gives the text away.
            #[must_use]
            pub fn into_string(self) -> String {
                self.0
            }
        }

        crate::wire::text::text_traits!($name);
    };
}

/// The members of a text type that names a point in time: field 0 is the time, field 1 the text.
macro_rules! instant {
    ($name:ident) => {
        impl $name {
            /// Checks the text and takes it over.
            ///
            /// # Errors
            /// [`Invalid`](crate::wire::Invalid) names the rule that the text breaks.
            pub fn parse(text: impl Into<String>) -> Result<Self, crate::wire::Invalid> {
                let text = text.into();
                crate::wire::text::parse::<Self>(&text)?;
                let instant = crate::wire::text::point_in_time(&text).ok_or_else(|| {
                    crate::wire::Invalid::new(
                        <Self as crate::wire::text::Text>::NAME,
                        "not a date and time after RFC 3339",
                    )
                })?;
                Ok(Self(instant, text))
            }

            /// The point in time. A leap second is the second before it; the last hours of the year 9999 are one.
            #[must_use]
            pub fn instant(&self) -> jiff::Timestamp {
                self.0
            }

            /// The text, as it was received.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.1
            }

            /// Gives the text away.
            #[must_use]
            pub fn into_string(self) -> String {
                self.1
            }
        }

        impl TryFrom<jiff::Timestamp> for $name {
            type Error = crate::wire::Invalid;

            fn try_from(instant: jiff::Timestamp) -> Result<Self, Self::Error> {
                Self::parse(instant.to_string())
            }
        }

        crate::wire::text::text_traits!($name);
    };
}

macro_rules! text_traits {
    ($name:ident) => {
        impl std::fmt::Display for $name {
            fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str(self.as_str())
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                self.as_str()
            }
        }

        impl PartialEq<str> for $name {
            fn eq(&self, other: &str) -> bool {
                self.as_str() == other
            }
        }

        impl PartialEq<&str> for $name {
            fn eq(&self, other: &&str) -> bool {
                self.as_str() == *other
            }
        }

        impl From<$name> for String {
            fn from(value: $name) -> Self {
                value.into_string()
            }
        }

        impl std::str::FromStr for $name {
            type Err = crate::wire::Invalid;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Self::parse(text)
            }
        }

        impl TryFrom<&str> for $name {
            type Error = crate::wire::Invalid;

            fn try_from(text: &str) -> Result<Self, Self::Error> {
                Self::parse(text)
            }
        }

        impl TryFrom<String> for $name {
            type Error = crate::wire::Invalid;

            fn try_from(text: String) -> Result<Self, Self::Error> {
                Self::parse(text)
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                Self::parse(String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
            }
        }
    };
}

pub(crate) use {instant, text, text_traits};

#[cfg(test)]
mod tests;
