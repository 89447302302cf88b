//! The writer of SQLite: one connection, whose transactions become durable together.
//!
//! Each commit is written through to the disk, and a disk does that a few hundred times in a
//! second. So transactions that come while others wait share one: they follow each other, each in a
//! savepoint, and whoever has finished lines up again behind those who wait. The first one whose
//! turn comes again commits them all. No commit returns before that, and if it fails, all of them
//! have.
//!
//! What a transaction reads may be of one before it that is not durable yet. It becomes durable
//! first or not at all, so that only an answer without a commit has to wait: see
//! [`Writer::settled`].

use std::sync::Arc;
use std::time::Duration;

use sqlx::pool::PoolConnection;
use sqlx::sqlite::{SqliteConnection, SqlitePool};
use sqlx::{Sqlite, raw_sql};
use tokio::sync::{Mutex, OwnedMutexGuard, watch};

use super::Fault;

const BEGIN: &str = "BEGIN IMMEDIATE";
const COMMIT: &str = "COMMIT";
const ENTER: &str = "SAVEPOINT turn";
const LEAVE: &str = "RELEASE turn";
const UNDO: &str = "ROLLBACK TO turn; RELEASE turn";

/// How a group has ended: with the reason, if it has failed.
type Outcome = Option<Result<(), String>>;

/// Lets one transaction after the other write.
#[derive(Clone)]
pub(crate) struct Writer {
    pool: SqlitePool,
    group: Arc<Mutex<Group>>,
    patience: Duration,
}

/// The transactions that are committed next.
struct Group {
    connection: Option<PoolConnection<Sqlite>>,
    /// Whether a transaction is open.
    is_open: bool,
    /// Whether one has entered and not left: what it did is undone before anything else.
    is_entered: bool,
    outcome: watch::Sender<Outcome>,
}

/// A transaction whose turn it is. Dropped, it has never been.
pub(crate) struct Turn {
    writer: Writer,
    group: Option<OwnedMutexGuard<Group>>,
}

impl Writer {
    /// Writes through a pool of one connection.
    pub(super) fn new(pool: SqlitePool, patience: Duration) -> Self {
        let group = Group {
            connection: None,
            is_open: false,
            is_entered: false,
            outcome: watch::Sender::new(None),
        };
        Self {
            pool,
            group: Arc::new(Mutex::new(group)),
            patience,
        }
    }

    /// Waits for a turn.
    pub(super) async fn begin(&self) -> Result<Turn, Fault> {
        let group = Arc::clone(&self.group).lock_owned();
        let group = tokio::time::timeout(self.patience, group).await;
        let mut group = group.map_err(|_| Fault::Failed("too many wait to write".to_owned()))?;
        group.enter(&self.pool).await?;
        Ok(Turn {
            writer: self.clone(),
            group: Some(group),
        })
    }

    /// Waits until everything that a transaction can have read is durable.
    pub(super) async fn settled(&self) -> Result<(), Fault> {
        // In a task of its own, which goes on if nobody waits for it any more.
        let group = Arc::clone(&self.group);
        let settled = tokio::spawn(async move { group.lock_owned().await.commit().await });
        settled.await.map_err(Fault::because)?
    }

    /// Closes the connection, after what is under way.
    pub(super) async fn close(&self) {
        let mut group = self.group.lock().await;
        if let Err(fault) = group.commit().await {
            tracing::error!(%fault, "the last transactions were not committed");
        }
        group.connection = None;
        self.pool.close().await;
    }

    /// Waits until the group is committed, or commits it.
    async fn durable(self, mut outcome: watch::Receiver<Outcome>) -> Result<(), Fault> {
        let known = outcome.clone();
        let turn = tokio::select! {
            biased;
            () = async { drop(outcome.wait_for(Option::is_some).await) } => None,
            group = self.group.lock_owned() => Some(group),
        };
        // It may have been committed while this one waited.
        if let Some(mut group) = turn
            && known.borrow().is_none()
        {
            return group.commit().await;
        }
        let known = known.borrow();
        match &*known {
            Some(Ok(())) => Ok(()),
            Some(Err(reason)) => Err(Fault::Failed(reason.clone())),
            None => Err(Fault::Failed("the writer has ended".to_owned())),
        }
    }
}

impl Group {
    async fn run(&mut self, sql: &'static str) -> Result<(), Fault> {
        let connection = self.connection.as_mut().ok_or(Fault::Damaged)?;
        raw_sql(sql).execute(&mut **connection).await?;
        Ok(())
    }

    async fn enter(&mut self, pool: &SqlitePool) -> Result<(), Fault> {
        self.undo().await?;
        if self.connection.is_none() {
            self.connection = Some(pool.acquire().await?);
        }
        if !self.is_open {
            // Whoever is dropped in between has begun: the connection tells nobody.
            self.is_open = true;
            if let Err(fault) = self.run(BEGIN).await {
                self.fail(&fault).await;
                return Err(fault);
            }
        }
        self.is_entered = true;
        if let Err(fault) = self.run(ENTER).await {
            self.fail(&fault).await;
            return Err(fault);
        }
        Ok(())
    }

    /// Undoes what one did that has entered and not left.
    async fn undo(&mut self) -> Result<(), Fault> {
        if self.is_entered {
            if let Err(fault) = self.run(UNDO).await {
                self.fail(&fault).await;
                return Err(fault);
            }
            self.is_entered = false;
        }
        Ok(())
    }

    async fn commit(&mut self) -> Result<(), Fault> {
        self.undo().await?;
        if !self.is_open {
            return Ok(());
        }
        if let Err(fault) = self.run(COMMIT).await {
            self.fail(&fault).await;
            return Err(fault);
        }
        self.end(Ok(()));
        Ok(())
    }

    /// Gives the connection up, and with it what it has not committed: nobody knows in which state
    /// it is.
    async fn fail(&mut self, fault: &Fault) {
        self.end(Err(fault.to_string()));
        if let Some(connection) = self.connection.take() {
            let _ = connection.close().await;
        }
    }

    fn end(&mut self, how: Result<(), String>) {
        self.is_open = false;
        self.is_entered = false;
        let ended = std::mem::replace(&mut self.outcome, watch::Sender::new(None));
        ended.send_replace(Some(how));
    }
}

impl Turn {
    /// The connection on which the transaction is.
    pub(super) fn connection(&mut self) -> Result<&mut SqliteConnection, Fault> {
        let group = self.group.as_mut().ok_or(Fault::Damaged)?;
        let connection = group.connection.as_mut().ok_or(Fault::Damaged)?;
        Ok(connection)
    }

    /// Leaves, and waits until the group is durable.
    pub(super) async fn commit(mut self) -> Result<(), Fault> {
        let mut group = self.group.take().ok_or(Fault::Damaged)?;
        let writer = self.writer.clone();
        // In a task of its own: a group is committed even if nobody waits for it any more.
        let committed = tokio::spawn(async move {
            if let Err(fault) = group.run(LEAVE).await {
                group.fail(&fault).await;
                return Err(fault);
            }
            group.is_entered = false;
            let outcome = group.outcome.subscribe();
            drop(group);
            writer.durable(outcome).await
        });
        committed.await.map_err(Fault::because)?
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let Some(group) = self.group.take() else {
            return;
        };
        drop(group);
        // Other processes wait for as long as a transaction is open.
        let writer = self.writer.clone();
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move { writer.settled().await });
        }
    }
}
