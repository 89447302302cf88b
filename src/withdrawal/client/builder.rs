use std::net::SocketAddr;

use tokio::sync::Mutex;

use super::high::Nonces;
use super::metadata::{discover, url_of};
use super::session::Session;
use super::transport::Transport;
use super::{
    Client, ClientAuthentication, ClientError, Keeper, MemoryKeeper, Patience, SystemTime, Time,
    Tokens,
};
use crate::wire::withdrawal::{ClientId, HttpsUri};

/// Puts a client together.
#[derive(Debug)]
pub struct ClientBuilder<K = MemoryKeeper, T = SystemTime> {
    issuer: HttpsUri,
    id: ClientId,
    authentication: ClientAuthentication,
    http: reqwest::ClientBuilder,
    plain: Option<SocketAddr>,
    patience: Patience,
    tokens: Option<Tokens>,
    keeper: K,
    time: T,
}

impl ClientBuilder {
    pub(super) fn new(
        issuer: HttpsUri,
        id: ClientId,
        authentication: ClientAuthentication,
    ) -> Self {
        Self {
            issuer,
            id,
            authentication,
            http: reqwest::Client::builder(),
            plain: None,
            patience: Patience::default(),
            tokens: None,
            keeper: MemoryKeeper::default(),
            time: SystemTime,
        }
    }
}

impl<K: Keeper, T: Time> ClientBuilder<K, T> {
    /// Keeps submissions and tokens where they survive a restart. Without a keeper, they are in
    /// memory.
    #[must_use]
    pub fn keeper<L: Keeper>(self, keeper: L) -> ClientBuilder<L, T> {
        self.on(|_, time| (keeper, time))
    }

    /// Takes the time from elsewhere.
    #[must_use]
    pub fn time<U: Time>(self, time: U) -> ClientBuilder<K, U> {
        self.on(|keeper, _| (keeper, time))
    }

    /// The same client with another keeper or another time.
    fn on<L, U>(self, other: impl FnOnce(K, T) -> (L, U)) -> ClientBuilder<L, U> {
        let (keeper, time) = other(self.keeper, self.time);
        ClientBuilder {
            issuer: self.issuer,
            id: self.id,
            authentication: self.authentication,
            http: self.http,
            plain: self.plain,
            patience: self.patience,
            tokens: self.tokens,
            keeper,
            time,
        }
    }

    /// Goes on with these tokens, and not with those that the keeper has.
    #[must_use]
    pub fn tokens(mut self, tokens: Tokens) -> Self {
        self.tokens = Some(tokens);
        self
    }

    /// How often a request is made again.
    #[must_use]
    pub fn patience(mut self, patience: Patience) -> Self {
        self.patience = patience;
        self
    }

    /// Connects by a client of the application's making, such as one that trusts an authority of
    /// its own. Redirections, timeout and HTTPS are set here.
    #[must_use]
    pub fn http(mut self, http: reqwest::ClientBuilder) -> Self {
        self.http = http;
        self
    }

    /// Sends everything that is for the origin of the issuer to an address of this machine, without
    /// TLS: for a sandbox that runs beside the application. Tokens and codes travel in the clear.
    #[must_use]
    pub fn danger_plain_loopback(mut self, address: SocketAddr) -> Self {
        self.plain = Some(address);
        self
    }

    /// Asks the exchange for its metadata.
    ///
    /// # Errors
    /// [`ClientError::Untrusted`] for metadata of another issuer or resource,
    /// [`ClientError::Unsupported`] for an exchange that lacks what the client's profile needs, and
    /// [`ClientError::Unavailable`] if it does not answer.
    pub async fn discover(self) -> Result<Client<K, T>, ClientError> {
        let issuer = url_of(&self.issuer)?;
        let transport = match self.plain {
            Some(address) => Transport::danger_plain(&issuer, address)?,
            None => Transport::new(self.http)?,
        };
        let discovered = discover(&transport, &self.issuer, &self.authentication).await?;
        let tokens = match self.tokens {
            None => self.keeper.tokens().await?,
            tokens => tokens,
        };
        Ok(Client {
            transport,
            discovered,
            id: self.id,
            authentication: self.authentication,
            patience: self.patience,
            keeper: self.keeper,
            time: self.time,
            nonces: Nonces::default(),
            session: Mutex::new(Session::of(tokens)),
        })
    }
}
