//! The flags of the exchange of the sandbox.

mod flags;
mod log;
mod mail;
