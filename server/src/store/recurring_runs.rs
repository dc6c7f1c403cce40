//! Recurring runs. What they made are pipeline runs.

use super::{Arg, Store, Tx};
use crate::{args, error::Result};
use std::fmt::Write;

/// A recurring run.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
#[expect(missing_docs, reason = "the columns of the table; its migration says what they mean")]
pub struct RecurringRunRow {
    pub id: String,
    pub team_id: String,
    pub name: String,
    pub description: String,
    pub pipeline_id: Option<String>,
    pub pipeline: String,
    pub version_id: Option<String>,
    pub spec_digest: Option<String>,
    pub experiment_id: String,
    pub user_id: String,
    pub created_by: String,
    pub parameters: String,
    pub cache: i64,
    pub max_tasks: Option<i64>,
    pub cron: Option<String>,
    pub interval_s: Option<i64>,
    pub time_zone: String,
    pub start_at: Option<i64>,
    pub end_at: Option<i64>,
    pub anchor_at: i64,
    pub max_active: i64,
    pub overlap: String,
    pub catch_up: i64,
    pub enabled: i64,
    pub settled_at: i64,
    pub next_at: Option<i64>,
    pub runs: i64,
    pub problem: Option<String>,
    pub problem_at: Option<i64>,
    pub revision: i64,
    pub created_at: i64,
    pub updated_at: i64,
}

/// A recurring run to insert. Times, revision and what it made so far are the database's to say.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "the columns of the table")]
pub struct NewRecurringRunRow<'a> {
    pub id: &'a str,
    pub team_id: &'a str,
    pub pipeline_id: Option<&'a str>,
    pub pipeline: &'a str,
    pub spec_digest: Option<&'a str>,
    pub experiment_id: &'a str,
    pub user_id: &'a str,
    pub created_by: &'a str,
    pub max_tasks: Option<i64>,
    pub enabled: bool,
    pub what: RecurringRunSet<'a>,
}

/// What may be changed of a recurring run.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "the columns of the table")]
pub struct RecurringRunSet<'a> {
    pub name: &'a str,
    pub description: &'a str,
    pub version_id: Option<&'a str>,
    pub parameters: &'a str,
    pub cache: bool,
    pub cron: Option<&'a str>,
    pub interval_s: Option<i64>,
    pub time_zone: &'a str,
    pub start_at: Option<i64>,
    pub end_at: Option<i64>,
    pub anchor_at: i64,
    pub max_active: i64,
    pub overlap: &'a str,
    pub catch_up: bool,
    pub settled_at: i64,
    pub next_at: Option<i64>,
}

impl RecurringRunSet<'_> {
    fn args(&self) -> Vec<Arg> {
        args![
            self.name,
            self.description,
            self.version_id,
            self.parameters,
            self.cache,
            self.cron,
            self.interval_s,
            self.time_zone,
            self.start_at,
            self.end_at,
            self.anchor_at,
            self.max_active,
            self.overlap,
            self.catch_up,
            self.settled_at,
            self.next_at
        ]
    }
}

/// A statement that sets what may be changed of a recurring run, in the order of [`RecurringRunSet::args`].
macro_rules! set {
    ($before:literal, $between:literal, $after:literal) => {
        concat!(
            $before,
            "name, description, version_id, parameters, cache, cron, interval_s, time_zone, start_at, end_at, anchor_at, max_active, overlap,
             catch_up, settled_at, next_at",
            $between,
            "$1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16",
            $after
        )
    };
}

/// How far a recurring run is after a look.
#[derive(Debug, Clone)]
pub struct RecurringRunStep<'a> {
    /// Times up to this one are settled.
    pub settled_at: i64,
    /// The first time after that.
    pub next_at: Option<i64>,
    /// How many runs were made with it.
    pub made: i64,
    /// Why none was made, or some times were passed over.
    pub problem: Option<&'a str>,
}

pub(super) const COLUMNS: &str = "SELECT id, team_id, name, description, pipeline_id, pipeline, version_id, spec_digest, experiment_id,
    user_id, created_by, parameters, cache, max_tasks, cron, interval_s, time_zone, start_at, end_at, anchor_at, max_active, overlap,
    catch_up, enabled, settled_at, next_at, runs, problem, problem_at, revision, created_at, updated_at FROM recurring_runs";

fn select(rest: &str) -> sqlx::AssertSqlSafe<String> {
    sqlx::AssertSqlSafe(format!("{COLUMNS} {rest}"))
}

impl Store {
    /// A recurring run of a team.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn recurring_run(&self, team_id: &str, id: &str) -> Result<Option<RecurringRunRow>> {
        self.opt(select("WHERE team_id = $1 AND id = $2"), args![team_id, id]).await
    }

    /// Recurring runs of a team, or of one of its pipelines, newest first; those before one, where it is named.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn recurring_run_list(
        &self,
        team_id: &str,
        pipeline_id: Option<&str>,
        before: Option<&str>,
        limit: i64,
    ) -> Result<Vec<RecurringRunRow>> {
        let (mut sql, mut args) = ("WHERE team_id = $1".to_owned(), args![team_id]);
        for (condition, value) in [("pipeline_id =", pipeline_id), ("id <", before)] {
            if let Some(value) = value {
                args.push(value.into());
                let _ = write!(sql, " AND {condition} ${}", args.len());
            }
        }
        args.push(limit.into());
        let _ = write!(sql, " ORDER BY id DESC LIMIT ${}", args.len());
        self.all(select(&sql), args).await
    }

    /// Recurring runs whose time has come, those that wait longest first.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn recurring_runs_due(&self, now: i64, limit: i64) -> Result<Vec<RecurringRunRow>> {
        self.all(select("WHERE next_at <= $1 ORDER BY next_at LIMIT $2"), args![now, limit]).await
    }

    /// How many of its runs are under way.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn recurring_run_active(&self, id: &str) -> Result<i64> {
        Ok(self.opt::<(i64,)>(ACTIVE, args![id]).await?.map_or(0, |r| r.0))
    }
}

/// How many runs of a recurring run are under way.
const ACTIVE: &str = "SELECT COUNT(*) FROM pipeline_runs WHERE live = 1 AND recurring_run_id = $1";

impl Tx {
    /// A recurring run of a team, as this transaction sees it.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn recurring_run(&mut self, team_id: &str, id: &str) -> Result<Option<RecurringRunRow>> {
        self.opt(select("WHERE team_id = $1 AND id = $2"), args![team_id, id]).await
    }

    /// How many of its runs are under way.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn recurring_run_active(&mut self, id: &str) -> Result<i64> {
        Ok(self.opt::<(i64,)>(ACTIVE, args![id]).await?.map_or(0, |r| r.0))
    }

    /// Inserts a recurring run.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn recurring_run_insert(&mut self, new: &NewRecurringRunRow<'_>) -> Result<()> {
        let sql = set!(
            "INSERT INTO recurring_runs (",
            ", id, team_id, pipeline_id, pipeline, spec_digest, experiment_id, user_id, created_by, max_tasks, enabled, runs, revision,
             created_at, updated_at) VALUES (",
            ", $17, $18, $19, $20, $21, $22, $23, $24, $25, $26, 0, 1, $27, $27)"
        );
        let mut all = new.what.args();
        all.extend(args![
            new.id,
            new.team_id,
            new.pipeline_id,
            new.pipeline,
            new.spec_digest,
            new.experiment_id,
            new.user_id,
            new.created_by,
            new.max_tasks,
            new.enabled,
            self.now()
        ]);
        self.exec(sql, all).await.map(drop)
    }

    /// Changes a recurring run that is as it was seen; whether it was.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn recurring_run_set(&mut self, seen: &RecurringRunRow, what: &RecurringRunSet<'_>) -> Result<bool> {
        let sql = set!(
            "UPDATE recurring_runs SET (",
            ") = (",
            "), problem = NULL, problem_at = NULL, revision = revision + 1, updated_at = $20 WHERE id = $17 AND revision = $18 AND settled_at = $19"
        );
        let mut all = what.args();
        all.extend(args![&seen.id, seen.revision, seen.settled_at, self.now()]);
        Ok(self.exec(sql, all).await? == 1)
    }

    /// Switches a recurring run that is as it was seen on or off; whether it was.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn recurring_run_enable(&mut self, seen: &RecurringRunRow, enabled: bool, next_at: Option<i64>) -> Result<bool> {
        let now = self.now();
        let sql = "UPDATE recurring_runs SET enabled = $4, next_at = $5, revision = revision + 1, updated_at = $6
                   WHERE id = $1 AND revision = $2 AND settled_at = $3";
        Ok(self.exec(sql, args![&seen.id, seen.revision, seen.settled_at, enabled, next_at, now]).await? == 1)
    }

    /// Writes down how far a recurring run is that is as it was seen; whether it was. Its revision is what people see of it, and stays.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn recurring_run_step(&mut self, seen: &RecurringRunRow, step: &RecurringRunStep<'_>) -> Result<bool> {
        let now = self.now();
        let n = self
            .exec(
                "UPDATE recurring_runs SET settled_at = $4, next_at = $5, runs = runs + $6, problem = $7,
                        problem_at = CASE WHEN $8 = 1 THEN $9 ELSE NULL END
                 WHERE id = $1 AND revision = $2 AND settled_at = $3",
                args![
                    &seen.id,
                    seen.revision,
                    seen.settled_at,
                    step.settled_at,
                    step.next_at,
                    step.made,
                    step.problem,
                    step.problem.is_some(),
                    now
                ],
            )
            .await?;
        Ok(n == 1)
    }

    /// Counts a run that was asked for out of turn; how many there were before.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn recurring_run_count_one(&mut self, team_id: &str, id: &str) -> Result<Option<i64>> {
        let sql = "UPDATE recurring_runs SET runs = runs + 1 WHERE team_id = $1 AND id = $2 RETURNING runs - 1";
        Ok(self.opt::<(i64,)>(sql, args![team_id, id]).await?.map(|r| r.0))
    }

    /// Deletes a recurring run; whether it was there. What it made stays.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn recurring_run_delete(&mut self, team_id: &str, id: &str) -> Result<bool> {
        Ok(self.exec("DELETE FROM recurring_runs WHERE team_id = $1 AND id = $2", args![team_id, id]).await? == 1)
    }
}
