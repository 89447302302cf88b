//! The format of a vector file.
//!
//! Payloads, challenges and documents stay JSON values: a vector may hold one that is malformed on
//! purpose.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use crate::profile::ProofProfile;

mod withdrawal;

pub use withdrawal::{
    CodeExpected, CodeInput, CodedExpected, CoinbaseConversion, CoinbaseExpected, CoinbaseInput,
    CoinbaseNetwork, CursorInput, CursorPlace, DecimalExpected, DecimalInput,
    IdempotencyKeyExpected, IdempotencyKeyInput, IntentExpected, IntentInput, ProofChallenge,
    ProofInput, ProofRequest, StateExpected, StateInput, WebauthnChallengeExpected,
    WebauthnChallengeInput, WebhookExpected, WebhookHeaders, WebhookInput,
};

/// A vector.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Vector {
    /// Names the vector; unique in all files. Published vectors have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// One line for a person.
    pub description: String,
    /// The requirements that the vector shows.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub covers: Vec<String>,
    /// The profile under which the expectation holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<ProofProfile>,
    /// The category with its input and expectation.
    #[serde(flatten)]
    pub case: Case,
}

impl Vector {
    /// The name of the vector: its id, or else its description.
    #[must_use]
    pub fn name(&self) -> &str {
        self.id.as_deref().unwrap_or(&self.description)
    }
}

/// A category with its input and expectation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "category", rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Case {
    /// Whether a token's scope opens a resource.
    Scope {
        /// The scope and the resource.
        input: ScopeInput,
        /// Whether they match.
        expected: Matches,
    },
    /// Whether a signature verifies under a key.
    Signature {
        /// The payload and the key.
        input: SignatureInput,
        /// Whether the signature is valid.
        expected: SignatureExpected,
    },
    /// What a verifier says to a payload.
    Verify {
        /// Everything that the verifier is given.
        input: Box<VerifyInput>,
        /// What it says.
        expected: VerifyExpected,
    },
    /// What a verifier says to several payloads, with one nonce store.
    VerifySequence {
        /// The steps.
        #[serde(flatten)]
        input: SequenceInput,
    },
    /// The canonical form of a value.
    Jcs {
        /// The value.
        input: Value,
        /// Its canonical form.
        expected: JcsExpected,
    },
    /// Where a payload travels.
    Routing {
        /// The serialized payload.
        input: RoutingInput,
        /// Where it travels.
        expected: RoutingExpected,
    },
    /// Whether a payload can be read.
    Parse {
        /// The payload as it arrives.
        input: ParseInput,
        /// Whether it can be read.
        expected: ParseExpected,
    },
    /// What a server says to a token.
    Token {
        /// The token, the request and the time.
        input: TokenInput,
        /// What it says.
        expected: TokenExpected,
    },
    /// Whether a text is a decimal, and its normal form.
    Decimal {
        /// The text.
        input: DecimalInput,
        /// What it is.
        expected: DecimalExpected,
    },
    /// What the owner of a withdrawal approves.
    Intent {
        /// The request and the parties.
        input: Box<IntentInput>,
        /// The intent and its hash.
        expected: IntentExpected,
    },
    /// The challenge of WebAuthn for an intent.
    WebauthnChallenge {
        /// The intent hash and the nonce.
        input: WebauthnChallengeInput,
        /// The challenge.
        expected: WebauthnChallengeExpected,
    },
    /// Which states of a withdrawal may follow one.
    State {
        /// The state.
        input: StateInput,
        /// Those that may follow.
        expected: StateExpected,
    },
    /// Which states of a step-up challenge may follow one.
    ChallengeState {
        /// The state.
        input: StateInput,
        /// Those that may follow.
        expected: StateExpected,
    },
    /// What goes with a code of an error.
    Error {
        /// The code.
        input: CodeInput,
        /// What goes with it.
        expected: CodeExpected,
    },
    /// The key in the headers of a request.
    IdempotencyKey {
        /// The values of the headers.
        input: IdempotencyKeyInput,
        /// The key.
        expected: IdempotencyKeyExpected,
    },
    /// Whether a proof token holds for a request.
    Proof {
        /// The proof, the request and the challenge.
        input: Box<ProofInput>,
        /// Whether it holds.
        expected: CodedExpected,
    },
    /// Whether a webhook is the exchange's.
    Webhook {
        /// The webhook as it arrives, and the keys.
        input: Box<WebhookInput>,
        /// Whether it is.
        expected: WebhookExpected,
    },
    /// Whether a cursor leads on in another request.
    Cursor {
        /// Where it was made, and where it is used.
        input: Box<CursorInput>,
        /// Whether it leads on.
        expected: CodedExpected,
    },
    /// What Coinbase calls something, or what something of Coinbase is called here.
    Coinbase {
        /// What is converted.
        input: Box<CoinbaseInput>,
        /// What comes out.
        expected: CoinbaseExpected,
    },
}

/// The name of a category.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Category {
    /// `scope`
    Scope,
    /// `signature`
    Signature,
    /// `verify`
    Verify,
    /// `verify-sequence`
    VerifySequence,
    /// `jcs`
    Jcs,
    /// `routing`
    Routing,
    /// `parse`
    Parse,
    /// `token`
    Token,
    /// `decimal`
    Decimal,
    /// `intent`
    Intent,
    /// `webauthn-challenge`
    WebauthnChallenge,
    /// `state`
    State,
    /// `challenge-state`
    ChallengeState,
    /// `error`
    Error,
    /// `idempotency-key`
    IdempotencyKey,
    /// `proof`
    Proof,
    /// `webhook`
    Webhook,
    /// `cursor`
    Cursor,
    /// `coinbase`
    Coinbase,
}

impl Category {
    /// All of them.
    pub const ALL: [Self; 19] = [
        Self::Scope,
        Self::Signature,
        Self::Verify,
        Self::VerifySequence,
        Self::Jcs,
        Self::Routing,
        Self::Parse,
        Self::Token,
        Self::Decimal,
        Self::Intent,
        Self::WebauthnChallenge,
        Self::State,
        Self::ChallengeState,
        Self::Error,
        Self::IdempotencyKey,
        Self::Proof,
        Self::Webhook,
        Self::Cursor,
        Self::Coinbase,
    ];

    /// The name as files write it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Scope => "scope",
            Self::Signature => "signature",
            Self::Verify => "verify",
            Self::VerifySequence => "verify-sequence",
            Self::Jcs => "jcs",
            Self::Routing => "routing",
            Self::Parse => "parse",
            Self::Token => "token",
            Self::Decimal => "decimal",
            Self::Intent => "intent",
            Self::WebauthnChallenge => "webauthn-challenge",
            Self::State => "state",
            Self::ChallengeState => "challenge-state",
            Self::Error => "error",
            Self::IdempotencyKey => "idempotency-key",
            Self::Proof => "proof",
            Self::Webhook => "webhook",
            Self::Cursor => "cursor",
            Self::Coinbase => "coinbase",
        }
    }
}

impl fmt::Display for Category {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Input of `scope`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ScopeInput {
    /// The scope of the token.
    pub token_scope: String,
    /// The URI of the request.
    pub requested_resource: String,
}

/// Expectation of `scope`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Matches {
    /// Whether the scope opens the resource.
    pub matches: bool,
}

/// Input of `signature`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SignatureInput {
    /// The payload with its signature.
    pub payload: Value,
    /// The key, as a JSON Web Key.
    pub public_key_jwk: serde_json::Map<String, Value>,
}

/// Expectation of `signature`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SignatureExpected {
    /// Whether the signature verifies.
    pub valid: bool,
}

/// Input of `verify`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct VerifyInput {
    /// The challenge that the server issued.
    pub challenge: Value,
    /// The payload that answers it.
    pub attestation_payload: Value,
    /// The operator's DID document. Absent, it is derived; `null`, the DID does not resolve.
    #[serde(
        default,
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    pub did_document: Option<Value>,
    /// The DID document of the issuer of a credential. Absent, it is derived.
    #[serde(
        default,
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    pub vc_issuer_did_document: Option<Value>,
    /// The nonces that have been consumed.
    #[serde(default)]
    pub nonce_store: Vec<String>,
    /// The time of the verifier, RFC 3339 in UTC.
    pub current_time: String,
}

/// Expectation of `verify`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct VerifyExpected {
    /// Whether the payload is accepted.
    pub accept: bool,
    /// The code of the refusal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error_code: Option<String>,
    /// The scope that is granted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_scope: Option<String>,
}

/// Input and expectations of `verify-sequence`. The steps stand in `input`, or beside it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum SequenceInput {
    /// `input: {steps: […]}`
    Inside {
        /// The object with the steps.
        input: Steps,
    },
    /// `steps: […]`
    Beside(Steps),
}

impl SequenceInput {
    /// The steps, in their order.
    #[must_use]
    pub fn steps(&self) -> &[Step] {
        match self {
            Self::Inside { input } | Self::Beside(input) => &input.steps,
        }
    }
}

/// Several verifications, one after the other.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Steps {
    /// The verifications.
    pub steps: Vec<Step>,
}

/// One verification of a sequence.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Step {
    /// Everything that the verifier is given.
    pub input: VerifyInput,
    /// What it says.
    pub expected: VerifyExpected,
}

/// Expectation of `jcs`. At least one of the two is given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct JcsExpected {
    /// The canonical form as text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub canonical_json: Option<String>,
    /// The bytes of the canonical form, in hexadecimal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub canonical_hex: Option<String>,
}

/// Input of `routing`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RoutingInput {
    /// The serialized payload.
    pub serialized_payload: String,
    /// The endpoint that the challenge names. With one, long header values are posted too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attestation_endpoint: Option<String>,
}

/// Expectation of `routing`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RoutingExpected {
    /// Where the payload travels.
    pub form: FormExpected,
}

/// Where a payload travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum FormExpected {
    /// In the header of the repeated request.
    Header,
    /// As the body of a POST.
    Body,
}

/// Input of `parse`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum ParseInput {
    /// The serialized payload.
    Text(String),
    /// The value of the header `X-428-Attestation`.
    Header(String),
}

/// Expectation of `parse`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ParseExpected {
    /// Whether the payload passes the first two steps.
    pub well_formed: bool,
    /// The code of the refusal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error_code: Option<String>,
}

/// Input of `token`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TokenInput {
    /// The token with its expiry and scope.
    pub token: Value,
    /// The URI of the request.
    pub requested_resource: String,
    /// The time of the server, RFC 3339 in UTC.
    pub current_time: String,
}

/// Expectation of `token`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TokenExpected {
    /// Whether the token opens the resource.
    pub accept: bool,
    /// The code of the refusal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error_code: Option<String>,
}

/// Tells `null` from absent.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}
