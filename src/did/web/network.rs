//! How documents are reached: names, addresses, certificates, time.

use std::future::Future;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use reqwest::Certificate;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::redirect;

use super::address::is_public;
use crate::error::{Malformed, Unavailable};
use crate::wire::attestation::DID_RESOLUTION_TIMEOUT;

/// How long a connection may take to be made.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

/// Looks up the addresses of a name.
pub trait Lookup {
    /// Returns all addresses of `name`.
    ///
    /// # Errors
    /// Whatever kept the addresses from being found.
    fn lookup(&self, name: &str) -> impl Future<Output = std::io::Result<Vec<IpAddr>>> + Send;
}

/// Asks the resolver of the system.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemLookup;

impl Lookup for SystemLookup {
    async fn lookup(&self, name: &str) -> std::io::Result<Vec<IpAddr>> {
        // A name that ends in a dot is whole: no search domain of this network is put behind it.
        let whole = format!("{}.", name.trim_end_matches('.'));
        let addresses = tokio::net::lookup_host((whole, 0)).await?;
        Ok(addresses.map(|address| address.ip()).collect())
    }
}

type Found = Pin<Box<dyn Future<Output = std::io::Result<Vec<IpAddr>>> + Send>>;
type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// How documents are reached: over HTTPS, without a proxy and without redirects, at public
/// addresses only.
#[derive(Clone)]
pub struct Network {
    lookup: Arc<dyn Fn(String) -> Found + Send + Sync>,
    admits: Arc<dyn Fn(IpAddr) -> bool + Send + Sync>,
    roots: Vec<Certificate>,
    connect_timeout: Duration,
    timeout: Duration,
}

impl Network {
    /// The public internet, with the names and the certificate authorities of the system.
    #[must_use]
    pub fn public() -> Self {
        Self {
            lookup: looked_up_by(SystemLookup),
            admits: Arc::new(is_public),
            roots: Vec::new(),
            connect_timeout: CONNECT_TIMEOUT,
            timeout: DID_RESOLUTION_TIMEOUT,
        }
    }

    /// Looks names up elsewhere. The addresses are checked all the same.
    #[must_use]
    pub fn with_lookup(mut self, lookup: impl Lookup + Send + Sync + 'static) -> Self {
        self.lookup = looked_up_by(lookup);
        self
    }

    /// Gives up earlier, or later, than after the time of section 2.5.
    #[must_use]
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        // Who waits longer also waits longer for the connection.
        self.connect_timeout = CONNECT_TIMEOUT.max(timeout * 3 / 5).min(timeout);
        self
    }

    /// Connects to other addresses than public ones: for tests on the loopback interface. In
    /// production it lets every client of the server choose what the server connects to.
    #[must_use]
    pub fn danger_admit(mut self, admits: impl Fn(IpAddr) -> bool + Send + Sync + 'static) -> Self {
        self.admits = Arc::new(admits);
        self
    }

    /// Trusts the certificate authorities of this PEM file, and no others: for tests.
    ///
    /// # Errors
    /// [`Malformed`] if it holds no certificate.
    pub fn danger_trust_only(mut self, pem: &str) -> Result<Self, Malformed> {
        let refuse = || Malformed::new("certificate", "not PEM of an X.509 certificate");
        self.roots = Certificate::from_pem_bundle(pem.as_bytes()).map_err(|_| refuse())?;
        if self.roots.is_empty() {
            return Err(refuse());
        }
        Ok(self)
    }

    // r[impl attestation.did-web.https]
    // r[impl attestation.did-web.timeout]
    pub(crate) fn client(self) -> Result<reqwest::Client, Unavailable> {
        let mut builder = reqwest::Client::builder()
            .https_only(true)
            .no_proxy()
            .redirect(redirect::Policy::none())
            .referer(false)
            .user_agent(concat!("x428/", env!("CARGO_PKG_VERSION")))
            // Documents are cached. A connection that is kept would only outlive its check.
            .pool_max_idle_per_host(0)
            .connect_timeout(self.connect_timeout)
            .timeout(self.timeout)
            .dns_resolver(Guard {
                lookup: self.lookup,
                admits: self.admits,
            });
        if !self.roots.is_empty() {
            builder = builder.tls_certs_only(self.roots);
        }
        builder
            .build()
            .map_err(|error| Unavailable::new("TLS", error))
    }
}

impl std::fmt::Debug for Network {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Network")
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}

fn looked_up_by(
    lookup: impl Lookup + Send + Sync + 'static,
) -> Arc<dyn Fn(String) -> Found + Send + Sync> {
    let lookup = Arc::new(lookup);
    Arc::new(move |name| {
        let lookup = Arc::clone(&lookup);
        Box::pin(async move { lookup.lookup(&name).await })
    })
}

/// A name leads somewhere where no document is fetched.
#[derive(Debug, thiserror::Error)]
#[error("the name does not lead to public addresses alone")]
pub(super) struct NotPublic;

/// Hands the connector the very addresses that it has checked: a second answer to the same question
/// is never asked for.
// r[impl attestation.did-web.public-address]
struct Guard {
    lookup: Arc<dyn Fn(String) -> Found + Send + Sync>,
    admits: Arc<dyn Fn(IpAddr) -> bool + Send + Sync>,
}

impl Resolve for Guard {
    fn resolve(&self, name: Name) -> Resolving {
        let found = (self.lookup)(name.as_str().to_owned());
        let admits = Arc::clone(&self.admits);
        Box::pin(async move {
            let addresses = found.await.map_err(BoxError::from)?;
            if addresses.is_empty() || !addresses.iter().all(|address| admits(*address)) {
                return Err(BoxError::from(NotPublic));
            }
            // The port is that of the URL.
            let addresses = addresses
                .into_iter()
                .map(|address| SocketAddr::new(address, 0));
            Ok(Box::new(addresses) as Addrs)
        })
    }
}
