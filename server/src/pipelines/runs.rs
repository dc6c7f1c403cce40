//! What one may ask of pipeline runs.

use super::{again, gone::Gone, parsed::Parsed, runs_view, tasks, upload, view};
use crate::{
    access::{TeamEditor, TeamMember},
    error::{Error, Result},
    records::run::Lifecycle,
    store::{
        Store, Tx,
        events::NewEvent,
        keyset::Keyset,
        pipeline_runs::{PipelineRunFilter, PipelineRunRow},
    },
};
use app::api::{
    Page, State,
    changes::kinds,
    pipeline_runs::{PipelineRun, PipelineRunQuery},
    pipelines::PipelineOutline,
};
use serde_json::json;

/// Pipeline runs of a team, newest first; those of one pipeline also after it was deleted.
///
/// # Errors
/// No such pipeline; a page token that is not ours.
pub async fn list(store: &Store, by: &TeamMember, query: &PipelineRunQuery) -> Result<Page<PipelineRun>> {
    let keyset = Keyset::<String>::new(query.page_size, query.page_token.as_deref())?;
    let pipeline = match query.pipeline.as_deref().filter(|p| !p.is_empty()) {
        Some(pipeline) => Some(upload::known(store, by, pipeline).await?),
        None => None,
    };
    let filter = PipelineRunFilter {
        pipeline_id: pipeline.as_deref(),
        recurring_run_id: query.recurring_run.as_deref().filter(|r| !r.is_empty()),
        experiment_id: query.experiment.as_deref().filter(|e| !e.is_empty()),
        archived: query.archived.unwrap_or_default(),
        state: query.state,
    };
    let rows = store.pipeline_run_list(&by.team.id, &filter, keyset.after.as_deref(), keyset.limit()).await?;
    let gone = Gone::of(store, &by.team.id, rows.iter().map(|r| r.pipeline_id.as_deref())).await?;
    Ok(keyset.page(rows, |r| r.id.clone(), |r| runs_view::run(r, &gone)))
}

/// The row of a pipeline run.
///
/// # Errors
/// Not there.
pub async fn row(store: &Store, by: &TeamMember, id: &str) -> Result<PipelineRunRow> {
    store.pipeline_run(&by.team.id, id).await?.ok_or_else(|| Error::not_found("pipeline run"))
}

/// Whether the version that it is of is there: not of one that brought its own pipeline, or whose version was deleted.
///
/// # Errors
/// The database does not answer.
pub async fn has_version(store: &Store, by: &TeamMember, run: &PipelineRunRow) -> Result<bool> {
    match &run.version_id {
        Some(id) => Ok(store.pipeline_version_by_id(&by.team.id, id).await?.is_some()),
        None => Ok(false),
    }
}

/// A pipeline run.
///
/// # Errors
/// Not there.
pub async fn get(store: &Store, by: &TeamMember, id: &str) -> Result<PipelineRun> {
    let row = row(store, by, id).await?;
    let gone = Gone::of(store, &by.team.id, [row.pipeline_id.as_deref()]).await?;
    let mut run = runs_view::run(row, &gone);
    tasks::mark_deleted(store, &by.team.id, run.outputs.iter_mut().map(|outputs| &mut outputs.artifacts).collect()).await?;
    Ok(run)
}

/// What it ran, for a form and a graph.
///
/// # Errors
/// Not there.
pub async fn outline(parsed: &Parsed, store: &Store, by: &TeamMember, id: &str) -> Result<PipelineOutline> {
    let of = row(store, by, id).await?;
    let pipeline = upload::pipeline_of(parsed, &of.spec_digest).await?;
    Ok(view::outline(&pipeline))
}

/// Asks a pipeline run to end, but for its exit tasks; one that was asked before, to end those as well.
///
/// # Errors
/// Not there, or it has ended.
pub async fn cancel(store: &Store, by: &TeamEditor, id: &str) -> Result<()> {
    let before = row(store, by, id).await?;
    if before.live == 0 {
        return Err(Error::conflict(format!("The pipeline run has ended ({}).", before.state().as_str())));
    }
    let (actor, mut tx) = (by.actor(), store.begin().await?);
    // Which of both was meant is what was seen: of two that ask at once, one is not asked for more.
    let (action, revision) = match before.cancelled_by.is_some() {
        true => ("cancel_exits", tx.pipeline_run_cancel_exits(&by.team.id, id, &actor).await?),
        false => ("cancel", tx.pipeline_run_cancel(&by.team.id, id, &actor).await?),
    };
    let Some(revision) = revision else { return Ok(()) };
    tx.run_set_state(before.run_key, State::Stopping, None).await?;
    event(&mut tx, by, action, &before, revision).await?;
    tx.commit().await
}

/// What has to have ended has not.
fn goes_on(run: &PipelineRunRow) -> Error {
    Error::conflict("The pipeline run has not ended.").hint(match run.cancelled_by {
        None => "Cancel it first.",
        Some(_) => "It was asked to end, and exit tasks may still run. Cancel it once more, and they end as well.",
    })
}

/// Goes on with a pipeline run that failed or was cancelled: what did not succeed is done again.
///
/// # Errors
/// Not there, it has not ended, or it succeeded.
pub async fn retry(parsed: &Parsed, store: &Store, by: &TeamEditor, id: &str) -> Result<()> {
    let before = row(store, by, id).await?;
    if before.live != 0 {
        return Err(goes_on(&before));
    }
    if before.state() == State::Succeeded {
        return Err(Error::conflict("The pipeline run succeeded: there is nothing to do again.").hint("Run the pipeline again."));
    }
    let tasks = store.tasks(id).await?;
    let pipeline = upload::pipeline_of(parsed, &before.spec_digest).await?;
    let (kept, gone) = again::again(&pipeline, &tasks)?;
    let mut tx = store.begin().await?;
    let Some(revision) = tx.pipeline_run_reopen(&by.team.id, id).await? else { return Ok(()) };
    for task in kept {
        tx.task_put(&task).await?;
    }
    tx.tasks_remove(id, &gone).await?;
    tx.run_set_state(before.run_key, State::Running, None).await?;
    event(&mut tx, by, "retry", &before, revision).await?;
    tx.commit().await
}

/// Puts a pipeline run away, or takes it back.
///
/// # Errors
/// Not there.
pub async fn archive(store: &Store, by: &TeamEditor, id: &str, archived: bool) -> Result<()> {
    let before = row(store, by, id).await?;
    if (before.archived != 0) == archived {
        return Ok(());
    }
    let mut tx = store.begin().await?;
    let Some(revision) = tx.pipeline_run_archive(&by.team.id, id, archived).await? else {
        return Err(Error::not_found("pipeline run"));
    };
    event(&mut tx, by, if archived { "archive" } else { "unarchive" }, &before, revision).await?;
    tx.commit().await
}

/// Deletes a pipeline run that has ended, with its tasks. Their runs of MLflow are deleted as MLflow does: they can be restored, and their
/// files stay until clean-up frees them.
///
/// # Errors
/// Not there, or it has not ended.
pub async fn delete(store: &Store, by: &TeamEditor, id: &str) -> Result<()> {
    let before = row(store, by, id).await?;
    let mut tx = store.begin().await?;
    let runs = tx.pipeline_run_runs_delete(&by.team.id, id).await?;
    // Dropped without a commit, nothing was done.
    if !tx.pipeline_run_delete(&by.team.id, id).await? {
        return Err(goes_on(&before));
    }
    let actor = by.actor();
    let told = runs.iter().map(|run| NewEvent {
        team_id: Some(&by.team.id),
        actor: &actor,
        action: "delete",
        kind: kinds::RUN,
        object_id: &run.id,
        object_name: &run.name,
        revision: run.revision,
        before: Some(json!({ "lifecycle": Lifecycle::Active.as_str() })),
        after: Some(json!({ "lifecycle": Lifecycle::Deleted.as_str(), "pipeline_run": before.id })),
    });
    tx.events(&told.collect::<Vec<_>>()).await?;
    event(&mut tx, by, "delete", &before, before.revision).await?;
    tx.commit().await
}

async fn event(tx: &mut Tx, by: &TeamEditor, action: &str, row: &PipelineRunRow, revision: i64) -> Result<()> {
    tx.event(NewEvent {
        team_id: Some(&by.team.id),
        actor: &by.actor(),
        action,
        kind: kinds::PIPELINE_RUN,
        object_id: &row.id,
        object_name: &row.name,
        revision,
        before: Some(json!({ "state": row.state_text })),
        after: None,
    })
    .await
    .map(drop)
}
