//! Recurring runs as the API answers them.

use super::{schedule::Schedule, words};
use crate::{
    clock::rfc3339,
    error::Result,
    pipelines::{gone::Gone, runs_view},
    store::{Store, pipeline_runs::PipelineRunFilter, recurring_runs::RecurringRunRow},
};
use app::api::recurring_runs::{NextTime, RecurringRun, Schedule as Words, SchedulePreview};

/// How many of its last runs are shown beside a recurring run.
const RECENT: i64 = 10;
/// So many times to come are told.
const NEXT: usize = 5;

/// A schedule as it is told.
pub fn schedule_words(row: &RecurringRunRow) -> Words {
    Words {
        kind: None,
        cron: row.cron.clone(),
        interval_seconds: row.interval_s,
        time_zone: Some(row.time_zone.clone()),
        start_at: row.start_at.map(rfc3339),
        end_at: row.end_at.map(rfc3339),
    }
}

/// The schedule of a row.
///
/// # Errors
/// This Slipway cannot read it.
pub fn schedule(row: &RecurringRunRow) -> Result<Schedule> {
    Schedule::read(&schedule_words(row), row.anchor_at)
}

/// A schedule in words. `after`: times up to this one are past.
pub fn preview(schedule: &Schedule, after: i64, now: i64) -> SchedulePreview {
    let next = |at: i64| NextTime { at: rfc3339(at), words: words::time(schedule, at, now) };
    SchedulePreview { when: words::when(schedule), next: schedule.next(after, NEXT).into_iter().map(next).collect() }
}

/// A recurring run with its last runs and the times to come.
///
/// # Errors
/// The database does not answer.
pub async fn whole(store: &Store, row: RecurringRunRow) -> Result<RecurringRun> {
    let filter = PipelineRunFilter { recurring_run_id: Some(&row.id), ..PipelineRunFilter::default() };
    let runs = store.pipeline_run_list(&row.team_id, &filter, None, RECENT).await?;
    let gone = Gone::of(store, &row.team_id, runs.iter().map(|r| r.pipeline_id.as_deref()).chain([row.pipeline_id.as_deref()])).await?;
    let version_deleted = match &row.version_id {
        Some(version) => store.pipeline_version_by_id(&row.team_id, version).await?.is_none(),
        None => false,
    };
    let now = store.clock().now();
    let schedule = schedule(&row)?;
    // What waits for a run to end has come already, and is still to come.
    let missed = row.next_at.filter(|at| *at < now && row.catch_up == 0);
    let first = match missed.and_then(|_| schedule.due(row.settled_at, now, 1).times.pop()) {
        Some(last) => Some(last),
        None => row.next_at,
    };
    let preview = preview(&schedule, first.map_or(now, |at| at - 1), now);
    Ok(RecurringRun {
        schedule: schedule_words(&row),
        when: preview.when,
        next: if row.enabled != 0 { preview.next } else { Vec::new() },
        id: row.id,
        name: row.name,
        description: row.description,
        pipeline: row.pipeline,
        pipeline_deleted: gone.has(row.pipeline_id.as_deref()),
        pipeline_id: row.pipeline_id,
        version_deleted,
        version_id: row.version_id,
        experiment_id: row.experiment_id,
        parameters: serde_json::from_str(&row.parameters).unwrap_or_default(),
        cache: row.cache != 0,
        max_tasks: row.max_tasks,
        max_active: row.max_active,
        overlap: row.overlap.parse().unwrap_or_default(),
        catch_up: row.catch_up != 0,
        enabled: row.enabled != 0,
        made: row.runs,
        runs: runs.into_iter().map(|r| runs_view::run(r, &gone)).collect(),
        problem: row.problem,
        problem_at: row.problem_at.map(rfc3339),
        created_by: row.created_by,
        created_at: rfc3339(row.created_at),
        updated_at: rfc3339(row.updated_at),
        revision: row.revision,
    })
}
