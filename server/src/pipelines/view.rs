//! Pipelines as the API answers them.

use super::ir::{Body, Component, Dag, Executor, Pipeline};
use crate::{clock::rfc3339, store::pipelines::PipelineVersionRow};
use app::api::pipelines::{OutlineTask, PipelineOutline, PipelineParameter, PipelineVersion};

/// So many tasks of a pipeline are told of: a component that is used twice in each of many within each other makes more than there is room for.
pub const MOST_TASKS: usize = 10_000;

/// A version.
pub fn version(row: PipelineVersionRow) -> PipelineVersion {
    PipelineVersion {
        id: row.id,
        pipeline: row.pipeline,
        pipeline_id: row.pipeline_id,
        name: row.name,
        display_name: row.display_name,
        description: row.description,
        digest: row.spec_digest,
        created_by: row.created_by,
        created_at: rfc3339(row.created_at),
    }
}

/// What a pipeline says, for a form and a graph.
pub fn outline(pipeline: &Pipeline) -> PipelineOutline {
    let parameters = pipeline.inputs().into_iter().map(|i| PipelineParameter {
        name: i.name,
        kind: i.kind.name().to_owned(),
        description: i.description,
        default: i.default,
        optional: i.optional,
    });
    let mut tasks = Vec::new();
    if let Some(dag) = pipeline.root.dag() {
        below(pipeline, dag, "", &mut tasks);
    }
    PipelineOutline { parameters: parameters.collect(), tasks }
}

fn below(pipeline: &Pipeline, dag: &Dag, above: &str, out: &mut Vec<OutlineTask>) {
    for (key, task) in &dag.tasks {
        if out.len() >= MOST_TASKS {
            return;
        }
        let path = |key: &str| if above.is_empty() { key.to_owned() } else { format!("{above}/{key}") };
        let component = pipeline.component_of(task);
        out.push(OutlineTask {
            path: path(key),
            name: task.name.clone(),
            kind: component.map_or("executor", |c| kind(pipeline, c, task.iterator.is_some())).to_owned(),
            after: task.upstream.iter().map(|k| path(k)).collect(),
        });
        // A component that held itself would have been refused.
        if let Some(dag) = component.and_then(Component::dag) {
            below(pipeline, dag, &path(key), out);
        }
    }
}

/// What a task is: something that runs, or something that holds others.
pub fn kind(pipeline: &Pipeline, component: &Component, iterates: bool) -> &'static str {
    match &component.body {
        _ if iterates => "loop",
        Body::Dag(_) => "dag",
        Body::Executor(_) => match pipeline.executor_of(component) {
            Some(Executor::Importer(_)) => "importer",
            Some(Executor::Container(container)) if container.is_approval() => "approval",
            _ => "executor",
        },
    }
}
