//! Making a pipeline run: one transaction makes the run, and the run of MLflow that those of its tasks are below.

use super::{
    caps,
    ir::Pipeline,
    parsed::{Parsed, refused},
    runs, runs_view,
    upload::{pipeline_of, text, version_row},
};
use crate::{
    access::TeamEditor,
    error::{Error, Result},
    ids,
    runs::submit::{experiment, experiment_of_id},
    store::{
        Store, Tx,
        events::NewEvent,
        experiments::DEFAULT_NAME,
        pipeline_runs::NewPipelineRunRow,
        run_tags::NewPair,
        runs::{NewRunRow, RunRow},
    },
};
use app::api::{
    State,
    changes::kinds,
    pipeline_runs::{NewPipelineRun, PipelineRun},
};
use serde_json::{Map, Value, json};
use std::{collections::BTreeMap, sync::Arc};

/// Longest name of an experiment, in characters.
const MAX_EXPERIMENT: usize = 500;
/// Longest name, in characters.
const MAX_NAME: usize = 250;
/// Longest description, in characters.
const MAX_DESCRIPTION: usize = 5000;
/// Longest value of a parameter that MLflow's run shows, in characters.
const MAX_SHOWN: usize = 500;

/// What a run is of.
struct Of {
    pipeline: Arc<Pipeline>,
    digest: String,
    /// Id and name, where it is a pipeline of the team.
    named: Option<(String, String)>,
    version: Option<(String, String)>,
}

/// Makes a pipeline run.
///
/// # Errors
/// No such pipeline, version or run; what is uploaded is refused; a parameter that is wrong.
pub async fn create(parsed: &Parsed, store: &Store, by: &TeamEditor, new: &NewPipelineRun) -> Result<PipelineRun> {
    let of = of(parsed, store, by, new).await?;
    let mut given: Map<String, Value> = new.parameters.clone().into_iter().collect();
    given.extend(read_texts(&of.pipeline, &new.texts)?);
    let parameters = of.pipeline.parameters(&given).map_err(|wrong| refused("parameters", &wrong))?;
    let description = text("description", new.description.as_deref().unwrap_or_default(), MAX_DESCRIPTION)?;
    caps::check("max_tasks", new.max_tasks)?;
    let id = ids::new_id(&**store.clock());
    let pipeline = of.named.as_ref().map_or(of.pipeline.name.as_str(), |(_, name)| name.as_str()).to_owned();
    let name = match new.name.as_deref().filter(|n| !n.trim().is_empty()) {
        Some(name) => text("name", name, MAX_NAME)?,
        None => format!("{pipeline} {}", &id[id.len() - 6..]),
    };
    let experiment_id = new.experiment_id.as_deref().filter(|e| !e.is_empty());
    let given = new.experiment.as_deref().filter(|e| !e.trim().is_empty());
    if experiment_id.is_some() && given.is_some() {
        return Err(Error::invalid("experiment_id", "Name an experiment, or give the id of one, but not both."));
    }
    let experiment_name = text("experiment", given.unwrap_or(DEFAULT_NAME), MAX_EXPERIMENT)?;

    let mut tx = store.begin().await?;
    if new.spec.is_some() {
        tx.pipeline_spec_put(&of.digest, new.spec.as_deref().unwrap_or_default()).await?;
    }
    let experiment = match experiment_id {
        Some(id) => experiment_of_id(&mut tx, by, id).await?,
        None => experiment(&mut tx, store, by, &experiment_name).await?,
    };
    let (run_id, started_at, actor) = (ids::new_id(&**store.clock()), tx.now(), by.actor());
    let run = tx
        .run_insert(&NewRunRow {
            id: &run_id,
            experiment: &experiment,
            name: &name,
            user_name: &by.principal.user,
            created_by: &actor,
            state: State::Queued,
            reason: None,
            submitted: true,
            started_at,
        })
        .await?;
    tx.experiment_touch(experiment.key).await?;
    shown(
        &mut tx,
        &run,
        &parameters,
        &[("mlflow.runName", &name), ("mlflow.user", &by.principal.user), ("slipway.pipeline_run", &id), ("slipway.pipeline", &pipeline)],
    )
    .await?;
    tx.pipeline_run_insert(&NewPipelineRunRow {
        id: &id,
        team_id: &by.team.id,
        name: &name,
        description: &description,
        pipeline_id: of.named.as_ref().map(|(id, _)| id.as_str()),
        pipeline: &pipeline,
        version_id: of.version.as_ref().map(|(id, _)| id.as_str()),
        spec_digest: &of.digest,
        run_id: &run.id,
        run_key: run.key,
        experiment_id: &experiment.id,
        user_id: &by.principal.user_id,
        created_by: &actor,
        parameters: &Value::Object(parameters.clone()).to_string(),
        cache: new.cache.unwrap_or(true),
        max_tasks: new.max_tasks,
    })
    .await?;
    tx.event(NewEvent {
        team_id: Some(&by.team.id),
        actor: &actor,
        action: "create",
        kind: kinds::PIPELINE_RUN,
        object_id: &id,
        object_name: &name,
        revision: 1,
        before: None,
        after: Some(json!({
            "pipeline": pipeline, "version": of.version.as_ref().map(|(_, name)| name), "digest": of.digest, "parameters": parameters,
            "experiment": experiment.name,
        })),
    })
    .await?;
    tx.commit().await?;
    let row = store.pipeline_run(&by.team.id, &id).await?.ok_or_else(|| Error::internal("the pipeline run just made"))?;
    Ok(runs_view::run(row))
}

/// Values of the texts of a form. What is no parameter goes on as it is, to be refused with the others.
fn read_texts(pipeline: &Pipeline, texts: &BTreeMap<String, String>) -> Result<Vec<(String, Value)>> {
    let value = |(name, text): (&String, &String)| -> Result<(String, Value)> {
        let value = match pipeline.root.parameters.get(name) {
            Some(p) => p.kind.from_text(text).map_err(|why| Error::invalid(&format!("texts.{name}"), format!("{name}: {why}.")))?,
            None => Value::String(text.clone()),
        };
        Ok((name.clone(), value))
    };
    texts.iter().map(value).collect()
}

async fn of(parsed: &Parsed, store: &Store, by: &TeamEditor, new: &NewPipelineRun) -> Result<Of> {
    let given = |text: &Option<String>| text.clone().filter(|t| !t.is_empty());
    match (given(&new.pipeline), &new.spec, given(&new.from)) {
        (None, None, Some(run)) => again(parsed, store, by, &run, new).await,
        (_, _, Some(_)) => Err(Error::invalid("from", "Name a pipeline, bring one, or name a run to do again, but only one of these.")),
        (Some(_), Some(_), None) => Err(Error::invalid("spec", "Name a pipeline, or bring one, but not both.")),
        (None, None, None) => {
            Err(Error::invalid("pipeline", "Name a pipeline of the team, bring one as `spec`, or name a run to do again as `from`."))
        }
        (Some(pipeline), None, None) => {
            let version = version_row(store, by, &pipeline, new.version.as_deref()).await?;
            Ok(Of {
                pipeline: pipeline_of(parsed, &version.spec_digest).await?,
                digest: version.spec_digest,
                named: Some((version.pipeline_id, version.pipeline)),
                version: Some((version.id, version.name)),
            })
        }
        (None, Some(spec), None) => {
            let (digest, pipeline) = parsed.take(spec).await?;
            Ok(Of { pipeline, digest, named: None, version: None })
        }
    }
}

/// What another run was of, as it was then: pipeline and version may be gone since.
async fn again(parsed: &Parsed, store: &Store, by: &TeamEditor, run: &str, new: &NewPipelineRun) -> Result<Of> {
    if new.version.as_deref().is_some_and(|v| !v.is_empty()) {
        return Err(
            Error::invalid("version", "A run that is done again has the version it had.").hint("Name the pipeline instead of the run.")
        );
    }
    let row = runs::row(store, by, run).await?;
    let named = match &row.pipeline_id {
        Some(id) => store.pipeline(&by.team.id, id).await?.map(|p| (p.id, p.name)),
        None => None,
    };
    let version = match &row.version_id {
        Some(id) if named.is_some() => store.pipeline_version_by_id(&by.team.id, id).await?.map(|v| (v.id, v.name)),
        _ => None,
    };
    Ok(Of { pipeline: pipeline_of(parsed, &row.spec_digest).await?, digest: row.spec_digest, named, version })
}

/// Parameters and tags of a run of MLflow.
///
/// # Errors
/// The database does not answer.
pub async fn shown(tx: &mut Tx, run: &RunRow, parameters: &Map<String, Value>, tags: &[(&str, &str)]) -> Result<()> {
    let pair = |key: &str, value: String| NewPair { run_key: run.key, experiment_key: run.experiment_key, key: key.to_owned(), value };
    let parameters = parameters.iter().filter(|(_, v)| !v.is_null()).map(|(key, value)| {
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        pair(key, value.chars().take(MAX_SHOWN).collect())
    });
    tx.params_insert(&parameters.collect::<Vec<_>>()).await?;
    tx.run_tags_set(&tags.iter().map(|(key, value)| pair(key, (*value).to_owned())).collect::<Vec<_>>()).await
}
