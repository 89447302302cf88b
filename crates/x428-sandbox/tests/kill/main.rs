//! Instances of the exchange under load, killed at any moment and started again: no withdrawal is
//! there twice, none is lost that was answered, and the balances add up to the last unit.
//!
//! What a killed process has handed to the system is kept, so that this does not show what a loss
//! of power would do: it shows that a transaction has everything in it that belongs together, and
//! that nothing is answered before it.
//!
//! The moments depend on `X428_KILL_SEED`, which a failed run names; `X428_KILL_ROUNDS` makes it
//! longer.
#![expect(clippy::unwrap_used, reason = "a test fails by a panic")]
#![expect(clippy::expect_used, reason = "a test fails by a panic")]

mod books;
#[expect(dead_code, reason = "the benchmark measures it bare")]
mod database;
mod ledger;
mod line;
mod load;
mod process;
mod random;
mod receiver;
mod seeded;
mod storm;
mod wallet;

use database::Database;
use storm::{Harm, Storm};

#[expect(
    clippy::print_stderr,
    reason = "a test tells its seed, and that it is skipped"
)]
fn say(text: &str) {
    eprintln!("{text}");
}

/// The process that is killed.
#[test]
#[ignore = "an instance of the exchange, which the other tests start"]
fn serve() {
    if process::is_instance() {
        process::serve();
    }
}

// r[verify withdrawal.order.atomic]
// r[verify withdrawal.idempotency.replay]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_on_sqlite() {
    let storm = Storm {
        harm: Harm::Kill,
        instances: 1,
        rounds: 12,
    };
    storm.rage(Database::sqlite()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_on_postgres() {
    let storm = Storm {
        harm: Harm::Kill,
        instances: 1,
        rounds: 8,
    };
    if let Some(database) = Database::postgres().await {
        storm.rage(database).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_of_two_killed_on_postgres() {
    let storm = Storm {
        harm: Harm::Kill,
        instances: 2,
        rounds: 6,
    };
    if let Some(database) = Database::postgres().await {
        storm.rage(database).await;
    }
}

/// The connections to the database end instead of the process: what was not committed has never
/// been, and the client is told that the exchange failed.
// r[verify withdrawal.security.fail-closed]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cut_off_from_postgres() {
    let storm = Storm {
        harm: Harm::CutOff,
        instances: 1,
        rounds: 5,
    };
    if let Some(database) = Database::postgres().await {
        storm.rage(database).await;
    }
}
