//! A revision as a workload: a model server over the fetched files in its environment, or a program of its own.

use super::{
    model_files::{Files, ModelFiles},
    package,
    program::{self, Told},
};
use crate::{
    cluster::{Runtime, ServerSpec, WorkloadKind, WorkloadSpec},
    environments::awaits::awaits,
    error::{Kind, Result},
    secrets::Sealer,
    store::{Store, revisions::RevisionRow, teams::TeamRow, workloads::WorkloadRow},
    teams::secrets,
    workloads::{
        seen::Seen,
        specs::{Build, SpecBuilder},
    },
};
use app::api::{environments::Build as EnvBuild, runtimes::Program};
use async_trait::async_trait;
use std::{collections::BTreeMap, path::PathBuf};

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
    /// Where environments lie, if they lie on this machine.
    pub cache: Option<PathBuf>,
    /// Largest body of a request, in bytes.
    pub max_body: usize,
}

#[async_trait]
impl SpecBuilder for Replicas {
    async fn build(&self, row: &WorkloadRow, team: Option<&TeamRow>, seen: &Seen) -> Result<Build> {
        let (Some(revision), Some(team)) = (self.store.revision(&row.owner_id).await?, team) else {
            return Ok(Build::Never("Its deployment is no more.".into()));
        };
        let program = revision.program()?;
        let runtime = match program.as_ref().and_then(|p| p.image.clone()) {
            Some(image) => Runtime::Image { image },
            None => match self.environment(&revision).await? {
                Ok(runtime) => runtime,
                Err(not) => return Ok(not),
            },
        };
        let mut folders = BTreeMap::new();
        // What serves no model has none to fetch.
        if !revision.model.is_empty() {
            match self.files.of(&team.id, &revision.model, revision.version) {
                Files::Ready(folder) => drop(folders.insert("model".to_owned(), folder)),
                Files::Fetching(how) => return Ok(Build::NotYet(how)),
                Files::Never(why) => return Ok(Build::Never(why)),
            }
        }
        let secrets = match secrets::open(&self.store, &self.sealer, &team.id, &revision.secrets()).await {
            Ok(secrets) => secrets,
            Err(error) if matches!(error.kind, Kind::Invalid | Kind::NotFound) => return Ok(Build::Never(error.public)),
            Err(error) => return Err(error),
        };
        let placement = seen.placement(&self.store, row.resources(), &revision.environment_version_id).await?;
        let (command, env, server) = match &program {
            Some(program) => told(row, &revision, program),
            None => {
                folders.insert("server".to_owned(), package::folder(&self.data).await?);
                let server =
                    ServerSpec { ready_path: READY_PATH.into(), ready_status: None, port: None, start_seconds: program::START_SECONDS };
                (self.command(row, &revision), env(&revision), server)
            }
        };
        Ok(Build::Ready(Box::new(WorkloadSpec {
            id: row.id.clone(),
            team: team.name.clone(),
            kind: WorkloadKind::Replica,
            owner: row.owner_id.clone(),
            name: row.name.clone(),
            attempt: row.attempt,
            runtime,
            command,
            env,
            secrets,
            resources: row.resources(),
            nodes: 1,
            volume: None,
            volume_is_kept: false,
            files: BTreeMap::new(),
            archive: None,
            folders,
            placement,
            server: Some(server),
            timeout_seconds: None,
            grace_seconds: GRACE_SECONDS,
        })))
    }
}

impl Replicas {
    /// The environment of a revision; or why it cannot be had yet, or never.
    async fn environment(&self, revision: &RevisionRow) -> Result<std::result::Result<Runtime, Build>> {
        let named = format!("{} v{}", revision.environment, revision.environment_version);
        let Some(environment) = self.store.environment_version(&revision.environment_version_id).await? else {
            return Ok(Err(Build::Never(format!("The environment {named} is no more."))));
        };
        Ok(match environment.build() {
            EnvBuild::Ready => match awaits(&self.store, self.cache.as_deref(), &environment).await? {
                Some(wait) => Err(wait),
                None => Ok(Runtime::Environment { digest: environment.digest, image: environment.image }),
            },
            EnvBuild::Failed => {
                let why = environment.reason.map(|r| format!(": {r}")).unwrap_or_default();
                Err(Build::Never(format!("The environment {named} could not be made{why}")))
            }
            EnvBuild::Queued | EnvBuild::Building => Err(Build::NotYet(format!("Waits for the environment {named}, which is being made."))),
        })
    }

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

/// Command, environment and server of what is not the shipped model server.
fn told(row: &WorkloadRow, revision: &RevisionRow, program: &Program) -> (Vec<String>, BTreeMap<String, String>, ServerSpec) {
    let model = (!revision.model.is_empty()).then_some(Told { name: &row.name, version: revision.version });
    let mut env = program::env(program, revision.env(), model);
    match model {
        Some(_) => env.extend(OFFLINE.map(|(k, v)| (k.to_owned(), v.to_owned()))),
        // A program of its own may ask whom it likes.
        None => drop(env.entry("PYTHONUNBUFFERED".into()).or_insert_with(|| "1".into())),
    }
    let server = ServerSpec {
        ready_path: program.ready_path.clone(),
        ready_status: program.ready_status,
        port: program.port,
        start_seconds: program.start_seconds,
    };
    (program::command(program, model), env, server)
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
