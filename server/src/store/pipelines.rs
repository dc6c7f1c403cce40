//! Pipelines and their versions. What they say is kept once by its digest.

use super::{Store, Tx, list};
use crate::{args, error::Result};

/// A pipeline, with its newest version.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
#[expect(missing_docs, reason = "the columns of the table; its migration says what they mean")]
pub struct PipelineRow {
    pub id: String,
    pub team_id: String,
    pub name: String,
    pub display_name: String,
    pub description: String,
    pub created_by: String,
    pub revision: i64,
    pub created_at: i64,
    pub max_tasks: Option<i64>,
}

/// A version of a pipeline.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
#[expect(missing_docs, reason = "the columns of the table; its migration says what they mean")]
pub struct PipelineVersionRow {
    pub id: String,
    pub team_id: String,
    pub pipeline_id: String,
    /// Name of the pipeline.
    pub pipeline: String,
    pub name: String,
    pub display_name: String,
    pub description: String,
    pub spec_digest: String,
    pub created_by: String,
    pub created_at: i64,
}

/// A pipeline to insert.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "the columns of the table")]
pub struct NewPipelineRow<'a> {
    pub id: &'a str,
    pub team_id: &'a str,
    pub name: &'a str,
    pub display_name: &'a str,
    pub description: &'a str,
    pub created_by: &'a str,
}

/// A version to insert.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "the columns of the table")]
pub struct NewPipelineVersionRow<'a> {
    pub id: &'a str,
    pub team_id: &'a str,
    pub pipeline_id: &'a str,
    pub name: &'a str,
    pub display_name: &'a str,
    pub description: &'a str,
    pub spec_digest: &'a str,
    pub created_by: &'a str,
}

macro_rules! pipeline {
    ($rest:literal) => {
        concat!("SELECT id, team_id, name, display_name, description, created_by, revision, created_at, max_tasks FROM pipelines ", $rest)
    };
}

macro_rules! version {
    ($rest:literal) => {
        concat!(
            "SELECT v.id, v.team_id, v.pipeline_id, p.name AS pipeline, v.name, v.display_name, v.description, v.spec_digest, v.created_by,
                    v.created_at FROM pipeline_versions v JOIN pipelines p ON p.id = v.pipeline_id ",
            $rest
        )
    };
}

impl Store {
    /// A pipeline of a team, by its id or its name.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn pipeline(&self, team_id: &str, id_or_name: &str) -> Result<Option<PipelineRow>> {
        self.opt(
            pipeline!("WHERE team_id = $1 AND (id = $2 OR name = $2) ORDER BY CASE WHEN id = $2 THEN 0 ELSE 1 END LIMIT 1"),
            args![team_id, id_or_name],
        )
        .await
    }

    /// Pipelines of a team, newest first; those before one, where it is named.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn pipeline_list(&self, team_id: &str, before: Option<&str>, limit: i64) -> Result<Vec<PipelineRow>> {
        match before {
            Some(before) => {
                self.all(pipeline!("WHERE team_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3"), args![team_id, before, limit]).await
            }
            None => self.all(pipeline!("WHERE team_id = $1 ORDER BY id DESC LIMIT $2"), args![team_id, limit]).await,
        }
    }

    /// A version of a pipeline of a team, by its id or its name.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn pipeline_version(&self, team_id: &str, pipeline_id: &str, id_or_name: &str) -> Result<Option<PipelineVersionRow>> {
        self.opt(
            version!("WHERE v.team_id = $1 AND v.pipeline_id = $2 AND (v.id = $3 OR v.name = $3) LIMIT 1"),
            args![team_id, pipeline_id, id_or_name],
        )
        .await
    }

    /// A version of a team by its id alone.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn pipeline_version_by_id(&self, team_id: &str, id: &str) -> Result<Option<PipelineVersionRow>> {
        self.opt(version!("WHERE v.team_id = $1 AND v.id = $2"), args![team_id, id]).await
    }

    /// Versions of a pipeline, newest first; those before one, where it is named.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn pipeline_versions(
        &self,
        team_id: &str,
        pipeline_id: &str,
        before: Option<&str>,
        limit: i64,
    ) -> Result<Vec<PipelineVersionRow>> {
        // No id is greater than this.
        let before = before.unwrap_or("~");
        self.all(
            version!("WHERE v.team_id = $1 AND v.pipeline_id = $2 AND v.id < $3 ORDER BY v.id DESC LIMIT $4"),
            args![team_id, pipeline_id, before, limit],
        )
        .await
    }

    /// The newest versions of these pipelines of a team, as far as they have one.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn pipelines_latest(&self, team_id: &str, ids: &[String]) -> Result<Vec<PipelineVersionRow>> {
        let sql = version!(
            "WHERE v.team_id = $1 AND v.id IN (SELECT MAX(n.id) FROM pipeline_versions n WHERE n.pipeline_id IN (@TEXTS($2)) GROUP BY n.pipeline_id)"
        );
        self.all(list::sql(self.db(), sql), args![team_id, list::texts(ids)]).await
    }

    /// Which of these pipelines a team has.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn pipelines_there(&self, team_id: &str, ids: &[String]) -> Result<Vec<String>> {
        let sql = "SELECT id FROM pipelines WHERE team_id = $1 AND id IN (@TEXTS($2))";
        Ok(self.all::<(String,)>(list::sql(self.db(), sql), args![team_id, list::texts(ids)]).await?.into_iter().map(|r| r.0).collect())
    }

    /// Whether a pipeline run or a recurring run of a team is of a pipeline with this id, be it there or deleted.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn pipeline_ran(&self, team_id: &str, id: &str) -> Result<bool> {
        // A pipeline is of one team: what is no column as it stands leads into no index.
        let sql = "SELECT id FROM pipeline_runs WHERE pipeline_id = $2 AND (team_id || '') = $1
                   UNION ALL SELECT id FROM recurring_runs WHERE pipeline_id = $2 AND (team_id || '') = $1 LIMIT 1";
        Ok(self.opt::<(String,)>(sql, args![team_id, id]).await?.is_some())
    }

    /// How often the cache of a pipeline was cleared; 0 where there is no such pipeline any more.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn pipeline_cache_epoch(&self, pipeline_id: &str) -> Result<i64> {
        // Whose it is says the run that names it.
        let row: Option<(i64,)> = self.opt("SELECT cache_epoch FROM pipelines WHERE id = $1", args![pipeline_id]).await?;
        Ok(row.map_or(0, |r| r.0))
    }

    /// What a digest stands for, as it was uploaded.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn pipeline_spec(&self, digest: &str) -> Result<Option<String>> {
        Ok(self.opt::<(String,)>("SELECT text FROM pipeline_specs WHERE digest = $1", args![digest]).await?.map(|r| r.0))
    }
}

impl Tx {
    /// Keeps what was uploaded, unless it is kept already.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn pipeline_spec_put(&mut self, digest: &str, text: &str) -> Result<()> {
        let now = self.now();
        self.exec(
            "INSERT INTO pipeline_specs (digest, text, created_at) VALUES ($1, $2, $3) ON CONFLICT (digest) DO NOTHING",
            args![digest, text, now],
        )
        .await
        .map(drop)
    }

    /// Inserts a pipeline.
    ///
    /// # Errors
    /// The name is taken.
    pub async fn pipeline_insert(&mut self, new: &NewPipelineRow<'_>) -> Result<()> {
        let now = self.now();
        self.exec(
            "INSERT INTO pipelines (id, team_id, name, display_name, description, created_by, revision, created_at)
             VALUES ($1, $2, $3, $4, $5, $6, 1, $7)",
            args![new.id, new.team_id, new.name, new.display_name, new.description, new.created_by, now],
        )
        .await
        .map(drop)
    }

    /// Inserts a version; what it says is kept already.
    ///
    /// # Errors
    /// The name is taken.
    pub async fn pipeline_version_insert(&mut self, new: &NewPipelineVersionRow<'_>) -> Result<()> {
        let now = self.now();
        self.exec(
            "INSERT INTO pipeline_versions (id, team_id, pipeline_id, name, display_name, description, spec_digest, created_by, created_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
            args![new.id, new.team_id, new.pipeline_id, new.name, new.display_name, new.description, new.spec_digest, new.created_by, now],
        )
        .await
        .map(drop)
    }

    /// A pipeline of a team, as this transaction sees it; its revision counts up, so that no two change it at once.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn pipeline_touch(&mut self, team_id: &str, id: &str) -> Result<Option<i64>> {
        let row: Option<(i64,)> = self
            .opt("UPDATE pipelines SET revision = revision + 1 WHERE team_id = $1 AND id = $2 RETURNING revision", args![team_id, id])
            .await?;
        Ok(row.map(|r| r.0))
    }

    /// Deletes a version; whether it was there.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn pipeline_version_delete(&mut self, team_id: &str, pipeline_id: &str, id: &str) -> Result<bool> {
        let sql = "DELETE FROM pipeline_versions WHERE team_id = $1 AND pipeline_id = $2 AND id = $3";
        Ok(self.exec(sql, args![team_id, pipeline_id, id]).await? == 1)
    }

    /// Deletes a pipeline with its versions. What ran stays.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn pipeline_delete(&mut self, team_id: &str, id: &str) -> Result<bool> {
        self.exec("DELETE FROM pipeline_versions WHERE team_id = $1 AND pipeline_id = $2", args![team_id, id]).await?;
        Ok(self.exec("DELETE FROM pipelines WHERE team_id = $1 AND id = $2", args![team_id, id]).await? == 1)
    }

    /// Sets how many tasks of a pipeline are at work at once; its revision after, where it is there.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn pipeline_cap(&mut self, team_id: &str, id: &str, max_tasks: Option<i64>) -> Result<Option<i64>> {
        let row: Option<(i64,)> = self
            .opt(
                "UPDATE pipelines SET max_tasks = $3, revision = revision + 1 WHERE team_id = $1 AND id = $2 RETURNING revision",
                args![team_id, id, max_tasks],
            )
            .await?;
        Ok(row.map(|r| r.0))
    }

    /// Clears the cache of a pipeline; its revision and how often that was done, where it is there.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn pipeline_cache_clear(&mut self, team_id: &str, id: &str) -> Result<Option<(i64, i64)>> {
        let sql = "UPDATE pipelines SET cache_epoch = cache_epoch + 1, revision = revision + 1
                   WHERE team_id = $1 AND id = $2 RETURNING revision, cache_epoch";
        self.opt(sql, args![team_id, id]).await
    }

    /// Whether a pipeline has versions.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn pipeline_has_versions(&mut self, team_id: &str, id: &str) -> Result<bool> {
        let sql = "SELECT v.id FROM pipeline_versions v WHERE v.team_id = $1 AND v.pipeline_id = $2 LIMIT 1";
        Ok(self.opt::<(String,)>(sql, args![team_id, id]).await?.is_some())
    }

    /// Sets what people read of a pipeline; its revision after, where it is there.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn pipeline_describe(&mut self, team_id: &str, id: &str, display_name: &str, description: &str) -> Result<Option<i64>> {
        let row: Option<(i64,)> = self
            .opt(
                "UPDATE pipelines SET display_name = $3, description = $4, revision = revision + 1
                 WHERE team_id = $1 AND id = $2 RETURNING revision",
                args![team_id, id, display_name, description],
            )
            .await?;
        Ok(row.map(|r| r.0))
    }

    /// Sets what people read of a version; whether it is there.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn pipeline_version_describe(&mut self, team_id: &str, id: &str, display_name: &str, description: &str) -> Result<bool> {
        let sql = "UPDATE pipeline_versions SET display_name = $3, description = $4 WHERE team_id = $1 AND id = $2";
        Ok(self.exec(sql, args![team_id, id, display_name, description]).await? == 1)
    }
}
