//! The model that servers are compared with: the demo's classifier of digits, trained here and logged to a portal.

use crate::{
    context::Bench,
    servers::slipway::{Slipway, TEAM},
    venv::{Venv, run},
};
use anyhow::{Context, Result};
use http::header;
use serde_json::{Value, json};
use std::{
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

/// Name of model and deployment.
pub const NAME: &str = "digits";

/// A trained model.
pub struct Digits {
    /// Its run.
    pub run_id: String,
    /// The folder with its MLmodel file.
    pub folder: PathBuf,
}

/// A virtual environment with what a lock file of `server/runtimes/environments` says.
///
/// # Errors
/// It cannot be installed.
pub fn locked(bench: &Bench, name: &str) -> Result<Venv> {
    let lock = bench.root.join(format!("server/runtimes/environments/{name}.lock"));
    Venv::of(bench, name, &["-r", &lock.display().to_string()])
}

impl Digits {
    /// Trains it with the demo's script, which logs it to the portal.
    ///
    /// # Errors
    /// Training fails.
    pub fn train(bench: &Bench, portal: &Slipway) -> Result<Self> {
        let host = portal.editor.call("GET", "/", "").headers()[header::HOST].to_str()?.to_owned();
        let token = portal.editor.headers[header::AUTHORIZATION].to_str()?.trim_start_matches("Bearer ").to_owned();
        let mut command = Command::new(locked(bench, "train")?.program("python"));
        command.arg(bench.root.join("server/runtimes/demo/train.py")).args(["--epochs", "5"]).current_dir(bench.folder("train")?);
        command.envs([("MLFLOW_TRACKING_URI", format!("http://{host}")), ("MLFLOW_TRACKING_TOKEN", token)]);
        command.envs([("MLFLOW_DISABLE_TELEMETRY", "true"), ("GIT_PYTHON_REFRESH", "quiet")]);
        let words = run(&mut command).context("train the model")?.stdout;
        let words = String::from_utf8_lossy(&words);
        let id = words.lines().find_map(|l| l.strip_prefix("run ")).and_then(|l| l.split(':').next()).context("train.py names no run")?;
        let folder = find(&portal.data.join("artifacts")).context("no MLmodel below the artifacts")?;
        Ok(Self { run_id: id.to_owned(), folder })
    }

    /// Registers and deploys it, and waits until it serves; the request that its own example makes, in V2.
    ///
    /// # Errors
    /// It does not come up.
    pub async fn deploy(&self, portal: &Slipway) -> Result<Value> {
        let team = format!("/api/v1/teams/{TEAM}");
        let version = json!({ "model": NAME, "run_id": self.run_id });
        let version = portal.editor.json("POST", &format!("{team}/model-versions"), Some(&version)).await?;
        // A whole processor, which it can use: of a half the kernel takes it away for the rest of each tenth of a second, and a median tells of that.
        let new = json!({ "name": NAME, "model": NAME, "version": version["version"], "cpu": "1", "memory": "1Gi" });
        portal.editor.json("POST", &format!("{team}/deployments"), Some(&new)).await?;
        let path = format!("{team}/deployments/{NAME}");
        portal.until(&path, "/state", "running", &["failed", "stopped"], Duration::from_secs(180)).await?;
        let example = portal.editor.json("GET", &format!("{path}/example"), None).await?;
        Ok(example["v2"].clone())
    }

    /// Ends the deployment: its server would outlive the portal.
    ///
    /// # Errors
    /// It does not end.
    pub async fn stop(portal: &Slipway, noun: &str, name: &str) -> Result<()> {
        let path = format!("/api/v1/teams/{TEAM}/{noun}/{name}");
        portal.editor.json("POST", &format!("{path}/stop"), Some(&json!({}))).await?;
        portal.until(&path, "/state", "stopped", &["failed"], Duration::from_secs(60)).await.map(drop)
    }
}

/// The folder of an MLmodel file.
fn find(folder: &Path) -> Option<PathBuf> {
    let entries: Vec<PathBuf> = std::fs::read_dir(folder).ok()?.flatten().map(|e| e.path()).collect();
    if entries.iter().any(|e| e.ends_with("MLmodel")) {
        return Some(folder.into());
    }
    entries.iter().filter(|e| e.is_dir()).find_map(|e| find(e))
}
