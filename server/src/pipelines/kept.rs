//! Whether what a task would take over still lies where it was kept.

use super::engine::Outputs;
use crate::{
    artifacts::ArtifactStore,
    error::Result,
    models::location::{self, Owner},
};
use futures::{StreamExt, TryStreamExt, stream};
use std::collections::HashMap;

/// So many are looked for at once.
const AT_ONCE: usize = 16;

/// Addresses in our store at which there is a file or folder, by these outputs. Metrics have none: what they measured is noted with them.
pub fn promised(outputs: &Outputs) -> impl Iterator<Item = &str> {
    let metrics = |title: &str| title.starts_with("system.") && title.ends_with("Metrics");
    let ours = |uri: &str| location::path_of(uri).ok().flatten().is_some();
    let all = outputs.artifacts.values().flatten();
    all.filter(move |a| !metrics(&a.kind.schema_title) && ours(&a.uri)).map(|a| a.uri.as_str())
}

/// The run of MLflow whose files these outputs are; nothing where there are none.
pub fn whose(outputs: &Outputs) -> Option<String> {
    promised(outputs).find_map(|uri| {
        let path = location::path_of(uri).ok().flatten()?;
        match location::owner(&path) {
            Some((_, Owner::Run(id))) => Some(id.to_owned()),
            _ => None,
        }
    })
}

/// Looks for what lies at these addresses of a team, and notes what is there.
///
/// # Errors
/// The store does not answer.
pub async fn look(
    artifacts: &ArtifactStore,
    team_id: &str,
    addresses: impl IntoIterator<Item = String>,
    there: &mut HashMap<String, bool>,
) -> Result<()> {
    let looks: Vec<_> = addresses.into_iter().map(|address| is_there(artifacts, team_id, address)).collect();
    let mut found = stream::iter(looks).buffer_unordered(AT_ONCE);
    while let Some((address, is)) = found.try_next().await? {
        there.insert(address, is);
    }
    Ok(())
}

/// Whether there is a file or a folder.
async fn is_there(artifacts: &ArtifactStore, team_id: &str, address: String) -> Result<(String, bool)> {
    let Some(path) = location::path_of(&address)? else { return Ok((address, false)) };
    let is = artifacts.size(team_id, &path).await?.is_some() || !artifacts.list(team_id, &path).await?.is_empty();
    Ok((address, is))
}
