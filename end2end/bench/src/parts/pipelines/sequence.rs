//! Tasks that do nothing, one after the other, beside Kubeflow's own local runner and beside their commands alone.

use super::{Sdk, start, succeeded, team};
use crate::{
    context::Bench,
    report::{Section, Table},
    servers::slipway::Slipway,
};
use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use std::{path::PathBuf, time::Duration};

const LENGTHS: [usize; 2] = [20, 100];
/// So many tasks of each length are measured: the shorter one in more turns.
const TASKS: usize = 100;

/// What a task costs beyond its command.
pub async fn run(bench: &Bench, sdk: &Sdk, section: &mut Section) -> Result<()> {
    eprintln!("   one after the other");
    section.method(
        "One after the other: lightweight components that do nothing, as the SDK compiles them, each after the one before, without cache. Slipway runs \
         them as local workloads, from the making of the run to its end, in the environment that it made of what the component wants to have \
         installed. The command alone is `python3 -m kfp.dsl.executor_main …` in its shell, started again and again with the same Python, before and \
         after; of 20 tasks the middle one of five turns. `kfp.local` runs in the SDK's own environment, each task with the `pip install` in front of its command; a second row leaves that away \
         (`install_kfp_package=False`).",
    );
    let portal = Slipway::start(bench, None).await?;
    for name in ["chain-1", "chain-20", "chain-100"] {
        portal.editor.json("POST", &team("/pipelines"), Some(&json!({ "spec": sdk.spec(name)?, "name": name }))).await?;
    }
    // Makes the environment, and warms everything up.
    for _ in 0..3 {
        let run = start(&portal.editor, "chain-1", json!({})).await?;
        succeeded(&portal.editor, &run, Duration::from_millis(500), Duration::from_secs(600)).await?;
    }
    let (ours, theirs) = (programs(&portal).await?, sdk.python.parent().context("the SDK's programs")?.display().to_string());
    let head = ["", "tasks", "seconds", "a task, ms", "beyond the command, ms"];
    let mut table = Table::new("Tasks that do nothing, one after the other", &head);
    for length in LENGTHS {
        let (n, words) = (length as f64, length.to_string());
        let mut turns = Vec::new();
        let mut before = sdk.seconds(&["bare", &words, &ours])?;
        for _ in 0..(TASKS / length) {
            let run = start(&portal.editor, &format!("chain-{length}"), json!({})).await?;
            let done = succeeded(&portal.editor, &run, Duration::from_millis(500), Duration::from_secs(1200)).await?;
            let slipway = time(&done, "ended_at")? - time(&done, "created_at")?;
            let after = sdk.seconds(&["bare", &words, &ours])?;
            turns.push([slipway, before, after]);
            before = after;
        }
        // The turn in the middle, by what it took beyond the command.
        turns.sort_by(|a, b| beyond(a).total_cmp(&beyond(b)));
        let [slipway, before, after] = turns[turns.len() / 2];
        let before_sdk = sdk.seconds(&["bare", &words, &theirs])?;
        let quick = sdk.seconds(&["local", &words, "installed"])?;
        let local = sdk.seconds(&["local", &words])?;
        let after_sdk = sdk.seconds(&["bare", &words, &theirs])?;
        let (bare, bare_sdk) = (f64::midpoint(before, after), f64::midpoint(before_sdk, after_sdk));
        for (what, seconds, bare) in [
            ("the command alone, before", before, None),
            ("Slipway", slipway, Some(bare)),
            ("the command alone, after", after, None),
            ("the command alone, with the SDK's Python, before", before_sdk, None),
            ("kfp.local, nothing to install", quick, Some(bare_sdk)),
            ("kfp.local", local, Some(bare_sdk)),
            ("the command alone, with the SDK's Python, after", after_sdk, None),
        ] {
            let more = bare.map_or_else(|| "-".to_owned(), |bare| format!("{:.1}", (seconds - bare) / n * 1e3));
            table.row([what.to_owned(), words.clone(), format!("{seconds:.2}"), format!("{:.0}", seconds / n * 1e3), more]);
        }
        let (ours, theirs) = ((slipway - bare) / n * 1e3, (local - bare_sdk) / n * 1e3);
        section.target(format!("Beyond the command, a task of {length}"), "at most 50 ms", format!("{ours:.1} ms"), ours <= 50.0);
        let part = ours / theirs;
        section.target(format!("Beside kfp.local, {length} tasks"), "at most 0.2", format!("{part:.3}"), theirs > 0.0 && part <= 0.2);
    }
    section.tables.push(table);
    Ok(())
}

/// The programs of the environment that was made for the tasks.
async fn programs(portal: &Slipway) -> Result<String> {
    let all = portal.editor.json("GET", &team("/environments"), None).await?;
    let of_tasks = |e: &&Value| e["name"].as_str().is_some_and(|name| name.starts_with("pipeline-"));
    let found = all["items"].as_array().into_iter().flatten().find(of_tasks).context("the environment of the tasks")?;
    let digest = found.pointer("/latest/digest").and_then(Value::as_str).context("its digest")?;
    let home = |name: &str| std::env::var_os(name).filter(|v| !v.is_empty()).map(PathBuf::from);
    let cache = home("XDG_CACHE_HOME").or_else(|| Some(home("HOME")?.join(".cache"))).context("HOME")?;
    let programs = cache.join("slipway/environments").join(digest).join("bin");
    ensure!(programs.join("python3").exists(), "there is no Python in {}", programs.display());
    Ok(programs.display().to_string())
}

/// Seconds of Slipway beyond those of the command before and after it.
fn beyond([slipway, before, after]: &[f64; 3]) -> f64 {
    slipway - f64::midpoint(*before, *after)
}

/// A moment of an answer, seconds.
fn time(of: &Value, name: &str) -> Result<f64> {
    let text = of[name].as_str().with_context(|| format!("no {name}"))?;
    let ms = server::clock::parse_rfc3339(text).with_context(|| format!("{name} {text}"))?;
    Ok(ms as f64 / 1e3)
}
