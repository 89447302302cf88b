//! The reference exchange, in the process, over its router: on SQLite, and on PostgreSQL where
//! `tests/services` has started one.
#![expect(clippy::unwrap_used, reason = "a test fails by a panic")]

mod client;
mod flow;
mod foreign;
mod harness;
mod high;
mod lifecycle;
mod oauth;
mod outage;
mod passkeys;
mod postgres;
mod races;
mod rates;
mod step_up;
mod submission;
mod walkthroughs;
mod webhooks;
