//! Notebooks.

use super::{Arg, Store, Tx};
use crate::{
    args,
    error::{Error, Result},
    records::notebook::Desired,
};
use app::api::{State, resources::Resources, secrets::SecretUse};
use std::collections::BTreeMap;

/// A notebook.
#[derive(Debug, Clone, sqlx::FromRow)]
#[expect(missing_docs, reason = "the columns of the table, and names of the team and the owner")]
pub struct NotebookRow {
    pub id: String,
    pub team_id: String,
    pub team: String,
    pub name: String,
    pub user_id: String,
    pub owner: String,
    pub environment: String,
    pub environment_version: i64,
    pub cpu_millis: i64,
    pub memory_bytes: i64,
    pub gpus: i64,
    pub env_json: String,
    pub secrets_json: String,
    desired: String,
    state: String,
    pub reason: Option<String>,
    pub state_since: i64,
    pub workload_id: String,
    pub server_token: String,
    pub restarts: i64,
    pub restart_at: Option<i64>,
    busy: i64,
    pub last_activity_at: Option<i64>,
    pub revision: i64,
    pub created_at: i64,
    owner_disabled: i64,
    owner_admin: i64,
    owner_role: Option<String>,
}

impl NotebookRow {
    /// What a person wants of it.
    pub fn desired(&self) -> Desired {
        self.desired.parse().unwrap_or(Desired::Stopped)
    }
    /// Its state.
    pub fn state(&self) -> State {
        self.state.parse().unwrap_or(State::Failed)
    }
    /// What it holds, or asks for at its next start.
    pub const fn resources(&self) -> Resources {
        Resources { cpu_millis: self.cpu_millis, memory_bytes: self.memory_bytes, gpus: self.gpus }
    }
    /// Whether a kernel or a terminal works.
    pub const fn busy(&self) -> bool {
        self.busy != 0
    }
    /// Environment variables.
    ///
    /// # Errors
    /// The column cannot be read.
    pub fn env(&self) -> Result<BTreeMap<String, String>> {
        Ok(serde_json::from_str(&self.env_json)?)
    }
    /// Secrets by name.
    ///
    /// # Errors
    /// The column cannot be read.
    pub fn secrets(&self) -> Result<Vec<SecretUse>> {
        Ok(serde_json::from_str(&self.secrets_json)?)
    }
    /// Whether its owner may still have it run: enabled, and editor or more in the team.
    pub fn owner_may(&self) -> bool {
        let role = matches!(self.owner_role.as_deref(), Some("editor" | "maintainer"));
        self.owner_disabled == 0 && (role || self.owner_admin != 0)
    }
}

/// A notebook to insert; it begins queued.
#[derive(Debug)]
#[expect(missing_docs, reason = "the columns of the table")]
pub struct NewNotebookRow<'a> {
    pub id: &'a str,
    pub team_id: &'a str,
    pub name: &'a str,
    pub user_id: &'a str,
    pub environment: &'a str,
    pub environment_version: i64,
    pub resources: Resources,
    pub env: &'a BTreeMap<String, String>,
    pub secrets: &'a [SecretUse],
    pub workload_id: &'a str,
    pub server_token: &'a str,
}

/// What becomes of a notebook's row. The seen values guard it: what changed meanwhile is not overwritten.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotebookMove<'a> {
    /// What a person wants of it, from now on.
    pub desired: Desired,
    /// State.
    pub state: State,
    /// Why it waits, does not start, or failed.
    pub reason: Option<&'a str>,
    /// Its newest workload.
    pub workload_id: &'a str,
    /// The token of that workload's Jupyter server, sealed.
    pub server_token: &'a str,
    /// Restarts by itself so far.
    pub restarts: i64,
    /// When it starts again by itself, milliseconds since 1970.
    pub restart_at: Option<i64>,
    /// 1 where a person asked for it.
    pub revisions: i64,
}

const COLUMNS: &str = "SELECT n.id, n.team_id, t.name AS team, n.name, n.user_id, u.name AS owner, n.environment, n.environment_version,
    n.cpu_millis, n.memory_bytes, n.gpus, n.env_json, n.secrets_json, n.desired, n.state, n.reason, n.state_since, n.workload_id, n.server_token, n.restarts,
    n.restart_at, n.busy, n.last_activity_at, n.revision, n.created_at, u.disabled AS owner_disabled, u.admin AS owner_admin,
    m.role AS owner_role
    FROM notebooks n JOIN teams t ON t.id = n.team_id JOIN users u ON u.id = n.user_id
    LEFT JOIN members m ON m.team_id = n.team_id AND m.user_id = n.user_id";

fn select(rest: &str) -> sqlx::AssertSqlSafe<String> {
    sqlx::AssertSqlSafe(format!("{COLUMNS} {rest}"))
}

impl Store {
    /// The notebook of this name in a team.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn notebook_of(&self, team_id: &str, name: &str) -> Result<Option<NotebookRow>> {
        self.opt(select("WHERE n.team_id = $1 AND n.name = $2"), args![team_id, name]).await
    }

    /// The notebook of this id.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn notebook(&self, id: &str) -> Result<Option<NotebookRow>> {
        self.opt(select("WHERE n.id = $1"), args![id]).await
    }

    /// Notebooks of a team by name, after `after`.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn notebook_list(&self, team_id: &str, after: &str, limit: i64) -> Result<Vec<NotebookRow>> {
        self.all(select("WHERE n.team_id = $1 AND n.name > $2 ORDER BY n.name LIMIT $3"), args![team_id, after, limit]).await
    }

    /// Every notebook that is not off for good: what the reconciler looks at.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn notebooks_at_work(&self) -> Result<Vec<NotebookRow>> {
        self.all(select("WHERE n.desired <> 'stopped' OR n.state NOT IN ('stopped', 'failed') ORDER BY n.id"), vec![]).await
    }

    /// Every notebook that runs.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn notebooks_running(&self) -> Result<Vec<NotebookRow>> {
        self.all(select("WHERE n.state = 'running' ORDER BY n.id"), vec![]).await
    }
}

impl Tx {
    /// The notebook of this name in a team, in this transaction.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn notebook_of(&mut self, team_id: &str, name: &str) -> Result<Option<NotebookRow>> {
        self.opt(select("WHERE n.team_id = $1 AND n.name = $2"), args![team_id, name]).await
    }

    /// Inserts a notebook.
    ///
    /// # Errors
    /// The name is taken.
    pub async fn notebook_insert(&mut self, n: &NewNotebookRow<'_>) -> Result<()> {
        let now = self.now();
        let (env, secrets) = (serde_json::to_string(n.env)?, serde_json::to_string(n.secrets)?);
        self.exec(
            "INSERT INTO notebooks (id, team_id, name, user_id, environment, environment_version, cpu_millis, memory_bytes, gpus, env_json,
                secrets_json, desired, state, state_since, workload_id, server_token, restarts, busy, revision, created_at)
             VALUES ($1, $2, $3, $4, $5, $14, $6, $7, $8, $9, $10, 'running', 'queued', $11, $12, $13, 0, 0, 1, $11)",
            args![
                n.id,
                n.team_id,
                n.name,
                n.user_id,
                n.environment,
                n.resources.cpu_millis,
                n.resources.memory_bytes,
                n.resources.gpus,
                env,
                secrets,
                now,
                n.workload_id,
                n.server_token,
                n.environment_version
            ],
        )
        .await
        .map(drop)
    }

    /// Moves a notebook on from what was `seen`; whether it was still that. `state_since` follows the state.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn notebook_move(&mut self, seen: &NotebookRow, to: &NotebookMove<'_>) -> Result<bool> {
        let now = self.now();
        let since = if seen.state() == to.state { seen.state_since } else { now };
        let busy = seen.busy() && to.state == State::Running;
        let n = self
            .exec(
                "UPDATE notebooks SET desired = $2, state = $3, reason = $4, state_since = $5, workload_id = $6, restarts = $7,
                    restart_at = $8, revision = revision + $9, busy = $10, server_token = $15
                 WHERE id = $1 AND revision = $11 AND state = $12 AND desired = $13 AND workload_id = $14",
                args![
                    &seen.id,
                    to.desired.as_str(),
                    to.state.as_str(),
                    to.reason,
                    since,
                    to.workload_id,
                    to.restarts,
                    to.restart_at,
                    to.revisions,
                    busy,
                    seen.revision,
                    seen.state.as_str(),
                    seen.desired.as_str(),
                    &seen.workload_id,
                    to.server_token
                ],
            )
            .await?;
        Ok(n == 1)
    }

    /// Changes what is in force at the next start, where `revision` is still the one in force; whether it was.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn notebook_update(&mut self, id: &str, environment: &str, resources: Resources, revision: i64) -> Result<bool> {
        let n = self
            .exec(
                "UPDATE notebooks SET environment = $2, cpu_millis = $3, memory_bytes = $4, gpus = $5, revision = revision + 1
                 WHERE id = $1 AND revision = $6 AND desired IN ('running', 'stopped')",
                args![id, environment, resources.cpu_millis, resources.memory_bytes, resources.gpus, revision],
            )
            .await?;
        Ok(n == 1)
    }

    /// Remembers which version of its environment it was started in.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn notebook_started_in(&mut self, id: &str, version: i64) -> Result<()> {
        self.exec("UPDATE notebooks SET environment_version = $2 WHERE id = $1", args![id, version]).await.map(drop)
    }

    /// Writes what its kernels and terminals do. Activity never goes back.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn notebook_activity(&mut self, id: &str, workload_id: &str, busy: bool, last: Option<i64>) -> Result<bool> {
        let n = self
            .exec(
                "UPDATE notebooks SET busy = $3, last_activity_at = $4
                 WHERE id = $1 AND workload_id = $2 AND state = 'running' AND (busy <> $3 OR COALESCE(last_activity_at, 0) < COALESCE($4, 0))",
                args![id, workload_id, busy, last],
            )
            .await?;
        Ok(n == 1)
    }

    /// Drops a notebook with its tickets and its browsers' sessions.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn notebook_delete(&mut self, id: &str) -> Result<()> {
        self.notebook_close(id).await?;
        self.exec("DELETE FROM notebooks WHERE id = $1", args![id]).await.map(drop)
    }

    /// Drops its tickets and its browsers' sessions.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn notebook_close(&mut self, id: &str) -> Result<()> {
        for sql in ["DELETE FROM notebook_tickets WHERE notebook_id = $1", "DELETE FROM notebook_sessions WHERE notebook_id = $1"] {
            self.exec(sql, args![id]).await?;
        }
        Ok(())
    }

    /// Whose kept files have this name, if any.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn kept_volume_owner(&mut self, team_id: &str, name: &str) -> Result<Option<(String, String)>> {
        self.opt(
            "SELECT v.user_id, u.name FROM kept_volumes v JOIN users u ON u.id = v.user_id WHERE v.team_id = $1 AND v.name = $2",
            args![team_id, name],
        )
        .await
    }

    /// Remembers whose files were kept; `None`: they are in use again, or gone.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn kept_volume_set(&mut self, team_id: &str, name: &str, user_id: Option<&str>) -> Result<()> {
        let now = self.now();
        let key: [Arg; 2] = [team_id.into(), name.into()];
        self.exec("DELETE FROM kept_volumes WHERE team_id = $1 AND name = $2", key.into()).await?;
        if let Some(user) = user_id {
            self.exec(
                "INSERT INTO kept_volumes (team_id, name, user_id, created_at) VALUES ($1, $2, $3, $4)",
                args![team_id, name, user, now],
            )
            .await?;
        }
        Ok(())
    }
}

impl NotebookRow {
    /// What its row is now, as the start of a move.
    pub fn stay(&self) -> NotebookMove<'_> {
        NotebookMove {
            desired: self.desired(),
            state: self.state(),
            reason: self.reason.as_deref(),
            workload_id: &self.workload_id,
            server_token: &self.server_token,
            restarts: self.restarts,
            restart_at: self.restart_at,
            revisions: 0,
        }
    }

    /// An error where a row cannot be moved because somebody else moved it.
    pub fn moved(&self) -> Error {
        Error::stale(format!("The notebook {}", self.name))
    }
}
