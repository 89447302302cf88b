//! did:web against servers that mean harm: every refusal over TLS on the loopback interface.

#[cfg(test)]
mod refusals;
#[cfg(test)]
mod server;
