//! Tokens that were opened lately.
//!
//! To open a token costs more than everything else that is done for a request with one. Whoever
//! comes back comes back with the same token. The table has a fixed size, holds nothing but what
//! this server's keys have authenticated, and decides nothing: expiry, revocation, scope and policy
//! are checked at every use.

use std::sync::{Arc, Mutex};

use jiff::Timestamp;
use sha2::{Digest as _, Sha256};

use crate::attestation::scope::Scope;
use crate::attestation::token::{Grant, TokenIssuer};
use crate::error::Rejected;

/// A power of two. An entry is some hundred bytes.
const SLOTS: usize = 1024;

/// The SHA-256 of a token stands for it, so that the memory of the server holds no token that
/// would open anything, and a comparison that takes longer tells nothing of one.
type Key = [u8; 32];

pub(super) struct Opened {
    slots: Box<[Slot]>,
}

type Slot = Mutex<Option<(Key, Arc<Known>)>>;

/// What a token opened to, and its scope as it was read then.
#[derive(Debug)]
pub(super) struct Known {
    pub(super) grant: Grant,
    scope: Option<Scope<'static>>,
}

impl Known {
    fn new(grant: Grant) -> Self {
        let scope = Scope::parse(&grant.scope).map(Scope::into_owned);
        Self { grant, scope }
    }

    /// As [`Grant::check`].
    pub(super) fn check(&self, requested: &str, now: Timestamp) -> Result<(), Rejected> {
        self.grant.check_with(self.scope.as_ref(), requested, now)
    }
}

impl Opened {
    pub(super) fn new() -> Self {
        Self {
            slots: std::iter::repeat_with(Slot::default).take(SLOTS).collect(),
        }
    }

    /// Opens a token, or finds what it opened to before.
    // r[impl attestation.token.unknown]
    pub(super) fn open(&self, tokens: &TokenIssuer, token: &str) -> Option<Arc<Known>> {
        let key: Key = Sha256::digest(token).into();
        let at = usize::from(u16::from_be_bytes([key[0], key[1]])) % SLOTS;
        let slot = self.slots.get(at)?;
        // A thread that panicked left the slot as it was or empty. Nothing depends on it.
        let known = slot.lock().ok().and_then(|slot| match &*slot {
            Some((known, grant)) if *known == key => Some(Arc::clone(grant)),
            _ => None,
        });
        if known.is_some() {
            return known;
        }
        let grant = Arc::new(Known::new(tokens.open(token)?));
        if let Ok(mut slot) = slot.lock() {
            *slot = Some((key, Arc::clone(&grant)));
        }
        Some(grant)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sign::seal::{SealKey, SealRing};

    #[test]
    fn what_no_key_has_sealed_does_not_enter() {
        let tokens = TokenIssuer::new(SealRing::new(SealKey::new(1, [1; 32])));
        let opened = Opened::new();
        for token in ["", "x", "AQAAAAE"] {
            assert!(opened.open(&tokens, token).is_none(), "{token}");
        }
        let is_empty = |slot: &Slot| slot.lock().unwrap().is_none();
        assert!(opened.slots.iter().all(is_empty));
    }
}
