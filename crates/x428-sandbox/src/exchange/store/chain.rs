//! The owners' records: chains of entries, which a transaction writes when it is committed, many by
//! one statement.
//!
//! The functions of this file are called within the owner's turn.

use sqlx::AssertSqlSafe;

use super::{Fault, Writing};

/// How many entries a statement writes at most.
const AT_ONCE: usize = 32;
const COLUMNS: usize = 5;

/// An entry of an owner's record.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) owner: String,
    pub(crate) number: i64,
    pub(crate) data: String,
    /// The digest of the entry before.
    pub(crate) previous: String,
    pub(crate) digest: String,
}

impl Writing {
    /// The number and the digest of the owner's newest entry, written or not.
    pub(crate) async fn newest_entry(
        &mut self,
        owner: &str,
    ) -> Result<Option<(i64, String)>, Fault> {
        let mut unwritten = self.entries.iter().rev();
        if let Some(entry) = unwritten.find(|entry| entry.owner == owner) {
            return Ok(Some((entry.number, entry.digest.clone())));
        }
        let newest =
            "SELECT number, digest FROM record WHERE owner = $1 ORDER BY number DESC LIMIT 1";
        let rows = self.rows(newest, vec![owner.into()]).await?;
        let newest = rows
            .first()
            .map(|row| Ok((row.int("number")?, row.text("digest")?.to_owned())));
        newest.transpose()
    }

    /// Adds the entry that follows the newest one.
    pub(crate) fn add_entry(&mut self, entry: Entry) {
        self.entries.push(entry);
    }

    pub(super) async fn write_entries(&mut self) -> Result<(), Fault> {
        for entries in std::mem::take(&mut self.entries).chunks(AT_ONCE) {
            let places = places(entries.len());
            let insert = format!(
                "INSERT INTO record (owner, number, data, previous, digest) VALUES {places}"
            );
            let mut values = Vec::new();
            for entry in entries {
                values.extend([
                    entry.owner.as_str().into(),
                    entry.number.into(),
                    entry.data.as_str().into(),
                    entry.previous.as_str().into(),
                    entry.digest.as_str().into(),
                ]);
            }
            // Nothing stands in it but the numbers of places.
            self.execute(AssertSqlSafe(insert), values).await?;
        }
        Ok(())
    }
}

/// The places of so many entries in a statement: `($1, $2, $3, $4, $5), ($6, …`.
fn places(entries: usize) -> String {
    let of_entry = |entry: usize| {
        let places = (1..=COLUMNS).map(|column| format!("${}", entry * COLUMNS + column));
        format!("({})", places.collect::<Vec<_>>().join(", "))
    };
    (0..entries).map(of_entry).collect::<Vec<_>>().join(", ")
}
