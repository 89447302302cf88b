//! Members of objects.

use serde::{Deserialize, Deserializer};

/// Reads an optional member that is there. Serde would take `null` for an absent member; the schemas do not.
pub(crate) fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}
