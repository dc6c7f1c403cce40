//! Pipelines: tasks one after the other beside Kubeflow's own local runner, many at once, long lists, a large pipeline, many active runs.

mod active;
mod fan;
mod large;
mod lists;
mod sequence;

use crate::{
    client::Http,
    context::Bench,
    report::Section,
    servers::slipway::{self, TEAM},
    venv::run as program,
};
use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use std::{
    path::PathBuf,
    process::Command,
    time::{Duration, Instant},
};

/// Each of them; what one finds is kept where another fails.
pub async fn run(bench: &Bench, section: &mut Section) -> Result<()> {
    section.version("Slipway", slipway::version(bench));
    let sdk = Sdk::new(bench)?;
    section.version("kfp", "2.17.3, its local runner with `SubprocessRunner(use_venv=False)`");
    for (name, done) in [
        ("many at once", fan::run(bench, &sdk, section).await),
        ("a large pipeline", large::run(bench, section).await),
        ("one after the other", sequence::run(bench, &sdk, section).await),
        ("active runs", active::run(bench, &sdk, section).await),
        ("lists", lists::run(bench, section).await),
    ] {
        if let Err(error) = done {
            eprintln!("   failed: {name}: {error:#}");
            section.failures.push(format!("{name}: {error:#}"));
        }
    }
    Ok(())
}

/// Kubeflow's SDK, with the pipelines that it has compiled.
struct Sdk {
    script: PathBuf,
    python: PathBuf,
    compiled: PathBuf,
}

impl Sdk {
    fn new(bench: &Bench) -> Result<Self> {
        let lock = bench.root.join("end2end/kfp/compile.lock");
        let made = program(Command::new(bench.root.join("scripts/venv.sh")).arg("kfp-compile").arg(lock))?;
        let folder = PathBuf::from(String::from_utf8_lossy(&made.stdout).trim());
        let sdk = Self {
            script: bench.root.join("end2end/bench/pipelines.py"),
            python: folder.join("bin/python"),
            compiled: bench.folder("compiled")?,
        };
        sdk.call(&["compile", &sdk.compiled.display().to_string()])?;
        Ok(sdk)
    }

    /// Runs the script; what it printed last.
    fn call(&self, words: &[&str]) -> Result<String> {
        let out = program(Command::new(&self.python).arg(&self.script).args(words).env_remove("PYTHONPATH"))?;
        Ok(String::from_utf8_lossy(&out.stdout).lines().last().unwrap_or_default().to_owned())
    }

    /// The same where that is a number of seconds.
    fn seconds(&self, words: &[&str]) -> Result<f64> {
        self.call(words)?.parse().with_context(|| format!("what {words:?} printed"))
    }

    fn spec(&self, name: &str) -> Result<String> {
        Ok(std::fs::read_to_string(self.compiled.join(format!("{name}.yaml")))?)
    }
}

/// A path below the team.
fn team(rest: &str) -> String {
    format!("/api/v1/teams/{TEAM}{rest}")
}

/// Starts a run of a pipeline of the team; its id.
async fn start(editor: &Http, pipeline: &str, parameters: Value) -> Result<String> {
    let new = json!({ "pipeline": pipeline, "parameters": parameters, "cache": false });
    let made = editor.json("POST", &team("/pipeline-runs"), Some(&new)).await?;
    Ok(made["id"].as_str().context("a run has an id")?.to_owned())
}

/// Waits until a run has succeeded.
async fn succeeded(editor: &Http, run: &str, every: Duration, most: Duration) -> Result<Value> {
    let begun = Instant::now();
    loop {
        let now = editor.json("GET", &team(&format!("/pipeline-runs/{run}")), None).await?;
        match now["state"].as_str().unwrap_or_default() {
            "succeeded" => return Ok(now),
            "failed" | "cancelled" => anyhow::bail!("the run {}: {}", now["state"], now["reason"]),
            state => ensure!(begun.elapsed() < most, "the run is {state} after {most:?}: {now}"),
        }
        tokio::time::sleep(every).await;
    }
}
