//! TLS for an exchange on one's own machine, with a certificate of its own.
//!
//! The text has no answer over plain HTTP but an error, and passkeys and secure cookies want https.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::serve::Listener;
use rcgen::{CertifiedKey, generate_simple_self_signed};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::aws_lc_rs::default_provider;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio_rustls::server::TlsStream;
use x428::error::Misuse;

use super::ExchangeError;

/// How long a handshake may take.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// How many connections wait for the server.
const WAITING: usize = 64;
/// How long to wait when no connection can be taken, such as for want of files.
const PAUSE: Duration = Duration::from_millis(100);

/// Takes connections, and gives them to the server when their handshake is done: one that does not
/// finish it keeps nobody waiting.
pub struct TlsListener {
    ready: mpsc::Receiver<(TlsStream<TcpStream>, SocketAddr)>,
    address: SocketAddr,
    accepting: JoinHandle<()>,
}

/// A certificate that nobody has signed but its own key, which stays in memory.
pub struct OwnCertificate {
    config: Arc<ServerConfig>,
    pem: String,
}

impl OwnCertificate {
    /// A certificate for names and addresses, such as `localhost`.
    ///
    /// # Errors
    /// [`ExchangeError`] for a name that cannot be in a certificate.
    pub fn generate(names: &[String]) -> Result<Self, ExchangeError> {
        let refuse = |error: &dyn std::fmt::Display| Misuse::new(format!("certificate: {error}"));
        let CertifiedKey { cert, signing_key } =
            generate_simple_self_signed(names).map_err(|error| refuse(&error))?;
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(signing_key.serialize_der()));
        let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| refuse(&error))?
            .with_no_client_auth()
            .with_single_cert(vec![cert.der().clone()], key)
            .map_err(|error| refuse(&error))?;
        Ok(Self {
            config: Arc::new(config),
            pem: cert.pem(),
        })
    }

    /// The certificate, for clients that are told to trust it.
    #[must_use]
    pub fn pem(&self) -> &str {
        &self.pem
    }
}

impl std::fmt::Debug for OwnCertificate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OwnCertificate").finish_non_exhaustive()
    }
}

impl TlsListener {
    /// Begins to take connections.
    ///
    /// # Errors
    /// [`io::Error`] if the listener has no address.
    pub fn new(listener: TcpListener, certificate: &OwnCertificate) -> io::Result<Self> {
        let address = listener.local_addr()?;
        let acceptor = TlsAcceptor::from(Arc::clone(&certificate.config));
        let (sender, ready) = mpsc::channel(WAITING);
        let accepting = tokio::spawn(accept(listener, acceptor, sender));
        Ok(Self {
            ready,
            address,
            accepting,
        })
    }
}

impl Drop for TlsListener {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

impl std::fmt::Debug for TlsListener {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "TlsListener({})", self.address)
    }
}

async fn accept(
    listener: TcpListener,
    acceptor: TlsAcceptor,
    sender: mpsc::Sender<(TlsStream<TcpStream>, SocketAddr)>,
) {
    loop {
        let Ok((stream, address)) = listener.accept().await else {
            sleep(PAUSE).await;
            continue;
        };
        let (acceptor, sender) = (acceptor.clone(), sender.clone());
        tokio::spawn(async move {
            if let Ok(Ok(stream)) = timeout(HANDSHAKE, acceptor.accept(stream)).await {
                // Nobody waits for it when the server has ended.
                let _ = sender.send((stream, address)).await;
            }
        });
    }
}

impl Listener for TlsListener {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        match self.ready.recv().await {
            Some(ready) => ready,
            None => std::future::pending().await,
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.address)
    }
}
