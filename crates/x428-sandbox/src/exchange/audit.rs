//! The record of who approved what: for each owner a chain, in which each entry holds the digest
//! of the one before, so that a change of one shows in all that follow.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::digest;
use super::store::{Entry, Fault, Reading, Writing};

const GENESIS: &str = "x428-exchange-record-v1";

/// Appends an entry, in the owner's turn. It is written when the transaction is committed.
// r[impl withdrawal.security.audit]
pub(crate) async fn append(
    writing: &mut Writing,
    owner: &str,
    now: Timestamp,
    mut what: Value,
) -> Result<(), Fault> {
    let (number, previous) = match writing.newest_entry(owner).await? {
        Some((number, digest)) => (number + 1, digest),
        None => (0, digest::of(GENESIS)),
    };
    if let Value::Object(what) = &mut what {
        what.insert("at".to_owned(), json!(now));
    }
    let data = what.to_string();
    let digest = digest::of(&format!("{previous}\n{number}\n{data}"));
    writing.add_entry(Entry {
        owner: owner.to_owned(),
        number,
        data,
        previous,
        digest,
    });
    Ok(())
}

/// Whether the chain of an owner is whole.
pub(crate) async fn is_whole(reading: &mut Reading, owner: &str) -> Result<bool, Fault> {
    let all = "SELECT number, data, previous, digest FROM record WHERE owner = $1 ORDER BY number";
    let mut previous = digest::of(GENESIS);
    for (number, row) in (0..).zip(reading.rows(all, vec![owner.into()]).await?) {
        let data = row.text("data")?;
        let own = digest::of(&format!("{previous}\n{number}\n{data}"));
        let holds = row.int("number")? == number
            && row.text("previous")? == previous
            && row.text("digest")? == own;
        if !holds {
            return Ok(false);
        }
        previous = own;
    }
    Ok(true)
}
