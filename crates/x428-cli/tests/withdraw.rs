//! `x428 withdraw`, as somebody at a terminal uses it, against the exchange of the sandbox.

#![expect(clippy::unwrap_used, reason = "a test fails by a panic")]

#[expect(dead_code, reason = "a part of it is for other commands")]
#[path = "sdk/run.rs"]
pub(crate) mod run;

mod withdraw {
    mod errors;
    mod interrupted;
    pub(crate) mod person;
    pub(crate) mod place;
    mod travel_rule;
    mod whole;
}
