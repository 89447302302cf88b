//! A submission: a request to withdraw, with its key (sections 6.1 and 6.3).
//!
//! The digest of `travelRule` and the fingerprint are made from the body as it was received, and
//! not from what a type keeps of it.
//!
//! ```
//! use x428::withdrawal::submission::Submission;
//! use x428::wire::withdrawal::IdempotencyKey;
//!
//! let key = IdempotencyKey::parse("0f8fad5b-d9cb-469f-a165-70867728950e")?;
//! let first = br#"{"asset":"ETH","network":"ethereum","amount":"1.50","address":"0x5aAe"}"#;
//! let again = br#"{"amount":"1.5","asset":"ETH","address":"0x5aAe","network":"ethereum",
//!     "feeMode":"exclusive","challengeProof":"a.b.c"}"#;
//! let first = Submission::read(first, key.clone())?;
//! let again = Submission::read(again, key)?;
//! assert_eq!(first.fingerprint(), again.fingerprint());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};

use super::intent::{Parties, normal, normal_amount};
use super::refusal::{self, Refused};
use crate::encoding::base64url;
use crate::error::Misuse;
use crate::jcs::{StrictJson, canonical};
use crate::wire::withdrawal::{
    ErrorDetail, ErrorDetailCode, FeeMode, IdempotencyKey, Intent, Sha256Digest,
    WithdrawalErrorCode, WithdrawalRequest,
};

#[cfg(test)]
mod tests;

// Members that are treated in a way of their own. A misspelt one would fail the tests.
const PROOF: &str = "challengeProof";
const AMOUNT: &str = "amount";
const MAX_FEE: &str = "maxFee";
const FEE_MODE: &str = "feeMode";
const TRAVEL_RULE: &str = "travelRule";

/// A request to withdraw that is of its form, with the key under which it was sent.
#[derive(Debug, Clone, PartialEq)]
pub struct Submission {
    request: WithdrawalRequest,
    key: IdempotencyKey,
    fingerprint: [u8; 32],
    travel_rule_digest: Option<[u8; 32]>,
}

impl Submission {
    /// Reads the body of a request.
    ///
    /// # Errors
    /// [`Refused`] with `invalid_request` for a body that is not one JSON text with one reading,
    /// for a member that is not known and for a value that is not of its form;
    /// `travel_rule_invalid` if the form of `travelRule` is what is wrong.
    pub fn read(body: &[u8], key: IdempotencyKey) -> Result<Self, Refused> {
        Self::of(&refusal::body(body)?, key)
    }

    /// Takes a body that has been parsed.
    ///
    /// # Errors
    /// [`Refused`] as [`read`](Self::read).
    // r[impl withdrawal.idempotency.fingerprint]
    // r[impl withdrawal.intent.travel-rule]
    // r[impl withdrawal.travel.form]
    pub fn of(body: &StrictJson, key: IdempotencyKey) -> Result<Self, Refused> {
        let request: WithdrawalRequest = refusal::read(body).map_err(of_travel_rule)?;
        let members = body.object().map_err(|_| unreadable())?;
        let canonical_form = normal_form(members, &request).map_err(|_| unreadable())?;
        Ok(Self {
            fingerprint: Sha256::digest(canonical(&canonical_form)).into(),
            travel_rule_digest: members
                .get(TRAVEL_RULE)
                .map(|data| Sha256::digest(canonical(data)).into()),
            request,
            key,
        })
    }

    /// What is to be withdrawn.
    #[must_use]
    pub fn request(&self) -> &WithdrawalRequest {
        &self.request
    }

    /// The key, without quotation marks.
    #[must_use]
    pub fn key(&self) -> &IdempotencyKey {
        &self.key
    }

    /// The SHA-256 that is kept with the key: of the canonical form of the body without
    /// `challengeProof`, with decimals in normal form and `feeMode` filled in.
    #[must_use]
    pub fn fingerprint(&self) -> [u8; 32] {
        self.fingerprint
    }

    /// Who pays the fee: `exclusive` unless the request says otherwise.
    #[must_use]
    pub fn fee_mode(&self) -> FeeMode {
        fee_mode(&self.request)
    }

    /// What the owner approves.
    ///
    /// # Errors
    /// [`Misuse`] as [`canonical`](super::intent::canonical); none in practice.
    // r[impl withdrawal.intent.members]
    // r[impl withdrawal.intent.change]
    pub fn intent(&self, parties: &Parties) -> Result<Intent, Misuse> {
        let request = &self.request;
        let mut intent = Intent::new(
            parties.issuer.clone(),
            parties.client_id.clone(),
            parties.subject.clone(),
            self.key.clone(),
            request.asset.clone(),
            request.network.clone(),
            normal_amount(&request.amount)?,
            request.address.clone(),
            self.fee_mode(),
        );
        intent.memo.clone_from(&request.memo);
        intent.max_fee = request.max_fee.as_ref().map(normal).transpose()?;
        intent.quote_id.clone_from(&request.quote_id);
        intent.travel_rule_digest = match self.travel_rule_digest {
            Some(digest) => Some(
                Sha256Digest::parse(base64url(digest))
                    .map_err(|error| Misuse::new(error.to_string()))?,
            ),
            None => None,
        };
        Ok(intent)
    }
}

fn fee_mode(request: &WithdrawalRequest) -> FeeMode {
    request.fee_mode.unwrap_or(FeeMode::Exclusive)
}

fn normal_form(members: &Map<String, Value>, request: &WithdrawalRequest) -> Result<Value, Misuse> {
    let mut members = members.clone();
    members.remove(PROOF);
    let amount = normal_amount(&request.amount)?.into_string();
    members.insert(AMOUNT.to_owned(), amount.into());
    if let Some(max_fee) = &request.max_fee {
        members.insert(MAX_FEE.to_owned(), normal(max_fee)?.into_string().into());
    }
    let fee_mode = fee_mode(request).as_str();
    members.insert(FEE_MODE.to_owned(), fee_mode.into());
    Ok(Value::Object(members))
}

/// A body whose only fault is the form of the Travel Rule data has a code of its own. A member that
/// is not known stays an invalid request, wherever it is.
fn of_travel_rule(refused: Refused) -> Refused {
    let inside = |detail: &ErrorDetail| {
        let below = detail.field.as_str().strip_prefix('/');
        let first = below.and_then(|rest| rest.split('/').next());
        first == Some(TRAVEL_RULE) && detail.code != ErrorDetailCode::Unknown
    };
    if refused.details().is_empty() || !refused.details().iter().all(inside) {
        return refused;
    }
    let message = "The Travel Rule data are not of their form.";
    let start = Refused::new(WithdrawalErrorCode::TravelRuleInvalid, message);
    refused.details().iter().fold(start, |refused, detail| {
        refused.at(detail.field.as_str(), detail.code)
    })
}

fn unreadable() -> Refused {
    let message = "The body is not of its form.";
    Refused::new(WithdrawalErrorCode::InvalidRequest, message)
}
