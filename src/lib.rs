//! x428.

pub mod attestation;
pub mod clock;
pub mod did;
pub mod encoding;
pub mod error;
#[cfg(feature = "http")]
pub mod http;
pub mod jcs;
pub mod openapi;
#[cfg(feature = "tower")]
pub mod server;
pub mod sign;
pub mod vc;
pub mod wire;

use std::pin::pin;
use std::task::{Context, Poll, Waker};

/// Runs a future that waits for nothing: one whose resolvers and stores are in memory.
///
/// ```
/// assert_eq!(x428::poll_ready(std::future::ready(1)), Some(1));
/// assert_eq!(x428::poll_ready(std::future::pending::<u8>()), None);
/// ```
pub fn poll_ready<F: Future>(future: F) -> Option<F::Output> {
    let mut context = Context::from_waker(Waker::noop());
    match pin!(future).poll(&mut context) {
        Poll::Ready(output) => Some(output),
        Poll::Pending => None,
    }
}

/// Property tests try the same cases on every run.
#[cfg(test)]
fn fixed_seed() -> proptest::test_runner::Config {
    proptest::test_runner::Config {
        rng_seed: proptest::test_runner::RngSeed::Fixed(428),
        failure_persistence: None,
        ..Default::default()
    }
}
