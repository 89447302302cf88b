//! Reference servers of the x428 protocols, to try clients against.
//!
//! [`attested`] guards a few small resources with preconditions, and explains itself in a browser:
//! `x428 sandbox attested`.
//!
//! [`exchange`] (feature `exchange`) executes withdrawals of assets that do not exist:
//! `x428 sandbox exchange`.

pub mod attested;
#[cfg(feature = "exchange")]
pub mod exchange;
