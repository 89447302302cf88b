//! The OpenAPI 3.1 documents of the protocols, for servers that publish what they speak.

/// The document of the attestation protocol, as JSON text.
#[cfg(feature = "codegen")]
pub const ATTESTATION: &str = include_str!(concat!(env!("OUT_DIR"), "/attestation.openapi.json"));

/// The document of the attestation protocol, as JSON text.
#[cfg(not(feature = "codegen"))]
pub const ATTESTATION: &str = include_str!("../openapi/attestation.json");

/// The document of the withdrawal protocol, as JSON text.
#[cfg(feature = "codegen")]
pub const WITHDRAWAL: &str = include_str!(concat!(env!("OUT_DIR"), "/withdrawal.openapi.json"));

/// The document of the withdrawal protocol, as JSON text.
#[cfg(not(feature = "codegen"))]
pub const WITHDRAWAL: &str = include_str!("../openapi/withdrawal.json");
