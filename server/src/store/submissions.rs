//! Submissions: how Slipway executes a run. Its state is in the run's own row ([`super::runs`]), so that lists need no join.

use super::{Store, Tx};
use crate::{args, error::Result};
use app::api::{State, resources::Resources};

/// A submission, with what the run's row and its environment say.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
#[expect(missing_docs, reason = "the columns of the table, described in the migration")]
pub struct SubmissionRow {
    pub run_id: String,
    pub run_key: i64,
    pub team_id: String,
    pub user_id: String,
    /// Name of the run.
    pub name: String,
    /// State of the run.
    pub state: String,
    /// Why it waits or failed.
    pub reason: Option<String>,
    /// Id of the experiment.
    pub experiment_id: String,
    pub command: String,
    pub request: String,
    pub environment_version_id: String,
    /// Name of the environment.
    pub environment: String,
    pub environment_version: i64,
    pub cpu_millis: i64,
    pub memory_bytes: i64,
    pub gpus: i64,
    pub nodes: i64,
    pub code: Option<String>,
    pub env: String,
    pub secrets: String,
    pub attempt: i64,
    pub max_attempts: i64,
    pub timeout_seconds: Option<i64>,
    pub retry_of: Option<String>,
    pub retry_at: Option<i64>,
    pub workload_id: Option<String>,
    pub exit_code: Option<i64>,
    pub cancelled_by: Option<String>,
    pub queued_at: i64,
    pub running_at: Option<i64>,
    pub live: i64,
    pub revision: i64,
}

impl SubmissionRow {
    /// What each node of an attempt holds.
    pub const fn resources(&self) -> Resources {
        Resources { cpu_millis: self.cpu_millis, memory_bytes: self.memory_bytes, gpus: self.gpus }
    }

    /// The state; a word of a newer Slipway counts as failed.
    pub fn state(&self) -> State {
        self.state.parse().unwrap_or(State::Failed)
    }
}

/// A submission to insert.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "the columns of the table")]
pub struct NewSubmissionRow<'a> {
    pub run_id: &'a str,
    pub run_key: i64,
    pub team_id: &'a str,
    pub user_id: &'a str,
    pub command: &'a str,
    pub request: &'a str,
    pub environment_version_id: &'a str,
    pub resources: Resources,
    pub nodes: i64,
    pub code: Option<&'a str>,
    pub env: &'a str,
    pub secrets: &'a str,
    pub max_attempts: i64,
    pub timeout_seconds: Option<i64>,
    pub retry_of: Option<&'a str>,
}

/// What a step changes of a submission. What is `None` stays.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SubmissionChange<'a> {
    /// The attempt that begins, and its workload.
    pub begin: Option<(i64, &'a str)>,
    /// The workload has ended and was noted.
    pub drop_workload: bool,
    /// When the next attempt may begin.
    pub retry_at: Option<i64>,
    /// When the process began to run; the first time counts.
    pub running_at: Option<i64>,
    /// Exit code of the attempt that ended.
    pub exit_code: Option<i64>,
    /// Nothing more happens.
    pub over: bool,
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT s.run_id, s.run_key, s.team_id, s.user_id, r.name, r.state, r.reason, x.id AS experiment_id, s.command, s.request,
                    s.environment_version_id, e.name AS environment, v.version AS environment_version, s.cpu_millis, s.memory_bytes,
                    s.gpus, s.nodes, s.code, s.env, s.secrets, s.attempt, s.max_attempts, s.timeout_seconds, s.retry_of, s.retry_at,
                    s.workload_id, s.exit_code, s.cancelled_by, s.queued_at, s.running_at, s.live, s.revision
             FROM submissions s JOIN runs r ON r.key = s.run_key JOIN experiments x ON x.key = r.experiment_key
             JOIN environment_versions v ON v.id = s.environment_version_id JOIN environments e ON e.id = v.environment_id ",
            $rest
        )
    };
}

impl Store {
    /// The submission of a run of this team.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn submission(&self, team_id: &str, run_id: &str) -> Result<Option<SubmissionRow>> {
        self.opt(select!("WHERE s.run_id = $2 AND s.team_id = $1"), args![team_id, run_id]).await
    }

    /// The submission of a run, for who acts for Slipway itself.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn submission_any(&self, run_id: &str) -> Result<Option<SubmissionRow>> {
        self.opt(select!("WHERE s.run_id = $1"), args![run_id]).await
    }

    /// Submissions that have not ended, oldest first.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn submissions_live(&self) -> Result<Vec<SubmissionRow>> {
        self.all(select!("WHERE s.live = 1 ORDER BY s.queued_at, s.run_id LIMIT 5000"), vec![]).await
    }

    /// Size in bytes of an upload of code, where this team has it.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn code_upload(&self, team_id: &str, digest: &str) -> Result<Option<i64>> {
        let row: Option<(i64,)> =
            self.opt("SELECT size_bytes FROM code_uploads WHERE team_id = $1 AND digest = $2", args![team_id, digest]).await?;
        Ok(row.map(|r| r.0))
    }
}

impl Tx {
    /// Inserts a submission; its run is there already.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn submission_insert(&mut self, new: &NewSubmissionRow<'_>) -> Result<()> {
        let now = self.now();
        self.exec(
            "INSERT INTO submissions (run_id, run_key, team_id, user_id, command, request, environment_version_id, cpu_millis, memory_bytes,
                                      gpus, code, env, secrets, attempt, max_attempts, timeout_seconds, retry_of, queued_at, live, revision, nodes)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, 0, $14, $15, $16, $17, 1, 1, $18)",
            args![
                new.run_id,
                new.run_key,
                new.team_id,
                new.user_id,
                new.command,
                new.request,
                new.environment_version_id,
                new.resources.cpu_millis,
                new.resources.memory_bytes,
                new.resources.gpus,
                new.code,
                new.env,
                new.secrets,
                new.max_attempts,
                new.timeout_seconds,
                new.retry_of,
                now,
                new.nodes
            ],
        )
        .await
        .map(drop)
    }

    /// Changes a submission where `revision` is the one that was seen; whether it was.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn submission_change(&mut self, run_id: &str, revision: i64, change: &SubmissionChange<'_>) -> Result<bool> {
        let (attempt, workload) = change.begin.unzip();
        let n = self
            .exec(
                "UPDATE submissions SET attempt = COALESCE($3, attempt),
                        workload_id = CASE WHEN $4 IS NOT NULL THEN $4 WHEN $5 = 1 THEN NULL ELSE workload_id END,
                        retry_at = CASE WHEN $4 IS NOT NULL THEN NULL ELSE COALESCE($6, retry_at) END,
                        running_at = COALESCE(running_at, $7), exit_code = CASE WHEN $5 = 1 THEN $8 ELSE exit_code END,
                        live = CASE WHEN $9 = 1 THEN 0 ELSE live END, revision = revision + 1
                 WHERE run_id = $1 AND revision = $2",
                args![
                    run_id,
                    revision,
                    attempt,
                    workload,
                    change.drop_workload,
                    change.retry_at,
                    change.running_at,
                    change.exit_code,
                    change.over
                ],
            )
            .await?;
        Ok(n == 1)
    }

    /// Remembers who asked a submission to end, where it is live and nobody did before; its revision after.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn submission_cancel(&mut self, team_id: &str, run_id: &str, by: &str) -> Result<Option<i64>> {
        let row: Option<(i64,)> = self
            .opt(
                "UPDATE submissions SET cancelled_by = $3, revision = revision + 1
                 WHERE team_id = $1 AND run_id = $2 AND live = 1 AND cancelled_by IS NULL RETURNING revision",
                args![team_id, run_id, by],
            )
            .await?;
        Ok(row.map(|r| r.0))
    }

    /// The submission of a run, as this transaction sees it.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn submission(&mut self, team_id: &str, run_id: &str) -> Result<Option<SubmissionRow>> {
        self.opt(select!("WHERE s.run_id = $2 AND s.team_id = $1"), args![team_id, run_id]).await
    }

    /// Remembers an upload of code; whether it is new.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn code_upload_insert(&mut self, team_id: &str, digest: &str, size: i64, by: &str) -> Result<bool> {
        let now = self.now();
        let n = self
            .exec(
                "INSERT INTO code_uploads (team_id, digest, size_bytes, uploaded_by, created_at) VALUES ($1, $2, $3, $4, $5)
                 ON CONFLICT (team_id, digest) DO NOTHING",
                args![team_id, digest, size, by, now],
            )
            .await?;
        Ok(n == 1)
    }
}
