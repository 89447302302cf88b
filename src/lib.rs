//! x428.

pub mod clock;
pub mod did;
pub mod encoding;
pub mod error;
pub mod jcs;
pub mod sign;
pub mod wire;

/// Property tests try the same cases on every run.
#[cfg(test)]
fn fixed_seed() -> proptest::test_runner::Config {
    proptest::test_runner::Config {
        rng_seed: proptest::test_runner::RngSeed::Fixed(428),
        failure_persistence: None,
        ..Default::default()
    }
}
