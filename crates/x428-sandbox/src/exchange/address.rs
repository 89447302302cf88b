//! Addresses: their form, and their checksum.

use sha2::{Digest as _, Sha256};
use sha3::Keccak256;

use super::model::{Checksum, ListedNetwork};

const XRPL: &[u8; 58] = b"rpshnaf39wBUDNEGHJKLM4PQRST7VWXYZ2bcdeCg65jkm8oFqi1tuvAxyz";

/// Whether a text is an address of the network, checksum included.
// r[impl withdrawal.submit.address]
// r[impl withdrawal.assets.regex-not-enough]
pub(crate) fn is_valid(listed: &ListedNetwork, address: &str) -> bool {
    let has_form = matches(listed.network.address_regex.as_str(), address);
    has_form
        && match listed.checksum {
            Checksum::Erc55 => is_erc55(address),
            Checksum::Xrpl => is_xrpl(address),
        }
}

/// Whether an expression of the exchange's own list matches the whole text.
pub(crate) fn matches(expression: &str, text: &str) -> bool {
    regress::Regex::new(expression).is_ok_and(|regex| {
        regex
            .find(text)
            .is_some_and(|found| found.range() == (0..text.len()))
    })
}

/// ERC-55. An address that is all of one case has no checksum.
fn is_erc55(address: &str) -> bool {
    let Some(digits) = address.strip_prefix("0x") else {
        return false;
    };
    let has = |test: fn(&u8) -> bool| digits.bytes().any(|byte| test(&byte));
    if !(has(u8::is_ascii_uppercase) && has(u8::is_ascii_lowercase)) {
        return true;
    }
    let hash = Keccak256::digest(digits.to_ascii_lowercase());
    digits.bytes().enumerate().all(|(at, byte)| {
        let nibble = hash
            .get(at / 2)
            .map_or(0, |pair| if at % 2 == 0 { pair >> 4 } else { pair & 0xf });
        !byte.is_ascii_alphabetic() || byte.is_ascii_uppercase() == (nibble >= 8)
    })
}

/// An account of the XRP Ledger: a zero, twenty bytes, four of a double SHA-256.
fn is_xrpl(address: &str) -> bool {
    let Some(bytes) = base58::<25>(XRPL, address) else {
        return false;
    };
    let (payload, checksum) = bytes.split_at(21);
    let digest = Sha256::digest(Sha256::digest(payload));
    payload.first() == Some(&0) && digest.get(..4) == Some(checksum)
}

/// Reads base58 of so many bytes.
fn base58<const N: usize>(alphabet: &[u8; 58], text: &str) -> Option<[u8; N]> {
    let mut bytes = [0u8; N];
    for digit in text.bytes() {
        let mut carry = alphabet.iter().position(|known| *known == digit)?;
        for byte in bytes.iter_mut().rev() {
            carry += usize::from(*byte) * 58;
            *byte = u8::try_from(carry & 0xff).ok()?;
            carry >>= 8;
        }
        if carry != 0 {
            return None;
        }
    }
    let zeros = |bytes: &[u8], zero: u8| bytes.iter().take_while(|byte| **byte == zero).count();
    // Every zero at the beginning is a digit of its own.
    (zeros(&bytes, 0) == zeros(text.as_bytes(), alphabet[0])).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    // r[verify withdrawal.assets.regex-not-enough]
    #[test]
    fn a_checksum_is_checked() {
        assert!(is_erc55("0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"));
        assert!(is_erc55("0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359"));
        assert!(is_erc55("0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed"));
        assert!(!is_erc55("0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAeD"));
        assert!(is_xrpl("rHb9CJAWyB4rj91VRWn96DkukG4bwdtyTh"));
        assert!(!is_xrpl("rHb9CJAWyB4rj91VRWn96DkukG4bwdtyTj"));
        assert!(!is_xrpl("r"));
    }

    #[test]
    fn an_expression_matches_the_whole_text() {
        assert!(matches("^(0|[1-9][0-9]{0,9})$", "90417"));
        assert!(!matches("^(0|[1-9][0-9]{0,9})$", "090417"));
        assert!(!matches("0|1", "01"));
    }
}
