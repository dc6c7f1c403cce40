//! Deployments: what is wanted and what is. Their revisions are in [`super::revisions`].

use super::{Store, Tx};
use crate::{args, error::Result};
use app::api::State;

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
    /// Who is to take over.
    pub next: Option<i64>,
}

/// Where the requests of a deployment go, for the routing table.
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
    /// Why it does not answer.
    pub reason: Option<String>,
    /// Number of the revision that takes the traffic.
    pub number: Option<i64>,
    /// Its replica.
    pub workload_id: Option<String>,
    /// Where the replica listens, as JSON, while it runs.
    pub endpoint: Option<String>,
}

const COLUMNS: &str =
    "SELECT id, team_id, name, desired, state, reason, state_since, latest, serving, next, revision, created_at FROM deployments";

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
        let sql = format!("{COLUMNS} d WHERE desired <> 'stopped' OR state <> 'stopped' ORDER BY id");
        self.all(sqlx::AssertSqlSafe(sql), vec![]).await
    }

    /// The deployment by id, of any team.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn deployment_by_id(&self, id: &str) -> Result<Option<DeploymentRow>> {
        self.opt(sqlx::AssertSqlSafe(format!("{COLUMNS} WHERE id = $1")), args![id]).await
    }

    /// Every deployment with where its requests go.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn deployment_routes(&self) -> Result<Vec<RouteRow>> {
        self.all(
            "SELECT d.id, d.team_id, t.name AS team, d.name, d.state, d.reason, r.number, w.id AS workload_id, w.endpoint
             FROM deployments d JOIN teams t ON t.id = d.team_id
             LEFT JOIN revisions r ON r.deployment_id = d.id AND r.number = d.serving AND r.state = 'serving' AND d.desired = 'running'
             LEFT JOIN workloads w ON w.id = r.workload_id AND w.state = 'running'
             WHERE d.desired <> 'deleted'",
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
             JOIN deployments d ON d.id = r.deployment_id AND (r.number = d.serving OR r.number = d.next)
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
    pub async fn deployment_insert(&mut self, id: &str, team_id: &str, name: &str) -> Result<()> {
        let now = self.now();
        self.exec(
            "INSERT INTO deployments (id, team_id, name, desired, state, reason, state_since, latest, serving, next, revision, created_at)
             VALUES ($1, $2, $3, 'running', 'queued', NULL, $4, 1, NULL, 1, 1, $4)",
            args![id, team_id, name, now],
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
                "UPDATE deployments SET desired = $3, state = $4, reason = $5, latest = $6, serving = $7, next = $8,
                 state_since = CASE WHEN state = $4 THEN state_since ELSE $9 END, revision = revision + 1
                 WHERE id = $1 AND revision = $2",
                args![id, seen, to.desired, to.state.as_str(), to.reason, to.latest, to.serving, to.next, now],
            )
            .await?;
        Ok(touched == 1)
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
        self.exec("DELETE FROM revisions WHERE deployment_id = $1", args![id]).await?;
        self.exec("DELETE FROM deployments WHERE id = $1", args![id]).await.map(drop)
    }
}
