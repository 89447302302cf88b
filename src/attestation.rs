//! The attestation protocol: a server names preconditions, an operator attests them, a token
//! opens the resource.
//!
//! | part | section | who |
//! |---|---|---|
//! | [`issue`] | 6.1 | the server issues challenges that cost it no memory |
//! | [`Challenge`] | 5.1 | the client checks what it is asked |
//! | [`Answer`] | 6.2 | the client attests and signs |
//! | [`Payload`], [`header`] | 6.2 | how the payload travels |
//! | [`Verifier`] | 6.3 | the server takes the ten steps |
//! | [`nonce`] | 6.3 | what makes a challenge good for one answer |
//! | [`token`], [`scope`] | 6.4, 6.5 | what the client gets for it |
//! | [`receipt`], [`audit`] | 12 | what each side keeps of it |
//! | [`revocation`] | 12.4 | tokens whose life ends early |

mod answer;
pub mod audit;
mod challenge;
pub mod header;
pub mod issue;
pub mod nonce;
mod payload;
pub mod receipt;
pub mod revocation;
pub mod scope;
pub mod token;
mod uri;
mod verify;

pub use answer::{Answer, SignedPayload};
pub use challenge::Challenge;
pub use payload::Payload;
#[cfg(feature = "tower")]
pub(crate) use uri::HttpUri;
pub use verify::{Accepted, Expected, Verifier};

use crate::wire::attestation as wire;
