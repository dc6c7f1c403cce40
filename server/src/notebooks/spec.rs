//! A notebook as a workload: JupyterLab on a socket of its own, below the notebook's path, without any outgoing call.

use super::NotebookKeys;
use crate::{
    access::{Subject, tokens},
    cluster::{Runtime, ServerSpec, WorkloadKind, WorkloadSpec},
    environments::awaits,
    error::{Error, Kind, Result},
    secrets::Sealer,
    store::{Store, environments::EnvVersion, notebooks::NotebookRow, teams::TeamRow, workloads::WorkloadRow},
    teams::secrets,
    workloads::{
        links::Links,
        seen::Seen,
        specs::{Build, SpecBuilder},
    },
};
use app::api::environments::Build as Made;
use async_trait::async_trait;
use std::{collections::BTreeMap, path::PathBuf};

const PROGRAM: &str = include_str!("../../runtimes/notebook/launch.py");
/// Where the program is handed over: on the command line it would fill the log and every list of processes.
const PROGRAM_ENV: &str = "SLIPWAY_NOTEBOOK_PROGRAM";
/// The first start of JupyterLab on a busy machine with cold disks takes most of a minute.
const START_SECONDS: u64 = 180;
/// So many starts are looked back at for one that made its files.
const EARLIER: i64 = 20;
/// Seconds between SIGTERM and SIGKILL: Jupyter ends its kernels within three.
pub const GRACE_SECONDS: i64 = 10;

/// Builds the specification.
pub struct NotebookSpecs {
    /// The database.
    pub store: Store,
    /// Opens the team's secrets and the token of the Jupyter server.
    pub sealer: Sealer,
    /// How notebooks reach the portal.
    pub links: Links,
    /// Where environments lie, if they lie on this machine.
    pub cache: Option<PathBuf>,
}

#[async_trait]
impl SpecBuilder for NotebookSpecs {
    async fn build(&self, row: &WorkloadRow, team: Option<&TeamRow>, seen: &Seen) -> Result<Build> {
        let notebook = self.store.notebook(&row.owner_id).await?.filter(|n| n.workload_id == row.id);
        let (Some(notebook), Some(team)) = (notebook, team) else { return Ok(Build::Never("The notebook was deleted.".into())) };
        let Some(environment) = self.store.environment_usable(&team.id, &notebook.environment).await? else {
            return Ok(Build::Never(format!("There is no environment {} any more.", notebook.environment)));
        };
        match environment.build() {
            Made::Ready => {}
            Made::Failed => {
                let why = environment.reason.unwrap_or_default();
                return Ok(Build::Never(format!("Its environment {} could not be made. {why}", notebook.environment)));
            }
            Made::Queued | Made::Building => return Ok(Build::NotYet(format!("Its environment {} is being made.", notebook.environment))),
        }
        if let Some(wait) = awaits::again(&self.store, self.cache.as_deref(), &environment.id).await? {
            return Ok(wait);
        }
        let secrets = match secrets::open(&self.store, &self.sealer, &team.id, &notebook.secrets()?).await {
            Err(e) if e.kind == Kind::Invalid => return Ok(Build::Never(e.public)),
            other => other?,
        };
        let jupyter = NotebookKeys::new(self.sealer.clone()).open(&row.id, &notebook.server_token)?;
        let token = self.token(&notebook, environment.version).await?;
        let mut spec = spec(row, team, &notebook, &environment, &self.links, Tokens { jupyter, token, secrets })?;
        spec.volume_is_kept = self.store.workloads_of(&notebook.id, EARLIER).await?.iter().any(|w| w.ensured_at.is_some());
        spec.placement = seen.placement(&self.store, row.resources(), &environment.id).await?;
        Ok(Build::Ready(Box::new(spec)))
    }
}

impl NotebookSpecs {
    /// The notebook's own token; earlier ones end.
    async fn token(&self, notebook: &NotebookRow, version: i64) -> Result<String> {
        let subject = Subject::Notebook(notebook.id.clone());
        let name = format!("notebook {}", notebook.name);
        let mut tx = self.store.begin().await?;
        tx.tokens_revoke_of("notebook", &notebook.id).await?;
        let token = tokens::create_for_workload(&mut tx, &self.store, &notebook.user_id, &notebook.team_id, &name, &subject).await?;
        tx.notebook_started_in(&notebook.id, version).await?;
        tx.commit().await?;
        Ok(token)
    }
}

struct Tokens {
    jupyter: String,
    token: String,
    secrets: BTreeMap<String, String>,
}

fn spec(
    row: &WorkloadRow,
    team: &TeamRow,
    notebook: &NotebookRow,
    environment: &EnvVersion,
    links: &Links,
    tokens: Tokens,
) -> Result<WorkloadSpec> {
    let prefix = super::prefix(&team.name, &notebook.name);
    let mut env = notebook.env()?;
    // A person's own choice of an experiment stands; MLflow refuses a name and an id that differ.
    if !env.contains_key("MLFLOW_EXPERIMENT_NAME") && !env.contains_key("MLFLOW_EXPERIMENT_ID") {
        env.insert("MLFLOW_EXPERIMENT_ID".into(), team.id.clone());
    }
    env.insert("PYTHONUNBUFFERED".into(), "1".into());
    env.insert(PROGRAM_ENV.into(), PROGRAM.into());
    env.extend(links.tracking(&team.name));
    let mut secrets = tokens.secrets;
    secrets.insert("JUPYTER_TOKEN".into(), tokens.jupyter);
    secrets.insert("SLIPWAY_TOKEN".into(), tokens.token.clone());
    secrets.insert("MLFLOW_TRACKING_TOKEN".into(), tokens.token);
    Ok(WorkloadSpec {
        id: row.id.clone(),
        team: team.name.clone(),
        kind: WorkloadKind::Notebook,
        owner: notebook.id.clone(),
        name: notebook.name.clone(),
        attempt: row.attempt,
        runtime: Runtime::Environment { digest: environment.digest.clone(), image: environment.image.clone() },
        command: command(&prefix),
        env,
        secrets,
        resources: row.resources(),
        nodes: 1,
        volume: Some(volume(&team.name, &notebook.name)),
        volume_is_kept: false,
        files: BTreeMap::new(),
        archive: None,
        folders: BTreeMap::new(),
        placement: Default::default(),
        server: Some(ServerSpec { ready_path: format!("{prefix}api"), ready_status: None, port: None, start_seconds: START_SECONDS }),
        timeout_seconds: None,
        grace_seconds: u64::try_from(GRACE_SECONDS).map_err(Error::internal)?,
    })
}

/// The folder of a notebook's files.
pub fn volume(team: &str, name: &str) -> String {
    format!("{team}/{name}")
}

fn command(prefix: &str) -> Vec<String> {
    let flags = [
        "--no-browser",
        "--ServerApp.sock={socket}",
        "--ServerApp.sock_mode=0600",
        &format!("--ServerApp.base_url={prefix}"),
        "--ServerApp.allow_remote_access=True",
        "--ServerApp.trust_xheaders=True",
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
        "--LabApp.news_url=",
        "--LabApp.extension_manager=readonly",
    ];
    let start = format!("import os; exec(os.environ.pop('{PROGRAM_ENV}'))");
    ["python", "-c", &start].into_iter().chain(flags).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::command;

    #[test]
    fn no_secret_is_on_the_command_line_and_nothing_calls_out() {
        let line = command("/notebook/t/n/").join(" ");
        assert!(!line.contains("IdentityProvider.token"));
        for flag in ["sock={socket}", "base_url=/notebook/t/n/", "NeverCheckForUpdate", "news_url= ", "extension_manager=readonly"] {
            assert!(line.contains(flag), "{flag}");
        }
    }
}
