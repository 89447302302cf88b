use sqlx::PgPool;
use x428::attestation::revocation::RevocationStore as _;
use x428::attestation::{nonce, revocation};
use x428::clock::FixedClock;
use x428::store::postgres::PostgresStore;

use crate::services;
use crate::suite::{self, Hand, NOW, patient, seconds, token};

async fn connect(url: &str) -> PostgresStore {
    PostgresStore::connect(url, &patient()).await.unwrap()
}

async fn scalar(url: &str, query: &'static str) -> i64 {
    let pool = PgPool::connect(url).await.unwrap();
    sqlx::query_scalar(query).fetch_one(&pool).await.unwrap()
}

// r[verify attestation.verify.consume]
#[tokio::test]
async fn nonces_keep_the_contract() {
    let Some(url) = services::postgres().await else {
        return;
    };
    let store = connect(&url).await.with_clock(FixedClock(NOW));
    nonce::contract::check(&store, NOW).await.unwrap();
}

// r[verify attestation.verify.retention]
// r[verify attestation.security.clock]
#[tokio::test]
async fn nonces_end_and_the_table_stays_small() {
    let Some(url) = services::postgres().await else {
        return;
    };
    let clock = Hand::at(NOW);
    let store = connect(&url).await.with_clock(clock.clone());
    nonce::contract::check_expiry(&store, NOW, |now| clock.set(now))
        .await
        .unwrap();
    let left = scalar(&url, "SELECT count(*) FROM x428_nonce").await;
    assert!((401..=450).contains(&left), "{left} nonces are left");
}

// r[verify attestation.receipt.revoke]
// r[verify attestation.receipt.revoke-operator]
#[tokio::test]
async fn revocations_keep_the_contract() {
    let Some(url) = services::postgres().await else {
        return;
    };
    let store = connect(&url).await.with_clock(FixedClock(NOW));
    revocation::contract::check(&store, NOW).await.unwrap();
}

#[tokio::test]
async fn tokens_end_and_the_table_stays_small() {
    let Some(url) = services::postgres().await else {
        return;
    };
    let clock = Hand::at(NOW);
    let store = connect(&url).await.with_clock(clock.clone());
    for number in 0..200 {
        store.remember(&token(number, seconds(60))).await.unwrap();
    }
    clock.set(seconds(3600));
    for number in 200..400 {
        store.remember(&token(number, seconds(7200))).await.unwrap();
    }
    assert_eq!(scalar(&url, "SELECT count(*) FROM x428_token").await, 200);
}

// r[verify attestation.verify.consume]
#[tokio::test(flavor = "multi_thread")]
async fn one_of_many_instances_is_first() {
    let Some(url) = services::postgres().await else {
        return;
    };
    // With this default, who comes second is told of a failed transaction.
    let pool = PgPool::connect(&url).await.unwrap();
    let default = "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET default_transaction_isolation
        = ''serializable''', current_database()); END $$";
    sqlx::raw_sql(default).execute(&pool).await.unwrap();
    let mut instances = Vec::new();
    for _ in 0..3 {
        instances.push(connect(&url).await);
    }
    suite::race(instances).await;
}

// r[verify attestation.security.durable-nonces]
#[tokio::test]
async fn instances_share_and_outlive_each_other() {
    let Some(url) = services::postgres().await else {
        return;
    };
    let (one, other) = (connect(&url).await, connect(&url).await);
    suite::shared(&one, &other).await;
    one.close().await;
    other.close().await;
    let next = connect(&url).await;
    assert!(
        nonce::NonceStore::is_consumed(&next, "shared")
            .await
            .unwrap()
    );
    assert!(next.is_revoked(&token(7, NOW).digest).await.unwrap());
}

/// A database that acknowledges what it has not written yet would forget it with its power.
#[tokio::test]
async fn commits_are_written_before_they_are_acknowledged() {
    let Some(url) = services::postgres().await else {
        return;
    };
    let pool = PgPool::connect(&url).await.unwrap();
    let off = "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET synchronous_commit = off',
        current_database()); END $$";
    sqlx::raw_sql(off).execute(&pool).await.unwrap();
    // A trigger tells what holds for the connection of the store.
    let store = connect(&url).await;
    let note = "CREATE TABLE note (setting TEXT);
        CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            INSERT INTO note VALUES (current_setting('synchronous_commit')); RETURN NEW; END $$;
        CREATE TRIGGER note BEFORE INSERT ON x428_nonce FOR EACH ROW EXECUTE FUNCTION note()";
    sqlx::raw_sql(note).execute(&pool).await.unwrap();
    nonce::NonceStore::consume(&store, "nonce", suite::soon())
        .await
        .unwrap();
    let setting: String = sqlx::query_scalar("SELECT setting FROM note")
        .fetch_one(&pool)
        .await
        .unwrap();
    assert_eq!(setting, "on");
}

/// With the roots of the system this server proves nothing; with its own certificate it does.
#[tokio::test]
async fn a_server_proves_its_name_over_tls() {
    let Some(url) = services::postgres().await else {
        return;
    };
    let roots = services::variable("X428_TEST_ROOTS").unwrap();
    let settings = patient();
    let strangers = format!("{url}?sslmode=verify-full");
    let error = PostgresStore::connect(&strangers, &settings)
        .await
        .unwrap_err();
    assert!(
        matches!(error, x428::error::Error::Unavailable(_)),
        "{error:?}"
    );
    let known = format!("{url}?sslmode=verify-full&sslrootcert={roots}");
    let store = PostgresStore::connect(&known, &settings).await.unwrap();
    nonce::contract::check(&store, jiff::Timestamp::now())
        .await
        .unwrap();
}
