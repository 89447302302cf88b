//! Idempotency keys and the fingerprints that are kept with them (section 6.3).
//!
//! ```
//! use x428::withdrawal::idempotency;
//!
//! let bare = idempotency::key([b"0f8fad5b-d9cb-469f-a165-70867728950e".as_slice()])?;
//! let quoted = idempotency::key([b"\"0f8fad5b-d9cb-469f-a165-70867728950e\"".as_slice()])?;
//! assert_eq!(bare, quoted);
//! assert!(idempotency::key([]).is_err());
//! # Ok::<(), x428::withdrawal::refusal::Refused>(())
//! ```

use crate::wire::withdrawal::{
    ErrorDetailCode, IdempotencyKey, IdempotencyKeyField, WithdrawalErrorCode,
};
use crate::withdrawal::refusal::Refused;

#[cfg(test)]
mod tests;

const FIELD: &str = "/Idempotency-Key";

/// Reads the key from the values of all headers `Idempotency-Key` of a request: of exactly one,
/// bare or as a quoted string (RFC 9651 §3.3.3).
///
/// # Errors
/// [`Refused`] with `idempotency_key_missing`.
// r[impl withdrawal.idempotency.required]
// r[impl withdrawal.idempotency.form]
// r[impl withdrawal.http.once]
pub fn key<'a>(values: impl IntoIterator<Item = &'a [u8]>) -> Result<IdempotencyKey, Refused> {
    let refuse = |message: &'static str, code| {
        Refused::new(WithdrawalErrorCode::IdempotencyKeyMissing, message).at(FIELD, code)
    };
    let mut values = values.into_iter();
    let Some(value) = values.next() else {
        let message = "The header Idempotency-Key is missing.";
        return Err(refuse(message, ErrorDetailCode::Missing));
    };
    if values.next().is_some() {
        let message = "The header Idempotency-Key is there twice.";
        return Err(refuse(message, ErrorDetailCode::Duplicate));
    }
    std::str::from_utf8(value)
        .ok()
        .and_then(|text| IdempotencyKeyField::parse(text).ok())
        .and_then(|field| unquoted(&field))
        .ok_or_else(|| {
            let message = "The header Idempotency-Key is not of its form.";
            refuse(message, ErrorDetailCode::Format)
        })
}

/// The key that the value of a header holds.
///
/// The pattern of the field admits quotation marks on both sides or on none.
fn unquoted(field: &IdempotencyKeyField) -> Option<IdempotencyKey> {
    IdempotencyKey::parse(field.as_str().trim_matches('"')).ok()
}
