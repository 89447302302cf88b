//! The reference exchange, in the process, over its router: on SQLite, and on PostgreSQL where
//! `tests/services` has started one.
#![expect(clippy::unwrap_used, reason = "a test fails by a panic")]

mod bad_input;
mod challenges;
mod client;
mod flow;
mod foreign;
mod harness;
mod high;
mod lifecycle;
mod mail;
mod oauth;
mod order;
mod outage;
mod pages;
mod passkeys;
mod postgres;
mod privacy;
mod races;
mod rates;
mod record;
mod rules;
mod security;
mod settlement;
mod shown;
mod spared;
mod step_up;
mod submission;
mod trips;
mod walkthroughs;
mod webhooks;
