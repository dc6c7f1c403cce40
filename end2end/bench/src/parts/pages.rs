//! How long the server takes to render a page of a portal that is full.

use crate::{
    client::Http,
    context::Bench,
    load::Target,
    report::{Section, Table},
    servers::slipway::{self, Slipway, TEAM},
};
use anyhow::{Context, Result};
use serde_json::json;
use std::rc::Rc;

const RUNS: usize = 1000;
const MODELS: usize = 50;

/// Fills a portal, then opens its main pages.
pub async fn run(bench: &Bench, section: &mut Section) -> Result<()> {
    let portal = Slipway::start(bench, None).await?;
    let (run, model) = fill(&portal.editor).await.context("fill the portal")?;
    section.method(format!(
        "A team with {RUNS} runs (12 metrics of 20 points, 4 parameters, 2 tags each) and {MODELS} registered models, on SQLite. Pages are rendered \
         by the server, data included, one after the other for a signed-in person over one connection, {:.1} s for each page.",
        bench.measure.as_secs_f64()
    ));
    section.version("Slipway", slipway::version(bench));
    let mut table = Table::new("HTML pages", &["page", "p50 ms", "p95 ms", "server CPU ms", "HTML KB, uncompressed"]);
    let team = format!("/teams/{TEAM}");
    let pages = [
        ("Home", team.clone()),
        ("Notebooks", format!("{team}/notebooks")),
        ("Runs", format!("{team}/runs")),
        ("Run", format!("{team}/runs/{run}")),
        ("Models", format!("{team}/models")),
        ("Model", format!("{team}/models/{model}")),
        ("Deployments", format!("{team}/deployments")),
        ("Environments", format!("{team}/environments")),
        ("Team", format!("{team}/team")),
        ("Account", "/account".into()),
        ("Admin", "/admin".into()),
    ];
    for (name, path) in pages {
        let admin = portal.admin.clone();
        let size = admin.send("GET", &path, "").await?.body().len();
        let make = Rc::new(move |_, _| admin.call("GET", &path, ""));
        let target = Target { place: portal.admin.place.clone(), make, usage: portal.server.usage(), database: None };
        match target.measure(1, bench.measure, 0).await {
            Ok((o, _)) => {
                let ms = |q| format!("{:.2}", o.ms(q));
                table.row([name.into(), ms(0.5), ms(0.95), format!("{:.2}", o.cpu_ms()), format!("{:.0}", size as f64 / 1000.0)]);
            }
            Err(e) => section.failures.push(format!("{name}: {e:#}")),
        }
    }
    section.tables.push(table);
    Ok(())
}

/// A run and a model to look at.
async fn fill(editor: &Http) -> Result<(String, String)> {
    let mut last = String::new();
    for i in 0..RUNS {
        let new = json!({ "experiment_id": "0", "run_name": format!("run-{i}"), "start_time": 1_764_000_000_000_u64 + i as u64 * 1000 });
        let made = editor.json("POST", "/api/2.0/mlflow/runs/create", Some(&new)).await?;
        last = made.pointer("/run/info/run_id").and_then(|v| v.as_str()).context("no run_id")?.to_owned();
        let metric = |key: usize, step: usize| json!({ "key": format!("metric_{key}"), "value": (i * 7 + key + step) as f64 / 100.0, "timestamp": 1_764_000_000_000_u64, "step": step });
        let metrics: Vec<_> = (0..12).flat_map(|key| (0..20).map(move |step| metric(key, step))).collect();
        let pair = |key: &str, value: String| json!({ "key": key, "value": value });
        let params: Vec<_> = (0..4).map(|p| pair(&format!("param_{p}"), (i % (p + 2)).to_string())).collect();
        let tags = [pair("team", "bench".into()), pair("stage", (i % 3).to_string())];
        let batch = json!({ "run_id": last, "metrics": metrics, "params": params, "tags": tags });
        editor.json("POST", "/api/2.0/mlflow/runs/log-batch", Some(&batch)).await?;
        let end = json!({ "run_id": last, "status": "FINISHED", "end_time": 1_764_000_100_000_u64 + i as u64 * 1000 });
        editor.json("POST", "/api/2.0/mlflow/runs/update", Some(&end)).await?;
    }
    for i in 0..MODELS {
        editor.json("POST", "/api/2.0/mlflow/registered-models/create", Some(&json!({ "name": format!("model-{i}") }))).await?;
    }
    Ok((last, "model-0".into()))
}
