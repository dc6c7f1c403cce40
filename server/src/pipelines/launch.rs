//! What the cluster is told about an attempt of a task.

use super::{
    engine::{self, Node},
    environment::{self, Base},
    launched,
    parsed::Parsed,
    token::TaskTokens,
    upload::pipeline_of,
};
use crate::{
    artifacts::ArtifactStore,
    cluster::{Runtime, WorkloadKind, WorkloadSpec},
    environments::awaits::awaits,
    error::{Error, Kind, Result},
    ids,
    launcher::{PLAN, Plan},
    secrets::Sealer,
    store::{Store, pipeline_runs::PipelineRunRow, tasks::TaskRow, teams::TeamRow, workloads::WorkloadRow},
    teams::secrets,
    workloads::{
        links::Links,
        seen::Seen,
        specs::{Build, SpecBuilder},
    },
};
use app::api::secrets::SecretUse;
use async_trait::async_trait;
use std::{collections::BTreeMap, path::PathBuf};

/// Seconds between SIGTERM and SIGKILL when its time is up.
const GRACE_SECONDS: u64 = 30;

/// What is run.
struct Planned {
    plan: Plan,
    image: String,
    timeout_s: Option<u64>,
}

/// Builds the specification.
pub struct TaskSpecs {
    /// The database.
    pub store: Store,
    /// Pipelines that were read lately.
    pub parsed: Parsed,
    /// Opens the team's secrets.
    pub sealer: Sealer,
    /// Tokens of tasks.
    pub tokens: TaskTokens,
    /// How the task reaches the portal.
    pub links: Links,
    /// Where artifacts lie.
    pub artifacts: ArtifactStore,
    /// Folder of environments, where they lie on this machine.
    pub cache: Option<PathBuf>,
}

#[async_trait]
impl SpecBuilder for TaskSpecs {
    async fn prepare(&self, rows: &[&WorkloadRow], seen: &Seen) -> Result<()> {
        let ids: Vec<&str> = rows.iter().map(|row| row.owner_id.as_str()).collect();
        seen.tasks(self.store.tasks_any(&ids).await?);
        self.parsed.places().lines(&ids).await.map(drop)
    }

    async fn build(&self, row: &WorkloadRow, team: Option<&TeamRow>, seen: &Seen) -> Result<Build> {
        let gone = || Ok(Build::Never("Its pipeline run is no more.".into()));
        let (Some(task), Some(team)) = (seen.task(&self.store, &row.owner_id).await?, team) else { return gone() };
        let Some(run) = seen.pipeline_run(&self.store, &task.pipeline_run_id).await? else { return gone() };
        if task.workload_id.as_deref() != Some(&row.id) {
            return gone();
        }
        let Some(run_id) = task.run_id.clone() else { return Err(Error::internal(format!("task {} has no run", task.id))) };
        let (environment, runtime) = match &task.environment_version_id {
            Some(id) => {
                let Some(environment) = self.store.environment_version(id).await? else {
                    return Ok(Build::Never("Its environment was removed.".into()));
                };
                if let Some(wait) = awaits(&self.store, self.cache.as_deref(), &environment).await? {
                    return Ok(wait);
                }
                let runtime = Runtime::Environment { digest: environment.digest.clone(), image: environment.image.clone() };
                (Some(environment.id), runtime)
            }
            None => (None, Runtime::Host),
        };
        let node: Node = serde_json::from_str(&task.node)?;
        let Planned { plan, image, timeout_s } = match self.plan(&task, &run, &node).await? {
            Ok(planned) => planned,
            Err(why) => return Ok(Build::Never(why)),
        };
        // There are containers where environments do not lie on this machine: the component's own image, on the nodes of what stands for it.
        let (environment, runtime) = match &self.cache {
            Some(_) => (environment, runtime),
            None => {
                let stands = seen.stands_for(&run.team_id, &image, self.stands_for(&run.team_id, &image)).await?;
                (stands, Runtime::Environment { digest: ids::sha256(&image), image: Some(image) })
            }
        };
        let mut secrets = match self.secrets(&run.team_id, &node).await {
            Ok(opened) => opened,
            // Removed since: no use in trying again.
            Err(e) if e.kind == Kind::Invalid => return Ok(Build::Never(e.public)),
            Err(e) => return Err(e),
        };
        let token = self.tokens.ready(&self.store, &run, &run_id, (&row.id, &row.name)).await?;
        secrets.insert("MLFLOW_TRACKING_TOKEN".into(), token.clone());
        secrets.insert("SLIPWAY_TOKEN".into(), token);
        let placement = seen.placement(&self.store, row.resources(), environment.as_deref().unwrap_or_default()).await?;
        Ok(Build::Ready(Box::new(WorkloadSpec {
            id: row.id.clone(),
            team: team.name.clone(),
            kind: WorkloadKind::Task,
            owner: row.owner_id.clone(),
            name: row.name.clone(),
            attempt: row.attempt,
            runtime,
            command: crate::launcher::COMMAND.map(str::to_owned).to_vec(),
            env: self.env(row, team, &run, &run_id),
            secrets,
            resources: row.resources(),
            nodes: 1,
            volume: None,
            volume_is_kept: false,
            files: BTreeMap::from([(PLAN.to_owned(), serde_json::to_string(&plan)?)]),
            archive: None,
            folders: BTreeMap::new(),
            placement,
            server: None,
            timeout_seconds: timeout_s,
            grace_seconds: GRACE_SECONDS,
        })))
    }
}

impl TaskSpecs {
    /// What the launcher does, the image that the component asks for, and how long it may take.
    async fn plan(&self, task: &TaskRow, run: &PipelineRunRow, node: &Node) -> Result<std::result::Result<Planned, String>> {
        let pipeline = pipeline_of(&self.parsed, &run.spec_digest).await?;
        let lines = self.parsed.places().lines(&[&task.id]).await?;
        let Some(of) = launched::of(&pipeline, &lines, &task.id) else {
            return Ok(Err("The pipeline does not say what it runs.".into()));
        };
        let local = self.cache.is_some();
        let (paths, inputs) = launched::paths(node, &run.team_id, local.then_some(&self.artifacts))?;
        let launch = match launched::launch(of, run, task, &node.inputs, paths) {
            Ok(launch) => launch,
            Err(why) => return Ok(Err(why)),
        };
        let files = launched::files(&launch);
        // Where its environment has the packages, they are not installed again.
        let command = match engine::packages(&launch.argv).filter(|_| local) {
            Some(packages) => packages.argv,
            None => launch.argv,
        };
        let plan = Plan { command, env: launch.env.into_iter().collect(), inputs, folders: launch.folders, files };
        Ok(Ok(Planned { plan, image: launch.image, timeout_s: launch.timeout_s }))
    }

    /// The environment that stands for an image by the admin's table: id of its version.
    async fn stands_for(&self, team_id: &str, image: &str) -> Result<Option<String>> {
        match environment::base(&self.store.pipeline_images().await?, image) {
            Some(Base::Environment(name)) => Ok(self.store.environment(team_id, &name).await?.map(|e| e.id)),
            Some(Base::Python) | None => Ok(None),
        }
    }

    fn env(&self, row: &WorkloadRow, team: &TeamRow, run: &PipelineRunRow, run_id: &str) -> BTreeMap<String, String> {
        let mut env = self.links.tracking(&team.name);
        let attempt = row.attempt.to_string();
        for (name, value) in [
            ("PYTHONUNBUFFERED", "1"),
            ("MLFLOW_RUN_ID", run_id),
            ("MLFLOW_EXPERIMENT_ID", &run.experiment_id),
            ("SLIPWAY_RUN_ID", run_id),
            ("SLIPWAY_PIPELINE_RUN_ID", &run.id),
            ("SLIPWAY_TEAM", &team.name),
            ("SLIPWAY_ATTEMPT", &attempt),
        ] {
            env.insert(name.to_owned(), value.to_owned());
        }
        env
    }

    /// The team's secrets that the component names: key `token` of `hub` is the team's secret `hub-token`.
    async fn secrets(&self, team_id: &str, node: &Node) -> Result<BTreeMap<String, String>> {
        let mut opened = BTreeMap::new();
        for secret in &node.inputs.secrets {
            for (key, variable) in &secret.env {
                let uses = [SecretUse { env: variable.clone(), secret: secret_name(&secret.name, key) }];
                match secrets::open(&self.store, &self.sealer, team_id, &uses).await {
                    Ok(values) => opened.extend(values),
                    Err(e) if e.kind == Kind::Invalid && secret.optional => {}
                    Err(e) if e.kind == Kind::Invalid => {
                        let name = &uses[0].secret;
                        return Err(Error::invalid(
                            "secrets",
                            format!("The team has no secret \"{name}\". A maintainer sets it on the Team page."),
                        ));
                    }
                    Err(e) => return Err(e),
                }
            }
        }
        Ok(opened)
    }
}

/// The team's secret that stands for a key of a secret of Kubernetes.
fn secret_name(secret: &str, key: &str) -> String {
    format!("{secret}-{key}").to_ascii_lowercase().replace(['_', '.'], "-")
}
