//! Withdrawals and assets, as people read them.

use std::fmt::Write as _;

use serde_json::{Value, json};
use x428::{
    wire::withdrawal::{Asset, NetworkFee, NetworkStatus, RequiredAction, WithdrawalStatus},
    withdrawal::client::{Pending, Reported},
};

use crate::{output::harmless_line, report};

/// What programs read: what the exchange told.
pub(super) fn json(reported: &Reported) -> Value {
    match reported {
        Reported::Unknown { json, .. } => json.clone(),
        Reported::Known(withdrawal) => json!(withdrawal),
    }
}

/// A withdrawal in a line, and what it waits for in another.
pub(super) fn withdrawal(reported: &Reported) -> String {
    let id = harmless_line(reported.id().as_str());
    let Some(withdrawal) = reported.known() else {
        return format!("{id}  in a state that this command does not know");
    };
    let mut line = format!(
        "{id}  {}  {} {} on {} to {}",
        withdrawal.status,
        withdrawal.amount,
        withdrawal.asset,
        withdrawal.network,
        withdrawal.address,
    );
    if withdrawal.status == WithdrawalStatus::Broadcast {
        let _ = write!(
            line,
            ", {} of {} confirmations",
            withdrawal.confirmations.get(),
            withdrawal.required_confirmations.get()
        );
    }
    if let Some(txid) = &withdrawal.txid {
        let _ = write!(line, ", transaction {txid}");
    }
    let mut line = harmless_line(&line);
    if let Some(reason) = &withdrawal.status_reason {
        let message = harmless_line(reason.message.as_str());
        let _ = write!(line, "\n  {}: {message}", reason.code);
    }
    if let Some(action) = withdrawal.required_action {
        let _ = write!(line, "\n  {}", needed(action));
    }
    line
}

fn needed(action: RequiredAction) -> &'static str {
    match action {
        RequiredAction::ProvideTravelRule => {
            "it waits for Travel Rule data: `x428 withdraw supply ID FILE`"
        }
        RequiredAction::ProvideOwnershipProof => {
            "it waits for a proof that the address is yours, among the Travel Rule data: \
             `x428 withdraw supply ID FILE`"
        }
        _ => "it waits for you to talk to the exchange",
    }
}

/// An asset, and a line for each network.
pub(super) fn asset(asset: &Asset) -> String {
    let mut text = format!("{}  {}", asset.asset, asset.name);
    if let Some(balance) = &asset.balance {
        let _ = write!(text, ", {balance} available");
    }
    for network in &*asset.networks {
        let fee = match &network.fee {
            NetworkFee::FixedFee(fee) => format!("{} {}", fee.amount, fee.asset),
            NetworkFee::PercentFee(fee) => format!("{} of the amount in {}", fee.rate, fee.asset),
            NetworkFee::DynamicFee(fee) => match &fee.amount {
                Some(amount) => format!("about {amount} {}", fee.asset),
                None => format!("at the time, in {}", fee.asset),
            },
            _ => "unknown".to_owned(),
        };
        let closed = if network.withdrawal_enabled && network.status == NetworkStatus::Online {
            ""
        } else {
            ", closed at the moment"
        };
        let _ = write!(
            text,
            "\n  {}  from {}, fee {fee}{closed}",
            network.network, network.min_amount
        );
    }
    // Each line of the text is of this command; what is in it is of the exchange.
    let lines: Vec<String> = text.lines().map(harmless_line).collect();
    lines.join("\n")
}

/// A submission in a line.
pub(super) fn pending(pending: &Pending) -> String {
    let what = match pending.request() {
        Ok(request) => format!(
            "{} {} on {} to {}",
            request.amount, request.asset, request.network, request.address
        ),
        Err(_) => "a submission".to_owned(),
    };
    let state = if pending.is_unanswered() {
        "may have been sent"
    } else {
        "was not sent"
    };
    harmless_line(&format!("{}  {what}, {state}", pending.key().as_str()))
}

/// Tells of submissions that are not settled.
pub(super) fn unsettled(left: &[Pending]) {
    for submission in left {
        report::say(&format!("not settled: {}", pending(submission)));
    }
    if !left.is_empty() {
        report::say("help: `x428 withdraw resume` goes on with them, and sends nothing twice");
    }
}
