//! Runs.

use super::{
    error::Reply,
    team::{Reader, Writer},
    wire::{Args, Empty, Float, Int, Pair, list, pairs, required, run_id},
};
use crate::{
    error::Error,
    http::state::Web,
    records::run::{Lifecycle, RunStatus},
    runs::{
        experiments::shown_id,
        tracked::{self, FullRun, NewRun},
        tracking::{
            Batch,
            inputs::{self, DatasetInput},
        },
    },
    store::{
        run_inputs::{Direction, RunDatasetRow},
        runs::{RunChange, RunRow},
    },
};
use axum::{Json, extract::State};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A run as MLflow tells it.
#[derive(Debug, Serialize)]
pub struct Run {
    info: Info,
    data: Data,
    inputs: Inputs,
    outputs: Outputs,
}

/// What is said of a run itself.
#[derive(Debug, Serialize)]
pub struct Info {
    run_uuid: String,
    experiment_id: String,
    run_name: String,
    user_id: String,
    status: String,
    start_time: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    end_time: Option<i64>,
    artifact_uri: String,
    lifecycle_stage: String,
    run_id: String,
}

#[derive(Debug, Serialize)]
struct Data {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    metrics: Vec<Point>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    params: Vec<Pair>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tags: Vec<Pair>,
}

/// A value of a metric.
#[derive(Debug, Serialize)]
pub struct Point {
    /// Name.
    pub key: String,
    /// Value.
    pub value: Float,
    /// Milliseconds since 1970.
    pub timestamp: i64,
    /// Step.
    pub step: i64,
}

#[derive(Debug, Serialize)]
struct Inputs {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    dataset_inputs: Vec<DatasetOut>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    model_inputs: Vec<ModelIn>,
}

#[derive(Debug, Serialize)]
struct DatasetOut {
    tags: Vec<Pair>,
    dataset: Dataset,
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Dataset {
    name: Option<String>,
    digest: Option<String>,
    source_type: Option<String>,
    source: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    schema: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    profile: Option<String>,
}

#[derive(Debug, Serialize)]
struct ModelIn {
    model_id: String,
}

#[derive(Debug, Serialize)]
struct Outputs {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    model_outputs: Vec<ModelOut>,
}

#[derive(Debug, Serialize)]
struct ModelOut {
    model_id: String,
    step: i64,
}

impl From<RunRow> for Info {
    fn from(row: RunRow) -> Self {
        Self {
            run_uuid: row.id.clone(),
            experiment_id: shown_id(&row.team_id, &row.experiment_id).to_owned(),
            run_name: row.name,
            user_id: row.user_name,
            status: row.status,
            start_time: row.started_at,
            end_time: row.ended_at,
            artifact_uri: row.artifact_uri,
            lifecycle_stage: row.lifecycle,
            run_id: row.id,
        }
    }
}

impl From<FullRun> for Run {
    fn from(run: FullRun) -> Self {
        let point = |m: crate::store::run_metrics::LatestMetricRow| {
            let value = Float(m.logged());
            Point { key: m.key, value, timestamp: m.time, step: m.step }
        };
        let pair = |p: crate::store::run_tags::PairRow| Pair { key: Some(p.key), value: Some(p.value) };
        let (inputs, outputs): (Vec<_>, Vec<_>) = run.models.into_iter().partition(|m| m.direction == Direction::Input.as_str());
        Self {
            info: run.row.into(),
            data: Data {
                metrics: run.metrics.into_iter().map(point).collect(),
                params: run.params.into_iter().map(pair).collect(),
                tags: run.tags.into_iter().map(pair).collect(),
            },
            inputs: Inputs {
                dataset_inputs: run.datasets.into_iter().map(dataset).collect(),
                model_inputs: inputs.into_iter().map(|m| ModelIn { model_id: m.model_id }).collect(),
            },
            outputs: Outputs { model_outputs: outputs.into_iter().map(|m| ModelOut { model_id: m.model_id, step: m.step }).collect() },
        }
    }
}

fn dataset(row: RunDatasetRow) -> DatasetOut {
    let tags: Vec<(String, String)> = serde_json::from_str(&row.tags_json).unwrap_or_default();
    DatasetOut {
        tags: tags.into_iter().map(|(k, v)| Pair { key: Some(k), value: Some(v) }).collect(),
        dataset: Dataset {
            name: Some(row.name),
            digest: Some(row.digest),
            source_type: Some(row.source_type),
            source: Some(row.source),
            schema: row.schema_json,
            profile: row.profile_json,
        },
    }
}

/// `{"run": …}`
#[derive(Debug, Serialize)]
pub struct One {
    run: Run,
}

/// Arguments that most calls share.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Asked {
    run_id: Option<String>,
    run_uuid: Option<String>,
    experiment_id: Option<String>,
    run_name: Option<String>,
    start_time: Option<Int>,
    end_time: Option<Int>,
    status: Option<Value>,
    key: Option<String>,
    value: Option<String>,
    #[serde(deserialize_with = "list")]
    tags: Vec<Pair>,
}

pub async fn create(State(web): State<Web>, Writer(by): Writer, Args(asked): Args<Asked>) -> Reply<One> {
    let new = NewRun {
        experiment_id: asked.experiment_id.as_deref().unwrap_or_default(),
        name: asked.run_name.as_deref(),
        started_at: asked.start_time.map(|t| t.0),
        tags: pairs(asked.tags, "tags")?,
    };
    Ok(Json(One { run: tracked::create(&web.store, &by, new).await?.into() }))
}

pub async fn get(State(web): State<Web>, Reader(by): Reader, Args(asked): Args<Asked>) -> Reply<One> {
    let id = run_id(asked.run_id, asked.run_uuid)?;
    Ok(Json(One { run: tracked::get(&web.store, &by, &id).await?.into() }))
}

#[derive(Debug, Serialize)]
pub struct Updated {
    run_info: Info,
}

pub async fn update(State(web): State<Web>, Writer(by): Writer, Args(asked): Args<Asked>) -> Reply<Updated> {
    let id = run_id(asked.run_id, asked.run_uuid)?;
    let change = RunChange {
        status: asked.status.as_ref().filter(|s| !s.is_null()).map(status).transpose()?,
        ended_at: asked.end_time.map(|t| t.0),
        name: asked.run_name.as_deref().filter(|n| !n.is_empty()),
    };
    Ok(Json(Updated { run_info: tracked::update(&web.store, &by, &id, &change).await?.into() }))
}

/// A status by its word, or by protobuf's number of it.
fn status(value: &Value) -> Result<RunStatus, Error> {
    match (value.as_str(), value.as_u64()) {
        (Some(word), _) => tracked::status(word),
        (None, Some(n @ 1..=5)) => Ok(RunStatus::ALL[n as usize - 1]),
        _ => tracked::status(&value.to_string()),
    }
}

pub async fn delete(State(web): State<Web>, Writer(by): Writer, Args(asked): Args<Asked>) -> Reply<Empty> {
    let id = required(asked.run_id, "run_id")?;
    tracked::set_lifecycle(&web.store, &by, &id, Lifecycle::Deleted).await?;
    Ok(Json(Empty {}))
}

pub async fn restore(State(web): State<Web>, Writer(by): Writer, Args(asked): Args<Asked>) -> Reply<Empty> {
    let id = required(asked.run_id, "run_id")?;
    tracked::set_lifecycle(&web.store, &by, &id, Lifecycle::Active).await?;
    Ok(Json(Empty {}))
}

pub async fn set_tag(State(web): State<Web>, Writer(by): Writer, Args(asked): Args<Asked>) -> Reply<Empty> {
    let id = run_id(asked.run_id, asked.run_uuid)?;
    let (key, value) = (required(asked.key, "key")?, asked.value.unwrap_or_default());
    if by.principal.run().is_some() {
        web.writer.write(Batch::new(&by, &id, vec![], vec![], vec![(key, value)])?).await?;
    } else {
        tracked::set_tag(&web.store, &by, &id, &key, &value).await?;
    }
    Ok(Json(Empty {}))
}

pub async fn delete_tag(State(web): State<Web>, Writer(by): Writer, Args(asked): Args<Asked>) -> Reply<Empty> {
    let id = run_id(asked.run_id, asked.run_uuid)?;
    tracked::remove_tag(&web.store, &by, &id, &required(asked.key, "key")?).await?;
    Ok(Json(Empty {}))
}

/// What a run read or made.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Linked {
    run_id: Option<String>,
    #[serde(deserialize_with = "list")]
    datasets: Vec<DatasetIn>,
    #[serde(deserialize_with = "list")]
    models: Vec<ModelLink>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct DatasetIn {
    dataset: Dataset,
    #[serde(deserialize_with = "list")]
    tags: Vec<Pair>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ModelLink {
    model_id: Option<String>,
    step: Option<Int>,
}

pub async fn log_inputs(State(web): State<Web>, Writer(by): Writer, Args(asked): Args<Linked>) -> Reply<Empty> {
    let id = required(asked.run_id, "run_id")?;
    let datasets = asked.datasets.into_iter().map(dataset_input).collect::<Result<Vec<_>, _>>()?;
    let models = asked.models.into_iter().map(|m| required(m.model_id, "model_id")).collect::<Result<Vec<_>, _>>()?;
    inputs::log_inputs(&web.store, &by, &id, &datasets, &models).await?;
    Ok(Json(Empty {}))
}

fn dataset_input(input: DatasetIn) -> Result<DatasetInput, Error> {
    let d = input.dataset;
    Ok(DatasetInput {
        name: d.name.unwrap_or_default(),
        digest: d.digest.unwrap_or_default(),
        source_type: d.source_type.unwrap_or_default(),
        source: d.source.unwrap_or_default(),
        schema: d.schema,
        profile: d.profile,
        tags: pairs(input.tags, "tags")?,
    })
}

pub async fn log_outputs(State(web): State<Web>, Writer(by): Writer, Args(asked): Args<Linked>) -> Reply<Empty> {
    let id = required(asked.run_id, "run_id")?;
    let one = |m: ModelLink| Ok::<_, Error>((required(m.model_id, "model_id")?, m.step.map_or(0, |s| s.0)));
    let models = asked.models.into_iter().map(one).collect::<Result<Vec<_>, _>>()?;
    inputs::log_outputs(&web.store, &by, &id, &models).await?;
    Ok(Json(Empty {}))
}
