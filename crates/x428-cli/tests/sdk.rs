//! The commands of the SDK, as people and programs call them: what is on standard output, what is on
//! standard error, and the exit code.

#![expect(clippy::unwrap_used, reason = "a test fails by a panic")]

mod sdk {
    mod attest;
    mod audit;
    mod key;
    mod network;
    pub(crate) mod run;
    mod tampered;
    mod verify;
}
