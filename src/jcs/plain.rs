//! How far a string goes without anything that is escaped, eight bytes at a time.

const ONES: u64 = u64::from_le_bytes([0x01; 8]);
const HIGH: u64 = u64::from_le_bytes([0x80; 8]);

/// The number of bytes before the first quotation mark, backslash or control character.
pub(super) fn plain_length(bytes: &[u8]) -> usize {
    let (words, rest) = bytes.as_chunks::<8>();
    for (index, word) in words.iter().enumerate() {
        let found = special(u64::from_le_bytes(*word));
        if found != 0 {
            // A borrow can mark bytes after a special one, never before it.
            return index * 8 + (found.trailing_zeros() / 8) as usize;
        }
    }
    let plain = rest
        .iter()
        .position(|&byte| byte == b'"' || byte == b'\\' || byte < 0x20);
    bytes.len() - rest.len() + plain.unwrap_or(rest.len())
}

/// Marks the high bit of the first byte that is special, and perhaps of later ones.
fn special(word: u64) -> u64 {
    let zero = |word: u64| word.wrapping_sub(ONES) & !word;
    let quote = zero(word ^ (ONES * u64::from(b'"')));
    let backslash = zero(word ^ (ONES * u64::from(b'\\')));
    let control = word.wrapping_sub(ONES * 0x20) & !word;
    (quote | backslash | control) & HIGH
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(crate::fixed_seed())]

        #[test]
        fn words_find_what_bytes_find(bytes in prop::collection::vec(any::<u8>(), 0..40)) {
            let expected = bytes.iter().position(|&byte| byte == b'"' || byte == b'\\' || byte < 0x20);
            prop_assert_eq!(plain_length(&bytes), expected.unwrap_or(bytes.len()));
        }

        #[test]
        fn plain_text_is_plain(text in "[ !#-\\[\\]-~é€]{0,60}") {
            prop_assert_eq!(plain_length(text.as_bytes()), text.len());
        }
    }
}
