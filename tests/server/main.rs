//! The server layer from outside: one binary, a module for each part of chapters 6, 8 and 12.

mod browser;
mod discovery;
mod endpoint;
mod handshake;
mod harness;
mod hostile;
mod loopback;
mod outage;
mod receipts;
mod resources;
mod tokens;
