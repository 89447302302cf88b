use std::path::Path;

use sqlx::SqlitePool;
use x428::attestation::revocation::RevocationStore as _;
use x428::attestation::{nonce, revocation};
use x428::clock::FixedClock;
use x428::store::sqlite::SqliteStore;

use crate::services;
use crate::suite::{self, Hand, NOW, patient, seconds, token};

async fn open(path: &Path) -> SqliteStore {
    SqliteStore::open(path, &patient()).await.unwrap()
}

async fn rows(path: &Path, table: &'static str) -> i64 {
    let pool = SqlitePool::connect(path.to_str().unwrap()).await.unwrap();
    let count = match table {
        "nonce" => "SELECT count(*) FROM x428_nonce",
        _ => "SELECT count(*) FROM x428_token",
    };
    sqlx::query_scalar(count).fetch_one(&pool).await.unwrap()
}

// r[verify attestation.verify.consume]
#[tokio::test]
async fn nonces_keep_the_contract() {
    let (_directory, path) = services::file();
    let store = open(&path).await.with_clock(FixedClock(NOW));
    nonce::contract::check(&store, NOW).await.unwrap();
}

// r[verify attestation.verify.retention]
// r[verify attestation.security.clock]
#[tokio::test]
async fn nonces_end_and_the_table_stays_small() {
    let (_directory, path) = services::file();
    let clock = Hand::at(NOW);
    let store = open(&path).await.with_clock(clock.clone());
    nonce::contract::check_expiry(&store, NOW, |now| clock.set(now))
        .await
        .unwrap();
    // 301 have ended, 401 have not.
    let left = rows(&path, "nonce").await;
    assert!((401..=450).contains(&left), "{left} nonces are left");
}

// r[verify attestation.receipt.revoke]
// r[verify attestation.receipt.revoke-operator]
#[tokio::test]
async fn revocations_keep_the_contract() {
    let (_directory, path) = services::file();
    let store = open(&path).await.with_clock(FixedClock(NOW));
    revocation::contract::check(&store, NOW).await.unwrap();
}

#[tokio::test]
async fn tokens_end_and_the_table_stays_small() {
    let (_directory, path) = services::file();
    let clock = Hand::at(NOW);
    let store = open(&path).await.with_clock(clock.clone());
    for number in 0..200 {
        store.remember(&token(number, seconds(60))).await.unwrap();
    }
    store
        .revoke(&token(1, seconds(60)).digest, seconds(60))
        .await
        .unwrap();
    clock.set(seconds(60));
    assert!(
        store
            .is_revoked(&token(1, seconds(60)).digest)
            .await
            .unwrap()
    );
    clock.set(seconds(3600));
    for number in 200..400 {
        store.remember(&token(number, seconds(7200))).await.unwrap();
    }
    assert_eq!(rows(&path, "token").await, 200);
}

// r[verify attestation.verify.consume]
#[tokio::test(flavor = "multi_thread")]
async fn one_of_many_instances_is_first() {
    let (_directory, path) = services::file();
    let mut instances = Vec::new();
    for _ in 0..3 {
        instances.push(open(&path).await);
    }
    suite::race(instances).await;
}

// r[verify attestation.security.durable-nonces]
#[tokio::test]
async fn instances_share_and_outlive_each_other() {
    let (_directory, path) = services::file();
    let (one, other) = (open(&path).await, open(&path).await);
    suite::shared(&one, &other).await;
    one.close().await;
    other.close().await;
    let next = open(&path).await;
    assert!(
        nonce::NonceStore::is_consumed(&next, "shared")
            .await
            .unwrap()
    );
    assert!(next.is_revoked(&token(7, NOW).digest).await.unwrap());
}

/// The log holds what operators have attested.
#[cfg(unix)]
#[tokio::test]
async fn only_the_owner_reads_the_files() {
    use std::os::unix::fs::PermissionsExt as _;
    let (directory, path) = services::file();
    let store = open(&path).await;
    nonce::NonceStore::consume(&store, "nonce", suite::soon())
        .await
        .unwrap();
    let mut files = 0;
    for file in directory.path().read_dir().unwrap() {
        let file = file.unwrap();
        let mode = file.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{}", file.path().display());
        files += 1;
    }
    assert_eq!(files, 3, "the database, its log and its index");
}
