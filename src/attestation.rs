//! The attestation protocol.

pub mod nonce;
pub mod scope;
mod uri;
