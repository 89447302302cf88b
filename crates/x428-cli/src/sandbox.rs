//! `x428 sandbox`

use std::{fs, path::PathBuf, process::ExitCode, sync::Arc};

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
            let store = SqliteStore::open(path, &Settings::default()).await?;
            let store = Arc::new(store);
            let router = sandbox.router_with(KeyResolver, Arc::clone(&store), |builder| {
                builder
                    .with_revocations(Arc::clone(&store))
                    .with_audit_log(Arc::clone(&store))
            })?;
            (router, Some(store))
        }
    };
    output::line(&address)?;
    report::say(&format!(
        "a guarded resource; open {base}/ in a browser, or try\n  \
         x428 get --key operator.pem {base}/reports/2026-q3\nCtrl-C ends it"
    ));
    axum::serve(listener, router)
        .with_graceful_shutdown(until_told())
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

/// Waits for Ctrl-C, or for the signal by which services are ended.
async fn until_told() {
    let interrupted = async {
        // Without the handler there is nothing to wait for, and the signal ends the process.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    #[cfg(unix)]
    let terminated = async {
        use tokio::signal::unix::{SignalKind, signal};
        match signal(SignalKind::terminate()) {
            Ok(mut signal) => {
                signal.recv().await;
            }
            Err(_) => std::future::pending().await,
        }
    };
    #[cfg(not(unix))]
    let terminated = std::future::pending::<()>();
    tokio::select! {
        () = interrupted => {}
        () = terminated => {}
    }
}
