//! The rounds: load, a blow, a recovery; and the books at the end.

use std::env;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use tokio::sync::watch;
use tokio::task::JoinSet;
use x428::withdrawal::decimal::Decimal;
use x428_sandbox::exchange::Exchange;

use crate::books::Books;
use crate::database::Database;
use crate::ledger::Ledger;
use crate::line::Line;
use crate::load::{Worker, subscribe};
use crate::process::{self, Fleet};
use crate::random::Random;
use crate::receiver::Receiver;
use crate::say;
use crate::seeded::fill;
use crate::wallet::Wallet;

const SEED: u64 = 428;
/// A step of the settlement.
const PACE: Duration = Duration::from_millis(100);
/// For the last withdrawal to end and the last event to be told.
const PATIENCE: Duration = Duration::from_mins(15);
/// Of each owner, so many requests are under way at once.
const WORKERS: u64 = 5;
/// Their withdrawals need no second factor, except those of the last one.
const OWNERS: [&str; 4] = ["rita", "saul", "tove", "vera"];
/// Balances of which one is spent before the end.
const SEEDED: [(&str, &str); 3] = [("ETH", "50"), ("USDC", "9000"), ("XRP", "100000000.000001")];

/// What happens to an instance.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Harm {
    /// SIGKILL.
    Kill,
    /// The database ends its connections.
    CutOff,
}

pub(crate) struct Storm {
    pub(crate) harm: Harm,
    pub(crate) instances: usize,
    pub(crate) rounds: u64,
}

fn variable(name: &str) -> Option<u64> {
    let value = env::var(name).ok()?;
    Some(value.parse().unwrap_or_else(|_| panic!("{name}={value}")))
}

fn balances() -> Vec<(String, Decimal)> {
    SEEDED
        .iter()
        .map(|(asset, amount)| ((*asset).to_owned(), Decimal::parse(amount).unwrap()))
        .collect()
}

/// Tells the seed if what holds it ends by a panic.
struct Told(u64);

impl Drop for Told {
    fn drop(&mut self) {
        if std::thread::panicking() {
            say(&format!("the same again: X428_KILL_SEED={}", self.0));
        }
    }
}

impl Storm {
    pub(crate) async fn rage(&self, database: Database) {
        let seed = variable("X428_KILL_SEED").unwrap_or(SEED);
        let told = Told(seed);
        let mut random = Random::new(seed);
        fill(&database.at, &OWNERS, &balances()).await;
        let (receiver, hook) = Receiver::start().await;
        let mut fleet = Fleet::start(&database.at, PACE, self.instances);
        let line = Arc::new(Line::new(fleet.addresses(), self.harm == Harm::CutOff));
        let mut wallets = Vec::new();
        for login in OWNERS {
            let wallet = Wallet::of(Arc::clone(&line), login).await;
            subscribe(&wallet).await;
            wallets.push(Arc::new(wallet));
        }
        lead_to(&database, &hook).await;

        let ledger = Arc::new(Ledger::default());
        let stop = watch::Sender::new(false);
        let mut workers = JoinSet::new();
        for (at, wallet) in wallets.iter().enumerate() {
            let proves = at + 1 == wallets.len();
            for number in 0..if proves { 1 } else { WORKERS } {
                let worker = Worker {
                    wallet: Arc::clone(wallet),
                    ledger: Arc::clone(&ledger),
                    random: Random::new(seed ^ (at as u64) << 32 ^ number),
                    name: format!("{}-{number}", wallet.login),
                    stop: stop.subscribe(),
                };
                if proves {
                    workers.spawn(worker.prove());
                } else {
                    workers.spawn(worker.withdraw());
                }
            }
        }

        for _ in 0..variable("X428_KILL_ROUNDS").unwrap_or(self.rounds) {
            // The moment of the blow, which nothing is ready for: some time after the work has
            // begun again.
            line.work(25).await;
            tokio::time::sleep(Duration::from_millis(random.below(1200))).await;
            if let Some(Err(error)) = workers.try_join_next() {
                panic!("a worker failed: {error}");
            }
            match self.harm {
                Harm::Kill => {
                    let at = random.below(self.instances as u64);
                    let at = usize::try_from(at).unwrap();
                    fleet.kill(at);
                    if self.instances > 1 {
                        // The others go on without it.
                        let alone = Duration::from_millis(random.below(500));
                        tokio::time::sleep(alone).await;
                    }
                    // What the dead have drawn for this minute is not given out any more.
                    let drawn = "DELETE FROM counter WHERE id LIKE 'rate %'";
                    database.execute(drawn).await;
                    fleet.revive(at);
                }
                Harm::CutOff => database.cut_off().await,
            }
        }
        stop.send_replace(true);
        while let Some(worker) = workers.join_next().await {
            worker.unwrap();
        }
        rest(&database).await;

        let books = Books::open(&database).await;
        books.keys(&database, &ledger).await;
        books.paths(&ledger);
        books.balances(&database, &balances()).await;
        books.spending(&database).await;
        books.proofs(&database, &ledger).await;
        books.events(&receiver);
        for wallet in &wallets {
            // The grant has outlived the blows too.
            wallet.refresh(&wallet.authorization().await).await;
            books.answers(wallet, &ledger).await;
        }
        drop(fleet);
        let store = process::open(&database.at).await;
        let exchange = Exchange::new(store.clone(), process::settings(PACE)).await;
        assert!(exchange.unwrap().records_are_whole().await.unwrap());
        store.close().await;
        let lost = line.lost.load(Ordering::Relaxed);
        say(&format!(
            "{} withdrawals, {} approved, {lost} answers lost, {} events told again",
            books.count(),
            ledger.proofs().len(),
            receiver.repeated(),
        ));
        assert!(lost > 0, "nothing was under way when the blows fell");
        drop(told);
    }
}

/// Puts the receiver where the subscriptions lead: the text asks for https.
async fn lead_to(database: &Database, hook: &str) {
    database
        .execute_with(
            "UPDATE webhook SET data = replace(data, 'https://wallet.example/hook', $1)",
            hook,
        )
        .await;
}

/// Waits until nothing is to be done any more. An event that a killed instance was carrying is
/// carried again when its lease has ended, which is now. So is one that is under way: each time
/// they have twice as long, however slow the machine is.
async fn rest(database: &Database) {
    let begun = Instant::now();
    let (mut hurried, mut pause) = (begun, Duration::ZERO);
    loop {
        if hurried.elapsed() >= pause {
            let hurry = "UPDATE delivery SET due_at = 0 WHERE due_at > 0";
            database.execute(hurry).await;
            (hurried, pause) = (Instant::now(), pause * 2 + Duration::from_millis(500));
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
        let open = "SELECT CAST((SELECT count(*) FROM delivery) AS TEXT), CAST((SELECT count(*)
            FROM withdrawal WHERE due_at < 9223372036854775807) AS TEXT)";
        let open: Vec<[String; 2]> = database.rows(open).await;
        if open[0] == ["0", "0"] {
            return;
        }
        assert!(
            begun.elapsed() < PATIENCE,
            "events and withdrawals: {open:?}"
        );
    }
}
