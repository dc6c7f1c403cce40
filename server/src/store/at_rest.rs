//! What of a team is at rest: runs and pipeline runs that ended, notebooks and deployments that are off or failed, environments whose build is over.
//! Each object once, as it is now; what was deleted is not there.

use super::Store;
use crate::{args, error::Result};
use app::api::{State, resources::Resources};

/// An object at rest.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct RestRow {
    /// `run`, `pipeline_run`, `notebook`, `deployment`, `environment`.
    pub kind: String,
    /// Id.
    pub id: String,
    /// Name.
    pub name: String,
    state: String,
    /// Why it failed.
    pub reason: Option<String>,
    /// Whose it is.
    pub by: String,
    /// Since when, milliseconds since 1970.
    pub since: i64,
    cpu_millis: i64,
    memory_bytes: i64,
    gpus: i64,
}

impl RestRow {
    /// State; what cannot be read counts as failed.
    pub fn state(&self) -> State {
        self.state.parse().unwrap_or(State::Failed)
    }
    /// What it asked for.
    pub const fn resources(&self) -> Resources {
        Resources { cpu_millis: self.cpu_millis, memory_bytes: self.memory_bytes, gpus: self.gpus }
    }
}

/// Each with the words that stand for "at rest" and "failed". A run is one that Slipway executes (others say themselves how they
/// are). A deployment that serves while its newest revision did not take over counts as failed: somebody has to look.
struct Place {
    rows: &'static str,
    rest: &'static str,
    failed: &'static str,
}

const PLACES: [Place; 5] = [
    Place {
        rows: "SELECT 'run' AS kind, r.id, r.name, r.state, r.reason, r.user_name AS by, r.ended_at AS since, s.cpu_millis, s.memory_bytes, s.gpus
               FROM runs r JOIN submissions s ON s.run_id = r.id
               WHERE r.team_id = $1 AND r.submitted = 1 AND r.lifecycle = 'active' AND r.ended_at >= $2",
        rest: "r.ended_at IS NOT NULL",
        failed: "r.state = 'failed'",
    },
    Place {
        rows: "SELECT 'pipeline_run' AS kind, p.id, p.name, p.state, p.reason, p.created_by AS by, p.ended_at AS since, CAST(0 AS BIGINT) AS cpu_millis,
                      CAST(0 AS BIGINT) AS memory_bytes, CAST(0 AS BIGINT) AS gpus
               FROM pipeline_runs p
               WHERE p.team_id = $1 AND p.archived = 0 AND p.ended_at >= $2",
        rest: "p.ended_at IS NOT NULL",
        failed: "p.state = 'failed'",
    },
    Place {
        rows: "SELECT 'notebook' AS kind, n.id, n.name, n.state, n.reason, u.name AS by, n.state_since AS since, n.cpu_millis, n.memory_bytes, n.gpus
               FROM notebooks n JOIN users u ON u.id = n.user_id
               WHERE n.team_id = $1 AND n.state_since >= $2",
        rest: "n.state IN ('stopped', 'failed')",
        failed: "n.state = 'failed'",
    },
    Place {
        rows: "SELECT 'deployment' AS kind, d.id, d.name, d.state, d.reason, v.created_by AS by,
                      CASE WHEN d.state = 'running' THEN v.created_at ELSE d.state_since END AS since, v.cpu_millis, v.memory_bytes, v.gpus
               FROM deployments d JOIN revisions v ON v.deployment_id = d.id AND v.number = d.latest
               WHERE d.team_id = $1 AND d.desired <> 'deleted' AND CASE WHEN d.state = 'running' THEN v.created_at ELSE d.state_since END >= $2",
        rest: "d.state IN ('stopped', 'failed')",
        failed: "(d.state = 'failed' OR (d.state = 'running' AND v.state = 'failed'))",
    },
    Place {
        rows: "SELECT 'environment' AS kind, e.id, e.name, CASE WHEN v.build = 'ready' THEN 'succeeded' ELSE 'failed' END AS state, v.reason,
                      COALESCE((SELECT x.actor FROM events x WHERE x.object_id = e.id ORDER BY x.seq DESC LIMIT 1), '') AS by,
                      COALESCE(w.ended_at, v.ready_at, v.created_at) AS since,
                      COALESCE(w.cpu_millis, 0) AS cpu_millis, COALESCE(w.memory_bytes, 0) AS memory_bytes, COALESCE(w.gpus, 0) AS gpus
               FROM environments e JOIN environment_versions v ON v.environment_id = e.id AND v.version = e.latest_version
               LEFT JOIN workloads w ON w.id = v.workload_id
               WHERE e.team_id = $1 AND COALESCE(w.ended_at, v.ready_at, v.created_at) >= $2",
        rest: "v.build IN ('ready', 'failed')",
        failed: "v.build = 'failed'",
    },
];

impl Store {
    /// Objects of a team that came to rest after `since`, newest first.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn at_rest(&self, team_id: &str, since: i64, limit: i64) -> Result<Vec<RestRow>> {
        self.at_rest_where(team_id, since, limit, |p| p.rest).await
    }

    /// Objects of a team that failed after `since` and were not looked after, newest first.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn failed(&self, team_id: &str, since: i64, limit: i64) -> Result<Vec<RestRow>> {
        self.at_rest_where(team_id, since, limit, |p| p.failed).await
    }

    async fn at_rest_where(&self, team_id: &str, since: i64, limit: i64, what: fn(&Place) -> &'static str) -> Result<Vec<RestRow>> {
        let parts = PLACES.iter().map(|p| format!("SELECT * FROM ({} AND {} ORDER BY since DESC LIMIT $3) p", p.rows, what(p)));
        let sql = format!("{} ORDER BY since DESC, id LIMIT $3", parts.collect::<Vec<_>>().join(" UNION ALL "));
        self.all(sqlx::AssertSqlSafe(sql), args![team_id, since, limit]).await
    }
}
