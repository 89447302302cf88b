//! A submission: from the request to the withdrawal (chapter 6).

mod account;
mod create;
pub(crate) mod destination;
mod factor;
mod grant;
mod known;
mod order;
pub(crate) mod ownership;
pub(crate) mod travel;

pub(crate) use destination::{Destination, Target};
pub(crate) use order::{Outcome, decide};
