//! Datasets and logged models that a run read or made.

use super::{no_run, run_id_form, writable};
use crate::{
    access::TeamEditor,
    error::{Error, Result},
    runs::tracked::event,
    store::{
        Store,
        run_inputs::{Direction, NewRunDataset},
    },
};
use serde_json::json;

/// Inputs of one request at most.
const MAX_INPUTS: usize = 1000;
const MAX_NAME: usize = 500;
const MAX_DIGEST: usize = 36;
const MAX_SOURCE: usize = 65_535;
const MAX_SCHEMA: usize = 1_048_575;
const MAX_PROFILE: usize = 16_777_215;
const MAX_TAG_KEY: usize = 255;
const MAX_TAG_VALUE: usize = 500;

/// The tag that says what a dataset was used for.
const CONTEXT: &str = "mlflow.data.context";

/// A dataset as a client notes it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DatasetInput {
    /// Name.
    pub name: String,
    /// Digest.
    pub digest: String,
    /// Kind of the source.
    pub source_type: String,
    /// Where it comes from.
    pub source: String,
    /// JSON of MLflow.
    pub schema: Option<String>,
    /// JSON of MLflow.
    pub profile: Option<String>,
    /// Tags of the input.
    pub tags: Vec<(String, String)>,
}

/// Notes what a run read: datasets, and logged models by id.
///
/// # Errors
/// No such run, deleted, not the asker's to write; a dataset that MLflow does not take.
pub async fn log_inputs(store: &Store, by: &TeamEditor, run_id: &str, datasets: &[DatasetInput], models: &[String]) -> Result<()> {
    run_id_form(run_id)?;
    if datasets.len().max(models.len()) > MAX_INPUTS {
        return Err(Error::invalid("datasets", format!("A request notes at most {MAX_INPUTS} inputs.")));
    }
    let rows = datasets.iter().enumerate().map(|(i, d)| row(i, d)).collect::<Result<Vec<_>>>()?;
    models.iter().try_for_each(|id| model_id(id))?;
    let mut tx = store.begin().await?;
    let run = tx.run(&by.team.id, run_id).await?.ok_or_else(|| no_run(run_id))?;
    writable(&run, &by.principal)?;
    for dataset in &rows {
        tx.run_dataset_insert(run.key, run.experiment_key, dataset).await?;
    }
    for id in models {
        tx.run_model_insert(run.key, Direction::Input, id, 0).await?;
    }
    let read: Vec<_> = rows.iter().map(|d| json!({ "name": d.name, "digest": d.digest })).collect();
    event(&mut tx, by, "log_inputs", &run, None, json!({ "datasets": read, "models": models })).await?;
    tx.commit().await
}

/// Notes the logged models that a run made, each with its step.
///
/// # Errors
/// No such run, deleted, not the asker's to write.
pub async fn log_outputs(store: &Store, by: &TeamEditor, run_id: &str, models: &[(String, i64)]) -> Result<()> {
    run_id_form(run_id)?;
    if models.len() > MAX_INPUTS {
        return Err(Error::invalid("models", format!("A request notes at most {MAX_INPUTS} outputs.")));
    }
    models.iter().try_for_each(|(id, _)| model_id(id))?;
    let mut tx = store.begin().await?;
    let run = tx.run(&by.team.id, run_id).await?.ok_or_else(|| no_run(run_id))?;
    writable(&run, &by.principal)?;
    for (id, step) in models {
        tx.run_model_insert(run.key, Direction::Output, id, *step).await?;
    }
    let made: Vec<_> = models.iter().map(|(id, _)| id).collect();
    event(&mut tx, by, "log_outputs", &run, None, json!({ "models": made })).await?;
    tx.commit().await
}

fn model_id(id: &str) -> Result<()> {
    let fits = !id.is_empty() && id.len() <= 100 && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
    if fits { Ok(()) } else { Err(Error::invalid("models", "A model is named by its model_id, such as m-0123.")) }
}

fn row(i: usize, d: &DatasetInput) -> Result<NewRunDataset> {
    let at = |field: &str| format!("datasets[{i}].dataset.{field}");
    for (field, text, limit) in [
        ("name", d.name.as_str(), MAX_NAME),
        ("digest", &d.digest, MAX_DIGEST),
        ("source", &d.source, MAX_SOURCE),
        ("source_type", &d.source_type, MAX_NAME),
        ("schema", d.schema.as_deref().unwrap_or_default(), MAX_SCHEMA),
        ("profile", d.profile.as_deref().unwrap_or_default(), MAX_PROFILE),
    ] {
        if text.is_empty() && !matches!(field, "schema" | "profile") {
            return Err(super::validate::missing(&at(field)));
        }
        if text.len() > limit && text.chars().count() > limit {
            return Err(Error::invalid(&at(field), format!("'{}' exceeds the maximum length of {limit} characters", at(field))));
        }
    }
    for (key, value) in &d.tags {
        if key.is_empty() || key.chars().count() > MAX_TAG_KEY || value.chars().count() > MAX_TAG_VALUE {
            let what = format!("A tag of an input has a name of 1 to {MAX_TAG_KEY} and a value of at most {MAX_TAG_VALUE} characters.");
            return Err(Error::invalid(&format!("datasets[{i}].tags"), what));
        }
    }
    Ok(NewRunDataset {
        name: d.name.clone(),
        digest: d.digest.clone(),
        source_type: d.source_type.clone(),
        source: d.source.clone(),
        schema_json: d.schema.clone().filter(|s| !s.is_empty()),
        profile_json: d.profile.clone().filter(|s| !s.is_empty()),
        context: d.tags.iter().find(|(k, _)| k == CONTEXT).map(|(_, v)| v.clone()),
        tags_json: serde_json::to_string(&d.tags)?,
    })
}
