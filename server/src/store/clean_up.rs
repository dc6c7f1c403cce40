//! What clean-up finds, who still needs it, and what was freed and is still to be taken away.

use super::{Store, Tx, list};
use crate::{args, error::Result};
use app::api::clean_up::CleanUpKind;

/// A deleted run or logged model whose files were not freed.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct DeletedRow {
    /// Id.
    pub id: String,
    /// Name.
    pub name: String,
    /// Where its files lie, as a URI.
    pub artifact_uri: String,
    /// Milliseconds since 1970.
    pub deleted_at: i64,
}

/// A version of an environment that another stands for by now, or that was made for tasks of pipelines.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct OldEnvironmentRow {
    /// Id of the version.
    pub id: String,
    /// Id of the environment.
    pub environment_id: String,
    /// Name of the environment.
    pub name: String,
    /// From 1.
    pub version: i64,
    /// Name of its folder.
    pub digest: String,
    /// When it was made, milliseconds since 1970.
    pub made_at: i64,
}

/// A version of a model that was registered from files.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct RegisteredRow {
    /// Registered model.
    pub model: String,
    /// Version of it.
    pub version: i64,
    /// A deployment that serves it, is to, or can be rolled back to it.
    pub deployment: Option<String>,
}

/// Who needs an environment.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct EnvironmentUseRow {
    /// `revision`, `run`, `task`, `notebook`, `environment`.
    pub kind: String,
    /// Its team; empty for what comes with Slipway.
    pub team_id: String,
    /// Name.
    pub name: String,
    /// Number of the revision, version of the environment; 0 for others.
    pub number: i64,
}

/// Artifacts that are still to be taken from the store.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct FreedArtifactsRow {
    /// Team.
    pub team_id: String,
    /// Path among its artifacts.
    pub path: String,
}

/// An environment that is still to be taken from the disk.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct FreedEnvironmentRow {
    /// Who freed it.
    pub team_id: String,
    /// Name of its folder.
    pub digest: String,
}

/// Which rows a page begins after: time and id of the last one before.
#[derive(Debug, Clone, Copy)]
pub struct After<'a>(pub i64, pub &'a str);

/// Before everything.
pub const FIRST: After<'static> = After(i64::MAX, "");

const RUNS: &str = "SELECT id, name, artifact_uri, deleted_at FROM runs
    WHERE team_id = $1 AND lifecycle = 'deleted' AND freed_at IS NULL AND deleted_at <= $2 AND (deleted_at < $2 OR id > $3)
    ORDER BY deleted_at DESC, id LIMIT $4";

/// Those of a deleted run go with the run.
const LOGGED_MODELS: &str = "SELECT l.id, l.name, l.artifact_uri, l.deleted_at FROM logged_models l
    WHERE l.team_id = $1 AND l.deleted_at IS NOT NULL AND l.freed_at IS NULL AND l.deleted_at <= $2 AND (l.deleted_at < $2 OR l.id > $3)
    AND NOT EXISTS (SELECT 1 FROM runs r WHERE r.id = l.source_run_id AND r.lifecycle = 'deleted' AND r.freed_at IS NULL)
    ORDER BY l.deleted_at DESC, l.id LIMIT $4";

const LOGGED_BY: &str = "SELECT id, name, artifact_uri, COALESCE(deleted_at, 0) AS deleted_at FROM logged_models
    WHERE source_run_id = $2 AND team_id = $1 AND freed_at IS NULL ORDER BY created_at, id";

/// Not the newest that is ready, unless it was made for tasks. Where several have the same content, the newest of them stands for all.
macro_rules! old_environments {
    ($rest:literal) => {
        concat!(
            "SELECT v.id, v.environment_id, e.name, v.version, v.digest, COALESCE(v.ready_at, v.created_at) AS made_at
             FROM environments e JOIN environment_versions v ON v.environment_id = e.id
             WHERE e.team_id = $1 AND v.build = 'ready' AND v.lock_text IS NOT NULL AND v.freed_at IS NULL
             AND (e.name LIKE 'pipeline-%' OR v.version < (SELECT MAX(n.version) FROM environment_versions n
                  WHERE n.environment_id = e.id AND n.build = 'ready'))
             AND NOT EXISTS (SELECT 1 FROM environment_versions x JOIN environments y ON y.id = x.environment_id
                  WHERE x.digest = v.digest AND x.build = 'ready' AND x.freed_at IS NULL AND y.team_id = e.team_id AND x.id > v.id) ",
            $rest
        )
    };
}

/// Versions registered from a run or from one of these logged models, with what needs them.
const REGISTERED: &str = "SELECT m.name AS model, v.version,
        (SELECT MIN(d.name) FROM revisions r JOIN deployments d ON d.id = r.deployment_id
         WHERE r.team_id = v.team_id AND r.model = m.name AND r.version = v.version AND d.desired <> 'deleted'
         AND (r.serving_at IS NOT NULL OR r.number = d.serving OR r.number = d.canary OR r.number = d.next)) AS deployment
    FROM model_versions v JOIN models m ON m.id = v.model_id
    WHERE v.team_id = $1 AND (v.run_id = $2 OR v.logged_model_id IN (@TEXTS($3))) AND v.storage LIKE 'mlflow-artifacts:%'
    ORDER BY m.name, v.version LIMIT 500";

/// Pipeline runs that show what a run made, or took it over.
const SHOWN_BY: &str = "SELECT p.name FROM tasks t JOIN pipeline_runs p ON p.id = t.pipeline_run_id WHERE t.run_id = $2 AND t.team_id = $1
    UNION ALL SELECT p.name FROM taken_over o JOIN tasks t ON t.id = o.task_id JOIN pipeline_runs p ON p.id = t.pipeline_run_id
    WHERE o.run_id = $2 AND t.team_id = $1 AND t.cached_from IS NOT NULL LIMIT 1";

/// Who needs an environment, by its content; `$2` is who asks. The team's own versions count where they are the newest.
const ENVIRONMENT_USES: &str = "SELECT 'revision' AS kind, r.team_id, d.name, r.number FROM environment_versions v
        JOIN revisions r ON r.environment_version_id = v.id JOIN deployments d ON d.id = r.deployment_id
        WHERE v.digest = $1 AND d.desired <> 'deleted'
        AND (r.serving_at IS NOT NULL OR r.number = d.serving OR r.number = d.canary OR r.number = d.next OR r.number = d.latest)
    UNION ALL SELECT 'run', s.team_id, u.name, 0 FROM environment_versions v
        JOIN submissions s ON s.environment_version_id = v.id JOIN runs u ON u.id = s.run_id WHERE v.digest = $1 AND s.live = 1
    UNION ALL SELECT 'task', t.team_id, t.display_name, 0 FROM environment_versions v
        JOIN tasks t ON t.environment_version_id = v.id WHERE v.digest = $1 AND t.workload_id IS NOT NULL
    UNION ALL SELECT 'notebook', n.team_id, n.name, 0 FROM environment_versions v JOIN environments e ON e.id = v.environment_id
        JOIN notebooks n ON n.environment = e.name AND n.environment_version = v.version AND (e.team_id IS NULL OR e.team_id = n.team_id)
        JOIN workloads w ON w.id = n.workload_id WHERE v.digest = $1 AND w.live = 1
    UNION ALL SELECT 'environment', COALESCE(e.team_id, ''), e.name, v.version FROM environment_versions v
        JOIN environments e ON e.id = v.environment_id
        WHERE v.digest = $1 AND v.build = 'ready' AND v.freed_at IS NULL AND (e.team_id IS NULL OR e.team_id <> $2
            OR (e.name NOT LIKE 'pipeline-%' AND v.version = (SELECT MAX(n.version) FROM environment_versions n
                WHERE n.environment_id = e.id AND n.build = 'ready')))
    LIMIT 1";

/// Copies of models on this machine that somebody needs: a revision that serves, is to, or can be rolled back to and served lately; a replica
/// or a gate at work; a promotion that is not decided. And those of which nobody knows the version any more, as long as something is at work with
/// a version that was deleted.
const COPIES: &str = "WITH digests (digest) AS (@TEXTS($1))
    SELECT d.digest FROM digests d WHERE NOT EXISTS (SELECT 1 FROM model_versions v WHERE v.digest = d.digest) AND (
        EXISTS (SELECT 1 FROM workloads w JOIN revisions r ON r.id = w.owner_id WHERE w.live = 1 AND w.kind = 'replica'
            AND NOT EXISTS (SELECT 1 FROM model_versions v JOIN models m ON m.id = v.model_id
                WHERE m.team_id = r.team_id AND m.name = r.model AND v.version = r.version))
        OR EXISTS (SELECT 1 FROM workloads w JOIN promotions p ON p.id = w.owner_id WHERE w.live = 1 AND w.kind = 'gate'
            AND NOT EXISTS (SELECT 1 FROM model_versions v WHERE v.model_id = p.model_id AND v.version = p.version)))
    UNION SELECT v.digest FROM model_versions v JOIN models m ON m.id = v.model_id
    WHERE v.digest IN (@TEXTS($1)) AND (
        EXISTS (SELECT 1 FROM revisions r JOIN deployments d ON d.id = r.deployment_id
            WHERE r.team_id = v.team_id AND r.model = m.name AND r.version = v.version AND d.desired <> 'deleted'
            AND (r.number = d.serving OR r.number = d.canary OR r.number = d.next OR r.number = d.latest
                OR (r.serving_at IS NOT NULL AND (r.retired_at IS NULL OR r.retired_at >= $2))))
        OR EXISTS (SELECT 1 FROM revisions r JOIN workloads w ON w.owner_id = r.id
            WHERE r.team_id = v.team_id AND r.model = m.name AND r.version = v.version AND w.live = 1)
        OR EXISTS (SELECT 1 FROM promotions p WHERE p.model_id = v.model_id AND (p.version = v.version OR p.current_version = v.version)
            AND (p.open_key IS NOT NULL OR EXISTS (SELECT 1 FROM workloads w WHERE w.owner_id = p.id AND w.live = 1))))";

impl Store {
    /// Deleted runs, or deleted logged models, of a team that clean-up did not free, newest deletion first. Environments have no such time:
    /// none is answered for them.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn deleted(&self, team_id: &str, kind: CleanUpKind, after: After<'_>, limit: i64) -> Result<Vec<DeletedRow>> {
        let sql = match kind {
            CleanUpKind::Run => RUNS,
            CleanUpKind::LoggedModel => LOGGED_MODELS,
            CleanUpKind::Environment => return Ok(Vec::new()),
        };
        self.all(sql, args![team_id, after.0, after.1, limit]).await
    }

    /// Logged models of a run that were not freed, deleted or not.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn logged_by(&self, team_id: &str, run_id: &str) -> Result<Vec<DeletedRow>> {
        self.all(LOGGED_BY, args![team_id, run_id]).await
    }

    /// Versions of a team's environments that may be freed where nobody needs them, by id after `after`.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn old_environments(&self, team_id: &str, after: &str, limit: i64) -> Result<Vec<OldEnvironmentRow>> {
        self.all(old_environments!("AND v.id > $2 ORDER BY v.id LIMIT $3"), args![team_id, after, limit]).await
    }

    /// Versions that were registered from a run, or from one of these logged models.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn registered_from(&self, team_id: &str, run_id: &str, logged: &[&str]) -> Result<Vec<RegisteredRow>> {
        self.all(list::sql(self.db(), REGISTERED), args![team_id, run_id, list::texts(logged)]).await
    }

    /// Whether the files of a run or of a logged model were freed.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn files_freed(&self, team_id: &str, run_id: Option<&str>, logged_model_id: Option<&str>) -> Result<bool> {
        let sql = "SELECT 1 FROM runs WHERE team_id = $1 AND id = $2 AND freed_at IS NOT NULL
                   UNION ALL SELECT 1 FROM logged_models WHERE team_id = $1 AND id = $3 AND freed_at IS NOT NULL LIMIT 1";
        Ok(self.opt::<(i32,)>(sql, args![team_id, run_id, logged_model_id]).await?.is_some())
    }

    /// A pipeline run that shows what a run made.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn shown_by(&self, team_id: &str, run_id: &str) -> Result<Option<String>> {
        Ok(self.opt::<(String,)>(SHOWN_BY, args![team_id, run_id]).await?.map(|r| r.0))
    }

    /// Somebody who needs an environment.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn environment_use(&self, team_id: &str, digest: &str) -> Result<Option<EnvironmentUseRow>> {
        self.opt(ENVIRONMENT_USES, args![digest, team_id]).await
    }

    /// Artifacts that are still to be taken from the store, oldest first.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn freed_artifacts(&self, limit: i64) -> Result<Vec<FreedArtifactsRow>> {
        self.all("SELECT team_id, path FROM freed_artifacts ORDER BY created_at, team_id, path LIMIT $1", args![limit]).await
    }

    /// Environments that are still to be taken from the disk, oldest first.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn freed_environments(&self, limit: i64) -> Result<Vec<FreedEnvironmentRow>> {
        self.all("SELECT team_id, digest FROM freed_environments ORDER BY created_at, team_id, digest LIMIT $1", args![limit]).await
    }

    /// Which of these copies of models, by digest, somebody of any team needs on this machine. `since`: what can be rolled back to is needed
    /// where it served until then or later, milliseconds since 1970.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn copies_needed(&self, digests: &[String], since: i64) -> Result<Vec<String>> {
        let rows: Vec<(String,)> = self.all(list::sql(self.db(), COPIES), args![list::texts(digests), since]).await?;
        Ok(rows.into_iter().map(|r| r.0).collect())
    }

    /// Whether some version with this content is wanted on the disk: it was not freed, or is made again.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn environment_wanted(&self, digest: &str) -> Result<bool> {
        let sql = "SELECT 1 FROM environment_versions WHERE digest = $1 AND freed_at IS NULL AND build <> 'failed' LIMIT 1";
        Ok(self.opt::<(i32,)>(sql, args![digest]).await?.is_some())
    }
}

impl Tx {
    /// Marks a deleted run as freed and answers it; nothing where there is none to free. It stays locked until the end of the transaction.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn run_free(&mut self, team_id: &str, id: &str) -> Result<Option<DeletedRow>> {
        let now = self.now();
        self.opt(
            "UPDATE runs SET freed_at = $3, revision = revision + 1
             WHERE team_id = $1 AND id = $2 AND lifecycle = 'deleted' AND freed_at IS NULL
             RETURNING id, name, artifact_uri, COALESCE(deleted_at, 0) AS deleted_at",
            args![team_id, id, now],
        )
        .await
    }

    /// Marks a deleted logged model as freed and answers it; nothing where there is none to free.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn logged_model_free(&mut self, team_id: &str, id: &str) -> Result<Option<DeletedRow>> {
        let now = self.now();
        self.opt(
            "UPDATE logged_models SET freed_at = $3 WHERE team_id = $1 AND id = $2 AND deleted_at IS NOT NULL AND freed_at IS NULL
             RETURNING id, name, artifact_uri, deleted_at",
            args![team_id, id, now],
        )
        .await
    }

    /// Marks what a run logged as deleted and freed, and answers it.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn logged_by_free(&mut self, team_id: &str, run_id: &str) -> Result<Vec<DeletedRow>> {
        let now = self.now();
        self.all(
            "UPDATE logged_models SET deleted_at = COALESCE(deleted_at, $3), freed_at = $3
             WHERE source_run_id = $2 AND team_id = $1 AND freed_at IS NULL RETURNING id, name, artifact_uri, deleted_at",
            args![team_id, run_id, now],
        )
        .await
    }

    /// As [`Store::registered_from`], as this transaction sees it.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn registered_from(&mut self, team_id: &str, run_id: &str, logged: &[&str]) -> Result<Vec<RegisteredRow>> {
        let sql = list::sql_for(self.is_postgres(), REGISTERED);
        self.all(sql, args![team_id, run_id, list::texts(logged)]).await
    }

    /// As [`Store::shown_by`], as this transaction sees it.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn shown_by(&mut self, team_id: &str, run_id: &str) -> Result<Option<String>> {
        Ok(self.opt::<(String,)>(SHOWN_BY, args![team_id, run_id]).await?.map(|r| r.0))
    }

    /// As [`Store::environment_use`], as this transaction sees it.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn environment_use(&mut self, team_id: &str, digest: &str) -> Result<Option<EnvironmentUseRow>> {
        self.opt(ENVIRONMENT_USES, args![digest, team_id]).await
    }

    /// A version of a team's environment that may be freed where nobody needs it.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn old_environment(&mut self, team_id: &str, id: &str) -> Result<Option<OldEnvironmentRow>> {
        self.opt(old_environments!("AND v.id = $2"), args![team_id, id]).await
    }

    /// Marks all versions of a team with this content as freed, and notes that it is to be taken from the disk.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn environment_free(&mut self, team_id: &str, digest: &str) -> Result<()> {
        let now = self.now();
        self.exec(
            "UPDATE environment_versions SET freed_at = $3 WHERE digest = $2 AND build = 'ready' AND freed_at IS NULL
             AND environment_id IN (SELECT id FROM environments WHERE team_id = $1)",
            args![team_id, digest, now],
        )
        .await?;
        self.exec(
            "INSERT INTO freed_environments (team_id, digest, created_at) VALUES ($1, $2, $3) ON CONFLICT (team_id, digest) DO NOTHING",
            args![team_id, digest, now],
        )
        .await
        .map(drop)
    }

    /// Takes back that versions of a team with this content were freed.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn environment_unfree(&mut self, team_id: &str, digest: &str) -> Result<()> {
        self.exec(
            "UPDATE environment_versions SET freed_at = NULL WHERE digest = $2 AND build = 'ready' AND freed_at IS NOT NULL
             AND environment_id IN (SELECT id FROM environments WHERE team_id = $1)",
            args![team_id, digest],
        )
        .await
        .map(drop)
    }

    /// Notes that an environment is to be taken from the disk no more: it is gone, or needed.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn freed_environment_done(&mut self, row: &FreedEnvironmentRow) -> Result<()> {
        self.exec("DELETE FROM freed_environments WHERE team_id = $1 AND digest = $2", args![&row.team_id, &row.digest]).await.map(drop)
    }

    /// Notes that a folder of artifacts is to be taken from the store.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn artifacts_free(&mut self, team_id: &str, path: &str) -> Result<()> {
        let now = self.now();
        self.exec(
            "INSERT INTO freed_artifacts (team_id, path, created_at) VALUES ($1, $2, $3) ON CONFLICT (team_id, path) DO NOTHING",
            args![team_id, path, now],
        )
        .await
        .map(drop)
    }

    /// Notes that a folder of artifacts is gone.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn freed_artifacts_done(&mut self, row: &FreedArtifactsRow) -> Result<()> {
        self.exec("DELETE FROM freed_artifacts WHERE team_id = $1 AND path = $2", args![&row.team_id, &row.path]).await.map(drop)
    }

    /// Whether the files of a run or of a logged model were freed. Until the end of the transaction they are not, where they are not yet.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn files_freed(&mut self, team_id: &str, run_id: Option<&str>, logged_model_id: Option<&str>) -> Result<bool> {
        let lock = if self.is_postgres() { " FOR UPDATE" } else { "" };
        for (table, id) in [("runs", run_id), ("logged_models", logged_model_id)] {
            let Some(id) = id else { continue };
            let sql = format!("SELECT freed_at FROM {table} WHERE team_id = $1 AND id = $2{lock}");
            let row: Option<(Option<i64>,)> = self.opt(sqlx::AssertSqlSafe(sql), args![team_id, id]).await?;
            if row.is_some_and(|r| r.0.is_some()) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Notes whose files a task took over.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn task_takes_over(&mut self, task_id: &str, run_id: &str) -> Result<()> {
        self.exec(
            "INSERT INTO taken_over (task_id, run_id) VALUES ($1, $2) ON CONFLICT (task_id) DO UPDATE SET run_id = excluded.run_id",
            args![task_id, run_id],
        )
        .await
        .map(drop)
    }
}
