//! Deployments: what is wanted and what is. Their revisions are in [`super::revisions`].

use super::{Store, Tx};
use crate::{args, error::Result};
use app::api::{State, callers::Callers, limits::Limits};

/// A deployment.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct DeploymentRow {
    /// Id.
    pub id: String,
    /// Team.
    pub team_id: String,
    /// Name in the team.
    pub name: String,
    /// `running`, `stopped`, `deleted`.
    pub desired: String,
    /// A [`State`].
    pub state: String,
    /// Why it waits, does not start, or failed.
    pub reason: Option<String>,
    /// Milliseconds since 1970.
    pub state_since: i64,
    /// Number of the newest revision.
    pub latest: i64,
    /// Number of the revision that takes the traffic, or took it last.
    pub serving: Option<i64>,
    /// Number of the revision on its way to take over.
    pub next: Option<i64>,
    /// Id of the model whose alias it follows.
    pub follow_model_id: Option<String>,
    /// Name of that model.
    pub follow_model: Option<String>,
    /// The alias it follows.
    pub follow_alias: Option<String>,
    /// The version that the alias points at now.
    pub follow_version: Option<i64>,
    /// How much it takes, JSON.
    pub limits_json: Option<String>,
    /// Number of the revision that takes a share of the traffic beside the one that serves.
    #[sqlx(rename = "canary")]
    pub canary_number: Option<i64>,
    /// Its share, in percent.
    pub share: Option<i64>,
    /// The share that the revision on its way is to take; nothing: all of it.
    pub next_share: Option<i64>,
    /// Requests with the same value of this header go to the same revision.
    pub sticky_header: Option<String>,
    /// How many replicas each revision at work is to have.
    pub replicas: i64,
    /// How many of the revision that serves are ready.
    pub ready: i64,
    /// Who may call it beside its team, JSON.
    pub callers_json: Option<String>,
    /// Counts up with each change.
    pub revision: i64,
    /// Milliseconds since 1970.
    pub created_at: i64,
}

impl DeploymentRow {
    /// State; what cannot be read counts as failed.
    pub fn state(&self) -> State {
        self.state.parse().unwrap_or(State::Failed)
    }

    /// The revision that takes a share beside the one that serves.
    pub fn canary(&self) -> Option<Canary> {
        Some(Canary { number: self.canary_number?, percent: self.share? })
    }

    /// How much it takes.
    pub fn limits(&self) -> Limits {
        limits(self.limits_json.as_deref())
    }

    /// Who may call it beside its team.
    pub fn callers(&self) -> Callers {
        callers(self.callers_json.as_deref())
    }
}

/// Callers as they are kept; what cannot be read lets nobody in.
pub fn callers(json: Option<&str>) -> Callers {
    json.and_then(|j| serde_json::from_str(j).ok()).unwrap_or_default()
}

/// A revision that takes a share of the traffic beside the one that serves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Canary {
    /// Number of the revision.
    pub number: i64,
    /// Its share in percent, 1 to 99.
    pub percent: i64,
}

/// Limits as they are kept.
pub fn limits(json: Option<&str>) -> Limits {
    json.and_then(|j| serde_json::from_str(j).ok()).unwrap_or_default()
}

/// A change of a deployment, made only while its revision is the one that was seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeploymentChange<'a> {
    /// What is wanted.
    pub desired: &'a str,
    /// What is.
    pub state: State,
    /// Why.
    pub reason: Option<&'a str>,
    /// Number of the newest revision.
    pub latest: i64,
    /// Who takes the traffic.
    pub serving: Option<i64>,
    /// Who takes a share beside it.
    pub canary: Option<Canary>,
    /// Who is to take over.
    pub next: Option<i64>,
    /// The share it is to take; nothing: all of it.
    pub next_share: Option<i64>,
}

/// An alias to follow, and the version that is followed with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Follow<'a> {
    /// Id of the model.
    pub model_id: &'a str,
    /// The alias.
    pub alias: &'a str,
    /// The version it points at.
    pub version: i64,
}

/// Where the requests of a deployment go, for the routing table: a row for each replica that is ready, or one without.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct RouteRow {
    /// Id of the deployment.
    pub id: String,
    /// Team.
    pub team_id: String,
    /// Name of the team.
    pub team: String,
    /// Name of the deployment.
    pub name: String,
    /// A [`State`].
    pub state: String,
    /// Number of the revision that takes the traffic.
    pub number: Option<i64>,
    /// The workload of a replica of it.
    pub workload_id: Option<String>,
    /// Where the replica listens, as JSON, while it runs.
    pub endpoint: Option<String>,
    /// How much the deployment takes, JSON.
    pub limits_json: Option<String>,
    /// Number of the revision that takes a share beside the one that serves.
    pub canary: Option<i64>,
    /// That share, in percent.
    pub share: Option<i64>,
    /// Requests with the same value of this header go to the same revision.
    pub sticky_header: Option<String>,
    /// Who may call it beside its team, JSON.
    pub callers_json: Option<String>,
    /// What each replica of that revision runs, JSON; nothing: the shipped model server.
    pub program_json: Option<String>,
}

const COLUMNS: &str = "SELECT d.id, d.team_id, d.name, d.desired, d.state, d.reason, d.state_since, d.latest, d.serving, d.next,
    d.follow_model_id, (SELECT m.name FROM models m WHERE m.id = d.follow_model_id) AS follow_model, d.follow_alias,
    (SELECT a.version FROM model_aliases a WHERE a.model_id = d.follow_model_id AND a.alias = d.follow_alias) AS follow_version,
    d.limits_json, d.callers_json, d.canary, d.share, d.next_share, d.sticky_header, d.replicas, (SELECT COUNT(*) FROM replicas p JOIN revisions r ON r.id = p.revision_id JOIN workloads w ON w.id = p.workload_id
        WHERE r.deployment_id = d.id AND r.number = d.serving AND w.state = 'running' AND p.drains_since IS NULL) AS ready,
    d.revision, d.created_at FROM deployments d";

impl Store {
    /// The deployment of this name.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn deployment(&self, team_id: &str, name: &str) -> Result<Option<DeploymentRow>> {
        self.opt(sqlx::AssertSqlSafe(format!("{COLUMNS} WHERE team_id = $1 AND name = $2")), args![team_id, name]).await
    }

    /// Deployments of a team after `after`, by name.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn deployment_list(&self, team_id: &str, after: &str, limit: i64) -> Result<Vec<DeploymentRow>> {
        let sql = format!("{COLUMNS} WHERE team_id = $1 AND name > $2 ORDER BY name LIMIT $3");
        self.all(sqlx::AssertSqlSafe(sql), args![team_id, after, limit]).await
    }

    /// Deployments that may need something done: all but those at rest.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn deployments_unsettled(&self) -> Result<Vec<DeploymentRow>> {
        let sql = format!("{COLUMNS} WHERE desired <> 'stopped' OR state <> 'stopped' ORDER BY id");
        self.all(sqlx::AssertSqlSafe(sql), vec![]).await
    }

    /// Deployments that are wanted running and follow an alias which has moved since.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn deployments_behind(&self) -> Result<Vec<DeploymentRow>> {
        let sql = format!(
            "{COLUMNS} JOIN model_aliases a ON a.model_id = d.follow_model_id AND a.alias = d.follow_alias
             WHERE d.desired = 'running' AND a.version <> d.followed ORDER BY d.id"
        );
        self.all(sqlx::AssertSqlSafe(sql), vec![]).await
    }

    /// Whether the alias that a deployment follows points elsewhere than when it was followed last.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn deployment_is_behind(&self, id: &str) -> Result<bool> {
        let found: Option<(i64,)> = self
            .opt(
                "SELECT a.version FROM deployments d JOIN model_aliases a ON a.model_id = d.follow_model_id AND a.alias = d.follow_alias
                 WHERE d.id = $1 AND a.version <> d.followed",
                args![id],
            )
            .await?;
        Ok(found.is_some())
    }

    /// The deployment by id, of any team.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn deployment_by_id(&self, id: &str) -> Result<Option<DeploymentRow>> {
        self.opt(sqlx::AssertSqlSafe(format!("{COLUMNS} WHERE id = $1")), args![id]).await
    }

    /// Every deployment with where its requests go, one after the other.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn deployment_routes(&self) -> Result<Vec<RouteRow>> {
        self.all(
            "SELECT d.id, d.team_id, t.name AS team, d.name, d.state, r.number, w.id AS workload_id, w.endpoint, d.limits_json, d.callers_json, d.canary,
                    d.share, d.sticky_header, r.program_json
             FROM deployments d JOIN teams t ON t.id = d.team_id
             LEFT JOIN revisions r ON r.deployment_id = d.id AND (r.number = d.serving OR r.number = d.canary) AND r.state = 'serving'
                AND d.desired = 'running'
             LEFT JOIN replicas p ON p.revision_id = r.id AND p.drains_since IS NULL
             LEFT JOIN workloads w ON w.id = p.workload_id AND w.state = 'running'
             WHERE d.desired <> 'deleted' ORDER BY d.id, r.number, p.number",
            vec![],
        )
        .await
    }

    /// Versions of a model with the names of the deployments that serve them, or are to, by name.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn deployments_of_model(&self, team_id: &str, model: &str) -> Result<Vec<(i64, String)>> {
        self.all(
            "SELECT DISTINCT r.version, d.name FROM revisions r
             JOIN deployments d ON d.id = r.deployment_id AND (r.number = d.serving OR r.number = d.canary OR r.number = d.next)
             WHERE r.team_id = $1 AND r.model = $2 AND d.desired <> 'deleted' ORDER BY d.name",
            args![team_id, model],
        )
        .await
    }
}

impl Tx {
    /// Inserts a deployment that is wanted running, with its first revision on its way.
    ///
    /// # Errors
    /// There is one of this name.
    pub async fn deployment_insert(&mut self, id: &str, team_id: &str, name: &str, replicas: i64) -> Result<()> {
        let now = self.now();
        self.exec(
            "INSERT INTO deployments (id, team_id, name, desired, state, reason, state_since, latest, serving, next, replicas, revision,
             created_at) VALUES ($1, $2, $3, 'running', 'queued', NULL, $4, 1, NULL, 1, $5, 1, $4)",
            args![id, team_id, name, now, replicas],
        )
        .await
        .map(drop)
    }

    /// Changes a deployment whose revision is still `seen`; whether it was.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn deployment_update(&mut self, id: &str, seen: i64, to: &DeploymentChange<'_>) -> Result<bool> {
        let now = self.now();
        let touched = self
            .exec(
                "UPDATE deployments SET desired = $3, state = $4, reason = $5, latest = $6, serving = $7, next = $8, canary = $9, share = $10,
                 next_share = $11, state_since = CASE WHEN state = $4 THEN state_since ELSE $12 END, revision = revision + 1
                 WHERE id = $1 AND revision = $2",
                args![
                    id,
                    seen,
                    to.desired,
                    to.state.as_str(),
                    to.reason,
                    to.latest,
                    to.serving,
                    to.next,
                    to.canary.map(|c| c.number),
                    to.canary.map(|c| c.percent),
                    to.next_share,
                    now
                ],
            )
            .await?;
        Ok(touched == 1)
    }

    /// The alias that a deployment follows from now on; none ends it. Change the deployment in the same transaction.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn deployment_follow(&mut self, id: &str, follow: Option<&Follow<'_>>) -> Result<()> {
        let (model, alias, version) = (follow.map(|f| f.model_id), follow.map(|f| f.alias), follow.map(|f| f.version));
        self.exec(
            "UPDATE deployments SET follow_model_id = $2, follow_alias = $3, followed = $4 WHERE id = $1",
            args![id, model, alias, version],
        )
        .await
        .map(drop)
    }

    /// Sets how much a deployment takes, while its revision is still `seen`; whether it was.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn deployment_limits(&mut self, id: &str, seen: i64, to: &Limits) -> Result<bool> {
        let json = serde_json::to_string(to)?;
        let sql = "UPDATE deployments SET limits_json = $3, revision = revision + 1 WHERE id = $1 AND revision = $2";
        Ok(self.exec(sql, args![id, seen, json]).await? == 1)
    }

    /// The header by which requests stay with a revision, while the deployment's revision is still `seen`; whether it was.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn deployment_sticky(&mut self, id: &str, seen: i64, header: Option<&str>) -> Result<bool> {
        let sql = "UPDATE deployments SET sticky_header = $3, revision = revision + 1 WHERE id = $1 AND revision = $2";
        Ok(self.exec(sql, args![id, seen, header]).await? == 1)
    }

    /// Sets how many replicas each revision at work is to have, while the deployment's revision is still `seen`; whether it was.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn deployment_scale(&mut self, id: &str, seen: i64, replicas: i64) -> Result<bool> {
        let sql = "UPDATE deployments SET replicas = $3, revision = revision + 1 WHERE id = $1 AND revision = $2";
        Ok(self.exec(sql, args![id, seen, replicas]).await? == 1)
    }

    /// Sets who may call a deployment beside its team, while its revision is still `seen`; whether it was.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn deployment_callers(&mut self, id: &str, seen: i64, to: &Callers) -> Result<bool> {
        let json = serde_json::to_string(to)?;
        let sql = "UPDATE deployments SET callers_json = $3, revision = revision + 1 WHERE id = $1 AND revision = $2";
        Ok(self.exec(sql, args![id, seen, json]).await? == 1)
    }

    /// Makes sure that a deployment is still as it was `seen`, and keeps it so until the end of the transaction.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn deployment_hold(&mut self, id: &str, seen: i64) -> Result<bool> {
        Ok(self.exec("UPDATE deployments SET revision = revision WHERE id = $1 AND revision = $2", args![id, seen]).await? == 1)
    }

    /// Removes a deployment with its revisions.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn deployment_remove(&mut self, id: &str) -> Result<()> {
        let replicas = "DELETE FROM replicas WHERE revision_id IN (SELECT id FROM revisions WHERE deployment_id = $1)";
        self.exec(replicas, args![id]).await?;
        self.exec("DELETE FROM revisions WHERE deployment_id = $1", args![id]).await?;
        self.exec("DELETE FROM deployments WHERE id = $1", args![id]).await.map(drop)
    }
}
