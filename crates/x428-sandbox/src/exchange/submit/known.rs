//! What the checks look at, read by few statements as soon as the owner's turn has begun: what is
//! the owner's does not change while it lasts, and the order of the checks is not that of reading.
//!
//! The statement that takes the turn gives the owner's record and nothing else: what it read of
//! other rows would be, on PostgreSQL, what was there before it waited.

use std::collections::BTreeMap;

use x428::withdrawal::submission::Submission as Submitted;

use crate::exchange::access::{Caller, periods};
use crate::exchange::call::Call;
use crate::exchange::model::{Consent, ListedAsset, Submission};
use crate::exchange::store::spending::Spent;
use crate::exchange::store::{Balance, Fault, Writing};

const RECORDS: &str = "SELECT 'consent' AS kind, data FROM consent WHERE id = $1
    UNION ALL SELECT 'submission', data FROM submission WHERE id = $2
    UNION ALL SELECT 'asset', data FROM asset";

/// The records that every submission needs.
#[derive(Default)]
pub(super) struct Records {
    /// The grant, as it is now.
    pub(super) consent: Option<Consent>,
    /// What has become of the key, if it was used before.
    pub(super) submission: Option<Submission>,
    /// All assets of the exchange.
    pub(super) listed: Vec<ListedAsset>,
}

impl Records {
    pub(super) async fn read(
        caller: &Caller,
        submitted: &Submitted,
        writing: &mut Writing,
    ) -> Result<Self, Fault> {
        let key = submitted.key().as_str();
        let key = Submission::name(caller.owner(), &caller.client.id, key);
        let values = vec![caller.consent.id.as_str().into(), key.into()];
        let mut records = Self::default();
        for row in writing.rows(RECORDS, values).await? {
            match row.text("kind")? {
                "consent" => records.consent = Some(row.record("data")?),
                "submission" => records.submission = Some(row.record("data")?),
                "asset" => records.listed.push(row.record("data")?),
                _ => return Err(Fault::Damaged),
            }
        }
        Ok(records)
    }
}

/// What the owner has, and what was withdrawn in this month.
pub(super) struct Account {
    /// By asset.
    pub(super) balances: BTreeMap<String, Balance>,
    /// By client and day.
    pub(super) spent: Vec<Spent>,
}

impl Account {
    pub(super) async fn read(
        call: &Call,
        caller: &Caller,
        writing: &mut Writing,
    ) -> Result<Self, Fault> {
        let (_, month) = periods(call.now)?;
        Ok(Self {
            balances: writing.balances(caller.owner()).await?,
            spent: writing.spending(caller.owner(), month).await?,
        })
    }

    /// What the owner has of an asset.
    pub(super) fn balance(&self, asset: &str) -> Balance {
        self.balances.get(asset).copied().unwrap_or_default()
    }
}
