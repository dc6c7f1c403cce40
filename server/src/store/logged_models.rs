//! Logged models: what runs made, before anybody registers it.

use super::{Store, Tx, list};
use crate::{args, error::Result};
use std::collections::{BTreeMap, HashMap};

/// A logged model.
#[derive(Debug, Clone, PartialEq, sqlx::FromRow)]
pub struct LoggedModelRow {
    /// `m-` and 32 hex digits.
    pub id: String,
    /// Id of the experiment.
    pub experiment_id: String,
    /// The run that made it.
    pub source_run_id: Option<String>,
    /// Name it was logged as.
    pub name: String,
    /// Free text.
    pub model_type: Option<String>,
    /// `PENDING`, `READY`, `UPLOAD_FAILED`.
    pub status: String,
    /// More about the status.
    pub status_message: Option<String>,
    /// Where its files are.
    pub artifact_uri: String,
    /// Milliseconds since 1970.
    pub created_at: i64,
    /// Milliseconds since 1970.
    pub updated_at: i64,
    /// Milliseconds since 1970, where it was deleted.
    pub deleted_at: Option<i64>,
}

/// A logged model with what hangs on it.
#[derive(Debug, Clone, PartialEq)]
pub struct LoggedModelFull {
    /// Itself.
    pub row: LoggedModelRow,
    /// Tags.
    pub tags: BTreeMap<String, String>,
    /// Parameters.
    pub params: BTreeMap<String, String>,
    /// Metrics that runs logged for it, by name, time and step.
    pub metrics: Vec<ModelMetricRow>,
}

/// A metric of a logged model.
#[derive(Debug, Clone, PartialEq, sqlx::FromRow)]
pub struct ModelMetricRow {
    /// Id of the logged model.
    pub model_id: String,
    /// Name.
    pub key: String,
    /// The run that logged it.
    pub run_id: String,
    /// Step.
    pub step: i64,
    /// Milliseconds since 1970.
    pub time: i64,
    /// Value; 0 where it is not a number.
    pub value: f64,
    /// 1 where it is not a number.
    pub is_nan: i64,
    /// The dataset it was measured on.
    pub dataset_name: Option<String>,
    /// Digest of that dataset.
    pub dataset_digest: Option<String>,
}

/// A logged model to insert.
#[derive(Debug, Clone)]
pub struct NewLoggedModel<'a> {
    /// `m-` and 32 hex digits.
    pub id: &'a str,
    /// Id of the experiment.
    pub experiment_id: &'a str,
    /// The run that makes it.
    pub source_run_id: Option<&'a str>,
    /// Name.
    pub name: &'a str,
    /// Free text.
    pub model_type: Option<&'a str>,
    /// Where its files will be.
    pub artifact_uri: &'a str,
}

/// Columns of [`LoggedModelRow`], of a table called `l`.
macro_rules! columns {
    () => {
        "l.id, l.experiment_id, l.source_run_id, l.name, l.model_type, l.status, l.status_message, l.artifact_uri, l.created_at, l.updated_at, l.deleted_at"
    };
}
pub(super) const COLUMNS: &str = columns!();

const ONE: &str = concat!("SELECT ", columns!(), " FROM logged_models l WHERE l.team_id = $1 AND l.id = $2");

impl Store {
    /// A logged model, deleted or not.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn logged_model(&self, team_id: &str, id: &str) -> Result<Option<LoggedModelFull>> {
        let row: Option<LoggedModelRow> = self.opt(ONE, args![team_id, id]).await?;
        match row {
            Some(row) => Ok(self.logged_models_full(vec![row]).await?.pop()),
            None => Ok(None),
        }
    }

    /// Logged models that a run made, oldest first, without the deleted ones.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn logged_models_of_run(&self, team_id: &str, run_id: &str) -> Result<Vec<LoggedModelRow>> {
        self.all(
            concat!(
                "SELECT ",
                columns!(),
                " FROM logged_models l WHERE l.source_run_id = $2 AND l.team_id = $1 AND l.deleted_at IS NULL
                 ORDER BY l.created_at, l.id LIMIT 500"
            ),
            args![team_id, run_id],
        )
        .await
    }

    /// Adds tags, parameters and metrics, in few statements however many models there are.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn logged_models_full(&self, rows: Vec<LoggedModelRow>) -> Result<Vec<LoggedModelFull>> {
        let ids: Vec<&str> = rows.iter().map(|r| r.id.as_str()).collect();
        let mut tags = self.tags_of("logged_model_tags", "model_id", &ids).await?;
        let mut params = self.tags_of("logged_model_params", "model_id", &ids).await?;
        let mut metrics: HashMap<String, Vec<ModelMetricRow>> = HashMap::new();
        let sql = "SELECT model_id, key, run_id, step, time, value, is_nan, dataset_name, dataset_digest FROM logged_model_metrics
                   WHERE model_id IN (@TEXTS($1)) ORDER BY model_id, key, time, step";
        for row in self.all::<ModelMetricRow>(list::sql(self.db(), sql), args![list::texts(&ids)]).await? {
            metrics.entry(row.model_id.clone()).or_default().push(row);
        }
        Ok(rows
            .into_iter()
            .map(|row| LoggedModelFull {
                tags: tags.remove(&row.id).unwrap_or_default(),
                params: params.remove(&row.id).unwrap_or_default(),
                metrics: metrics.remove(&row.id).unwrap_or_default(),
                row,
            })
            .collect())
    }
}

impl Tx {
    /// Inserts a logged model whose files are on their way.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn logged_model_insert(&mut self, team_id: &str, new: &NewLoggedModel<'_>) -> Result<()> {
        let now = self.now();
        self.exec(
            "INSERT INTO logged_models (id, team_id, experiment_id, source_run_id, name, model_type, status, artifact_uri, created_at, updated_at)
             VALUES ($1, $2, $3, $4, $5, $6, 'PENDING', $7, $8, $8)",
            args![new.id, team_id, new.experiment_id, new.source_run_id, new.name, new.model_type, new.artifact_uri, now],
        )
        .await
        .map(drop)
    }

    /// Locks a logged model until the end of the transaction and moves the time of its last change.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn logged_model_lock(&mut self, team_id: &str, id: &str) -> Result<Option<LoggedModelRow>> {
        let now = self.now();
        self.opt(
            "UPDATE logged_models SET updated_at = $3 WHERE team_id = $1 AND id = $2 AND deleted_at IS NULL
             RETURNING id, experiment_id, source_run_id, name, model_type, status, status_message, artifact_uri, created_at, updated_at,
                       deleted_at",
            args![team_id, id, now],
        )
        .await
    }

    /// Sets the status.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn logged_model_status(&mut self, id: &str, status: &str) -> Result<()> {
        self.exec("UPDATE logged_models SET status = $2 WHERE id = $1", args![id, status]).await.map(drop)
    }

    /// Marks it deleted.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn logged_model_delete(&mut self, id: &str) -> Result<()> {
        let now = self.now();
        self.exec("UPDATE logged_models SET deleted_at = $2 WHERE id = $1", args![id, now]).await.map(drop)
    }

    /// Sets a tag.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn logged_model_tag_set(&mut self, id: &str, key: &str, value: &str) -> Result<()> {
        self.exec(
            "INSERT INTO logged_model_tags (model_id, key, value) VALUES ($1, $2, $3)
             ON CONFLICT (model_id, key) DO UPDATE SET value = excluded.value",
            args![id, key, value],
        )
        .await
        .map(drop)
    }

    /// The value of a tag.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn logged_model_tag(&mut self, id: &str, key: &str) -> Result<Option<String>> {
        let row: Option<(String,)> =
            self.opt("SELECT value FROM logged_model_tags WHERE model_id = $1 AND key = $2", args![id, key]).await?;
        Ok(row.map(|r| r.0))
    }

    /// Removes a tag; whether it was there.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn logged_model_tag_remove(&mut self, id: &str, key: &str) -> Result<bool> {
        Ok(self.exec("DELETE FROM logged_model_tags WHERE model_id = $1 AND key = $2", args![id, key]).await? == 1)
    }

    /// Logs a parameter; the value that was there already, which stays.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn logged_model_param(&mut self, id: &str, key: &str, value: &str) -> Result<Option<String>> {
        let n = self
            .exec(
                "INSERT INTO logged_model_params (model_id, key, value) VALUES ($1, $2, $3) ON CONFLICT (model_id, key) DO NOTHING",
                args![id, key, value],
            )
            .await?;
        if n == 1 {
            return Ok(None);
        }
        let row: Option<(String,)> =
            self.opt("SELECT value FROM logged_model_params WHERE model_id = $1 AND key = $2", args![id, key]).await?;
        Ok(row.map(|r| r.0))
    }

    /// Logs metrics for models of this team; one that is there already is left as it is, and so is one of an unknown model.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn logged_model_metrics(&mut self, team_id: &str, metrics: &[ModelMetricRow]) -> Result<()> {
        for m in metrics {
            self.exec(
                "INSERT INTO logged_model_metrics (model_id, key, run_id, step, time, value, is_nan, dataset_name, dataset_digest)
                 SELECT l.id, $3, $4, $5, $6, $7, $8, $9, $10 FROM logged_models l WHERE l.id = $1 AND l.team_id = $2
                 ON CONFLICT (model_id, key, time, step, run_id) DO NOTHING",
                args![
                    &m.model_id,
                    team_id,
                    &m.key,
                    &m.run_id,
                    m.step,
                    m.time,
                    m.value,
                    m.is_nan,
                    m.dataset_name.as_deref(),
                    m.dataset_digest.as_deref()
                ],
            )
            .await?;
        }
        Ok(())
    }
}
