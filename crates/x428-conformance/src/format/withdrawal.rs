//! Inputs and expectations of the withdrawal protocol (its Appendix B).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Input of `decimal`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DecimalInput {
    /// The text that should be a decimal.
    pub text: String,
}

/// Expectation of `decimal`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DecimalExpected {
    /// Whether it is one.
    pub valid: bool,
    /// Its normal form, if it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub normal: Option<String>,
    /// Whether it is above zero, if it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub positive: Option<bool>,
}

/// Input of `intent`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct IntentInput {
    /// The body of the request.
    pub request: Value,
    /// The value of the header `Idempotency-Key`.
    pub idempotency_key: String,
    /// The issuer of the exchange.
    pub issuer: String,
    /// The client.
    pub client_id: String,
    /// The account of the owner.
    pub subject: String,
}

/// Expectation of `intent`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct IntentExpected {
    /// The canonical form of the intent.
    pub canonical_json: String,
    /// The intent hash.
    pub intent_hash: String,
}

/// Input of `webauthn-challenge`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct WebauthnChallengeInput {
    /// The intent hash.
    pub intent_hash: String,
    /// The random part, in unpadded base64url.
    pub nonce: String,
}

/// Expectation of `webauthn-challenge`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct WebauthnChallengeExpected {
    /// The challenge, in unpadded base64url.
    pub challenge: String,
}

/// Input of `state` and `challenge-state`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StateInput {
    /// The state that is left.
    pub from: String,
}

/// Expectation of `state` and `challenge-state`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StateExpected {
    /// The states that may follow, in any order. No other state may, and not the state itself.
    pub to: Vec<String>,
    /// Whether the state is terminal.
    pub terminal: bool,
}

/// Input of `error`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CodeInput {
    /// The code.
    pub code: String,
}

/// Expectation of `error`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CodeExpected {
    /// The HTTP status.
    pub status: u16,
    /// Whether the request can be repeated with the same key.
    pub retryable: bool,
}

/// Input of `idempotency-key`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct IdempotencyKeyInput {
    /// The values of all headers `Idempotency-Key` of a request.
    pub values: Vec<String>,
}

/// Expectation of `idempotency-key`. One of the two is given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct IdempotencyKeyExpected {
    /// The key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// The code of the refusal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error_code: Option<String>,
}
