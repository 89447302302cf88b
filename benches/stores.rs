//! How many nonces a store consumes, one after the other and by sixteen callers at once.
//!
//! `tests/services cargo bench -p x428 --features sqlite,postgres,redis --bench stores`; without
//! services only SQLite is measured. A consumed nonce is on the disk in all three.

#![expect(
    clippy::expect_used,
    reason = "a benchmark of nothing is worth nothing"
)]

use std::env;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use divan::Bencher;
use divan::counter::ItemsCount;
use jiff::{SignedDuration, Timestamp};
use tokio::runtime::Runtime;
use tokio::task::JoinSet;
use x428::attestation::nonce::{Consumed, NonceStore};
use x428::store::{Settings, postgres::PostgresStore, redis::RedisStore, sqlite::SqliteStore};

const CALLERS: [usize; 2] = [1, 16];

fn main() {
    divan::main();
}

fn measure<S: NonceStore + Send + Sync + 'static>(
    bencher: Bencher<'_, '_>,
    runtime: &Runtime,
    store: S,
    callers: usize,
) {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let store = Arc::new(store);
    let retain_until = Timestamp::now() + SignedDuration::from_mins(6);
    let begun = Timestamp::now();
    bencher.counter(ItemsCount::new(callers)).bench_local(|| {
        runtime.block_on(async {
            let mut tasks = JoinSet::new();
            for _ in 0..callers {
                let store = Arc::clone(&store);
                let nonce = format!("{begun} {}", NEXT.fetch_add(1, Ordering::Relaxed));
                tasks.spawn(async move { store.consume(&nonce, retain_until).await });
            }
            while let Some(consumed) = tasks.join_next().await {
                let consumed = consumed.expect("no panic").expect("an answer");
                assert_eq!(consumed, Consumed::First);
            }
        });
    });
}

#[divan::bench(args = CALLERS)]
fn sqlite(bencher: Bencher<'_, '_>, callers: usize) {
    let runtime = Runtime::new().expect("a runtime");
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("x428.db");
    let store = runtime.block_on(SqliteStore::open(path, &Settings::default()));
    measure(bencher, &runtime, store.expect("a store"), callers);
}

#[divan::bench(args = CALLERS)]
fn postgres(bencher: Bencher<'_, '_>, callers: usize) {
    let Ok(url) = env::var("X428_TEST_POSTGRES") else {
        return;
    };
    let runtime = Runtime::new().expect("a runtime");
    let store = runtime.block_on(PostgresStore::connect(&url, &Settings::default()));
    measure(bencher, &runtime, store.expect("a store"), callers);
}

#[divan::bench(args = CALLERS)]
fn redis(bencher: Bencher<'_, '_>, callers: usize) {
    let Ok(url) = env::var("X428_TEST_REDIS") else {
        return;
    };
    let runtime = Runtime::new().expect("a runtime");
    let store = runtime.block_on(RedisStore::connect(&url, "bench:", &Settings::default()));
    measure(bencher, &runtime, store.expect("a store"), callers);
}
