//! Two pipeline runs beside each other, task by task.

use super::{
    diff,
    engine::Node,
    gone::Gone,
    ir::json_text,
    metrics,
    parsed::Parsed,
    runs, runs_view,
    tasks::{self, values},
};
use crate::{
    access::TeamMember,
    error::{Error, Result},
    runs::view::number,
    store::{Store, pipeline_runs::PipelineRunRow, tasks::TaskRow},
};
use app::api::{
    pipeline_comparison::{ComparedRun, ComparedTask, PipelineRunComparison, TaskPair},
    pipeline_diff::Difference,
    pipeline_runs::Task,
};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, HashMap};

/// So many tasks are compared.
const MOST: usize = 2000;

/// A task, and what went in and came out.
struct Side {
    task: ComparedTask,
    inputs: Map<String, Value>,
    outputs: Map<String, Value>,
}

/// A pipeline run beside another.
///
/// # Errors
/// One of them is not there, or both are the same.
pub async fn runs(parsed: &Parsed, store: &Store, by: &TeamMember, id: &str, with: &str) -> Result<PipelineRunComparison> {
    if id == with {
        return Err(Error::invalid("with", "A pipeline run is the same as itself.").hint("Name another pipeline run of the team."));
    }
    let (before, after) = (runs::row(store, by, with).await?, runs::row(store, by, id).await?);
    let mut pairs: BTreeMap<Vec<Step>, (Option<Side>, Option<Side>)> = BTreeMap::new();
    for (path, side) in sides(parsed, store, by, &before).await? {
        pairs.entry(path).or_default().0 = Some(side);
    }
    for (path, side) in sides(parsed, store, by, &after).await? {
        pairs.entry(path).or_default().1 = Some(side);
    }
    let more = pairs.len() > MOST;
    let mut tasks: Vec<_> = pairs.into_iter().take(MOST).map(|(path, (before, after))| pair(&path, before, after)).collect();
    let (mut before, mut after) = (compared(store, by, before).await?, compared(store, by, after).await?);
    let runs = [&mut before, &mut after].into_iter().filter_map(|side| Some(&mut side.run.outputs.as_mut()?.artifacts));
    let sides = tasks.iter_mut().flat_map(|pair| pair.before.iter_mut().chain(&mut pair.after));
    let artifacts = runs.chain(sides.map(|side| &mut side.artifacts)).collect();
    tasks::mark_deleted(store, &by.team.id, artifacts).await?;
    Ok(PipelineRunComparison { before, after, tasks, more })
}

async fn compared(store: &Store, by: &TeamMember, row: PipelineRunRow) -> Result<ComparedRun> {
    let version = match &row.version_id {
        Some(id) => store.pipeline_version_by_id(&by.team.id, id).await?.map(|v| v.display_name),
        None => None,
    };
    let gone = Gone::of(store, &by.team.id, [row.pipeline_id.as_deref()]).await?;
    Ok(ComparedRun { version, digest: row.spec_digest.clone(), run: runs_view::run(row, &gone) })
}

/// A name on the way to a task, and the turn of a loop.
type Step = (String, i64);

/// What runs something, with its path.
async fn sides(parsed: &Parsed, store: &Store, by: &TeamMember, run: &PipelineRunRow) -> Result<Vec<(Vec<Step>, Side)>> {
    let rows = store.tasks(&run.id).await?;
    let tasks: HashMap<String, Task> = tasks::list(parsed, store, by, &run.id).await?.into_iter().map(|t| (t.id.clone(), t)).collect();
    let by_id: HashMap<&str, &TaskRow> = rows.iter().map(|r| (r.id.as_str(), r)).collect();
    let keys: Vec<i64> = rows.iter().filter_map(|r| r.run_key).collect();
    let mut measured: HashMap<i64, BTreeMap<String, Value>> = HashMap::new();
    for row in store.metrics_latest(&keys).await? {
        measured.entry(row.run_key).or_default().insert(row.key.clone(), number(row.logged()));
    }
    let ones = rows.iter().filter(|r| matches!(r.kind.as_str(), "executor" | "importer" | "approval"));
    let mut out = Vec::new();
    for row in ones {
        // Made again by a retry meanwhile.
        let Some(task) = tasks.get(&row.id) else { continue };
        let node: Node = serde_json::from_str(&row.node)?;
        // What was taken over was measured by another run.
        let mut metrics: BTreeMap<String, Value> = metrics::numbers(&node.outputs).map(|(key, value)| (key, number(value))).collect();
        metrics.extend(row.run_key.and_then(|key| measured.remove(&key)).unwrap_or_default());
        let (inputs, outputs) = (node.inputs.parameters, node.outputs.parameters);
        let task = ComparedTask {
            id: row.id.clone(),
            state: task.state,
            attempt: row.attempt,
            started_at: task.started_at.clone(),
            ended_at: task.ended_at.clone(),
            metrics,
            artifacts: values(Map::new(), node.outputs.artifacts).artifacts,
        };
        out.push((path(&by_id, row), Side { task, inputs, outputs }));
    }
    Ok(out)
}

/// Names from the top down.
fn path(rows: &HashMap<&str, &TaskRow>, row: &TaskRow) -> Vec<Step> {
    let (mut out, mut at) = (Vec::new(), Some(row));
    // A row that lies about what holds it ends with their number.
    while let Some(row) = at.filter(|_| out.len() <= rows.len()) {
        let above = row.parent_id.as_deref().and_then(|id| rows.get(id).copied());
        out.push((row.name.clone(), row.iteration.unwrap_or(-1)));
        // A turn has the name of its loop, which is left out.
        at = if row.iteration.is_some() { above.and_then(|l| l.parent_id.as_deref()).and_then(|id| rows.get(id).copied()) } else { above };
    }
    out.reverse();
    out
}

fn pair(path: &[Step], before: Option<Side>, after: Option<Side>) -> TaskPair {
    let words = path.iter().map(|(name, turn)| if *turn < 0 { name.clone() } else { format!("{name} {turn}") }).collect::<Vec<_>>();
    let mut differences = Vec::new();
    if let (Some(before), Some(after)) = (&before, &after) {
        differ(&mut differences, "Input", &before.inputs, &after.inputs);
        // What has not ended has not told what comes out.
        if before.task.state.is_final() && after.task.state.is_final() {
            differ(&mut differences, "Output", &before.outputs, &after.outputs);
        }
    }
    TaskPair { path: words.join("/"), before: before.map(|s| s.task), after: after.map(|s| s.task), differences }
}

fn differ(out: &mut Vec<Difference>, what: &str, before: &Map<String, Value>, after: &Map<String, Value>) {
    let gone = before.keys().filter(|name| !after.contains_key(*name));
    for name in after.keys().chain(gone) {
        let (was, is) = (before.get(name), after.get(name));
        if was != is {
            let text = |v: Option<&Value>| v.map(|v| diff::cut(&json_text(v)));
            out.push(Difference { what: format!("{what} {name}"), before: text(was), after: text(is), lines: Vec::new() });
        }
    }
}
