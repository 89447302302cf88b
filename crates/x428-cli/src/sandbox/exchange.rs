//! `x428 sandbox exchange`

use std::{
    fs,
    net::IpAddr,
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
    time::Duration,
};

use anyhow::{Context as _, anyhow};
use clap::{Args, builder::RangedU64ValueParser};
use tokio::net::TcpListener;
use tracing_subscriber::filter::LevelFilter;
use x428_sandbox::exchange::register::{self, ClientMetadata};
use x428_sandbox::exchange::{Exchange, OwnCertificate, Peer, Settings, Store, TlsListener, seed};
use zeroize::Zeroizing;

use super::{mail::Mail, until_told};
use crate::{advice::Advise as _, keyfile, output, report};

/// How many connections to PostgreSQL an instance holds.
const CONNECTIONS: u32 = 16;

/// The longest time that can be said, in seconds.
const YEAR: u64 = 365 * 24 * 60 * 60;

fn pace(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text.parse().map_err(|_| "not a number of seconds")?;
    let pace = Duration::try_from_secs_f64(seconds).map_err(|error| error.to_string())?;
    if pace > Duration::from_secs(YEAR) {
        return Err("longer than a year".to_owned());
    }
    Ok(pace)
}

/// What goes wrong at the wish of a client, for the end of the help.
fn failures() -> String {
    seed::failures().collect::<Vec<_>>().join("\n")
}

#[derive(Args)]
#[command(after_long_help = failures())]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a flag of the command line"
)]
pub(super) struct Arguments {
    /// The port on 127.0.0.1; 0 takes a free one
    #[arg(long, value_name = "PORT", default_value_t = 8429)]
    port: u16,
    /// A SQLite file, which is made if it is not there, or postgres://user:password@host/database,
    /// which instances can share
    #[arg(long, value_name = "FILE or URL", default_value = "x428-exchange.db")]
    database: String,
    /// Add demo assets, owners, clients and balances, and tell how to log in
    #[arg(long)]
    seed: bool,
    /// How long a step of the settlement takes, in seconds
    #[arg(long, value_name = "SECONDS", default_value = "5", value_parser = pace, allow_negative_numbers = true)]
    pace: Duration,
    /// The address under which clients and owners know the exchange [default: https://localhost and
    /// the port]
    #[arg(long, value_name = "URL")]
    issuer: Option<String>,
    /// Where the certificate is written that clients have to trust
    #[arg(long, value_name = "FILE", default_value = "x428-exchange.pem")]
    certificate: PathBuf,
    /// Speak plain HTTP, behind a server that speaks TLS for the issuer
    #[arg(long, requires = "issuer")]
    plain: bool,
    /// Let webhooks go to private addresses and over plain HTTP
    #[arg(long)]
    private_webhooks: bool,
    /// Serve clients of the High profile alone
    #[arg(long)]
    high: bool,
    /// Add a client, described in JSON as in RFC 7591: client_id, redirect_uris,
    /// token_endpoint_auth_method, and client_secret or jwks
    #[arg(long, value_name = "FILE")]
    client: Vec<PathBuf>,
    /// How many requests a client may make in a minute for one owner
    #[arg(long, value_name = "NUMBER", default_value_t = 120)]
    requests_per_minute: u32,
    /// A proxy in front of the exchange, which adds to X-Forwarded-For where a request comes from
    #[arg(long, value_name = "ADDRESS")]
    trusted_proxy: Vec<IpAddr>,
    /// How many requests there may be in a minute from one address of which it is not known whose
    /// they are
    #[arg(long, value_name = "NUMBER", default_value_t = 6000)]
    requests_per_origin: u32,
    /// How long withdrawals are held after a change of password, second factors or contact data, or
    /// the end of a list of destinations, in seconds; nothing is held unless it is said, so that a
    /// new passkey can be tried at once
    #[arg(long, value_name = "SECONDS", default_value_t = 0, value_parser = RangedU64ValueParser::<u64>::new().range(..=YEAR))]
    hold: u64,
    /// Suspend withdrawals on a network, such as base
    #[arg(long, value_name = "NETWORK")]
    suspend: Vec<String>,
    #[command(flatten)]
    mail: Mail,
    /// Write a line of JSON to standard error for every request, and for everything that fails
    #[arg(long)]
    log: bool,
}

impl Arguments {
    /// What the exchange is to be, before anything is opened for it.
    fn settings(&self, issuer: &str) -> anyhow::Result<Settings> {
        let mut settings = Settings::new(issuer);
        settings.pace = self.pace;
        settings.private_webhooks = self.private_webhooks;
        settings.require_high = self.high;
        settings.security_hold = Duration::from_secs(self.hold);
        settings.suspended.clone_from(&self.suspend);
        settings.mail_server = self.mail.server()?;
        settings.requests_per_minute = self.requests_per_minute;
        settings.trusted_proxies.clone_from(&self.trusted_proxy);
        settings.requests_per_origin = self.requests_per_origin;
        Ok(settings)
    }
}

pub(super) async fn serve(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    if arguments.log {
        // What is there already goes on.
        let _ = tracing_subscriber::fmt()
            .json()
            .with_max_level(LevelFilter::INFO)
            .with_writer(std::io::stderr)
            .try_init();
    }
    let listener = TcpListener::bind(("127.0.0.1", arguments.port))
        .await
        .with_context(|| format!("port {}", arguments.port))
        .advise("another program has it; choose another one with --port, or 0 for a free one")?;
    let port = listener.local_addr()?.port();
    let issuer = arguments
        .issuer
        .clone()
        .unwrap_or_else(|| format!("https://localhost:{port}"));
    let settings = arguments.settings(&issuer)?;
    let is_url = ["postgres://", "postgresql://"]
        .iter()
        .any(|scheme| arguments.database.starts_with(scheme));
    let store = if is_url {
        Store::postgres(&arguments.database, CONNECTIONS).await
    } else {
        Store::sqlite(&arguments.database).await
    };
    let store = store.context("the database")?;
    let exchange = Exchange::new(store.clone(), settings).await?;
    let mut told = vec!["an exchange; Ctrl-C ends it".to_owned()];
    if arguments.seed {
        told.extend(seed::demo(&exchange).await?);
    }
    for network in &arguments.suspend {
        if !exchange.has_network(network).await? {
            return Err(anyhow!("--suspend: no asset is withdrawn on {network}"))
                .advise("networks are named as in the list of assets, such as base");
        }
    }
    for path in &arguments.client {
        let client = read_client(path)?;
        told.push(format!("client    {}", client.client_id));
        register::client(&exchange, client)
            .await
            .with_context(|| path.display().to_string())?;
    }
    let service = exchange
        .router()
        .into_make_service_with_connect_info::<Peer>();
    let work = tokio::spawn(Arc::clone(&exchange).work_forever());
    let ended = until_told()?;
    let mail = tokio::spawn(super::mail::tell_outage(Arc::clone(&exchange)));
    let served = if arguments.plain {
        output::line(&issuer)?;
        report::say(&told.join("\n"));
        axum::serve(listener, service)
            .with_graceful_shutdown(ended)
            .await
    } else {
        let names = ["localhost", "127.0.0.1", "::1"].map(str::to_owned);
        let certificate = OwnCertificate::generate(&names)?;
        fs::write(&arguments.certificate, certificate.pem())
            .with_context(|| arguments.certificate.display().to_string())?;
        told.push(format!("certificate {}", arguments.certificate.display()));
        output::line(&issuer)?;
        report::say(&told.join("\n"));
        axum::serve(TlsListener::new(listener, &certificate)?, service)
            .with_graceful_shutdown(ended)
            .await
    };
    served.context("the server")?;
    work.abort();
    mail.abort();
    store.close().await;
    report::say("ended");
    Ok(ExitCode::SUCCESS)
}

fn read_client(path: &Path) -> anyhow::Result<ClientMetadata> {
    let (text, refused) = match keyfile::read_secret(path) {
        Ok(text) => (text, None),
        // Public keys may be read by everybody.
        Err(error) => {
            let text = fs::read_to_string(path).with_context(|| path.display().to_string())?;
            (Zeroizing::new(text), Some(error))
        }
    };
    let client: ClientMetadata = serde_json::from_str(&text)
        .with_context(|| path.display().to_string())
        .advise("it is JSON with client_id and redirect_uris, as RFC 7591 has them")?;
    match refused {
        Some(error) if client.client_secret.is_some() => Err(error),
        _ => Ok(client),
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_client_with_a_secret_is_read_from_a_file_of_its_owner() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("client.json");
        let public = r#"{"client_id": "a", "redirect_uris": []}"#;
        let secret = r#"{"client_id": "a", "redirect_uris": [], "client_secret": "s"}"#;
        for (text, mode, is_read) in [
            (public, 0o644, true),
            (secret, 0o600, true),
            (secret, 0o644, false),
        ] {
            fs::write(&path, text).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            assert_eq!(read_client(&path).is_ok(), is_read, "{text} {mode:o}");
        }
    }
}
