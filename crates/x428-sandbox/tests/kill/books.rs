//! The books after the storm: the database, the clients and the receiver have to agree.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use x428::wire::withdrawal::{ChallengeStatus, WithdrawalStatus};
use x428::withdrawal::decimal::Decimal;

use crate::database::Database;
use crate::ledger::{Ledger, Sent, same};
use crate::receiver::Receiver;
use crate::wallet::Wallet;

/// An account: an owner and an asset.
type Account = (String, String);
type Sums = BTreeMap<Account, Decimal>;

/// Everything that the database has, as far as it has to add up.
pub(crate) struct Books {
    /// By id: the owner, the key, and what a client reads.
    withdrawals: BTreeMap<String, (String, String, Value)>,
    /// The statuses of each withdrawal and challenge, in the order in which they were written.
    histories: BTreeMap<String, Vec<String>>,
    /// What each owner's withdrawals count against limits, and how many there were.
    spent: BTreeMap<String, (Decimal, usize)>,
    /// The challenge of each withdrawal that was approved.
    approved: BTreeMap<String, String>,
}

fn amount(text: &str) -> Decimal {
    Decimal::parse(text).unwrap()
}

fn add(sums: &mut Sums, account: &Account, amount: Decimal) {
    let sum = sums.entry(account.clone()).or_default();
    *sum = sum.checked_add(amount).unwrap();
}

fn sum(sums: &Sums, account: &Account) -> Decimal {
    sums.get(account).copied().unwrap_or_default()
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// What leaves the account for a withdrawal: the asset, and the fee if it is paid in another one.
fn costs(wire: &Value) -> Vec<(String, Decimal)> {
    let asset = text(&wire["asset"]);
    let mut costs = vec![(asset.clone(), amount(&text(&wire["totalDebit"])))];
    let fee = &wire["fee"];
    if fee["asset"] != asset.as_str() {
        costs.push((text(&fee["asset"]), amount(&text(&fee["amount"]))));
    }
    costs
}

impl Books {
    pub(crate) async fn open(database: &Database) -> Self {
        let mut books = Self {
            withdrawals: BTreeMap::new(),
            histories: BTreeMap::new(),
            spent: BTreeMap::new(),
            approved: BTreeMap::new(),
        };
        for [id, owner, data] in database
            .rows("SELECT id, owner, data FROM withdrawal")
            .await
        {
            let data = json(&data);
            let key = text(&data["idempotency_key"]);
            let status: WithdrawalStatus = text(&data["wire"]["status"]).parse().unwrap();
            let (dollars, count) = books.spent.entry(owner.clone()).or_default();
            *count += 1;
            if !status.is_terminal() || status == WithdrawalStatus::Completed {
                let more = amount(&text(&data["dollars"]));
                *dollars = dollars.checked_add(more).unwrap();
            }
            let known = (owner, key, data["wire"].clone());
            assert!(books.withdrawals.insert(id, known).is_none());
        }
        let record = "SELECT data FROM record ORDER BY owner, number";
        for [data] in database.rows(record).await {
            let data = json(&data);
            match data["event"].as_str() {
                Some("withdrawal") => books.note(&data["withdrawal"], &data["status"]),
                Some("challenge") => books.note(&data["challenge"], &data["status"]),
                Some("withdrawal.created") if data["challenge"].is_string() => {
                    let withdrawal = text(&data["withdrawal"]);
                    books.approved.insert(withdrawal, text(&data["challenge"]));
                }
                _ => {}
            }
        }
        books
    }

    fn note(&mut self, subject: &Value, status: &Value) {
        let history = self.histories.entry(text(subject)).or_default();
        history.push(text(status));
    }

    pub(crate) fn count(&self) -> usize {
        self.withdrawals.len()
    }

    /// Each key has at most one withdrawal, and every one that was answered is there.
    pub(crate) async fn keys(&self, database: &Database, ledger: &Ledger) {
        let mut by_key: BTreeMap<(&str, &str), &str> = BTreeMap::new();
        for (id, (owner, key, _)) in &self.withdrawals {
            let other = by_key.insert((owner, key), id);
            assert_eq!(other, None, "two withdrawals of {key}: {id}");
        }
        let mut bound = BTreeSet::new();
        for [data] in database.rows("SELECT data FROM submission").await {
            if let Some(id) = json(&data)["withdrawal"].as_str() {
                assert!(
                    self.withdrawals.contains_key(id),
                    "{id} is bound, not there"
                );
                assert!(bound.insert(id.to_owned()), "{id} is bound to two keys");
            }
        }
        assert_eq!(
            bound.len(),
            self.withdrawals.len(),
            "each is bound to its key"
        );
        for sent in ledger.all() {
            let Some(answered) = &sent.answered else {
                continue;
            };
            let id = text(&answered["id"]);
            let kept = self.withdrawals.get(&id);
            let (_, key, wire) = kept.unwrap_or_else(|| panic!("lost: {answered}"));
            assert_eq!(*key, sent.key);
            same(answered, wire);
        }
    }

    /// Each history is a path of the table, from its beginning to what is written now, and has in
    /// it whatever a client has seen.
    pub(crate) fn paths(&self, ledger: &Ledger) {
        for (id, (_, _, wire)) in &self.withdrawals {
            let history = &self.histories[id];
            assert_eq!(history[0], "pending", "{id}");
            assert_eq!(history.last(), Some(&text(&wire["status"])), "{id}");
            for step in history.windows(2) {
                let [from, to] = step else { unreachable!() };
                let (from, to): (WithdrawalStatus, WithdrawalStatus) =
                    (from.parse().unwrap(), to.parse().unwrap());
                assert!(from.can_transition_to(to), "{id}: {history:?}");
            }
        }
        for (id, status) in ledger.seen() {
            let history = &self.histories[&id];
            assert!(history.contains(&status), "{id} was {status}: {history:?}");
        }
    }

    /// What an owner had is available, held or gone, to the last unit.
    pub(crate) async fn balances(&self, database: &Database, seeded: &[(String, Decimal)]) {
        let (mut reserved, mut ended, mut gone) = (Sums::new(), Sums::new(), Sums::new());
        let mut movements: BTreeMap<&str, BTreeMap<(String, String), String>> = BTreeMap::new();
        let select = "SELECT withdrawal, asset, kind, owner, amount FROM movement";
        let rows: Vec<[String; 5]> = database.rows(select).await;
        for [withdrawal, asset, kind, owner, moved] in &rows {
            let account = (owner.clone(), asset.clone());
            let sums = match kind.as_str() {
                "reserve" => &mut reserved,
                "debit" => {
                    add(&mut gone, &account, amount(moved));
                    &mut ended
                }
                "release" => &mut ended,
                other => panic!("{other}"),
            };
            add(sums, &account, amount(moved));
            let of = movements.entry(withdrawal).or_default();
            let again = of.insert((asset.clone(), kind.clone()), moved.clone());
            assert_eq!(again, None, "{withdrawal} has two of {kind}");
        }
        let mut paid = Sums::new();
        for (id, (owner, _, wire)) in &self.withdrawals {
            let status: WithdrawalStatus = text(&wire["status"]).parse().unwrap();
            let mut expected = BTreeMap::new();
            for (asset, cost) in costs(wire) {
                let mut expect = |kind: &str| {
                    expected.insert((asset.clone(), kind.to_owned()), cost.to_string());
                };
                expect("reserve");
                if status == WithdrawalStatus::Completed {
                    expect("debit");
                    add(&mut paid, &(owner.clone(), asset.clone()), cost);
                } else if status.is_terminal() {
                    expect("release");
                }
            }
            let of = movements.remove(id.as_str());
            assert_eq!(of, Some(expected), "the movements of {id}, {status}");
        }
        assert!(movements.is_empty(), "of no withdrawal: {movements:?}");
        assert_eq!(gone, paid);
        let select = "SELECT owner, asset, available, reserved FROM balance";
        for [owner, asset, available, held] in database.rows(select).await {
            let (_, had) = seeded.iter().find(|(seeded, _)| *seeded == asset).unwrap();
            let account = (owner, asset);
            let (available, held) = (amount(&available), amount(&held));
            assert!(available >= Decimal::ZERO && held >= Decimal::ZERO);
            let open = sum(&reserved, &account).checked_sub(sum(&ended, &account));
            assert_eq!(Some(held), open, "what {account:?} holds");
            let all = available.checked_add(held).unwrap();
            let all = all.checked_add(sum(&gone, &account)).unwrap();
            assert_eq!(all, *had, "what {account:?} had");
        }
    }

    /// What counts against limits is what has not come to nothing.
    pub(crate) async fn spending(&self, database: &Database) {
        let mut spent: BTreeMap<String, (Decimal, usize)> = BTreeMap::new();
        let select = "SELECT owner, dollars, CAST(count AS TEXT) FROM spending";
        for [owner, dollars, count] in database.rows(select).await {
            // A day may have ended meanwhile.
            let (all, times) = spent.entry(owner).or_default();
            *all = all.checked_add(amount(&dollars)).unwrap();
            *times += count.parse::<usize>().unwrap();
        }
        assert_eq!(spent, self.spent);
    }

    /// Each proof made one withdrawal at most.
    pub(crate) async fn proofs(&self, database: &Database, ledger: &Ledger) {
        let used: BTreeSet<&String> = self.approved.values().collect();
        assert_eq!(used.len(), self.approved.len(), "a proof was used twice");
        for [id, data] in database.rows("SELECT id, data FROM challenge").await {
            let status: ChallengeStatus = text(&json(&data)["status"]).parse().unwrap();
            let is_consumed = status == ChallengeStatus::Consumed;
            assert_eq!(used.contains(&id), is_consumed, "{id} is {status}");
            let history = &self.histories[&id];
            for step in history.windows(2) {
                let [from, to] = step else { unreachable!() };
                let (from, to): (ChallengeStatus, ChallengeStatus) =
                    (from.parse().unwrap(), to.parse().unwrap());
                assert!(from.can_transition_to(to), "{id}: {history:?}");
            }
        }
        for challenge in ledger.proofs() {
            assert!(used.contains(&challenge), "{challenge} was consumed");
        }
    }

    /// Every change was told, under one name, and nothing else was. The beginning of a challenge
    /// is the answer of its request.
    pub(crate) fn events(&self, receiver: &Receiver) {
        let mut told = receiver.told();
        for (subject, history) in &self.histories {
            let is_withdrawal = self.withdrawals.contains_key(subject);
            for status in history.iter().skip(usize::from(!is_withdrawal)) {
                let count = told.remove(&(subject.clone(), status.clone()));
                assert_eq!(count, Some(1), "{subject} became {status}");
            }
        }
        assert!(told.is_empty(), "told and never written: {told:?}");
    }

    /// The same through the API: every withdrawal can be read and stands in the list once, and its
    /// key gives it again.
    pub(crate) async fn answers(&self, wallet: &Wallet, ledger: &Ledger) {
        let mut listed = BTreeSet::new();
        let mut path = "/withdrawals?limit=100".to_owned();
        loop {
            let page = wallet.get(&path).await;
            assert_eq!(page.status, 200, "{page:?}");
            let page = page.json();
            for withdrawal in page["data"].as_array().unwrap() {
                let id = text(&withdrawal["id"]);
                assert_eq!(*withdrawal, self.withdrawals[&id].2);
                assert!(listed.insert(id), "listed twice");
            }
            let Some(cursor) = page["pagination"]["nextCursor"].as_str() else {
                break;
            };
            path = format!("/withdrawals?limit=100&cursor={cursor}");
        }
        let sent: Vec<Sent> = ledger.of(&wallet.login);
        for sent in sent.iter().filter(|sent| sent.answered.is_some()) {
            let id = text(&sent.answered.as_ref().unwrap()["id"]);
            assert!(listed.remove(&id), "not listed: {id}");
            let ask = Wallet::submission(&sent.key, &sent.body);
            let reply = wallet.ask(&ask).await;
            assert!(reply.status == 201 && reply.replayed, "{reply:?}");
            assert_eq!(reply.json(), self.withdrawals[&id].2);
        }
        // The others are those that nobody waited for.
        let abandoned: BTreeSet<&str> = sent
            .iter()
            .filter(|sent| sent.answered.is_none())
            .map(|sent| sent.key.as_str())
            .collect();
        for id in listed {
            let key = self.withdrawals[&id].1.as_str();
            assert!(abandoned.contains(key), "{id} has the key {key}");
        }
    }
}
