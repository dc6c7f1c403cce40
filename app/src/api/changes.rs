//! What the live stream says: that something changed, not what it is now.

use serde::{Deserialize, Serialize};

/// One line of `GET /api/v1/teams/{team}/changes` (server-sent events, event name `change`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Change {
    /// Kind of the object: `notebook`, `run`, `workload`, ... or `all` where the reader fell behind and must reload.
    pub kind: String,
    /// Id of the object.
    pub id: String,
    /// Its revision, where it has one.
    #[serde(default)]
    pub revision: i64,
}
