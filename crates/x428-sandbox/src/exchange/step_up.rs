//! The second factor: challenges, methods, counters (chapter 7).

pub(crate) mod answer;
pub(crate) mod attempts;
pub(crate) mod codes;
pub(crate) mod expire;
pub(crate) mod prove;
pub(crate) mod sends;
pub(crate) mod start;
pub(crate) mod totp;
pub(crate) mod verify;
pub(crate) mod webauthn;

use x428::wire::withdrawal::StepUpMethod;

/// Whether something has to be sent to the owner before the method can be met.
pub(crate) fn is_started(method: StepUpMethod) -> bool {
    method.is_started()
}
