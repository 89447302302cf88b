use redis::{AsyncConnectionConfig, Client};
use x428::attestation::nonce::NonceStore as _;
use x428::attestation::revocation::RevocationStore as _;
use x428::attestation::{nonce, revocation};
use x428::clock::FixedClock;
use x428::store::redis::RedisStore;

use crate::services;
use crate::suite::{self, Hand, NOW, patient, seconds, token};

async fn connect(url: &str, prefix: &str) -> RedisStore {
    RedisStore::connect(url, prefix, &patient()).await.unwrap()
}

async fn ask<T: redis::FromRedisValue>(url: &str, command: &[&str]) -> T {
    let client = Client::open(url).unwrap();
    // Those of the crate are half a second for an answer, and one for a connection.
    let patience = Some(patient().timeout());
    let config = AsyncConnectionConfig::new()
        .set_connection_timeout(patience)
        .set_response_timeout(patience);
    let connection = client.get_multiplexed_async_connection_with_config(&config);
    let mut connection = connection.await.unwrap();
    let mut cmd = redis::cmd(command[0]);
    cmd.arg(&command[1..]);
    cmd.query_async(&mut connection).await.unwrap()
}

async fn keys(url: &str, prefix: &str) -> Vec<String> {
    ask(url, &["KEYS", &format!("{prefix}*")]).await
}

// r[verify attestation.verify.consume]
#[tokio::test]
async fn nonces_keep_the_contract() {
    let Some((url, prefix)) = services::redis() else {
        return;
    };
    let store = connect(&url, &prefix).await.with_clock(FixedClock(NOW));
    nonce::contract::check(&store, NOW).await.unwrap();
}

// r[verify attestation.security.clock]
#[tokio::test]
async fn nonces_are_kept_whatever_the_clocks_say() {
    let Some((url, prefix)) = services::redis() else {
        return;
    };
    let clock = Hand::at(NOW);
    let store = connect(&url, &prefix).await.with_clock(clock.clone());
    nonce::contract::check_expiry(&store, NOW, |now| clock.set(now))
        .await
        .unwrap();
}

// r[verify attestation.verify.retention]
#[tokio::test]
async fn a_nonce_is_kept_until_its_time_and_a_minute_and_no_longer() {
    let Some((url, prefix)) = services::redis() else {
        return;
    };
    let store = connect(&url, &prefix).await.with_clock(FixedClock(NOW));
    store.consume("nonce", seconds(360)).await.unwrap();
    let [key] = &keys(&url, &prefix).await[..] else {
        panic!("one nonce is one key")
    };
    let left: i64 = ask(&url, &["PTTL", key]).await;
    assert!((360_000..=420_000).contains(&left), "{left} ms");
    // One that should have ended long ago is not taken twice either.
    store.consume("late", seconds(-86_400)).await.unwrap();
    assert_eq!(
        store.consume("late", seconds(-86_400)).await.unwrap(),
        nonce::Consumed::Replayed
    );
}

// r[verify attestation.receipt.revoke]
// r[verify attestation.receipt.revoke-operator]
#[tokio::test]
async fn revocations_keep_the_contract() {
    let Some((url, prefix)) = services::redis() else {
        return;
    };
    let store = connect(&url, &prefix).await.with_clock(FixedClock(NOW));
    revocation::contract::check(&store, NOW).await.unwrap();
}

#[tokio::test]
async fn everything_ends_by_itself() {
    let Some((url, prefix)) = services::redis() else {
        return;
    };
    let store = connect(&url, &prefix).await.with_clock(FixedClock(NOW));
    for number in 0..50 {
        store.remember(&token(number, seconds(3600))).await.unwrap();
    }
    // One that ends sooner takes nothing from the others.
    store.remember(&token(50, seconds(60))).await.unwrap();
    let operator = token(0, NOW).operator;
    assert_eq!(store.revoke_operator(&operator).await.unwrap(), 51);
    let keys = keys(&url, &prefix).await;
    assert_eq!(keys.len(), 52);
    for key in keys {
        let left: i64 = ask(&url, &["PTTL", &key]).await;
        assert!((60_000..=3_660_000).contains(&left), "{key}: {left} ms");
    }
    let last = format!("{prefix}revoked:{}", token(49, NOW).digest.as_str());
    let left: i64 = ask(&url, &["PTTL", &last]).await;
    assert!(
        left > 3_600_000,
        "a revocation ends before its token: {left} ms"
    );
}

// r[verify attestation.verify.consume]
#[tokio::test(flavor = "multi_thread")]
async fn one_of_many_instances_is_first() {
    let Some((url, prefix)) = services::redis() else {
        return;
    };
    let mut instances = Vec::new();
    for _ in 0..3 {
        instances.push(connect(&url, &prefix).await);
    }
    suite::race(instances).await;
}

#[tokio::test]
async fn instances_share_and_outlive_each_other() {
    let Some((url, prefix)) = services::redis() else {
        return;
    };
    let (one, other) = (connect(&url, &prefix).await, connect(&url, &prefix).await);
    suite::shared(&one, &other).await;
    drop((one, other));
    let next = connect(&url, &prefix).await;
    assert!(next.is_consumed("shared").await.unwrap());
    let stranger = connect(&url, &format!("other-{prefix}")).await;
    assert!(!stranger.is_consumed("shared").await.unwrap());
}

#[tokio::test]
async fn a_server_proves_its_name_over_tls() {
    let (Some(url), Some(roots)) = (
        services::variable("X428_TEST_REDIS_TLS"),
        services::variable("X428_TEST_ROOTS"),
    ) else {
        return;
    };
    let (_, prefix) = services::redis().unwrap();
    let settings = patient();
    let error = RedisStore::connect(&url, &prefix, &settings)
        .await
        .unwrap_err();
    assert!(
        matches!(error, x428::error::Error::Unavailable(_)),
        "{error:?}"
    );
    let roots = std::fs::read(roots).unwrap();
    let store = RedisStore::connect_with_roots(&url, &prefix, &roots, &settings)
        .await
        .unwrap();
    nonce::contract::check(&store, jiff::Timestamp::now())
        .await
        .unwrap();
    let plain = services::variable("X428_TEST_REDIS").unwrap();
    let error = RedisStore::connect_with_roots(&plain, &prefix, &roots, &settings)
        .await
        .unwrap_err();
    assert_eq!(error.to_string(), "only rediss:// has use for roots");
}
