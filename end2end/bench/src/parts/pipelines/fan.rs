//! A thousand tasks at once.

use super::{Sdk, start, succeeded, team};
use crate::{
    context::Bench,
    median::median,
    report::{Section, Table},
    servers::played::Portal,
};
use anyhow::Result;
use serde_json::json;
use std::time::{Duration, Instant};

const TASKS: usize = 1000;

/// A loop over a thousand items, each round another run.
pub async fn run(bench: &Bench, sdk: &Sdk, section: &mut Section) -> Result<()> {
    eprintln!("   many at once");
    section.method(format!(
        "Many at once: a loop over {TASKS} items, on a cluster that is played and has room for all: a task runs until it has delivered its output over \
         HTTP, with its own token, which it does as soon as it is started. The portal is a process of its own, on SQLite; its time is until the run \
         has succeeded, and once more until everything is tidied up."
    ));
    let mut portal = Portal::start(bench).await?;
    let spec = json!({ "spec": sdk.spec("fan")? });
    portal.editor.json("POST", &team("/pipelines"), Some(&spec)).await?;
    let (editor, usage) = (portal.editor.clone(), portal.usage());
    let mut table =
        Table::new(&format!("{TASKS} tasks at once"), &["run", "all delivered, s", "finished, s", "portal, CPU s", "CPU s, tidied up"]);
    let (mut took, mut cpu) = (Vec::new(), Vec::new());
    // The first is a warm-up.
    for round in 0..=bench.rounds {
        let (before, begun) = (usage.cpu_seconds(), Instant::now());
        let run = start(&editor, "fan", json!({ "items": (0..TASKS).collect::<Vec<_>>() })).await?;
        let files = json!({ "Output": "1" });
        let play = async {
            portal.play(TASKS, &files).await?;
            anyhow::Ok(begun.elapsed().as_secs_f64())
        };
        let (delivered, _) = tokio::try_join!(play, succeeded(&editor, &run, Duration::from_millis(50), Duration::from_secs(120)))?;
        let finished = begun.elapsed().as_secs_f64();
        let used = usage.cpu_seconds() - before;
        tokio::time::sleep(Duration::from_secs(4)).await;
        let all = usage.cpu_seconds() - before;
        let name = if round == 0 { "warm-up".to_owned() } else { round.to_string() };
        table.row([name, format!("{delivered:.2}"), format!("{finished:.2}"), format!("{used:.2}"), format!("{all:.2}")]);
        if round > 0 {
            took.push(finished);
            cpu.push(used);
        }
    }
    section.tables.push(table);
    let (took, cpu) = (median(&took), median(&cpu));
    section.target(format!("{TASKS} tasks at once, planned and finished"), "below 5 s", format!("{took:.2} s"), took < 5.0);
    section.target("CPU of the portal for that", "below 2 s", format!("{cpu:.2} s"), cpu < 2.0);
    Ok(())
}
