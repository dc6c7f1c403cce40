//! Where a version is registered from: the client's `source` is checked and resolved to the files it means.

use super::{
    location::{self, Owner},
    mlmodel,
};
use crate::{
    access::TeamMember,
    artifacts::{ArtifactPath, ArtifactStore},
    error::{Error, Kind, Result},
    store::{Store, logged_models::LoggedModelRow, model_versions::VersionRow, runs::RunRow},
};

/// Sources that MLflow writes for prompts, which have no files.
const PROMPT_SOURCES: [&str; 2] = ["dummy-source", "prompt-template"];
/// Schemes of stores elsewhere: recorded, but their files are not ours to fetch.
const ELSEWHERE: [&str; 10] = ["s3", "gs", "wasbs", "abfss", "hdfs", "dbfs", "http", "https", "hf", "r2"];

/// A source, resolved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolved {
    /// As it is kept with the version.
    pub source: String,
    /// Where the files are.
    pub storage: String,
    /// The run they come from.
    pub run_id: Option<String>,
    /// The logged model they come from.
    pub logged_model_id: Option<String>,
}

/// Resolves what a client gave. Whatever it names has to belong to the team.
///
/// # Errors
/// It names nothing of the team, contradicts `run_id` or `model_id`, or is a path of some machine.
pub async fn resolve(
    store: &Store,
    artifacts: &ArtifactStore,
    member: &TeamMember,
    source: &str,
    run_id: Option<&str>,
    model_id: Option<&str>,
) -> Result<Resolved> {
    let team = &member.team.id;
    let resolved = if PROMPT_SOURCES.contains(&source) {
        plain(source, run_id, model_id)
    } else if let Some(rest) = source.strip_prefix("models:/") {
        of_models(store, team, source, rest).await?
    } else if let Some(rest) = source.strip_prefix("runs:/") {
        of_run(store, artifacts, team, source, rest).await?
    } else if let Some(path) = location::path_of(source)? {
        of_path(store, team, source, &path).await?
    } else if source.split_once("://").is_some_and(|(scheme, _)| ELSEWHERE.contains(&scheme)) {
        of_elsewhere(store, team, source, run_id, model_id).await?
    } else {
        return Err(invalid(source).hint("Give a URI such as runs:/RUN_ID/PATH or models:/MODEL_ID."));
    };
    agree(source, "run_id", run_id, resolved.run_id.as_deref())?;
    agree(source, "model_id", model_id, resolved.logged_model_id.as_deref())?;
    Ok(resolved)
}

fn invalid(source: &str) -> Error {
    Error::invalid("source", format!("Invalid model version source: '{source}'."))
}

/// What the client says has to be what the source says.
fn agree(source: &str, field: &str, given: Option<&str>, found: Option<&str>) -> Result<()> {
    match (given, found) {
        (Some(given), Some(found)) if given != found => Err(Error::invalid(
            field,
            format!(
                "Invalid model version source: '{source}'. The {field} request parameter must identify the resource that contains the source."
            ),
        )),
        _ => Ok(()),
    }
}

fn plain(source: &str, run_id: Option<&str>, model_id: Option<&str>) -> Resolved {
    let text = |t: &str| t.to_owned();
    Resolved { source: text(source), storage: text(source), run_id: run_id.map(text), logged_model_id: model_id.map(text) }
}

/// `models:/m-…`, `models:/name/3`, `models:/name@alias`.
async fn of_models(store: &Store, team: &str, source: &str, rest: &str) -> Result<Resolved> {
    if let Some((name, version)) = rest.rsplit_once('/') {
        let number = super::names::version(version).map_err(|_| invalid(source))?;
        let row = store.version(team, name, number).await?.ok_or_else(|| missing(source, "model version"))?.row;
        return Ok(of_version(row));
    }
    if let Some((name, alias)) = rest.rsplit_once('@') {
        let number = store.alias(team, name, alias).await?.ok_or_else(|| missing(source, "alias"))?;
        let row = store.version(team, name, number).await?.ok_or_else(|| missing(source, "model version"))?.row;
        return Ok(of_version(row));
    }
    let model =
        store.logged_model(team, rest).await?.filter(|m| m.row.deleted_at.is_none()).ok_or_else(|| missing(source, "logged model"))?;
    Ok(of_logged(source, &model.row))
}

fn missing(source: &str, what: &str) -> Error {
    Error::invalid("source", format!("Unable to fetch model from model URI source artifact location '{source}'. There is no such {what}."))
}

fn of_version(row: VersionRow) -> Resolved {
    Resolved {
        source: format!("models:/{}/{}", row.model, row.version),
        storage: row.storage,
        run_id: row.run_id,
        logged_model_id: row.logged_model_id,
    }
}

fn of_logged(source: &str, model: &LoggedModelRow) -> Resolved {
    Resolved {
        source: source.into(),
        storage: model.artifact_uri.clone(),
        run_id: model.source_run_id.clone(),
        logged_model_id: Some(model.id.clone()),
    }
}

/// `runs:/{run}/{path}`: files of the run, or the logged model that the run made under that name.
async fn of_run(store: &Store, artifacts: &ArtifactStore, team: &str, source: &str, rest: &str) -> Result<Resolved> {
    let (id, path) = rest.split_once('/').unwrap_or((rest, ""));
    let run = store.run(team, id).await?.ok_or_else(|| Error::new(Kind::NotFound, format!("Run with id={id} not found")))?;
    let Some(root) = location::path_of(&run.artifact_uri)? else {
        return Ok(below_run(&run, source, &format!("{}/{path}", run.artifact_uri)));
    };
    let folder = root.join(&ArtifactPath::parse(path)?);
    let file = folder.join(&ArtifactPath::parse(mlmodel::FILE)?);
    if artifacts.size(team, &file).await?.is_none() {
        let made = store.logged_models_of_run(team, id).await?;
        if let Some(model) = made.iter().rev().find(|m| m.name == path) {
            return Ok(of_logged(source, model));
        }
    }
    Ok(below_run(&run, source, &location::uri_of(&folder)))
}

fn below_run(run: &RunRow, source: &str, storage: &str) -> Resolved {
    Resolved { source: source.into(), storage: storage.into(), run_id: Some(run.id.clone()), logged_model_id: None }
}

/// A path in our own artifacts: it has to lie in the folder of a run or of a logged model of the team.
async fn of_path(store: &Store, team: &str, source: &str, path: &ArtifactPath) -> Result<Resolved> {
    let storage = location::uri_of(path);
    match location::owner(path) {
        Some((_, Owner::Run(id))) => {
            let run = store.run(team, id).await?.ok_or_else(|| invalid(source))?;
            inside(source, path, &run.artifact_uri)?;
            Ok(below_run(&run, source, &storage))
        }
        Some((_, Owner::Model(id))) => {
            let model = store.logged_model(team, id).await?.ok_or_else(|| invalid(source))?.row;
            let resolved = of_logged(source, &model);
            inside(source, path, &resolved.storage)?;
            Ok(Resolved { storage, ..resolved })
        }
        _ => Err(invalid(source).hint("It has to lie in the artifacts of a run or of a logged model.")),
    }
}

fn inside(source: &str, path: &ArtifactPath, root: &str) -> Result<()> {
    let root = location::path_of(root)?.ok_or_else(|| invalid(source))?;
    path.below(&root).map(drop).ok_or_else(|| invalid(source))
}

/// A store elsewhere; the run and the logged model, where given, have to be the team's.
async fn of_elsewhere(store: &Store, team: &str, source: &str, run_id: Option<&str>, model_id: Option<&str>) -> Result<Resolved> {
    super::names::source("source", source)?;
    if let Some(id) = run_id
        && store.run(team, id).await?.is_none()
    {
        return Err(Error::new(Kind::NotFound, format!("Run with id={id} not found")));
    }
    if let Some(id) = model_id
        && store.logged_model(team, id).await?.is_none()
    {
        return Err(Error::new(Kind::NotFound, format!("Logged model with ID '{id}' not found.")));
    }
    Ok(plain(source, run_id, model_id))
}
