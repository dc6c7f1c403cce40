//! Experiments: a name for runs that belong together. Each team has its Default, whose id is the id of the team (MLflow's `0`).

use super::{Store, Tx};
use crate::{args, error::Result, records::run::Lifecycle};

/// Name of the experiment that every team has.
pub const DEFAULT_NAME: &str = "Default";

/// An experiment.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct ExperimentRow {
    /// Internal key.
    pub key: i64,
    /// Id.
    pub id: String,
    /// The team it belongs to.
    pub team_id: String,
    /// Name in the team.
    pub name: String,
    /// URI under which its artifacts lie.
    pub artifact_location: String,
    /// `active` or `deleted`.
    pub lifecycle: String,
    /// Counts up with each change.
    pub revision: i64,
    /// Milliseconds since 1970.
    pub created_at: i64,
    /// Milliseconds since 1970.
    pub updated_at: i64,
}

impl ExperimentRow {
    /// Whether it is there, not deleted.
    pub fn is_active(&self) -> bool {
        self.lifecycle == Lifecycle::Active.as_str()
    }
}

/// A tag of an experiment.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct ExperimentTagRow {
    /// Whose.
    pub experiment_key: i64,
    /// Name.
    pub key: String,
    /// Value.
    pub value: String,
}

/// Columns of [`ExperimentRow`], of a table called `e`.
pub(super) const COLUMNS: &str = "e.key, e.id, e.team_id, e.name, e.artifact_location, e.lifecycle, e.revision, e.created_at, e.updated_at";

impl Store {
    /// The experiment of this id in this team, deleted or not.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn experiment(&self, team_id: &str, id: &str) -> Result<Option<ExperimentRow>> {
        self.opt(
            "SELECT key, id, team_id, name, artifact_location, lifecycle, revision, created_at, updated_at
             FROM experiments WHERE id = $2 AND team_id = $1",
            args![team_id, id],
        )
        .await
    }

    /// The experiment of this name in this team, deleted or not.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn experiment_by_name(&self, team_id: &str, name: &str) -> Result<Option<ExperimentRow>> {
        self.opt(
            "SELECT key, id, team_id, name, artifact_location, lifecycle, revision, created_at, updated_at
             FROM experiments WHERE team_id = $1 AND name = $2",
            args![team_id, name],
        )
        .await
    }

    /// Those of `ids` that are in this team.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn experiments_of(&self, team_id: &str, ids: &[String]) -> Result<Vec<ExperimentRow>> {
        let list = super::list::texts(ids);
        self.all(
            super::list::sql(self.db(), &format!("SELECT {COLUMNS} FROM experiments e WHERE e.team_id = $1 AND e.id IN (@TEXTS($2))")),
            args![team_id, list],
        )
        .await
    }

    /// Active experiments, last changed first, after the key of the page before.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn experiment_list(&self, team_id: &str, after: Option<(i64, String)>, limit: i64) -> Result<Vec<ExperimentRow>> {
        let (time, id) = after.unwrap_or((i64::MAX, String::new()));
        self.all(
            "SELECT key, id, team_id, name, artifact_location, lifecycle, revision, created_at, updated_at
             FROM experiments WHERE team_id = $1 AND lifecycle = 'active' AND updated_at <= $2 AND (updated_at < $2 OR id < $3)
             ORDER BY updated_at DESC, id DESC LIMIT $4",
            args![team_id, time, id, limit],
        )
        .await
    }

    /// Tags of these experiments.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn experiment_tags(&self, keys: &[i64]) -> Result<Vec<ExperimentTagRow>> {
        let list = super::list::ints(keys);
        self.all(
            super::list::sql(
                self.db(),
                "SELECT experiment_key, key, value FROM experiment_tags WHERE experiment_key IN (@INTS($1)) ORDER BY experiment_key, key",
            ),
            args![list],
        )
        .await
    }
}

impl Tx {
    /// Makes the Default experiment of a new team.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn experiment_insert_default(&mut self, team_id: &str) -> Result<()> {
        self.experiment_insert(team_id, team_id, DEFAULT_NAME, &default_location(team_id)).await.map(drop)
    }

    /// Makes an experiment.
    ///
    /// # Errors
    /// The name is taken, by an active or a deleted one.
    pub async fn experiment_insert(&mut self, team_id: &str, id: &str, name: &str, artifact_location: &str) -> Result<ExperimentRow> {
        let (key, now) = (self.next("experiments").await?, self.now());
        self.exec(
            "INSERT INTO experiments (key, id, team_id, name, artifact_location, lifecycle, revision, created_at, updated_at)
             VALUES ($1, $2, $3, $4, $5, 'active', 1, $6, $6)",
            args![key, id, team_id, name, artifact_location, now],
        )
        .await?;
        Ok(ExperimentRow {
            key,
            id: id.into(),
            team_id: team_id.into(),
            name: name.into(),
            artifact_location: artifact_location.into(),
            lifecycle: Lifecycle::Active.as_str().into(),
            revision: 1,
            created_at: now,
            updated_at: now,
        })
    }

    /// The experiment of this id in this team, as this transaction sees it.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn experiment(&mut self, team_id: &str, id: &str) -> Result<Option<ExperimentRow>> {
        self.opt(
            "SELECT key, id, team_id, name, artifact_location, lifecycle, revision, created_at, updated_at
             FROM experiments WHERE id = $2 AND team_id = $1",
            args![team_id, id],
        )
        .await
    }

    /// The experiment of this name in this team, as this transaction sees it.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn experiment_by_name(&mut self, team_id: &str, name: &str) -> Result<Option<ExperimentRow>> {
        self.opt(
            "SELECT key, id, team_id, name, artifact_location, lifecycle, revision, created_at, updated_at
             FROM experiments WHERE team_id = $1 AND name = $2",
            args![team_id, name],
        )
        .await
    }

    /// Renames an experiment; its revision after.
    ///
    /// # Errors
    /// The name is taken.
    pub async fn experiment_rename(&mut self, key: i64, name: &str) -> Result<i64> {
        let now = self.now();
        let row: Option<(i64,)> = self
            .opt(
                "UPDATE experiments SET name = $2, updated_at = $3, revision = revision + 1 WHERE key = $1 RETURNING revision",
                args![key, name, now],
            )
            .await?;
        Ok(row.map_or(0, |r| r.0))
    }

    /// Deletes or restores an experiment with all its runs, as MLflow does; its revision after. Runs whose files were freed stay deleted.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn experiment_set_lifecycle(&mut self, key: i64, lifecycle: Lifecycle) -> Result<i64> {
        self.runs_move();
        let now = self.now();
        let row: Option<(i64,)> = self
            .opt(
                "UPDATE experiments SET lifecycle = $2, updated_at = $3, revision = revision + 1 WHERE key = $1 RETURNING revision",
                args![key, lifecycle.as_str(), now],
            )
            .await?;
        let deleted_at = (lifecycle == Lifecycle::Deleted).then_some(now);
        self.exec(
            "UPDATE runs SET lifecycle = $2, deleted_at = $3, revision = revision + 1
             WHERE experiment_key = $1 AND lifecycle <> $2 AND ($2 = 'deleted' OR freed_at IS NULL)",
            args![key, lifecycle.as_str(), deleted_at],
        )
        .await?;
        Ok(row.map_or(0, |r| r.0))
    }

    /// Says that something of the experiment changed now.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn experiment_touch(&mut self, key: i64) -> Result<()> {
        let now = self.now();
        self.exec("UPDATE experiments SET updated_at = $2 WHERE key = $1 AND updated_at < $2", args![key, now]).await.map(drop)
    }

    /// Sets a tag of an experiment.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn experiment_tag_set(&mut self, experiment_key: i64, key: &str, value: &str) -> Result<()> {
        self.exec(
            "INSERT INTO experiment_tags (experiment_key, key, value) VALUES ($1, $2, $3)
             ON CONFLICT (experiment_key, key) DO UPDATE SET value = excluded.value",
            args![experiment_key, key, value],
        )
        .await
        .map(drop)
    }

    /// The value of a tag of an experiment.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn experiment_tag(&mut self, experiment_key: i64, key: &str) -> Result<Option<String>> {
        let row: Option<(String,)> =
            self.opt("SELECT value FROM experiment_tags WHERE experiment_key = $1 AND key = $2", args![experiment_key, key]).await?;
        Ok(row.map(|r| r.0))
    }

    /// Removes a tag of an experiment; whether it was there.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn experiment_tag_remove(&mut self, experiment_key: i64, key: &str) -> Result<bool> {
        let n = self.exec("DELETE FROM experiment_tags WHERE experiment_key = $1 AND key = $2", args![experiment_key, key]).await?;
        Ok(n > 0)
    }
}

/// Where the artifacts of an experiment lie unless its maker says otherwise.
pub fn default_location(experiment_id: &str) -> String {
    format!("mlflow-artifacts:/{experiment_id}")
}
