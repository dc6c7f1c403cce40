//! What 2 000 workloads of 50 teams cost on a Kubernetes control plane: `end2end/kubernetes/scale.py`, whose numbers are taken over.

use crate::{
    context::Bench,
    report::{Section, Table},
};
use anyhow::{Context, Result, bail};
use serde_json::Value;
use std::{fs, process::Stdio};
use tokio::process::Command;

/// The code of a program that says why it could not be tried.
const SKIPPED: i32 = 77;

pub async fn run(bench: &Bench, section: &mut Section) -> Result<()> {
    section.method(
        "API server, scheduler and controllers are real, built from their Go modules, and so is PostgreSQL; one large node, and what runs in its \
         pods, is played by `end2end/kubernetes/scale.py`. All share the machine with the portal, which has the rights of \
         `deploy/kubernetes/rbac.yaml`. Calls are counted in the API server's own audit log.",
    );
    let found = bench.folder("kubernetes")?.join("found.json");
    let cluster = bench.root.join("end2end/cluster/cluster.py");
    let done = Command::new(&cluster)
        .args(["run", "--control-plane", "--audit", "--"])
        .arg(bench.root.join("scripts/with_postgres.sh"))
        .arg("python3")
        .arg(bench.root.join("end2end/kubernetes/scale.py"))
        .arg(&bench.binary)
        .arg("--json")
        .arg(&found)
        .current_dir(&bench.root)
        .stdin(Stdio::null())
        .status()
        .await
        .with_context(|| cluster.display().to_string())?;
    match done.code() {
        Some(0) => {}
        Some(SKIPPED) => bail!("this machine cannot have a Kubernetes cluster for tests"),
        _ => bail!("end2end/kubernetes/scale.py ended with {done}"),
    }
    let found: Value = serde_json::from_slice(&fs::read(&found)?).context("what scale.py has found")?;
    tell(&found, section)
}

fn number(of: &Value, path: &str) -> Result<f64> {
    of.pointer(path).and_then(Value::as_f64).with_context(|| format!("scale.py has not told {path}"))
}

fn tell(found: &Value, section: &mut Section) -> Result<()> {
    let get = |path: &str| number(found, path);
    let (workloads, waiting) = (get("/start/workloads")?, get("/queue/waiting")?);

    let mut quiet = Table::new(
        "Nobody does anything for a minute",
        &["", "tick about workloads, ms", "processor, % of one core", "memory, MB", "watches begun anew", "other calls"],
    );
    let states = [("empty", "no workload".to_owned()), ("running", format!("{workloads} run")), ("queue", format!("and {waiting} wait"))];
    for (part, name) in states {
        let of = |what: &str| get(&format!("/{part}/{what}"));
        let calls = found.pointer(&format!("/{part}/other_calls")).and_then(Value::as_object);
        let calls = calls.map_or(0.0, |all| all.values().filter_map(Value::as_f64).fold(0.0, |sum, n| sum + n));
        quiet.row([
            name,
            format!("{:.1}", of("tick_ms")?),
            format!("{:.1}", of("cpu_percent")?),
            format!("{:.0}", of("memory_mb")?),
            of("watches")?.to_string(),
            calls.to_string(),
        ]);
    }
    section.tables.push(quiet);

    let mut changes = Table::new("Calls to the API server for each change", &["", "calls", "of which"]);
    let names = [("start", "a start, claimed by its pod"), ("stop", "asked to end"), ("end", "its end written down, and forgotten")];
    for (part, name) in names {
        let of = found.pointer(&format!("/{part}/of")).and_then(Value::as_object).into_iter().flatten();
        let of: Vec<String> = of.map(|(what, n)| format!("{what} {n}")).collect();
        changes.row([name.into(), get(&format!("/{part}/calls"))?.to_string(), of.join(", ")]);
    }
    section.tables.push(changes);

    let adopted = get("/restart/adopted_s")?;
    let mut restart = Table::new("Killed and started again", &["", ""]);
    restart.row([format!("until {} workloads are adopted", get("/restart/observed")?), format!("{adopted:.2} s")]);
    restart.row([
        format!("from the first of {workloads} submitted until all run, their node played"),
        format!("{} s", get("/start/all_run_s")?),
    ]);
    section.tables.push(restart);

    section.target(format!("Adopting {workloads} workloads after a restart"), "below 5 s", format!("{adopted:.2} s"), adopted < 5.0);
    let patches: f64 = ["/start/of/patch jobs", "/start/of/patch secrets"].iter().filter_map(|p| get(p).ok()).sum();
    section.target("Calls of a start and of its claim", "at most 3 and 1", format!("{patches}"), patches <= 4.0);
    let most = get("/stop/calls")?.max(get("/end/calls")? / 2.0);
    section.target("Calls of any other change", "at most 3", format!("{most}"), most <= 3.0);
    let idle = found.pointer("/running/other_calls").and_then(Value::as_object).is_some_and(|calls| calls.is_empty());
    section.target(
        format!("Calls but watches while {workloads} run and nothing changes"),
        "none",
        if idle { "none" } else { "some" },
        idle,
    );
    Ok(())
}
