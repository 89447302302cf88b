//! The shapes of Coinbase's API for accounts and transactions (v2), as far as they are mapped.
//!
//! Members that are not mapped are ignored on input.

use serde::{Deserialize, Serialize};

/// The body of `POST /v2/accounts/{id}/transactions`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SendMoney {
    /// `send`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The address. Coinbase takes an e-mail address too; an adapter never sends one.
    pub to: String,
    /// The amount, as a decimal in a string.
    pub amount: String,
    /// The asset.
    pub currency: String,
    /// Coinbase's name of the network.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub network: Option<String>,
    /// The memo.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub destination_tag: Option<String>,
    /// A note.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Names the transaction: at most 100 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idem: Option<String>,
    /// What the Travel Rule asks for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub travel_rule_data: Option<TravelRuleData>,
}

/// The Travel Rule data of a send.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TravelRuleData {
    /// `WALLET_TYPE_SELF_HOSTED` or `WALLET_TYPE_EXCHANGE`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub beneficiary_wallet_type: Option<String>,
    /// `IS_SELF_TRUE` or `IS_SELF_FALSE`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_self: Option<String>,
    /// The name of the receiver.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub beneficiary_name: Option<String>,
    /// The VASP of the receiver.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub beneficiary_financial_institution: Option<String>,
    /// Why it is sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transfer_purpose: Option<String>,
}

/// What an answer holds its object in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Data<T> {
    /// The object.
    pub data: T,
}

/// A page of objects.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listed<T> {
    /// Where the page ends.
    pub pagination: Pagination,
    /// The objects.
    pub data: Vec<T>,
}

/// Where a page ends.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pagination {
    /// The most entries of the page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
    /// The id after which the page begins.
    #[serde(default)]
    pub starting_after: Option<String>,
    /// The id after which the next page begins.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_starting_after: Option<String>,
    /// The path of the next page, if there is one.
    #[serde(default)]
    pub next_uri: Option<String>,
}

/// An amount of an asset. It is negative for what leaves the account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Money {
    /// A decimal in a string, perhaps with a sign.
    pub amount: String,
    /// The asset.
    pub currency: String,
}

/// A transaction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Transaction {
    /// Names the transaction.
    pub id: String,
    /// `send` for a withdrawal.
    #[serde(rename = "type")]
    pub kind: String,
    /// How far it is.
    pub status: String,
    /// What the account is debited, negative, with the fee.
    pub amount: Money,
    /// When it was created, after RFC 3339.
    pub created_at: String,
    /// When it last changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub updated_at: Option<String>,
    /// What happens on the network.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub network: Option<NetworkPart>,
    /// Where it goes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<Destination>,
    /// The name that the sender gave it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idem: Option<String>,
}

/// What happens to a transaction on the network.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NetworkPart {
    /// How far it is there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// Coinbase's name of the network.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub network_name: Option<String>,
    /// The id of the transaction on the network.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hash: Option<String>,
    /// The fee.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transaction_fee: Option<Money>,
    /// How many confirmations it has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confirmations: Option<u32>,
}

/// Where a transaction goes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Destination {
    /// The address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
}

/// The body of an error.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorList {
    /// The errors. The first counts.
    pub errors: Vec<ErrorEntry>,
}

/// An error.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorEntry {
    /// What is wrong.
    pub id: String,
    /// A sentence. It is not passed on.
    #[serde(default)]
    pub message: String,
    /// Where it is documented.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
}
