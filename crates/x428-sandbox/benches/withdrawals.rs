//! Durable withdrawals in a second, and how long the slowest of a hundred takes, beside what the
//! same database can make durable at all, in one run:
//!
//! ```text
//! tests/services cargo bench -p x428-sandbox --features exchange --bench withdrawals
//! ```
//!
//! Instances are processes of their own, asked over HTTP/1.1 on loopback connections that are kept
//! open, each by an owner of its own who withdraws what needs no second factor. The limit is a loop
//! that adds a single row and commits, with the same driver, settings and number of callers. Both
//! run in alternating rounds, on cores that they share with the database and the callers; medians
//! are printed. Without services only SQLite is measured.
//!
//! On two cores and an otherwise idle machine, in November 2026:
//!
//! | database | instances | callers | withdrawals | p50 | p99 | of the limit |
//! |---|---|---|---|---|---|---|
//! | SQLite | 1 | 1 | 660/s | 1.4 ms | 3.3 ms | 0.17 |
//! | SQLite | 1 | 8 | 849/s | 10.1 ms | 14.9 ms | 0.21 |
//! | SQLite | 1 | 32 | 711/s | 44.1 ms | 90.8 ms | 0.19 |
//! | PostgreSQL | 1 | 1 | 549/s | 1.7 ms | 2.8 ms | 0.17 |
//! | PostgreSQL | 1 | 8 | 1122/s | 6.8 ms | 13.3 ms | 0.13 |
//! | PostgreSQL | 1 | 32 | 1130/s | 27.5 ms | 41.8 ms | 0.11 |
//! | PostgreSQL | 2 | 1 | 544/s | 1.7 ms | 2.6 ms | 0.16 |
//! | PostgreSQL | 2 | 8 | 1008/s | 7.4 ms | 15.4 ms | 0.11 |
//! | PostgreSQL | 2 | 32 | 1015/s | 26.9 ms | 74.5 ms | 0.10 |
//!
//! Two instances do not help where both have the cores of one; they do not hinder either.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a benchmark of nothing is worth nothing"
)]
#![expect(clippy::print_stdout, reason = "a benchmark prints what it measures")]
#![expect(
    clippy::cast_precision_loss,
    reason = "counts of a benchmark are far below 2^52"
)]

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use serde_json::json;
use tokio::task::JoinSet;
use x428::withdrawal::decimal::Decimal;

use database::{Database, Table};
use line::Line;
use process::Fleet;
use wallet::Wallet;

#[path = "../tests/kill/database.rs"]
#[expect(dead_code, reason = "the tests look into it as well")]
mod database;
#[path = "../tests/kill/line.rs"]
#[expect(dead_code, reason = "in the tests it breaks")]
mod line;
#[path = "../tests/kill/process.rs"]
#[expect(dead_code, reason = "in the tests they are killed")]
mod process;
#[path = "../tests/kill/seeded.rs"]
mod seeded;
#[path = "../tests/kill/wallet.rs"]
#[expect(dead_code, reason = "in the tests it does more")]
mod wallet;

const CALLERS: [usize; 3] = [1, 8, 32];
const ROUNDS: usize = 3;
/// How long a round takes, in seconds, unless `X428_BENCH_SECONDS` says so.
const SECONDS: u64 = 4;
/// Nothing is settled meanwhile.
const PACE: Duration = Duration::from_hours(24);
static NEXT: AtomicU64 = AtomicU64::new(0);
/// How often something was done in a round, and how long each took.
struct Round {
    per_second: f64,
    took: Vec<Duration>,
}

impl Round {
    fn percentile(&self, percent: usize) -> f64 {
        let at = (self.took.len() * percent / 100).min(self.took.len().saturating_sub(1));
        self.took
            .get(at)
            .map_or(f64::NAN, |took| took.as_secs_f64() * 1e3)
    }
}

/// Does something again and again, by so many callers at once.
async fn round<F, D>(callers: usize, length: Duration, work: F) -> Round
where
    F: Fn(usize) -> D,
    D: Future<Output = ()> + Send + 'static,
{
    let begun = Instant::now();
    let mut tasks: JoinSet<(usize, Duration)> = JoinSet::new();
    let mut took = Vec::new();
    let spawn = |tasks: &mut JoinSet<_>, caller| {
        let once = work(caller);
        tasks.spawn(async move {
            let begun = Instant::now();
            once.await;
            (caller, begun.elapsed())
        });
    };
    for caller in 0..callers {
        spawn(&mut tasks, caller);
    }
    while let Some(done) = tasks.join_next().await {
        let (caller, time) = done.unwrap();
        took.push(time);
        if begun.elapsed() < length {
            spawn(&mut tasks, caller);
        }
    }
    let per_second = took.len() as f64 / begun.elapsed().as_secs_f64();
    took.sort();
    Round { per_second, took }
}

async fn withdraw(wallet: Arc<Wallet>) {
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let key = format!("key-of-the-benchmark-{number:08}");
    let body = json!({
        "asset": "ETH", "network": "base", "amount": "0.0012",
        "address": "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
    });
    let reply = wallet.ask(&Wallet::submission(&key, &body)).await;
    assert!(reply.status == 201 && !reply.replayed, "{reply:?}");
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

async fn measure(name: &str, instances: usize, database: Database, bare: Database) {
    let length = std::env::var("X428_BENCH_SECONDS").map_or(SECONDS, |text| text.parse().unwrap());
    let length = Duration::from_secs(length);
    let most = CALLERS[CALLERS.len() - 1];
    let owners: Vec<String> = (0..most).map(|number| format!("owner{number}")).collect();
    let logins: Vec<&str> = owners.iter().map(String::as_str).collect();
    let balances = [("ETH".to_owned(), Decimal::from(1_000_000))];
    seeded::fill(&database.at, &logins, &balances).await;
    let fleet = Fleet::start(&database.at, PACE, instances);
    let line = Arc::new(Line::new(fleet.addresses(), false));
    let mut wallets = Vec::new();
    for login in logins {
        wallets.push(Arc::new(Wallet::of(Arc::clone(&line), login).await));
    }
    let table = Arc::new(Table::make(&bare).await);
    for callers in CALLERS {
        let mut limits = Vec::new();
        let mut rounds = Vec::new();
        for _ in 0..ROUNDS {
            let limit = round(callers, length / 2, |_| {
                let table = Arc::clone(&table);
                async move { table.add().await }
            });
            limits.push(limit.await.per_second);
            let withdrawals = round(callers, length, |caller| {
                withdraw(Arc::clone(&wallets[caller]))
            });
            rounds.push(withdrawals.await);
        }
        let of = |what: fn(&Round) -> f64| median(rounds.iter().map(what).collect());
        let (limit, rate) = (median(limits), of(|round| round.per_second));
        println!(
            "{name:<10} {instances:>9} {callers:>7} {rate:>8.0}/s {:>8.1} ms {:>8.1} ms \
             {limit:>8.0}/s {:>6.2}",
            of(|round| round.percentile(50)),
            of(|round| round.percentile(99)),
            rate / limit,
        );
    }
}

fn main() {
    if process::is_instance() {
        return process::serve();
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build();
    runtime.unwrap().block_on(async {
        println!("database   instances callers withdrawals      p50         p99      limit  ratio");
        measure("SQLite", 1, Database::sqlite(), Database::sqlite()).await;
        for instances in [1, 2] {
            let Some(database) = Database::postgres().await else {
                break;
            };
            let bare = Database::postgres().await.unwrap();
            measure("PostgreSQL", instances, database, bare).await;
        }
    });
}
