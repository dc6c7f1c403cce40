//! What a team came to know: what runs, waits, failed.

use super::{
    Client, State,
    client::{Reply, team_path, with_query},
    promotions::Promotion,
    resources::Resources,
};
use serde::{Deserialize, Serialize};

/// One line of Home.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct HomeItem {
    /// `notebook`, `run`, `pipeline_run`, `task`, `deployment`, `environment`, `promotion`.
    pub kind: String,
    /// Id.
    pub id: String,
    /// Name.
    pub name: String,
    /// State.
    pub state: State,
    /// Why it waits or failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Who it belongs to.
    pub by: String,
    /// Since when it is in this state, RFC 3339.
    pub since: String,
    /// What it asks for.
    pub resources: Resources,
    /// What it was granted; absent while it waits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub granted: Option<Resources>,
    /// Page of the dashboard.
    pub href: String,
    /// CPU in millicores over the last minutes, oldest first.
    #[serde(default)]
    pub cpu: Vec<i64>,
}

/// Home of a team.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Home {
    /// Runs, waits, starts.
    pub active: Vec<HomeItem>,
    /// Failed in the last days and not looked after since, newest first; a deployment that serves is here where its newest revision did not take over.
    pub failed: Vec<HomeItem>,
    /// Promotions that wait for an approval which the one who asks can give, newest first.
    #[serde(default)]
    pub waiting: Vec<Promotion>,
    /// Tasks of pipeline runs that wait for an answer which the one who asks can give, newest first.
    #[serde(default)]
    pub tasks: Vec<WaitingTask>,
    /// What ended or changed lately, newest first.
    pub recent: Vec<HomeItem>,
    /// Kept counters for the side nav.
    pub counts: Counts,
}

/// A task of a pipeline run that waits for an answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct WaitingTask {
    /// Id of the task.
    pub task_id: String,
    /// Its name.
    pub task: String,
    /// Id of the pipeline run.
    pub pipeline_run_id: String,
    /// Its name.
    pub pipeline_run: String,
    /// What is asked.
    pub message: String,
    /// Who ran the pipeline.
    pub by: String,
    /// Since when it waits, RFC 3339.
    pub since: String,
}

/// How many are active.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Counts {
    /// Notebooks that hold or wait.
    pub notebooks: i64,
    /// Runs that hold or wait.
    pub runs: i64,
    /// Pipeline runs that have not ended.
    #[serde(default)]
    pub pipelines: i64,
    /// Deployments that hold or wait.
    pub deployments: i64,
    /// Promotions that wait for an approval which the one who asks can give.
    #[serde(default)]
    pub approvals: i64,
}

/// An object or an action found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Found {
    /// `notebook`, `run`, `pipeline`, `pipeline_run`, `model`, `deployment`, `experiment`, `environment`.
    pub kind: String,
    /// For people.
    pub label: String,
    /// More about it.
    pub sub: String,
    /// Page of the dashboard.
    pub href: String,
}

/// What to look for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::IntoParams))]
#[cfg_attr(feature = "ssr", into_params(parameter_in = Query))]
pub struct FindQuery {
    /// Part of a name or an id.
    pub q: String,
}

impl Client {
    /// `GET /api/v1/teams/{team}/home`
    pub fn home(&self, team: &str) -> Reply<Home> {
        self.get(team_path(team, "/home"))
    }
    /// `GET /api/v1/teams/{team}/find`
    pub fn find(&self, team: &str, q: &str) -> Reply<Vec<Found>> {
        self.get(with_query(team_path(team, "/find"), &FindQuery { q: q.into() }))
    }
}
