//! Strict text encodings of bytes: base64url (RFC 4648 §5), base64 (§4) and multibase base58btc.
//!
//! Every byte string has exactly one encoding, and nothing else decodes to it. Two spellings of
//! one signature or one payload would be two nonces for a cache, a log or a replay store.

use base64::Engine as _;
use base64::alphabet::{Alphabet, STANDARD, URL_SAFE};
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, NO_PAD, PAD};

use crate::error::Malformed;

#[cfg(test)]
mod tests;

const UNPADDED: GeneralPurpose = engine(&URL_SAFE, NO_PAD);
const PADDED: GeneralPurpose = engine(&URL_SAFE, PAD);
const BASE64: GeneralPurpose = engine(&STANDARD, PAD);

/// Longer texts are no keys. Base58 takes time in the square of the length.
const BASE58_CEILING: usize = 128;

/// The multicodec prefix of an Ed25519 public key.
pub(crate) const ED25519_PUBLIC: [u8; 2] = [0xed, 0x01];

/// The multicodec prefix of an Ed25519 secret key.
pub(crate) const ED25519_SECRET: [u8; 2] = [0x80, 0x26];

const fn engine(alphabet: &Alphabet, config: GeneralPurposeConfig) -> GeneralPurpose {
    GeneralPurpose::new(alphabet, config.with_decode_allow_trailing_bits(false))
}

/// Encodes bytes as base64url without padding.
///
/// ```
/// assert_eq!(x428::encoding::base64url(b"x428"), "eDQyOA");
/// ```
#[must_use]
pub fn base64url(bytes: impl AsRef<[u8]>) -> String {
    UNPADDED.encode(bytes)
}

/// Decodes unpadded base64url.
///
/// # Errors
/// [`Malformed`] for padding, whitespace, the characters `+` and `/`, and bits that are set after
/// the last byte.
// r[impl withdrawal.base64url.read]
pub fn parse_base64url(text: &str) -> Result<Vec<u8>, Malformed> {
    UNPADDED.decode(text).map_err(|_| not_base64url())
}

/// Decodes unpadded base64url into exactly `N` bytes.
///
/// # Errors
/// [`Malformed`] as [`parse_base64url`], and for any other number of bytes.
pub fn parse_base64url_array<const N: usize>(text: &str) -> Result<[u8; N], Malformed> {
    let mut bytes = [0; N];
    let wrong_length = || Malformed::new("base64url", format!("not {N} bytes"));
    // The engine estimates the decoded length upwards and would ask for a larger buffer.
    if text.len() != (N * 4).div_ceil(3) {
        return Err(wrong_length());
    }
    match UNPADDED.decode_slice_unchecked(text, &mut bytes) {
        Ok(length) if length == N => Ok(bytes),
        Ok(_) => Err(wrong_length()),
        Err(_) => Err(not_base64url()),
    }
}

/// Encodes bytes as base64 with padding, as webhooks have it.
///
/// ```
/// assert_eq!(x428::encoding::base64(b"x428"), "eDQyOA==");
/// ```
#[must_use]
pub fn base64(bytes: impl AsRef<[u8]>) -> String {
    BASE64.encode(bytes)
}

/// Decodes padded base64.
///
/// # Errors
/// [`Malformed`] for padding that is missing, whitespace, the characters `-` and `_`, and bits that
/// are set after the last byte.
pub fn parse_base64(text: &str) -> Result<Vec<u8>, Malformed> {
    let not_base64 = || Malformed::new("base64", "not the one base64 spelling of its bytes");
    BASE64.decode(text).map_err(|_| not_base64())
}

/// Decodes the base64url of a header, where correct padding may stand.
///
/// # Errors
/// [`Malformed`] as [`parse_base64url`], and for padding that is not complete.
// r[impl attestation.base64url.read]
pub fn parse_base64url_header(text: &str) -> Result<Vec<u8>, Malformed> {
    let engine = if text.ends_with('=') {
        PADDED
    } else {
        UNPADDED
    };
    engine.decode(text).map_err(|_| not_base64url())
}

// The crate's own message quotes the offending byte; a key in the wrong place must not be quoted.
fn not_base64url() -> Malformed {
    Malformed::new("base64url", "not the one base64url spelling of its bytes")
}

/// Encodes bytes as multibase base58btc: `z` and the base58 digits.
#[must_use]
pub fn multibase(bytes: impl AsRef<[u8]>) -> String {
    let mut text = String::from("z");
    text.push_str(&bs58::encode(bytes).into_string());
    text
}

/// Decodes multibase base58btc.
///
/// # Errors
/// [`Malformed`] for any other base, and for texts longer than a key.
pub fn parse_multibase(text: &str) -> Result<Vec<u8>, Malformed> {
    let digits = text
        .strip_prefix('z')
        .ok_or_else(|| Malformed::new("multibase", "not base58btc (`z…`)"))?;
    parse_base58(digits)
}

/// Decodes base58 with the Bitcoin alphabet.
///
/// # Errors
/// [`Malformed`] for other characters, and for texts longer than a key.
pub fn parse_base58(digits: &str) -> Result<Vec<u8>, Malformed> {
    if digits.len() > BASE58_CEILING {
        return Err(Malformed::new("base58", "longer than a key"));
    }
    bs58::decode(digits)
        .into_vec()
        .map_err(|_| Malformed::new("base58", "not base58 digits"))
}

/// Writes a key as a multikey: multibase base58btc of its multicodec prefix and its bytes.
#[must_use]
pub(crate) fn multikey(prefix: [u8; 2], key: &[u8; 32]) -> String {
    let mut bytes = zeroize::Zeroizing::new([0; 34]);
    bytes[..2].copy_from_slice(&prefix);
    bytes[2..].copy_from_slice(key);
    multibase(bytes.as_slice())
}

/// Reads a multikey of the kind that the multicodec prefix names.
pub(crate) fn parse_multikey(prefix: [u8; 2], text: &str) -> Result<[u8; 32], Malformed> {
    let bytes = zeroize::Zeroizing::new(parse_multibase(text)?);
    bytes
        .strip_prefix(&prefix)
        .and_then(|key| key.try_into().ok())
        .ok_or_else(|| Malformed::new("multikey", "not a key of the expected kind"))
}
