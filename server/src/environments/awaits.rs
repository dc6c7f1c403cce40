//! An environment that a workload is to run in.

use super::digest;
use crate::{
    error::Result,
    store::{Store, environments::EnvironmentRow},
    workloads::specs,
};
use app::api::environments::Build;
use std::path::Path;

/// What it means for the start that the environment is not there yet; nothing where it is. `cache`: where environments lie, if they lie on this
/// machine.
///
/// # Errors
/// The database does not answer.
pub async fn awaits(store: &Store, cache: Option<&Path>, environment: &EnvironmentRow) -> Result<Option<specs::Build>> {
    let (name, version) = (&environment.name, environment.version);
    match environment.build() {
        Build::Ready if cache.is_some_and(|cache| environment.freed_at.is_some() || !digest::is_made(cache, &environment.digest)) => {
            // It was freed, or the cache was emptied: it is made again from its lock.
            let mut tx = store.begin().await?;
            tx.environment_requeue(&environment.id, Build::Ready, &environment.digest).await?;
            tx.changed(environment.team_id.as_deref(), "environment", &environment.environment_id, version);
            tx.wakes();
            tx.commit().await?;
            Ok(Some(specs::Build::NotYet(format!("Its environment {name} v{version} is being made again."))))
        }
        Build::Ready => Ok(None),
        Build::Queued | Build::Building => {
            let percent = (environment.progress * 100.0).round();
            Ok(Some(specs::Build::NotYet(format!("Its environment {name} v{version} is being made ({percent} %)."))))
        }
        Build::Failed => {
            let why = environment.reason.as_deref().unwrap_or_default();
            Ok(Some(specs::Build::Never(format!("Its environment {name} v{version} could not be made: {why}"))))
        }
    }
}

/// The same for a version that is ready by its row, by its id.
///
/// # Errors
/// The database does not answer.
pub async fn again(store: &Store, cache: Option<&Path>, version_id: &str) -> Result<Option<specs::Build>> {
    let Some(cache) = cache else { return Ok(None) };
    match store.environment_version(version_id).await? {
        Some(row) if row.build() == Build::Ready => awaits(store, Some(cache), &row).await,
        _ => Ok(None),
    }
}
