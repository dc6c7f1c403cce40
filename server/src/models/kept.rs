//! What deployments still need: versions that serve, are to serve, or can be rolled back to, and their files; and the files of those that a
//! promotion is about, or brought to a protected stage.

use super::location;
use crate::{
    artifacts::ArtifactPath,
    error::{Error, Result},
    store::{
        Store,
        held::HeldRow,
        ledger::{From, KeptRow},
    },
};

const AGAIN: &str = "Log the model again, and register what was logged as a new version.";

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

/// Refuses where a deployment or a stage needs files at or below `at`, or `at` lies among such files.
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
    for held in store.versions_held(team_id).await? {
        if let Some(folder) = location::path_of(&held.storage)?
            && (folder.below(at).is_some() || at.below(&folder).is_some())
        {
            return Err(stays(&held));
        }
    }
    Ok(())
}

/// Refuses a new content for files that a deployment needs: what serves, and what can be rolled back to, is what it was. And for those that
/// gates looked at, while it is decided and as long as a protected stage has them. `from`: whose files they are.
///
/// # Errors
/// One does: conflict, with its name.
pub async fn unless_within(store: &Store, team_id: &str, from: From<'_>, at: &ArtifactPath) -> Result<()> {
    for kept in store.versions_kept_from(team_id, from).await? {
        if location::path_of(&kept.storage)?.is_some_and(|folder| at.below(&folder).is_some()) {
            let KeptRow { deployment, model, version, .. } = kept;
            let why = format!("{model} v{version} stays as it is: the deployment {deployment} serves it, or can be rolled back to it.");
            return Err(Error::conflict(why).hint(AGAIN));
        }
    }
    for held in store.versions_held_from(team_id, from).await? {
        if location::path_of(&held.storage)?.is_some_and(|folder| at.below(&folder).is_some()) {
            return Err(stays(&held));
        }
    }
    Ok(())
}

fn stays(held: &HeldRow) -> Error {
    let HeldRow { stage, alias, model, version, .. } = held;
    let why = match alias.as_str() {
        "" => format!("a promotion of it to {stage} is open, and its gates look at what is there"),
        alias => format!("it is @{alias}, and {stage} is protected"),
    };
    Error::conflict(format!("{model} v{version} stays as it is: {why}.")).hint(AGAIN)
}

fn needed(kept: &KeptRow) -> Error {
    let KeptRow { deployment, model, version, .. } = kept;
    Error::conflict(format!("{model} v{version} is kept: the deployment {deployment} serves it, or can be rolled back to it."))
        .hint(format!("Delete the deployment {deployment} first; what it served stays in its ledger."))
}
