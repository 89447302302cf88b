//! A mail server that keeps what it gets (RFC 5321, as much of it as a client needs).

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use rcgen::{CertificateParams, KeyPair};
use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncWrite, AsyncWriteExt as _, BufReader};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

/// How the server wants to be talked to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Plain,
    Tls,
    StartTls,
}

/// An e-mail as it arrived.
#[derive(Debug, Clone)]
pub(crate) struct Letter {
    pub(crate) to: Vec<String>,
    headers: String,
    /// The body, decoded.
    pub(crate) text: String,
    /// Whether it came over TLS.
    pub(crate) secured: bool,
}

impl Letter {
    pub(crate) fn header(&self, name: &str) -> String {
        let start = format!("{name}: ");
        let mut lines = self.headers.lines();
        let line = lines.find_map(|line| line.strip_prefix(&start));
        line.unwrap_or_else(|| panic!("no {name} in {}", self.headers))
            .to_owned()
    }

    /// The first number of six digits.
    pub(crate) fn code(&self) -> String {
        let is_code = |word: &&str| word.len() == 6 && word.bytes().all(|b| b.is_ascii_digit());
        let mut words = self.text.split(|c: char| !c.is_ascii_alphanumeric());
        words.find(is_code).unwrap().to_owned()
    }
}

#[derive(Debug, Default)]
struct Kept {
    letters: Vec<Letter>,
    heard: String,
    refuses: bool,
    refused: usize,
    login: Option<String>,
}

impl Kept {
    /// Whether a login is let in.
    fn admits(&self, line: &str) -> bool {
        let given = line.trim_start_matches("AUTH PLAIN ");
        self.login.as_deref().is_none_or(|login| login == given)
    }
}

/// The server.
pub(crate) struct Inbox {
    address: SocketAddr,
    kind: Kind,
    certificate: Option<String>,
    kept: Arc<Mutex<Kept>>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Inbox {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// A certificate for this machine in PEM, and what proves it.
pub(crate) fn certificate() -> (String, TlsAcceptor) {
    let key = KeyPair::generate().unwrap();
    let names = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
    let made = CertificateParams::new(names)
        .unwrap()
        .self_signed(&key)
        .unwrap();
    let secret = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![made.der().clone()], secret)
        .unwrap();
    (made.pem(), TlsAcceptor::from(Arc::new(config)))
}

impl Inbox {
    pub(crate) async fn open(kind: Kind) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let kept = Arc::new(Mutex::new(Kept::default()));
        let secured = (kind != Kind::Plain).then(certificate);
        let (certificate, acceptor) = secured.unzip();
        let shared = Arc::clone(&kept);
        let task = tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let (kept, acceptor) = (Arc::clone(&shared), acceptor.clone());
                tokio::spawn(async move {
                    match (kind, acceptor) {
                        (Kind::Tls, Some(acceptor)) => {
                            // A client that does not trust the certificate goes away.
                            if let Ok(stream) = acceptor.accept(stream).await {
                                talk(stream, &kept, true, false, true).await;
                            }
                        }
                        (Kind::StartTls, Some(acceptor)) => {
                            let Some(stream) = talk(stream, &kept, false, true, true).await else {
                                return;
                            };
                            if let Ok(stream) = acceptor.accept(stream).await {
                                talk(stream, &kept, true, false, false).await;
                            }
                        }
                        _ => {
                            talk(stream, &kept, false, false, true).await;
                        }
                    }
                });
            }
        });
        Self {
            address,
            kind,
            certificate,
            kept,
            task,
        }
    }

    pub(crate) fn url(&self) -> String {
        let scheme = match self.kind {
            Kind::Plain => "smtp+plain",
            Kind::Tls => "smtps",
            Kind::StartTls => "smtp",
        };
        format!("{scheme}://127.0.0.1:{}", self.address.port())
    }

    pub(crate) fn certificate(&self) -> Option<String> {
        self.certificate.clone()
    }

    pub(crate) fn letters(&self) -> Vec<Letter> {
        self.kept.lock().unwrap().letters.clone()
    }

    /// Everything that a client has said.
    pub(crate) fn heard(&self) -> String {
        self.kept.lock().unwrap().heard.clone()
    }

    /// Whether e-mails are refused for now.
    pub(crate) fn refuse(&self, refuses: bool) {
        self.kept.lock().unwrap().refuses = refuses;
    }

    /// Lets in nobody but with this user and password (RFC 4616), in base64.
    pub(crate) fn admit(&self, login: &str) {
        self.kept.lock().unwrap().login = Some(login.to_owned());
    }

    pub(crate) fn refused(&self) -> usize {
        self.kept.lock().unwrap().refused
    }
}

/// Talks with a client until it goes, or until it asks for TLS, which gives the stream back.
async fn talk<S: AsyncRead + AsyncWrite + Unpin>(
    stream: S,
    kept: &Mutex<Kept>,
    secured: bool,
    offers: bool,
    greets: bool,
) -> Option<S> {
    let mut stream = BufReader::new(stream);
    if greets {
        stream.write_all(b"220 here\r\n").await.ok()?;
    }
    let mut to = Vec::new();
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await.ok()? == 0 {
            return None;
        }
        kept.lock().unwrap().heard.push_str(&line);
        let line = line.trim_end();
        let refuses = kept.lock().unwrap().refuses;
        let answer = match line.split([' ', ':']).next().unwrap_or_default() {
            "EHLO" if offers => "250-here\r\n250 STARTTLS\r\n",
            "EHLO" => "250-here\r\n250 AUTH PLAIN\r\n",
            "AUTH" if !kept.lock().unwrap().admits(line) => "535 no\r\n",
            "AUTH" => "235 yes\r\n",
            "STARTTLS" if offers => {
                stream.write_all(b"220 go on\r\n").await.ok()?;
                return Some(stream.into_inner());
            }
            "RCPT" if refuses => {
                kept.lock().unwrap().refused += 1;
                "451 try again later\r\n"
            }
            "RCPT" => {
                to.push(line.trim_start_matches("RCPT TO:").to_owned());
                "250 ok\r\n"
            }
            "DATA" => {
                stream.write_all(b"354 go on\r\n").await.ok()?;
                let letter = read(&mut stream, std::mem::take(&mut to), secured).await?;
                kept.lock().unwrap().letters.push(letter);
                "250 ok\r\n"
            }
            "QUIT" => "221 bye\r\n",
            _ => "250 ok\r\n",
        };
        stream.write_all(answer.as_bytes()).await.ok()?;
        stream.flush().await.ok()?;
    }
}

async fn read<S: AsyncRead + Unpin>(
    stream: &mut BufReader<S>,
    to: Vec<String>,
    secured: bool,
) -> Option<Letter> {
    let mut all = String::new();
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await.ok()? == 0 {
            return None;
        }
        if line == ".\r\n" {
            break;
        }
        all.push_str(line.strip_prefix('.').unwrap_or(&line));
    }
    let (headers, body) = all.split_once("\r\n\r\n")?;
    let is_quoted = headers.contains("Content-Transfer-Encoding: quoted-printable");
    let text = if is_quoted {
        unquoted(body)
    } else {
        assert!(
            headers.contains("Content-Transfer-Encoding: 7bit"),
            "{headers}"
        );
        body.to_owned()
    };
    Some(Letter {
        to,
        headers: headers.to_owned(),
        text,
        secured,
    })
}

/// Decodes quoted-printable (RFC 2045 §6.7).
fn unquoted(body: &str) -> String {
    let joined = body.replace("=\r\n", "");
    let mut bytes = Vec::new();
    let mut rest = joined.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        if let (b'=', Some(digits)) = (first, after.get(..2)) {
            let digits = std::str::from_utf8(digits).unwrap();
            bytes.push(u8::from_str_radix(digits, 16).unwrap());
            rest = &after[2..];
        } else {
            bytes.push(*first);
            rest = after;
        }
    }
    String::from_utf8(bytes).unwrap()
}
