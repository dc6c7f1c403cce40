//! The ledger of deployments, read from the events: each `serve` begins a time, which the next change of the same deployment by a `serve`, `stop` or
//! `delete` ends. Where two revisions share the traffic, one change has a `serve` for each of them.

use super::Store;
use crate::{args, error::Result};

/// A time in which something served.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct LedgerRow {
    /// Place of its beginning in the sequence of events.
    pub seq: i64,
    /// Since when, milliseconds since 1970.
    pub time: i64,
    /// Id of the deployment.
    pub object_id: String,
    /// What served, JSON.
    pub after_json: Option<String>,
    /// Until when.
    pub end_time: Option<i64>,
    /// `serve`, `stop` or `delete`.
    pub end_action: Option<String>,
    /// Who recorded the end.
    pub end_actor: Option<String>,
    /// What served next, JSON.
    pub end_json: Option<String>,
}

/// What a version was registered from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum From<'a> {
    /// A run, by id.
    Run(&'a str),
    /// A logged model, by id.
    LoggedModel(&'a str),
}

/// The team is asked of the model: by the run or the logged model there are few versions, by the team there are all.
macro_rules! kept_from {
    ($of:literal) => {
        concat!(
            "SELECT DISTINCT d.name AS deployment, r.model, r.version, v.storage FROM model_versions v JOIN models m ON m.id = v.model_id
             JOIN revisions r ON r.team_id = v.team_id AND r.model = m.name AND r.version = v.version
             JOIN deployments d ON d.id = r.deployment_id
             WHERE m.team_id = $1 AND ",
            $of,
            " = $2 AND d.desired <> 'deleted'
             AND (r.serving_at IS NOT NULL OR r.number = d.serving OR r.number = d.canary OR r.number = d.next) ORDER BY d.name, r.model, r.version"
        )
    };
}

/// A file that a revision needs: of which deployment, and where.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct KeptRow {
    /// Name of the deployment.
    pub deployment: String,
    /// Registered model.
    pub model: String,
    /// Version of it.
    pub version: i64,
    /// Where its files are, as a URI.
    pub storage: String,
}

impl Store {
    /// What served under a name before place `before` of the sequence, newest first; only what served at `at`, where that is given.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn ledger(&self, team_id: &str, name: &str, at: Option<i64>, before: i64, limit: i64) -> Result<Vec<LedgerRow>> {
        self.all(
            "SELECT e.seq, e.time, e.object_id, e.after_json, n.time AS end_time, n.action AS end_action, n.actor AS end_actor,
                    n.after_json AS end_json
             FROM events e LEFT JOIN events n ON n.seq = (
                 SELECT x.seq FROM events x WHERE x.object_id = e.object_id AND x.seq > e.seq AND x.revision > e.revision AND x.kind = 'deployment'
                 AND x.action IN ('serve', 'stop', 'delete') ORDER BY x.seq LIMIT 1)
             WHERE e.kind = 'deployment' AND e.action = 'serve' AND e.team_id = $1 AND e.object_name = $2 AND e.seq < $4
             AND ($3 IS NULL OR (e.time <= $3 AND (n.time IS NULL OR n.time > $3)))
             ORDER BY e.seq DESC LIMIT $5",
            args![team_id, name, at, before, limit],
        )
        .await
    }

    /// Numbers of the revisions of a deployment that have served.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn revisions_served(&self, deployment_id: &str) -> Result<Vec<i64>> {
        let sql = "SELECT number FROM revisions WHERE deployment_id = $1 AND serving_at IS NOT NULL";
        Ok(self.all::<(i64,)>(sql, args![deployment_id]).await?.into_iter().map(|(n,)| n).collect())
    }

    /// The versions that deployments of a team serve, are to serve, or can be rolled back to, with where their files are: of one model
    /// (all for `None`), of one version of it (all for `None`).
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn versions_kept(&self, team_id: &str, model: Option<&str>, version: Option<i64>) -> Result<Vec<KeptRow>> {
        self.all(
            "SELECT DISTINCT d.name AS deployment, r.model, r.version, v.storage FROM revisions r
             JOIN deployments d ON d.id = r.deployment_id JOIN models m ON m.team_id = r.team_id AND m.name = r.model
             JOIN model_versions v ON v.model_id = m.id AND v.version = r.version
             WHERE r.team_id = $1 AND ($2 IS NULL OR r.model = $2) AND ($3 IS NULL OR r.version = $3) AND d.desired <> 'deleted'
             AND (r.serving_at IS NOT NULL OR r.number = d.serving OR r.number = d.canary OR r.number = d.next) ORDER BY d.name, r.model, r.version",
            args![team_id, model, version],
        )
        .await
    }

    /// The same, of the versions registered from this.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn versions_kept_from(&self, team_id: &str, from: From<'_>) -> Result<Vec<KeptRow>> {
        match from {
            From::Run(id) => self.all(kept_from!("v.run_id"), args![team_id, id]).await,
            From::LoggedModel(id) => self.all(kept_from!("v.logged_model_id"), args![team_id, id]).await,
        }
    }
}
