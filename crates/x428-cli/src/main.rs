//! The `x428` command.
fn main() {}
