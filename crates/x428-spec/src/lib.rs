//! The compiler of literate specifications: Markdown to a checked model, and from there to schemas,
//! tables, vectors and a book.
//!
//! The way through it: [`parse::load`] reads the files into a [`model::Spec`]; [`check::check`]
//! runs every pass over it and returns a [`model::Report`]; the rest turns the two into files.
//! Nothing panics on any input: whatever is wrong is a [`diagnostic::Diagnostic`] with a place.

pub mod book;
pub mod build;
pub mod check;
mod compute;
pub mod diagnostic;
pub mod diagram;
pub mod emit;
pub mod fix;
mod highlight;
mod http;
mod keys;
pub mod latex;
pub mod model;
pub mod parse;
pub mod region;
pub mod schema;
pub mod serve;
pub mod source;
pub mod value;
pub mod vectors;
