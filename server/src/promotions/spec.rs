//! A gate as a workload: the model server that tries the model and ends, or a command of the team's own.

use crate::{
    cluster::{Runtime, WorkloadKind, WorkloadSpec},
    deployments::{
        model_files::{Files, ModelFiles},
        package, runtime,
        spec::OFFLINE,
    },
    environments::awaits,
    error::Result,
    store::{Store, promotions::PromotionRow, teams::TeamRow, workloads::WorkloadRow},
    workloads::{
        seen::Seen,
        specs::{Build, SpecBuilder},
    },
};
use app::api::{environments::Build as EnvBuild, promotions::Gate};
use async_trait::async_trait;
use std::{collections::BTreeMap, path::PathBuf};

/// Seconds in which a model has to be loaded and its example answered.
const SMOKE_SECONDS: u64 = 600;
const GRACE_SECONDS: u64 = 10;

/// Builds the workloads of gates.
pub struct GateSpecs {
    /// The database.
    pub store: Store,
    /// Fetches models.
    pub files: ModelFiles,
    /// The data folder.
    pub data: PathBuf,
    /// Where environments lie, if they lie on this machine.
    pub cache: Option<PathBuf>,
}

#[async_trait]
impl SpecBuilder for GateSpecs {
    async fn build(&self, row: &WorkloadRow, team: Option<&TeamRow>, seen: &Seen) -> Result<Build> {
        let gone = || Ok(Build::Never("Its promotion is no more.".into()));
        let Some(team) = team else { return gone() };
        let Some(promotion) = self.store.promotion(&team.id, &row.owner_id).await? else { return gone() };
        let gates = self.store.promotion_gates(&promotion.id).await?;
        let gate = gates.iter().find(|g| g.workload_id.as_deref() == Some(&row.id)).and_then(|g| g.gate());
        let Some(gate) = gate else { return gone() };
        let (name, command, seconds) = match &gate {
            Gate::Smoke { .. } => (runtime::ENVIRONMENT, smoke(&promotion), SMOKE_SECONDS),
            Gate::Script { environment, command, timeout_seconds, .. } => {
                (environment.as_str(), vec!["sh".to_owned(), "-c".to_owned(), command.clone()], timeout_seconds.unsigned_abs())
            }
            _ => return gone(),
        };
        let Some(environment) = self.store.environment_usable(&team.id, name).await? else {
            return Ok(Build::Never(format!("The environment {name} is no more.")));
        };
        match environment.build() {
            EnvBuild::Ready => {}
            EnvBuild::Failed => return Ok(Build::Never(format!("The environment {name} could not be made."))),
            EnvBuild::Queued | EnvBuild::Building => {
                return Ok(Build::NotYet(format!("Waits for the environment {name}, which is being made.")));
            }
        }
        if let Some(wait) = awaits::again(&self.store, self.cache.as_deref(), &environment.id).await? {
            return Ok(wait);
        }
        let smokes = matches!(gate, Gate::Smoke { .. });
        let mut folders = BTreeMap::new();
        let mut env: BTreeMap<String, String> = OFFLINE.map(|(k, v)| (k.to_owned(), v.to_owned())).into();
        if smokes {
            folders.insert("server".to_owned(), package::folder(&self.data).await?);
            env.insert("PYTHONPATH".to_owned(), "{folder:server}".to_owned());
        }
        for (name, value) in [
            ("SLIPWAY_MODEL", promotion.model.clone()),
            ("SLIPWAY_VERSION", promotion.version.to_string()),
            ("SLIPWAY_STAGE", promotion.stage.clone()),
        ] {
            env.insert(name.to_owned(), value);
        }
        // The model server tries one model by itself; a script may compare two.
        let other = promotion.current_version.filter(|_| !smokes);
        for (folder, variable, version) in
            [("version", "SLIPWAY_VERSION_DIR", Some(promotion.version)), ("current", "SLIPWAY_CURRENT_DIR", other)]
        {
            let Some(version) = version else { continue };
            match self.files.of(&team.id, &promotion.model, version) {
                Files::Ready(path) => folders.insert(folder.to_owned(), path),
                Files::Fetching(how) => return Ok(Build::NotYet(how)),
                Files::Never(why) => return Ok(Build::Never(why)),
            };
            env.insert(variable.to_owned(), format!("{{folder:{folder}}}"));
        }
        let placement = seen.placement(&self.store, row.resources(), &environment.id).await?;
        Ok(Build::Ready(Box::new(WorkloadSpec {
            id: row.id.clone(),
            team: team.name.clone(),
            kind: WorkloadKind::Gate,
            owner: row.owner_id.clone(),
            name: row.name.clone(),
            attempt: row.attempt,
            runtime: Runtime::Environment { digest: environment.digest, image: environment.image },
            command,
            env,
            secrets: BTreeMap::new(),
            resources: row.resources(),
            nodes: 1,
            volume: None,
            volume_is_kept: false,
            files: BTreeMap::new(),
            archive: None,
            folders,
            placement,
            server: None,
            timeout_seconds: Some(seconds),
            grace_seconds: GRACE_SECONDS,
        })))
    }
}

fn smoke(promotion: &PromotionRow) -> Vec<String> {
    let version = promotion.version.to_string();
    [
        "python",
        "-m",
        "slipway_model_server",
        "--model-dir",
        "{folder:version}",
        "--name",
        &promotion.model,
        "--version",
        &version,
        "--smoke",
    ]
    .map(str::to_owned)
    .to_vec()
}
