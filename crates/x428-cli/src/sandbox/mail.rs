//! The mail server of `x428 sandbox exchange`.

use std::{env, fs, path::PathBuf, sync::Arc};

use anyhow::Context as _;
use clap::Args;
use x428_sandbox::exchange::{Exchange, MailServer};

use crate::{keyfile, report};

/// Where the password is looked for: what stands on the command line is seen by everybody on the
/// machine.
const PASSWORD: &str = "X428_SMTP_PASSWORD";

#[derive(Args)]
pub(super) struct Mail {
    /// Send e-mails by this server, instead of showing them on the page of messages: smtps://user@host for TLS from the
    /// start, smtp://user@host for STARTTLS, smtp+plain://localhost for a server on this machine. The
    /// password is in a file or in the variable X428_SMTP_PASSWORD
    #[arg(long, value_name = "URL", requires = "smtp_from")]
    smtp: Option<String>,
    /// The sender of e-mails, such as "Exchange <no-reply@exchange.example>"
    #[arg(long, value_name = "ADDRESS", requires = "smtp")]
    smtp_from: Option<String>,
    /// The file with the password of the mail server, for you alone to read
    #[arg(long, value_name = "FILE", requires = "smtp")]
    smtp_password_file: Option<PathBuf>,
    /// The certificates in PEM that are trusted for the mail server instead of those of the system
    #[arg(long, value_name = "FILE", requires = "smtp")]
    smtp_roots: Option<PathBuf>,
}

/// Tries the mail server, and says what is wrong with it. The exchange goes on: a server that is
/// down for now gets its e-mails later.
pub(super) async fn tell_outage(exchange: Arc<Exchange>) {
    if let Err(outage) = exchange.reach_mail_server().await {
        let outage = anyhow::Error::new(outage);
        report::say(&format!("warning: {outage:#}; e-mails wait until it works"));
    }
}

impl Mail {
    /// The server, if there is one.
    pub(super) fn server(&self) -> anyhow::Result<Option<MailServer>> {
        let (Some(url), Some(from)) = (&self.smtp, &self.smtp_from) else {
            return Ok(None);
        };
        let mut server = MailServer::new(url, from).context("--smtp")?;
        let password = match &self.smtp_password_file {
            Some(path) => {
                let text = keyfile::read_secret(path)?;
                Some(text.trim_end_matches(['\r', '\n']).to_owned())
            }
            None => env::var(PASSWORD).ok(),
        };
        if let Some(password) = password {
            server = server.with_password(password).context("--smtp")?;
        }
        if let Some(path) = &self.smtp_roots {
            let pem = fs::read(path).with_context(|| path.display().to_string())?;
            server = server
                .with_roots(pem)
                .with_context(|| path.display().to_string())?;
        }
        Ok(Some(server))
    }
}
