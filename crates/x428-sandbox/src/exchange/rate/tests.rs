use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

use axum::http::HeaderMap;
use futures_util::FutureExt as _;

use super::origin::{Origin, Origins};
use super::*;

const MINUTE: i64 = 60_000_000;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(MINUTE + second).unwrap()
}

async fn store() -> (Store, tempfile::TempDir) {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::sqlite(directory.path().join("rates.db")).await;
    (store.unwrap(), directory)
}

async fn count(rates: &Rates, store: &Store, who: &str, limit: u32, now: Timestamp) -> Option<u32> {
    match rates.count(store, (Policy::Owner, who), limit, now).await {
        Ok(left) => Some(left.requests),
        Err(Over::TooMany(left)) => {
            assert_eq!(left.requests, 0);
            assert_eq!(i64::from(left.seconds), 60 - now.as_second().rem_euclid(60));
            None
        }
        Err(Over::Fault(fault)) => panic!("{fault}"),
    }
}

// r[verify withdrawal.rate.scope]
#[tokio::test]
async fn a_minute_has_so_many_requests() {
    let (store, _directory) = store().await;
    let rates = Rates::default();
    for left in (0..7).rev() {
        assert_eq!(count(&rates, &store, "a", 7, at(0)).await, Some(left));
    }
    assert_eq!(count(&rates, &store, "a", 7, at(30)).await, None);
    assert_eq!(count(&rates, &store, "b", 7, at(30)).await, Some(6));
    assert_eq!(count(&rates, &store, "a", 7, at(60)).await, Some(6));
    // A request that has waited is one of the new minute.
    assert_eq!(count(&rates, &store, "a", 7, at(59)).await, Some(5));
    // A clock that was put back by an hour does not stop everything until then.
    assert_eq!(count(&rates, &store, "a", 7, at(-3600)).await, Some(6));
    store.close().await;
    let late = rates.count(&store, (Policy::Owner, "c"), 7, at(0)).await;
    assert!(
        matches!(late, Err(Over::Fault(_))),
        "an outage is no answer"
    );
}

/// Who hangs up while a portion is drawn takes a single request out of it.
// r[verify withdrawal.rate.scope]
#[tokio::test]
async fn what_a_dropped_request_has_drawn_is_kept() {
    const LIMIT: u32 = 40;
    let (store, _directory) = store().await;
    let rates = Rates::default();
    assert_eq!(count(&rates, &store, "a", LIMIT, at(0)).await, Some(39));
    let dropped = rates.count(&store, (Policy::Owner, "a"), LIMIT, at(0));
    assert!(
        dropped.now_or_never().is_none(),
        "it waits for the database"
    );
    for left in (0..LIMIT - 2).rev() {
        assert_eq!(count(&rates, &store, "a", LIMIT, at(0)).await, Some(left));
    }
    assert_eq!(count(&rates, &store, "a", LIMIT, at(0)).await, None);
}

// r[verify withdrawal.rate.scope]
#[tokio::test]
async fn instances_have_one_limit() {
    let (store, directory) = store().await;
    let other = Store::sqlite(directory.path().join("rates.db"))
        .await
        .unwrap();
    let (one, two) = (Rates::default(), Rates::default());
    let mut answered = 0;
    for _ in 0..120 {
        for (rates, store) in [(&one, &store), (&two, &other)] {
            answered += u32::from(count(rates, store, "a", 120, at(0)).await.is_some());
        }
    }
    assert_eq!(answered, 120);
    // One that stops has kept a part for itself, and a small one.
    for _ in 0..10 {
        assert!(count(&one, &store, "b", 120, at(0)).await.is_some());
    }
    let mut answered = 10;
    while count(&two, &other, "b", 120, at(0)).await.is_some() {
        answered += 1;
    }
    assert!((90..=120).contains(&answered), "{answered}");
}

// r[verify withdrawal.rate.scope]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn requests_at_once_are_counted_each() {
    let (store, _directory) = store().await;
    let rates = Arc::new(Rates::default());
    let tasks: Vec<_> = (0..100)
        .map(|_| {
            let (rates, store) = (Arc::clone(&rates), store.clone());
            tokio::spawn(async move { count(&rates, &store, "a", 40, at(0)).await })
        })
        .collect();
    let mut left = Vec::new();
    for task in tasks {
        left.extend(task.await.unwrap());
    }
    left.sort_unstable();
    assert_eq!(left, (0..40).collect::<Vec<_>>());
}

#[tokio::test]
async fn what_is_not_remembered_is_counted_too() {
    let (store, _directory) = store().await;
    let rates = Rates::default();
    for shard in &rates.shards {
        let mut windows = shard.lock().await;
        for number in 0..WINDOWS_MAX {
            windows.insert(format!("{number}"), Window::new(MINUTE / 60, 1));
        }
    }
    for left in [2, 1, 0] {
        assert_eq!(count(&rates, &store, "a", 3, at(0)).await, Some(left));
    }
    assert_eq!(count(&rates, &store, "a", 3, at(0)).await, None);
    for shard in &rates.shards {
        assert_eq!(shard.lock().await.len(), WINDOWS_MAX);
    }
    // With the minute, everything is forgotten.
    assert_eq!(count(&rates, &store, "a", 3, at(60)).await, Some(2));
}

fn origin(peer: &str, forwarded: &[&str], trusted: &[&str]) -> String {
    let mut headers = HeaderMap::new();
    for line in forwarded {
        headers.append("x-forwarded-for", line.parse().unwrap());
    }
    let trusted: Vec<IpAddr> = trusted.iter().map(|text| text.parse().unwrap()).collect();
    Origin::of(Some(Peer(peer.parse().unwrap())), &headers, &trusted).to_string()
}

// r[verify withdrawal.rate.scope]
#[test]
fn only_proxies_that_are_trusted_say_where_a_request_comes_from() {
    let proxies = ["10.0.0.1", "10.0.0.2"];
    for (peer, forwarded, trusted, expected) in [
        ("192.0.2.7", vec![], vec![], "192.0.2.7"),
        ("192.0.2.7", vec!["198.51.100.1"], vec![], "192.0.2.7"),
        (
            "192.0.2.7",
            vec!["198.51.100.1"],
            proxies.to_vec(),
            "192.0.2.7",
        ),
        ("10.0.0.1", vec!["198.51.100.1"], vec![], "10.0.0.1"),
        (
            "10.0.0.1",
            vec!["198.51.100.1"],
            proxies.to_vec(),
            "198.51.100.1",
        ),
        (
            "10.0.0.1",
            vec!["203.0.113.9, 198.51.100.1"],
            proxies.to_vec(),
            "198.51.100.1",
        ),
        (
            "10.0.0.1",
            vec!["203.0.113.9,198.51.100.1 ,10.0.0.2"],
            proxies.to_vec(),
            "198.51.100.1",
        ),
        (
            "10.0.0.1",
            vec!["203.0.113.9", "198.51.100.1"],
            proxies.to_vec(),
            "198.51.100.1",
        ),
        (
            "10.0.0.1",
            vec!["198.51.100.1:4711"],
            proxies.to_vec(),
            "198.51.100.1",
        ),
        (
            "10.0.0.1",
            vec!["198.51.100.1, unknown"],
            proxies.to_vec(),
            "10.0.0.1",
        ),
        (
            "10.0.0.1",
            vec!["198.51.100.1, unknown, 10.0.0.2"],
            proxies.to_vec(),
            "10.0.0.2",
        ),
        ("10.0.0.1", vec![""], proxies.to_vec(), "10.0.0.1"),
        ("10.0.0.1", vec![], proxies.to_vec(), "10.0.0.1"),
        (
            "::ffff:10.0.0.1",
            vec!["[2001:db8:1:2:3::4]:443"],
            proxies.to_vec(),
            "2001:db8:1:2::",
        ),
        ("2001:db8:1:2:3::4", vec![], vec![], "2001:db8:1:2::"),
        ("::ffff:192.0.2.7", vec![], vec![], "192.0.2.7"),
    ] {
        assert_eq!(
            origin(peer, &forwarded, &trusted),
            expected,
            "{peer} {forwarded:?}"
        );
    }
}

// r[verify withdrawal.rate.scope]
#[test]
fn a_flood_is_stopped_where_it_comes_from() {
    let origins = Origins::default();
    let of = |text: &str| {
        let peer = Peer(text.parse().unwrap());
        Origin::of(Some(peer), &HeaderMap::new(), &[])
    };
    let honest = of("192.0.2.7");
    let flood = of("2001:db8::1");
    for left in (0..50).rev() {
        assert_eq!(origins.charge(flood, 50, at(0)).unwrap().requests, left);
    }
    assert!(origins.charge(of("2001:db8::2"), 50, at(0)).is_err());
    assert_eq!(origins.charge(honest, 50, at(0)).unwrap().requests, 49);
    origins.give_back(flood, at(0));
    assert!(origins.charge(flood, 50, at(0)).is_ok());
    origins.give_back(flood, at(-60));
    assert!(origins.charge(flood, 50, at(0)).is_err());
    assert!(origins.charge(flood, 50, at(60)).is_ok());

    // A thousand of them at once, and nobody else is taken for one.
    let mut counts: BTreeMap<bool, u32> = BTreeMap::new();
    for network in 0..1000 {
        let flood = of(&format!("2001:db8:1:{network:x}::"));
        for _ in 0..60 {
            let _ = origins.charge(flood, 50, at(120));
        }
    }
    for last in 0..200 {
        let charged = origins.charge(of(&format!("192.0.2.{last}")), 50, at(120));
        *counts.entry(charged.is_ok()).or_default() += 1;
    }
    assert!(
        counts.get(&false).is_none_or(|refused| *refused <= 2),
        "{counts:?}"
    );
}
