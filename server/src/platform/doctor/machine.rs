//! The machine: how limits are put upon workloads, who they run as, and the programs that the portal starts.

use super::{error, ok, warning};
use crate::{
    cluster::local::{LimitsMode, limits_mode},
    environments::python,
};
use app::api::platform::Finding;
use std::{path::Path, process::Stdio, time::Duration};
use tokio::process::Command;

const WITHIN: Duration = Duration::from_secs(20);

/// All of it.
pub async fn all() -> Vec<Finding> {
    let mut out = vec![limits().await, trust()];
    out.extend(pythons().await);
    out.push(git().await);
    out
}

async fn limits() -> Finding {
    // It makes and removes control groups.
    let mode = tokio::task::spawn_blocking(limits_mode).await.unwrap_or(LimitsMode::Rlimits);
    match mode {
        LimitsMode::CgroupV2 | LimitsMode::CgroupV1 | LimitsMode::Container => ok("limits", mode.words()),
        LimitsMode::Rlimits => warning(
            "limits",
            mode.words(),
            "Let the server's user make control groups: under systemd `Delegate=cpu memory` in the service, in a container a writable /sys/fs/cgroup.",
        ),
    }
}

fn trust() -> Finding {
    const CHECK: &str = "trust domain";
    if rustix::process::geteuid().is_root() {
        return warning(
            CHECK,
            "The server runs as root, and so do all workloads: whoever runs code here owns this machine and can reach every team's files and secrets.",
            "Run Slipway as a user of its own, on a machine for teams that trust each other.",
        );
    }
    warning(
        CHECK,
        "All workloads run as the server's user: whoever runs code here can reach what that user can, other teams' files and secrets too.",
        "Give this machine to teams that trust each other.",
    )
}

async fn pythons() -> Vec<Finding> {
    let uv = said("uv", &["--version"]).await;
    let mut out = Vec::new();
    match python::find().await {
        None => out.push(error("Python", python::MISSING, "Debian: apt-get install python3 python3-venv")),
        Some(found) => {
            let detail = format!("{} at {}", found.version, found.path.display());
            // Without uv environments are made by the interpreter itself, which Debian ships in a package of its own.
            let alone = uv.is_some() || can_make_environments(&found.path).await;
            out.push(match alone {
                true => ok("Python", detail),
                false => error(
                    "Python",
                    format!("{detail}, without venv: environments cannot be made"),
                    "Debian: apt-get install python3-venv, or install uv.",
                ),
            });
        }
    }
    out.push(match uv {
        Some(version) => ok("uv", version),
        // Without a network to fetch it from, venv and pip do its work.
        None => ok("uv", "not on this machine: the first environment fetches it from PyPI into the cache folder"),
    });
    out
}

async fn can_make_environments(python: &Path) -> bool {
    said(&python.display().to_string(), &["-I", "-c", "import ensurepip, venv; print('ok')"]).await.is_some()
}

/// The program that fetches code.
pub async fn git() -> Finding {
    match said("git", &["--version"]).await {
        Some(version) => ok("git", version.trim_start_matches("git version ").to_owned()),
        None => warning("git", "not found: runs from a git repository cannot be fetched", "Debian: apt-get install git"),
    }
}

/// The first line a program says, if it is there and succeeds.
async fn said(program: &str, args: &[&str]) -> Option<String> {
    let asked = Command::new(program).args(args).stdin(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true).output();
    let output = tokio::time::timeout(WITHIN, asked).await.ok()?.ok()?;
    let text = String::from_utf8_lossy(&output.stdout);
    output.status.success().then(|| text.lines().next().unwrap_or_default().trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn programs_are_asked() {
        assert!(said("sh", &["-c", "echo one; echo two"]).await.is_some_and(|t| t == "one"));
        assert_eq!(said("sh", &["-c", "exit 1"]).await, None);
        assert_eq!(said("no-such-program-here", &[]).await, None);
    }
}
