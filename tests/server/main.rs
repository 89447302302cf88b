//! The server layer from outside: one binary, a module for each part of chapters 6, 8 and 12.

#[cfg(test)]
mod browser;
#[cfg(test)]
mod discovery;
#[cfg(test)]
mod endpoint;
#[cfg(feature = "tracing")]
#[cfg(test)]
mod events;
#[cfg(test)]
mod example;
#[cfg(test)]
mod handshake;
#[cfg(test)]
mod harness;
#[cfg(test)]
mod hostile;
#[cfg(test)]
mod inner;
#[cfg(test)]
mod loopback;
#[cfg(feature = "metrics")]
#[cfg(test)]
mod metrics;
#[cfg(test)]
mod outage;
#[cfg(all(feature = "metrics", feature = "tracing"))]
#[cfg(test)]
mod privacy;
#[cfg(test)]
mod receipts;
#[cfg(test)]
mod resources;
#[cfg(test)]
mod tokens;
#[cfg(feature = "tracing")]
#[cfg(test)]
mod trace;
#[cfg(test)]
mod vocabulary;
