//! Registering from a run, as the dashboard and the command line do: the model is found in the run, and made where it does not exist.

use super::{location, mlmodel, names, versions, versions::Registration};
use crate::{
    access::TeamEditor,
    artifacts::{ArtifactPath, ArtifactStore},
    error::{Error, Kind, Result},
    store::{Store, model_versions::VersionFull, runs::RunRow},
};
use app::api::models::NewModelVersion;

/// Folders of a run that are looked into for a model.
const MAX_FOLDERS: usize = 100;

/// Registers a version from a run.
///
/// # Errors
/// No such run; no model where it should be; several and none was chosen.
pub async fn from_run(store: &Store, artifacts: &ArtifactStore, editor: &TeamEditor, new: &NewModelVersion) -> Result<VersionFull> {
    names::model("model", &new.model)?;
    names::text("run_id", &new.run_id, 64)?;
    let run = store.run(&editor.team.id, &new.run_id).await?.filter(RunRow::is_active).ok_or_else(|| Error::not_found("run"))?;
    let source = match new.source.as_deref().map(str::trim).filter(|s| !s.is_empty()) {
        Some(given) => {
            names::source("source", given)?;
            chosen(store, editor, &run, given).await?
        }
        None => only(store, artifacts, editor, &run).await?,
    };
    let registration = Registration {
        model: &new.model,
        source: &source,
        run_id: Some(&run.id),
        description: &new.description,
        make_model: true,
        needs_files: true,
        ..Registration::default()
    };
    match versions::create(store, artifacts, editor, &registration).await {
        // Somebody made the model at the same moment: now it is there.
        Err(e) if e.kind == Kind::Taken => versions::create(store, artifacts, editor, &registration).await,
        done => done,
    }
}

/// What the asker named: a URI, the id or name of a logged model, or a path in the run's artifacts.
async fn chosen(store: &Store, editor: &TeamEditor, run: &RunRow, given: &str) -> Result<String> {
    if given.contains(":/") {
        return Ok(given.into());
    }
    let logged = store.logged_models_of_run(&editor.team.id, &run.id).await?;
    match logged.iter().rev().find(|m| m.id == given || m.name == given) {
        Some(model) => Ok(format!("models:/{}", model.id)),
        None => Ok(format!("runs:/{}/{}", run.id, ArtifactPath::parse(given)?)),
    }
}

/// The only model of a run.
async fn only(store: &Store, artifacts: &ArtifactStore, editor: &TeamEditor, run: &RunRow) -> Result<String> {
    let logged = store.logged_models_of_run(&editor.team.id, &run.id).await?;
    let mut found: Vec<(String, String)> =
        logged.into_iter().filter(|m| m.status != "UPLOAD_FAILED").map(|m| (m.name, format!("models:/{}", m.id))).collect();
    if found.is_empty() {
        found = in_folders(artifacts, editor, run).await?;
    }
    match found.as_slice() {
        [(_, uri)] => Ok(uri.clone()),
        [] => Err(Error::invalid("run_id", format!("The run {} has logged no model.", run.name))
            .hint("Log one in the run, such as mlflow.sklearn.log_model(model, name=\"model\").")),
        many => {
            let list: Vec<String> = many.iter().map(|(name, uri)| format!("{name} ({uri})")).collect();
            Err(Error::invalid("source", format!("The run {} has logged {} models: {}.", run.name, many.len(), list.join(", ")))
                .hint("Give one of them as source."))
        }
    }
}

/// Models that older clients put into the run's own artifacts.
async fn in_folders(artifacts: &ArtifactStore, editor: &TeamEditor, run: &RunRow) -> Result<Vec<(String, String)>> {
    let Some(root) = location::path_of(&run.artifact_uri)? else { return Ok(Vec::new()) };
    let (team, file) = (&editor.team.id, ArtifactPath::parse(mlmodel::FILE)?);
    let mut found = Vec::new();
    for entry in artifacts.list(team, &root).await?.into_iter().filter(|e| e.size.is_none()).take(MAX_FOLDERS) {
        let folder = root.join(&ArtifactPath::parse(&entry.name)?);
        if artifacts.size(team, &folder.join(&file)).await?.is_some() {
            found.push((entry.name.clone(), format!("runs:/{}/{}", run.id, entry.name)));
        }
    }
    Ok(found)
}
