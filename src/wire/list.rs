//! Lists with a rule: how many items, and whether one may be there twice.

use super::Invalid;
use std::{collections::HashSet, hash::Hash};

pub(crate) fn check_count(
    type_name: &'static str,
    count: usize,
    min: usize,
    max: usize,
) -> Result<(), Invalid> {
    if count < min {
        return Err(Invalid::new(
            type_name,
            format!("needs {min} items or more"),
        ));
    }
    if count > max {
        return Err(Invalid::new(
            type_name,
            format!("takes {max} items at most"),
        ));
    }
    Ok(())
}

pub(crate) fn check_unique<T: Eq + Hash>(
    type_name: &'static str,
    items: &[T],
) -> Result<(), Invalid> {
    // Most lists are short; a long one must not cost the square of its length.
    const SHORT: usize = 8;
    let unique = if items.len() <= SHORT {
        items
            .iter()
            .enumerate()
            .all(|(index, item)| !items[..index].contains(item))
    } else {
        let mut seen = HashSet::with_capacity(items.len());
        items.iter().all(|item| seen.insert(item))
    };
    if unique {
        Ok(())
    } else {
        Err(Invalid::new(type_name, "has an item twice"))
    }
}

/// The members of a list type with a `check`.
macro_rules! list {
    ($name:ident, $item:ty) => {
        impl $name {
            /// Checks the items and takes them over.
            ///
            /// # Errors
            /// [`Invalid`](crate::wire::Invalid) if there are too few, too many, or one twice where that is not allowed.
            pub fn new(items: Vec<$item>) -> Result<Self, crate::wire::Invalid> {
                Self::check(&items)?;
                Ok(Self(items))
            }

            /// The items.
            #[must_use]
            pub fn as_slice(&self) -> &[$item] {
                &self.0
            }

            /// Gives the items away.
            #[must_use]
            pub fn into_vec(self) -> Vec<$item> {
                self.0
            }
        }

        impl std::ops::Deref for $name {
            type Target = [$item];

            fn deref(&self) -> &Self::Target {
                &self.0
            }
        }

        impl From<$name> for Vec<$item> {
            fn from(list: $name) -> Self {
                list.0
            }
        }

        impl TryFrom<Vec<$item>> for $name {
            type Error = crate::wire::Invalid;

            fn try_from(items: Vec<$item>) -> Result<Self, Self::Error> {
                Self::new(items)
            }
        }

        impl IntoIterator for $name {
            type Item = $item;
            type IntoIter = std::vec::IntoIter<$item>;

            fn into_iter(self) -> Self::IntoIter {
                self.0.into_iter()
            }
        }

        impl<'a> IntoIterator for &'a $name {
            type Item = &'a $item;
            type IntoIter = std::slice::Iter<'a, $item>;

            fn into_iter(self) -> Self::IntoIter {
                self.0.iter()
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serde::Serialize::serialize(&self.0, serializer)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                Self::new(Vec::deserialize(deserializer)?).map_err(serde::de::Error::custom)
            }
        }
    };
}

pub(crate) use list;
