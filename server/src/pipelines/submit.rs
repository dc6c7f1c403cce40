//! Making a pipeline run: one transaction makes the run, and the run of MLflow that those of its tasks are below.

use super::{
    caps,
    gone::Gone,
    ir::Pipeline,
    parameters,
    parsed::Parsed,
    runs, runs_view,
    upload::{pipeline_of, text, version_row},
};
use crate::{
    access::TeamEditor,
    error::{Error, Result},
    ids,
    runs::{
        submit::{experiment, experiment_of_id},
        view::OF_PIPELINE_RUN,
    },
    store::{
        Store, Tx,
        events::NewEvent,
        experiments::{DEFAULT_NAME, ExperimentRow},
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
use std::sync::Arc;

/// Longest name of an experiment, in characters.
const MAX_EXPERIMENT: usize = 500;
/// Longest name, in characters.
const MAX_NAME: usize = 250;
/// Longest description, in characters.
const MAX_DESCRIPTION: usize = 5000;
/// Longest value of a parameter that MLflow's run shows, in characters.
const MAX_SHOWN: usize = 500;

/// What a run is of.
pub(super) struct Of {
    /// What was compiled.
    pub pipeline: Arc<Pipeline>,
    /// Of what was uploaded.
    pub digest: String,
    /// Id and name, where it is a pipeline of the team.
    pub named: Option<(String, String)>,
    /// Id and name, where it is a version of that.
    pub version: Option<(String, String)>,
}

/// A pipeline run to make, with everything checked.
pub(super) struct Ready<'a> {
    /// What it is of.
    pub of: &'a Of,
    /// Its id.
    pub id: &'a str,
    /// Name.
    pub name: &'a str,
    /// What it is for.
    pub description: &'a str,
    /// Checked and complete.
    pub parameters: &'a Map<String, Value>,
    /// Whether tasks take over what others made.
    pub cache: bool,
    /// Most tasks at once.
    pub max_tasks: Option<i64>,
    /// The recurring run that makes it, and the time it is for.
    pub recurring: Option<(&'a str, Option<i64>)>,
    /// Who makes it, as the event says.
    pub actor: &'a str,
}

/// Makes a pipeline run.
///
/// # Errors
/// No such pipeline, version or run; what is uploaded is refused; a parameter that is wrong.
pub async fn create(parsed: &Parsed, store: &Store, by: &TeamEditor, new: &NewPipelineRun) -> Result<PipelineRun> {
    let of = asked_for(parsed, store, by, new).await?;
    let parameters = parameters::complete(&of.pipeline, new.parameters.clone().into_iter().collect(), &new.texts)
        .map_err(|all| parameters::wrong(&all, &new.texts))?;
    let description = text("description", new.description.as_deref().unwrap_or_default(), MAX_DESCRIPTION)?;
    caps::check("max_tasks", new.max_tasks)?;
    let id = ids::new_id(&**store.clock());
    let name = match new.name.as_deref().filter(|n| !n.trim().is_empty()) {
        Some(name) => text("name", name, MAX_NAME)?,
        None => format!("{} {}", of.name(), &id[id.len() - 6..]),
    };

    let mut tx = store.begin().await?;
    if new.spec.is_some() {
        tx.pipeline_spec_put(&of.digest, new.spec.as_deref().unwrap_or_default()).await?;
    }
    let experiment = experiment_of(&mut tx, store, by, (new.experiment.as_deref(), new.experiment_id.as_deref())).await?;
    let ready = Ready {
        of: &of,
        id: &id,
        name: &name,
        description: &description,
        parameters: &parameters,
        cache: new.cache.unwrap_or(true),
        max_tasks: new.max_tasks,
        recurring: None,
        actor: &by.actor(),
    };
    insert(&mut tx, store, by, &experiment, &ready).await?;
    tx.commit().await?;
    let row = store.pipeline_run(&by.team.id, &id).await?.ok_or_else(|| Error::internal("the pipeline run just made"))?;
    Ok(runs_view::run(row, &Gone::none()))
}

/// Writes a pipeline run, and the run of MLflow that those of its tasks are below.
///
/// # Errors
/// The database does not answer; a recurring run made one for this time already.
pub(super) async fn insert(tx: &mut Tx, store: &Store, by: &TeamEditor, experiment: &ExperimentRow, new: &Ready<'_>) -> Result<()> {
    let (run_id, started_at, of, pipeline) = (ids::new_id(&**store.clock()), tx.now(), new.of, new.of.name());
    let created_by = by.actor();
    let run = tx
        .run_insert(&NewRunRow {
            id: &run_id,
            experiment,
            name: new.name,
            user_name: &by.principal.user,
            created_by: &created_by,
            state: State::Queued,
            reason: None,
            submitted: true,
            started_at,
        })
        .await?;
    tx.experiment_touch(experiment.key).await?;
    let mut tags = vec![
        ("mlflow.runName", new.name),
        ("mlflow.user", by.principal.user.as_str()),
        (OF_PIPELINE_RUN, new.id),
        ("slipway.pipeline", pipeline),
    ];
    tags.extend(new.recurring.map(|(id, _)| ("slipway.recurring_run", id)));
    tx.params_insert(&shown_parameters(&run, new.parameters).collect::<Vec<_>>()).await?;
    tx.run_tags_set(&shown_tags(&run, &tags)).await?;
    tx.pipeline_run_insert(&NewPipelineRunRow {
        id: new.id,
        team_id: &by.team.id,
        name: new.name,
        description: new.description,
        pipeline_id: of.named.as_ref().map(|(id, _)| id.as_str()),
        pipeline,
        version_id: of.version.as_ref().map(|(id, _)| id.as_str()),
        recurring_run_id: new.recurring.map(|(id, _)| id),
        scheduled_at: new.recurring.and_then(|(_, at)| at),
        spec_digest: &of.digest,
        run_id: &run.id,
        run_key: run.key,
        experiment_id: &experiment.id,
        user_id: &by.principal.user_id,
        created_by: &created_by,
        parameters: &Value::Object(new.parameters.clone()).to_string(),
        cache: new.cache,
        max_tasks: new.max_tasks,
    })
    .await?;
    tx.event(NewEvent {
        team_id: Some(&by.team.id),
        actor: new.actor,
        action: "create",
        kind: kinds::PIPELINE_RUN,
        object_id: new.id,
        object_name: new.name,
        revision: 1,
        before: None,
        after: Some(json!({
            "pipeline": pipeline, "version": of.version.as_ref().map(|(_, name)| name), "digest": of.digest, "parameters": new.parameters,
            "experiment": experiment.name, "recurring_run": new.recurring.map(|(id, _)| id),
        })),
    })
    .await
    .map(drop)
}

/// The experiment of this name, made where there is none, or of this id; the one that each team has, where neither is given.
///
/// # Errors
/// Both are given; a name that is too long; there is none of this id.
pub(super) async fn experiment_of(
    tx: &mut Tx,
    store: &Store,
    by: &TeamEditor,
    (name, id): (Option<&str>, Option<&str>),
) -> Result<ExperimentRow> {
    match (name.filter(|n| !n.trim().is_empty()), id.filter(|e| !e.is_empty())) {
        (Some(_), Some(_)) => Err(Error::invalid("experiment_id", "Name an experiment, or give the id of one, but not both.")),
        (None, Some(id)) => experiment_of_id(tx, by, id).await,
        (name, None) => experiment(tx, store, by, &text("experiment", name.unwrap_or(DEFAULT_NAME), MAX_EXPERIMENT)?).await,
    }
}

impl Of {
    /// Name of the pipeline.
    pub(super) fn name(&self) -> &str {
        self.named.as_ref().map_or(self.pipeline.name.as_str(), |(_, name)| name.as_str())
    }
}

/// What a run that is asked for is to be of.
async fn asked_for(parsed: &Parsed, store: &Store, by: &TeamEditor, new: &NewPipelineRun) -> Result<Of> {
    let given = |text: &Option<String>| text.clone().filter(|t| !t.is_empty());
    match (given(&new.pipeline), &new.spec, given(&new.from)) {
        (None, None, Some(run)) => again(parsed, store, by, &run, new).await,
        (_, _, Some(_)) => Err(Error::invalid("from", "Name a pipeline, bring one, or name a run to do again, but only one of these.")),
        (None, None, None) => {
            Err(Error::invalid("pipeline", "Name a pipeline of the team, bring one as `spec`, or name a run to do again as `from`."))
        }
        (pipeline, spec, None) => of(parsed, store, by, (pipeline.as_deref(), new.version.as_deref()), spec.as_deref()).await,
    }
}

/// What a run is to be of: a version of a pipeline of the team, or what came along.
///
/// # Errors
/// Neither or both; not there; what came along is refused.
pub(super) async fn of(
    parsed: &Parsed,
    store: &Store,
    by: &TeamEditor,
    (pipeline, version): (Option<&str>, Option<&str>),
    spec: Option<&str>,
) -> Result<Of> {
    match (pipeline.filter(|p| !p.is_empty()), spec) {
        (Some(_), Some(_)) => Err(Error::invalid("spec", "Name a pipeline, or bring one, but not both.")),
        (None, None) => Err(Error::invalid("pipeline", "Name a pipeline of the team, or bring one as `spec`.")),
        (Some(pipeline), None) => {
            let version = version_row(store, by, pipeline, version).await?;
            Ok(Of {
                pipeline: pipeline_of(parsed, &version.spec_digest).await?,
                digest: version.spec_digest,
                named: Some((version.pipeline_id, version.pipeline)),
                version: Some((version.id, version.name)),
            })
        }
        (None, Some(spec)) => {
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

/// What is shown as parameters of a run of MLflow.
pub fn shown_parameters<'a>(run: &'a RunRow, parameters: &'a Map<String, Value>) -> impl Iterator<Item = NewPair> + 'a {
    parameters.iter().filter(|(_, v)| !v.is_null()).map(|(key, value)| {
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        pair(run, key, value.chars().take(MAX_SHOWN).collect())
    })
}

/// Its tags.
pub fn shown_tags(run: &RunRow, tags: &[(&str, &str)]) -> Vec<NewPair> {
    tags.iter().map(|(key, value)| pair(run, key, (*value).to_owned())).collect()
}

fn pair(run: &RunRow, key: &str, value: String) -> NewPair {
    NewPair { run_key: run.key, experiment_key: run.experiment_key, key: key.to_owned(), value }
}
