//! What the SDK says of the conversions between the withdrawal protocol and Coinbase.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use x428::error::Malformed;
use x428::jcs::{Limits, StrictJson};
use x428::wire::withdrawal::{
    AssetNetworks, AuthorizedLimit, IdempotencyKey, NetworkCode, Scope, TravelRule,
    TravelRuleStatus, Withdrawal, WithdrawalErrorCode,
};
use x428::withdrawal::coinbase::{
    Account, Adapter, ErrorAnswer, Gap, Known, Network, Pagination, SendMoney, Transaction,
    TravelRuleData, asset, meta, next, read_error, scope, send_limit, travel_rule,
    travel_rule_data, written_error,
};
use x428::withdrawal::refusal::Refused;
use x428::withdrawal::submission::Submission;

use super::Outcome;
use crate::format::{CoinbaseConversion as Conversion, CoinbaseExpected, CoinbaseInput};

#[cfg(test)]
mod tests;

/// Why nothing comes out.
enum Stopped {
    /// The request is refused with this code.
    Refused(&'static str),
    /// This member has no counterpart.
    Gap(String),
    /// The vector cannot be run.
    Unusable(String),
}

impl From<Refused> for Stopped {
    fn from(refused: Refused) -> Self {
        Self::Refused(refused.code().as_str())
    }
}

impl From<Gap> for Stopped {
    fn from(gap: Gap) -> Self {
        Self::Gap(gap.what().to_owned())
    }
}

fn unusable(why: impl std::fmt::Display) -> Stopped {
    Stopped::Unusable(why.to_string())
}

pub(super) fn coinbase(input: &CoinbaseInput, expected: &CoinbaseExpected) -> Outcome {
    let expected = match (&expected.value, &expected.error_code, &expected.gap) {
        (Some(value), None, None) => match canonical(value) {
            Ok(text) => text,
            Err(error) => return Outcome::unusable(error),
        },
        (None, Some(code), None) => code.clone(),
        (None, None, Some(member)) => format!("a gap at {member}"),
        _ => return Outcome::unusable("one of `value`, `errorCode` and `gap` is given"),
    };
    let converted = converted(input).and_then(|value| canonical(&value).map_err(unusable));
    match converted {
        Ok(actual) => Outcome::of(expected, actual),
        Err(Stopped::Refused(code)) => Outcome::of(expected, code),
        Err(Stopped::Gap(member)) => Outcome::of(expected, format!("a gap at {member}")),
        Err(Stopped::Unusable(why)) => Outcome::unusable(why),
    }
}

fn canonical(value: &Value) -> Result<String, String> {
    let json = StrictJson::from_value(value.clone(), Limits::default());
    let bytes = json.map_err(|error| error.to_string())?.canonical();
    String::from_utf8(bytes).map_err(|error| error.to_string())
}

fn converted(input: &CoinbaseInput) -> Result<Value, Stopped> {
    let value = &input.value;
    match input.conversion {
        Conversion::Send => {
            let body = value.to_string();
            let submission = Submission::read(body.as_bytes(), key(input)?)?;
            written(&adapter(input)?.send(&submission)?)
        }
        Conversion::Request => {
            let send: SendMoney = read(value)?;
            let (request, key) = adapter(input)?.request(&send)?;
            Ok(json!({"request": written(&request)?, "idempotencyKey": written(&key)?}))
        }
        Conversion::Withdrawal => withdrawal(input),
        Conversion::Transaction => {
            let withdrawal: Withdrawal = read(value)?;
            written(&adapter(input)?.transaction(&withdrawal, &key(input)?)?)
        }
        Conversion::Error => error(value),
        Conversion::Code => {
            let code: WithdrawalErrorCode = read(value)?;
            Ok(json!(written_error(code)?.as_str()))
        }
        Conversion::Page => {
            let pagination: Pagination = read(value)?;
            Ok(match next(&pagination)? {
                Some(position) => json!({"startingAfter": position.as_str()}),
                None => json!({}),
            })
        }
        Conversion::TravelRuleData => {
            let data: TravelRule = read(value)?;
            written(&travel_rule_data(&data, false)?)
        }
        Conversion::TravelRule => {
            let data: TravelRuleData = read(value)?;
            written(&travel_rule(&data)?)
        }
        Conversion::Scope => {
            let own: Scope = read(value)?;
            Ok(json!(scope(own)?.as_str()))
        }
        Conversion::Limits => {
            let limits: Vec<AuthorizedLimit> = read(value)?;
            let parameters = meta(&send_limit(&limits)?);
            let members = parameters.into_iter();
            Ok(members
                .map(|(name, text)| (name.to_owned(), Value::from(text)))
                .collect::<serde_json::Map<_, _>>()
                .into())
        }
        Conversion::Account => {
            let account: Account = read(value)?;
            let networks = AssetNetworks::new(Vec::new()).map_err(unusable)?;
            written(&asset(&account, networks)?)
        }
    }
}

fn withdrawal(input: &CoinbaseInput) -> Result<Value, Stopped> {
    let transaction: Transaction = read(&input.value)?;
    let request = input.request.as_ref();
    let request = read(request.ok_or_else(|| unusable("`request` is missing"))?)?;
    let known = Known {
        request: &request,
        travel_rule: TravelRuleStatus::NotRequired,
    };
    let converted = adapter(input)?.withdrawal(&transaction, &known);
    // A transaction that is no withdrawal of this request has no counterpart as a whole.
    let converted = converted.map_err(|_: Malformed| Stopped::Gap("transaction".to_owned()))?;
    written(&converted)
}

/// An answer of Coinbase: its status and its body.
fn error(value: &Value) -> Result<Value, Stopped> {
    let status = value.get("status").and_then(Value::as_u64);
    let status = status.and_then(|status| u16::try_from(status).ok());
    let (Some(status), Some(body)) = (status, value.get("body")) else {
        return Err(unusable("an error has `status` and `body`"));
    };
    match read_error(status, body.to_string().as_bytes(), None) {
        ErrorAnswer::Refused(refused) => Err(refused.into()),
        ErrorAnswer::SecondFactor => Err(Stopped::Refused(
            WithdrawalErrorCode::ChallengeRequired.as_str(),
        )),
        _ => Err(unusable("an answer that this runner does not know")),
    }
}

fn adapter(input: &CoinbaseInput) -> Result<Adapter, Stopped> {
    let networks = input.networks.iter().map(|network| {
        Ok(Network {
            code: NetworkCode::parse(network.code.clone()).map_err(unusable)?,
            name: network.name.clone(),
            confirmations: network.confirmations,
        })
    });
    Ok(Adapter::new(networks.collect::<Result<_, Stopped>>()?))
}

fn key(input: &CoinbaseInput) -> Result<IdempotencyKey, Stopped> {
    let key = input.idempotency_key.clone();
    let key = key.ok_or_else(|| unusable("`idempotencyKey` is missing"))?;
    IdempotencyKey::parse(key).map_err(unusable)
}

fn read<T: DeserializeOwned>(value: &Value) -> Result<T, Stopped> {
    let json = StrictJson::from_value(value.clone(), Limits::default());
    json.and_then(|json| json.read("value")).map_err(unusable)
}

fn written(value: &impl Serialize) -> Result<Value, Stopped> {
    serde_json::to_value(value).map_err(unusable)
}
