//! What runs inside of a pod: `slipway shim pod-prepare`, then `slipway shim pod` with `slipway shim pod-courier` beside it.
//!
//! They share folders and speak through the supervisor's own records: the courier reads log, state and end, and writes requests to stop, as
//! the server does on its own machine.

mod copy;
mod courier;
mod door;
mod fetch;
mod portal;
mod prepare;
mod run;
mod spool;

use super::{build::RANK, places, plans::Orders};
use crate::cluster::Exit;
use std::{fs, path::Path, process::ExitCode};

/// Runs one of the three. `None`: it is none of them.
pub fn main(word: &str) -> Option<ExitCode> {
    // The portal may be reached over TLS. A second one in the same process is no harm.
    let _ = rustls::crypto::ring::default_provider().install_default();
    match word {
        "pod" => Some(run::main()),
        "pod-prepare" => Some(prepare::main()),
        "pod-courier" => Some(courier::main()),
        _ => None,
    }
}

fn orders() -> Result<Orders, String> {
    let path = Path::new(places::ORDERS).join(places::ORDERS_FILE);
    let text = fs::read(&path).map_err(|e| format!("{} cannot be read: {e}.", path.display()))?;
    serde_json::from_slice(&text).map_err(|e| format!("{} cannot be read: {e}.", path.display()))
}

/// The node of the workload that this pod runs, as its Job numbers them.
#[expect(clippy::disallowed_methods, reason = "a pod has no configuration: Kubernetes tells it who it is")]
fn rank() -> u32 {
    std::env::var(RANK).ok().and_then(|n| n.parse().ok()).unwrap_or(0)
}

/// Runs async work on one thread.
fn block_on<T>(work: impl Future<Output = T>) -> Result<T, String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|e| e.to_string())?;
    let result = runtime.block_on(work);
    // A thread that still copies must not keep us.
    runtime.shutdown_background();
    Ok(result)
}

/// Says where the kubelet looks how this container ended.
fn last_words(exit: &Exit) {
    if let Ok(text) = serde_json::to_string(exit) {
        // Without it only the exit code is known.
        let _ = fs::write(places::LAST_WORDS, text);
    }
}

/// Says why nothing was done.
fn failed(why: String) -> ExitCode {
    use crate::clock::{Clock, SystemClock};
    eprintln!("{why}");
    last_words(&Exit { reason: Some(why), ended_at: SystemClock.now(), ..Exit::default() });
    ExitCode::FAILURE
}
