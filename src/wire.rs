//! The types of the protocols, generated from `schema/`.
//!
//! A value of these types has the form that its schema asks for: text has its pattern and length, numbers are in
//! range, lists have neither too few nor too many items, tags say what they have to say. Members that a schema does
//! not know are ignored on input, except where a type says that it keeps them. Members are written in the order in
//! which the specification declares them.
//!
//! ```
//! use x428::wire::attestation::PreconditionId;
//!
//! let id = PreconditionId::parse("tos-2026")?;
//! assert_eq!(id.as_str(), "tos-2026");
//! assert!(PreconditionId::parse("").is_err());
//! # Ok::<(), x428::wire::Invalid>(())
//! ```

mod constant;
mod integer;
mod invalid;
mod list;
mod member;
mod record;
mod tagged;
mod text;
mod word;

pub use invalid::Invalid;

#[cfg(feature = "codegen")]
mod generated {
    include!(concat!(env!("OUT_DIR"), "/wire.rs"));
}

#[cfg(not(feature = "codegen"))]
#[path = "generated.rs"]
mod generated;

pub use generated::{attestation, withdrawal};
