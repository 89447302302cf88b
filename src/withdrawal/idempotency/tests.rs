use proptest::prelude::*;

use super::*;
use crate::wire::withdrawal::{IDEMPOTENCY_KEY_MAX, IDEMPOTENCY_KEY_MIN};

fn read(value: &str) -> Result<IdempotencyKey, Refused> {
    key([value.as_bytes()])
}

// r[verify withdrawal.idempotency.required]
// r[verify withdrawal.http.once]
#[test]
fn there_is_exactly_one_key() {
    let value = b"0f8fad5b-d9cb-469f-a165-70867728950e".as_slice();
    assert!(key([value]).is_ok());
    for values in [vec![], vec![value, value]] {
        let refused = key(values).err().unwrap();
        assert_eq!(refused.code(), WithdrawalErrorCode::IdempotencyKeyMissing);
        assert_eq!(refused.status(), 400);
    }
}

// r[verify withdrawal.idempotency.form]
#[test]
fn other_values_are_no_keys() {
    let long = "a".repeat(IDEMPOTENCY_KEY_MAX + 1);
    let quoted_long = format!("\"{long}\"");
    for value in [
        "",
        "\"\"",
        "1",
        "\"0123456789abcdef",
        "0123456789abcdef\"",
        "\"\"0123456789abcdef\"\"",
        "'0123456789abcdef'",
        "0123456789abcde\u{e9}",
        "0123456789abcdef ",
        " 0123456789abcdef",
        "\"0123456789abcdef\";a=1",
        "0123456789abcdef, 0123456789abcdef",
        "\"0123456789\\\"abcdef\"",
        long.as_str(),
        quoted_long.as_str(),
    ] {
        assert!(read(value).is_err(), "{value:?}");
    }
    assert!(key([b"0123456789abcde\xff".as_slice()]).is_err());
}

proptest! {
    #![proptest_config(crate::fixed_seed())]

    // r[verify withdrawal.idempotency.form]
    #[test]
    fn a_key_is_the_same_with_quotation_marks(text in "[A-Za-z0-9_-]{0,70}") {
        let valid = (IDEMPOTENCY_KEY_MIN..=IDEMPOTENCY_KEY_MAX).contains(&text.len());
        let bare = read(&text).ok();
        prop_assert_eq!(bare.is_some(), valid);
        prop_assert_eq!(bare, read(&format!("\"{text}\"")).ok());
    }

    #[test]
    fn any_bytes_are_read_or_refused(value in prop::collection::vec(any::<u8>(), 0..80)) {
        let _ = key([value.as_slice()]);
    }
}
