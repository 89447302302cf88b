//! x428 around x402: see the tests.
