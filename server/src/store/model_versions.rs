//! Versions of registered models and their tags.

use super::{Store, Tx, list};
use crate::{args, error::Result};
use std::collections::{BTreeMap, HashMap};

/// A version of a registered model.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct VersionRow {
    /// Id.
    pub id: String,
    /// Id of the registered model.
    pub model_id: String,
    /// Name of the registered model.
    pub model: String,
    /// From 1.
    pub version: i64,
    /// Free text.
    pub description: String,
    /// Who registered it.
    pub user_name: String,
    /// As the client gave it.
    pub source: String,
    /// Where its files are, as a URI that can be downloaded.
    pub storage: String,
    /// The run it came from.
    pub run_id: Option<String>,
    /// A link to that run elsewhere.
    pub run_link: Option<String>,
    /// The logged model it came from.
    pub logged_model_id: Option<String>,
    /// `None`, `Staging`, `Production`, `Archived`.
    pub stage: String,
    /// `READY`, `PENDING_REGISTRATION`, `FAILED_REGISTRATION`.
    pub status: String,
    /// More about the status.
    pub status_message: Option<String>,
    /// SHA-256 over its files, once they were fetched.
    pub digest: Option<String>,
    /// Counts up with each change.
    pub revision: i64,
    /// Milliseconds since 1970.
    pub created_at: i64,
    /// Milliseconds since 1970.
    pub updated_at: i64,
}

/// A version with what hangs on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VersionFull {
    /// Itself.
    pub row: VersionRow,
    /// Tags.
    pub tags: BTreeMap<String, String>,
    /// Aliases that point at it, by name.
    pub aliases: Vec<String>,
}

/// A version to insert; the rest follows from the model it belongs to.
#[derive(Debug, Clone)]
pub struct NewVersion<'a> {
    /// Id.
    pub id: &'a str,
    /// Free text.
    pub description: &'a str,
    /// Who registers it.
    pub user_name: &'a str,
    /// As the client gave it.
    pub source: &'a str,
    /// Where its files are, as a URI that can be downloaded.
    pub storage: &'a str,
    /// The run it comes from.
    pub run_id: Option<&'a str>,
    /// A link to that run elsewhere.
    pub run_link: Option<&'a str>,
    /// The logged model it comes from.
    pub logged_model_id: Option<&'a str>,
}

/// Columns of [`VersionRow`], of tables called `v` and `m`.
macro_rules! columns {
    () => {
        "v.id, v.model_id, m.name AS model, v.version, v.description, v.user_name, v.source, v.storage, v.run_id, v.run_link,
         v.logged_model_id, v.stage, v.status, v.status_message, v.digest, v.revision, v.created_at, v.updated_at"
    };
}
pub(super) const COLUMNS: &str = columns!();

const ONE: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM model_versions v JOIN models m ON m.id = v.model_id WHERE m.team_id = $1 AND m.name = $2 AND v.version = $3"
);

impl Store {
    /// A version of the model of this name.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn version(&self, team_id: &str, model: &str, version: i64) -> Result<Option<VersionFull>> {
        let row: Option<VersionRow> = self.opt(ONE, args![team_id, model, version]).await?;
        match row {
            Some(row) => Ok(self.versions_full(vec![row]).await?.pop()),
            None => Ok(None),
        }
    }

    /// Versions of a model below number `before`, newest first.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn version_list(&self, model_id: &str, before: i64, limit: i64) -> Result<Vec<VersionFull>> {
        let rows = self
            .all(
                concat!(
                    "SELECT ",
                    columns!(),
                    " FROM model_versions v JOIN models m ON m.id = v.model_id
                     WHERE v.model_id = $1 AND v.version < $2 ORDER BY v.version DESC LIMIT $3"
                ),
                args![model_id, before, limit],
            )
            .await?;
        self.versions_full(rows).await
    }

    /// Versions registered from a run, oldest first.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn versions_of_run(&self, team_id: &str, run_id: &str) -> Result<Vec<VersionRow>> {
        self.all(
            concat!(
                "SELECT ",
                columns!(),
                " FROM model_versions v JOIN models m ON m.id = v.model_id
                 WHERE v.run_id = $2 AND v.team_id = $1 ORDER BY v.created_at, v.id LIMIT 500"
            ),
            args![team_id, run_id],
        )
        .await
    }

    /// The newest version of each stage of each of these models.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn versions_latest(&self, model_ids: &[&str]) -> Result<Vec<VersionFull>> {
        let sql = concat!(
            "SELECT ",
            columns!(),
            " FROM model_versions v JOIN models m ON m.id = v.model_id
             JOIN (SELECT model_id, stage, MAX(version) AS version FROM model_versions
                   WHERE model_id IN (@TEXTS($1)) GROUP BY model_id, stage) l ON l.model_id = v.model_id AND l.version = v.version
             ORDER BY v.model_id, v.version"
        );
        let rows: Vec<VersionRow> = self.all(list::sql(self.db(), sql), args![list::texts(model_ids)]).await?;
        self.versions_full(rows).await
    }

    /// Adds tags and aliases, in few statements however many versions there are.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn versions_full(&self, rows: Vec<VersionRow>) -> Result<Vec<VersionFull>> {
        let ids: Vec<&str> = rows.iter().map(|r| r.id.as_str()).collect();
        let mut tags = self.tags_of("model_version_tags", "version_id", &ids).await?;
        let mut aliases: HashMap<String, Vec<String>> = HashMap::new();
        let sql = "SELECT v.id, a.alias FROM model_versions v JOIN model_aliases a ON a.model_id = v.model_id AND a.version = v.version
                   WHERE v.id IN (@TEXTS($1)) ORDER BY a.alias";
        for (id, alias) in self.all::<(String, String)>(list::sql(self.db(), sql), args![list::texts(&ids)]).await? {
            aliases.entry(id).or_default().push(alias);
        }
        Ok(rows
            .into_iter()
            .map(|row| VersionFull {
                tags: tags.remove(&row.id).unwrap_or_default(),
                aliases: aliases.remove(&row.id).unwrap_or_default(),
                row,
            })
            .collect())
    }
}

impl Tx {
    /// Inserts the next version of a model and answers its number. Lock the model first: numbers then count up without gaps.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn version_insert(&mut self, team_id: &str, model_id: &str, new: &NewVersion<'_>) -> Result<i64> {
        let now = self.now();
        let row: Option<(i64,)> =
            self.opt("UPDATE models SET last_version = last_version + 1 WHERE id = $1 RETURNING last_version", args![model_id]).await?;
        let number = row.map_or(1, |r| r.0);
        self.exec(
            "INSERT INTO model_versions (id, team_id, model_id, version, description, user_name, source, storage, run_id, run_link,
                                         logged_model_id, stage, status, revision, created_at, updated_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 'None', 'READY', 1, $12, $12)",
            args![
                new.id,
                team_id,
                model_id,
                number,
                new.description,
                new.user_name,
                new.source,
                new.storage,
                new.run_id,
                new.run_link,
                new.logged_model_id,
                now
            ],
        )
        .await?;
        Ok(number)
    }

    /// A version, as this transaction sees it. Lock the model first.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn version(&mut self, team_id: &str, model: &str, version: i64) -> Result<Option<VersionRow>> {
        self.opt(ONE, args![team_id, model, version]).await
    }

    /// Changes the free text.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn version_describe(&mut self, id: &str, description: &str) -> Result<()> {
        let now = self.now();
        self.exec("UPDATE model_versions SET description = $2 WHERE id = $1", args![id, description]).await?;
        self.exec("UPDATE model_versions SET updated_at = $2, revision = revision + 1 WHERE id = $1", args![id, now]).await.map(drop)
    }

    /// Moves a version to a stage.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn version_stage(&mut self, id: &str, stage: &str) -> Result<()> {
        let now = self.now();
        self.exec("UPDATE model_versions SET stage = $2, updated_at = $3, revision = revision + 1 WHERE id = $1", args![id, stage, now])
            .await
            .map(drop)
    }

    /// The versions of a model in a stage, but for one.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn versions_in_stage(&mut self, model_id: &str, stage: &str, but: i64) -> Result<Vec<VersionRow>> {
        self.all(
            concat!(
                "SELECT ",
                columns!(),
                " FROM model_versions v JOIN models m ON m.id = v.model_id WHERE v.model_id = $1 AND v.stage = $2 AND v.version <> $3"
            ),
            args![model_id, stage, but],
        )
        .await
    }

    /// Notes what was found when the files were fetched. Not a change that anybody made, so neither time nor revision move.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn version_digest(&mut self, id: &str, digest: &str) -> Result<()> {
        self.exec("UPDATE model_versions SET digest = $2 WHERE id = $1", args![id, digest]).await.map(drop)
    }

    /// Deletes a version with its tags and the aliases that point at it.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn version_delete(&mut self, row: &VersionRow) -> Result<()> {
        self.exec("DELETE FROM model_aliases WHERE model_id = $1 AND version = $2", args![&row.model_id, row.version]).await?;
        self.exec("DELETE FROM model_version_tags WHERE version_id = $1", args![&row.id]).await?;
        self.exec("DELETE FROM model_versions WHERE id = $1", args![&row.id]).await.map(drop)
    }

    /// Sets a tag.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn version_tag_set(&mut self, id: &str, key: &str, value: &str) -> Result<()> {
        self.exec(
            "INSERT INTO model_version_tags (version_id, key, value) VALUES ($1, $2, $3)
             ON CONFLICT (version_id, key) DO UPDATE SET value = excluded.value",
            args![id, key, value],
        )
        .await?;
        self.exec("UPDATE model_versions SET revision = revision + 1 WHERE id = $1", args![id]).await.map(drop)
    }

    /// Removes a tag; whether it was there.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn version_tag_remove(&mut self, id: &str, key: &str) -> Result<bool> {
        let gone = self.exec("DELETE FROM model_version_tags WHERE version_id = $1 AND key = $2", args![id, key]).await? == 1;
        self.exec("UPDATE model_versions SET revision = revision + 1 WHERE id = $1", args![id]).await?;
        Ok(gone)
    }

    /// Keys and values of its tags.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn version_tags(&mut self, id: &str) -> Result<BTreeMap<String, String>> {
        let rows: Vec<(String, String)> = self.all("SELECT key, value FROM model_version_tags WHERE version_id = $1", args![id]).await?;
        Ok(rows.into_iter().collect())
    }
}
