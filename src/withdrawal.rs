//! The withdrawal protocol: an application withdraws for an owner, and the owner approves what is
//! withdrawn.
//!
//! These modules calculate and decide. They send nothing and store nothing, but for the client.
//!
//! | part | section | does |
//! |---|---|---|
//! | [`decimal`] | 2.3 | amounts, exactly |
//! | [`idempotency`] | 6.3 | the keys that make a submission repeatable |
//! | [`submission`] | 6.1 | requests to withdraw, and their fingerprints |
//! | [`intent`] | 7.3 | what the owner approves |
//! | [`proof`] | 7.10 | that the owner approved it |
//! | [`state`] | 7.2, 8.1 | what may follow what, and what becomes of the balance |
//! | [`cursor`] | 8.4 | lists in pages |
//! | [`webhook`] | 8.5 | signed by the exchange, verified by the client |
//! | [`coinbase`] | 15 | what Coinbase calls these things |
//! | `client` (feature `withdrawal-client`) | 3 to 8, 10, 11 | what a wallet uses |
//! | [`refusal`] | 2.2, 10 | bodies read strictly, and what is answered if they are not of their form |

#[cfg(feature = "withdrawal-client")]
pub mod client;
pub mod coinbase;
pub mod cursor;
pub mod decimal;
#[cfg(test)]
pub(crate) mod example;
pub mod idempotency;
pub mod intent;
pub mod proof;
pub mod refusal;
pub mod state;
pub mod submission;
pub mod webhook;
