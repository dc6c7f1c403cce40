//! Pipeline runs as the API answers them.

use super::{engine::Outputs, gone::Gone, tasks::values};
use crate::{clock::rfc3339, store::pipeline_runs::PipelineRunRow};
use app::api::pipeline_runs::PipelineRun;

/// A pipeline run. `gone`: which pipelines were deleted, its own among them.
pub fn run(row: PipelineRunRow, gone: &Gone) -> PipelineRun {
    PipelineRun {
        state: row.state(),
        id: row.id,
        name: row.name,
        description: row.description,
        reason: row.reason,
        pipeline: row.pipeline,
        pipeline_deleted: gone.has(row.pipeline_id.as_deref()),
        pipeline_id: row.pipeline_id,
        version_id: row.version_id,
        recurring_run_id: row.recurring_run_id,
        scheduled_at: row.scheduled_at.map(rfc3339),
        experiment_id: row.experiment_id,
        run_id: row.run_id,
        parameters: serde_json::from_str(&row.parameters).unwrap_or_default(),
        outputs: row
            .outputs
            .as_deref()
            .and_then(|text| serde_json::from_str::<Outputs>(text).ok())
            .map(|o| values(o.parameters, o.artifacts)),
        cache: row.cache != 0,
        max_tasks: row.max_tasks,
        tasks: row.tasks,
        tasks_ended: row.tasks_ended,
        archived: row.archived != 0,
        created_by: row.created_by,
        created_at: rfc3339(row.created_at),
        started_at: row.started_at.map(rfc3339),
        ended_at: row.ended_at.map(rfc3339),
        revision: row.revision,
    }
}
