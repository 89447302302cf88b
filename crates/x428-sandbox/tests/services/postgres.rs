//! A PostgreSQL that `tests/services` has started.

use std::env;
use std::sync::atomic::{AtomicU32, Ordering};

use sqlx::{AssertSqlSafe, Connection as _, PgConnection};

static NEXT: AtomicU32 = AtomicU32::new(0);

/// The URL of a new and empty database there; nothing, and a word of it, where there is none.
#[expect(clippy::print_stderr, reason = "a test that is skipped says so")]
pub(crate) async fn empty() -> Option<String> {
    let Ok(url) = env::var("X428_TEST_POSTGRES") else {
        let required = env::var("X428_REQUIRE_SERVICES").as_deref() == Ok("1");
        assert!(
            !required,
            "X428_TEST_POSTGRES is not set, and X428_REQUIRE_SERVICES is"
        );
        eprintln!("skipped: X428_TEST_POSTGRES is not set; run it under tests/services");
        return None;
    };
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    // A process may have had the same number before.
    let now = jiff::Timestamp::now().as_microsecond();
    let name = format!("x428_{now}_{}_{number}", std::process::id());
    let mut admin = PgConnection::connect(&url).await.unwrap();
    let create = AssertSqlSafe(format!("CREATE DATABASE {name} TEMPLATE template0"));
    sqlx::raw_sql(create).execute(&mut admin).await.unwrap();
    admin.close().await.unwrap();
    let mut url = url::Url::parse(&url).unwrap();
    url.set_path(&name);
    Some(url.into())
}
