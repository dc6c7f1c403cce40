//! The files of a run as a person sees them: its artifacts, and the models it logged under their names.

use super::location;
use crate::{
    access::TeamMember,
    artifacts::{ArtifactPath, ArtifactStore, Opened, Range},
    error::{Error, Result},
    store::{Store, runs::RunRow},
};
use app::api::runs::Artifact;

/// Files and folders directly in a folder of a run; a path that names a file answers just that file.
///
/// # Errors
/// No such run; the path is not clean; nothing is there.
pub async fn list(store: &Store, artifacts: &ArtifactStore, member: &TeamMember, run_id: &str, path: &str) -> Result<Vec<Artifact>> {
    let run = run(store, member, run_id).await?;
    let path = ArtifactPath::parse(path)?;
    let team = &member.team.id;
    let folder = locate(store, artifacts, team, &run, &path).await?;
    let mut out: Vec<Artifact> = artifacts.list(team, &folder).await?.into_iter().map(|e| artifact(&path, &e.name, e.size)).collect();
    if path.is_root() {
        for model in store.logged_models_of_run(team, &run.id).await? {
            if !out.iter().any(|a| a.path == model.name) {
                out.insert(0, Artifact { path: model.name, folder: true, size: None });
            }
        }
        out.sort_by(|a, b| b.folder.cmp(&a.folder).then_with(|| a.path.cmp(&b.path)));
    } else if out.is_empty() {
        let size = artifacts.size(team, &folder).await?.ok_or_else(|| Error::not_found("artifact"))?;
        out.push(Artifact { path: path.to_string(), folder: false, size: i64::try_from(size).ok() });
    }
    Ok(out)
}

fn artifact(folder: &ArtifactPath, name: &str, size: Option<u64>) -> Artifact {
    let path = if folder.is_root() { name.to_owned() } else { format!("{folder}/{name}") };
    Artifact { path, folder: size.is_none(), size: size.and_then(|s| i64::try_from(s).ok()) }
}

/// Opens a file of a run.
///
/// # Errors
/// No such run or file; the path is not clean; the range lies outside.
pub async fn open(
    store: &Store,
    artifacts: &ArtifactStore,
    member: &TeamMember,
    run_id: &str,
    path: &str,
    range: Option<Range>,
) -> Result<Opened> {
    let path = ArtifactPath::parse_file(path)?;
    let run = run(store, member, run_id).await?;
    let at = locate(store, artifacts, &member.team.id, &run, &path).await?;
    artifacts.open(&member.team.id, &at, range).await?.ok_or_else(|| Error::not_found("artifact"))
}

async fn run(store: &Store, member: &TeamMember, run_id: &str) -> Result<RunRow> {
    store.run(&member.team.id, run_id).await?.ok_or_else(|| Error::not_found("run"))
}

/// Where a path of a run really lies. MLflow keeps logged models beside runs, not in them; people look for them in the run.
async fn locate(store: &Store, artifacts: &ArtifactStore, team: &str, run: &RunRow, path: &ArtifactPath) -> Result<ArtifactPath> {
    let elsewhere = || Error::invalid("path", "The files of this run lie in a store elsewhere, not in Slipway.");
    let root = location::path_of(&run.artifact_uri)?.ok_or_else(elsewhere)?;
    let own = root.join(path);
    let Some(first) = path.names().next() else { return Ok(own) };
    let first = ArtifactPath::parse(first)?;
    let top = root.join(&first);
    if artifacts.size(team, &top).await?.is_some() || !artifacts.list(team, &top).await?.is_empty() {
        return Ok(own);
    }
    let models = store.logged_models_of_run(team, &run.id).await?;
    // Logged twice under one name: the newest is meant.
    let Some(model) = models.iter().rev().find(|m| m.name == first.as_str()) else { return Ok(own) };
    match (location::path_of(&model.artifact_uri)?, path.below(&first)) {
        (Some(folder), Some(below)) => Ok(folder.join(&below)),
        _ => Ok(own),
    }
}
