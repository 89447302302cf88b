//! The audit logs of servers, before and after somebody with the rights of their owner was at them.

use std::time::Duration;

use jiff::Timestamp;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, SqliteConnection};
use x428::{
    attestation::audit::{AuditLog, contract},
    store::{Settings, postgres::PostgresStore, sqlite::SqliteStore},
};

use super::run::Here;

const RECORDS: u32 = 7;
/// What the owner of the tables does to one record or to several, and what is said of it.
const TAMPERING: [(&str, &str); 4] = [
    (
        "UPDATE x428_audit SET record = replace(record, '2026-11-20', '2026-11-19') WHERE number IN (3, 5)",
        "record 3 was altered",
    ),
    (
        "UPDATE x428_audit SET digest = (SELECT predecessor FROM x428_audit WHERE number = 0) WHERE number = 2",
        "record 2 was altered",
    ),
    (
        "DELETE FROM x428_audit WHERE number = 4",
        "record 4 is missing",
    ),
    (
        "DELETE FROM x428_audit WHERE number = 0",
        "record 0 is missing",
    ),
];

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap()
}

fn settings() -> Settings {
    Settings::default().with_timeout(Duration::from_mins(1))
}

async fn fill<L: AuditLog>(log: &L) {
    let now = "2026-11-20T12:00:00Z".parse::<Timestamp>().unwrap();
    contract::race(log, RECORDS, now).await.unwrap();
}

/// Verifies the log before it is tampered with.
fn intact(here: &Here, log: &str) {
    let ran = here.x428(&format!("audit verify {log} --json"));
    let json = ran.json();
    assert_eq!(ran.code, 0, "{}", ran.shown());
    assert_eq!(json["intact"], true);
    assert_eq!(json["records"], RECORDS);
    assert_eq!(json["head"]["number"], RECORDS - 1);
}

/// Verifies it afterwards.
fn broken(here: &Here, log: &str, words: &str) {
    let ran = here.x428(&format!("audit verify {log}"));
    assert_eq!(ran.code, 1, "{}", ran.shown());
    assert!(
        ran.out.starts_with(&format!("broken: {words}")),
        "{words}: {}",
        ran.shown()
    );
    let json = here.x428(&format!("audit verify {log} --json")).json();
    assert_eq!(json["intact"], false);
    assert_eq!(json["record"].to_string(), words.split(' ').nth(1).unwrap());
}

// r[verify attestation.receipt.log-chain]
#[test]
fn the_first_broken_record_of_a_file_is_named() {
    for (statement, words) in TAMPERING {
        let here = Here::new();
        let path = here.path("log.db");
        runtime().block_on(async {
            let store = SqliteStore::open(&path, &settings()).await.unwrap();
            fill(&store).await;
            store.close().await;
        });
        let before = std::fs::read(&path).unwrap();
        intact(&here, "log.db");
        assert!(
            std::fs::read(&path).unwrap() == before,
            "to verify is to read"
        );
        runtime().block_on(async {
            let mut owner = SqliteConnection::connect(path.to_str().unwrap())
                .await
                .unwrap();
            let unlock = "DROP TRIGGER x428_audit_update; DROP TRIGGER x428_audit_delete;";
            let statement = AssertSqlSafe(format!("{unlock} {statement}"));
            sqlx::raw_sql(statement).execute(&mut owner).await.unwrap();
            owner.close().await.unwrap();
        });
        broken(&here, "log.db", words);
    }
}

// r[verify attestation.receipt.log-chain]
#[test]
fn the_first_broken_record_of_a_database_is_named() {
    let Some(server) = postgres() else { return };
    for (index, (statement, words)) in TAMPERING.into_iter().enumerate() {
        let here = Here::new();
        // A process may have had the same number before.
        let now = Timestamp::now().as_microsecond();
        let name = format!("x428_cli_{now}_{}_{index}", std::process::id());
        let url = format!("{}/{name}", server.rsplit_once('/').unwrap().0);
        runtime().block_on(async {
            let mut admin = PgConnection::connect(&server).await.unwrap();
            let create = AssertSqlSafe(format!("CREATE DATABASE {name} TEMPLATE template0"));
            sqlx::raw_sql(create).execute(&mut admin).await.unwrap();
        });
        let empty = here.x428(&format!("audit verify {url}"));
        assert_eq!(empty.code, 2, "{}", empty.shown());
        assert!(
            empty.err.contains("there are no tables of x428"),
            "{}",
            empty.shown()
        );
        runtime().block_on(async {
            let store = PostgresStore::connect(&url, &settings()).await.unwrap();
            fill(&store).await;
        });
        intact(&here, &url);
        runtime().block_on(async {
            let mut owner = PgConnection::connect(&url).await.unwrap();
            let unlock = "ALTER TABLE x428_audit DISABLE TRIGGER ALL;";
            let statement = AssertSqlSafe(format!("{unlock} {statement}"));
            sqlx::raw_sql(statement).execute(&mut owner).await.unwrap();
        });
        broken(&here, &url, words);
    }
}

/// The server that `tests/services` starts. Without it the test says that it is skipped, or fails
/// where it must not be.
#[expect(clippy::print_stderr, reason = "a test that is skipped says so")]
fn postgres() -> Option<String> {
    let url = std::env::var("X428_TEST_POSTGRES").ok();
    if url.is_none() {
        assert!(
            std::env::var("X428_REQUIRE_SERVICES").as_deref() != Ok("1"),
            "X428_TEST_POSTGRES is not set, and X428_REQUIRE_SERVICES is"
        );
        eprintln!("skipped: X428_TEST_POSTGRES is not set; run it under tests/services");
    }
    url
}
