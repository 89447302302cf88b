//! Values that can only be one thing, such as the tag of a union or the version of a protocol.

use super::Invalid;
use serde::{
    Deserializer,
    de::{Error, Unexpected, Visitor},
};
use std::fmt;

/// Reads a text that has to be `value`.
pub(crate) fn read_text<'de, D: Deserializer<'de>>(
    deserializer: D,
    value: &'static str,
) -> Result<(), D::Error> {
    struct Exactly(&'static str);
    impl Visitor<'_> for Exactly {
        type Value = ();

        fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(formatter, "the text \"{}\"", self.0)
        }

        fn visit_str<E: Error>(self, text: &str) -> Result<(), E> {
            if text == self.0 {
                Ok(())
            } else {
                Err(E::invalid_value(Unexpected::Other("another text"), &self))
            }
        }
    }
    deserializer.deserialize_str(Exactly(value))
}

pub(crate) fn check_text(
    type_name: &'static str,
    value: &'static str,
    text: &str,
) -> Result<(), Invalid> {
    if text == value {
        Ok(())
    } else {
        Err(Invalid::new(
            type_name,
            format!("only \"{value}\" is allowed"),
        ))
    }
}

/// The members of a unit struct that stands for the text `Self::VALUE`.
macro_rules! constant_text {
    ($name:ident) => {
        impl $name {
            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &'static str {
                Self::VALUE
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str(Self::VALUE)
            }
        }

        impl std::str::FromStr for $name {
            type Err = crate::wire::Invalid;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                crate::wire::constant::check_text(stringify!($name), Self::VALUE, text)
                    .map(|()| Self)
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(Self::VALUE)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                crate::wire::constant::read_text(deserializer, Self::VALUE).map(|()| Self)
            }
        }
    };
}

/// The members of a unit struct that stands for the integer `Self::VALUE`.
macro_rules! constant_integer {
    ($name:ident) => {
        impl $name {
            /// The number.
            #[must_use]
            pub fn get(self) -> i64 {
                Self::VALUE
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                std::fmt::Display::fmt(&Self::VALUE, formatter)
            }
        }

        impl TryFrom<i64> for $name {
            type Error = crate::wire::Invalid;

            fn try_from(number: i64) -> Result<Self, Self::Error> {
                crate::wire::integer::check(stringify!($name), number, Self::VALUE, Self::VALUE)
                    .map(|()| Self)
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_i64(Self::VALUE)
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

pub(crate) use {constant_integer, constant_text};
