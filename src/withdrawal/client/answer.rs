//! What an exchange answers, read with room for what is newer than this client.
//!
//! A member that is not known is ignored. A word that is not known makes a thing on which this
//! client does not act.

use std::time::Duration;

use http::StatusCode;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::error::{ClientError, OAuthCode, Refusal};
use super::transport::Answer;
use crate::error::{Malformed, Unavailable};
use crate::jcs::StrictJson;
use crate::wire::withdrawal::{
    RequiredAction, StatusReasonCode, TravelRuleStatus, Withdrawal, WithdrawalErrorCode,
    WithdrawalId, WithdrawalStatus,
};

/// The longest `Retry-After` that is believed.
const WAIT_MAX: Duration = Duration::from_hours(24);

/// A withdrawal, as the exchange told of it.
#[derive(Debug, Clone, PartialEq)]
pub enum Reported {
    /// One that this client understands.
    Known(Box<Withdrawal>),
    /// One with a status or another word that is newer than this client. The owner is shown what is
    /// there. It is not at its end.
    Unknown {
        /// Its id.
        id: WithdrawalId,
        /// Its status as a word of the exchange.
        status: String,
        /// All that the exchange told.
        json: Value,
    },
}

impl Reported {
    /// Its id.
    #[must_use]
    pub fn id(&self) -> &WithdrawalId {
        match self {
            Self::Known(withdrawal) => &withdrawal.id,
            Self::Unknown { id, .. } => id,
        }
    }

    /// Its status, if this client knows it.
    #[must_use]
    pub fn status(&self) -> Option<WithdrawalStatus> {
        match self {
            Self::Known(withdrawal) => Some(withdrawal.status),
            Self::Unknown { status, .. } => status.parse().ok(),
        }
    }

    /// Whether it is at its end. A status that is not known is none.
    // r[impl withdrawal.json.unknown-value]
    #[must_use]
    pub fn is_terminal(&self) -> bool {
        self.status().is_some_and(WithdrawalStatus::is_terminal)
    }

    /// The withdrawal, if this client understands it.
    #[must_use]
    pub fn known(&self) -> Option<&Withdrawal> {
        match self {
            Self::Known(withdrawal) => Some(withdrawal),
            Self::Unknown { .. } => None,
        }
    }

    // r[impl withdrawal.json.unknown-response]
    pub(super) fn read(value: &Value) -> Result<Self, Malformed> {
        match read::<Withdrawal>(value, "withdrawal") {
            Ok(withdrawal) => Ok(Self::Known(Box::new(withdrawal))),
            Err(error) if has_unknown_word(value) => {
                let id: WithdrawalId = value
                    .get("id")
                    .and_then(Value::as_str)
                    .and_then(|id| WithdrawalId::parse(id).ok())
                    .ok_or(error)?;
                let status = value.get("status").and_then(Value::as_str);
                Ok(Self::Unknown {
                    id,
                    status: status.unwrap_or_default().to_owned(),
                    json: value.clone(),
                })
            }
            Err(error) => Err(error),
        }
    }
}

fn has_unknown_word(value: &Value) -> bool {
    fn is_new<T: std::str::FromStr>(value: Option<&Value>) -> bool {
        let word = value.and_then(Value::as_str);
        word.is_some_and(|word| word.parse::<T>().is_err())
    }
    is_new::<WithdrawalStatus>(value.get("status"))
        || is_new::<StatusReasonCode>(value.pointer("/statusReason/code"))
        || is_new::<RequiredAction>(value.get("requiredAction"))
        || is_new::<TravelRuleStatus>(value.pointer("/travelRule/status"))
}

/// Reads a type of the wire, without repeating what stands there if it is not of its form.
pub(super) fn read<T: DeserializeOwned>(value: &Value, what: &'static str) -> Result<T, Malformed> {
    T::deserialize(value).map_err(|_| Malformed::new(what, "not of its form"))
}

/// Leaves the words of a list that are known.
pub(super) fn known_words<T: std::str::FromStr>(value: &mut Value, member: &str) {
    if let Some(Value::Array(items)) = value.get_mut(member) {
        items.retain(|item| item.as_str().is_none_or(|word| word.parse::<T>().is_ok()));
    }
}

/// The JSON of an answer with this status.
///
/// # Errors
/// [`ClientError::Refused`] for an error of the API, [`ClientError::Unavailable`] for one of
/// something between: nothing was decided.
pub(super) fn expect(answer: &Answer, status: StatusCode) -> Result<StrictJson, ClientError> {
    if answer.status == status {
        return Ok(answer.json()?);
    }
    Err(refusal(answer))
}

/// Why an answer is none.
pub(super) fn refusal(answer: &Answer) -> ClientError {
    let status = answer.status;
    if status.is_client_error() || status.is_server_error() {
        if let Some(refusal) = answer
            .json()
            .ok()
            .and_then(|json| envelope(answer, json.value()))
        {
            return Box::new(refusal).into();
        }
        if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS {
            return Unavailable::new("exchange", format!("the status {}", status.as_u16())).into();
        }
    }
    let why = format!(
        "the status {} in a way that is not specified",
        status.as_u16()
    );
    Malformed::new("answer", why).into()
}

fn envelope(answer: &Answer, body: &Value) -> Option<Refusal> {
    let error = body.get("error")?.as_object()?;
    let code = error.get("code")?.as_str()?;
    let code: Option<WithdrawalErrorCode> = code.parse().ok();
    let text = |member: &str, most: usize| -> String {
        let text = error
            .get(member)
            .and_then(Value::as_str)
            .unwrap_or_default();
        text.chars()
            .filter(|c| !c.is_control())
            .take(most)
            .collect()
    };
    let status = answer.status.as_u16();
    // The status of a code is in the table. Another one is of somebody between, or of an exchange
    // that means something else by the word.
    let code = code.filter(|code| code.status() == status);
    let seconds = error.get("retryAfter").and_then(Value::as_u64);
    let retry_after = seconds.map(Duration::from_secs).or(answer.retry_after());
    let details = error.get("details").and_then(Value::as_array);
    Some(Refusal {
        code,
        status,
        message: text("message", 1024),
        request_id: text("requestId", 128),
        retryable: error.get("retryable").and_then(Value::as_bool) == Some(true),
        retry_after: retry_after.map(|wait| wait.min(WAIT_MAX)),
        details: details
            .into_iter()
            .flatten()
            .take(64)
            .filter_map(|detail| read(detail, "detail").ok())
            .collect(),
    })
}

/// Why an endpoint of OAuth 2.0 refuses (RFC 6749 §5.2).
pub(super) fn oauth_refusal(answer: &Answer) -> ClientError {
    let status = answer.status;
    let json = answer.json().ok();
    let code = json
        .as_ref()
        .and_then(|json| json.value().get("error")?.as_str());
    match code {
        Some(code) if status.is_client_error() && status != StatusCode::TOO_MANY_REQUESTS => {
            ClientError::OAuth {
                code: OAuthCode::new(code),
            }
        }
        _ => refusal(answer),
    }
}
