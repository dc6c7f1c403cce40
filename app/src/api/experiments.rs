//! Experiments, as in MLflow.

use super::{
    Client, ListQuery, Page,
    client::{Reply, team_path, with_query},
};
use serde::{Deserialize, Serialize};

/// An experiment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Experiment {
    /// Id.
    pub id: String,
    /// Name in the team.
    pub name: String,
    /// RFC 3339.
    pub created_at: String,
    /// RFC 3339.
    pub updated_at: String,
}

impl Client {
    /// `GET /api/v1/teams/{team}/experiments`: active ones, last changed first.
    pub fn experiment_list(&self, team: &str, query: &ListQuery) -> Reply<Page<Experiment>> {
        self.get(with_query(team_path(team, "/experiments"), query))
    }
}
