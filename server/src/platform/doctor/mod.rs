//! Looks at what the portal needs; each finding comes with its fix.

mod artifacts;
mod database;
mod folder;
mod kubernetes;
mod machine;
mod mail;
mod ports;

use crate::{clock::Clock, config::Config, store::Store};
use app::api::platform::Finding;
use std::time::{Duration, Instant};
use tokio::sync::Mutex;

/// How long findings about the machine are kept in a running server: finding out starts programs.
const KEPT: Duration = Duration::from_secs(60);
static MACHINE: Mutex<Option<(Instant, Vec<Finding>)>> = Mutex::const_new(None);

/// All is well.
pub(super) fn ok(check: &str, detail: impl Into<String>) -> Finding {
    Finding { check: check.into(), level: "ok".into(), detail: detail.into(), fix: None }
}

/// Works, but not as well, or not as safely, as it could.
pub(super) fn warning(check: &str, detail: impl Into<String>, fix: impl Into<String>) -> Finding {
    Finding { check: check.into(), level: "warning".into(), detail: detail.into(), fix: Some(fix.into()) }
}

/// The portal, or a part of it, cannot do its work.
pub(super) fn error(check: &str, detail: impl Into<String>, fix: impl Into<String>) -> Finding {
    Finding { check: check.into(), level: "error".into(), detail: detail.into(), fix: Some(fix.into()) }
}

/// Everything that was looked at, in order. Never fails: what cannot be looked at is a finding.
///
/// With `store` it looks from within the running server; without, from beside it, at what a start would find. `pull`: on Kubernetes each image
/// is pulled once, by a pod that ends at once.
pub async fn examine(config: &Config, store: Option<&Store>, pull: bool) -> Vec<Finding> {
    let mut out = vec![match store {
        Some(store) => database::of_server(store).await,
        None => database::beside(config).await,
    }];
    out.extend(folder::space(config));
    out.push(folder::key(config));
    match store {
        Some(store) => out.push(folder::clock(config, store.clock().now())),
        None => {
            let running = folder::is_locked(config);
            out.push(folder::lock(config, running));
            out.push(folder::clock(config, crate::clock::SystemClock.now()));
            out.extend(ports::free(config, running));
        }
    }
    out.push(ports::exposure(config));
    out.extend(match store {
        Some(_) => of_surroundings_kept(config).await,
        None => of_surroundings(config, pull).await,
    });
    out
}

/// Where artifacts are kept, what takes mails, and where workloads run.
async fn of_surroundings(config: &Config, pull: bool) -> Vec<Finding> {
    let mut out = artifacts::all(config).await;
    out.extend(mail::all(config).await);
    if config.cluster != "kubernetes" {
        out.extend(machine::all().await);
        return out;
    }
    out.extend(kubernetes::all(config, pull).await);
    out.push(machine::git().await);
    out
}

async fn of_surroundings_kept(config: &Config) -> Vec<Finding> {
    let mut kept = MACHINE.lock().await;
    match &*kept {
        Some((when, found)) if when.elapsed() < KEPT => found.clone(),
        _ => {
            let found = of_surroundings(config, false).await;
            *kept = Some((Instant::now(), found.clone()));
            found
        }
    }
}
