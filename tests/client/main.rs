//! The client against servers, kind and hostile.

#[cfg(test)]
mod credentials;
#[cfg(test)]
mod documents;
#[cfg(test)]
mod duties;
#[cfg(test)]
mod example;
#[cfg(test)]
mod handshake;
#[cfg(test)]
mod hostile;
#[cfg(test)]
mod layer;
#[cfg(test)]
mod redirects;
#[cfg(test)]
mod server;
// The servers of the tests of did:web, which speak TLS.
#[cfg(test)]
#[expect(dead_code, reason = "documents need less of it than did:web")]
#[path = "../did_web/server.rs"]
mod tls;
