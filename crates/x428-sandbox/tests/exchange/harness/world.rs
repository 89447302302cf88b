use std::path::PathBuf;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, header};
use serde_json::Value;
use tempfile::TempDir;
use totp_rs::{Builder, Secret};
use x428::clock::Clock as _;
use x428_sandbox::exchange::{Exchange, Settings, Store, seed};

use super::browser::form_of;
use super::{ALL_SCOPES, Answer, Browser, CALLBACK, Hand, ISSUER, VERIFIER, Wallet};

/// An exchange with the demo owners, clients and assets.
pub(crate) struct World {
    pub(crate) exchange: Arc<Exchange>,
    pub(crate) app: Router,
    pub(crate) clock: Hand,
    /// The secret of ana's authenticator app.
    pub(crate) app_secret: &'static [u8],
    /// Where the file of the database is, until the world ends.
    directory: Option<TempDir>,
}

/// The secret of ana's authenticator app as the seed has it.
const APP_SECRET: &[u8] = b"x428-sandbox-of-ana!";

impl World {
    pub(crate) async fn new() -> Self {
        Self::with(|_| {}).await
    }

    pub(crate) async fn with(change: impl FnOnce(&mut Settings)) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::sqlite(directory.path().join("exchange.db")).await;
        Self::on(store.unwrap(), Some(directory), change).await
    }

    pub(crate) async fn on(
        store: Store,
        directory: Option<TempDir>,
        change: impl FnOnce(&mut Settings),
    ) -> Self {
        let mut settings = Settings::new(ISSUER);
        settings.requests_per_minute = 10_000;
        settings.requests_per_client = 100_000;
        settings.requests_per_origin = 100_000;
        settings.challenges = (1000, 1000);
        change(&mut settings);
        let clock = Hand::at("2026-11-20T12:00:00Z");
        let exchange = Exchange::with_clock(store, settings, clock.clone())
            .await
            .unwrap();
        seed::demo(&exchange).await.unwrap();
        Self::around(exchange, clock, APP_SECRET, directory)
    }

    /// The world of an exchange.
    pub(crate) fn around(
        exchange: Arc<Exchange>,
        clock: Hand,
        app_secret: &'static [u8],
        directory: Option<TempDir>,
    ) -> Self {
        Self {
            app: exchange.router(),
            exchange,
            clock,
            app_secret,
            directory,
        }
    }

    /// The exchange started anew on the same file, while the old one is still there.
    pub(crate) async fn restarted(&self, change: impl FnOnce(&mut Settings)) -> Self {
        let store = Store::sqlite(self.database().unwrap()).await.unwrap();
        let mut settings = Settings::new(ISSUER);
        change(&mut settings);
        let exchange = Exchange::with_clock(store, settings, self.clock.clone());
        let exchange = exchange.await.unwrap();
        Self {
            app: exchange.router(),
            exchange,
            clock: self.clock.clone(),
            app_secret: self.app_secret,
            directory: None,
        }
    }

    /// The file of the database, on SQLite.
    pub(crate) fn database(&self) -> Option<PathBuf> {
        let directory = self.directory.as_ref()?;
        Some(directory.path().join("exchange.db"))
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        Answer::of(self.app.clone(), request).await
    }

    /// Lets as much time pass as `steps` of the settlement take, and settles after each.
    pub(crate) async fn settle(&self, steps: usize) {
        for _ in 0..steps {
            self.clock.turn_seconds(5);
            self.exchange.work().await.unwrap();
        }
    }

    /// The code of ana's authenticator app.
    pub(crate) fn totp(&self) -> String {
        let secret = Secret::new(Box::from(self.app_secret));
        let totp = Builder::new().with_secret(secret).build().unwrap();
        let now = u64::try_from(self.clock.now().as_second()).unwrap();
        totp.generate(now).to_string()
    }

    /// A wallet that ana has given every scope.
    pub(crate) async fn wallet(&self) -> Wallet<'_> {
        self.wallet_of("ana", ALL_SCOPES, None).await
    }

    pub(crate) async fn wallet_of(
        &self,
        login: &str,
        scopes: &str,
        details: Option<Value>,
    ) -> Wallet<'_> {
        let mut browser = Browser::new(self);
        browser.log_in(login).await;
        let tokens = browser.tokens(scopes, details).await;
        tokens.is(200, "");
        // The next code of the app is one of a later step.
        self.clock.turn_seconds(60);
        browser.into_wallet(tokens.json())
    }
}

impl World {
    pub(crate) async fn form(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let request = Request::post(path)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Body::from(form_of(fields.iter().copied())));
        self.send(request.unwrap()).await
    }

    /// Sends a form as `example-wallet`.
    pub(crate) async fn as_client(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let mut all = vec![
            ("client_id", "example-wallet"),
            ("client_secret", "sandbox-secret-of-example-wallet"),
        ];
        all.extend(fields);
        self.form(path, &all).await
    }

    pub(crate) async fn exchange_code(&self, code: &str) -> Answer {
        let fields = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", CALLBACK),
            ("code_verifier", VERIFIER),
        ];
        self.as_client("/oauth/token", &fields).await
    }
}
