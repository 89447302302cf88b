//! The SDK from outside: one binary, a module for each part.

#![expect(clippy::expect_used, reason = "a test fails by a panic")]

mod appendices;
mod architecture;
mod client;
mod exchange;
mod wire;
