//! A runtime, for the commands that need one.

use anyhow::Context as _;

/// Runs a future to its end.
pub(crate) fn block_on<F: Future>(future: F) -> anyhow::Result<F::Output> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .context("no runtime")?;
    let output = runtime.block_on(future);
    // Somebody may still be asked for a line, and has ended the command instead.
    runtime.shutdown_background();
    Ok(output)
}
