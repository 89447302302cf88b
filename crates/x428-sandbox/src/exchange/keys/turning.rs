//! The keys that are replaced at intervals: those of proofs, of webhooks and of cursors.
//!
//! The time since 1970 is divided into intervals, and each has its keys. Those of the next interval
//! are made and published before they sign, so that who keeps a list of keys has them in time;
//! those of the last one still open what they have signed.

use std::collections::BTreeMap;
use std::sync::{Arc, RwLock};
use std::time::Duration;

use jiff::Timestamp;
use x428::sign::SigningKey;
use x428::sign::seal::{SealKey, SealRing};
use x428::withdrawal::cursor::Cursors;

use super::seed;
use crate::exchange::store::{Fault, Store};

/// The keys of an interval.
pub(crate) struct Generation {
    /// Signs proof tokens.
    pub(crate) proofs: SigningKey,
    /// Signs webhooks of the kind `v1a`.
    pub(crate) webhooks: SigningKey,
    cursors: SealKey,
}

/// The keys of the last, this and the next interval.
pub(crate) struct Turning {
    interval: i64,
    known: RwLock<BTreeMap<i64, Arc<Generation>>>,
}

impl Turning {
    /// Reads the keys, or makes those that are not there.
    pub(super) async fn load(
        store: &Store,
        interval: Duration,
        now: Timestamp,
    ) -> Result<Self, Fault> {
        let interval = i64::try_from(interval.as_millis()).unwrap_or(i64::MAX);
        let turning = Self {
            interval: interval.max(1),
            known: RwLock::default(),
        };
        turning.turn(store, now).await?;
        Ok(turning)
    }

    fn number(&self, now: Timestamp) -> i64 {
        now.as_millisecond().div_euclid(self.interval)
    }

    /// Makes the keys of the next interval when a new one has begun, and forgets what signs and
    /// opens nothing any more.
    pub(super) async fn turn(&self, store: &Store, now: Timestamp) -> Result<(), Fault> {
        let number = self.number(now);
        let wanted = number - 1..=number + 1;
        if wanted
            .clone()
            .skip(1)
            .all(|number| self.get(number).is_some())
        {
            return Ok(());
        }
        let mut read = BTreeMap::new();
        for number in wanted {
            let generation = match self.get(number) {
                Some(known) => known,
                None => Arc::new(generation(store, number).await?),
            };
            read.insert(number, generation);
        }
        forget(store, number - 1).await?;
        // What another thread has left by a panic is replaced as a whole.
        let mut known = match self.known.write() {
            Ok(known) => known,
            Err(poisoned) => poisoned.into_inner(),
        };
        *known = read;
        Ok(())
    }

    fn get(&self, number: i64) -> Option<Arc<Generation>> {
        self.known.read().ok()?.get(&number).cloned()
    }

    /// The keys that sign now, and those that still open something or will sign next, after them.
    pub(crate) fn all(&self, now: Timestamp) -> Result<Vec<Arc<Generation>>, Fault> {
        let number = self.number(now);
        let known = self.known.read().map_err(|_| Fault::Damaged)?;
        // Where nothing was done for an interval, the newest keys go on.
        let current = known
            .range(..=number)
            .next_back()
            .or_else(|| known.iter().next())
            .ok_or(Fault::Damaged)?;
        let others = known.iter().filter(|(other, _)| *other != current.0);
        let others = others.map(|(_, generation)| Arc::clone(generation));
        Ok(std::iter::once(Arc::clone(current.1))
            .chain(others)
            .collect())
    }

    /// The keys that sign now.
    pub(crate) fn current(&self, now: Timestamp) -> Result<Arc<Generation>, Fault> {
        self.all(now)?.into_iter().next().ok_or(Fault::Damaged)
    }

    /// What makes and opens cursors.
    pub(crate) fn cursors(&self, now: Timestamp) -> Result<Cursors, Fault> {
        let mut all = self.all(now)?.into_iter();
        let current = all.next().ok_or(Fault::Damaged)?;
        let ring = all.fold(SealRing::new(current.cursors.clone()), |ring, other| {
            ring.with_previous(other.cursors.clone())
        });
        Ok(Cursors::new(ring))
    }
}

async fn generation(store: &Store, number: i64) -> Result<Generation, Fault> {
    let name = |purpose: &str| format!("{purpose}.{number}");
    let id = u32::try_from(number.rem_euclid(i64::from(u32::MAX))).map_err(Fault::because)?;
    Ok(Generation {
        proofs: SigningKey::from_seed(&*seed(store, &name("proofs")).await?),
        webhooks: SigningKey::from_seed(&*seed(store, &name("webhooks")).await?),
        cursors: SealKey::new(id, *seed(store, &name("cursors")).await?),
    })
}

/// Deletes the keys of the intervals before one.
async fn forget(store: &Store, first: i64) -> Result<(), Fault> {
    let mut writing = store.write().await?;
    for row in writing.rows("SELECT id FROM secret", Vec::new()).await? {
        let name = row.text("id")?;
        let number = name
            .rsplit_once('.')
            .map(|(_, number)| number.parse::<i64>());
        if matches!(number, Some(Ok(number)) if number < first) {
            let delete = "DELETE FROM secret WHERE id = $1";
            writing.execute(delete, vec![name.into()]).await?;
        }
    }
    writing.commit().await
}
