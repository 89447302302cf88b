use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use x428::wire::withdrawal::FeeMode;
use x428::withdrawal::decimal::Decimal;

use crate::exchange::{digest, store::record::record};

/// An idempotency key of a client and an owner, and what has become of it.
#[derive(Serialize, Deserialize, Clone)]
pub(crate) struct Submission {
    pub(crate) id: String,
    pub(crate) fingerprint: String,
    /// When it was first used, which decides whether its quote is valid.
    pub(crate) first_at: Timestamp,
    pub(crate) challenge: Option<String>,
    pub(crate) withdrawal: Option<String>,
    pub(crate) ends_at: Timestamp,
}

record!(Submission, "submission", [
    "ends_at" = "$3" => |submission| submission.ends_at.as_millisecond().into(),
]);

impl Submission {
    /// The name of a key. The same key of another client or owner is another one.
    // r[impl withdrawal.idempotency.scope]
    pub(crate) fn name(owner: &str, client: &str, key: &str) -> String {
        digest::of(&format!("{owner}\n{client}\n{key}"))
    }
}

/// A fee that holds for a while.
#[derive(Serialize, Deserialize, Clone)]
pub(crate) struct Quote {
    pub(crate) id: String,
    pub(crate) owner: String,
    pub(crate) client: String,
    pub(crate) asset: String,
    pub(crate) network: String,
    pub(crate) amount: Decimal,
    pub(crate) fee_mode: FeeMode,
    pub(crate) address: Option<String>,
    pub(crate) memo: Option<String>,
    pub(crate) fee: Decimal,
    /// The submission that has used it.
    pub(crate) used_by: Option<String>,
    pub(crate) ends_at: Timestamp,
}

record!(Quote, "quote", [
    "ends_at" = "$3" => |quote| quote.ends_at.as_millisecond().into(),
]);
