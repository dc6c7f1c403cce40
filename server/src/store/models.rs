//! Registered models, their tags and aliases.

use super::{Store, Tx, list};
use crate::{args, error::Result};
use std::collections::{BTreeMap, HashMap};

/// A registered model.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct ModelRow {
    /// Id.
    pub id: String,
    /// Name in the team.
    pub name: String,
    /// Free text.
    pub description: String,
    /// The newest number given to a version.
    pub last_version: i64,
    /// Counts up with each change.
    pub revision: i64,
    /// Milliseconds since 1970.
    pub created_at: i64,
    /// Milliseconds since 1970.
    pub updated_at: i64,
}

/// A registered model with what hangs on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelFull {
    /// Itself.
    pub row: ModelRow,
    /// Tags.
    pub tags: BTreeMap<String, String>,
    /// Alias to version.
    pub aliases: BTreeMap<String, i64>,
}

/// Columns of [`ModelRow`], of a table called `m`.
pub(super) const COLUMNS: &str = "m.id, m.name, m.description, m.last_version, m.revision, m.created_at, m.updated_at";

impl Store {
    /// The model of this name.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn model(&self, team_id: &str, name: &str) -> Result<Option<ModelFull>> {
        let row: Option<ModelRow> = self
            .opt(
                "SELECT id, name, description, last_version, revision, created_at, updated_at FROM models WHERE team_id = $1 AND name = $2",
                args![team_id, name],
            )
            .await?;
        match row {
            Some(row) => Ok(self.models_full(vec![row]).await?.pop()),
            None => Ok(None),
        }
    }

    /// Adds tags and aliases, in few statements however many models there are.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn models_full(&self, rows: Vec<ModelRow>) -> Result<Vec<ModelFull>> {
        let ids: Vec<&str> = rows.iter().map(|r| r.id.as_str()).collect();
        let mut tags = self.tags_of("model_tags", "model_id", &ids).await?;
        let mut aliases: HashMap<String, BTreeMap<String, i64>> = HashMap::new();
        let sql = list::sql(self.db(), "SELECT model_id, alias, version FROM model_aliases WHERE model_id IN (@TEXTS($1))");
        for (id, alias, version) in self.all::<(String, String, i64)>(sql, args![list::texts(&ids)]).await? {
            aliases.entry(id).or_default().insert(alias, version);
        }
        Ok(rows
            .into_iter()
            .map(|row| ModelFull {
                tags: tags.remove(&row.id).unwrap_or_default(),
                aliases: aliases.remove(&row.id).unwrap_or_default(),
                row,
            })
            .collect())
    }

    /// Keys and values of a table of tags, by the id they hang on. `table` and `column` are names in code.
    pub(super) async fn tags_of(
        &self,
        table: &'static str,
        column: &'static str,
        ids: &[&str],
    ) -> Result<HashMap<String, BTreeMap<String, String>>> {
        let mut out: HashMap<String, BTreeMap<String, String>> = HashMap::new();
        let sql = list::sql(self.db(), &format!("SELECT {column}, key, value FROM {table} WHERE {column} IN (@TEXTS($1))"));
        for (id, key, value) in self.all::<(String, String, String)>(sql, args![list::texts(ids)]).await? {
            out.entry(id).or_default().insert(key, value);
        }
        Ok(out)
    }

    /// The newest version there is of each of these models, by id of the model.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn model_newest(&self, ids: &[&str]) -> Result<HashMap<String, i64>> {
        let sql = "SELECT model_id, MAX(version) FROM model_versions WHERE model_id IN (@TEXTS($1)) GROUP BY model_id";
        let rows: Vec<(String, i64)> = self.all(list::sql(self.db(), sql), args![list::texts(ids)]).await?;
        Ok(rows.into_iter().collect())
    }
}

impl Tx {
    /// Inserts a model without versions.
    ///
    /// # Errors
    /// The name is taken.
    pub async fn model_insert(&mut self, team_id: &str, id: &str, name: &str, description: &str) -> Result<ModelRow> {
        let now = self.now();
        self.exec(
            "INSERT INTO models (id, team_id, name, description, last_version, revision, created_at, updated_at)
             VALUES ($1, $2, $3, $4, 0, 1, $5, $5)",
            args![id, team_id, name, description, now],
        )
        .await?;
        let text = |s: &str| s.to_owned();
        Ok(ModelRow {
            id: text(id),
            name: text(name),
            description: text(description),
            last_version: 0,
            revision: 1,
            created_at: now,
            updated_at: now,
        })
    }

    /// Locks a model until the end of the transaction and counts its revision up. All changes of a model and its versions begin here,
    /// so they happen one after the other. `updated` moves the time of the last change.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn model_lock(&mut self, team_id: &str, name: &str, updated: bool) -> Result<Option<ModelRow>> {
        let now = self.now();
        self.opt(
            "UPDATE models SET revision = revision + 1, updated_at = CASE WHEN $3 = 1 THEN $4 ELSE updated_at END
             WHERE team_id = $1 AND name = $2
             RETURNING id, name, description, last_version, revision, created_at, updated_at",
            args![team_id, name, updated, now],
        )
        .await
    }

    /// Gives a model another name, also where deployments name it. Lock it first.
    ///
    /// # Errors
    /// The name is taken.
    pub async fn model_rename(&mut self, id: &str, name: &str) -> Result<()> {
        self.exec(
            "UPDATE revisions SET model = $2 WHERE EXISTS (SELECT 1 FROM models m WHERE m.id = $1 AND m.team_id = revisions.team_id
             AND m.name = revisions.model)",
            args![id, name],
        )
        .await?;
        self.exec("UPDATE models SET name = $2 WHERE id = $1", args![id, name]).await.map(drop)
    }

    /// Changes the free text. Lock the model first.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn model_describe(&mut self, id: &str, description: &str) -> Result<()> {
        self.exec("UPDATE models SET description = $2 WHERE id = $1", args![id, description]).await.map(drop)
    }

    /// Deletes a model with its versions, aliases and tags. Lock it first.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn model_delete(&mut self, id: &str) -> Result<()> {
        self.exec("DELETE FROM model_aliases WHERE model_id = $1", args![id]).await?;
        self.exec("DELETE FROM model_version_tags WHERE version_id IN (SELECT id FROM model_versions WHERE model_id = $1)", args![id])
            .await?;
        self.exec("DELETE FROM model_versions WHERE model_id = $1", args![id]).await?;
        self.exec("DELETE FROM model_tags WHERE model_id = $1", args![id]).await?;
        self.exec("DELETE FROM models WHERE id = $1", args![id]).await.map(drop)
    }

    /// Sets a tag.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn model_tag_set(&mut self, id: &str, key: &str, value: &str) -> Result<()> {
        self.exec(
            "INSERT INTO model_tags (model_id, key, value) VALUES ($1, $2, $3)
             ON CONFLICT (model_id, key) DO UPDATE SET value = excluded.value",
            args![id, key, value],
        )
        .await
        .map(drop)
    }

    /// Removes a tag; whether it was there.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn model_tag_remove(&mut self, id: &str, key: &str) -> Result<bool> {
        Ok(self.exec("DELETE FROM model_tags WHERE model_id = $1 AND key = $2", args![id, key]).await? == 1)
    }

    /// Keys and values of its tags.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn model_tags(&mut self, id: &str) -> Result<BTreeMap<String, String>> {
        let rows: Vec<(String, String)> = self.all("SELECT key, value FROM model_tags WHERE model_id = $1", args![id]).await?;
        Ok(rows.into_iter().collect())
    }

    /// The value of a tag.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn model_tag(&mut self, id: &str, key: &str) -> Result<Option<String>> {
        let row: Option<(String,)> = self.opt("SELECT value FROM model_tags WHERE model_id = $1 AND key = $2", args![id, key]).await?;
        Ok(row.map(|r| r.0))
    }
}
