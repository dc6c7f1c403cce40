//! What the cluster is told about an attempt of a run.

use super::{code, git, submission};
use crate::{
    access::{Subject, tokens},
    cluster::{Runtime, WorkloadKind, WorkloadSpec},
    environments::awaits::awaits,
    error::{Error, Kind, Result},
    secrets::Sealer,
    store::{Store, environments::EnvironmentRow, submissions::SubmissionRow, teams::TeamRow, workloads::WorkloadRow},
    teams::secrets,
    workloads::{
        links::Links,
        seen::Seen,
        specs::{Build, SpecBuilder},
    },
};
use app::api::runs::Code;
use async_trait::async_trait;
use std::{collections::BTreeMap, path::PathBuf};

const GIT_START: &str = include_str!("git_start.sh");
const GIT_START_PATH: &str = ".slipway/start.sh";

/// Builds the specification.
pub struct RunSpecs {
    /// The database.
    pub store: Store,
    /// Opens the team's secrets.
    pub sealer: Sealer,
    /// How the run reaches the portal.
    pub links: Links,
    /// Folder of uploads.
    pub data: PathBuf,
    /// Folder of environments.
    pub cache: PathBuf,
    /// Whether environments lie on this machine, as virtual environments.
    pub local: bool,
}

#[async_trait]
impl SpecBuilder for RunSpecs {
    async fn build(&self, row: &WorkloadRow, team: Option<&TeamRow>, seen: &Seen) -> Result<Build> {
        let (Some(run), Some(team)) = (self.store.submission_any(&row.owner_id).await?, team) else {
            return Ok(Build::Never("Its run was removed.".into()));
        };
        let Some(environment) = self.store.environment_version(&run.environment_version_id).await? else {
            return Ok(Build::Never("Its environment was removed.".into()));
        };
        if let Some(wait) = awaits(&self.store, self.local.then_some(self.cache.as_path()), &environment).await? {
            return Ok(wait);
        }
        let uses: Vec<_> = serde_json::from_str(&run.secrets)?;
        let opened = match secrets::open(&self.store, &self.sealer, &run.team_id, &uses).await {
            Ok(opened) => opened,
            // Removed since it was submitted: no use in trying again.
            Err(e) if e.kind == Kind::Invalid => return Ok(Build::Never(e.public)),
            Err(e) => return Err(e),
        };
        let archive = match submission::code(&run) {
            Some(Code::Upload { digest }) => {
                let path = code::path(&self.data, &run.team_id, &digest);
                if !path.is_file() {
                    return Ok(Build::Never("Its uploaded code is no longer there: upload it again.".into()));
                }
                Some(path)
            }
            _ => None,
        };
        let token = self.token(&run).await?;
        let mut spec = spec(row, team, &run, &environment, &self.links)?;
        spec.archive = archive;
        spec.placement = seen.placement(&self.store, row.resources(), &environment.id).await?;
        spec.secrets = opened;
        spec.secrets.insert("MLFLOW_TRACKING_TOKEN".into(), token.clone());
        spec.secrets.insert("SLIPWAY_TOKEN".into(), token);
        Ok(Build::Ready(Box::new(spec)))
    }
}

impl RunSpecs {
    /// A fresh token for this run; those of attempts before are dead.
    async fn token(&self, run: &SubmissionRow) -> Result<String> {
        let mut tx = self.store.begin().await?;
        tx.tokens_revoke_of("run", &run.run_id).await?;
        let subject = Subject::Run(run.run_id.clone());
        let name = format!("run {}", run.name);
        let token = tokens::create_for_workload(&mut tx, &self.store, &run.user_id, &run.team_id, &name, &subject).await?;
        tx.commit().await?;
        Ok(token)
    }
}

fn spec(row: &WorkloadRow, team: &TeamRow, run: &SubmissionRow, environment: &EnvironmentRow, links: &Links) -> Result<WorkloadSpec> {
    let mut command: Vec<String> = serde_json::from_str(&run.command)?;
    let mut env: BTreeMap<String, String> = serde_json::from_str(&run.env)?;
    env.entry("PYTHONUNBUFFERED".into()).or_insert_with(|| "1".into());
    env.extend(links.tracking(&team.name));
    for (name, value) in [
        ("MLFLOW_RUN_ID", run.run_id.as_str()),
        ("MLFLOW_EXPERIMENT_ID", &run.experiment_id),
        ("SLIPWAY_RUN_ID", &run.run_id),
        ("SLIPWAY_TEAM", &team.name),
        ("SLIPWAY_ATTEMPT", &row.attempt.to_string()),
    ] {
        env.insert(name.into(), value.into());
    }
    let mut files = BTreeMap::new();
    if let Some(Code::Git { url, commit, .. }) = submission::code(run) {
        let commit = commit.ok_or_else(|| Error::internal(format!("run {} has no commit", run.run_id)))?;
        files.insert(GIT_START_PATH.to_owned(), GIT_START.to_owned());
        env.extend([
            ("SLIPWAY_GIT_URL".to_owned(), url),
            ("SLIPWAY_GIT_COMMIT".to_owned(), commit),
            ("GIT_TERMINAL_PROMPT".to_owned(), "0".to_owned()),
            ("GIT_ALLOW_PROTOCOL".to_owned(), git::PROTOCOLS.to_owned()),
        ]);
        command.splice(0..0, ["sh".to_owned(), GIT_START_PATH.to_owned()]);
    }
    Ok(WorkloadSpec {
        id: row.id.clone(),
        team: team.name.clone(),
        kind: WorkloadKind::Run,
        owner: run.run_id.clone(),
        name: run.name.clone(),
        attempt: row.attempt,
        runtime: Runtime::Environment { digest: environment.digest.clone(), image: environment.image.clone() },
        command,
        env,
        secrets: BTreeMap::new(),
        resources: row.per_node(),
        nodes: u32::try_from(row.nodes).unwrap_or(1).max(1),
        volume: None,
        volume_is_kept: false,
        files,
        archive: None,
        folders: BTreeMap::new(),
        placement: Default::default(),
        server: None,
        timeout_seconds: run.timeout_seconds.and_then(|s| u64::try_from(s).ok()),
        grace_seconds: super::service::GRACE_SECONDS.unsigned_abs(),
    })
}
