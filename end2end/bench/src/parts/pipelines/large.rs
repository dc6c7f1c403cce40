//! A pipeline of 5 000 tasks.

use super::{start, team};
use crate::{
    context::Bench,
    median::median,
    report::{Section, Table},
    servers::{played::Portal, slipway::TEAM},
};
use anyhow::{Result, ensure};
use serde_json::json;
use std::{
    fmt::Write,
    time::{Duration, Instant},
};

const LAYERS: usize = 50;
const WIDTH: usize = 100;
/// What a component's program has, so that the document has 10 MB.
const PROGRAM: usize = 950;

/// Uploaded, run, its graph opened.
pub async fn run(bench: &Bench, section: &mut Section) -> Result<()> {
    let spec = spec();
    let tasks = LAYERS * WIDTH;
    eprintln!("   a large pipeline");
    section.method(format!(
        "Large: a document of {:.1} MB in YAML as the SDK writes it, of {tasks} tasks in {LAYERS} layers of {WIDTH}, each with a component of its own and \
         after two of the layer before. It is uploaded and checked, a run of it is made and planned, and the page of that run is opened, with all \
         {tasks} boxes and their lines in it.",
        spec.len() as f64 / 1e6
    ));
    let portal = Portal::start(bench).await?;
    let mut table = Table::new(
        "A large pipeline, seconds",
        &["round", "uploaded and checked", "run made and planned", "graph drawn", "together", "page, MB"],
    );
    let mut all = Vec::new();
    for round in 1..=bench.rounds {
        // Another one each time, as one that was read before would not be read again.
        let spec = spec.replace("name: large\n", &format!("name: large-{round}\n"));
        let body = json!({ "spec": spec, "name": format!("large-{round}") }).to_string();
        let begun = Instant::now();
        let made = portal.editor.send("POST", &team("/pipelines"), body).await?;
        ensure!(made.status().is_success(), "the upload was refused: {}", crate::client::beginning(made.body()));
        let uploaded = begun.elapsed().as_secs_f64();
        let run = start(&portal.editor, &format!("large-{round}"), json!({})).await?;
        let path = team(&format!("/pipeline-runs/{run}"));
        while portal.editor.json("GET", &path, None).await?["tasks"].as_u64() != Some(tasks as u64) {
            ensure!(begun.elapsed() < Duration::from_secs(120), "its tasks are not made");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        let planned = begun.elapsed().as_secs_f64();
        let page = portal.admin.send("GET", &format!("/teams/{TEAM}/pipeline-runs/{run}"), "").await?;
        let drawn = begun.elapsed().as_secs_f64();
        let boxes = String::from_utf8_lossy(page.body()).matches("data-key=\"node-").count();
        ensure!(boxes == tasks, "the page has {boxes} boxes: {} {}", page.status(), crate::client::beginning(page.body()));
        let ms = [uploaded, planned - uploaded, drawn - planned, drawn].map(|s| format!("{s:.2}"));
        table.row([round.to_string()].into_iter().chain(ms).chain([format!("{:.1}", page.body().len() as f64 / 1e6)]));
        all.push(drawn);
        portal.editor.json("POST", &team(&format!("/pipeline-runs/{run}/cancel")), None).await?;
        tokio::time::sleep(Duration::from_secs(5)).await;
    }
    section.tables.push(table);
    let all = median(&all);
    section.target(format!("{tasks} tasks uploaded, checked and drawn"), "below 2 s", format!("{all:.2} s"), all < 2.0);
    Ok(())
}

/// In the order and with the indents of the SDK.
fn spec() -> String {
    let names: Vec<String> = (0..LAYERS * WIDTH).map(|i| format!("step-{i}")).collect();
    let line = r"    total = total + 1  # one more\n";
    let program = line.repeat(PROGRAM / line.len());
    let of = |template: &str, name: &str| template.trim_start_matches('\n').replace("NAME", name).replace("PROGRAM", &program);
    let mut out = "# PIPELINE DEFINITION\n# Name: large\ncomponents:\n".to_owned();
    names.iter().for_each(|name| out.push_str(&of(COMPONENT, name)));
    out.push_str("deploymentSpec:\n  executors:\n");
    names.iter().for_each(|name| out.push_str(&of(EXECUTOR, name)));
    out.push_str("pipelineInfo:\n  name: large\nroot:\n  dag:\n    tasks:\n");
    for (i, name) in names.iter().enumerate() {
        out.push_str(&of(TASK, name));
        if let Some(above) = i.checked_sub(WIDTH) {
            let next = above - above % WIDTH + (above + 1) % WIDTH;
            let _ = writeln!(out, "        dependentTasks:\n        - step-{above}\n        - step-{next}");
        }
    }
    out.push_str("schemaVersion: 2.1.0\nsdkVersion: kfp-2.17.3\n");
    out
}

const COMPONENT: &str = "
  comp-NAME:
    executorLabel: exec-NAME
    inputDefinitions:
      parameters:
        n:
          defaultValue: 1.0
          isOptional: true
          parameterType: NUMBER_INTEGER
";

const EXECUTOR: &str = r#"
    exec-NAME:
      container:
        args:
        - --executor_input
        - '{{$}}'
        - --function_to_execute
        - step
        command:
        - sh
        - -ec
        - 'program_path=$(mktemp -d)


          printf "%s" "$0" > "$program_path/ephemeral_component.py"

          _KFP_RUNTIME=true python3 -m kfp.dsl.executor_main                         --component_module_path                         "$program_path/ephemeral_component.py"                         "$@"

          '
        - "\nimport kfp\nfrom kfp import dsl\nfrom kfp.dsl import *\nfrom typing import\
          \ *\n\ndef step(n: int = 1):\n    total = 0\nPROGRAM\n"
        image: python:3.11
"#;

const TASK: &str = "
      NAME:
        cachingOptions: {}
        componentRef:
          name: comp-NAME
        taskInfo:
          name: NAME
";
