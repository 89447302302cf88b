//! What the inner service learns.

use std::sync::Arc;

use jiff::Timestamp;

use crate::attestation::issue::Policy;
use crate::did::Did;

/// Who attested, and what. It stands in the extensions of every guarded request that reaches the
/// inner service, and nothing that a client sends can put it there.
///
/// An attestation is the statement of the operator, and of nobody else: neither of the agent nor of
/// its vendor.
// r[impl attestation.role.operator-bound]
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Attested {
    /// The operator.
    pub operator: Did,
    /// What the token opens.
    pub scope: String,
    /// When the token expires.
    pub expires_at: Timestamp,
    /// The preconditions that were attested.
    pub policy: Arc<Policy>,
    /// Whether the payload came with this request. It came with an earlier one otherwise.
    pub now: bool,
}
