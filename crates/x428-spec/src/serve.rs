//! The live book: built on save, shown in the browser, with what is wrong on top of it.
//!
//! A thread waits for changes and builds; the server shows the last good book and tells the pages,
//! over server-sent events, when there is a new one or why there is none.

mod live;
mod site;
#[cfg(test)]
mod tests;
mod watch;

use std::{io, net::SocketAddr, path::Path, sync::mpsc, thread, time::Duration};

pub use live::{Outcome, Problem};
pub use site::site;

use self::live::Live;
use crate::{diagnostic::Severity, model::Project};

/// How long the files have to be quiet before they are built: editors write in several steps.
const QUIET: Duration = Duration::from_millis(120);

/// Why nothing is served.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServeError {
    /// The address is taken, or may not be used.
    #[error("cannot listen on {address}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What went wrong.
        source: io::Error,
    },
    /// The files cannot be watched.
    #[error("the files cannot be watched")]
    Watch(#[from] notify::Error),
    /// The server failed.
    #[error("the server failed")]
    Server(#[from] io::Error),
}

/// Builds the book, serves it on `address` until Ctrl-C, and builds it again whenever a file of the
/// specification or of the theme changes.
///
/// `started` is called with the bound address, `built` after every build.
///
/// # Errors
/// [`ServeError`]. A specification with errors is none: they are shown.
pub fn serve(
    project: &Project,
    address: SocketAddr,
    started: impl FnOnce(SocketAddr),
    mut built: impl FnMut(&Outcome) + Send + 'static,
) -> Result<(), ServeError> {
    let html = project.root.join("book").join("html");
    let (sender, changes) = mpsc::channel();
    // Before the first build, so that no change is lost; dropping it would end the watching.
    let _watcher = watch::watch(project, sender)?;
    let first = build(project);
    built(&first);
    let live = Live::new(first);
    let publisher = live.clone();
    let rebuilt = project.clone();
    thread::spawn(move || {
        while watch::settle(&changes, QUIET) {
            let outcome = build(&rebuilt);
            built(&outcome);
            publisher.publish(outcome);
        }
    });
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(listen(&html, address, live, started))
}

async fn listen(
    html: &Path,
    address: SocketAddr,
    live: Live,
    started: impl FnOnce(SocketAddr),
) -> Result<(), ServeError> {
    let listener = tokio::net::TcpListener::bind(address)
        .await
        .map_err(|source| ServeError::Listen { address, source })?;
    started(listener.local_addr()?);
    // Pages hold their event streams open; waiting for them would never end.
    tokio::select! {
        served = axum::serve(listener, site(html, live)) => Ok(served?),
        stopped = tokio::signal::ctrl_c() => Ok(stopped?),
    }
}

/// Reads, checks, writes what is generated, and renders.
fn build(project: &Project) -> Outcome {
    let built = match crate::build::build(project, false, &|_| {}) {
        Ok(built) => built,
        Err(error) => return Outcome::Broken(vec![Problem::of(&error)]),
    };
    let problems: Vec<_> = built
        .report
        .diagnostics
        .iter()
        .filter(|diagnostic| diagnostic.severity() == Severity::Error)
        .map(|diagnostic| Problem::new(diagnostic, &built.spec.sources))
        .collect();
    if problems.is_empty() {
        Outcome::Good
    } else {
        Outcome::Broken(problems)
    }
}
