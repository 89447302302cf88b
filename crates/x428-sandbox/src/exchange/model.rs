//! The records of the exchange.

mod access;
mod asset;
mod challenge;
mod owner;
mod submission;
mod webhook;
mod withdrawal;

pub(crate) use access::{
    AccessToken, AuthorizationCode, AuthorizationRequest, Client, Consent, Refresh, Registered,
    Session,
};
pub use asset::{Checksum, ListedAsset, ListedNetwork};
pub(crate) use challenge::{Challenge, Code, ExpectedCosts, Method, Proof};
pub use owner::{KnownAddress, StepUpRule};
pub(crate) use owner::{Owner, Passkey};
pub(crate) use submission::{Quote, Submission};
pub(crate) use webhook::{Delivery, Message, Webhook};
pub(crate) use withdrawal::{Past, Reason, Withdrawal};
