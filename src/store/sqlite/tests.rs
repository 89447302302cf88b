use super::*;

/// A kill does not show this; the loss of power would.
#[tokio::test]
async fn every_commit_is_synchronized() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("x428.db");
    let store = SqliteStore::open(path, &Settings::default()).await.unwrap();
    for (pragma, expected) in [("PRAGMA synchronous", 2), ("PRAGMA secure_delete", 1)] {
        let value: i64 = sqlx::query_scalar(pragma)
            .fetch_one(&store.writer)
            .await
            .unwrap();
        assert_eq!(value, expected, "{pragma}");
    }
    let mode: String = sqlx::query_scalar("PRAGMA journal_mode")
        .fetch_one(&store.writer)
        .await
        .unwrap();
    assert_eq!(mode, "wal");
}
