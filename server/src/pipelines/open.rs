//! What a task made, by its name.

use super::{engine::Node, runs};
use crate::{
    access::TeamViewer,
    artifacts::{ArtifactStore, Opened},
    error::{Error, Result},
    models::{location, proxy},
    store::Store,
};

/// Opens the file that an artifact of a task is. `task`: its id, or that of its last workload.
///
/// # Errors
/// No such run, task or artifact; it is a folder, lies elsewhere or is gone.
pub async fn open(store: &Store, artifacts: &ArtifactStore, by: &TeamViewer, run: &str, task: &str, name: &str) -> Result<Opened> {
    let run = runs::row(store, by, run).await?;
    let row = match store.task(&by.team.id, &run.id, task).await? {
        Some(row) => row,
        None => {
            let owner = store.workload(task).await?.ok_or_else(|| Error::not_found("task"))?.owner_id;
            store.task(&by.team.id, &run.id, &owner).await?.ok_or_else(|| Error::not_found("task"))?
        }
    };
    let node: Node = serde_json::from_str(&row.node)?;
    let all = node.outputs.artifacts.get(name).or_else(|| node.inputs.artifacts.get(name));
    let Some(artifact) = all.and_then(|all| all.first()) else { return Err(Error::not_found("artifact")) };
    let path = location::path_of(&artifact.uri)?.ok_or_else(|| {
        Error::invalid("artifact_name", format!("It lies elsewhere ({}), not in Slipway.", artifact.uri)).hint("Fetch it from there.")
    })?;
    let opened = proxy::open(store, artifacts, by, path.as_str(), None).await;
    match opened {
        Err(e) if e.kind == crate::error::Kind::NotFound && !proxy::list(store, artifacts, by, path.as_str()).await?.is_empty() => {
            Err(Error::invalid("artifact_name", "It is a folder, and one file is read here.")
                .hint(format!("mlflow.artifacts.download_artifacts(\"{}\") fetches it.", artifact.uri)))
        }
        other => other,
    }
}
