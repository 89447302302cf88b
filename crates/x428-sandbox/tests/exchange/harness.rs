//! An exchange with a clock that the test turns, a browser, and a wallet.

use serde_json::{Value, json};

mod answer;
mod browser;
mod clock;
mod database;
mod wallet;
mod world;

pub(crate) use answer::Answer;
pub(crate) use browser::{Browser, code_of, hidden};
pub(crate) use clock::Hand;
pub(crate) use database::execute;
pub(crate) use wallet::Wallet;
pub(crate) use world::World;

pub(crate) const ISSUER: &str = "https://exchange.example";
pub(crate) const CALLBACK: &str = "https://wallet.example/callback";
pub(crate) const PASSWORD: &str = "correct horse battery staple";
pub(crate) const ADDRESS: &str = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed";
pub(crate) const OTHER_ADDRESS: &str = "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359";
pub(crate) const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
pub(crate) const ALL_SCOPES: &str = "assets:read withdrawals:create withdrawals:read withdrawals:cancel \
    webhooks:manage offline_access";

pub(crate) fn ether(amount: &str) -> Value {
    json!({"asset": "ETH", "network": "ethereum", "amount": amount, "address": ADDRESS})
}

pub(crate) fn with_proof(body: &Value, proof: &str) -> Value {
    let mut body = body.clone();
    body["challengeProof"] = proof.into();
    body
}

/// Another body, with a member changed.
pub(crate) fn with(body: &Value, name: &str, value: impl Into<Value>) -> Value {
    let mut body = body.clone();
    body[name] = value.into();
    body
}
