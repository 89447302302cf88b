//! Events without personal data: what was decided, with which code, in which time.

use crate::error::Error;
use crate::wire::attestation::ErrorCode;

/// When the layer began to look at something. Without events nobody asks, and no clock is read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Started {
    #[cfg(feature = "tracing")]
    at: std::time::Instant,
}

impl Started {
    pub(super) fn now() -> Self {
        Self {
            #[cfg(feature = "tracing")]
            at: std::time::Instant::now(),
        }
    }

    #[cfg(feature = "tracing")]
    fn micros(self) -> u64 {
        u64::try_from(self.at.elapsed().as_micros()).unwrap_or(u64::MAX)
    }
}

// r[impl attestation.privacy.redact]
macro_rules! event {
    ($level:ident, $decision:literal, $started:expr $(, $name:ident = $value:expr)*) => {
        #[cfg(feature = "tracing")]
        tracing::event!(
            target: "x428::server",
            tracing::Level::$level,
            decision = $decision,
            $($name = $value,)*
            micros = $started.micros(),
        );
        #[cfg(not(feature = "tracing"))]
        let _ = ($started, $($value,)*);
    };
}

pub(super) fn challenged(started: Started) {
    event!(DEBUG, "challenged", started);
}

pub(super) fn admitted(started: Started) {
    event!(DEBUG, "admitted", started);
}

pub(super) fn granted(started: Started) {
    event!(INFO, "granted", started);
}

pub(super) fn refused(code: ErrorCode, started: Started) {
    event!(INFO, "refused", started, code = code.as_str());
}

/// Names what is out of order, and not why: a reason may name hosts and operators.
pub(super) fn outage(error: &Error, started: Started) {
    let what = match error {
        Error::Unavailable(unavailable) => unavailable.what(),
        Error::Misuse(_) => "configuration",
        _ => "server",
    };
    event!(ERROR, "outage", started, what = what);
}
