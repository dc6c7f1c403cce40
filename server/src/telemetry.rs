//! The server's own log, to standard error, and what it measures of itself. Nothing leaves the machine.

use metrics_exporter_prometheus::PrometheusHandle;
use std::{io::IsTerminal, time::Duration};
use tracing_subscriber::EnvFilter;

/// How often what was measured is put into buckets.
const FOLD: Duration = Duration::from_secs(5);

/// Starts it: `text` or `json`; `RUST_LOG` chooses what is written.
pub fn start(format: &str) {
    let filter =
        EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info,sqlx=warn,tower_http=warn,tower_sessions_core=error"));
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        // A log in a file has no colours; https://no-color.org for a terminal.
        .with_ansi(std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|v| v.is_empty()))
        // A line that cannot be written (its disk is full) is lost; telling so on the same stream would panic.
        .log_internal_errors(false);
    // A second start in one process (tests) keeps the first.
    let _ = if format == "json" { builder.json().try_init() } else { builder.try_init() };
}

/// Puts what was measured into buckets, as long as the server runs. Until then each value is kept by itself, and whoever asks for `/metrics`, which does it
/// too, may never come.
pub async fn fold(metrics: PrometheusHandle) {
    let mut every = tokio::time::interval(FOLD);
    loop {
        every.tick().await;
        metrics.run_upkeep();
    }
}
