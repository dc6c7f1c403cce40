//! Runs: MLflow's, whether Slipway executes them or somebody else does. Metrics, parameters, tags and inputs have files of their own.

use super::{Store, Tx, experiments::ExperimentRow, list, run_tags::chunk};
use crate::{
    args,
    error::{Error, Result},
    records::run::{Lifecycle, RunStatus},
};
use app::api::State;

/// A run.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct RunRow {
    /// Internal key.
    pub key: i64,
    /// Id.
    pub id: String,
    /// The team it belongs to.
    pub team_id: String,
    /// Internal key of the experiment.
    pub experiment_key: i64,
    /// Id of the experiment.
    pub experiment_id: String,
    /// Name of the experiment.
    pub experiment: String,
    /// Name.
    pub name: String,
    /// Who made it; MLflow's `user_id`.
    pub user_name: String,
    /// As in events: a user, or the workload whose token made it.
    pub created_by: String,
    /// MLflow's status.
    pub status: String,
    /// Slipway's state.
    pub state: String,
    /// Why it waits or failed.
    pub reason: Option<String>,
    /// 1 where Slipway executes it.
    pub submitted: i64,
    /// Where its artifacts lie.
    pub artifact_uri: String,
    /// Milliseconds since 1970.
    pub started_at: i64,
    /// Milliseconds since 1970.
    pub ended_at: Option<i64>,
    /// `active` or `deleted`.
    pub lifecycle: String,
    /// Counts up with each change of the run itself (not with metrics, parameters, tags).
    pub revision: i64,
    /// Milliseconds since 1970.
    pub created_at: i64,
}

impl RunRow {
    /// Whether it is there, not deleted.
    pub fn is_active(&self) -> bool {
        self.lifecycle == Lifecycle::Active.as_str()
    }

    /// The state; a word of a newer Slipway counts as failed.
    pub fn state(&self) -> State {
        self.state.parse().unwrap_or(State::Failed)
    }
}

/// A run to insert.
#[derive(Debug, Clone)]
pub struct NewRunRow<'a> {
    /// Id.
    pub id: &'a str,
    /// The experiment, which has to be active.
    pub experiment: &'a ExperimentRow,
    /// Name.
    pub name: &'a str,
    /// Who makes it.
    pub user_name: &'a str,
    /// As in events: a user, or the workload whose token makes it.
    pub created_by: &'a str,
    /// The state it begins in; MLflow's status follows.
    pub state: State,
    /// Why it waits.
    pub reason: Option<&'a str>,
    /// Whether Slipway executes it.
    pub submitted: bool,
    /// Milliseconds since 1970; for a queued one the time of its submission.
    pub started_at: i64,
}

impl NewRunRow<'_> {
    fn row(&self, key: i64, now: i64) -> RunRow {
        RunRow {
            key,
            id: self.id.into(),
            team_id: self.experiment.team_id.clone(),
            experiment_key: self.experiment.key,
            experiment_id: self.experiment.id.clone(),
            experiment: self.experiment.name.clone(),
            name: self.name.into(),
            user_name: self.user_name.into(),
            created_by: self.created_by.into(),
            status: RunStatus::of(self.state).as_str().into(),
            state: self.state.as_str().into(),
            reason: self.reason.map(Into::into),
            submitted: i64::from(self.submitted),
            artifact_uri: format!("{}/{}/artifacts", self.experiment.artifact_location.trim_end_matches('/'), self.id),
            started_at: self.started_at,
            ended_at: None,
            lifecycle: Lifecycle::Active.as_str().into(),
            revision: 1,
            created_at: now,
        }
    }
}

/// What a client may change of a run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RunChange<'a> {
    /// MLflow's status.
    pub status: Option<RunStatus>,
    /// Milliseconds since 1970.
    pub ended_at: Option<i64>,
    /// Name.
    pub name: Option<&'a str>,
}

/// Columns of [`RunRow`], of tables called `r` (runs) and `e` (experiments).
macro_rules! run_columns {
    () => {
        "r.key, r.id, r.team_id, r.experiment_key, e.id AS experiment_id, e.name AS experiment, r.name, r.user_name, r.created_by, r.status, r.state, \
         r.reason, r.submitted, r.artifact_uri, r.started_at, r.ended_at, r.lifecycle, r.revision, r.created_at"
    };
}

pub(super) use run_columns;

const ONE: &str =
    concat!("SELECT ", run_columns!(), " FROM runs r JOIN experiments e ON e.key = r.experiment_key WHERE r.id = $2 AND r.team_id = $1");

impl Store {
    /// The run of this id in this team, deleted or not.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn run(&self, team_id: &str, id: &str) -> Result<Option<RunRow>> {
        self.opt(ONE, args![team_id, id]).await
    }

    /// Those of `ids` that are in this team, in no order.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn runs_of(&self, team_id: &str, ids: &[String]) -> Result<Vec<RunRow>> {
        let sql = concat!(
            "SELECT ",
            run_columns!(),
            " FROM runs r JOIN experiments e ON e.key = r.experiment_key WHERE r.team_id = $1 AND r.id IN (@TEXTS($2))"
        );
        self.all(list::sql(self.db(), sql), args![team_id, list::texts(ids)]).await
    }
}

impl Tx {
    /// The run of this id in this team, as this transaction sees it.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn run(&mut self, team_id: &str, id: &str) -> Result<Option<RunRow>> {
        self.opt(ONE, args![team_id, id]).await
    }

    /// Runs by id, of whatever team: the caller looks at that.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn runs_by_id(&mut self, ids: &[&str]) -> Result<Vec<RunRow>> {
        let sql =
            concat!("SELECT ", run_columns!(), " FROM runs r JOIN experiments e ON e.key = r.experiment_key WHERE r.id IN (@TEXTS($1))");
        let sql = self.list_sql(sql);
        self.all(sql, args![list::texts(ids)]).await
    }

    /// Changes the name of a run.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn run_rename(&mut self, key: i64, name: &str) -> Result<()> {
        self.exec("UPDATE runs SET name = $2, revision = revision + 1 WHERE key = $1", args![key, name]).await.map(drop)
    }

    /// Inserts a run. Its tags and parameters are the caller's to add, in the same transaction.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn run_insert(&mut self, new: &NewRunRow<'_>) -> Result<RunRow> {
        self.runs_insert(std::slice::from_ref(new)).await?.pop().ok_or_else(|| Error::internal("the run just inserted"))
    }

    /// Inserts runs; as they are then, in the same order.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn runs_insert(&mut self, all: &[NewRunRow<'_>]) -> Result<Vec<RunRow>> {
        const INSERT: &str =
            "INSERT INTO runs (key, id, team_id, experiment_key, name, user_name, created_by, status, state, reason, submitted,
            artifact_uri, started_at, lifecycle, revision, created_at)";
        if all.is_empty() {
            return Ok(Vec::new());
        }
        let (first, now) = (self.next_many("runs", all.len() as i64).await?, self.now());
        let rows: Vec<RunRow> = (first..).zip(all).map(|(key, new)| new.row(key, now)).collect();
        let mut rest = rows.as_slice();
        while !rest.is_empty() {
            let (some, later) = rest.split_at(chunk(rest.len()));
            let row = |r: &RunRow| {
                args![
                    r.key,
                    &r.id,
                    &r.team_id,
                    r.experiment_key,
                    &r.name,
                    &r.user_name,
                    &r.created_by,
                    &r.status,
                    &r.state,
                    r.reason.as_deref(),
                    r.submitted,
                    &r.artifact_uri,
                    r.started_at,
                    &r.lifecycle,
                    r.revision,
                    r.created_at
                ]
            };
            let sql = self.values_sql(INSERT, 16, some.len(), "");
            self.exec(sql, some.iter().flat_map(row).collect()).await?;
            rest = later;
        }
        Ok(rows)
    }

    /// Moves runs that Slipway executes to a state in which there is nothing to say, as [`Tx::run_set_state`] moves one.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn runs_set_state(&mut self, keys: &[i64], state: State) -> Result<()> {
        let now = self.now();
        let ended_at = state.is_final().then_some(now);
        let sql = self.list_sql(
            "UPDATE runs SET state = $2, status = $3, reason = NULL, ended_at = $4, revision = revision + 1,
                    started_at = CASE WHEN $2 = 'running' AND started_at = created_at THEN $5 ELSE started_at END
             WHERE key IN (@INTS($1))",
        );
        self.exec(sql, args![list::ints(keys), state.as_str(), RunStatus::of(state).as_str(), ended_at, now]).await.map(drop)
    }

    /// When runs began that Slipway executes and whose end was seen before anybody saw them run: keys and times. What has a start keeps it.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn runs_began(&mut self, began: &[(i64, i64)]) -> Result<()> {
        const BEGAN: &str = "WITH began (key, started_at) AS (";
        const START: &str = ") UPDATE runs SET started_at = b.started_at, revision = revision + 1
             FROM began b WHERE runs.key = b.key AND runs.started_at = runs.created_at";
        let mut rest = began;
        while !rest.is_empty() {
            let (some, later) = rest.split_at(chunk(rest.len()));
            let sql = self.values_sql(BEGAN, 2, some.len(), START);
            self.exec(sql, some.iter().flat_map(|(key, at)| args![*key, *at]).collect()).await?;
            rest = later;
        }
        Ok(())
    }

    /// Moves a run that Slipway executes to a state: MLflow's status follows, a first `running` is its start, a final state its end.
    /// The revision after; `None` where there is no such run.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn run_set_state(&mut self, key: i64, state: State, reason: Option<&str>) -> Result<Option<i64>> {
        let now = self.now();
        let ended_at = state.is_final().then_some(now);
        let row: Option<(i64,)> = self
            .opt(
                "UPDATE runs SET state = $2, status = $3, reason = $4, ended_at = $5, revision = revision + 1,
                        started_at = CASE WHEN $2 = 'running' AND started_at = created_at THEN $6 ELSE started_at END
                 WHERE key = $1 RETURNING revision",
                args![key, state.as_str(), RunStatus::of(state).as_str(), reason, ended_at, now],
            )
            .await?;
        Ok(row.map(|r| r.0))
    }

    /// Changes what a client says of a run; the revision after. The state of a run that Slipway executes is not the client's to say.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn run_update(&mut self, row: &RunRow, change: &RunChange<'_>) -> Result<i64> {
        let status = change.status.map(RunStatus::as_str);
        let state = change.status.filter(|_| row.submitted == 0).map(|s| s.state().as_str());
        // Back at work: it has no end any more.
        let reopened = change.status.is_some_and(|s| !s.is_final());
        let out: Option<(i64,)> = self
            .opt(
                "UPDATE runs SET status = COALESCE($2, status), state = COALESCE($3, state), name = COALESCE($4, name),
                        ended_at = CASE WHEN $5 = 1 THEN $6 ELSE COALESCE($6, ended_at) END, revision = revision + 1
                 WHERE key = $1 RETURNING revision",
                args![row.key, status, state, change.name, reopened, change.ended_at],
            )
            .await?;
        Ok(out.map_or(row.revision, |r| r.0))
    }

    /// Deletes or restores a run; the revision after. Nothing where it is to be restored, and its files were freed.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn run_set_lifecycle(&mut self, key: i64, lifecycle: Lifecycle) -> Result<Option<i64>> {
        self.runs_move();
        let deleted_at = (lifecycle == Lifecycle::Deleted).then_some(self.now());
        let out: Option<(i64,)> = self
            .opt(
                "UPDATE runs SET lifecycle = $2, deleted_at = $3, revision = revision + 1
                 WHERE key = $1 AND ($2 = 'deleted' OR freed_at IS NULL) RETURNING revision",
                args![key, lifecycle.as_str(), deleted_at],
            )
            .await?;
        Ok(out.map(|r| r.0))
    }
}
