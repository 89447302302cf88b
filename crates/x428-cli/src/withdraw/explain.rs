//! Why it did not work, whose fault that is, and the way out.

use std::process::ExitCode;

use x428::wire::withdrawal::{
    ChallengeStatus, ErrorDetail, OAuthErrorCode, WithdrawalErrorCode as Code,
};
use x428::withdrawal::client::{ClientError, Refusal};

use super::OPEN;
use crate::{output::harmless_line, report};

/// Says it, and gives the exit code.
#[expect(clippy::unnecessary_wraps, reason = "it is the end of a command")]
pub(super) fn explained(error: &ClientError) -> anyhow::Result<ExitCode> {
    report::say(&format!("error: {}", reason(error)));
    report::say(&format!("help: {}", way_out(error)));
    Ok(ExitCode::from(exit_code(error)))
}

/// The error with its causes.
pub(super) fn reason(error: &ClientError) -> String {
    let text = match error {
        ClientError::Refused(refusal) => format!("the exchange refuses: {}", refused(refusal)),
        ClientError::OutcomeUnknown { source, .. } => {
            format!("it is not known whether it was sent: {}", reason(source))
        }
        _ => {
            let mut text = error.to_string();
            let mut cause = std::error::Error::source(error);
            while let Some(error) = cause {
                text = format!("{text}: {error}");
                cause = error.source();
            }
            text
        }
    };
    harmless_line(&text)
}

fn refused(refusal: &Refusal) -> String {
    let places = |detail: &ErrorDetail| format!("{} at {}", detail.code, detail.field.as_str());
    let details: Vec<String> = refusal.details.iter().map(places).collect();
    let details = if details.is_empty() {
        String::new()
    } else {
        format!(": {}", details.join(", "))
    };
    format!("{refusal}{details}")
}

fn way_out(error: &ClientError) -> &'static str {
    match error {
        ClientError::Refused(refusal) => code(refusal.code),
        ClientError::OAuth { code } if code.known() == Some(OAuthErrorCode::AccessDenied) => {
            "you said no at the exchange, and it gives no access"
        }
        ClientError::OAuth { .. } => "are the client's id and secret those that the exchange gave?",
        ClientError::ConsentNeeded => {
            "`x428 withdraw login --client-id ID URL` asks for access anew"
        }
        ClientError::ChallengeEnded(ChallengeStatus::Consumed) | ClientError::KeyTooOld { .. } => {
            "look at `x428 withdraw list`; if it is not there, `x428 withdraw forget --unseen KEY`"
        }
        ClientError::ChallengeEnded(ChallengeStatus::Locked) => {
            "too many codes were wrong, and nothing was sent; the exchange says when it goes on"
        }
        ClientError::ChallengeEnded(_) | ClientError::GivenUp => {
            "nothing was sent; the same command asks again"
        }
        ClientError::OutcomeUnknown { .. } => {
            "`x428 withdraw resume` asks again under the same key: nothing is sent twice"
        }
        ClientError::Untrusted(_) | ClientError::Malformed(_) => {
            "nothing was acted on; tell whoever runs the exchange"
        }
        ClientError::Unsupported(_) => "this command does not speak what the exchange asks for",
        ClientError::Unavailable(_) => "nothing was decided; try again",
        _ => "`x428 withdraw --help` says how it is meant",
    }
}

fn code(code: Option<Code>) -> &'static str {
    match code {
        Some(Code::InsufficientScope | Code::InsufficientUserAuthentication) => {
            "`x428 withdraw login --client-id ID URL` asks for it anew"
        }
        Some(Code::AuthorizationLimitExceeded) => {
            "you have allowed less; log in again, and allow more at the exchange"
        }
        Some(Code::AddressNotAllowed | Code::AddressCoolingOff) => {
            "look at the list of addresses at the exchange"
        }
        Some(Code::QuoteExpired) => "it took too long; the same command asks for a new price",
        Some(Code::TravelRuleRequired | Code::TravelRuleInvalid | Code::OwnershipProofRequired) => {
            "`send --travel-rule FILE` or `supply ID FILE` gives them; chapter 9 of the protocol \
             says what is in it"
        }
        Some(
            Code::MemoRequired
            | Code::MemoNotSupported
            | Code::NetworkNotSupported
            | Code::AssetNotFound
            | Code::AmountBelowMinimum
            | Code::AmountAboveMaximum
            | Code::AmountStepInvalid,
        ) => "`x428 withdraw assets` shows networks and amounts; nothing was sent",
        Some(Code::InvalidAddress) => {
            "check the network, and each character of the address; nothing was sent"
        }
        Some(Code::InsufficientBalance | Code::InsufficientBalanceForFee) => {
            "`x428 withdraw assets` shows what is there; nothing was sent"
        }
        Some(Code::NotCancelable) => "it is on its way; `x428 withdraw status ID` follows it",
        Some(Code::NotFound) => "`x428 withdraw list` shows those of this client",
        Some(Code::RateLimited | Code::InternalError | Code::ProviderUnavailable) => {
            "try again later"
        }
        _ => "the exchange knows more; give it the name of the request",
    }
}

fn exit_code(error: &ClientError) -> u8 {
    match error {
        ClientError::OutcomeUnknown { .. } | ClientError::KeyTooOld { .. } => OPEN,
        ClientError::Unavailable(_) | ClientError::Misuse(_) | ClientError::ConsentNeeded => {
            report::CANNOT_RUN
        }
        _ => 1,
    }
}
