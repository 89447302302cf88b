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

/// Expectation of `proof` and `cursor`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CodedExpected {
    /// Whether it is accepted.
    pub accept: bool,
    /// The code of the refusal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error_code: Option<String>,
}

/// Input of `proof`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProofInput {
    /// The proof token.
    pub proof: String,
    /// The keys of the exchange, as JSON Web Keys with a `kid`.
    pub keys: Vec<serde_json::Map<String, Value>>,
    /// The request that presents it.
    pub request: ProofRequest,
    /// The challenge that it names, as the exchange has kept it.
    pub challenge: ProofChallenge,
    /// The time of the exchange, RFC 3339 in UTC.
    pub current_time: String,
}

/// The request that presents a proof.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProofRequest {
    /// The issuer of the exchange.
    pub issuer: String,
    /// The client of the access token.
    pub client_id: String,
    /// The account of the owner.
    pub subject: String,
    /// The intent hash of the request.
    pub intent_hash: String,
    /// The thumbprint of the key that the request has proved by DPoP, if it has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jkt: Option<String>,
}

/// The challenge of a proof.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProofChallenge {
    /// Its id.
    pub challenge_id: String,
    /// Its status now.
    pub status: String,
    /// Its policy.
    pub policy: String,
    /// The methods that were offered.
    pub methods: Vec<String>,
    /// The intent hash for which it was made.
    pub intent_hash: String,
}

/// Input of `webhook`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct WebhookInput {
    /// The headers.
    pub headers: WebhookHeaders,
    /// The body, byte for byte.
    pub body: String,
    /// The secrets of subscriptions of kind `v1`.
    pub secrets: Vec<String>,
    /// The published keys of kind `v1a`.
    pub public_keys: Vec<String>,
    /// The time of the receiver, RFC 3339 in UTC.
    pub current_time: String,
}

/// The headers of a webhook.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct WebhookHeaders {
    /// `webhook-id`
    pub webhook_id: String,
    /// `webhook-timestamp`
    pub webhook_timestamp: String,
    /// `webhook-signature`
    pub webhook_signature: String,
}

/// Expectation of `webhook`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct WebhookExpected {
    /// Whether it is accepted.
    pub accept: bool,
}

/// Input of `coinbase`: what an adapter converts, and what it knows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CoinbaseInput {
    /// Which conversion.
    pub conversion: CoinbaseConversion,
    /// What is converted.
    pub value: Value,
    /// The networks of the adapter.
    #[serde(default)]
    pub networks: Vec<CoinbaseNetwork>,
    /// What the client asked for, for `withdrawal`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<Value>,
    /// The value of the header `Idempotency-Key`, for `send` and `transaction`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idempotency_key: Option<String>,
}

/// A conversion between this protocol and Coinbase.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum CoinbaseConversion {
    /// A request to withdraw, to Coinbase.
    Send,
    /// A request to send, from Coinbase's form.
    Request,
    /// A transaction, from Coinbase.
    Withdrawal,
    /// A withdrawal, in Coinbase's form.
    Transaction,
    /// An error, from Coinbase.
    Error,
    /// A code of an error, in Coinbase's form.
    Code,
    /// Where the next page begins, from Coinbase.
    Page,
    /// Travel Rule data, to Coinbase.
    TravelRuleData,
    /// Travel Rule data, from Coinbase's form.
    TravelRule,
    /// A scope, to Coinbase.
    Scope,
    /// Limits, to Coinbase.
    Limits,
    /// An account of Advanced Trade, as an asset without networks.
    Account,
}

/// A network of an adapter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CoinbaseNetwork {
    /// The code in this protocol.
    pub code: String,
    /// Coinbase's name.
    pub name: String,
    /// How many confirmations a transaction needs.
    pub confirmations: u32,
}

/// Expectation of `coinbase`. One of the three is given.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CoinbaseExpected {
    /// What comes out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<Value>,
    /// The code of the refusal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error_code: Option<String>,
    /// The member that has no counterpart.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gap: Option<String>,
}

/// Input of `cursor`. The implementation makes a cursor in one place and is given it in another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CursorInput {
    /// Where it is made.
    pub made: CursorPlace,
    /// Where it is used, in the parameter `cursor`.
    pub used: CursorPlace,
}

/// A request of a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CursorPlace {
    /// The client.
    pub client_id: String,
    /// The account of the owner.
    pub subject: String,
    /// The query without the parameter `cursor`.
    pub query: String,
}
