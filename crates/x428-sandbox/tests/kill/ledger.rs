//! What the clients have asked and what they were told: what has to hold afterwards.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

use serde_json::Value;

use crate::line::Reply;

/// A key, and what has become of it as far as its client knows.
#[derive(Clone)]
pub(crate) struct Sent {
    pub(crate) login: String,
    pub(crate) key: String,
    pub(crate) body: Value,
    /// The first withdrawal that was answered.
    pub(crate) answered: Option<Value>,
}

#[derive(Default)]
pub(crate) struct Ledger {
    sent: Mutex<BTreeMap<String, Sent>>,
    /// The withdrawals in the statuses in which a client has seen them.
    seen: Mutex<BTreeSet<(String, String)>>,
    /// The proofs that were consumed by an answered withdrawal.
    proofs: Mutex<Vec<String>>,
}

/// What a later answer says as the first one did.
const LASTING: [&str; 10] = [
    "id",
    "asset",
    "network",
    "amount",
    "fee",
    "receiveAmount",
    "totalDebit",
    "address",
    "clientReference",
    "createdAt",
];

impl Ledger {
    /// Before a request is sent: whatever becomes of it, the key is known.
    pub(crate) fn ask(&self, login: &str, key: &str, body: &Value) {
        let sent = Sent {
            login: login.to_owned(),
            key: key.to_owned(),
            body: body.clone(),
            answered: None,
        };
        let mut all = self.sent.lock().unwrap();
        all.entry(key.to_owned()).or_insert(sent);
    }

    /// A 201.
    pub(crate) fn created(&self, key: &str, reply: &Reply) {
        let withdrawal = reply.json();
        self.see(&withdrawal);
        let mut all = self.sent.lock().unwrap();
        let sent = all.get_mut(key).unwrap();
        match &sent.answered {
            Some(first) => same(first, &withdrawal),
            None => sent.answered = Some(withdrawal),
        }
    }

    pub(crate) fn see(&self, withdrawal: &Value) {
        let text = |name: &str| withdrawal[name].as_str().unwrap().to_owned();
        let mut seen = self.seen.lock().unwrap();
        seen.insert((text("id"), text("status")));
    }

    pub(crate) fn consumed(&self, challenge: &str) {
        self.proofs.lock().unwrap().push(challenge.to_owned());
    }

    pub(crate) fn of(&self, login: &str) -> Vec<Sent> {
        let all = self.sent.lock().unwrap();
        all.values()
            .filter(|sent| sent.login == login)
            .cloned()
            .collect()
    }

    pub(crate) fn all(&self) -> Vec<Sent> {
        self.sent.lock().unwrap().values().cloned().collect()
    }

    pub(crate) fn seen(&self) -> BTreeSet<(String, String)> {
        self.seen.lock().unwrap().clone()
    }

    pub(crate) fn proofs(&self) -> Vec<String> {
        self.proofs.lock().unwrap().clone()
    }
}

/// Whether two answers are of one withdrawal, which may have gone on.
pub(crate) fn same(first: &Value, later: &Value) {
    for name in LASTING {
        assert_eq!(first[name], later[name], "{name}: {first} {later}");
    }
}
