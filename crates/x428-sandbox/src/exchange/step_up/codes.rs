//! Codes that are sent.

use x428::wire::withdrawal::CODE_DIGITS_MIN;

use crate::exchange::Exchange;
use crate::exchange::store::Fault;

/// A fresh code.
// r[impl withdrawal.verify.code-form]
pub(crate) fn fresh(exchange: &Exchange) -> Result<String, Fault> {
    exchange.random.digits(CODE_DIGITS_MIN)
}

/// What is kept of a code: a digest under a key, for a million codes are soon tried without one.
/// It is bound to what the code is for.
pub(crate) fn digest(exchange: &Exchange, purpose: &str, code: &str) -> String {
    exchange.keys.code_digest(purpose, code)
}
