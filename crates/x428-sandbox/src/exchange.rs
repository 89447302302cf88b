//! A reference exchange that speaks the withdrawal protocol: an authorization server, the API, a
//! settlement that is simulated, and the pages at which an owner logs in, consents and approves.
//!
//! It keeps everything in one SQLite file or in PostgreSQL, which several instances may share.
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use x428_sandbox::exchange::{Exchange, Settings, Store, seed};
//!
//! let store = Store::sqlite("exchange.db").await?;
//! let exchange = Exchange::new(store, Settings::new("https://localhost:8429")).await?;
//! for line in seed::demo(&exchange).await? {
//!     println!("{line}");
//! }
//! let router: axum::Router = exchange.router();
//! # Ok(())
//! # }
//! ```

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::middleware::from_fn_with_state;
use jiff::Timestamp;
use x428::clock::{Clock, SystemClock};
use x428::error::{Misuse, Unavailable};
use x428::wire::withdrawal::HttpsUri;

use self::keys::Keys;
use self::rate::Rates;

mod access;
mod address;
mod api;
mod audit;
mod call;
mod deliver;
mod digest;
mod failure;
mod keys;
mod listing;
mod mail;
mod model;
mod notify;
mod oauth;
mod pages;
mod password;
mod random;
mod rate;
pub mod register;
mod security;
pub mod seed;
mod settings;
mod settlement;
mod step_up;
mod store;
mod submit;
mod tls;

pub use mail::MailServer;
pub use model::{Checksum, KnownAddress, ListedAsset, ListedNetwork, StepUpRule};
pub use random::{Random, SystemRandom};
pub use rate::Peer;
pub use settings::{NotAllowed, Settings, TravelRuleThresholds};
pub use settlement::SCRIPTS;
pub use store::{Fault, Store};
pub use tls::{OwnCertificate, TlsListener};

/// Why there is no exchange.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExchangeError {
    /// The settings cannot be used.
    #[error(transparent)]
    Misuse(#[from] Misuse),
    /// The specification does not allow them.
    #[error(transparent)]
    NotAllowed(#[from] NotAllowed),
    /// The database does not answer.
    #[error("the database: {0}")]
    Store(#[from] Fault),
}

/// An exchange.
pub struct Exchange {
    store: Store,
    keys: Keys,
    settings: Settings,
    clock: Box<dyn Clock + Send + Sync>,
    random: Box<dyn Random>,
    rates: Rates,
    courier: deliver::Courier,
    /// Where e-mails go; to the outbox page if there is nothing.
    mailer: Option<mail::Mailer>,
}

impl Exchange {
    /// An exchange on a database, with the clock of the system.
    ///
    /// # Errors
    /// [`ExchangeError`] for an issuer that is not an https URI, for a setting that the
    /// specification does not allow, and for a database that does not answer.
    pub async fn new(store: Store, settings: Settings) -> Result<Arc<Self>, ExchangeError> {
        Self::with_clock(store, settings, SystemClock).await
    }

    /// An exchange that takes the time from another clock.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub async fn with_clock(
        store: Store,
        settings: Settings,
        clock: impl Clock + Send + Sync + 'static,
    ) -> Result<Arc<Self>, ExchangeError> {
        Self::with_sources(store, settings, clock, SystemRandom).await
    }

    /// An exchange that takes time and names from elsewhere: for tests that foresee both.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub async fn with_sources(
        store: Store,
        settings: Settings,
        clock: impl Clock + Send + Sync + 'static,
        random: impl Random,
    ) -> Result<Arc<Self>, ExchangeError> {
        HttpsUri::parse(settings.issuer.as_str())
            .map_err(|_| Misuse::new("the issuer has to be an https URI"))?;
        settings.check()?;
        let keys = Keys::load(&store, settings.keys_replaced, clock.now()).await?;
        let courier = deliver::Courier::new(settings.private_webhooks, settings.webhook_patience)?;
        let mailer = match &settings.mail_server {
            Some(server) => Some(mail::Mailer::new(server, settings.host())?),
            None => None,
        };
        Ok(Arc::new(Self {
            store,
            keys,
            settings,
            clock: Box::new(clock),
            random: Box::new(random),
            rates: Rates::default(),
            courier,
            mailer,
        }))
    }

    /// The whole service.
    pub fn router(self: &Arc<Self>) -> Router {
        let api = api::routes()
            .layer(from_fn_with_state(Arc::clone(self), api::limits))
            .layer(from_fn_with_state(Arc::clone(self), call::envelope));
        let oauth = oauth::routes()
            .layer(from_fn_with_state(Arc::clone(self), oauth::limits))
            .layer(from_fn_with_state(Arc::clone(self), call::envelope));
        let pages = pages::routes().layer(from_fn_with_state(Arc::clone(self), pages::limits));
        Router::new()
            .merge(api)
            .merge(oauth)
            .merge(pages)
            .with_state(Arc::clone(self))
    }

    /// Does what is due: moves withdrawals on, delivers webhooks and e-mails, ends challenges,
    /// replaces keys, forgets what has ended. It is called again and again, by one instance or by
    /// several.
    ///
    /// # Errors
    /// The first [`Fault`] of the database. What failed keeps nothing else from being done.
    pub async fn work(self: &Arc<Self>) -> Result<(), Fault> {
        let kept = self.keep_books().await;
        let delivered = deliver::deliver(self).await;
        let mailed = mail::deliver(self).await;
        kept.and(delivered).and(mailed)
    }

    /// Does what waits for nobody outside.
    async fn keep_books(self: &Arc<Self>) -> Result<(), Fault> {
        let settled = settlement::tick(self).await;
        let turned = self.keys.turn(&self.store, self.now()).await;
        let expired = step_up::expire::tick(self).await;
        let kept = self.settings.messages_kept;
        let forgotten = store::forget::forget(&self.store, kept, self.now()).await;
        settled.and(turned).and(expired).and(forgotten)
    }

    /// Works until the future is dropped. A receiver or a mail server that takes its time keeps no
    /// withdrawal waiting.
    pub async fn work_forever(self: Arc<Self>) {
        tokio::join!(
            self.repeat(|| self.keep_books()),
            deliver::deliver_forever(Arc::clone(&self), self.round()),
            self.repeat(|| mail::deliver(&self)),
        );
    }

    async fn repeat<W: Future<Output = Result<(), Fault>>>(&self, work: impl Fn() -> W) {
        let mut interval = tokio::time::interval(self.round());
        interval.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            interval.tick().await;
            if let Err(fault) = work().await {
                tracing::error!(%fault, "work has to be repeated");
            }
        }
    }

    /// How long it is from one round of work to the next.
    fn round(&self) -> Duration {
        (self.settings.pace / 4).clamp(Duration::from_millis(50), Duration::from_secs(1))
    }

    /// Whether an asset is withdrawn on a network.
    ///
    /// # Errors
    /// [`Fault`] if the database does not answer.
    pub async fn has_network(&self, network: &str) -> Result<bool, Fault> {
        let mut reading = self.store.read().await?;
        let all = "SELECT data FROM asset";
        let assets: Vec<ListedAsset> = reading.find(all, Vec::new()).await?;
        reading.end().await?;
        let mut networks = assets.iter().flat_map(|asset| &asset.networks);
        Ok(networks.any(|listed| listed.network.network == network))
    }

    /// Connects to the mail server, if there is one, and logs in there. Nothing is sent.
    ///
    /// # Errors
    /// [`Unavailable`] if the server does not answer, does not prove its name, or refuses the login.
    /// E-mails wait until it does.
    pub async fn reach_mail_server(&self) -> Result<(), Unavailable> {
        mail::reach(self).await
    }

    /// Whether the record of every owner is whole.
    ///
    /// # Errors
    /// [`Fault`] if the database does not answer.
    pub async fn records_are_whole(&self) -> Result<bool, Fault> {
        let mut reading = self.store.read().await?;
        let owners = reading.rows("SELECT id FROM owner", Vec::new()).await?;
        for owner in &owners {
            if !audit::is_whole(&mut reading, owner.text("id")?).await? {
                return Ok(false);
            }
        }
        reading.end().await?;
        Ok(true)
    }

    /// The time, in whole milliseconds as it is kept.
    fn now(&self) -> Timestamp {
        let now = self.clock.now();
        Timestamp::from_millisecond(now.as_millisecond()).unwrap_or(now)
    }
}

impl std::fmt::Debug for Exchange {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Exchange").finish_non_exhaustive()
    }
}
