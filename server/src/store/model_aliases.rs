//! Aliases: names that point at a version of a registered model.

use super::{Store, Tx};
use crate::{args, error::Result};

impl Store {
    /// The version that an alias points at.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn alias(&self, team_id: &str, model: &str, alias: &str) -> Result<Option<i64>> {
        let row: Option<(i64,)> = self
            .opt(
                "SELECT a.version FROM model_aliases a JOIN models m ON m.id = a.model_id
                 WHERE m.team_id = $1 AND m.name = $2 AND a.alias = $3",
                args![team_id, model, alias],
            )
            .await?;
        Ok(row.map(|r| r.0))
    }
}

impl Tx {
    /// The version that an alias of a model points at.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn alias(&mut self, model_id: &str, alias: &str) -> Result<Option<i64>> {
        let row: Option<(i64,)> =
            self.opt("SELECT version FROM model_aliases WHERE model_id = $1 AND alias = $2", args![model_id, alias]).await?;
        Ok(row.map(|r| r.0))
    }

    /// Models of a team that have an alias, by name; so many at most.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn models_with_alias(&mut self, team_id: &str, alias: &str, most: i64) -> Result<Vec<String>> {
        let found: Vec<(String,)> = self
            .all(
                "SELECT m.name FROM models m JOIN model_aliases a ON a.model_id = m.id WHERE m.team_id = $1 AND a.alias = $2
                 ORDER BY m.name LIMIT $3",
                args![team_id, alias, most],
            )
            .await?;
        Ok(found.into_iter().map(|(name,)| name).collect())
    }

    /// Points an alias at a version and answers where it pointed before. Lock the model first.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn alias_set(&mut self, model_id: &str, alias: &str, version: i64) -> Result<Option<i64>> {
        let before: Option<(i64,)> =
            self.opt("SELECT version FROM model_aliases WHERE model_id = $1 AND alias = $2", args![model_id, alias]).await?;
        self.exec(
            "INSERT INTO model_aliases (model_id, alias, version) VALUES ($1, $2, $3)
             ON CONFLICT (model_id, alias) DO UPDATE SET version = excluded.version",
            args![model_id, alias, version],
        )
        .await?;
        Ok(before.map(|r| r.0))
    }

    /// Removes an alias; where it pointed, if it was there. Lock the model first.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn alias_remove(&mut self, model_id: &str, alias: &str) -> Result<Option<i64>> {
        let row: Option<(i64,)> =
            self.opt("DELETE FROM model_aliases WHERE model_id = $1 AND alias = $2 RETURNING version", args![model_id, alias]).await?;
        Ok(row.map(|r| r.0))
    }
}
