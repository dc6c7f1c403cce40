//! Environments and their versions. The shipped ones belong to no team and are seen by all.

use super::{Store, Tx};
use crate::{args, error::Result};
use app::api::environments::Build;

/// An environment with its newest version.
#[derive(Debug, Clone, PartialEq, sqlx::FromRow)]
#[expect(missing_docs, reason = "the columns of both tables, described in the migration")]
pub struct EnvironmentRow {
    pub environment_id: String,
    pub team_id: Option<String>,
    pub name: String,
    pub description: String,
    /// Id of the version.
    pub id: String,
    pub version: i64,
    pub requirements: String,
    pub lock_text: Option<String>,
    pub image: Option<String>,
    pub digest: String,
    pub build: String,
    pub progress: f64,
    pub reason: Option<String>,
    /// JSON array.
    pub packages: String,
    pub workload_id: Option<String>,
    pub created_at: i64,
    pub ready_at: Option<i64>,
    pub freed_at: Option<i64>,
}

impl EnvironmentRow {
    /// How far it is; a word of a newer Slipway counts as failed.
    pub fn build(&self) -> Build {
        build_of(&self.build)
    }

    /// Whether every team has it.
    pub const fn is_shipped(&self) -> bool {
        self.team_id.is_none()
    }
}

/// A version that can be used.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct EnvVersion {
    /// Id of the version.
    pub id: String,
    /// From 1.
    pub version: i64,
    /// Content digest; locally the name of its folder below `{cache}/environments`.
    pub digest: String,
    /// Container image, for clusters with containers.
    pub image: Option<String>,
    /// How far it is: `queued`, `building`, `ready`, `failed`.
    pub build: String,
    /// Why it failed.
    pub reason: Option<String>,
}

impl EnvVersion {
    /// How far it is.
    pub fn build(&self) -> Build {
        build_of(&self.build)
    }
}

/// A version to insert.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "the columns of the table")]
pub struct NewEnvVersion<'a> {
    pub id: &'a str,
    pub environment_id: &'a str,
    pub version: i64,
    pub requirements: &'a str,
    pub lock_text: Option<&'a str>,
    pub image: Option<&'a str>,
    pub digest: &'a str,
    pub build: Build,
    pub reason: Option<&'a str>,
    pub packages: &'a str,
}

/// The word of the database.
pub const fn build_word(build: Build) -> &'static str {
    match build {
        Build::Queued => "queued",
        Build::Building => "building",
        Build::Ready => "ready",
        Build::Failed => "failed",
    }
}

fn build_of(word: &str) -> Build {
    [Build::Queued, Build::Building, Build::Ready].into_iter().find(|b| build_word(*b) == word).unwrap_or(Build::Failed)
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT e.id AS environment_id, e.team_id, e.name, e.description, v.id, v.version, v.requirements, v.lock_text, v.image,
                    v.digest, v.build, v.progress, v.reason, v.packages, v.workload_id, v.created_at, v.ready_at, v.freed_at
             FROM environments e JOIN environment_versions v ON v.environment_id = e.id ",
            $rest
        )
    };
}

impl Store {
    /// Environments that a team sees, by name, after `after`, each with its newest version.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn environment_list(&self, team_id: &str, after: &str, limit: i64) -> Result<Vec<EnvironmentRow>> {
        self.all(
            select!(
                "WHERE (e.team_id = $1 OR e.team_id IS NULL) AND v.version = e.latest_version AND e.name > $2 ORDER BY e.name LIMIT $3"
            ),
            args![team_id, after, limit],
        )
        .await
    }

    /// An environment that a team sees, with its newest version.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn environment(&self, team_id: &str, name: &str) -> Result<Option<EnvironmentRow>> {
        self.opt(
            select!("WHERE (e.team_id = $1 OR e.team_id IS NULL) AND v.version = e.latest_version AND e.name = $2"),
            args![team_id, name],
        )
        .await
    }

    /// Versions of an environment below number `before`, newest first.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn environment_versions(&self, environment_id: &str, before: i64, limit: i64) -> Result<Vec<EnvironmentRow>> {
        self.all(
            select!("WHERE v.environment_id = $1 AND v.version < $2 ORDER BY v.version DESC LIMIT $3"),
            args![environment_id, before, limit],
        )
        .await
    }

    /// A version by its id.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn environment_version(&self, id: &str) -> Result<Option<EnvironmentRow>> {
        self.opt(select!("WHERE v.id = $1"), args![id]).await
    }

    /// The newest version of an environment of a team that has this content.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn environment_of_content(&self, team_id: &str, digest: &str) -> Result<Option<EnvironmentRow>> {
        self.opt(select!("WHERE e.team_id = $1 AND v.digest = $2 ORDER BY v.version DESC LIMIT 1"), args![team_id, digest]).await
    }

    /// The newest version of an environment that can be used now.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn environment_ready(&self, team_id: &str, name: &str) -> Result<Option<EnvVersion>> {
        Ok(self.environment_usable(team_id, name).await?.filter(|v| v.build() == Build::Ready))
    }

    /// The version to use of an environment: the newest that is ready, else the newest being made, else the newest that failed.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn environment_usable(&self, team_id: &str, name: &str) -> Result<Option<EnvVersion>> {
        self.opt(
            "SELECT v.id, v.version, v.digest, v.image, v.build, v.reason FROM environments e
             JOIN environment_versions v ON v.environment_id = e.id
             WHERE (e.team_id = $1 OR e.team_id IS NULL) AND e.name = $2
             ORDER BY CASE v.build WHEN 'ready' THEN 0 WHEN 'failed' THEN 2 ELSE 1 END, v.version DESC LIMIT 1",
            args![team_id, name],
        )
        .await
    }

    /// Versions that are not ready and have not failed, oldest first.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn environments_open(&self) -> Result<Vec<EnvironmentRow>> {
        self.all(select!("WHERE v.build IN ('queued', 'building') ORDER BY v.created_at, v.id LIMIT 500"), vec![]).await
    }

    /// How many environments come with Slipway and are known here.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn environments_shipped(&self) -> Result<i64> {
        Ok(self.opt::<(i64,)>("SELECT COUNT(*) FROM environments WHERE team_id IS NULL", vec![]).await?.map_or(0, |r| r.0))
    }

    /// Versions that are ready: the newest of each environment.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn environments_ready(&self) -> Result<Vec<EnvironmentRow>> {
        self.all(select!("WHERE v.build = 'ready' AND v.version = e.latest_version ORDER BY v.id LIMIT 5000"), vec![]).await
    }
}

impl Tx {
    /// An environment that a team (`None`: Slipway itself) made, with its newest version, as this transaction sees it.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn environment_own(&mut self, team_id: Option<&str>, name: &str) -> Result<Option<EnvironmentRow>> {
        self.opt(
            select!("WHERE COALESCE(e.team_id, '') = $1 AND v.version = e.latest_version AND e.name = $2"),
            args![team_id.unwrap_or_default(), name],
        )
        .await
    }

    /// Inserts an environment. Its first version is the caller's to add, in the same transaction.
    ///
    /// # Errors
    /// The name is taken.
    pub async fn environment_insert(&mut self, id: &str, team_id: Option<&str>, name: &str, description: &str) -> Result<()> {
        let now = self.now();
        self.exec(
            "INSERT INTO environments (id, team_id, name, description, latest_version, created_at) VALUES ($1, $2, $3, $4, 1, $5)",
            args![id, team_id, name, description, now],
        )
        .await
        .map(drop)
    }

    /// Says that an environment has a newer version, where the one before is the newest so far; whether it was.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn environment_set_latest(&mut self, id: &str, version: i64, description: &str) -> Result<bool> {
        let n = self
            .exec(
                "UPDATE environments SET latest_version = $2, description = $3 WHERE id = $1 AND latest_version = $2 - 1",
                args![id, version, description],
            )
            .await?;
        Ok(n == 1)
    }

    /// Inserts a version.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn environment_version_insert(&mut self, new: &NewEnvVersion<'_>) -> Result<()> {
        let now = self.now();
        let ready_at = (new.build == Build::Ready).then_some(now);
        let progress = if new.build == Build::Ready { 1.0 } else { 0.0 };
        self.exec(
            "INSERT INTO environment_versions (id, environment_id, version, requirements, lock_text, image, digest, build, progress, reason,
                                               packages, created_at, ready_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
            args![
                new.id,
                new.environment_id,
                new.version,
                new.requirements,
                new.lock_text,
                new.image,
                new.digest,
                build_word(new.build),
                progress,
                new.reason,
                new.packages,
                now,
                ready_at
            ],
        )
        .await
        .map(drop)
    }

    /// The workload that makes a version begins, where `was` is still how far it is and no other workload makes it; whether it was.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn environment_begin(&mut self, id: &str, workload_id: &str) -> Result<bool> {
        let n = self
            .exec(
                "UPDATE environment_versions SET workload_id = $2, progress = 0, reason = NULL WHERE id = $1 AND build = 'queued'
                 AND workload_id IS NULL",
                args![id, workload_id],
            )
            .await?;
        Ok(n == 1)
    }

    /// How far the making is.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn environment_progress(&mut self, id: &str, build: Build, progress: f64, reason: Option<&str>) -> Result<bool> {
        let n = self
            .exec(
                "UPDATE environment_versions SET build = $2, progress = $3, reason = $4 WHERE id = $1 AND build IN ('queued', 'building')",
                args![id, build_word(build), progress, reason],
            )
            .await?;
        Ok(n == 1)
    }

    /// A version can be used.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn environment_set_ready(&mut self, id: &str, digest: &str, lock: &str, packages: &str) -> Result<bool> {
        let now = self.now();
        let n = self
            .exec(
                "UPDATE environment_versions SET build = 'ready', progress = 1, reason = NULL, digest = $2, lock_text = $3, packages = $4,
                        ready_at = COALESCE(ready_at, $5) WHERE id = $1 AND build IN ('queued', 'building')",
                args![id, digest, lock, packages, now],
            )
            .await?;
        Ok(n == 1)
    }

    /// Says which container image a version is; whether it was another before.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn environment_set_image(&mut self, id: &str, image: &str) -> Result<bool> {
        let n = self
            .exec("UPDATE environment_versions SET image = $2 WHERE id = $1 AND (image IS NULL OR image <> $2)", args![id, image])
            .await?;
        Ok(n == 1)
    }

    /// A version could not be made.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn environment_set_failed(&mut self, id: &str, reason: &str) -> Result<bool> {
        let n = self
            .exec(
                "UPDATE environment_versions SET build = 'failed', reason = $2 WHERE id = $1 AND build IN ('queued', 'building')",
                args![id, reason],
            )
            .await?;
        Ok(n == 1)
    }

    /// A version is to be made (again), where it is `from` now; whether it was.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn environment_requeue(&mut self, id: &str, from: Build, digest: &str) -> Result<bool> {
        let n = self
            .exec(
                "UPDATE environment_versions SET build = 'queued', progress = 0, reason = NULL, workload_id = NULL, digest = $3, freed_at = NULL
                 WHERE id = $1 AND build = $2",
                args![id, build_word(from), digest],
            )
            .await?;
        Ok(n == 1)
    }
}
