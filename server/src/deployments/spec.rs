//! A revision as a workload: the model server over the fetched files, in its environment, without any way out.

use super::{
    model_files::{Files, ModelFiles},
    package,
};
use crate::{
    cluster::{Runtime, ServerSpec, WorkloadKind, WorkloadSpec},
    error::{Kind, Result},
    platform::placements,
    secrets::Sealer,
    store::{Store, revisions::RevisionRow, teams::TeamRow, workloads::WorkloadRow},
    teams::secrets,
    workloads::specs::{Build, SpecBuilder},
};
use app::api::environments::Build as EnvBuild;
use async_trait::async_trait;
use std::{collections::BTreeMap, path::PathBuf};

/// Seconds until a model server has to be ready.
const START_SECONDS: u64 = 300;
/// Where it says that it is.
pub const READY_PATH: &str = "/healthz";
/// Seconds it may take to finish what it has begun.
const GRACE_SECONDS: u64 = 30;

/// Libraries that would call home, or fetch weights by name, do neither.
pub const OFFLINE: [(&str, &str); 7] = [
    ("MLFLOW_DISABLE_TELEMETRY", "true"),
    ("DO_NOT_TRACK", "true"),
    ("HF_HUB_OFFLINE", "1"),
    ("HF_DATASETS_OFFLINE", "1"),
    ("TRANSFORMERS_OFFLINE", "1"),
    ("MLFLOW_TRACKING_URI", "file:///nonexistent"),
    ("PYTHONUNBUFFERED", "1"),
];

/// Builds replicas.
pub struct Replicas {
    /// The database.
    pub store: Store,
    /// Fetches models.
    pub files: ModelFiles,
    /// Opens secrets.
    pub sealer: Sealer,
    /// The data folder.
    pub data: PathBuf,
    /// Largest body of a request, in bytes.
    pub max_body: usize,
}

#[async_trait]
impl SpecBuilder for Replicas {
    async fn build(&self, row: &WorkloadRow, team: Option<&TeamRow>) -> Result<Build> {
        let (Some(revision), Some(team)) = (self.store.revision(&row.owner_id).await?, team) else {
            return Ok(Build::Never("Its deployment is no more.".into()));
        };
        let named = format!("{} v{}", revision.environment, revision.environment_version);
        let Some(environment) = self.store.environment_version(&revision.environment_version_id).await? else {
            return Ok(Build::Never(format!("The environment {named} is no more.")));
        };
        match environment.build() {
            EnvBuild::Ready => {}
            EnvBuild::Failed => {
                let why = environment.reason.map(|r| format!(": {r}")).unwrap_or_default();
                return Ok(Build::Never(format!("The environment {named} could not be made{why}")));
            }
            EnvBuild::Queued | EnvBuild::Building => {
                return Ok(Build::NotYet(format!("Waits for the environment {named}, which is being made.")));
            }
        }
        let folder = match self.files.of(&team.id, &revision.model, revision.version) {
            Files::Ready(folder) => folder,
            Files::Fetching => return Ok(Build::NotYet("Fetching the model.".into())),
            Files::Never(why) => return Ok(Build::Never(why)),
        };
        let secrets = match secrets::open(&self.store, &self.sealer, &team.id, &revision.secrets()).await {
            Ok(secrets) => secrets,
            Err(error) if matches!(error.kind, Kind::Invalid | Kind::NotFound) => return Ok(Build::Never(error.public)),
            Err(error) => return Err(error),
        };
        let placement = placements::of(&self.store, row.resources(), &environment.id).await?;
        let runtime = Runtime::Environment { digest: environment.digest, image: environment.image };
        let python = package::folder(&self.data).await?;
        Ok(Build::Ready(Box::new(WorkloadSpec {
            id: row.id.clone(),
            team: team.name.clone(),
            kind: WorkloadKind::Replica,
            owner: row.owner_id.clone(),
            name: row.name.clone(),
            attempt: row.attempt,
            runtime,
            command: self.command(row, &revision),
            env: env(&revision),
            secrets,
            resources: row.resources(),
            nodes: 1,
            volume: None,
            files: BTreeMap::new(),
            archive: None,
            folders: [("model".to_owned(), folder), ("server".to_owned(), python)].into(),
            placement,
            server: Some(ServerSpec { ready_path: READY_PATH.into(), start_seconds: START_SECONDS }),
            timeout_seconds: None,
            grace_seconds: GRACE_SECONDS,
        })))
    }
}

impl Replicas {
    fn command(&self, row: &WorkloadRow, revision: &RevisionRow) -> Vec<String> {
        let threads = ((row.cpu_millis + 999) / 1000).max(2).to_string();
        let body = self.max_body.div_ceil(1 << 20).max(1).to_string();
        let version = revision.version.to_string();
        let words = [
            ["python", "-m"],
            ["slipway_model_server", "--model-dir"],
            ["{folder:model}", "--name"],
            [&row.name, "--version"],
            [&version, "--unix-socket"],
            ["{socket}", "--threads"],
            [&threads, "--max-body-mib"],
            [&body, "--grace-seconds"],
        ];
        let last = (GRACE_SECONDS - 2).to_string();
        words.concat().into_iter().map(str::to_owned).chain([last]).collect()
    }
}

/// What its maker gave it, and over that what keeps it inside.
fn env(revision: &RevisionRow) -> BTreeMap<String, String> {
    let package = "{folder:server}";
    let mut env = revision.env();
    env.extend(OFFLINE.map(|(k, v)| (k.to_owned(), v.to_owned())));
    let path = match env.get("PYTHONPATH") {
        Some(own) => format!("{package}:{own}"),
        None => package.to_owned(),
    };
    env.insert("PYTHONPATH".into(), path);
    env
}
