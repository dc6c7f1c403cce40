//! The one sequence of events: who changed what, when.

use super::{
    Client, Page,
    client::{Reply, team_path, with_query},
};
use serde::{Deserialize, Serialize};

/// One change.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Event {
    /// Its place in the sequence.
    pub seq: i64,
    /// RFC 3339.
    pub time: String,
    /// Name of the team, where it belongs to one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub team: Option<String>,
    /// Who did it: a user's name, `run:{id}`, `notebook:{name}`, `slipway`.
    pub actor: String,
    /// What was done: `create`, `update`, `stop`, ...
    pub action: String,
    /// Kind of the object: `notebook`, `run`, ...
    pub kind: String,
    /// Id of the object.
    pub object_id: String,
    /// Name of the object, for people.
    pub object_name: String,
    /// The object before, without secrets.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<serde_json::Value>,
    /// The object after, without secrets.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<serde_json::Value>,
}

/// Which events; newest first.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::IntoParams))]
#[cfg_attr(feature = "ssr", into_params(parameter_in = Query))]
pub struct EventQuery {
    /// Rows per page, 1 to 500; 50 when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub page_size: Option<u32>,
    /// What the page before answered as `next_page_token`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub page_token: Option<String>,
    /// Only this actor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<String>,
    /// Only this action.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub action: Option<String>,
    /// Only objects of this kind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// Only this object.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub object_id: Option<String>,
}

impl Client {
    /// `GET /api/v1/teams/{team}/events`
    pub fn event_list(&self, team: &str, query: &EventQuery) -> Reply<Page<Event>> {
        self.get(with_query(team_path(team, "/events"), query))
    }
    /// `GET /api/v1/events`: of the whole platform, for the admin.
    pub fn event_list_all(&self, query: &EventQuery) -> Reply<Page<Event>> {
        self.get(with_query("/api/v1/events".into(), query))
    }
}
