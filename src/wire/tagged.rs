//! Unions of objects that are told apart by the constants of one or more members.

use serde::{
    Deserializer,
    de::{
        DeserializeSeed, Error, IntoDeserializer, MapAccess, Unexpected, Visitor,
        value::MapAccessDeserializer,
    },
};
use serde_json::Value;
use std::{fmt, marker::PhantomData};

/// A union whose variant is chosen by `TAGS`, in that order.
pub(crate) trait Tagged<const N: usize>: Sized {
    /// The name of the type in the specification.
    const NAME: &'static str;
    /// The members that tell the variants apart.
    const TAGS: [&'static str; N];

    /// Reads the variant that the tags choose.
    fn read<'de, D: Deserializer<'de>>(tags: [&str; N], object: D) -> Result<Self, D::Error>;
}

/// Reads the object up to its last tag, chooses the variant, and lets that read the object from its beginning.
/// Only the members before the last tag are kept in memory on the way.
pub(crate) fn deserialize<'de, T: Tagged<N>, D: Deserializer<'de>, const N: usize>(
    deserializer: D,
) -> Result<T, D::Error> {
    deserializer.deserialize_map(Chooser::<T, N>(PhantomData))
}

struct Chooser<T, const N: usize>(PhantomData<T>);

impl<'de, T: Tagged<N>, const N: usize> Visitor<'de> for Chooser<T, N> {
    type Value = T;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "an object of type {}", T::NAME)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut rest: A) -> Result<T, A::Error> {
        let mut read = Vec::new();
        let mut tags: [Option<String>; N] = [const { None }; N];
        while tags.iter().any(Option::is_none) {
            let Some((key, value)) = rest.next_entry::<String, Value>()? else {
                let missing = T::TAGS.iter().zip(&tags).find(|(_, tag)| tag.is_none());
                return Err(A::Error::missing_field(
                    missing.map_or("", |(name, _)| name),
                ));
            };
            if let Some(index) = T::TAGS.iter().position(|name| *name == key) {
                let Value::String(tag) = &value else {
                    return Err(A::Error::invalid_type(
                        Unexpected::Other("not a text"),
                        &"a text as tag",
                    ));
                };
                if tags[index].replace(tag.clone()).is_some() {
                    return Err(A::Error::duplicate_field(T::TAGS[index]));
                }
            }
            read.push((key, value));
        }
        let chosen: [&str; N] =
            std::array::from_fn(|index| tags[index].as_deref().unwrap_or_default());
        let object = Replayed {
            read: read.into_iter(),
            value: None,
            rest,
        };
        T::read(chosen, MapAccessDeserializer::new(object))
    }
}

/// The members that were read already, then the others.
struct Replayed<A> {
    read: std::vec::IntoIter<(String, Value)>,
    value: Option<Value>,
    rest: A,
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for Replayed<A> {
    type Error = A::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, A::Error> {
        let Some((key, value)) = self.read.next() else {
            return self.rest.next_key_seed(seed);
        };
        self.value = Some(value);
        seed.deserialize(key.into_deserializer()).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, A::Error> {
        match self.value.take() {
            Some(value) => seed.deserialize(value).map_err(A::Error::custom),
            None => self.rest.next_value_seed(seed),
        }
    }
}

/// The members of a union that implements `Tagged`.
macro_rules! tagged {
    ($name:ident) => {
        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                crate::wire::tagged::deserialize(deserializer)
            }
        }
    };
}

pub(crate) use tagged;
