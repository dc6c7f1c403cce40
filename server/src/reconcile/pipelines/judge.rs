//! What the end of a workload says of its task.

use super::loaded::Loaded;
use crate::{
    error::Result,
    logs::LogStore,
    pipelines::{
        engine::{Outputs, State},
        launched, outputs,
    },
    store::{Store, pipeline_runs::PipelineRunRow, workloads::WorkloadRow},
};
use app::api::pipeline_runs::TaskDelivery;
use std::{collections::HashMap, sync::Arc};

/// The end of a task's attempt.
pub struct End {
    /// Which task.
    pub place: usize,
    /// The workload that ended.
    pub workload: WorkloadRow,
    /// How.
    pub state: State,
    /// Why, unless it ended well.
    pub error: Option<String>,
    /// What came out.
    pub outputs: Outputs,
}

/// The ends that were not taken note of yet.
///
/// # Errors
/// The database does not answer.
pub async fn ended(
    store: &Store,
    logs: &LogStore,
    run: &PipelineRunRow,
    loaded: &Loaded,
    workloads: &HashMap<String, Arc<WorkloadRow>>,
) -> Result<Vec<End>> {
    let ended: Vec<(usize, &WorkloadRow)> =
        (0..loaded.rows.len()).filter_map(|place| Some((place, loaded.workload(place, workloads)?))).filter(|(_, w)| w.ended()).collect();
    if ended.is_empty() {
        return Ok(Vec::new());
    }
    let well = ended.iter().filter(|(_, w)| w.state() == app::api::State::Succeeded);
    let well: Vec<String> = well.map(|(place, _)| loaded.rows[*place].id.clone()).collect();
    let delivered: HashMap<String, String> = store.tasks_delivered(&well).await?.into_iter().collect();
    let mut out = Vec::with_capacity(ended.len());
    for (place, workload) in ended {
        let (state, error, outputs) = match workload.state() {
            app::api::State::Succeeded => came_out(run, loaded, place, delivered.get(&loaded.rows[place].id)),
            app::api::State::Cancelled => (State::Canceled, workload.reason.clone(), Outputs::default()),
            _ => (State::Failed, Some(why(logs, workload).await), Outputs::default()),
        };
        out.push(End { place, workload: workload.clone(), state, error, outputs });
    }
    Ok(out)
}

fn came_out(run: &PipelineRunRow, loaded: &Loaded, place: usize, delivered: Option<&String>) -> (State, Option<String>, Outputs) {
    let (row, node) = (&loaded.rows[place], &loaded.nodes[place]);
    let delivery = delivered.and_then(|text| serde_json::from_str::<TaskDelivery>(text).ok()).filter(|d| d.attempt == row.attempt);
    let Some(delivery) = delivery else {
        return (State::Failed, Some("It ended without delivering what it made.".into()), Outputs::default());
    };
    let of = launched::found(&loaded.pipeline, loaded.task(place));
    match outputs::of(of, run, row, node, &delivery) {
        Ok(outputs) => (State::Succeeded, None, outputs),
        Err(why) => (State::Failed, Some(why), Outputs::default()),
    }
}

/// The reason of a failure, of the program's own with the last thing it complained of.
async fn why(logs: &LogStore, workload: &WorkloadRow) -> String {
    let reason = workload.reason.clone().unwrap_or_else(|| "It failed for an unknown reason.".into());
    if workload.exit_code.is_none() || workload.out_of_memory != 0 || workload.timed_out != 0 {
        return reason;
    }
    match logs.last_words(&workload.id, workload.attempt).await {
        Some(words) => format!("{reason} It said last: {words}"),
        None => reason,
    }
}
