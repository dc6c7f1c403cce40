//! The interpreter that environments of this machine are made with.

use serde::Deserialize;
use std::{path::PathBuf, process::Stdio, time::Duration};
use tokio::{process::Command, time::timeout};

/// Tried in this order; the first that is new enough is taken. The shipped locks hold from 3.11.2 on.
const CANDIDATES: [&str; 4] = ["python3.11", "python3.12", "python3.13", "python3"];
const WITHIN: Duration = Duration::from_secs(20);
const ASK: &str = "import json, os, platform, sys
base = os.path.realpath(getattr(sys, '_base_executable', None) or sys.executable)
print(json.dumps({'path': base, 'version': platform.python_version(), 'machine': platform.machine(), 'recent': sys.version_info >= (3, 11, 2)}))";

/// What to do where there is none.
pub const MISSING: &str =
    "Python 3.11.2 or newer was not found on this machine. Install it (Debian: apt install python3 python3-venv), then retry.";

/// An interpreter.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Python {
    /// Its program, links followed.
    pub path: PathBuf,
    /// `3.11.7`
    pub version: String,
    /// `x86_64`
    pub machine: String,
    #[serde(default)]
    recent: bool,
}

impl Python {
    /// An interpreter that is known by other means.
    pub fn new(path: impl Into<PathBuf>, version: &str, machine: &str) -> Self {
        Self { path: path.into(), version: version.into(), machine: machine.into(), recent: true }
    }

    /// What tells one interpreter's environments from another's.
    pub fn tag(&self) -> String {
        format!("{} {} {}", self.version, self.machine, self.path.display())
    }
}

/// Looks for one. It starts programs, so it is asked once and in the background.
pub async fn find() -> Option<Python> {
    for name in CANDIDATES {
        let asked = Command::new(name).args(["-I", "-c", ASK]).stdin(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true).output();
        if let Ok(Ok(output)) = timeout(WITHIN, asked).await
            && output.status.success()
            && let Ok(python) = serde_json::from_slice::<Python>(&output.stdout)
            && python.recent
        {
            return Some(python);
        }
    }
    None
}
