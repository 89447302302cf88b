//! The mail server: where it is, and how an e-mail is handed to it (RFC 5321).

use std::error::Error as _;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use lettre::message::header::ContentType;
use lettre::message::{Mailbox, MessageBuilder};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use lettre::{Address, AsyncSmtpTransport, AsyncTransport as _, Tokio1Executor};
use serde_json::json;
use tokio::task::JoinSet;
use tokio_rustls::rustls;
use tokio_rustls::rustls::pki_types::{CertificateDer, pem::PemObject as _};
use url::Url;
use x428::error::{Misuse, Unavailable};
use zeroize::Zeroizing;

use super::model::{Message, Owner};
use super::store::{Fault, Row, Writing};
use super::{Exchange, audit, random};

/// How long the server may take.
const PATIENCE: Duration = Duration::from_secs(20);
/// How long an instance keeps an e-mail to itself; longer than the server may take.
const LEASE: SignedDuration = SignedDuration::from_secs(60);
/// The first interval between two attempts; each one after it is three times as long.
const FIRST: i64 = 10;
const LONGEST: i64 = 60 * 60;
/// After how long an e-mail is given up, which the record says.
const GIVEN_UP: SignedDuration = SignedDuration::from_hours(72);

const DUE: &str = "SELECT id, due_at FROM message WHERE due_at <= $1 ORDER BY due_at, id LIMIT 16";
const CLAIM: &str = "UPDATE message SET due_at = $2 WHERE id = $1 AND due_at = $3";

const NO_PEM: &str = "the certificates of the mail server are no PEM";

/// The mail server that takes the e-mails of an exchange.
#[derive(Clone)]
pub struct MailServer {
    host: String,
    port: u16,
    security: Security,
    user: Option<String>,
    password: Option<Zeroizing<String>>,
    roots: Option<Vec<u8>>,
    from: Mailbox,
}

/// How the connection is secured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Security {
    /// By TLS from the start (RFC 8314).
    Tls,
    /// By STARTTLS, without which nothing is sent (RFC 3207).
    StartTls,
    /// Not at all, on this machine.
    None,
}

impl MailServer {
    /// A server by its URL, and the sender of the e-mails, such as
    /// `Example Exchange <no-reply@exchange.example>`. The scheme says how the connection is
    /// secured: `smtps://` by TLS from the start, `smtp://` by STARTTLS, and `smtp+plain://`, which
    /// goes to this machine alone, not at all. A user stands before the host; the password does not
    /// stand in the URL.
    ///
    /// # Errors
    /// [`Misuse`] for a URL of another form, and for a sender that is no address.
    pub fn new(url: &str, from: &str) -> Result<Self, Misuse> {
        let form = "the mail server is smtps://host, smtp://host or smtp+plain://localhost, \
            with a user and a port where they are needed";
        let url = Url::parse(url).map_err(|_| Misuse::new(form))?;
        let security = match url.scheme() {
            "smtps" => Security::Tls,
            "smtp" => Security::StartTls,
            "smtp+plain" => Security::None,
            _ => return Err(Misuse::new(form)),
        };
        if url.password().is_some() {
            return Err(Misuse::new(
                "the password of the mail server does not belong into its URL",
            ));
        }
        let is_bare = matches!(url.path(), "" | "/") && url.query().is_none();
        // A scheme that browsers do not know leaves an address a name.
        let host = url
            .host_str()
            .map(|host| host.trim_matches(['[', ']']))
            .filter(|host| !host.is_empty() && is_bare && url.fragment().is_none());
        let host = host.ok_or_else(|| Misuse::new(form))?;
        let is_here = match host.parse::<IpAddr>() {
            Ok(address) => address.is_loopback(),
            Err(_) => host.eq_ignore_ascii_case("localhost"),
        };
        if security == Security::None && !is_here {
            return Err(Misuse::new(
                "e-mails go without TLS to this machine alone: smtp+plain://localhost",
            ));
        }
        let default = match security {
            Security::Tls => 465,
            Security::StartTls => 587,
            Security::None => 25,
        };
        let user = percent_decoded(url.username());
        let from = from.parse().map_err(|_| {
            Misuse::new("the sender is an address, such as Exchange <no-reply@exchange.example>")
        })?;
        Ok(Self {
            host: host.to_owned(),
            port: url.port().unwrap_or(default),
            security,
            user: Some(user).filter(|user| !user.is_empty()),
            password: None,
            roots: None,
            from,
        })
    }

    /// With the password of the user.
    ///
    /// # Errors
    /// [`Misuse`] if the URL names no user.
    pub fn with_password(mut self, password: String) -> Result<Self, Misuse> {
        if self.user.is_none() {
            return Err(Misuse::new(
                "there is a password, and the URL of the mail server names no user",
            ));
        }
        self.password = Some(Zeroizing::new(password));
        Ok(self)
    }

    /// With the certificates in PEM that are trusted instead of those of the system.
    ///
    /// # Errors
    /// [`Misuse`] for a text that has none, with which no server would be trusted.
    pub fn with_roots(mut self, pem: Vec<u8>) -> Result<Self, Misuse> {
        let mut known = CertificateDer::pem_slice_iter(&pem).peekable();
        if known.peek().is_none() || known.any(|one| one.is_err()) {
            return Err(Misuse::new(NO_PEM));
        }
        self.roots = Some(pem);
        Ok(self)
    }

    fn tls(&self) -> Result<Tls, Misuse> {
        let parameters = || {
            let mut builder = TlsParameters::builder(self.host.clone());
            if let Some(pem) = &self.roots {
                let roots = Certificate::from_pem(pem).map_err(|_| Misuse::new(NO_PEM))?;
                builder = builder
                    .certificate_store(lettre::transport::smtp::client::CertificateStore::None)
                    .add_root_certificate(roots);
            }
            builder
                .build_rustls()
                .map_err(|_| Misuse::new("the certificates of the mail server cannot be used"))
        };
        Ok(match self.security {
            Security::Tls => Tls::Wrapper(parameters()?),
            Security::StartTls => Tls::Required(parameters()?),
            Security::None => Tls::None,
        })
    }
}

impl std::fmt::Debug for MailServer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MailServer")
            .field("host", &self.host)
            .field("port", &self.port)
            .field("security", &self.security)
            .finish_non_exhaustive()
    }
}

fn percent_decoded(text: &str) -> String {
    // The user of a URL is a form without its `+`.
    let form = format!("u={}", text.replace('+', "%2B"));
    url::form_urlencoded::parse(form.as_bytes())
        .next()
        .map(|(_, value)| value.into_owned())
        .unwrap_or_default()
}

/// Why an e-mail was not taken, in words without the e-mail.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct NotTaken(String);

/// An e-mail.
#[derive(Clone)]
pub(crate) struct Mail {
    /// Names it to the receiver; the same on every attempt.
    pub(crate) id: String,
    pub(crate) to: String,
    pub(crate) subject: String,
    pub(crate) text: String,
    pub(crate) at: Timestamp,
}

impl Mail {
    /// An e-mail with a code, of which no copy is kept.
    pub(crate) fn with_code(
        owner: &Owner,
        subject: &str,
        text: String,
        at: Timestamp,
    ) -> Result<Self, Fault> {
        Ok(Self {
            id: random::id("ms")?,
            to: owner.email.clone(),
            subject: subject.to_owned(),
            text,
            at,
        })
    }
}

/// Hands e-mails to the server.
pub(crate) struct Mailer {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
    /// The domain in the names of e-mails.
    domain: String,
}

impl Mailer {
    pub(crate) fn new(server: &MailServer, domain: String) -> Result<Self, Misuse> {
        let mut transport =
            AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(server.host.as_str())
                .port(server.port)
                .tls(server.tls()?)
                .hello_name(ClientId::Domain(domain.clone()))
                .timeout(Some(PATIENCE / 2));
        if let (Some(user), Some(password)) = (&server.user, &server.password) {
            let credentials = Credentials::new(user.clone(), password.to_string());
            transport = transport.credentials(credentials);
        }
        Ok(Self {
            transport: transport.build(),
            from: server.from.clone(),
            domain,
        })
    }

    /// Hands an e-mail over. When this is done, the server has it.
    pub(crate) async fn send(&self, mail: &Mail) -> Result<(), NotTaken> {
        let message = self.message(mail)?;
        match tokio::time::timeout(PATIENCE, self.transport.send(message)).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(NotTaken(why(&error))),
            Err(_) => Err(NotTaken(SLOW.to_owned())),
        }
    }

    /// Connects and logs in, and sends nothing.
    async fn reach(&self) -> Result<(), NotTaken> {
        match tokio::time::timeout(PATIENCE, self.transport.test_connection()).await {
            Ok(Ok(true)) => Ok(()),
            Ok(Ok(false)) => Err(NotTaken(SILENT.to_owned())),
            Ok(Err(error)) => Err(NotTaken(why(&error))),
            Err(_) => Err(NotTaken(SLOW.to_owned())),
        }
    }

    /// The e-mail as it is sent. What stands in a header has been parsed, or is encoded: nothing
    /// ends its line.
    fn message(&self, mail: &Mail) -> Result<lettre::Message, NotTaken> {
        let unfit = || NotTaken("the e-mail has no form in which it can be sent".to_owned());
        let to: Address = mail.to.parse().map_err(|_| unfit())?;
        MessageBuilder::new()
            .from(self.from.clone())
            .to(Mailbox::new(None, to))
            .subject(plain(&mail.subject))
            .date(mail.at.into())
            .message_id(Some(format!("<{}@{}>", mail.id, self.domain)))
            .header(ContentType::TEXT_PLAIN)
            .body(mail.text.clone())
            .map_err(|_| unfit())
    }
}

/// The text on one line.
pub(crate) fn plain(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect()
}

/// Whether e-mails can be sent to an address.
pub(crate) fn is_address(text: &str) -> bool {
    text.len() <= 254 && text.parse::<Address>().is_ok()
}

const SILENT: &str = "the mail server does not answer";
const SLOW: &str = "the mail server takes too long";
/// How a server refuses a login (RFC 4954 §6).
const REFUSED_LOGIN: [u16; 4] = [530, 534, 535, 538];

/// What the server says may repeat the address: its status has to do.
// r[impl withdrawal.privacy.logs]
fn why(error: &lettre::transport::smtp::Error) -> String {
    match error.status() {
        Some(status) if REFUSED_LOGIN.contains(&status.into()) => {
            format!("the mail server refuses the login with {status}")
        }
        Some(status) => format!("the mail server answers {status}"),
        None if is_unproved(error) => "the mail server does not prove its name".to_owned(),
        None if error.is_timeout() => SLOW.to_owned(),
        None if error.is_client() => {
            "the mail server offers no STARTTLS, or no way to log in".to_owned()
        }
        None => SILENT.to_owned(),
    }
}

/// Whether the certificate of the server is not what it should be.
fn is_unproved(error: &lettre::transport::smtp::Error) -> bool {
    let of_tls = |error: &std::io::Error| {
        let inner = error.get_ref()?.downcast_ref::<rustls::Error>()?;
        Some(matches!(inner, rustls::Error::InvalidCertificate(_)))
    };
    let sources = std::iter::successors(error.source(), |&error| error.source());
    let mut of_system = sources.filter_map(|error| error.downcast_ref::<std::io::Error>());
    of_system.any(|error| of_tls(error) == Some(true))
}

/// Whether the mail server can be used, if there is one.
pub(crate) async fn reach(exchange: &Exchange) -> Result<(), Unavailable> {
    let Some(mailer) = &exchange.mailer else {
        return Ok(());
    };
    let reached = mailer.reach().await;
    reached.map_err(|why| Unavailable::new("the mail server", why))
}

/// Hands over what is due.
pub(crate) async fn deliver(exchange: &Arc<Exchange>) -> Result<(), Fault> {
    if exchange.mailer.is_none() {
        return Ok(());
    }
    let now = exchange.now();
    let due = exchange.store.due(DUE, now).await?;
    let mut sending = JoinSet::new();
    let mut outcome = Ok(());
    for row in &due {
        match claim(exchange, row, now).await {
            Ok(Some(message)) => {
                let exchange = Arc::clone(exchange);
                sending.spawn(async move { hand_over(&exchange, message, now).await });
            }
            Ok(None) => {}
            // What was claimed before is still sent.
            Err(fault) => outcome = Err(fault),
        }
    }
    while let Some(sent) = sending.join_next().await {
        outcome = outcome.and(sent.map_err(Fault::because).flatten());
    }
    outcome
}

/// Of several instances, the one that claims an e-mail sends it. One that ends before it is done
/// leaves it to the next claim: the column says until when an e-mail is claimed, and the record
/// when it was due.
async fn claim(exchange: &Exchange, row: &Row, now: Timestamp) -> Result<Option<Message>, Fault> {
    let id = row.text("id")?;
    let mut writing = exchange.store.write().await?;
    let values = vec![
        id.into(),
        (now + LEASE).as_millisecond().into(),
        row.int("due_at")?.into(),
    ];
    if writing.execute(CLAIM, values).await? != 1 {
        return Ok(None);
    }
    let message: Message = writing.get(id).await?.ok_or(Fault::Damaged)?;
    writing.commit().await?;
    Ok(Some(message))
}

async fn hand_over(exchange: &Exchange, mut message: Message, now: Timestamp) -> Result<(), Fault> {
    let Some(mailer) = &exchange.mailer else {
        return Ok(());
    };
    let mail = Mail {
        id: message.id.clone(),
        to: message.to.clone(),
        subject: message.subject.clone(),
        text: message.text.clone(),
        at: message.at,
    };
    let sent = mailer.send(&mail).await;
    let mut writing = exchange.store.write().await?;
    writing.turn_of(&message.owner).await?;
    match sent {
        Ok(()) => message.due_at = None,
        Err(why) if now < message.at + GIVEN_UP => {
            tracing::warn!(message = message.id, %why, "an e-mail has to be sent again");
            let wait = FIRST.saturating_mul(3_i64.saturating_pow(message.attempts));
            message.attempts += 1;
            message.due_at = Some(now + SignedDuration::from_secs(wait.min(LONGEST)));
        }
        Err(why) => {
            tracing::error!(message = message.id, %why, "an e-mail was given up");
            message.due_at = None;
            give_up(&mut writing, &message, now).await?;
        }
    }
    writing.put(&message).await?;
    writing.commit().await
}

async fn give_up(writing: &mut Writing, message: &Message, now: Timestamp) -> Result<(), Fault> {
    let what = json!({
        "event": "message.lost", "message": message.id, "subject": message.subject,
        "sentAt": message.at,
    });
    audit::append(writing, &message.owner, now, what).await
}

#[cfg(test)]
mod tests;
