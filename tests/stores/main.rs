//! The stores that instances share, against real databases: `tests/services` starts them.

#![expect(clippy::unwrap_used, reason = "a test fails by a panic")]

mod audit;
mod kill;
mod opening;
mod outage;
mod postgres;
mod redis;
mod services;
mod sqlite;
mod suite;
