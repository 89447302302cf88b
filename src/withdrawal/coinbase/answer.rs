//! Transactions (section 15.4).

use jiff::Timestamp;

use super::{Adapter, Destination, Gap, Money, Network, NetworkPart, Transaction};
use crate::error::Malformed;
use crate::wire;
use crate::wire::withdrawal::{
    AssetCode, CoinbaseNetworkStatus, CoinbaseStatus, IdempotencyKey, PositiveDecimal,
    RequiredConfirmations, StatusReason, StatusReasonCode, StatusReasonMessage, TransactionId,
    TravelRuleState, TravelRuleStatus, Withdrawal, WithdrawalConfirmations, WithdrawalFee,
    WithdrawalId, WithdrawalRequest, WithdrawalStatus as Status,
};
use crate::withdrawal::decimal::Decimal;

const SEND: &str = "send";

/// What an adapter has kept of a withdrawal, and Coinbase does not say.
#[derive(Debug, Clone, Copy)]
pub struct Known<'a> {
    /// What the client asked for.
    pub request: &'a WithdrawalRequest,
    /// How far the Travel Rule is met.
    pub travel_rule: TravelRuleStatus,
}

/// The status of a transaction with this status, and this network status if there is one.
///
/// What is not known is `under_review`, and never the end.
// r[impl withdrawal.coinbase.unknown-status]
#[must_use]
pub fn status(status: &str, network: Option<&str>) -> Status {
    let known = match (status.parse(), network) {
        (Ok(CoinbaseStatus::Pending), Some(network)) => {
            network.parse().ok().map(CoinbaseNetworkStatus::becomes)
        }
        (Ok(known), _) => Some(known.becomes()),
        (Err(_), _) => None,
    };
    known.unwrap_or(Status::UnderReview)
}

impl Adapter {
    /// The withdrawal that a transaction is.
    ///
    /// A client is shown the statuses between the last one and this one too:
    /// [`path`](crate::withdrawal::state::path).
    ///
    /// # Errors
    /// [`Malformed`] for a transaction that is no send of what was asked for, whose amount is not
    /// negative or smaller than its fee, or that is on the network without a hash.
    // r[impl withdrawal.coinbase.amount]
    pub fn withdrawal(
        &self,
        transaction: &Transaction,
        known: &Known<'_>,
    ) -> Result<Withdrawal, Malformed> {
        if transaction.kind != SEND {
            return Err(refuse("not a send"));
        }
        let request = known.request;
        if transaction.amount.currency != request.asset.as_str() {
            return Err(refuse("of another asset than the request"));
        }
        let network = transaction.network.clone().unwrap_or_default();
        let status = status(&transaction.status, network.status.as_deref());
        let amounts = Amounts::of(&transaction.amount, network.transaction_fee.as_ref())?;
        let internal =
            network.status.as_deref() == Some(CoinbaseNetworkStatus::OffBlockchain.as_str());
        let txid = network.hash.as_deref().filter(|hash| !hash.is_empty());
        if matches!(status, Status::Broadcast | Status::Completed) && txid.is_none() && !internal {
            return Err(refuse("on the network without a hash"));
        }
        let required = self
            .by_code(&request.network)
            .map(|network| network.confirmations);
        let required = required.ok_or_else(|| refuse("on a network that is not known"))?;
        let created = time(&transaction.created_at)?;
        let updated = match &transaction.updated_at {
            Some(updated) => time(updated)?,
            None => created.clone(),
        };
        let confirmations = i64::from(network.confirmations.unwrap_or(0));
        let mut withdrawal = Withdrawal::new(
            WithdrawalId::parse(transaction.id.as_str()).map_err(form)?,
            status,
            request.asset.clone(),
            request.network.clone(),
            request.amount.clone(),
            amounts.fee,
            amounts.receive,
            amounts.total,
            request.address.clone(),
            WithdrawalConfirmations::new(confirmations).map_err(form)?,
            RequiredConfirmations::new(required).map_err(form)?,
            internal,
            false,
            TravelRuleState::new(known.travel_rule),
            created,
            updated.clone(),
        );
        withdrawal.memo.clone_from(&request.memo);
        withdrawal
            .client_reference
            .clone_from(&request.client_reference);
        withdrawal.txid = txid.map(TransactionId::parse).transpose().map_err(form)?;
        if status.is_terminal() {
            withdrawal.completed_at = Some(updated);
            withdrawal.status_reason = reason(status)?;
        }
        Ok(withdrawal)
    }

    /// The transaction that a withdrawal is, for a client that speaks to Coinbase.
    ///
    /// # Errors
    /// [`Gap`] for a status that Coinbase does not have, for a network whose name is not known, and
    /// for amounts that are not those of the fee.
    pub fn transaction(
        &self,
        withdrawal: &Withdrawal,
        key: &IdempotencyKey,
    ) -> Result<Transaction, Gap> {
        let network = self.by_code(&withdrawal.network);
        let network = network.ok_or(Gap::new("network", "not a network of this adapter"))?;
        let (status, network_status) = named(withdrawal)?;
        Ok(Transaction {
            id: withdrawal.id.to_string(),
            kind: SEND.to_owned(),
            status: status.as_str().to_owned(),
            amount: Money {
                amount: format!("-{}", withdrawal.total_debit),
                currency: withdrawal.asset.to_string(),
            },
            created_at: withdrawal.created_at.to_string(),
            updated_at: Some(withdrawal.updated_at.to_string()),
            network: Some(network_part(withdrawal, network, network_status)),
            to: Some(Destination {
                address: Some(withdrawal.address.to_string()),
            }),
            idem: Some(key.to_string()),
        })
    }
}

fn network_part(
    withdrawal: &Withdrawal,
    network: &Network,
    status: Option<CoinbaseNetworkStatus>,
) -> NetworkPart {
    NetworkPart {
        status: status.map(|status| status.as_str().to_owned()),
        network_name: Some(network.name.clone()),
        hash: withdrawal.txid.as_ref().map(ToString::to_string),
        transaction_fee: Some(Money {
            amount: withdrawal.fee.amount.to_string(),
            currency: withdrawal.fee.asset.to_string(),
        }),
        confirmations: u32::try_from(withdrawal.confirmations.get()).ok(),
    }
}

/// Coinbase's words for the status of a withdrawal.
fn named(withdrawal: &Withdrawal) -> Result<(CoinbaseStatus, Option<CoinbaseNetworkStatus>), Gap> {
    if withdrawal.status == Status::Broadcast {
        let network = if withdrawal.confirmations.get() == 0 {
            CoinbaseNetworkStatus::Unconfirmed
        } else {
            CoinbaseNetworkStatus::Confirming
        };
        return Ok((CoinbaseStatus::Pending, Some(network)));
    }
    let known = CoinbaseStatus::ALL.iter().copied();
    let status = known
        .into_iter()
        .find(|status| status.becomes() == withdrawal.status)
        .ok_or(Gap::new("status", "Coinbase has no such status"))?;
    let network = withdrawal
        .internal
        .then_some(CoinbaseNetworkStatus::OffBlockchain);
    Ok((status, network))
}

struct Amounts {
    fee: WithdrawalFee,
    receive: PositiveDecimal,
    total: PositiveDecimal,
}

impl Amounts {
    /// From the amount of a transaction, which is negative and holds the fee if that is in the same
    /// asset.
    fn of(amount: &Money, fee: Option<&Money>) -> Result<Self, Malformed> {
        let total = amount.amount.strip_prefix('-');
        let total = Decimal::parse(total.ok_or_else(|| refuse("an amount that is not negative"))?)?;
        let (charged, asset) = match fee {
            Some(fee) => (Decimal::parse(&fee.amount)?, &fee.currency),
            None => (Decimal::ZERO, &amount.currency),
        };
        let inside = if *asset == amount.currency {
            charged
        } else {
            Decimal::ZERO
        };
        let receive = total.checked_sub(inside);
        let receive = receive.ok_or_else(|| refuse("a fee above the amount"))?;
        let asset = AssetCode::parse(asset.as_str()).map_err(form)?;
        Ok(Self {
            fee: WithdrawalFee::new(asset, charged.try_into().map_err(form)?, true),
            receive: receive.try_into().map_err(form)?,
            total: total.try_into().map_err(form)?,
        })
    }
}

/// Coinbase does not say why a transaction ended.
fn reason(status: Status) -> Result<Option<StatusReason>, Malformed> {
    let code = match status {
        Status::Completed => return Ok(None),
        Status::Failed => StatusReasonCode::ProviderFailed,
        _ => StatusReasonCode::NotDisclosed,
    };
    let message = StatusReasonMessage::parse(code.meaning()).map_err(form)?;
    Ok(Some(StatusReason::new(code, message)))
}

/// A time with any offset, in UTC.
fn time(text: &str) -> Result<wire::withdrawal::Timestamp, Malformed> {
    let instant: Timestamp = text
        .parse()
        .map_err(|_| refuse("a time that is not of RFC 3339"))?;
    wire::withdrawal::Timestamp::try_from(instant).map_err(form)
}

#[expect(clippy::needless_pass_by_value, reason = "the argument of map_err")]
fn form(error: wire::Invalid) -> Malformed {
    Malformed::new("transaction of Coinbase", error.to_string())
}

fn refuse(why: &'static str) -> Malformed {
    Malformed::new("transaction of Coinbase", why)
}
