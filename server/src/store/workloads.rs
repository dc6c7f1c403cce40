//! Workloads: one row for each time something occupies resources, kept for good.

use super::{Store, Tx, list, run_tags::chunk};
use crate::{
    args,
    cluster::{Endpoint, WorkloadKind},
    error::{Error, Result},
};
use app::api::{State, resources::Resources};
use std::sync::Arc;

/// A workload.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
#[expect(missing_docs, reason = "the columns of the table; its migration says what they mean")]
pub struct WorkloadRow {
    pub id: String,
    pub key: i64,
    pub cluster: String,
    pub team_id: Option<String>,
    pub kind: String,
    pub owner_id: String,
    pub name: String,
    pub attempt: i64,
    pub generation: i64,
    #[sqlx(rename = "state")]
    pub state_text: String,
    pub reason: Option<String>,
    pub cpu_millis: i64,
    pub memory_bytes: i64,
    pub gpus: i64,
    pub nodes: i64,
    pub granted_cpu_millis: Option<i64>,
    pub granted_memory_bytes: Option<i64>,
    pub granted_gpus: Option<i64>,
    pub exit_code: Option<i64>,
    pub signal: Option<i64>,
    pub out_of_memory: i64,
    pub timed_out: i64,
    pub failed_node: Option<i64>,
    #[sqlx(rename = "endpoint")]
    pub endpoint_json: Option<String>,
    pub queued_at: i64,
    pub granted_at: Option<i64>,
    pub ensured_at: Option<i64>,
    pub running_at: Option<i64>,
    pub ended_at: Option<i64>,
    pub stop_requested_at: Option<i64>,
    pub stop_reason: Option<String>,
    pub stop_grace_seconds: Option<i64>,
    pub settled: i64,
    pub forgotten: i64,
    pub image_digest: Option<String>,
    pub revision: i64,
}

impl WorkloadRow {
    /// One that waits, for tests.
    #[cfg(test)]
    pub(crate) fn test(id: &str) -> Self {
        Self {
            id: id.into(),
            key: 1,
            cluster: "local".into(),
            team_id: None,
            kind: "replica".into(),
            owner_id: "r".into(),
            name: "d".into(),
            attempt: 1,
            generation: 1,
            state_text: "queued".into(),
            reason: None,
            cpu_millis: 1,
            memory_bytes: 1,
            gpus: 0,
            nodes: 1,
            granted_cpu_millis: None,
            granted_memory_bytes: None,
            granted_gpus: None,
            exit_code: None,
            signal: None,
            out_of_memory: 0,
            timed_out: 0,
            failed_node: None,
            endpoint_json: None,
            queued_at: 0,
            granted_at: None,
            ensured_at: None,
            running_at: None,
            ended_at: None,
            stop_requested_at: None,
            stop_reason: None,
            stop_grace_seconds: None,
            settled: 0,
            forgotten: 0,
            image_digest: None,
            revision: 1,
        }
    }

    /// Its state; a word nobody knows counts as failed.
    pub fn state(&self) -> State {
        self.state_text.parse().unwrap_or(State::Failed)
    }

    /// What it was granted; none while it waits.
    pub fn granted(&self) -> Option<Resources> {
        Some(Resources { cpu_millis: self.granted_cpu_millis?, memory_bytes: self.granted_memory_bytes?, gpus: self.granted_gpus? })
    }

    /// What it holds, or asks for, all nodes together.
    pub const fn resources(&self) -> Resources {
        Resources { cpu_millis: self.cpu_millis, memory_bytes: self.memory_bytes, gpus: self.gpus }
    }

    /// What each of its nodes holds, or asks for.
    pub const fn per_node(&self) -> Resources {
        self.resources().part_of(self.nodes)
    }

    /// The row as it is after it was granted what it asks for ([`Tx::workloads_grant`]).
    #[must_use]
    pub fn granted_at(&self, now: i64) -> Self {
        Self {
            state_text: State::Starting.as_str().to_owned(),
            granted_at: Some(now),
            granted_cpu_millis: Some(self.cpu_millis),
            granted_memory_bytes: Some(self.memory_bytes),
            granted_gpus: Some(self.gpus),
            reason: None,
            ..self.clone()
        }
    }

    /// Where a server listens, while it runs.
    pub fn endpoint(&self) -> Option<Endpoint> {
        self.endpoint_json.as_deref().and_then(|j| serde_json::from_str(j).ok())
    }

    /// Whether it has ended.
    pub fn ended(&self) -> bool {
        self.state().is_final()
    }
}

/// A workload to insert; it begins queued.
#[derive(Debug, Clone)]
pub struct NewWorkload<'a> {
    /// Id, never used before.
    pub id: &'a str,
    /// The team; none for what belongs to the platform.
    pub team_id: Option<&'a str>,
    /// What it is.
    pub kind: WorkloadKind,
    /// Id of the notebook, run, revision, environment version.
    pub owner_id: &'a str,
    /// Name for people.
    pub name: &'a str,
    /// Attempt, from 1.
    pub attempt: i64,
    /// Which state of its owner it carries out: a deployment's revision, an environment's version; 1 where the owner has but one.
    pub generation: i64,
    /// What each of its nodes asks for.
    pub resources: Resources,
    /// On how many nodes it runs; everything but a run has one.
    pub nodes: i64,
}

/// How a workload ended.
#[derive(Debug, Clone, Default)]
pub struct WorkloadEnd {
    /// Succeeded, failed or cancelled.
    pub state: Option<State>,
    /// Why, in a sentence.
    pub reason: Option<String>,
    /// Exit code.
    pub exit_code: Option<i64>,
    /// Signal.
    pub signal: Option<i64>,
    /// For want of memory.
    pub out_of_memory: bool,
    /// Its time was up.
    pub timed_out: bool,
    /// Which of several nodes failed first.
    pub failed_node: Option<i64>,
    /// When it began to run, where nobody had seen it run; milliseconds since 1970.
    pub began_at: Option<i64>,
    /// Milliseconds since 1970.
    pub ended_at: i64,
}

const SELECT: &str = "SELECT id, key, cluster, team_id, kind, owner_id, name, attempt, generation, state, reason, cpu_millis,
    memory_bytes, gpus, nodes, granted_cpu_millis, granted_memory_bytes, granted_gpus, exit_code, signal, out_of_memory, timed_out, failed_node, endpoint, queued_at, granted_at, ensured_at, running_at, ended_at, stop_requested_at,
    stop_reason, stop_grace_seconds, settled, forgotten, image_digest, revision FROM workloads";

/// Ids and revisions, oldest first.
macro_rules! stamps {
    ($which:literal) => {
        concat!("SELECT id, revision FROM workloads WHERE ", $which, " ORDER BY queued_at, id")
    };
}

fn select(rest: &str) -> sqlx::AssertSqlSafe<String> {
    sqlx::AssertSqlSafe(format!("{SELECT} {rest}"))
}

impl Store {
    /// The workload of this id.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn workload(&self, id: &str) -> Result<Option<WorkloadRow>> {
        self.opt(select("WHERE id = $1"), args![id]).await
    }

    /// Those of these workloads that there are, in no order.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn workloads_by_id(&self, ids: &[String]) -> Result<Vec<WorkloadRow>> {
        let sql = format!("{SELECT} WHERE id IN (@TEXTS($1))");
        self.all(list::sql(self.db(), &sql), args![list::texts(ids)]).await
    }

    /// Workloads of an owner, newest first.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn workloads_of(&self, owner_id: &str, limit: i64) -> Result<Vec<WorkloadRow>> {
        self.all(select("WHERE owner_id = $1 ORDER BY queued_at DESC, id DESC LIMIT $2"), args![owner_id, limit]).await
    }

    /// Everything the cluster may still know, oldest first.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn workloads_known(&self) -> Result<Vec<Arc<WorkloadRow>>> {
        let known = self.all(stamps!("forgotten = 0"), vec![]).await?;
        self.workloads.keep(&known);
        self.workloads_of_stamps(&known).await
    }

    /// Everything that waits or holds, oldest first.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn workloads_live(&self) -> Result<Vec<WorkloadRow>> {
        let live = self.workloads_of_stamps(&self.all(stamps!("live = 1"), vec![]).await?).await?;
        Ok(live.into_iter().map(Arc::unwrap_or_clone).collect())
    }

    /// Everything of a team that waits or holds, oldest first.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn workloads_live_of(&self, team_id: &str) -> Result<Vec<WorkloadRow>> {
        let live = self.workloads_of_stamps(&self.all(stamps!("team_id = $1 AND live = 1"), args![team_id]).await?).await?;
        Ok(live.into_iter().map(Arc::unwrap_or_clone).collect())
    }

    /// What a noun's reconciler has to look at: live, or ended and not settled; oldest first.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn workloads_unsettled(&self, kind: WorkloadKind) -> Result<Vec<Arc<WorkloadRow>>> {
        self.workloads_of_stamps(&self.all(stamps!("settled = 0 AND kind = $1"), args![kind.as_str()]).await?).await
    }

    /// These workloads, each as it is when it is read. They are looked at many times a second, and few change in between: what is as it was
    /// is not read again.
    async fn workloads_of_stamps(&self, stamps: &[(String, i64)]) -> Result<Vec<Arc<WorkloadRow>>> {
        let outdated = self.workloads.outdated(stamps);
        let read = if outdated.is_empty() { Vec::new() } else { self.workloads_by_id(&outdated).await? };
        Ok(self.workloads.take(stamps, read))
    }
}

impl Tx {
    /// Inserts a workload; it begins queued.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn workload_insert(&mut self, w: &NewWorkload<'_>) -> Result<()> {
        self.workloads_insert(std::slice::from_ref(w)).await
    }

    /// Inserts workloads, which begin queued, in the order in which they are given.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn workloads_insert(&mut self, all: &[NewWorkload<'_>]) -> Result<()> {
        const INSERT: &str =
            "INSERT INTO workloads (id, key, cluster, team_id, kind, owner_id, name, attempt, generation, state, cpu_millis,
            memory_bytes, gpus, nodes, out_of_memory, timed_out, queued_at, live, settled, forgotten)";
        if all.is_empty() {
            return Ok(());
        }
        let (now, first) = (self.now(), self.next_many("workloads", all.len() as i64).await?);
        self.wakes();
        let mut keyed = (first..).zip(all).collect::<Vec<_>>();
        for (_, w) in &keyed {
            self.changed(w.team_id, "workload", w.id, 0);
        }
        while !keyed.is_empty() {
            let some: Vec<_> = keyed.drain(..chunk(keyed.len())).collect();
            let row = |(key, w): &(i64, &NewWorkload<'_>)| {
                let asked = w.resources.times(w.nodes);
                args![
                    w.id,
                    *key,
                    "local",
                    w.team_id,
                    w.kind.as_str(),
                    w.owner_id,
                    w.name,
                    w.attempt,
                    w.generation,
                    State::Queued.as_str(),
                    asked.cpu_millis,
                    asked.memory_bytes,
                    asked.gpus,
                    w.nodes,
                    0,
                    0,
                    now,
                    1,
                    0,
                    0
                ]
            };
            let sql = self.values_sql(INSERT, 20, some.len(), "");
            self.exec(sql, some.iter().flat_map(row).collect()).await?;
        }
        Ok(())
    }

    /// Asks a workload to end. Asked again, the first asking stands.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn workload_stop(&mut self, id: &str, reason: &str, grace_seconds: i64) -> Result<()> {
        let now = self.now();
        self.wakes();
        self.exec(
            "UPDATE workloads SET revision = revision + 1, stop_requested_at = $2, stop_reason = $3, stop_grace_seconds = $4
             WHERE id = $1 AND live = 1 AND stop_requested_at IS NULL",
            args![id, now, reason, grace_seconds],
        )
        .await
        .map(drop)
    }

    /// The noun has taken note of the end: the cluster may forget it.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn workload_settle(&mut self, id: &str) -> Result<()> {
        self.workloads_settle(&[id]).await
    }

    /// The same for several.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn workloads_settle(&mut self, ids: &[&str]) -> Result<()> {
        self.wakes();
        let sql = self.list_sql("UPDATE workloads SET revision = revision + 1, settled = 1 WHERE id IN (@TEXTS($1)) AND live = 0");
        self.exec(sql, args![list::texts(ids)]).await.map(drop)
    }

    /// Grants queued workloads what they ask for; ids of those that were still queued, in no order.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn workloads_grant(&mut self, ids: &[&str]) -> Result<Vec<String>> {
        let now = self.now();
        let sql = self.list_sql(
            "UPDATE workloads SET revision = revision + 1, state = 'starting', granted_at = $2, granted_cpu_millis = cpu_millis,
                granted_memory_bytes = memory_bytes, granted_gpus = gpus, reason = NULL
             WHERE id IN (@TEXTS($1)) AND state = 'queued' AND stop_requested_at IS NULL RETURNING id",
        );
        let granted: Vec<(String,)> = self.all(sql, args![list::texts(ids), now]).await?;
        Ok(granted.into_iter().map(|(id,)| id).collect())
    }

    /// Why a workload waits, or what it does right now.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn workload_reason(&mut self, id: &str, reason: Option<&str>) -> Result<()> {
        self.exec("UPDATE workloads SET revision = revision + 1, reason = $2 WHERE id = $1 AND live = 1", args![id, reason]).await.map(drop)
    }

    /// The cluster took these on.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn workloads_ensured(&mut self, ids: &[&str]) -> Result<()> {
        let now = self.now();
        let sql = self
            .list_sql("UPDATE workloads SET revision = revision + 1, ensured_at = $2, reason = NULL WHERE id IN (@TEXTS($1)) AND live = 1");
        self.exec(sql, args![list::texts(ids), now]).await.map(drop)
    }

    /// These run, and are no servers.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn workloads_running(&mut self, ids: &[&str]) -> Result<()> {
        let now = self.now();
        let sql = self.list_sql(
            "UPDATE workloads SET revision = revision + 1, state = 'running', running_at = COALESCE(running_at, $2), endpoint = NULL,
                reason = NULL WHERE id IN (@TEXTS($1)) AND live = 1",
        );
        self.exec(sql, args![list::texts(ids), now]).await.map(drop)
    }

    /// It runs; a server is ready at `endpoint`.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn workload_running(&mut self, id: &str, endpoint: Option<&Endpoint>) -> Result<()> {
        let now = self.now();
        let endpoint = endpoint.map(serde_json::to_string).transpose().map_err(Error::internal)?;
        self.exec(
            "UPDATE workloads SET revision = revision + 1, state = 'running', running_at = COALESCE(running_at, $2), endpoint = $3, reason = NULL
             WHERE id = $1 AND live = 1",
            args![id, now, endpoint],
        )
        .await
        .map(drop)
    }

    /// It was asked to end, and its grace runs.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn workload_stopping(&mut self, id: &str) -> Result<()> {
        self.exec("UPDATE workloads SET revision = revision + 1, state = 'stopping', endpoint = NULL WHERE id = $1 AND live = 1", args![id])
            .await
            .map(drop)
    }

    /// These have ended.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn workloads_end(&mut self, ends: &[(&str, &WorkloadEnd)]) -> Result<()> {
        const ENDS: &str =
            "WITH ends (id, state, reason, exit_code, signal, out_of_memory, timed_out, ended_at, failed_node, began_at) AS (";
        const END: &str = ") UPDATE workloads SET revision = revision + 1, state = e.state, reason = e.reason, exit_code = e.exit_code,
                signal = e.signal, out_of_memory = e.out_of_memory, timed_out = e.timed_out, ended_at = e.ended_at,
                failed_node = e.failed_node, running_at = COALESCE(workloads.running_at, e.began_at), live = 0, endpoint = NULL
             FROM ends e WHERE workloads.id = e.id AND workloads.live = 1";
        let mut rest = ends;
        while !rest.is_empty() {
            let (some, later) = rest.split_at(chunk(rest.len()));
            let row = |(id, end): &(&str, &WorkloadEnd)| {
                args![
                    *id,
                    end.state.unwrap_or(State::Failed).as_str(),
                    end.reason.as_deref(),
                    end.exit_code,
                    end.signal,
                    end.out_of_memory,
                    end.timed_out,
                    end.ended_at,
                    end.failed_node,
                    end.began_at
                ]
            };
            let sql = self.values_sql(ENDS, 10, some.len(), END);
            self.exec(sql, some.iter().flat_map(row).collect()).await?;
            rest = later;
        }
        Ok(())
    }

    /// The cluster has forgotten these.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn workloads_forgotten(&mut self, ids: &[&str]) -> Result<()> {
        let sql = self.list_sql("UPDATE workloads SET revision = revision + 1, forgotten = 1 WHERE id IN (@TEXTS($1))");
        self.exec(sql, args![list::texts(ids)]).await.map(drop)
    }
}
