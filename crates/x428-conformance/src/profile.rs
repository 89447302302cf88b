//! What a runner is allowed besides the specification.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Which proofs of credentials are verified.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum ProofProfile {
    /// Those that the SDK implements.
    #[default]
    Standard,
    /// Those of some published vectors (section 7.8). For tests only.
    LegacyJcs,
}

/// How vectors are run. The published test keys are accepted in every profile.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Profile {
    /// Which proofs of credentials are verified.
    pub proofs: ProofProfile,
}

impl Profile {
    /// The profile `legacy-jcs`.
    #[must_use]
    pub fn legacy_jcs() -> Self {
        Self {
            proofs: ProofProfile::LegacyJcs,
        }
    }
}
