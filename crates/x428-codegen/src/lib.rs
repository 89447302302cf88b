//! From `schema/` to Rust types and OpenAPI documents.
//!
//! The input is what `ARCHITECTURE.md` calls the hinge: the bundle of a protocol's JSON Schemas and its manifest. The
//! build script of the SDK and `x428 build` call the same three functions:
//!
//! - [`rust`]: the types, as formatted source text;
//! - [`openapi`]: the OpenAPI 3.1 document of a protocol;
//! - [`openapi_3_0`]: the same document for tools that read 3.0 only.
//!
//! Nothing here panics on any input: what cannot be generated from is an [`Error`] with a file, a JSON pointer, the
//! reason and a way out.
//!
//! ```no_run
//! use x428_codegen::{Protocol, openapi, rust};
//!
//! let attestation = Protocol::load("schema", "attestation")?;
//! let document = openapi(&attestation)?;
//! let types = rust(&[attestation])?;
//! # Ok::<(), x428_codegen::Error>(())
//! ```

mod error;
mod hoist;
mod input;
mod model;
mod names;
mod openapi;
mod rust;
mod settings;
mod shape;

pub use error::Error;
pub use input::{
    About, Code, Codes, Constant, Example, Machine, Manifest, Operation, Protocol, Table,
    Transition, Webhook,
};
pub use openapi::{openapi, openapi_3_0};
pub use rust::rust;
