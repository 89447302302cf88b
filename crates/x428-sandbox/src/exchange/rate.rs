//! How many requests there may be in a minute (section 11.2).
//!
//! Whoever has shown who they are is counted by all instances together. An instance draws requests
//! from a counter that the instances share, a portion at a time, and gives them out: there are
//! never more than the limit, few requests cost a statement, and what one instance has drawn and
//! not given out is all that the others miss.
//!
//! Where requests come from is counted by each instance alone, before anything is known of them and
//! in memory of a fixed size: a flood must not become writes. Who turns out to be known gets the
//! request back. So an address with many owners behind it is not taken for a flood, and nobody
//! spends what belongs to another.

use std::collections::HashMap;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::Arc;
use std::time::Duration;

use axum::http::{HeaderMap, HeaderValue};
use jiff::Timestamp;
use tokio::sync::Mutex;
use x428::wire::withdrawal::headers::{RATELIMIT, RATELIMIT_POLICY};
use x428::wire::withdrawal::{OAuthErrorCode, WithdrawalErrorCode};
use x428::withdrawal::refusal::Refused;

use super::Exchange;
use super::call::Call;
use super::failure::Failure;
use super::oauth::OAuthFailure;
use super::store::{Fault, Store};

mod origin;
#[cfg(test)]
mod tests;
mod visitor;

pub use self::origin::Peer;
pub(crate) use self::visitor::{Visitor, admit};

/// How long a window is, in seconds.
const WINDOW: i64 = 60;
/// How many parts there are that do not wait for each other.
const SHARDS: usize = 16;
/// How many windows a part remembers. What it does not remember is drawn one by one.
const WINDOWS_MAX: usize = 4096;
/// What is drawn at once: this part of what is left. The first time, when nobody knows how many
/// instances draw, it is one.
const PORTION: u32 = 4;

/// Adds what an instance draws. A counter of another minute begins anew; a clock that is a little
/// behind draws from the minute of the others.
const DRAW: &str = "INSERT INTO counter (id, value, since) VALUES ($1, $2, $3)
    ON CONFLICT (id) DO UPDATE SET
        value = CASE WHEN counter.since BETWEEN excluded.since AND excluded.since + 60000
            THEN counter.value + excluded.value ELSE excluded.value END,
        since = CASE WHEN counter.since BETWEEN excluded.since AND excluded.since + 60000
            THEN counter.since ELSE excluded.since END
    RETURNING value";

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Policy {
    /// The requests of a client for an owner.
    Owner,
    /// Those among them that cancel something.
    Cancel,
    /// The requests of a client for all owners.
    Client,
    /// The requests of a client to the endpoints of OAuth.
    Authorization,
    /// The refreshes of a grant.
    Grant,
    /// The requests from somewhere, of which nothing is known.
    Origin,
}

impl Policy {
    fn name(self) -> &'static str {
        match self {
            Self::Owner => "minute",
            Self::Cancel => "cancel",
            Self::Client => "client",
            Self::Authorization => "authorization",
            Self::Grant => "grant",
            Self::Origin => "origin",
        }
    }
}

/// What is left of a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Left {
    policy: Policy,
    limit: u32,
    requests: u32,
    /// Until the window is over.
    seconds: u32,
}

impl Left {
    fn new(policy: Policy, limit: u32, requests: u32, now: Timestamp) -> Self {
        let seconds = WINDOW - now.as_second().rem_euclid(WINDOW);
        let seconds = u32::try_from(seconds).unwrap_or(1);
        Self {
            policy,
            limit,
            requests,
            seconds,
        }
    }

    /// Says it in the headers of a response.
    // r[impl withdrawal.rate.headers]
    pub(crate) fn put(&self, headers: &mut HeaderMap) {
        let name = self.policy.name();
        let left = format!("\"{name}\";r={};t={}", self.requests, self.seconds);
        let policy = format!("\"{name}\";q={};w={WINDOW}", self.limit);
        for (name, value) in [(RATELIMIT, left), (RATELIMIT_POLICY, policy)] {
            if let Ok(value) = HeaderValue::from_str(&value) {
                headers.insert(name, value);
            }
        }
    }

    pub(crate) fn seconds(&self) -> u32 {
        self.seconds
    }
}

impl From<Left> for Failure {
    // r[impl withdrawal.rate.answer]
    fn from(left: Left) -> Self {
        Refused::new(
            WithdrawalErrorCode::RateLimited,
            "There are too many requests.",
        )
        .after(Duration::from_secs(left.seconds.into()))
        .into()
    }
}

impl From<Left> for OAuthFailure {
    fn from(left: Left) -> Self {
        let code = OAuthErrorCode::TemporarilyUnavailable;
        let mut failure = Self::new(code, "There are too many requests.");
        failure.retry_after = Some(left.seconds);
        failure
    }
}

/// Why a request is one too many, or not counted.
#[derive(Debug)]
pub(crate) enum Over {
    /// There were as many as there may be.
    TooMany(Left),
    /// How many there were is not known.
    Fault(Fault),
}

impl From<Over> for Failure {
    fn from(over: Over) -> Self {
        match over {
            Over::TooMany(left) => left.into(),
            Over::Fault(fault) => fault.into(),
        }
    }
}

impl From<Over> for OAuthFailure {
    fn from(over: Over) -> Self {
        match over {
            Over::TooMany(left) => left.into(),
            Over::Fault(fault) => fault.into(),
        }
    }
}

/// The windows that an instance gives requests out of.
#[derive(Debug)]
pub(crate) struct Rates {
    shards: [Arc<Mutex<HashMap<String, Window>>>; SHARDS],
    hasher: RandomState,
    origins: origin::Origins,
}

impl Default for Rates {
    fn default() -> Self {
        Self {
            shards: std::array::from_fn(|_| Arc::default()),
            hasher: RandomState::new(),
            origins: origin::Origins::default(),
        }
    }
}

#[derive(Debug, Clone, Copy)]
struct Window {
    minute: i64,
    /// What was drawn and not given out.
    held: u32,
    /// What the instances had left when something was drawn last.
    shared: u32,
    /// Whether that is known: before the first draw, others may have drawn as well.
    is_known: bool,
}

impl Window {
    fn new(minute: i64, limit: u32) -> Self {
        Self {
            minute,
            held: 0,
            shared: limit,
            is_known: false,
        }
    }

    /// Notes what was drawn, after which there were as many drawn by all.
    fn take(&mut self, portion: u32, total: u32, limit: u32) {
        let before = total.saturating_sub(portion);
        self.held = portion.min(limit.saturating_sub(before));
        self.shared = limit.saturating_sub(total);
        self.is_known = true;
    }

    /// Gives a request out, and tells how many are left; nothing if there is none.
    fn give(&mut self) -> Option<u32> {
        self.held = self.held.checked_sub(1)?;
        Some(self.held + self.shared)
    }
}

impl Rates {
    /// Counts a request, and tells what is left.
    pub(crate) async fn count(
        &self,
        store: &Store,
        (policy, who): (Policy, &str),
        limit: u32,
        now: Timestamp,
    ) -> Result<Left, Over> {
        let minute = now.as_second().div_euclid(WINDOW);
        let name = format!("rate {} {who}", policy.name());
        let shard = usize::try_from(self.hasher.hash_one(&name)).unwrap_or_default() % SHARDS;
        let Some(shard) = self.shards.get(shard) else {
            return Err(Over::Fault(Fault::Damaged));
        };
        // One at a time draws: those who wait find what it has drawn.
        let mut windows = Arc::clone(shard).lock_owned().await;
        if windows.len() >= WINDOWS_MAX {
            windows.retain(|_, window| window.minute >= minute);
        }
        let remembered = windows.get(&name).copied();
        let is_remembered = remembered.is_some() || windows.len() < WINDOWS_MAX;
        // A request that has waited is counted in the minute that has begun meanwhile.
        let mut window = remembered
            .filter(|window| (minute..=minute + 1).contains(&window.minute))
            .unwrap_or_else(|| Window::new(minute, limit));
        if window.held == 0 && window.shared > 0 {
            let most = if is_remembered && window.is_known {
                window.shared / PORTION
            } else {
                1
            };
            let (store, portion) = (store.clone(), most.max(1));
            // What is drawn is kept, whatever becomes of the request that it was drawn for.
            let drawing = tokio::spawn(async move {
                let total = draw(&store, &name, portion, window.minute).await?;
                window.take(portion, total, limit);
                let left = window.give();
                if is_remembered {
                    windows.insert(name, window);
                }
                Ok::<_, Fault>(left)
            });
            let drawn = drawing.await.map_err(Fault::because).flatten();
            let left = drawn.map_err(Over::Fault)?;
            return Self::answer(left, (policy, limit), now);
        }
        let left = window.give();
        if is_remembered {
            windows.insert(name, window);
        }
        Self::answer(left, (policy, limit), now)
    }

    /// What is left after a request was given out, or that none was.
    fn answer(
        left: Option<u32>,
        (policy, limit): (Policy, u32),
        now: Timestamp,
    ) -> Result<Left, Over> {
        left.map(|left| Left::new(policy, limit, left, now))
            .ok_or_else(|| Over::TooMany(Left::new(policy, limit, 0, now)))
    }
}

/// Draws requests, and tells how many were drawn by all instances in this minute.
async fn draw(store: &Store, name: &str, portion: u32, minute: i64) -> Result<u32, Fault> {
    let since = minute.saturating_mul(WINDOW * 1000);
    let values = vec![name.into(), i64::from(portion).into(), since.into()];
    let rows = store.change(DRAW, values).await?;
    let total = rows.first().ok_or(Fault::Damaged)?.int("value")?;
    Ok(u32::try_from(total).unwrap_or(u32::MAX))
}

impl Exchange {
    async fn count(&self, call: &Call, what: (Policy, &str), limit: u32) -> Result<(), Over> {
        let counted = self.rates.count(&self.store, what, limit, call.now).await;
        match &counted {
            // What is told is what is left for the owner, as long as it is not the client's.
            Ok(_) if what.0 == Policy::Client => {}
            Ok(left) | Err(Over::TooMany(left)) => call.visitor.show(*left),
            Err(Over::Fault(_)) => {}
        }
        counted.map(drop)
    }

    /// Counts a request of a client for an owner, whose token was shown.
    // r[impl withdrawal.rate.scope]
    pub(super) async fn rate(&self, client: &str, owner: &str, call: &Call) -> Result<(), Failure> {
        let both = format!("{client} {owner}");
        // r[impl withdrawal.rate.cancel]
        let cancels = call.uri.path().ends_with("/cancel");
        let policy = if cancels {
            Policy::Cancel
        } else {
            Policy::Owner
        };
        if !cancels {
            // An owner's requests that are too many are not those of the others.
            self.count(call, (policy, &both), self.settings.requests_per_minute)
                .await?;
        }
        let (what, limit) = if cancels {
            ((policy, both.as_str()), self.settings.requests_per_minute)
        } else {
            ((Policy::Client, client), self.settings.requests_per_client)
        };
        self.count(call, what, limit).await?;
        call.visitor.is_known();
        Ok(())
    }

    /// Counts a request to an endpoint of OAuth of a client that has authenticated.
    pub(super) async fn rate_of_client(
        &self,
        client: &str,
        call: &Call,
    ) -> Result<(), OAuthFailure> {
        let limit = self.settings.requests_per_client;
        let what = (Policy::Authorization, client);
        self.count(call, what, limit).await?;
        call.visitor.is_known();
        Ok(())
    }

    /// Counts a refresh of a grant whose token was shown: everybody can name a public client.
    pub(super) async fn rate_of_grant(&self, grant: &str, call: &Call) -> Result<(), OAuthFailure> {
        let limit = self.settings.requests_per_minute;
        let what = (Policy::Grant, grant);
        self.count(call, what, limit).await?;
        call.visitor.is_known();
        Ok(())
    }
}
