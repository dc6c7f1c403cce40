//! Memory with many runs active.

use super::{Sdk, start, team};
use crate::{
    context::Bench,
    report::{Section, Table},
    servers::played::Portal,
};
use anyhow::{Context, Result};
use serde_json::json;
use std::time::Duration;

const RUNS: usize = 1000;
const PIPELINE: &str = "chain-20";
/// Until what is over is tidied up, and caches have what they keep.
const QUIET: Duration = Duration::from_secs(10);

/// Runs of which each has a task that runs and 19 that wait.
pub async fn run(bench: &Bench, sdk: &Sdk, section: &mut Section) -> Result<()> {
    eprintln!("   active runs");
    section.method(format!(
        "Active: {RUNS} runs of a pipeline of 20 tasks on the played cluster, of each of which the first task runs. Resident memory of the portal, on \
         SQLite, {} s after the last change; before them after a run that was cancelled and some pages.",
        QUIET.as_secs()
    ));
    let mut portal = Portal::start(bench).await?;
    let spec = json!({ "spec": sdk.spec(PIPELINE)? });
    portal.editor.json("POST", &team("/pipelines"), Some(&spec)).await?;
    let (editor, usage) = (portal.editor.clone(), portal.usage());
    let megabytes = |bytes: u64| bytes as f64 / 1e6;

    let first = start(&editor, PIPELINE, json!({})).await?;
    portal.started().await?;
    editor.json("POST", &team(&format!("/pipeline-runs/{first}/cancel")), None).await?;
    for _ in 0..20 {
        for page in ["/teams/bench/pipeline-runs", "/teams/bench/pipelines"] {
            portal.admin.send("GET", page, "").await?;
        }
    }
    tokio::time::sleep(QUIET).await;
    let before = megabytes(usage.resident());
    for i in 0..RUNS {
        start(&editor, PIPELINE, json!({})).await.with_context(|| format!("run {i}"))?;
    }
    for _ in 0..RUNS {
        portal.started().await?;
    }
    let busy = megabytes(usage.resident());
    tokio::time::sleep(QUIET).await;
    let (after, cpu) = (megabytes(usage.resident()), usage.cpu_seconds());
    tokio::time::sleep(QUIET).await;
    let idle = (usage.cpu_seconds() - cpu) / QUIET.as_secs_f64() * 100.0;
    let grown = after - before;

    let mut table = Table::new(&format!("{RUNS} active runs"), &["", ""]);
    let rows = [
        ("resident before, MB", format!("{before:.0}")),
        ("when all had started, MB", format!("{busy:.0}")),
        ("resident after, MB", format!("{after:.0}")),
        ("processor while nothing changes, % of one core", format!("{idle:.1}")),
    ];
    rows.into_iter().for_each(|(what, value)| table.row([what.to_owned(), value]));
    section.tables.push(table);
    section.target(format!("Memory with {RUNS} runs active"), "at most 100 MB more", format!("{grown:.0} MB more"), grown <= 100.0);
    Ok(())
}
