//! A server that says what the test tells it to, and a resolver that trusts it.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::task::AbortHandle;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use x428::did::web::{Lookup, Network, WebResolver};
use x428::did::{Did, DidDocument, DidResolver as _, ResolveError};

/// The name in the certificate of every server.
pub(crate) const NAME: &str = "operator.test";

/// What a server does with a connection.
#[derive(Debug, Clone)]
pub(crate) enum Script {
    /// Answers one request.
    Answer(Vec<u8>),
    /// Answers, and then keeps the connection open without a word.
    Stall(Vec<u8>),
    /// Answers with this, and with that for ever after.
    Flood(Vec<u8>, Vec<u8>),
    /// Speaks something else than TLS.
    Garbage,
    /// Accepts the connection, and does not say a word of TLS.
    Silence,
}

/// A certificate authority of this test run.
pub(crate) struct Authority {
    pub(crate) pem: String,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    pub(crate) fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let pem = params.self_signed(&key).unwrap().pem();
        Self {
            pem,
            issuer: Issuer::new(params, key),
        }
    }

    fn acceptor(&self, name: &str) -> TlsAcceptor {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new([name.to_owned()]).unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let config = ServerConfig::builder()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], key)
            .unwrap();
        TlsAcceptor::from(Arc::new(config))
    }
}

/// A server, until it is dropped.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    connections: Arc<AtomicUsize>,
    heads: Arc<Mutex<Vec<String>>>,
    task: AbortHandle,
}

impl Server {
    pub(crate) async fn start(authority: &Authority, script: Script) -> Self {
        Self::start_as(
            authority,
            NAME,
            SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            script,
        )
        .await
    }

    pub(crate) async fn start_as(
        authority: &Authority,
        name: &str,
        address: SocketAddr,
        script: Script,
    ) -> Self {
        let listener = TcpListener::bind(address).await.unwrap();
        Self::serve(authority.acceptor(name), listener, script)
    }

    /// A server of its own document, with `pad` spaces in it.
    pub(crate) async fn of_document(authority: &Authority, headers: &str, pad: usize) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let did = did(listener.local_addr().unwrap());
        let body = format!(r#"{{"id": "{did}"{}}}"#, " ".repeat(pad));
        let script = Script::Answer(response("200 OK", headers, &body));
        Self::serve(authority.acceptor(NAME), listener, script)
    }

    fn serve(acceptor: TlsAcceptor, listener: TcpListener, script: Script) -> Self {
        let address = listener.local_addr().unwrap();
        let connections = Arc::new(AtomicUsize::new(0));
        let heads = Arc::new(Mutex::new(Vec::new()));
        let (counted, noted) = (Arc::clone(&connections), Arc::clone(&heads));
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                counted.fetch_add(1, Ordering::SeqCst);
                let (acceptor, script) = (acceptor.clone(), script.clone());
                let noted = Arc::clone(&noted);
                tokio::spawn(async move {
                    // A client that hangs up has made up its mind.
                    let _ = serve(stream, acceptor, script, &noted).await;
                });
            }
        });
        Self {
            address,
            connections,
            heads,
            task: task.abort_handle(),
        }
    }

    /// The did:web whose document this server has.
    pub(crate) fn did(&self) -> Did {
        did(self.address)
    }

    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    /// The heads of the requests, as they were received.
    pub(crate) fn heads(&self) -> Vec<String> {
        self.heads.lock().unwrap().clone()
    }
}

fn did(address: SocketAddr) -> Did {
    Did::parse(format!("did:web:{NAME}%3A{}", address.port())).unwrap()
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(
    mut stream: tokio::net::TcpStream,
    acceptor: TlsAcceptor,
    script: Script,
    heads: &Mutex<Vec<String>>,
) -> io::Result<()> {
    match script {
        Script::Garbage => {
            return stream
                .write_all(b"\x00\xffnot a handshake at all\r\n")
                .await;
        }
        Script::Silence => return std::future::pending().await,
        _ => {}
    }
    let mut stream = acceptor.accept(stream).await?;
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await?);
    }
    heads
        .lock()
        .unwrap()
        .push(String::from_utf8(head).unwrap().to_ascii_lowercase());
    match script {
        // Whoever keeps the connection for a second request waits for ever.
        Script::Answer(bytes) | Script::Stall(bytes) => {
            stream.write_all(&bytes).await?;
            stream.flush().await?;
            std::future::pending().await
        }
        Script::Flood(first, then) => {
            stream.write_all(&first).await?;
            loop {
                stream.write_all(&then).await?;
                // Whoever reads it has a turn before the next piece.
                tokio::task::yield_now().await;
            }
        }
        Script::Garbage | Script::Silence => Ok(()),
    }
}

/// Answers with the given addresses, one list for each question; the last one again and again.
#[derive(Clone)]
pub(crate) struct Names {
    answers: Arc<Vec<Vec<IpAddr>>>,
    asked: Arc<AtomicUsize>,
}

impl Names {
    pub(crate) fn new(answers: &[&[&str]]) -> Self {
        let parse = |list: &&[&str]| list.iter().map(|text| text.parse().unwrap()).collect();
        Self {
            answers: Arc::new(answers.iter().map(parse).collect()),
            asked: Arc::default(),
        }
    }

    pub(crate) fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

impl Lookup for Names {
    async fn lookup(&self, _name: &str) -> io::Result<Vec<IpAddr>> {
        let at = self.asked.fetch_add(1, Ordering::SeqCst);
        let last = self.answers.len().saturating_sub(1);
        match self.answers.get(at.min(last)) {
            Some(addresses) => Ok(addresses.clone()),
            None => Err(io::Error::other("no such name")),
        }
    }
}

/// How long a resolver waits that gives up, and how long one does that need not: a machine may be
/// slow.
pub(crate) const PATIENCE: Duration = Duration::from_millis(400);
pub(crate) const BOUND: Duration = Duration::from_mins(2);

/// The network of a test: its authority, its names, and 127.0.0.1 for the public internet.
pub(crate) fn network(authority: &Authority, names: &Names) -> Network {
    Network::public()
        .with_lookup(names.clone())
        .danger_trust_only(&authority.pem)
        .unwrap()
        .danger_admit(|address| address == IpAddr::V4(Ipv4Addr::LOCALHOST))
        // What is given up in time is the subject of a test of its own.
        .with_timeout(BOUND)
}

pub(crate) fn resolver(authority: &Authority) -> WebResolver {
    let names = Names::new(&[&["127.0.0.1"]]);
    WebResolver::with_network(network(authority, &names)).unwrap()
}

/// What becomes of a DID whose server follows a script.
pub(crate) async fn resolve(script: Script) -> Result<DidDocument, ResolveError> {
    let authority = Authority::new();
    let server = Server::start(&authority, script).await;
    resolver(&authority).resolve(&server.did()).await
}

/// As [`resolve`], with little patience.
pub(crate) async fn resolve_impatiently(script: Script) -> Result<DidDocument, ResolveError> {
    let authority = Authority::new();
    let server = Server::start(&authority, script).await;
    let network = network(&authority, &Names::new(&[&["127.0.0.1"]])).with_timeout(PATIENCE);
    let resolver = WebResolver::with_network(network).unwrap();
    resolver.resolve(&server.did()).await
}

/// A response with a length.
pub(crate) fn response(status: &str, headers: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\n{headers}content-length: {length}\r\n\r\n{body}").into_bytes()
}
