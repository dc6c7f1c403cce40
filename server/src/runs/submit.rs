//! Submitting a run: one transaction makes the MLflow run, its submission and its place in the queue.

use super::{
    check::{Checked, check},
    code, command, git, submission,
};
use crate::{
    access::TeamEditor,
    clock::rfc3339,
    cluster::{Cluster, WorkloadKind},
    error::{Error, Result},
    ids,
    quota::sizes::Sizes,
    store::{
        Store, Tx,
        environments::EnvVersion,
        events::NewEvent,
        experiments::{ExperimentRow, default_location},
        run_tags::NewPair,
        runs::{NewRunRow, RunRow},
        submissions::{NewSubmissionRow, SubmissionChange},
        workloads::NewWorkload,
    },
    teams::secrets,
};
use app::api::{
    State,
    environments::Build,
    resources::Resources,
    runs::{Code, NewRun, Run, RunSummary},
};
use std::{collections::BTreeMap, path::Path};

/// Where submitting looks and writes.
pub struct Submitter<'a> {
    /// The database.
    pub store: &'a Store,
    /// What there is.
    pub cluster: &'a dyn Cluster,
    /// Folder of uploads.
    pub data: &'a Path,
}

impl Submitter<'_> {
    /// Submits a run.
    ///
    /// # Errors
    /// A value that is wrong, with its field; code, environment or secret that is not there.
    pub async fn submit(&self, by: &TeamEditor, new: &NewRun) -> Result<Run> {
        self.make(by, new, None).await
    }

    /// Submits a run again that has ended, with the code it had: a new run.
    ///
    /// # Errors
    /// It has not ended, was not submitted here, or something it needs is gone.
    pub async fn retry(&self, by: &TeamEditor, run_id: &str) -> Result<Run> {
        let before = super::service::submitted(self.store, by, run_id).await?;
        if before.live != 0 {
            return Err(Error::conflict("The run has not ended.").hint("Cancel it first."));
        }
        let mut again: NewRun = serde_json::from_str(&before.request)?;
        again.code = submission::code(&before);
        again.name = Some(before.name);
        self.make(by, &again, Some(run_id)).await
    }

    async fn make(&self, by: &TeamEditor, new: &NewRun, retry_of: Option<&str>) -> Result<Run> {
        let checked = check(new)?;
        secrets::check(self.store, &by.team.id, &new.secrets).await?;
        let environment = self.environment(by, &checked.environment).await?;
        let resources = self.resources(new, checked.nodes).await?;
        // Asks a repository elsewhere, so before the transaction.
        let code = self.code(by, new.code.as_ref()).await?;
        let plan = Plan { new, checked, environment, resources, code, retry_of };
        self.write(by, &plan).await
    }

    async fn environment(&self, by: &TeamEditor, name: &str) -> Result<EnvVersion> {
        let version = self
            .store
            .environment_usable(&by.team.id, name)
            .await?
            .ok_or_else(|| Error::invalid("environment", format!("There is no environment \"{name}\".")))?;
        if version.build() == Build::Failed {
            let why = version.reason.as_deref().unwrap_or_default();
            return Err(
                Error::invalid("environment", format!("The environment \"{name}\" could not be made: {why}")).hint("Retry its build.")
            );
        }
        Ok(version)
    }

    /// What each node asks for.
    async fn resources(&self, new: &NewRun, nodes: i64) -> Result<Resources> {
        let total = self.cluster.capacity().await?.total;
        let asked = Sizes::in_force(self.store).await?.resolve(total, new.size.as_deref(), &new.amount, None)?;
        let all = asked.times(nodes);
        // Without any node that answers, which an API server that was away may cost for a moment, it waits for one.
        if all.fits(total) || total == Resources::NONE {
            return Ok(asked);
        }
        if asked.fits(total) {
            let sentence = format!("{} ask for {} together, but there are {} in all.", asked.on_nodes(nodes), all.words(), total.words());
            return Err(Error::invalid("nodes", sentence).hint("Ask for fewer nodes or a smaller size."));
        }
        let field = if asked.cpu_millis > total.cpu_millis {
            "cpu"
        } else if asked.memory_bytes > total.memory_bytes {
            "memory"
        } else {
            "gpu"
        };
        Err(Error::invalid(field, format!("It asks for {}, but there are {} in all.", asked.words(), total.words())))
    }

    async fn code(&self, by: &TeamEditor, code: Option<&Code>) -> Result<Option<Code>> {
        match code {
            None => Ok(None),
            Some(Code::Upload { digest }) => {
                let there = self.store.code_upload(&by.team.id, digest).await?.is_some();
                if there && code::path(self.data, &by.team.id, digest).is_file() {
                    return Ok(Some(Code::Upload { digest: digest.clone() }));
                }
                Err(Error::invalid("code", "The team has no upload of this digest.").hint("Upload it first: POST …/code."))
            }
            Some(Code::Git { url, reference, commit }) => {
                let commit = match commit {
                    Some(commit) => commit.clone(),
                    None => git::resolve(url, reference).await?,
                };
                Ok(Some(Code::Git { url: url.clone(), reference: reference.clone(), commit: Some(commit) }))
            }
        }
    }

    async fn write(&self, by: &TeamEditor, plan: &Plan<'_>) -> Result<Run> {
        let run_id = ids::new_id(&**self.store.clock());
        let name = plan.checked.name.clone().unwrap_or_else(|| format!("{}-{}", plan.checked.environment, &run_id[26..]));
        let mut tx = self.store.begin().await?;
        let experiment = experiment(&mut tx, self.store, by, &plan.checked.experiment).await?;
        let run = insert_run(&mut tx, by, &experiment, &run_id, &name).await?;
        let tags = plan.tags(by, &name);
        pairs(&mut tx, &run, &plan.new.params, &tags).await?;
        insert_submission(&mut tx, self.store, by, plan, &run).await?;
        tx.event(NewEvent {
            team_id: Some(&by.team.id),
            actor: &by.actor(),
            action: "submit",
            kind: "run",
            object_id: &run.id,
            object_name: &run.name,
            revision: run.revision,
            before: None,
            after: Some(serde_json::json!({
                "experiment": experiment.name, "command": plan.checked.command, "environment": plan.checked.environment,
                "environment_version": plan.environment.version, "resources": plan.resources, "nodes": plan.checked.nodes, "code": plan.code, "retry_of": plan.retry_of,
            })),
        })
        .await?;
        let row = tx.submission(&by.team.id, &run_id).await?.ok_or_else(|| Error::internal("the submission just made"))?;
        tx.commit().await?;
        Ok(Run {
            summary: summary(&run, plan.new.params.clone()),
            tags,
            datasets: vec![],
            model_versions: vec![],
            logged_models: vec![],
            submission: Some(submission::view(row)),
            pipeline: None,
        })
    }
}

/// Everything that was decided before the transaction.
struct Plan<'a> {
    new: &'a NewRun,
    checked: Checked,
    environment: EnvVersion,
    resources: Resources,
    code: Option<Code>,
    retry_of: Option<&'a str>,
}

impl Plan<'_> {
    /// What MLflow's own tools look for, and what the lineage of a model needs.
    fn tags(&self, by: &TeamEditor, name: &str) -> BTreeMap<String, String> {
        let version = format!("{} v{}", self.checked.environment, self.environment.version);
        let mut tags = BTreeMap::from([
            ("mlflow.runName", name.to_owned()),
            ("mlflow.user", by.principal.user.clone()),
            ("mlflow.source.name", command::line(&self.checked.command).chars().take(5000).collect()),
            ("mlflow.source.type", "JOB".to_owned()),
            ("slipway.environment", version),
            ("slipway.environment.digest", self.environment.digest.clone()),
        ]);
        match &self.code {
            Some(Code::Git { url, reference, commit }) => {
                tags.insert("mlflow.source.git.repoURL", url.clone());
                tags.insert("mlflow.source.git.branch", reference.clone());
                tags.insert("mlflow.source.git.commit", commit.clone().unwrap_or_default());
            }
            Some(Code::Upload { digest }) => drop(tags.insert("slipway.code.digest", digest.clone())),
            None => {}
        }
        if self.checked.nodes > 1 {
            tags.insert("slipway.nodes", self.checked.nodes.to_string());
        }
        if let Some(run) = self.retry_of {
            tags.insert("slipway.retry_of", run.to_owned());
        }
        tags.into_iter().map(|(k, v)| (k.to_owned(), v)).collect()
    }
}

/// The experiment of this id.
///
/// # Errors
/// Not there, or deleted.
pub async fn experiment_of_id(tx: &mut Tx, by: &TeamEditor, id: &str) -> Result<ExperimentRow> {
    let wrong = |what: &str| Error::invalid("experiment_id", format!("There is no experiment with the id {id}{what}."));
    match tx.experiment(&by.team.id, super::experiments::real_id(&by.team.id, id)).await? {
        Some(there) if there.is_active() => Ok(there),
        Some(_) => Err(wrong(" any more: it was archived or deleted").hint("Restore it, or choose another.")),
        None => Err(wrong(" in this team")),
    }
}

/// The experiment of this name, made where there is none.
///
/// # Errors
/// It was deleted.
pub async fn experiment(tx: &mut Tx, store: &Store, by: &TeamEditor, name: &str) -> Result<ExperimentRow> {
    if let Some(there) = tx.experiment_by_name(&by.team.id, name).await? {
        if there.is_active() {
            return Ok(there);
        }
        return Err(
            Error::invalid("experiment", format!("The experiment \"{name}\" was deleted.")).hint("Restore it, or choose another name.")
        );
    }
    let id = ids::new_id(&**store.clock());
    let made = tx.experiment_insert(&by.team.id, &id, name, &default_location(&id)).await?;
    tx.event(NewEvent {
        team_id: Some(&by.team.id),
        actor: &by.actor(),
        action: "create",
        kind: "experiment",
        object_id: &id,
        object_name: name,
        revision: 1,
        before: None,
        after: None,
    })
    .await?;
    Ok(made)
}

async fn insert_run(tx: &mut Tx, by: &TeamEditor, experiment: &ExperimentRow, id: &str, name: &str) -> Result<RunRow> {
    let (started_at, actor) = (tx.now(), by.actor());
    let new = NewRunRow {
        id,
        experiment,
        name,
        user_name: &by.principal.user,
        created_by: &actor,
        state: State::Queued,
        reason: None,
        submitted: true,
        started_at,
    };
    let run = tx.run_insert(&new).await?;
    tx.experiment_touch(experiment.key).await?;
    Ok(run)
}

async fn pairs(tx: &mut Tx, run: &RunRow, params: &BTreeMap<String, String>, tags: &BTreeMap<String, String>) -> Result<()> {
    let pair = |(key, value): (&String, &String)| NewPair {
        run_key: run.key,
        experiment_key: run.experiment_key,
        key: key.clone(),
        value: value.clone(),
    };
    tx.params_insert(&params.iter().map(pair).collect::<Vec<_>>()).await?;
    tx.run_tags_set(&tags.iter().map(pair).collect::<Vec<_>>()).await
}

async fn insert_submission(tx: &mut Tx, store: &Store, by: &TeamEditor, plan: &Plan<'_>, run: &RunRow) -> Result<()> {
    let code = plan.code.as_ref().map(serde_json::to_string).transpose()?;
    tx.submission_insert(&NewSubmissionRow {
        run_id: &run.id,
        run_key: run.key,
        team_id: &by.team.id,
        user_id: &by.principal.user_id,
        command: &serde_json::to_string(&plan.checked.command)?,
        request: &serde_json::to_string(plan.new)?,
        environment_version_id: &plan.environment.id,
        resources: plan.resources,
        nodes: plan.checked.nodes,
        code: code.as_deref(),
        env: &serde_json::to_string(&plan.new.env)?,
        secrets: &serde_json::to_string(&plan.new.secrets)?,
        max_attempts: plan.checked.max_attempts,
        timeout_seconds: plan.checked.timeout_seconds,
        retry_of: plan.retry_of,
    })
    .await?;
    let workload = ids::new_id(&**store.clock());
    tx.workload_insert(&NewWorkload {
        id: &workload,
        team_id: Some(&by.team.id),
        kind: WorkloadKind::Run,
        owner_id: &run.id,
        name: &run.name,
        attempt: 1,
        generation: 1,
        resources: plan.resources,
        nodes: plan.checked.nodes,
    })
    .await?;
    tx.submission_change(&run.id, 1, &SubmissionChange { begin: Some((1, &workload)), ..SubmissionChange::default() }).await.map(drop)
}

/// A run that was just submitted, in a list.
fn summary(run: &RunRow, params: BTreeMap<String, String>) -> RunSummary {
    RunSummary {
        id: run.id.clone(),
        name: run.name.clone(),
        state: run.state(),
        reason: run.reason.clone(),
        experiment_id: run.experiment_id.clone(),
        experiment: run.experiment.clone(),
        submitted: true,
        user: run.user_name.clone(),
        started_at: Some(rfc3339(run.started_at)),
        ended_at: None,
        metrics: BTreeMap::new(),
        params,
    }
}
