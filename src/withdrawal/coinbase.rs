//! What Coinbase calls things, and what it cannot say (chapter 15).
//!
//! An adapter speaks this protocol to its clients and the accounts and transactions of Coinbase (v2)
//! to Coinbase. These are the conversions, both ways, without the calls. What has no counterpart is
//! an error with a name: nothing is guessed, and nothing is left out in silence.
//!
//! ```
//! use x428::withdrawal::{coinbase::{Adapter, Network}, submission::Submission};
//! use x428::wire::withdrawal::{IdempotencyKey, NetworkCode};
//!
//! let adapter = Adapter::new(vec![Network {
//!     code: NetworkCode::parse("ethereum")?,
//!     name: "ethereum".into(),
//!     confirmations: 12,
//! }]);
//! let key = IdempotencyKey::parse("0f8fad5b-d9cb-469f-a165-70867728950e")?;
//! let body = br#"{"asset": "ETH", "network": "ethereum", "amount": "1.50",
//!     "address": "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"}"#;
//! let send = adapter.send(&Submission::read(body, key)?)?;
//! assert_eq!(serde_json::to_value(&send)?, serde_json::json!({
//!     "type": "send",
//!     "to": "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
//!     "amount": "1.50",
//!     "currency": "ETH",
//!     "network": "ethereum",
//!     "idem": "0f8fad5b-d9cb-469f-a165-70867728950e",
//! }));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use crate::wire::withdrawal::NetworkCode;

mod advanced;
mod answer;
mod challenge;
mod error;
mod grant;
mod page;
mod send;
mod shape;
#[cfg(test)]
mod tests;
mod travel_rule;

pub use advanced::{Account, Available, asset};
pub use answer::{Known, status};
pub use challenge::{Asked, challenge};
pub use error::{ErrorAnswer, read_error, written_error};
pub use grant::{SendLimit, meta, scope, scope_named, send_limit};
pub use page::{PageQuery, next};
pub use shape::{
    Data, Destination, ErrorEntry, ErrorList, Listed, Money, NetworkPart, Pagination, SendMoney,
    Transaction, TravelRuleData,
};
pub use travel_rule::{travel_rule, travel_rule_data};

/// What one side says and the other has no word for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{what} has no counterpart: {why}")]
pub struct Gap {
    what: &'static str,
    why: &'static str,
}

impl Gap {
    pub(crate) const fn new(what: &'static str, why: &'static str) -> Self {
        Self { what, why }
    }

    /// The member that cannot be converted.
    #[must_use]
    pub fn what(&self) -> &'static str {
        self.what
    }

    /// Why it cannot.
    #[must_use]
    pub fn why(&self) -> &'static str {
        self.why
    }
}

/// A network, under both of its names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Network {
    /// The code that this adapter has published.
    pub code: NetworkCode,
    /// Coinbase's name.
    pub name: String,
    /// How many confirmations a transaction needs. Coinbase does not say.
    pub confirmations: u32,
}

/// What an adapter knows and does besides Coinbase.
#[derive(Debug, Clone, Default)]
pub struct Adapter {
    networks: Vec<Network>,
    enforces_fees: bool,
    verifies_ownership: bool,
}

impl Adapter {
    /// Knows these networks, and does nothing that Coinbase does not do.
    #[must_use]
    pub fn new(networks: Vec<Network>) -> Self {
        Self {
            networks,
            ..Self::default()
        }
    }

    /// Says that the adapter keeps `maxFee` and `quoteId` itself, before it sends.
    #[must_use]
    pub fn that_enforces_fees(mut self) -> Self {
        self.enforces_fees = true;
        self
    }

    /// Says that the adapter verifies ownership proofs itself, before it sends.
    #[must_use]
    pub fn that_verifies_ownership(mut self) -> Self {
        self.verifies_ownership = true;
        self
    }

    fn by_code(&self, code: &NetworkCode) -> Option<&Network> {
        self.networks.iter().find(|network| network.code == *code)
    }

    fn by_name(&self, name: &str) -> Option<&Network> {
        self.networks.iter().find(|network| network.name == name)
    }
}
