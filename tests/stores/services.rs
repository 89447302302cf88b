//! Where the services are, and what stands between them and a test.

use std::env;
use std::sync::atomic::{AtomicU32, Ordering};

use sqlx::{AssertSqlSafe, Connection as _, PgConnection};
use tempfile::TempDir;
use url::Url;

/// The value of a variable that `tests/services` sets, or nothing: then the test says that it is
/// skipped, or fails where it must not be.
pub(crate) fn variable(name: &str) -> Option<String> {
    let value = env::var(name).ok();
    if value.is_none() {
        assert!(
            env::var("X428_REQUIRE_SERVICES").as_deref() != Ok("1"),
            "{name} is not set, and X428_REQUIRE_SERVICES is"
        );
        say(&format!(
            "skipped: {name} is not set; run it under tests/services"
        ));
    }
    value
}

#[expect(clippy::print_stderr, reason = "a test that is skipped says so")]
fn say(text: &str) {
    eprintln!("{text}");
}

fn unique() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    // A process may have had the same number before.
    let now = jiff::Timestamp::now().as_microsecond();
    format!("x428_{now}_{}_{number}", std::process::id())
}

/// The URL of a new and empty database.
pub(crate) async fn postgres() -> Option<String> {
    let mut url = Url::parse(&variable("X428_TEST_POSTGRES")?).unwrap();
    let name = unique();
    let mut admin = PgConnection::connect(url.as_str()).await.unwrap();
    let create = AssertSqlSafe(format!("CREATE DATABASE {name} TEMPLATE template0"));
    sqlx::raw_sql(create).execute(&mut admin).await.unwrap();
    admin.close().await.unwrap();
    url.set_path(&name);
    Some(url.into())
}

/// The URL of the server and a prefix that no other test has.
pub(crate) fn redis() -> Option<(String, String)> {
    Some((variable("X428_TEST_REDIS")?, unique() + ":"))
}

/// A path in a directory that is removed with the first half.
pub(crate) fn file() -> (TempDir, std::path::PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("x428.db");
    (directory, path)
}
