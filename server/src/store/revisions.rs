//! Revisions of deployments: only added, and changed only in how far they are.

use super::{Store, Tx};
use crate::{args, error::Result};
use app::api::{
    deployments::{RevisionState, Smoke},
    resources::Resources,
    runtimes::Program,
    secrets::SecretUse,
};
use std::collections::BTreeMap;

/// A revision.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct RevisionRow {
    /// Id; the owner of the workloads of its replicas.
    pub id: String,
    /// Deployment.
    pub deployment_id: String,
    /// Team.
    pub team_id: String,
    /// From 1.
    pub number: i64,
    /// Registered model.
    pub model: String,
    /// Version of it.
    pub version: i64,
    /// Server it runs in.
    pub runtime: String,
    /// Name of the environment.
    pub environment: String,
    /// Version of the environment.
    pub environment_version: i64,
    /// Id of that version.
    pub environment_version_id: String,
    /// CPU in thousandths of a core.
    pub cpu_millis: i64,
    /// Memory in bytes.
    pub memory_bytes: i64,
    /// Whole GPUs.
    pub gpus: i64,
    /// Environment variables, JSON.
    pub env_json: String,
    /// Secrets by name, JSON.
    pub secrets_json: String,
    /// What each of its replicas runs, JSON; nothing: the shipped model server.
    pub program_json: Option<String>,
    /// A [`RevisionState`].
    pub state: String,
    /// Why it failed.
    pub reason: Option<String>,
    /// What the smoke test saw, JSON.
    pub smoke_json: Option<String>,
    /// Who asked for it.
    pub created_by: String,
    /// Number of the revision that it takes the deployment back to.
    pub rolled_back_to: Option<i64>,
    /// The alias for which it was made.
    pub alias: Option<String>,
    /// How many workloads carried out its replicas so far.
    pub attempts: i64,
    /// Milliseconds since 1970.
    pub created_at: i64,
    /// Milliseconds since 1970.
    pub serving_at: Option<i64>,
    /// Milliseconds since 1970.
    pub retired_at: Option<i64>,
}

/// The word of the database.
pub const fn word(state: RevisionState) -> &'static str {
    match state {
        RevisionState::Queued => "queued",
        RevisionState::Starting => "starting",
        RevisionState::Smoking => "smoking",
        RevisionState::Serving => "serving",
        RevisionState::Retired => "retired",
        RevisionState::Failed => "failed",
    }
}

impl RevisionRow {
    /// State; what cannot be read counts as failed.
    pub fn state(&self) -> RevisionState {
        use RevisionState::{Queued, Retired, Serving, Smoking, Starting};
        [Queued, Starting, Smoking, Serving, Retired].into_iter().find(|s| word(*s) == self.state).unwrap_or(RevisionState::Failed)
    }

    /// What it holds.
    pub const fn resources(&self) -> Resources {
        Resources { cpu_millis: self.cpu_millis, memory_bytes: self.memory_bytes, gpus: self.gpus }
    }

    /// Environment variables.
    pub fn env(&self) -> BTreeMap<String, String> {
        serde_json::from_str(&self.env_json).unwrap_or_default()
    }

    /// Secrets by name.
    pub fn secrets(&self) -> Vec<SecretUse> {
        serde_json::from_str(&self.secrets_json).unwrap_or_default()
    }

    /// What each of its replicas runs; nothing: the shipped model server.
    ///
    /// # Errors
    /// It was written by a newer Slipway.
    pub fn program(&self) -> Result<Option<Program>> {
        Ok(self.program_json.as_deref().map(serde_json::from_str).transpose()?)
    }

    /// What the smoke test saw.
    pub fn smoke(&self) -> Option<Smoke> {
        let mut kept: serde_json::Value = serde_json::from_str(self.smoke_json.as_deref()?).ok()?;
        // Older rows keep milliseconds.
        if let Some(ms) = kept.get("latency_ms").and_then(serde_json::Value::as_f64) {
            kept["latency_seconds"] = (ms / 1000.0).into();
        }
        serde_json::from_value(kept).ok()
    }
}

/// A revision to add.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "the columns of the table")]
pub struct NewRevision<'a> {
    pub id: &'a str,
    pub deployment_id: &'a str,
    pub team_id: &'a str,
    pub number: i64,
    pub model: &'a str,
    pub version: i64,
    pub runtime: &'a str,
    pub program: Option<&'a Program>,
    pub environment: &'a str,
    pub environment_version: i64,
    pub environment_version_id: &'a str,
    pub resources: Resources,
    pub env: &'a BTreeMap<String, String>,
    pub secrets: &'a [SecretUse],
    pub created_by: &'a str,
    pub rolled_back_to: Option<i64>,
    pub alias: Option<&'a str>,
}

/// How far a revision is now.
#[derive(Debug, Clone, PartialEq)]
pub struct RevisionChange<'a> {
    /// State.
    pub state: RevisionState,
    /// Why it failed, or waits.
    pub reason: Option<&'a str>,
    /// What the smoke test saw; `None` leaves it.
    pub smoke: Option<&'a Smoke>,
    /// How many workloads carried out its replicas so far.
    pub attempts: i64,
}

const COLUMNS: &str = "SELECT id, deployment_id, team_id, number, model, version, runtime, environment, environment_version,
    environment_version_id, cpu_millis, memory_bytes, gpus, env_json, secrets_json, program_json, state, reason, smoke_json, created_by,
    attempts, created_at, serving_at, retired_at, rolled_back_to, alias FROM revisions";

impl Store {
    /// The revision of this id.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn revision(&self, id: &str) -> Result<Option<RevisionRow>> {
        self.opt(sqlx::AssertSqlSafe(format!("{COLUMNS} WHERE id = $1")), args![id]).await
    }

    /// Revisions of a deployment below number `before`, newest first.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn revision_list(&self, deployment_id: &str, before: i64, limit: i64) -> Result<Vec<RevisionRow>> {
        let sql = format!("{COLUMNS} WHERE deployment_id = $1 AND number < $2 ORDER BY number DESC LIMIT $3");
        self.all(sqlx::AssertSqlSafe(sql), args![deployment_id, before, limit]).await
    }

    /// One revision of a deployment by its number.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn revision_numbered(&self, deployment_id: &str, number: i64) -> Result<Option<RevisionRow>> {
        self.opt(sqlx::AssertSqlSafe(format!("{COLUMNS} WHERE deployment_id = $1 AND number = $2")), args![deployment_id, number]).await
    }

    /// The revisions that the deployments of a team (all teams for `None`) serve, are to serve, or asked for last.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn revisions_at_work(&self, team_id: Option<&str>) -> Result<Vec<RevisionRow>> {
        let sql = format!(
            "{COLUMNS} r WHERE ($1 IS NULL OR r.team_id = $1) AND EXISTS (SELECT 1 FROM deployments d WHERE d.id = r.deployment_id
             AND (r.number = d.serving OR r.number = d.canary OR r.number = d.next OR r.number = d.latest))"
        );
        self.all(sqlx::AssertSqlSafe(sql), args![team_id]).await
    }
}

impl Tx {
    /// Adds a revision, queued.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn revision_insert(&mut self, r: &NewRevision<'_>) -> Result<()> {
        let now = self.now();
        let (env, secrets) = (serde_json::to_string(r.env)?, serde_json::to_string(r.secrets)?);
        let program = r.program.map(serde_json::to_string).transpose()?;
        self.exec(
            "INSERT INTO revisions (id, deployment_id, team_id, number, model, version, runtime, environment, environment_version,
             environment_version_id, cpu_millis, memory_bytes, gpus, env_json, secrets_json, state, created_by, attempts, created_at,
             rolled_back_to, alias, program_json)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, 'queued', $16, 0, $17, $18, $19, $20)",
            args![
                r.id,
                r.deployment_id,
                r.team_id,
                r.number,
                r.model,
                r.version,
                r.runtime,
                r.environment,
                r.environment_version,
                r.environment_version_id,
                r.resources.cpu_millis,
                r.resources.memory_bytes,
                r.resources.gpus,
                env,
                secrets,
                r.created_by,
                now,
                r.rolled_back_to,
                r.alias,
                program
            ],
        )
        .await
        .map(drop)
    }

    /// A revision that was only added to say why it cannot serve.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn revision_failed(&mut self, id: &str, reason: &str) -> Result<()> {
        self.exec("UPDATE revisions SET state = 'failed', reason = $2 WHERE id = $1", args![id, reason]).await.map(drop)
    }

    /// Says how far a revision is. Times follow the state: serving since, retired since.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn revision_update(&mut self, id: &str, to: &RevisionChange<'_>) -> Result<()> {
        let now = self.now();
        let smoke = to.smoke.map(serde_json::to_string).transpose()?;
        self.exec(
            "UPDATE revisions SET reason = $3, smoke_json = COALESCE($4, smoke_json), attempts = $5,
             serving_at = CASE WHEN $2 = 'serving' AND state <> 'serving' THEN $6 ELSE serving_at END,
             retired_at = CASE WHEN $2 <> 'retired' THEN NULL WHEN state <> 'retired' THEN $6 ELSE retired_at END,
             state = $2 WHERE id = $1",
            args![id, word(to.state), to.reason, smoke, to.attempts, now],
        )
        .await
        .map(drop)
    }
}
