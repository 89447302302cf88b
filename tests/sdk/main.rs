//! The SDK from outside: one binary, a module for each part.

mod wire;
