//! How many tasks of a pipeline are at work at once.

use super::upload;
use crate::{
    access::TeamEditor,
    error::{Error, Result},
    store::Store,
};
use app::api::pipelines::{Pipeline, SetPipelineLimits};
use serde_json::json;

/// Most tasks at once that may be asked for.
pub const MOST: i64 = 10_000;

/// What is wrong with a number of tasks at once, in a field.
///
/// # Errors
/// It is none.
pub fn check(field: &str, tasks: Option<i64>) -> Result<()> {
    if tasks.is_some_and(|n| !(1..=MOST).contains(&n)) {
        return Err(Error::invalid(
            field,
            format!("Between 1 and {MOST} tasks run at once; leave it out for as many as there is room for."),
        ));
    }
    Ok(())
}

/// Sets the most tasks of all runs of a pipeline that are at work at once. What is at work goes on.
///
/// # Errors
/// Not there; a number that is none.
pub async fn set(store: &Store, by: &TeamEditor, pipeline: &str, new: &SetPipelineLimits) -> Result<Pipeline> {
    check("max_tasks", new.max_tasks)?;
    let row = upload::row(store, by, pipeline).await?;
    let mut tx = store.begin().await?;
    let Some(revision) = tx.pipeline_cap(&by.team.id, &row.id, new.max_tasks).await? else {
        return Err(Error::not_found("pipeline"));
    };
    let told = |n: Option<i64>| Some(json!({ "max_tasks": n }));
    upload::event(&mut tx, by, "set_limits", (&row.id, &row.name), revision, (told(row.max_tasks), told(new.max_tasks))).await?;
    tx.commit().await?;
    upload::get(store, by, &row.id).await
}
