//! Opening a store: many at once, of another version, with secrets in the URL.

use std::error::Error as _;
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use sqlx::{PgPool, SqlitePool};
use tokio::task::JoinSet;
use x428::error::Error;
use x428::store::{Settings, postgres::PostgresStore, redis::RedisStore, sqlite::SqliteStore};

use crate::{services, suite};

const LATER: &str = "the tables are of a later version of this program";

fn patient() -> Settings {
    suite::patient().with_connections(2)
}

#[tokio::test(flavor = "multi_thread")]
async fn sqlite_is_made_once_by_many() {
    let (_directory, path) = services::file();
    let mut tasks = JoinSet::new();
    for _ in 0..32 {
        let path = path.clone();
        tasks.spawn(async move { SqliteStore::open(path, &patient()).await.map(drop) });
    }
    while let Some(opened) = tasks.join_next().await {
        opened.unwrap().unwrap();
    }
    let pool = SqlitePool::connect(path.to_str().unwrap()).await.unwrap();
    let versions: Vec<i64> = sqlx::query_scalar("SELECT version FROM x428_schema")
        .fetch_all(&pool)
        .await
        .unwrap();
    assert_eq!(versions, [1]);
    sqlx::raw_sql("INSERT INTO x428_schema VALUES (99)")
        .execute(&pool)
        .await
        .unwrap();
    let error = SqliteStore::open(&path, &patient()).await.unwrap_err();
    assert!(matches!(error, Error::Misuse(_)));
    assert_eq!(error.to_string(), LATER);
}

#[tokio::test(flavor = "multi_thread")]
async fn postgres_is_made_once_by_many() {
    let Some(url) = services::postgres().await else {
        return;
    };
    let url = Arc::new(url);
    let mut tasks = JoinSet::new();
    for _ in 0..8 {
        let url = Arc::clone(&url);
        tasks.spawn(async move { PostgresStore::connect(&url, &patient()).await.map(drop) });
    }
    while let Some(opened) = tasks.join_next().await {
        opened.unwrap().unwrap();
    }
    let pool = PgPool::connect(&url).await.unwrap();
    let versions: Vec<i64> = sqlx::query_scalar("SELECT version FROM x428_schema")
        .fetch_all(&pool)
        .await
        .unwrap();
    assert_eq!(versions, [1]);
    sqlx::raw_sql("INSERT INTO x428_schema VALUES (99)")
        .execute(&pool)
        .await
        .unwrap();
    let error = PostgresStore::connect(&url, &patient()).await.unwrap_err();
    assert_eq!(error.to_string(), LATER);
}

/// A Redis that makes room by forgetting would forget what has been consumed.
#[tokio::test]
async fn a_redis_that_evicts_is_refused() {
    let evicting = crate::outage::Evicting::start().await;
    let error = RedisStore::connect(&evicting.url, "x428:", &patient())
        .await
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "Redis evicts keys: set maxmemory-policy noeviction"
    );
}

/// Everything that an error tells: itself, its sources, and what a debugger prints.
fn whole(error: &Error) -> String {
    let mut text = format!("{error} {error:?}");
    let mut source = error.source();
    while let Some(error) = source {
        write!(text, " {error} {error:?}").unwrap();
        source = error.source();
    }
    text
}

#[tokio::test]
async fn no_error_repeats_the_secrets_of_a_url() {
    let settings = Settings::default().with_timeout(Duration::from_millis(500));
    // Nobody listens at port 1.
    for url in [
        "postgres://hidden:hidden@127.0.0.1:1/hidden",
        "postgres://hidden:hidden@127.0.0.1:1/hidden?sslmode=hidden",
        "postgres://hidden:hidden@127.0.0.1:1/hidden?pasword=hidden",
        "postgres://hidden:hidden@127.0.0.1:99999/hidden",
        "postgres://127.0.0.1:1/?password=hidden&sslrootcert=hidden&sslmode=verify-full",
        "hidden:hidden@127.0.0.1",
        "mysql://hidden:hidden@127.0.0.1:1/",
    ] {
        let error = PostgresStore::connect(url, &settings).await.unwrap_err();
        assert!(!whole(&error).contains("hidden"), "{}", whole(&error));
    }
    for url in [
        "redis://hidden:hidden@127.0.0.1:1/0",
        "redis://hidden:hidden@127.0.0.1:1/hidden",
        "rediss://hidden:hidden@127.0.0.1:1/0#hidden",
        "redis://hidden:hidden@127.0.0.1:99999/",
        "hidden:hidden@127.0.0.1",
    ] {
        let error = RedisStore::connect(url, "x428:", &settings)
            .await
            .unwrap_err();
        assert!(!whole(&error).contains("hidden"), "{}", whole(&error));
    }
}

/// The server knows who comes, and that the password is another one. It may say so.
#[tokio::test]
async fn no_wrong_password_is_repeated() {
    let (Some(postgres), Some((redis, prefix))) = (services::postgres().await, services::redis())
    else {
        return;
    };
    let with = |url: &str| {
        let mut url = url::Url::parse(url).unwrap();
        url.set_password(Some("hidden")).unwrap();
        String::from(url)
    };
    let error = PostgresStore::connect(&with(&postgres), &patient())
        .await
        .unwrap_err();
    assert!(matches!(error, Error::Unavailable(_)));
    assert!(!whole(&error).contains("hidden"), "{}", whole(&error));
    let error = RedisStore::connect(&with(&redis), &prefix, &patient())
        .await
        .unwrap_err();
    assert!(matches!(error, Error::Unavailable(_)));
    assert!(!whole(&error).contains("hidden"), "{}", whole(&error));

    let store = PostgresStore::connect(&postgres, &patient()).await.unwrap();
    assert_eq!(format!("{store:?}"), "PostgresStore { .. }");
    let store = RedisStore::connect(&redis, &prefix, &patient())
        .await
        .unwrap();
    assert_eq!(format!("{store:?}"), "RedisStore { .. }");
}

#[tokio::test]
async fn a_path_that_is_no_file_is_unavailable() {
    let (directory, path) = services::file();
    let error = SqliteStore::open(directory.path(), &patient())
        .await
        .unwrap_err();
    assert!(matches!(error, Error::Unavailable(_)));
    std::fs::write(
        &path,
        "no database, and longer than the head of one: ".repeat(10),
    )
    .unwrap();
    let error = SqliteStore::open(&path, &patient()).await.unwrap_err();
    assert!(matches!(error, Error::Unavailable(_)));
}
