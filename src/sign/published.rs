//! The keys of the Appendices B of both protocols, whose secrets everybody knows.

use crate::did::PublicKey;
use crate::encoding::base64url;
use crate::wire::{attestation, withdrawal};

/// Whether the key is one of those that the specifications publish with their secrets, each in its
/// Appendix B.
#[must_use]
pub fn is_published_test_key(key: &PublicKey) -> bool {
    let key = base64url(key.0);
    let mut published = attestation::PUBLISHED_KEYS
        .iter()
        .chain(&withdrawal::PUBLISHED_KEYS);
    published.any(|(_, known)| *known == key)
}
