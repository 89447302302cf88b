//! Digests and comparisons.

use sha2::{Digest as _, Sha256};
use x428::encoding::base64url;

/// The SHA-256 of a text in base64url, under which a token or a code is kept.
// r[impl withdrawal.token.storage]
pub(crate) fn of(text: &str) -> String {
    base64url(Sha256::digest(text))
}

/// Whether two texts are equal, in a time that depends on their lengths alone.
// r[impl withdrawal.security.constant-time]
// r[impl withdrawal.verify.compare]
pub(crate) fn same(one: &str, other: &str) -> bool {
    aws_lc_rs::constant_time::verify_slices_are_equal(one.as_bytes(), other.as_bytes()).is_ok()
}

/// Lowercase hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a text does not fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
