//! Pipeline runs. Their tasks are in [`super::tasks`].

use super::{Store, Tx};
use crate::{args, error::Result};
use app::api::State;
use std::fmt::Write;

/// A pipeline run.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
#[expect(missing_docs, reason = "the columns of the table; its migration says what they mean")]
pub struct PipelineRunRow {
    pub id: String,
    pub team_id: String,
    pub name: String,
    pub description: String,
    pub pipeline_id: Option<String>,
    pub pipeline: String,
    pub version_id: Option<String>,
    pub recurring_run_id: Option<String>,
    pub scheduled_at: Option<i64>,
    pub spec_digest: String,
    pub run_id: String,
    pub run_key: i64,
    pub experiment_id: String,
    pub user_id: String,
    pub created_by: String,
    pub parameters: String,
    pub cache: i64,
    pub max_tasks: Option<i64>,
    #[sqlx(rename = "state")]
    pub state_text: String,
    pub reason: Option<String>,
    pub cancelled_by: Option<String>,
    pub exits_cancelled_by: Option<String>,
    pub outputs: Option<String>,
    pub archived: i64,
    pub tasks: i64,
    pub tasks_ended: i64,
    pub live: i64,
    pub revision: i64,
    pub created_at: i64,
    pub started_at: Option<i64>,
    pub resumed_at: Option<i64>,
    pub ended_at: Option<i64>,
}

impl PipelineRunRow {
    /// Its state; a word nobody knows counts as failed.
    pub fn state(&self) -> State {
        self.state_text.parse().unwrap_or(State::Failed)
    }

    /// Who asked it to end, in a sentence; nothing where nobody did.
    pub fn asked_to_end(&self) -> Option<String> {
        let by = self.cancelled_by.as_ref()?;
        Some(match &self.exits_cancelled_by {
            Some(also) => format!("Cancelled by {by}, exit tasks by {also}."),
            None => format!("Cancelled by {by}."),
        })
    }
}

/// A run of MLflow that was deleted with its pipeline run.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct DeletedRunRow {
    /// Id.
    pub id: String,
    /// Name.
    pub name: String,
    /// Revision after it.
    pub revision: i64,
}

/// A pipeline run to insert; it begins queued.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "the columns of the table")]
pub struct NewPipelineRunRow<'a> {
    pub id: &'a str,
    pub team_id: &'a str,
    pub name: &'a str,
    pub description: &'a str,
    pub pipeline_id: Option<&'a str>,
    pub pipeline: &'a str,
    pub version_id: Option<&'a str>,
    pub recurring_run_id: Option<&'a str>,
    pub scheduled_at: Option<i64>,
    pub spec_digest: &'a str,
    pub run_id: &'a str,
    pub run_key: i64,
    pub experiment_id: &'a str,
    pub user_id: &'a str,
    pub created_by: &'a str,
    pub parameters: &'a str,
    pub cache: bool,
    pub max_tasks: Option<i64>,
}

/// Which pipeline runs of a team.
#[derive(Debug, Clone, Default)]
pub struct PipelineRunFilter<'a> {
    /// Of this pipeline.
    pub pipeline_id: Option<&'a str>,
    /// Made by this recurring run.
    pub recurring_run_id: Option<&'a str>,
    /// In this experiment.
    pub experiment_id: Option<&'a str>,
    /// Those put away, instead of those that are not.
    pub archived: bool,
    /// In this state.
    pub state: Option<State>,
}

/// What a look changes of a pipeline run.
#[derive(Debug, Clone)]
pub struct PipelineRunChange<'a> {
    /// The state after it.
    pub state: State,
    /// Why it is so.
    pub reason: Option<&'a str>,
    /// How many tasks there are to run so far.
    pub tasks: i64,
    /// How many of these have ended.
    pub tasks_ended: i64,
    /// What came out of it, JSON; at its end.
    pub outputs: Option<&'a str>,
}

pub(super) const COLUMNS: &str =
    "SELECT id, team_id, name, description, pipeline_id, pipeline, version_id, recurring_run_id, scheduled_at, spec_digest,
    run_id, run_key, experiment_id, user_id, created_by, parameters, cache, max_tasks, state, reason, cancelled_by, exits_cancelled_by, outputs, archived, tasks, tasks_ended, live, revision, created_at,
    started_at, resumed_at, ended_at FROM pipeline_runs";

fn select(rest: &str) -> sqlx::AssertSqlSafe<String> {
    sqlx::AssertSqlSafe(format!("{COLUMNS} {rest}"))
}

impl Store {
    /// A pipeline run of a team.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn pipeline_run(&self, team_id: &str, id: &str) -> Result<Option<PipelineRunRow>> {
        self.opt(select("WHERE team_id = $1 AND id = $2"), args![team_id, id]).await
    }

    /// A pipeline run, for who acts for Slipway itself.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn pipeline_run_any(&self, id: &str) -> Result<Option<PipelineRunRow>> {
        self.opt(select("WHERE id = $1"), args![id]).await
    }

    /// Pipeline runs that have not ended, oldest first.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn pipeline_runs_live(&self) -> Result<Vec<PipelineRunRow>> {
        self.all(select("WHERE live = 1 ORDER BY id LIMIT 5000"), args![]).await
    }

    /// How many pipeline runs of a team have not ended.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn pipeline_runs_active(&self, team_id: &str) -> Result<i64> {
        let sql = "SELECT COUNT(*) FROM pipeline_runs WHERE live = 1 AND team_id = $1";
        Ok(self.opt::<(i64,)>(sql, args![team_id]).await?.map_or(0, |r| r.0))
    }

    /// Pipeline runs of a team, newest first; those before one, where it is named.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn pipeline_run_list(
        &self,
        team_id: &str,
        filter: &PipelineRunFilter<'_>,
        before: Option<&str>,
        limit: i64,
    ) -> Result<Vec<PipelineRunRow>> {
        // A pipeline and a recurring run are of one team, and runs of an experiment are fewer than those in a state: what is no column as it
        // stands leads into no index.
        let of_one = filter.pipeline_id.is_some() || filter.recurring_run_id.is_some();
        let team = if of_one { "(team_id || '')" } else { "team_id" };
        let state = if filter.experiment_id.is_some() { "(state || '') =" } else { "state =" };
        let (mut sql, mut args) = (format!("WHERE {team} = $1 AND archived = $2"), args![team_id, filter.archived]);
        if let Some(wanted) = filter.state {
            // As a word of ours in the text: how many are in it is what PostgreSQL chooses the index by, also once it no longer looks at values.
            let _ = write!(sql, " AND {state} '{}'", wanted.as_str());
        }
        let conditions = [
            ("pipeline_id =", filter.pipeline_id),
            ("recurring_run_id =", filter.recurring_run_id),
            ("experiment_id =", filter.experiment_id),
            ("id <", before),
        ];
        for (condition, value) in conditions {
            if let Some(value) = value {
                args.push(value.into());
                let _ = write!(sql, " AND {condition} ${}", args.len());
            }
        }
        args.push(limit.into());
        let _ = write!(sql, " ORDER BY id DESC LIMIT ${}", args.len());
        self.all(select(&sql), args).await
    }
}

/// So many pipelines are asked about in one statement: SQLite takes no more than 500 parts in one.
const AT_ONCE: usize = 100;

impl Store {
    /// The last runs of each of these pipelines of a team, but for those put away: newest first, at most `most` of each.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn pipelines_recent(&self, team_id: &str, pipeline_ids: &[String], most: i64) -> Result<Vec<PipelineRunRow>> {
        let mut out = Vec::new();
        for ids in pipeline_ids.chunks(AT_ONCE) {
            let (mut sql, mut args) = (String::new(), args![team_id, most]);
            for id in ids {
                args.push(id.as_str().into());
                let also = if sql.is_empty() { "" } else { " UNION ALL " };
                let _ = write!(
                    sql,
                    "{also}SELECT * FROM ({COLUMNS} WHERE team_id = $1 AND pipeline_id = ${} AND archived = 0 ORDER BY id DESC LIMIT $2) r",
                    args.len()
                );
            }
            out.extend(self.all::<PipelineRunRow>(sqlx::AssertSqlSafe(sql), args).await?);
        }
        Ok(out)
    }
}

impl Tx {
    /// A pipeline run of a team, as this transaction sees it.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn pipeline_run(&mut self, team_id: &str, id: &str) -> Result<Option<PipelineRunRow>> {
        self.opt(select("WHERE team_id = $1 AND id = $2"), args![team_id, id]).await
    }

    /// Inserts a pipeline run.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn pipeline_run_insert(&mut self, new: &NewPipelineRunRow<'_>) -> Result<()> {
        let now = self.now();
        self.exec(
            "INSERT INTO pipeline_runs (id, team_id, name, description, pipeline_id, pipeline, version_id, spec_digest, run_id, run_key,
                 experiment_id, user_id, created_by, parameters, cache, max_tasks, state, archived, tasks, tasks_ended, live, revision,
                 created_at, recurring_run_id, scheduled_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, 'queued', 0, 0, 0, 1, 1, $17, $18, $19)",
            args![
                new.id,
                new.team_id,
                new.name,
                new.description,
                new.pipeline_id,
                new.pipeline,
                new.version_id,
                new.spec_digest,
                new.run_id,
                new.run_key,
                new.experiment_id,
                new.user_id,
                new.created_by,
                new.parameters,
                new.cache,
                new.max_tasks,
                now,
                new.recurring_run_id,
                new.scheduled_at
            ],
        )
        .await
        .map(drop)
    }

    /// Changes a pipeline run where `revision` is the one that was seen; whether it was. A final state is its end.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn pipeline_run_change(&mut self, id: &str, revision: i64, change: &PipelineRunChange<'_>) -> Result<bool> {
        let (now, over) = (self.now(), change.state.is_final());
        // Where everything was taken over, it ends at its first look.
        let started = change.state == State::Running || over && change.tasks > 0;
        let n = self
            .exec(
                "UPDATE pipeline_runs SET state = $3, reason = $4, tasks = $5, tasks_ended = $6, outputs = $10, revision = revision + 1,
                        started_at = CASE WHEN $7 = 1 THEN COALESCE(started_at, $8) ELSE started_at END,
                        ended_at = CASE WHEN $9 = 1 THEN $8 ELSE NULL END, live = CASE WHEN $9 = 1 THEN 0 ELSE 1 END
                 WHERE id = $1 AND revision = $2",
                args![
                    id,
                    revision,
                    change.state.as_str(),
                    change.reason,
                    change.tasks,
                    change.tasks_ended,
                    started,
                    now,
                    over,
                    change.outputs
                ],
            )
            .await?;
        Ok(n == 1)
    }

    /// Counts up the revision of a pipeline run that goes on, for whoever changes one of its tasks; none where it has ended or is to end.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn pipeline_run_touch(&mut self, team_id: &str, id: &str) -> Result<Option<i64>> {
        let row: Option<(i64,)> = self
            .opt(
                "UPDATE pipeline_runs SET revision = revision + 1
                 WHERE team_id = $1 AND id = $2 AND live = 1 AND cancelled_by IS NULL RETURNING revision",
                args![team_id, id],
            )
            .await?;
        Ok(row.map(|r| r.0))
    }

    /// Remembers who asked a pipeline run to end, where it is live and nobody did before: it is stopping from then on. Its revision after.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn pipeline_run_cancel(&mut self, team_id: &str, id: &str, by: &str) -> Result<Option<i64>> {
        let row: Option<(i64,)> = self
            .opt(
                "UPDATE pipeline_runs SET state = 'stopping', reason = NULL, cancelled_by = $3, revision = revision + 1
                 WHERE team_id = $1 AND id = $2 AND live = 1 AND cancelled_by IS NULL RETURNING revision",
                args![team_id, id, by],
            )
            .await?;
        Ok(row.map(|r| r.0))
    }

    /// Remembers who asked that the exit tasks of a pipeline run end as well, where it was asked to end and nobody did before; its revision
    /// after.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn pipeline_run_cancel_exits(&mut self, team_id: &str, id: &str, by: &str) -> Result<Option<i64>> {
        let row: Option<(i64,)> = self
            .opt(
                "UPDATE pipeline_runs SET exits_cancelled_by = $3, revision = revision + 1
                 WHERE team_id = $1 AND id = $2 AND live = 1 AND cancelled_by IS NOT NULL AND exits_cancelled_by IS NULL RETURNING revision",
                args![team_id, id, by],
            )
            .await?;
        Ok(row.map(|r| r.0))
    }

    /// A pipeline run that failed or was cancelled goes on, with all the time that its pipeline allows; its revision after.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn pipeline_run_reopen(&mut self, team_id: &str, id: &str) -> Result<Option<i64>> {
        let now = self.now();
        let row: Option<(i64,)> = self
            .opt(
                "UPDATE pipeline_runs SET state = 'running', reason = NULL, cancelled_by = NULL, exits_cancelled_by = NULL,
                        resumed_at = $3, ended_at = NULL, live = 1, revision = revision + 1
                 WHERE team_id = $1 AND id = $2 AND live = 0 AND state <> 'succeeded' RETURNING revision",
                args![team_id, id, now],
            )
            .await?;
        Ok(row.map(|r| r.0))
    }

    /// Puts a pipeline run away, or takes it back; its revision after.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn pipeline_run_archive(&mut self, team_id: &str, id: &str, archived: bool) -> Result<Option<i64>> {
        let row: Option<(i64,)> = self
            .opt(
                "UPDATE pipeline_runs SET archived = $3, revision = revision + 1 WHERE team_id = $1 AND id = $2 RETURNING revision",
                args![team_id, id, archived],
            )
            .await?;
        Ok(row.map(|r| r.0))
    }

    /// Puts away the pipeline runs of an experiment, which is put away.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn pipeline_runs_archive_of(&mut self, team_id: &str, experiment_id: &str) -> Result<()> {
        let sql =
            "UPDATE pipeline_runs SET archived = 1, revision = revision + 1 WHERE team_id = $1 AND experiment_id = $2 AND archived = 0";
        self.exec(sql, args![team_id, experiment_id]).await.map(drop)
    }

    /// Deletes the runs of MLflow of a pipeline run, as MLflow does: its own, those of its tasks, and those of tasks that were made again since.
    /// Those that were not deleted before.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn pipeline_run_runs_delete(&mut self, team_id: &str, id: &str) -> Result<Vec<DeletedRunRow>> {
        self.runs_move();
        let now = self.now();
        // Ids are fewer than the runs of a team: what is no column as it stands leads into no index. What somebody submitted is no task's, whatever
        // tag it has.
        self.all(
            "UPDATE runs SET lifecycle = 'deleted', deleted_at = $3, revision = revision + 1
             WHERE (team_id || '') = $1 AND (lifecycle || '') = 'active' AND id IN (
                 SELECT p.run_id FROM pipeline_runs p WHERE p.id = $2 AND p.team_id = $1
                 UNION SELECT t.run_id FROM tasks t WHERE t.pipeline_run_id = $2 AND t.run_id IS NOT NULL
                 UNION SELECT r.id FROM pipeline_runs p JOIN runs e ON e.key = p.run_key
                     JOIN run_tags g ON g.experiment_key = e.experiment_key AND g.key = 'slipway.pipeline_run'
                         AND substr(g.value, 1, 100) = p.id
                     JOIN runs r ON r.key = g.run_key
                     WHERE p.id = $2 AND p.team_id = $1 AND r.submitted = 1
                     AND NOT EXISTS (SELECT 1 FROM submissions s WHERE s.run_id = r.id))
             RETURNING id, name, revision",
            args![team_id, id, now],
        )
        .await
    }

    /// Deletes a pipeline run that has ended, with its tasks; whether it was there.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn pipeline_run_delete(&mut self, team_id: &str, id: &str) -> Result<bool> {
        let sql = "DELETE FROM taken_over WHERE task_id IN (SELECT t.id FROM tasks t JOIN pipeline_runs p ON p.id = t.pipeline_run_id
                       WHERE p.team_id = $1 AND p.id = $2 AND p.live = 0)";
        self.exec(sql, args![team_id, id]).await?;
        let sql = "DELETE FROM tasks WHERE team_id = $1 AND pipeline_run_id IN
                       (SELECT id FROM pipeline_runs WHERE team_id = $1 AND id = $2 AND live = 0)";
        self.exec(sql, args![team_id, id]).await?;
        let sql = "DELETE FROM pipeline_runs WHERE team_id = $1 AND id = $2 AND live = 0";
        Ok(self.exec(sql, args![team_id, id]).await? == 1)
    }
}
