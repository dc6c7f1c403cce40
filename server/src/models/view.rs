//! Models and versions as the REST API tells them.

use super::{location, mlmodel::MlModel};
use crate::{
    artifacts::{ArtifactPath, ArtifactStore},
    clock::rfc3339,
    error::{Error, Kind, Result},
    store::{
        Store,
        model_versions::VersionFull,
        models::ModelFull,
        run_origins::{RunOriginRow, TaskOriginRow},
        runs::RunRow,
    },
};
use app::api::{
    models::{Lineage, LineageTask, Model, ModelVersion},
    runs::{Code, Dataset},
};
use futures::{StreamExt, TryStreamExt};
use serde_json::Value;
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    time::Duration,
};

/// `MLmodel` files read at once for a page of versions.
const AT_ONCE: usize = 8;
/// How long a page waits for one, and who judges by it.
const SHOWN_WITHIN: Duration = Duration::from_secs(3);
const JUDGED_WITHIN: Duration = Duration::from_secs(10);
/// The tag in which clients note the commit of their code.
const COMMIT: &str = "mlflow.source.git.commit";

/// Registered models for a list or alone.
///
/// # Errors
/// The database does not answer.
pub async fn models(store: &Store, rows: Vec<ModelFull>) -> Result<Vec<Model>> {
    let ids: Vec<&str> = rows.iter().map(|m| m.row.id.as_str()).collect();
    let newest = store.model_newest(&ids).await?;
    Ok(rows
        .into_iter()
        .map(|m| Model {
            latest_version: newest.get(&m.row.id).copied(),
            revision: m.row.revision,
            name: m.row.name,
            description: m.row.description,
            tags: m.tags,
            aliases: m.aliases,
            created_at: rfc3339(m.row.created_at),
            updated_at: rfc3339(m.row.updated_at),
        })
        .collect())
}

/// One registered model.
///
/// # Errors
/// The database does not answer.
pub async fn model(store: &Store, row: ModelFull) -> Result<Model> {
    let name = row.row.name.clone();
    models(store, vec![row]).await?.pop().ok_or_else(|| super::registered::not_found(&name))
}

/// What versions owe to their runs, by id of the run.
#[derive(Default)]
struct Origin {
    lineage: Option<Lineage>,
    metrics: BTreeMap<String, Value>,
}

/// Versions of a team (by id) with lineage, metrics and what their `MLmodel` says, for a list or alone.
///
/// # Errors
/// The database does not answer. A model that cannot be read does not fail the list: it shows no flavors.
pub async fn versions(store: &Store, artifacts: &ArtifactStore, team: &str, rows: Vec<VersionFull>) -> Result<Vec<ModelVersion>> {
    told(store, artifacts, team, rows, Unread::Shown).await
}

/// The same to judge by: what the artifact store does not tell now is not taken for what the models do not say.
///
/// # Errors
/// Database or artifact store do not answer.
pub async fn exactly(store: &Store, artifacts: &ArtifactStore, team: &str, rows: Vec<VersionFull>) -> Result<Vec<ModelVersion>> {
    told(store, artifacts, team, rows, Unread::Fails).await
}

/// What becomes of a version whose `MLmodel` cannot be had now.
#[derive(Clone, Copy, PartialEq)]
enum Unread {
    Shown,
    Fails,
}

impl Unread {
    /// Reads an `MLmodel`, not for long.
    async fn read(self, artifacts: &ArtifactStore, team: &str, folder: &ArtifactPath) -> Result<Option<MlModel>> {
        let within = if self == Self::Shown { SHOWN_WITHIN } else { JUDGED_WITHIN };
        let late = |_| Error::new(Kind::Unavailable, "The artifact store does not answer in time.");
        tokio::time::timeout(within, MlModel::read(artifacts, team, folder)).await.map_err(late)?
    }
}

async fn told(store: &Store, artifacts: &ArtifactStore, team: &str, rows: Vec<VersionFull>, unread: Unread) -> Result<Vec<ModelVersion>> {
    let mut runs: Vec<String> = rows.iter().filter_map(|v| v.row.run_id.clone()).collect();
    runs.sort_unstable();
    runs.dedup();
    let origins = origins(store, team, &runs).await?;
    let mut served: HashMap<(String, i64), Vec<String>> = HashMap::new();
    let models: BTreeSet<String> = rows.iter().map(|v| v.row.model.clone()).collect();
    for model in models {
        for (version, deployment) in store.deployments_of_model(team, &model).await? {
            served.entry((model.clone(), version)).or_default().push(deployment);
        }
    }
    futures::stream::iter(rows)
        .map(|row| {
            let origin = row.row.run_id.as_ref().and_then(|id| origins.get(id));
            let deployments = served.remove(&(row.row.model.clone(), row.row.version)).unwrap_or_default();
            async move { Ok(ModelVersion { deployments, ..version(artifacts, team, row, origin, unread).await? }) }
        })
        .buffered(AT_ONCE)
        .try_collect()
        .await
}

/// One version.
///
/// # Errors
/// As [`versions`].
pub async fn one(store: &Store, artifacts: &ArtifactStore, team: &str, row: VersionFull) -> Result<ModelVersion> {
    let (model, number) = (row.row.model.clone(), row.row.version);
    versions(store, artifacts, team, vec![row]).await?.pop().ok_or_else(|| super::versions::not_found(&model, number))
}

async fn version(artifacts: &ArtifactStore, team: &str, v: VersionFull, origin: Option<&Origin>, unread: Unread) -> Result<ModelVersion> {
    let stored = match location::path_of(&v.row.storage) {
        Ok(Some(folder)) => match unread.read(artifacts, team, &folder).await {
            Ok(stored) => stored,
            Err(e) if unread == Unread::Fails && !matches!(e.kind, Kind::Invalid | Kind::TooLarge) => return Err(e),
            Err(e) => {
                tracing::info!(model = v.row.model, version = v.row.version, error = %e, "its MLmodel cannot be read");
                None
            }
        },
        _ => None,
    }
    .unwrap_or_default();
    Ok(ModelVersion {
        model: v.row.model,
        version: v.row.version,
        description: v.row.description,
        user: v.row.user_name,
        status: v.row.status,
        aliases: v.aliases,
        tags: v.tags,
        source: v.row.source,
        lineage: origin.and_then(|o| o.lineage.clone()),
        metrics: origin.map(|o| o.metrics.clone()).unwrap_or_default(),
        flavors: stored.flavors.into_keys().collect(),
        signature: stored.signature,
        input_example: stored.example.is_some(),
        deployments: Vec::new(),
        revision: v.row.revision,
        created_at: rfc3339(v.row.created_at),
    })
}

/// Where a run's versions came from; nothing where the run is no more.
///
/// # Errors
/// The database does not answer.
pub async fn lineage_of(store: &Store, team_id: &str, run_id: &str) -> Result<Option<Lineage>> {
    let mut all = origins(store, team_id, &[run_id.to_owned()]).await?;
    Ok(all.remove(run_id).and_then(|o| o.lineage))
}

async fn origins(store: &Store, team_id: &str, ids: &[String]) -> Result<HashMap<String, Origin>> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let runs = store.runs_of(team_id, ids).await?;
    let keys: Vec<i64> = runs.iter().map(|r| r.key).collect();
    let mut tags: HashMap<i64, BTreeMap<String, String>> = HashMap::new();
    for tag in store.run_tags(&keys).await? {
        tags.entry(tag.run_key).or_default().insert(tag.key, tag.value);
    }
    let mut datasets: HashMap<i64, Vec<Dataset>> = HashMap::new();
    for d in store.run_datasets(&keys).await? {
        let dataset = Dataset { name: d.name, digest: d.digest, source_type: d.source_type, context: d.context };
        datasets.entry(d.run_key).or_default().push(dataset);
    }
    let mut metrics: HashMap<i64, BTreeMap<String, Value>> = HashMap::new();
    for m in store.metrics_latest(&keys).await? {
        metrics.entry(m.run_key).or_default().insert(m.key.clone(), number(m.logged()));
    }
    let mut submitted: HashMap<String, RunOriginRow> =
        store.run_origins(team_id, ids).await?.into_iter().map(|o| (o.run_id.clone(), o)).collect();
    let mut tasks: HashMap<String, TaskOriginRow> =
        store.task_origins(team_id, ids).await?.into_iter().map(|o| (o.run_id.clone(), o)).collect();
    Ok(runs
        .into_iter()
        .map(|run| {
            let (key, origin, task) = (run.key, submitted.remove(&run.id), tasks.remove(&run.id));
            let commit = tags.remove(&key).and_then(|mut t| t.remove(COMMIT));
            let lineage = lineage(&run, commit, origin, task, datasets.remove(&key).unwrap_or_default());
            (run.id, Origin { lineage: Some(lineage), metrics: metrics.remove(&key).unwrap_or_default() })
        })
        .collect())
}

fn lineage(
    run: &RunRow,
    tagged: Option<String>,
    origin: Option<RunOriginRow>,
    task: Option<TaskOriginRow>,
    datasets: Vec<Dataset>,
) -> Lineage {
    let code = origin.as_ref().and_then(|o| o.code.as_deref()).and_then(|c| serde_json::from_str(c).ok());
    // What Slipway fetched itself outranks what a script said of itself.
    let (commit, code_digest) = match code {
        Some(Code::Git { commit: Some(commit), .. }) => (Some(commit), None),
        Some(Code::Upload { digest }) => (tagged, Some(digest)),
        _ => (tagged, None),
    };
    let of_task = task.as_ref().and_then(|t| t.environment.clone().zip(t.environment_version));
    let environment = origin.map(|o| (o.environment, o.environment_version)).or(of_task);
    Lineage {
        run_id: run.id.clone(),
        run_name: run.name.clone(),
        commit,
        code_digest,
        environment: environment.map(|(name, version)| format!("{name} v{version}")),
        datasets,
        task: task.map(|t| LineageTask { id: t.task_id, name: t.task, pipeline_run_id: t.pipeline_run_id, pipeline_run: t.pipeline_run }),
    }
}

/// A number, or the word for what JSON cannot hold.
fn number(value: f64) -> Value {
    serde_json::Number::from_f64(value).map_or_else(
        || {
            let word = if value.is_nan() {
                "NaN"
            } else if value > 0.0 {
                "Infinity"
            } else {
                "-Infinity"
            };
            Value::from(word)
        },
        Value::Number,
    )
}
