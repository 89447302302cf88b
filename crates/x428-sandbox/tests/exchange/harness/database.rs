//! What the exchange keeps, past the exchange.

use std::path::Path;

use serde_json::Value;

use super::World;

/// What a snapshot reads: everything that a request may change but how many there were.
const KEPT: [&str; 17] = [
    "SELECT owner || asset || available || '|' || reserved FROM balance ORDER BY owner, asset",
    "SELECT withdrawal || asset || settles || kind || amount FROM movement ORDER BY 1",
    "SELECT id || data FROM owner ORDER BY id",
    "SELECT id || data FROM consent ORDER BY id",
    "SELECT id || data FROM access_token ORDER BY id",
    "SELECT id || data FROM authorization_code ORDER BY id",
    "SELECT id || data FROM authorization_request ORDER BY id",
    "SELECT id || data FROM quote ORDER BY id",
    "SELECT id || data FROM submission ORDER BY id",
    "SELECT id || data || polled_at FROM challenge ORDER BY id",
    "SELECT id || data FROM withdrawal ORDER BY id",
    "SELECT id || data FROM webhook ORDER BY id",
    "SELECT id || data FROM delivery ORDER BY id",
    "SELECT id || data FROM message ORDER BY id",
    "SELECT id || value FROM counter WHERE id NOT LIKE 'rate %' ORDER BY id",
    "SELECT owner || client || day || dollars || '|' || count FROM spending ORDER BY 1",
    "SELECT owner || number || digest || data FROM record ORDER BY owner, number",
];

impl World {
    /// What the exchange keeps of owners, grants, submissions and counters.
    pub(crate) async fn snapshot(&self) -> Vec<String> {
        let database = self.database().unwrap();
        let pool = beside(&database).await;
        let mut kept = Vec::new();
        for select in KEPT {
            let rows: Vec<String> = sqlx::query_scalar(select).fetch_all(&pool).await.unwrap();
            kept.extend(rows);
        }
        pool.close().await;
        kept
    }

    /// Changes a member of all records of a table, where the exchange has no way to.
    pub(crate) async fn change(&self, table: &str, path: &str, value: Value) {
        let update = format!("UPDATE {table} SET data = json_set(data, ?1, json(?2))");
        let values = [path.to_owned(), value.to_string()];
        execute(&self.database().unwrap(), &update, &values).await;
    }
}

/// Opens the file of a database, which the exchange may be writing to.
async fn beside(database: &Path) -> sqlx::SqlitePool {
    let options = sqlx::sqlite::SqliteConnectOptions::new()
        .filename(database)
        .busy_timeout(std::time::Duration::from_mins(2));
    sqlx::SqlitePool::connect_with(options).await.unwrap()
}

/// Runs a statement in the file of a database, beside the exchange.
pub(crate) async fn execute(database: &Path, sql: &str, values: &[String]) {
    let pool = beside(database).await;
    let mut query = sqlx::query(sqlx::AssertSqlSafe(sql.to_owned()));
    for value in values {
        query = query.bind(value.clone());
    }
    query.execute(&pool).await.unwrap();
    pool.close().await;
}
