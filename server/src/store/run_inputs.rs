//! What runs read and made: datasets, and logged models by id.

use super::{Store, Tx, list};
use crate::{args, error::Result};

/// A dataset that a run read.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct RunDatasetRow {
    /// Internal key of the run.
    pub run_key: i64,
    /// Name.
    pub name: String,
    /// Digest.
    pub digest: String,
    /// Kind of the source.
    pub source_type: String,
    /// Where it comes from, in the words of its kind.
    pub source: String,
    /// JSON of MLflow.
    pub schema_json: Option<String>,
    /// JSON of MLflow.
    pub profile_json: Option<String>,
    /// `training`, `validation`, ... where it was said.
    pub context: Option<String>,
    /// Tags of the input: JSON list of `[name, value]`.
    pub tags_json: String,
}

/// A dataset to note for a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewRunDataset {
    /// Name.
    pub name: String,
    /// Digest.
    pub digest: String,
    /// Kind of the source.
    pub source_type: String,
    /// Where it comes from.
    pub source: String,
    /// JSON of MLflow.
    pub schema_json: Option<String>,
    /// JSON of MLflow.
    pub profile_json: Option<String>,
    /// The tag `mlflow.data.context`.
    pub context: Option<String>,
    /// Tags of the input: JSON list of `[name, value]`.
    pub tags_json: String,
}

/// A logged model that a run read or made.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct RunModelRow {
    /// Internal key of the run.
    pub run_key: i64,
    /// `input` or `output`.
    pub direction: String,
    /// Id of the logged model.
    pub model_id: String,
    /// Step at which it was made; 0 for inputs.
    pub step: i64,
}

/// Which way a logged model went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// The run read it.
    Input,
    /// The run made it.
    Output,
}

impl Direction {
    /// The word of the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Direction::Input => "input",
            Direction::Output => "output",
        }
    }
}

impl Store {
    /// Datasets that these runs read.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn run_datasets(&self, keys: &[i64]) -> Result<Vec<RunDatasetRow>> {
        let sql = "SELECT i.run_key, d.name, d.digest, d.source_type, d.source, d.schema_json, d.profile_json, i.context, i.tags_json
                   FROM run_datasets i JOIN datasets d ON d.key = i.dataset_key
                   WHERE i.run_key IN (@INTS($1)) ORDER BY i.run_key, d.key";
        self.all(list::sql(self.db(), sql), args![list::ints(keys)]).await
    }

    /// Logged models that these runs read or made.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn run_models(&self, keys: &[i64]) -> Result<Vec<RunModelRow>> {
        let sql = "SELECT run_key, direction, model_id, step FROM run_models WHERE run_key IN (@INTS($1)) ORDER BY run_key, step, model_id";
        self.all(list::sql(self.db(), sql), args![list::ints(keys)]).await
    }
}

impl Tx {
    /// Notes that a run read a dataset; one of the same name and digest in the experiment is the same. Noted twice it stays as it was.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn run_dataset_insert(&mut self, run_key: i64, experiment_key: i64, new: &NewRunDataset) -> Result<()> {
        let found: Option<(i64,)> = self
            .opt(
                "SELECT key FROM datasets WHERE experiment_key = $1 AND name = $2 AND digest = $3",
                args![experiment_key, &new.name, &new.digest],
            )
            .await?;
        let key = match found {
            Some((key,)) => key,
            None => {
                let key = self.next("datasets").await?;
                let (schema, profile) = (new.schema_json.as_deref(), new.profile_json.as_deref());
                // The counter's row is locked now; another server may have made it just before.
                let row: Option<(i64,)> = self
                    .opt(
                        "INSERT INTO datasets (key, experiment_key, name, digest, source_type, source, schema_json, profile_json)
                         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
                         ON CONFLICT (experiment_key, name, digest) DO UPDATE SET name = excluded.name RETURNING key",
                        args![key, experiment_key, &new.name, &new.digest, &new.source_type, &new.source, schema, profile],
                    )
                    .await?;
                row.map_or(key, |r| r.0)
            }
        };
        self.exec(
            "INSERT INTO run_datasets (run_key, dataset_key, context, tags_json) VALUES ($1, $2, $3, $4)
             ON CONFLICT (run_key, dataset_key) DO NOTHING",
            args![run_key, key, new.context.as_deref(), &new.tags_json],
        )
        .await
        .map(drop)
    }

    /// Notes that a run read or made a logged model.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn run_model_insert(&mut self, run_key: i64, direction: Direction, model_id: &str, step: i64) -> Result<()> {
        self.exec(
            "INSERT INTO run_models (run_key, direction, model_id, step) VALUES ($1, $2, $3, $4)
             ON CONFLICT (run_key, direction, model_id) DO NOTHING",
            args![run_key, direction.as_str(), model_id, step],
        )
        .await
        .map(drop)
    }
}
