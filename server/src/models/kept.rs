//! What deployments still need: versions that serve, are to serve, or can be rolled back to, and their files.

use super::location;
use crate::{
    artifacts::ArtifactPath,
    error::{Error, Result},
    store::{Store, ledger::KeptRow},
};

/// Refuses where a deployment needs a version of the model (this one, where one is named).
///
/// # Errors
/// One does: conflict, with its name.
pub async fn unless(store: &Store, team_id: &str, model: &str, version: Option<i64>) -> Result<()> {
    match store.versions_kept(team_id, Some(model), version).await?.first() {
        Some(kept) => Err(needed(kept)),
        None => Ok(()),
    }
}

/// Refuses where a deployment needs files at or below `at`, or `at` lies among such files.
///
/// # Errors
/// One does: conflict, with its name.
pub async fn unless_below(store: &Store, team_id: &str, at: &ArtifactPath) -> Result<()> {
    for kept in store.versions_kept(team_id, None, None).await? {
        if let Some(folder) = location::path_of(&kept.storage)?
            && (folder.below(at).is_some() || at.below(&folder).is_some())
        {
            return Err(needed(&kept));
        }
    }
    Ok(())
}

/// Refuses a new content for files that a deployment needs: what serves, and what can be rolled back to, is what it was. `run_id` or
/// `logged_model_id`: whose files they are.
///
/// # Errors
/// One does: conflict, with its name.
pub async fn unless_within(
    store: &Store,
    team_id: &str,
    (run_id, logged_model_id): (Option<&str>, Option<&str>),
    at: &ArtifactPath,
) -> Result<()> {
    for kept in store.versions_kept_from(team_id, run_id, logged_model_id).await? {
        if location::path_of(&kept.storage)?.is_some_and(|folder| at.below(&folder).is_some()) {
            let KeptRow { deployment, model, version, .. } = kept;
            let why = format!("{model} v{version} stays as it is: the deployment {deployment} serves it, or can be rolled back to it.");
            return Err(Error::conflict(why).hint("Log the model again, and register what was logged as a new version."));
        }
    }
    Ok(())
}

fn needed(kept: &KeptRow) -> Error {
    let KeptRow { deployment, model, version, .. } = kept;
    Error::conflict(format!("{model} v{version} is kept: the deployment {deployment} serves it, or can be rolled back to it."))
        .hint(format!("Delete the deployment {deployment} first; what it served stays in its ledger."))
}
