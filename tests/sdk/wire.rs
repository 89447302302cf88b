//! The generated types against the schemas that they are generated from.

mod agreement;
mod generated;
mod instances;
mod mutants;
mod reading;
