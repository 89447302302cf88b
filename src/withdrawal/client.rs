//! The client of the withdrawal protocol, as a wallet uses it (feature `withdrawal-client`).
//!
//! A [`Client`] acts for one owner at one exchange. It finds the endpoints, gets the owner's consent,
//! and withdraws: under a key that it makes and keeps, with the owner's approval if the exchange asks
//! for it, and never twice.
//!
//! ```no_run
//! use x428::wire::withdrawal::{ClientId, HttpsUri, RedirectUri, Scope, WithdrawalRequest};
//! use x428::withdrawal::client::{Approval, Client, ClientAuthentication, Consent};
//!
//! # async fn example(asks: impl Approval, request: WithdrawalRequest, came_back: String)
//! # -> Result<(), Box<dyn std::error::Error>> {
//! let client = Client::builder(
//!     HttpsUri::parse("https://exchange.example")?,
//!     ClientId::parse("example-wallet")?,
//!     ClientAuthentication::Public,
//! )
//! .discover()
//! .await?;
//!
//! let consent = Consent::to([Scope::AssetsRead, Scope::WithdrawalsCreate, Scope::OfflineAccess]);
//! let redirect_uri = RedirectUri::parse("http://127.0.0.1:8080/callback")?;
//! let authorization = client.authorize(redirect_uri, &consent).await?;
//! println!("Open {} in your browser.", authorization.url());
//! client.redeem(authorization, &came_back).await?;
//!
//! let withdrawal = client.withdraw(&request, &asks).await?;
//! println!("{} is {:?}", withdrawal.id().as_str(), withdrawal.status());
//! # Ok(())
//! # }
//! ```
//!
//! | part | section | does |
//! |---|---|---|
//! | [`Discovered`] | 3.9 | what the exchange says of itself, compared with where it was asked |
//! | [`Authorization`], [`Tokens`] | 3.4 to 3.7 | consent with PKCE, `state` and `iss`; rotation |
//! | [`HighKeys`] | 3.4 to 3.6 | the High profile: pushed requests, `private_key_jwt`, DPoP with nonces |
//! | [`Keeper`], [`FileKeeper`], [`Pending`] | 6.3 | keeps a submission until its outcome is known |
//! | [`Approval`], [`StepUp`] | 7 | asks the owner, and polls no faster than the exchange wants |
//! | [`Reported`] | 6.2, 8 | a withdrawal, also one that is newer than this client |
//! | [`Client::subscribe`], [`Client::webhook_verifier`] | 8.5 | webhooks: subscribed to, and verified |
//! | [`ClientError`] | 10 | what went wrong, by whose fault; an outage is never an answer |
//!
//! The requests of OAuth 2.0 are written here and not by the crate `oauth2`. Its release 5.0 knows
//! neither pushed requests nor DPoP with its nonces, neither `iss` in the response nor authorization
//! details. What it would do is to make three forms; what it would bring is a second version of
//! reqwest's stack, `chrono`, `rand` and `sha2`, and tokens that are not erased from memory.

use std::net::SocketAddr;

use http::{Method, StatusCode, header};
use jiff::SignedDuration;
use serde::Serialize;
use tokio::sync::Mutex;
use url::Url;

use crate::error::Unavailable;
use crate::wire::withdrawal::{
    ClientId, DpopProofClaimsNonce, HttpsUri, OAuthErrorCode, REFRESH_REUSE_WINDOW, RedirectUri,
    TokenType, WithdrawalErrorCode,
};

mod answer;
mod approval;
mod authorize;
mod challenge;
mod error;
mod file;
mod form;
mod high;
mod keeper;
mod metadata;
mod read;
mod secret;
mod step_up;
mod submit;
mod time;
mod tokens;
mod transport;
mod webhooks;

pub use answer::Reported;
pub use approval::{Approval, Choice, Code, CodeAsked, Waiting};
pub use authorize::{Authorization, Consent};
pub use challenge::StepUp;
pub use error::{ClientError, OAuthCode, Refusal};
pub use file::{FileKeeper, FileKeeperError};
pub use high::HighKeys;
pub use keeper::{Keeper, MemoryKeeper, Pending};
pub use metadata::Discovered;
pub use read::Listed;
pub use time::{Patience, SystemTime, Time};
pub use tokens::{ClientAuthentication, Tokens};
pub use webhooks::Subscribed;

use authorize::Asked;
use high::{DPOP, Nonces, Proved, wants_nonce};
use metadata::{discover, url_of};
use transport::{Answer, Request, Transport};

/// An access token that expires within this time is refreshed before it is used.
const LEEWAY: SignedDuration = SignedDuration::from_secs(10);

/// A client for one owner at one exchange.
#[derive(Debug)]
pub struct Client<K = MemoryKeeper, T = SystemTime> {
    transport: Transport,
    discovered: Discovered,
    id: ClientId,
    authentication: ClientAuthentication,
    patience: Patience,
    keeper: K,
    time: T,
    nonces: Nonces,
    session: Mutex<Session>,
}

/// The tokens, and whether the keeper has them.
#[derive(Debug, Default)]
struct Session {
    tokens: Option<Tokens>,
    is_unkept: bool,
}

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

impl Client {
    /// Begins with an exchange, by its issuer, and with the name that it has given this client.
    #[must_use]
    pub fn builder(
        issuer: HttpsUri,
        id: ClientId,
        authentication: ClientAuthentication,
    ) -> ClientBuilder {
        ClientBuilder {
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
        ClientBuilder {
            issuer: self.issuer,
            id: self.id,
            authentication: self.authentication,
            http: self.http,
            plain: self.plain,
            patience: self.patience,
            tokens: self.tokens,
            keeper,
            time: self.time,
        }
    }

    /// Takes the time from elsewhere.
    #[must_use]
    pub fn time<U: Time>(self, time: U) -> ClientBuilder<K, U> {
        ClientBuilder {
            issuer: self.issuer,
            id: self.id,
            authentication: self.authentication,
            http: self.http,
            plain: self.plain,
            patience: self.patience,
            tokens: self.tokens,
            keeper: self.keeper,
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
            session: Mutex::new(Session {
                tokens,
                is_unkept: false,
            }),
        })
    }
}

impl<K: Keeper, T: Time> Client<K, T> {
    /// What the exchange says of itself.
    #[must_use]
    pub fn discovered(&self) -> &Discovered {
        &self.discovered
    }

    /// Whether there are tokens. They may have ended meanwhile: then a request is answered with
    /// [`ClientError::ConsentNeeded`], as it is without any.
    pub async fn has_tokens(&self) -> bool {
        self.session.lock().await.tokens.is_some()
    }

    /// Prepares the owner's consent. The application sends the owner's browser to
    /// [`Authorization::url`], and waits at `redirect_uri`. In the High profile the request is pushed
    /// before, and the address is good for one visit within a minute or so.
    ///
    /// # Errors
    /// [`ClientError::Misuse`] for consent to nothing; [`ClientError::OAuth`] and others if the
    /// exchange does not take a pushed request.
    pub async fn authorize(
        &self,
        redirect_uri: RedirectUri,
        consent: &Consent,
    ) -> Result<Authorization, ClientError> {
        self.asked(Asked::new(redirect_uri, consent)?).await
    }

    /// Takes the query with which the owner's browser came back to the redirect URI, without its
    /// question mark, and gets tokens for it.
    ///
    /// # Errors
    /// [`ClientError::Untrusted`] for a response with another `state` or `iss`;
    /// [`ClientError::OAuth`] if the owner or the exchange refused. A code is good for one attempt:
    /// after [`ClientError::Unavailable`] the owner has to be asked anew.
    pub async fn redeem(
        &self,
        authorization: Authorization,
        query: &str,
    ) -> Result<Tokens, ClientError> {
        let granted = authorization.granted(query)?;
        let mut session = self.session.lock().await;
        let endpoint = &self.discovered.authorization_server.token_endpoint;
        let fields = [
            ("grant_type", "authorization_code"),
            ("code", granted.code.as_str()),
            ("redirect_uri", granted.redirect_uri.as_str()),
            ("code_verifier", granted.verifier.as_str()),
        ];
        let answer = self.form(endpoint, &fields).await?;
        let tokens = tokens::tokens(&answer, self.kind(), self.time.now(), None)?;
        self.keep(&mut session, tokens.clone()).await?;
        Ok(tokens)
    }

    /// Gives the tokens back and forgets them.
    ///
    /// # Errors
    /// [`ClientError::Unavailable`] and others if the exchange does not take them; they are
    /// forgotten here all the same.
    pub async fn revoke(&self) -> Result<(), ClientError> {
        let mut session = self.session.lock().await;
        let Some(tokens) = self.forget_tokens(&mut session).await else {
            return Ok(());
        };
        // The access tokens go with the refresh token.
        let token = tokens.refresh().unwrap_or(tokens.access());
        let endpoint = &self.discovered.authorization_server.revocation_endpoint;
        let answer = self.form(endpoint, &[("token", token)]).await?;
        if answer.status == StatusCode::OK {
            Ok(())
        } else {
            Err(answer::oauth_refusal(&answer))
        }
    }

    /// Tokens that are of no use any more. A keeper that fails to forget them does no harm.
    async fn forget_tokens(&self, session: &mut Session) -> Option<Tokens> {
        let _ = self.keeper.remove_tokens().await;
        session.is_unkept = false;
        session.tokens.take()
    }

    /// The tokens that this client uses.
    fn kind(&self) -> TokenType {
        match self.authentication.keys() {
            Some(_) => TokenType::DPoP,
            None => TokenType::Bearer,
        }
    }

    /// Holds tokens, and has them kept. If the keeper fails it is asked again before their next use.
    async fn keep(&self, session: &mut Session, tokens: Tokens) -> Result<(), Unavailable> {
        let tokens = session.tokens.insert(tokens);
        session.is_unkept = true;
        self.keeper.put_tokens(tokens).await?;
        session.is_unkept = false;
        Ok(())
    }

    /// Tokens that can be used now.
    async fn token(&self) -> Result<Tokens, ClientError> {
        self.token_other_than(None).await
    }

    /// Tokens that can be used now, after the exchange has refused an access token. Of several that
    /// come at once, one refreshes.
    async fn token_other_than(&self, refused: Option<&Tokens>) -> Result<Tokens, ClientError> {
        let mut session = self.session.lock().await;
        let tokens = session.tokens.clone().ok_or(ClientError::ConsentNeeded)?;
        if session.is_unkept {
            self.keep(&mut session, tokens.clone()).await?;
        }
        let is_refused = refused.is_some_and(|refused| refused.access() == tokens.access());
        let left = tokens.expires_at().duration_since(self.time.now());
        if !is_refused && left > LEEWAY {
            return Ok(tokens);
        }
        let Some(refresh) = tokens.refresh() else {
            if !is_refused && left.is_positive() {
                return Ok(tokens);
            }
            self.forget_tokens(&mut session).await;
            return Err(ClientError::ConsentNeeded);
        };
        match self.refreshed(refresh, &tokens).await {
            Ok(tokens) => {
                self.keep(&mut session, tokens.clone()).await?;
                Ok(tokens)
            }
            Err(ClientError::OAuth { code })
                if code.known() == Some(OAuthErrorCode::InvalidGrant) =>
            {
                self.forget_tokens(&mut session).await;
                Err(ClientError::ConsentNeeded)
            }
            Err(error) => Err(error),
        }
    }

    /// Refreshes. A request without an answer is made again only as long as the exchange takes the
    /// old token for a lost answer, and not for a theft.
    // r[impl withdrawal.refresh.window]
    async fn refreshed(&self, refresh: &str, before: &Tokens) -> Result<Tokens, ClientError> {
        let endpoint = &self.discovered.authorization_server.token_endpoint;
        let fields = [("grant_type", "refresh_token"), ("refresh_token", refresh)];
        let begin = self.time.now();
        let window = SignedDuration::try_from(REFRESH_REUSE_WINDOW).unwrap_or(SignedDuration::ZERO);
        let mut attempt = 1;
        loop {
            let outcome = match self.form(endpoint, &fields).await {
                Ok(answer) => tokens::tokens(&answer, self.kind(), self.time.now(), Some(before)),
                Err(error) => Err(error),
            };
            let Err(ClientError::Unavailable(error)) = outcome else {
                return outcome;
            };
            let Some(wait) = self.patience.after(attempt, None)? else {
                return Err(error.into());
            };
            self.time.wait(wait).await;
            if self.time.now().duration_since(begin) >= window {
                return Err(error.into());
            }
            attempt += 1;
        }
    }

    fn url(&self, path: &[&str]) -> Result<Url, ClientError> {
        let mut url = url_of(&self.discovered.exchange.base_url)?;
        url.path_segments_mut()
            .map_err(|()| ClientError::Untrusted("an address that is no URL"))?
            .pop_if_empty()
            .extend(path);
        Ok(url)
    }

    fn request(&self, method: Method, path: &[&str]) -> Result<Request, ClientError> {
        Ok(Request::new(method, self.url(path)?))
    }

    fn post(&self, path: &[&str], body: &impl Serialize) -> Result<Request, ClientError> {
        Ok(Request::new(Method::POST, self.url(path)?).with_json(body)?)
    }

    /// Makes a request of the API once; a second time if the access token was refused and can be
    /// refreshed. A refused token means that nothing was done.
    async fn once(&self, request: Request) -> Result<Answer, ClientError> {
        let tokens = self.token().await?;
        let answer = self.presenting(request.clone(), &tokens).await?;
        if !is_token_refused(&answer) {
            return Ok(answer);
        }
        let tokens = self.token_other_than(Some(&tokens)).await?;
        self.presenting(request, &tokens).await
    }

    /// Presents the token; in the High profile with a proof, and once more if that needs a nonce.
    async fn presenting(
        &self,
        mut request: Request,
        tokens: &Tokens,
    ) -> Result<Answer, ClientError> {
        let authorization = tokens.header(self.kind())?;
        request.headers.insert(header::AUTHORIZATION, authorization);
        let Some(keys) = self.authentication.keys() else {
            return self.transport.send(request).await;
        };
        let mut has_nonce = false;
        loop {
            let mut request = request.clone();
            let url = request.url.clone();
            let nonce = self.nonces.of(&url);
            let proof = keys.proof(Proved {
                algorithm: self.discovered.algorithm(),
                method: &request.method,
                url: &url,
                token: Some(tokens.access()),
                nonce: nonce.clone(),
                now: self.time.now(),
            });
            let proof = proof.await?;
            request.headers.insert(DPOP, proof);
            let answer = self.transport.send(request).await?;
            let wants_other = self.wants_other_nonce(&url, &answer, nonce.as_ref());
            if has_nonce || !wants_other {
                return Ok(answer);
            }
            has_nonce = true;
        }
    }

    /// Remembers the nonce that came with an answer, and says whether the request was refused
    /// because it carried another one, or none.
    fn wants_other_nonce(
        &self,
        url: &Url,
        answer: &Answer,
        carried: Option<&DpopProofClaimsNonce>,
    ) -> bool {
        // Of requests that are made at once, each carried the old nonce, and for the first alone the
        // answer has a new one.
        let is_new = self.nonces.learn(url, answer);
        let is_other = is_new || self.nonces.of(url).as_ref() != carried;
        is_other && wants_nonce(answer)
    }

    /// Makes a request that may be repeated, until there is an answer that waiting does not change.
    /// `lost` becomes true if a request may have been answered without this client knowing how.
    // r[impl withdrawal.error.retry]
    async fn repeated(&self, request: Request, lost: &mut bool) -> Result<Answer, ClientError> {
        let mut attempt = 1;
        loop {
            let outcome = self.once(request.clone()).await;
            let asked = match &outcome {
                Ok(answer) if answer.status.is_success() => return outcome,
                Ok(answer) => match answer::refusal(answer) {
                    ClientError::Refused(refusal) if refusal.passes() => {
                        // The first request with the key is still under way, or was.
                        let is_under_way = refusal.is(WithdrawalErrorCode::IdempotencyInProgress);
                        *lost |= refusal.status >= 500 || is_under_way;
                        refusal.retry_after
                    }
                    ClientError::Unavailable(_) => {
                        *lost = true;
                        answer.retry_after()
                    }
                    _ => return outcome,
                },
                Err(ClientError::Unavailable(_)) => {
                    *lost = true;
                    None
                }
                Err(_) => return outcome,
            };
            match self.patience.after(attempt, asked)? {
                Some(wait) => self.time.wait(wait).await,
                None => return outcome,
            }
            attempt += 1;
        }
    }
}

fn is_token_refused(answer: &Answer) -> bool {
    answer.status == StatusCode::UNAUTHORIZED
        && answer::refusal(answer).code() == Some(WithdrawalErrorCode::InvalidToken)
}
