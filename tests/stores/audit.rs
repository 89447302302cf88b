//! The audit log in the two databases: one chain for all instances, and what tampering looks like.

use std::path::Path;
use std::sync::Arc;

use sqlx::{AssertSqlSafe, PgPool, SqlitePool};
use tokio::task::JoinSet;
use x428::attestation::audit::{self, AuditLog, Entry, Head, contract, genesis, verify};
use x428::attestation::nonce::NonceStore;
use x428::attestation::revocation::RevocationStore as _;
use x428::store::{postgres::PostgresStore, sqlite::SqliteStore};

use crate::services;
use crate::suite::{NOW, patient, soon, token};

async fn sqlite(path: &Path) -> SqliteStore {
    SqliteStore::open(path, &patient()).await.unwrap()
}

async fn postgres(url: &str) -> PostgresStore {
    PostgresStore::connect(url, &patient()).await.unwrap()
}

/// Somebody with the rights of the owner of the tables.
enum Owner {
    Sqlite(SqlitePool),
    Postgres(PgPool),
}

impl Owner {
    async fn of_file(path: &Path) -> Self {
        Self::Sqlite(SqlitePool::connect(path.to_str().unwrap()).await.unwrap())
    }

    async fn of_database(url: &str) -> Self {
        Self::Postgres(PgPool::connect(url).await.unwrap())
    }

    async fn run(&self, statement: &str) -> Result<(), String> {
        let statement = AssertSqlSafe(statement.to_owned());
        let done = match self {
            Self::Sqlite(pool) => sqlx::raw_sql(statement).execute(pool).await.map(drop),
            Self::Postgres(pool) => sqlx::raw_sql(statement).execute(pool).await.map(drop),
        };
        done.map_err(|error| error.to_string())
    }

    /// Runs a statement that the triggers would deny.
    async fn force(&self, statement: &str) {
        let unlock = match self {
            Self::Sqlite(_) => {
                "DROP TRIGGER IF EXISTS x428_audit_update; DROP TRIGGER IF EXISTS x428_audit_delete;
                 DROP TRIGGER IF EXISTS x428_audit_insert"
            }
            Self::Postgres(_) => "ALTER TABLE x428_audit DISABLE TRIGGER ALL",
        };
        self.run(unlock).await.unwrap();
        self.run(statement).await.unwrap();
    }
}

async fn filled<L: AuditLog>(log: &L) -> Vec<audit::Stored> {
    contract::race(log, 40, NOW).await.unwrap();
    log.records(0, 40).await.unwrap()
}

async fn verdict<L: AuditLog>(log: &L, deposited: &[Head]) -> String {
    match verify(log, deposited).await {
        Ok(head) => format!("whole, {} records", head.map_or(0, |head| head.number + 1)),
        Err(error) => error.to_string(),
    }
}

// r[verify attestation.receipt.log-append]
// r[verify attestation.receipt.log-erase]
#[tokio::test]
async fn sqlite_keeps_the_contract() {
    let (_directory, path) = services::file();
    contract::check(&sqlite(&path).await, NOW).await.unwrap();
}

// r[verify attestation.receipt.log-append]
// r[verify attestation.receipt.log-erase]
#[tokio::test]
async fn postgres_keeps_the_contract() {
    let Some(url) = services::postgres().await else {
        return;
    };
    contract::check(&postgres(&url).await, NOW).await.unwrap();
}

async fn one_chain<L: AuditLog + Send + Sync + 'static>(instances: Vec<L>) {
    let instances: Vec<_> = instances.into_iter().map(Arc::new).collect();
    let mut tasks = JoinSet::new();
    for task in 0..12 {
        let log = Arc::clone(&instances[task % instances.len()]);
        tasks.spawn(async move { contract::race(&log, 10, NOW).await });
    }
    while let Some(task) = tasks.join_next().await {
        task.unwrap().unwrap();
    }
    assert_eq!(verdict(&instances[0], &[]).await, "whole, 120 records");
}

// r[verify attestation.receipt.log-chain]
#[tokio::test(flavor = "multi_thread")]
async fn instances_append_to_one_chain_in_sqlite() {
    let (_directory, path) = services::file();
    one_chain(vec![
        sqlite(&path).await,
        sqlite(&path).await,
        sqlite(&path).await,
    ])
    .await;
}

// r[verify attestation.receipt.log-chain]
#[tokio::test(flavor = "multi_thread")]
async fn instances_append_to_one_chain_in_postgres() {
    let Some(url) = services::postgres().await else {
        return;
    };
    // With this default, a transaction that waits for the others would not see what they appended.
    let owner = Owner::of_database(&url).await;
    owner
        .run(
            "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET default_transaction_isolation =
                ''repeatable read''', current_database()); END $$",
        )
        .await
        .unwrap();
    one_chain(vec![
        postgres(&url).await,
        postgres(&url).await,
        postgres(&url).await,
    ])
    .await;
}

async fn append_only<L: AuditLog>(log: &L, owner: &Owner) {
    let records = filled(log).await;
    let (digest, predecessor) = (&records[5].digest, &records[4].digest);
    let other = &records[6].digest;
    for statement in [
        "UPDATE x428_audit SET record = '{}' WHERE number = 5".to_owned(),
        "UPDATE x428_audit SET record = record || ' ' WHERE number = 5".to_owned(),
        "UPDATE x428_audit SET digest = predecessor WHERE number = 5".to_owned(),
        "UPDATE x428_audit SET number = 99 WHERE number = 5".to_owned(),
        "UPDATE x428_audit SET predecessor = digest WHERE number = 5".to_owned(),
        // An erasure that says that it was another record.
        format!(
            r#"UPDATE x428_audit SET record = '{{"digest":"{other}","kind":"erased","predecessor":"{predecessor}"}}' WHERE number = 5"#
        ),
        "DELETE FROM x428_audit WHERE number = 39".to_owned(),
        "DELETE FROM x428_audit".to_owned(),
    ] {
        let denied = owner.run(&statement).await.unwrap_err();
        assert!(
            denied.contains("the audit log is append-only"),
            "{statement}: {denied}"
        );
    }
    if let Owner::Postgres(_) = owner {
        let denied = owner.run("TRUNCATE x428_audit").await.unwrap_err();
        assert!(denied.contains("the audit log is append-only"), "{denied}");
    } else {
        let replace = format!("REPLACE INTO x428_audit VALUES (5, '{digest}x', '', '')");
        let denied = owner.run(&replace).await.unwrap_err();
        assert!(denied.contains("the audit log is append-only"), "{denied}");
    }
    assert_eq!(log.records(0, 100).await.unwrap(), records);
    assert_eq!(verdict(log, &[]).await, "whole, 40 records");
}

// r[verify attestation.receipt.log-append]
#[tokio::test]
async fn sqlite_denies_changes() {
    let (_directory, path) = services::file();
    append_only(&sqlite(&path).await, &Owner::of_file(&path).await).await;
}

// r[verify attestation.receipt.log-append]
#[tokio::test]
async fn postgres_denies_changes() {
    let Some(url) = services::postgres().await else {
        return;
    };
    append_only(&postgres(&url).await, &Owner::of_database(&url).await).await;
}

/// What the owner of the tables can do, and does not get away with.
async fn tampering<L: AuditLog>(log: &L, owner: &Owner) {
    let records = filled(log).await;
    let deposited = [Head {
        number: 39,
        digest: parsed(&records[39].digest),
    }];
    let steps = [
        (
            "DELETE FROM x428_audit WHERE number > 29",
            "record 30 is missing: the log is cut off before record 39, which was deposited",
        ),
        (
            "UPDATE x428_audit SET record = replace(record, '\"why\":\"20\"', '\"why\":\"21\"') WHERE number = 20",
            "record 20 was altered: its digest is that of another content",
        ),
        (
            "DELETE FROM x428_audit WHERE number = 10",
            "record 10 is missing: the next one is number 11",
        ),
        (
            "UPDATE x428_audit SET number = 1000 WHERE number = 5;
             UPDATE x428_audit SET number = 5 WHERE number = 6;
             UPDATE x428_audit SET number = 6 WHERE number = 1000",
            "record 5 is out of order: it stands before the record that it follows",
        ),
        (
            "DELETE FROM x428_audit WHERE number = 0",
            "record 0 is missing: the next one is number 1",
        ),
    ];
    for (statement, expected) in steps {
        owner.force(statement).await;
        assert_eq!(verdict(log, &deposited).await, expected);
    }
}

fn parsed(digest: &str) -> x428::wire::attestation::Digest {
    x428::wire::attestation::Digest::parse(digest).unwrap()
}

// r[verify attestation.receipt.log-chain]
// r[verify attestation.receipt.log-anchor]
#[tokio::test]
async fn tampering_with_sqlite_is_found() {
    let (_directory, path) = services::file();
    tampering(&sqlite(&path).await, &Owner::of_file(&path).await).await;
}

// r[verify attestation.receipt.log-chain]
// r[verify attestation.receipt.log-anchor]
#[tokio::test]
async fn tampering_with_postgres_is_found() {
    let Some(url) = services::postgres().await else {
        return;
    };
    tampering(&postgres(&url).await, &Owner::of_database(&url).await).await;
}

/// What an operator sends does not decide whether it can be erased.
async fn erasable<L: AuditLog>(log: &L) {
    let why = r#"secret \u0000 "predecessor":"sha256-0","kind":"erased" '%s'"#.to_owned() + "\0";
    let entry = Entry::correction(&genesis().unwrap(), &why, NOW).unwrap();
    let digest = log.append(&entry).await.unwrap();
    log.erase(&digest, NOW).await.unwrap().unwrap();
    assert_eq!(verdict(log, &[]).await, "whole, 2 records");
}

// r[verify attestation.receipt.log-erase]
#[tokio::test]
async fn an_erased_content_is_not_in_the_files_any_more() {
    let (directory, path) = services::file();
    let log = sqlite(&path).await;
    erasable(&log).await;
    let mut bytes = 0;
    for file in directory.path().read_dir().unwrap() {
        let content = std::fs::read(file.unwrap().path()).unwrap();
        bytes += content.len();
        let mut windows = content.windows(6);
        assert!(!windows.any(|window| window == b"secret"));
    }
    assert!(bytes > 0);
    // The store goes on.
    log.consume("nonce", soon()).await.unwrap();
}

// r[verify attestation.receipt.log-erase]
#[tokio::test]
async fn postgres_erases_whatever_the_content_is() {
    let Some(url) = services::postgres().await else {
        return;
    };
    erasable(&postgres(&url).await).await;
}

/// A role that may append and read is enough for a server that erases nothing.
#[tokio::test]
async fn a_role_that_may_only_append_appends() {
    let Some(url) = services::postgres().await else {
        return;
    };
    drop(postgres(&url).await);
    let owner = Owner::of_database(&url).await;
    let role = url.rsplit('/').next().unwrap().to_owned() + "_writer";
    owner
        .run(&format!(
            "CREATE ROLE {role} LOGIN PASSWORD 'writer';
             GRANT SELECT ON x428_schema TO {role};
             GRANT INSERT, SELECT, UPDATE, DELETE ON x428_nonce, x428_token, x428_horizon TO {role};
             GRANT INSERT, SELECT ON x428_audit TO {role}"
        ))
        .await
        .unwrap();
    let mut as_writer = url::Url::parse(&url).unwrap();
    as_writer.set_username(&role).unwrap();
    as_writer.set_password(Some("writer")).unwrap();
    let store = postgres(as_writer.as_str()).await;
    filled(&store).await;
    assert_eq!(verdict(&store, &[]).await, "whole, 40 records");
    let pool = PgPool::connect(as_writer.as_str()).await.unwrap();
    for statement in [
        "UPDATE x428_audit SET record = ''",
        "DELETE FROM x428_audit",
        "TRUNCATE x428_audit",
        "ALTER TABLE x428_audit DISABLE TRIGGER ALL",
    ] {
        assert!(
            sqlx::raw_sql(statement).execute(&pool).await.is_err(),
            "{statement}"
        );
    }
}

/// An auditor changes nothing.
async fn only_read<L: AuditLog + NonceStore>(log: &L, records: &[audit::Stored]) {
    assert_eq!(verdict(log, &[]).await, "whole, 40 records");
    assert_eq!(log.records(0, 100).await.unwrap(), records);
    let entry = Entry::correction(&genesis().unwrap(), "why", NOW).unwrap();
    assert!(log.append(&entry).await.is_err());
    assert!(log.erase(&parsed(&records[0].digest), NOW).await.is_err());
    assert!(log.consume("nonce", soon()).await.is_err());
    assert_eq!(log.records(0, 100).await.unwrap(), records);
}

#[tokio::test]
async fn an_auditor_only_reads_sqlite() {
    let (directory, path) = services::file();
    let log = sqlite(&path).await;
    let records = filled(&log).await;
    let settings = patient();
    // Beside the server, and after it.
    let auditor = SqliteStore::open_read_only(&path, &settings).await.unwrap();
    only_read(&auditor, &records).await;
    auditor.close().await;
    log.close().await;
    let before = std::fs::read(&path).unwrap();
    let auditor = SqliteStore::open_read_only(&path, &settings).await.unwrap();
    only_read(&auditor, &records).await;
    auditor.close().await;
    assert!(
        std::fs::read(&path).unwrap() == before,
        "the file was changed"
    );

    let missing = directory.path().join("missing.db");
    assert!(
        SqliteStore::open_read_only(&missing, &settings)
            .await
            .is_err()
    );
    assert!(!missing.exists());
    std::fs::write(&missing, "").unwrap();
    let error = SqliteStore::open_read_only(&missing, &settings)
        .await
        .unwrap_err();
    assert_eq!(error.to_string(), "there are no tables of x428");
    assert_eq!(std::fs::read(&missing).unwrap(), b"");
}

#[tokio::test]
async fn an_auditor_only_reads_postgres() {
    let Some(url) = services::postgres().await else {
        return;
    };
    let settings = patient();
    let error = PostgresStore::connect_read_only(&url, &settings)
        .await
        .unwrap_err();
    assert_eq!(error.to_string(), "there are no tables of x428");
    let records = filled(&postgres(&url).await).await;
    let auditor = PostgresStore::connect_read_only(&url, &settings)
        .await
        .unwrap();
    only_read(&auditor, &records).await;
}

// r[verify attestation.receipt.withdraw]
#[tokio::test]
async fn a_withdrawal_revokes_the_tokens_and_is_a_record_of_its_own() {
    let (_directory, path) = services::file();
    let store = sqlite(&path).await;
    let accepted = filled(&store).await;
    let tokens = [token(1, soon()), token(2, soon())];
    for token in &tokens {
        store.remember(token).await.unwrap();
    }
    let (operator, acceptance) = (&tokens[0].operator, parsed(&accepted[3].digest));
    assert_eq!(store.revoke_operator(operator).await.unwrap(), 2);
    let withdrawal = Entry::correction(&acceptance, "the operator withdrew", NOW).unwrap();
    store.append(&withdrawal).await.unwrap();
    for token in &tokens {
        assert!(store.is_revoked(&token.digest).await.unwrap());
    }
    let records = store.records(0, 100).await.unwrap();
    assert_eq!(records[..40], accepted);
    assert!(records[40].text.contains(acceptance.as_str()));
    assert_eq!(verdict(&store, &[]).await, "whole, 41 records");
}
