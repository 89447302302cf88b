//! What is going on while the exchange is killed: wallets submit, repeat, cancel, read and prove.

use std::sync::Arc;

use serde_json::{Value, json};
use tokio::sync::watch;

use crate::ledger::Ledger;
use crate::line::Reply;
use crate::random::Random;
use crate::wallet::Wallet;

const ADDRESS: &str = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed";
const ON_LEDGER: &str = "rHb9CJAWyB4rj91VRWn96DkukG4bwdtyTh";

/// What the settlement makes of it.
const SCRIPTS: [&str; 10] = [
    "order",
    "order",
    "order",
    "order",
    "sim:fail",
    "sim:drop",
    "sim:review",
    "sim:reject",
    "sim:late",
    "sim:stall",
];

/// A wallet at work.
pub(crate) struct Worker {
    pub(crate) wallet: Arc<Wallet>,
    pub(crate) ledger: Arc<Ledger>,
    pub(crate) random: Random,
    /// Names its keys.
    pub(crate) name: String,
    pub(crate) stop: watch::Receiver<bool>,
}

impl Worker {
    /// Withdraws what needs no second factor.
    pub(crate) async fn withdraw(mut self) {
        for number in 0.. {
            if *self.stop.borrow() {
                return;
            }
            match self.random.below(100) {
                0..55 => self.submit(number).await,
                55..65 => self.abandon(number).await,
                65..75 => self.repeat().await,
                75..80 => self.mistake().await,
                80..90 => self.cancel().await,
                _ => self.read().await,
            }
        }
    }

    fn fresh(&mut self, number: u64) -> (String, Value) {
        let key = format!("key-of-{}-{number:08}", self.name);
        let (asset, network, amount, address) = self.random.pick(&[
            ("ETH", "base", "0.0012", ADDRESS),
            ("ETH", "ethereum", "0.00310001", ADDRESS),
            ("USDC", "ethereum", "7.000001", ADDRESS),
            ("USDC", "base", "3.5", ADDRESS),
            ("XRP", "xrpl", "9.999999", ON_LEDGER),
        ]);
        let script = self.random.pick(&SCRIPTS);
        let body = json!({
            "asset": asset, "network": network, "amount": amount, "address": address,
            "clientReference": format!("{script}.{number}"),
        });
        (key, body)
    }

    /// Asks until there is an answer.
    async fn submit(&mut self, number: u64) {
        let (key, body) = self.fresh(number);
        self.ledger.ask(&self.wallet.login, &key, &body);
        let ask = Wallet::submission(&key, &body);
        let reply = self.wallet.ask(&ask).await;
        self.took(&key, &reply);
    }

    /// Asks once, and never again.
    async fn abandon(&mut self, number: u64) {
        let (key, body) = self.fresh(number);
        self.ledger.ask(&self.wallet.login, &key, &body);
        let ask = Wallet::submission(&key, &body);
        if let Some(reply) = self.wallet.ask_once(&ask).await {
            self.took(&key, &reply);
        }
    }

    fn took(&self, key: &str, reply: &Reply) {
        if reply.status == 201 {
            self.ledger.created(key, reply);
        } else {
            assert!(
                reply.code().starts_with("insufficient_balance"),
                "{reply:?}"
            );
        }
    }

    /// The same again.
    async fn repeat(&mut self) {
        let Some(sent) = self.one().await else { return };
        let ask = Wallet::submission(&sent.key, &sent.body);
        let reply = self.wallet.ask(&ask).await;
        if sent.answered.is_some() {
            assert!(reply.replayed, "{reply:?}");
        }
        self.took(&sent.key, &reply);
    }

    /// The same key for something else.
    async fn mistake(&mut self) {
        let Some(sent) = self.one().await else { return };
        if sent.answered.is_none() {
            return;
        }
        let mut body = sent.body.clone();
        body["amount"] = "11".into();
        let ask = Wallet::submission(&sent.key, &body);
        let reply = self.wallet.ask(&ask).await;
        assert_eq!(reply.code(), "idempotency_mismatch", "{reply:?}");
    }

    async fn cancel(&mut self) {
        let Some(id) = self.one().await.and_then(id_of) else {
            return;
        };
        let path = format!("/withdrawals/{id}/cancel");
        let reply = self.wallet.post(&path, &Value::Null).await;
        if reply.status == 200 {
            self.ledger.see(&reply.json());
        } else {
            assert_eq!(reply.code(), "not_cancelable", "{reply:?}");
        }
    }

    async fn read(&mut self) {
        let Some(id) = self.one().await.and_then(id_of) else {
            return;
        };
        let reply = self.wallet.get(&format!("/withdrawals/{id}")).await;
        assert_eq!(reply.status, 200, "what was answered is there: {reply:?}");
        self.ledger.see(&reply.json());
    }

    async fn one(&mut self) -> Option<crate::ledger::Sent> {
        // Where nothing has been sent yet, others have their turn.
        tokio::task::yield_now().await;
        let mut sent = self.ledger.of(&self.wallet.login);
        let recent = sent.split_off(sent.len().saturating_sub(400));
        if recent.is_empty() {
            return None;
        }
        let at = self.random.below(recent.len() as u64);
        recent.get(usize::try_from(at).unwrap()).cloned()
    }

    /// Withdraws what the owner has to approve, and tries each proof more than once.
    pub(crate) async fn prove(self) {
        for number in 0.. {
            if *self.stop.borrow() {
                return;
            }
            self.proved(number).await;
        }
    }

    async fn proved(&self, number: u64) {
        let key = format!("proof-of-{}-{number:08}", self.name);
        let body = json!({
            "asset": "XRP", "network": "xrpl", "amount": "600", "address": ON_LEDGER,
        });
        let ask = Wallet::submission(&key, &body);
        let asked = self.wallet.ask(&ask).await;
        assert_eq!(asked.code(), "challenge_required", "{asked:?}");
        let challenge = asked.json()["challengeId"].as_str().unwrap().to_owned();
        let Some(proof) = self.wallet.prove(&challenge).await else {
            // The code came to nothing with the answer: the next withdrawal has another one.
            return;
        };
        let mut body = body;
        body["challengeProof"] = proof.into();
        self.ledger.ask(&self.wallet.login, &key, &body);
        let ask = Wallet::submission(&key, &body);
        let wallet = &self.wallet;
        let (one, two, three) = tokio::join!(wallet.ask(&ask), wallet.ask(&ask), wallet.ask(&ask));
        for reply in [one, two, three] {
            assert_eq!(reply.status, 201, "{reply:?}");
            self.ledger.created(&key, &reply);
        }
        self.ledger.consumed(&challenge);
        let other = format!("{key}-again");
        let ask = Wallet::submission(&other, &body);
        let reply = wallet.ask(&ask).await;
        assert_eq!(reply.code(), "challenge_proof_invalid", "{reply:?}");
    }
}

fn id_of(sent: crate::ledger::Sent) -> Option<String> {
    Some(sent.answered?["id"].as_str().unwrap().to_owned())
}

/// Subscribes to everything. The receiver is at a plain address, which the text does not allow, so
/// that it is put where the one that was named is.
pub(crate) async fn subscribe(wallet: &Wallet) {
    let body = json!({
        "url": "https://wallet.example/hook",
        "events": ["withdrawal.updated", "challenge.updated"],
    });
    let reply = wallet.post("/webhooks", &body).await;
    assert_eq!(reply.status, 201, "{reply:?}");
}
