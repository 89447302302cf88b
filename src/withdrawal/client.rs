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

use tokio::sync::Mutex;

use crate::wire::withdrawal::{ClientId, HttpsUri};

mod answer;
mod approval;
mod authorize;
mod builder;
mod challenge;
mod error;
mod file;
mod form;
mod high;
mod keeper;
mod metadata;
mod read;
mod request;
mod secret;
mod session;
mod step_up;
mod submit;
mod time;
mod tokens;
mod transport;
mod webhooks;

pub use answer::Reported;
pub use approval::{Approval, Choice, Code, CodeAsked, Waiting};
pub use authorize::{Authorization, Consent};
pub use builder::ClientBuilder;
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

use high::Nonces;
use session::Session;
use transport::Transport;

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

impl Client {
    /// Begins with an exchange, by its issuer, and with the name that it has given this client.
    #[must_use]
    pub fn builder(
        issuer: HttpsUri,
        id: ClientId,
        authentication: ClientAuthentication,
    ) -> ClientBuilder {
        ClientBuilder::new(issuer, id, authentication)
    }
}

impl<K: Keeper, T: Time> Client<K, T> {
    /// What the exchange says of itself.
    #[must_use]
    pub fn discovered(&self) -> &Discovered {
        &self.discovered
    }
}
