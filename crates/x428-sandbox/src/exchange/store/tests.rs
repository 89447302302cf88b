//! The store itself: what a database has to promise.

use jiff::Timestamp;
use x428::withdrawal::decimal::Decimal;

use super::{Fault, Movement, Store, Writing, counted};
use crate::exchange::audit;

const NOW: Timestamp = Timestamp::UNIX_EPOCH;
const HOUR: std::time::Duration = std::time::Duration::from_hours(1);

async fn on_sqlite() -> (tempfile::TempDir, Store) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("exchange.db");
    let store = Store::sqlite(&path).await.unwrap();
    // Opened again, the tables are those of this version.
    drop(Store::sqlite(&path).await.unwrap());
    (directory, store)
}

fn amount(text: &str) -> Decimal {
    Decimal::parse(text).unwrap()
}

async fn prepare(writing: &mut Writing) -> Result<(), Fault> {
    let owner = "INSERT INTO owner (id, data, login) VALUES ($1, '{}', $1)";
    writing.execute(owner, vec!["ana".into()]).await?;
    let asset = "INSERT INTO asset (id, data) VALUES ($1, '{}')";
    writing.execute(asset, vec!["ETH".into()]).await?;
    writing.deposit("ana", "ETH", amount("2")).await
}

// r[verify withdrawal.state.release]
// r[verify withdrawal.state.debit]
#[tokio::test]
async fn a_reservation_ends_once() {
    let (_directory, store) = on_sqlite().await;
    let mut writing = store.write().await.unwrap();
    prepare(&mut writing).await.unwrap();
    let whose = ("ana", "ETH");
    let balance = writing.balance("ana", "ETH").await.unwrap();
    assert!(
        writing
            .reserve("wd", whose, balance, amount("1.5"), NOW)
            .await
            .unwrap()
    );
    let balance = writing.balance("ana", "ETH").await.unwrap();
    assert!(
        !writing
            .reserve("wd2", whose, balance, amount("0.6"), NOW)
            .await
            .unwrap()
    );
    writing.commit().await.unwrap();
    let mut writing = store.write().await.unwrap();
    writing.settle("wd", Movement::Release, NOW).await.unwrap();
    writing.commit().await.unwrap();
    for again in [Movement::Release, Movement::Debit] {
        let mut writing = store.write().await.unwrap();
        assert!(writing.settle("wd", again, NOW).await.is_err());
    }
    let mut reading = store.read().await.unwrap();
    let balance = reading.balance("ana", "ETH").await.unwrap();
    assert_eq!(
        (balance.available, balance.reserved),
        (amount("2"), Decimal::ZERO)
    );
}

/// A transaction may append more than a statement writes, to the records of several owners.
#[tokio::test]
async fn a_record_is_one_chain_over_statements_and_transactions() {
    let (_directory, store) = on_sqlite().await;
    let mut writing = store.write().await.unwrap();
    prepare(&mut writing).await.unwrap();
    let owner = "INSERT INTO owner (id, data, login) VALUES ($1, '{}', $1)";
    writing.execute(owner, vec!["ben".into()]).await.unwrap();
    writing.commit().await.unwrap();
    for _ in 0..2 {
        let mut writing = store.write().await.unwrap();
        for number in 0..70 {
            let owner = if number % 3 == 0 { "ben" } else { "ana" };
            let what = serde_json::json!({"event": number});
            audit::append(&mut writing, owner, NOW, what).await.unwrap();
        }
        writing.commit().await.unwrap();
    }
    let mut reading = store.read().await.unwrap();
    for (owner, entries) in [("ana", 92), ("ben", 48)] {
        assert!(audit::is_whole(&mut reading, owner).await.unwrap());
        let count = "SELECT COUNT(*) AS entries FROM record WHERE owner = $1";
        let rows = reading.rows(count, vec![owner.into()]).await.unwrap();
        assert_eq!(rows[0].int("entries").unwrap(), entries);
    }
}

#[tokio::test]
async fn what_is_not_committed_has_never_been() {
    let (_directory, store) = on_sqlite().await;
    let mut writing = store.write().await.unwrap();
    prepare(&mut writing).await.unwrap();
    drop(writing);
    let mut writing = store.write().await.unwrap();
    assert!(writing.turn_of("ana").await.is_err());
}

#[tokio::test]
async fn a_name_is_seen_once_and_a_counter_begins_anew() {
    let (_directory, store) = on_sqlite().await;
    assert!(store.see("jti", NOW).await.unwrap());
    assert!(!store.see("jti", NOW).await.unwrap());
    let mut writing = store.write().await.unwrap();
    assert_eq!(writing.count("c", NOW, HOUR).await.unwrap(), 1);
    assert_eq!(writing.count("c", NOW, HOUR).await.unwrap(), 2);
    assert_eq!(counted(&mut writing, "c", NOW, HOUR).await.unwrap(), 2);
    let later = NOW + jiff::SignedDuration::from_hours(1);
    assert_eq!(counted(&mut writing, "c", later, HOUR).await.unwrap(), 0);
    assert_eq!(writing.count("c", later, HOUR).await.unwrap(), 1);
    writing.reset("c").await.unwrap();
    assert_eq!(counted(&mut writing, "c", later, HOUR).await.unwrap(), 0);
}
