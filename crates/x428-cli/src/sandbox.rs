//! `x428 sandbox`

use std::{fs, path::PathBuf, process::ExitCode, sync::Arc, time::Duration};

use anyhow::{Context as _, anyhow};
use clap::{Args, Subcommand};
use tokio::net::TcpListener;
use x428::{
    did::key::KeyResolver,
    store::{Settings, sqlite::SqliteStore},
};
use x428_sandbox::attested::{Sandbox, Terms};

use crate::{advice::Advise as _, network, output, report, server_keys::ServerKeys};

mod exchange;
mod mail;

/// How long a slow disk and another instance are waited for.
const PATIENCE: Duration = Duration::from_secs(30);

#[derive(Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serve resources that are guarded with preconditions, and a page that explains it
    Attested(Attested),
    /// Serve an exchange of assets that do not exist, which withdraws them for applications
    Exchange(exchange::Arguments),
}

#[derive(Args)]
struct Attested {
    /// The port on 127.0.0.1; 0 takes a free one
    #[arg(long, value_name = "PORT", default_value_t = 8428)]
    port: u16,
    /// Documents to be accepted, instead of the sandbox's own
    #[arg(long, value_name = "FILE", num_args = 1..=15)]
    terms: Vec<PathBuf>,
    /// Keep nonces, revocations and the audit log in this SQLite file, which instances can share
    #[arg(long, value_name = "FILE")]
    store: Option<PathBuf>,
    /// Seal challenges and tokens with these keys, which instances have to share
    #[arg(long, value_name = "FILE", requires = "store")]
    keys: Option<PathBuf>,
    /// The address under which clients know the instances [default: that of the port]
    #[arg(long, value_name = "URL")]
    base: Option<String>,
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    match &arguments.command {
        Command::Attested(arguments) => network::block_on(serve(arguments))?,
        Command::Exchange(arguments) => network::block_on(exchange::serve(arguments))?,
    }
}

async fn serve(arguments: &Attested) -> anyhow::Result<ExitCode> {
    let listener = TcpListener::bind(("127.0.0.1", arguments.port))
        .await
        .with_context(|| format!("port {}", arguments.port))
        .advise("another program has it; choose another one with --port, or 0 for a free one")?;
    let address = format!("http://{}", listener.local_addr()?);
    let base = arguments.base.clone().unwrap_or_else(|| address.clone());
    let mut sandbox = Sandbox::new(base.as_str());
    if !arguments.terms.is_empty() {
        sandbox = sandbox.with_terms(terms(&arguments.terms)?);
    }
    if let Some(keys) = &arguments.keys {
        let keys = ServerKeys::read(keys)?;
        sandbox = sandbox.with_keys(keys.challenges, keys.tokens);
    }
    let (router, store) = match &arguments.store {
        None => (sandbox.router()?, None),
        Some(path) => {
            let settings = Settings::default().with_timeout(PATIENCE);
            let store = SqliteStore::open(path, &settings).await?;
            let store = Arc::new(store);
            let router = sandbox.router_with(KeyResolver, Arc::clone(&store), |builder| {
                builder
                    .with_revocations(Arc::clone(&store))
                    .with_audit_log(Arc::clone(&store))
            })?;
            (router, Some(store))
        }
    };
    let told = until_told()?;
    output::line(&address)?;
    report::say(&format!(
        "a guarded resource; open {base}/ in a browser, or try\n  \
         x428 get --key operator.pem {base}/reports/2026-q3\nCtrl-C ends it"
    ));
    axum::serve(listener, router)
        .with_graceful_shutdown(told)
        .await
        .context("the server")?;
    if let Some(store) = store {
        store.close().await;
    }
    report::say("ended");
    Ok(ExitCode::SUCCESS)
}

fn terms(paths: &[PathBuf]) -> anyhow::Result<Vec<Terms>> {
    let mut terms: Vec<Terms> = Vec::with_capacity(paths.len());
    for path in paths {
        let name = path
            .file_name()
            .and_then(|name| name.to_str())
            .unwrap_or("terms.txt");
        let text = fs::read(path).with_context(|| path.display().to_string())?;
        let document = Terms::new(name, text);
        if terms.iter().any(|other| other.name() == document.name()) {
            return anyhow!("two documents are named {}", document.name())
                .advise("they are served by name; rename one of them");
        }
        terms.push(document);
    }
    Ok(terms)
}

/// Listens from now on for Ctrl-C and for the signal by which services are ended, and waits for one
/// of them.
#[cfg(unix)]
fn until_told() -> anyhow::Result<impl Future<Output = ()> + Send> {
    use tokio::signal::unix::{SignalKind, signal};
    let listen = |kind| signal(kind).context("signals cannot be listened for");
    let mut interrupted = listen(SignalKind::interrupt())?;
    let mut terminated = listen(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = interrupted.recv() => {}
            _ = terminated.recv() => {}
        }
    })
}

#[cfg(not(unix))]
fn until_told() -> anyhow::Result<impl Future<Output = ()> + Send> {
    let mut interrupted =
        tokio::signal::windows::ctrl_c().context("Ctrl-C cannot be listened for")?;
    Ok(async move {
        interrupted.recv().await;
    })
}
