//! Which versions the token of a run asks for: those that its own work led to, and no others.

use crate::{
    access::TeamEditor,
    error::{Error, Result},
    store::{Store, model_versions::VersionRow},
};

/// How events name the run that made another one.
const MADE_BY: &str = "run:";

/// Whether the asker may ask for this version: a person for any; a run for what came from itself, from a run that it made, or, as the task of a
/// pipeline run, from another task of that pipeline run, what this one took over included.
///
/// # Errors
/// The version comes from elsewhere: forbidden.
pub async fn may_ask(store: &Store, by: &TeamEditor, version: &VersionRow) -> Result<()> {
    let Some(own) = by.principal.run() else { return Ok(()) };
    let from = match &version.run_id {
        Some(id) => store.run(&by.team.id, id).await?,
        None => None,
    };
    if let Some(from) = from {
        let maker = from.created_by.strip_prefix(MADE_BY).unwrap_or(&from.id);
        if from.id == own || maker == own || together(store, &by.team.id, own, maker).await? {
            return Ok(());
        }
    }
    Err(Error::forbidden(format!(
        "The token of a run asks for versions that came from that run or its pipeline run; {} v{} did not.",
        version.model, version.version
    ))
    .hint("Ask with a token of your own."))
}

/// Whether two runs are those of tasks of one pipeline run, or the other one is of a task that was taken over into it.
async fn together(store: &Store, team_id: &str, own: &str, other: &str) -> Result<bool> {
    let (Some(own), Some(other)) = (store.task_of_run(team_id, own).await?, store.task_of_run(team_id, other).await?) else {
        return Ok(false);
    };
    if own.pipeline_run_id == other.pipeline_run_id {
        return Ok(true);
    }
    Ok(store.tasks(&own.pipeline_run_id).await?.iter().any(|task| task.cached_from.as_deref() == Some(other.id.as_str())))
}
