//! The artifacts of a team as MLflow's clients see them: one tree, `{experiment}/{run}/artifacts/…` and
//! `{experiment}/models/{id}/artifacts/…`. What is not in an experiment of the team is not there.

use super::{
    kept,
    location::{self, Owner},
    logged,
};
use crate::{
    access::{TeamEditor, TeamMember, TeamViewer},
    artifacts::{ArtifactPath, ArtifactStore, Entry, Opened, Range},
    error::{Error, Kind, Result},
    runs::{experiments::real_id, tracking},
    store::{Store, events::NewEvent, ledger::From},
    wake::TeamChange,
};
use app::api::changes::kinds;
use bytes::Bytes;
use futures::Stream;
use serde_json::json;

/// Files and folders directly in a folder; nothing where there is no such folder.
///
/// # Errors
/// The path is not clean, or in no experiment of the team.
pub async fn list(store: &Store, artifacts: &ArtifactStore, by: &TeamViewer, path: &str) -> Result<Vec<Entry>> {
    let at = seen(store, by, &ArtifactPath::parse(path)?).await?;
    artifacts.list(&by.team.id, &at).await
}

/// Opens a file.
///
/// # Errors
/// There is none; the path is not clean, or in no experiment of the team; the range lies outside.
pub async fn open(store: &Store, artifacts: &ArtifactStore, by: &TeamViewer, path: &str, range: Option<Range>) -> Result<Opened> {
    let at = seen(store, by, &ArtifactPath::parse_file(path)?).await?;
    artifacts.open(&by.team.id, &at, range).await?.ok_or_else(|| no_file(path))
}

/// Writes a file.
///
/// # Errors
/// The path is not clean, or belongs to no run or logged model that the asker may write; a deployment needs what is there; the file is too large.
pub async fn put<S, E>(store: &Store, artifacts: &ArtifactStore, by: &TeamEditor, path: &str, body: S) -> Result<()>
where
    S: Stream<Item = std::result::Result<Bytes, E>>,
    E: std::fmt::Display,
{
    let path = ArtifactPath::parse_file(path)?;
    let owned = writable(store, by, &path).await?;
    let whose = if owned.kind == "run" { From::Run(&owned.id) } else { From::LoggedModel(&owned.id) };
    kept::unless_within(store, &by.team.id, whose, &owned.at).await?;
    // Once more at the end: what is promoted while a file comes slowly is what its gates looked at.
    let may = async {
        unless_freed(store, &by.team.id, whose, &owned.name).await?;
        kept::unless_within(store, &by.team.id, whose, &owned.at).await
    };
    artifacts.put_if(&by.team.id, &owned.at, body, may).await?;
    announce(store, by, owned);
    Ok(())
}

/// Deletes a file, or a folder with what is in it.
///
/// # Errors
/// Nothing is there; the path is not clean, or belongs to no run or logged model that the asker may write; a deployment needs it.
pub async fn delete(store: &Store, artifacts: &ArtifactStore, by: &TeamEditor, path: &str) -> Result<()> {
    let clean = ArtifactPath::parse(path)?;
    let owned = writable(store, by, &clean).await?;
    let Owned { at, kind, id, name, .. } = &owned;
    let team = &by.team.id;
    if artifacts.size(team, at).await?.is_none() && artifacts.list(team, at).await?.is_empty() {
        return Err(no_file(path));
    }
    let change = artifacts.change(team, at);
    kept::unless_below(store, team, at).await?;
    // First the record, then the deed: a crash in between leaves files that are said to be deleted, never a deletion that nobody knows of.
    let mut tx = store.begin().await?;
    tx.event(NewEvent {
        team_id: Some(team),
        actor: &by.actor(),
        action: "delete_artifacts",
        kind,
        object_id: id,
        object_name: name,
        revision: 0,
        before: Some(json!({ "path": at.as_str() })),
        after: None,
    })
    .await?;
    tx.commit().await?;
    let (files, team, folder) = (artifacts.clone(), team.clone(), at.clone());
    let work = async move { files.delete(&team, &folder).await };
    change.carry_out(work, |e| e.kind == Kind::Unavailable).await??;
    announce(store, by, owned);
    Ok(())
}

/// Pages that show these files look again.
fn announce(store: &Store, by: &TeamEditor, files: Owned) {
    let id = files.run.unwrap_or(files.id);
    store.bell().ring(vec![TeamChange { team_id: Some(by.team.id.clone()), kind: kinds::ARTIFACT.into(), id, revision: 0 }], false);
}

/// Files that somebody may write, and what they belong to.
struct Owned {
    /// Where, with the experiment's own id.
    at: ArtifactPath,
    /// The run whose page shows them.
    run: Option<String>,
    /// `run` or `logged_model`.
    kind: &'static str,
    id: String,
    name: String,
}

/// The root URI of a run's files, and what is in a folder of them.
///
/// # Errors
/// No such run; the path is not clean.
pub async fn list_run(store: &Store, artifacts: &ArtifactStore, by: &TeamViewer, run_id: &str, path: &str) -> Result<(String, Vec<Entry>)> {
    tracking::run_id_form(run_id)?;
    let run = store.run(&by.team.id, run_id).await?.ok_or_else(|| tracking::no_run(run_id))?;
    below(artifacts, by, run.artifact_uri, path).await
}

/// The root URI of a logged model's files, and what is in a folder of them.
///
/// # Errors
/// No such model; the path is not clean.
pub async fn list_model(store: &Store, artifacts: &ArtifactStore, by: &TeamViewer, id: &str, path: &str) -> Result<(String, Vec<Entry>)> {
    let model = logged::get(store, by, id, false).await?;
    below(artifacts, by, model.row.artifact_uri, path).await
}

async fn below(artifacts: &ArtifactStore, by: &TeamViewer, root: String, path: &str) -> Result<(String, Vec<Entry>)> {
    let path = ArtifactPath::parse(path)?;
    let Some(folder) = location::path_of(&root)? else {
        return Err(Error::invalid("path", format!("The files lie elsewhere ({root}), not in Slipway.")));
    };
    let found = artifacts.list(&by.team.id, &folder.join(&path)).await?;
    Ok((root, found))
}

fn no_file(path: &str) -> Error {
    Error::new(Kind::NotFound, format!("No such artifact: '{}'", crate::runs::search::syntax::shorten(path)))
}

/// The path with the experiment's own id (`0` is the team's Default), if the team has that experiment.
async fn seen(store: &Store, by: &TeamMember, path: &ArtifactPath) -> Result<ArtifactPath> {
    let (given, _) = location::owner(path).ok_or_else(|| no_file(""))?;
    let id = real_id(&by.team.id, given);
    if store.experiment(&by.team.id, id).await?.is_none() {
        return Err(no_file(path.as_str()));
    }
    let first = ArtifactPath::parse(given)?;
    let rest = path.below(&first).unwrap_or_default();
    Ok(ArtifactPath::parse(id)?.join(&rest))
}

/// As [`seen`], for somebody who writes: it has to belong to a run or a logged model that is theirs to write.
async fn writable(store: &Store, by: &TeamEditor, path: &ArtifactPath) -> Result<Owned> {
    let at = seen(store, by, path).await?;
    let team = &by.team.id;
    match location::owner(&at) {
        Some((experiment, Owner::Run(id))) => {
            let run = store.run(team, id).await?.filter(|r| r.experiment_id == experiment).ok_or_else(|| no_file(path.as_str()))?;
            tracking::own(&run, &by.principal)?;
            unless_freed(store, team, From::Run(id), &run.name).await?;
            Ok(Owned { at, run: Some(run.id.clone()), kind: "run", id: run.id, name: run.name })
        }
        Some((experiment, Owner::Model(id))) => {
            let model =
                store.logged_model(team, id).await?.filter(|m| m.row.experiment_id == experiment).ok_or_else(|| no_file(path.as_str()))?;
            logged::own(store, by, model.row.source_run_id.as_deref()).await?;
            unless_freed(store, team, From::LoggedModel(id), &model.row.name).await?;
            Ok(Owned { at, run: model.row.source_run_id, kind: "logged_model", id: model.row.id, name: model.row.name })
        }
        _ => Err(no_file(path.as_str()).hint("Files belong to a run ({experiment}/{run}/artifacts) or to a logged model.")),
    }
}

/// Nobody would find, or free, what is added to files that were freed.
async fn unless_freed(store: &Store, team: &str, from: From<'_>, name: &str) -> Result<()> {
    let (run, model) = match from {
        From::Run(id) => (Some(id), None),
        From::LoggedModel(id) => (None, Some(id)),
    };
    if store.files_freed(team, run, model).await? {
        return Err(Error::conflict(format!("The files of {name} were freed by clean-up: it takes no new ones.")));
    }
    Ok(())
}
