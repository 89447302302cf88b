//! Reference servers of the x428 protocols, to try clients against.
//!
//! [`attested`] guards a few small resources with preconditions, and explains itself in a browser:
//! `x428 sandbox attested`.

pub mod attested;
