//! What the live stream says: that something changed, not what it is now.

use serde::{Deserialize, Serialize};

/// Kinds of objects: what changes are announced as, what pages are read again for, what events are filtered by. There are no others.
pub mod kinds {
    /// A file of a run or of a model it logged; the id is the run's, or the logged model's where no run made it.
    pub const ARTIFACT: &str = "artifact";
    /// A deployment, its revisions and what they came to.
    pub const DEPLOYMENT: &str = "deployment";
    /// An environment and its builds; shared ones belong to no team.
    pub const ENVIRONMENT: &str = "environment";
    /// Values of a run's metrics; the id is the run's.
    pub const METRIC: &str = "metric";
    /// A notice to somebody of the team; the id is the number of its event.
    pub const NOTICE: &str = "notice";
    /// A pipeline and its versions.
    pub const PIPELINE: &str = "pipeline";
    /// A pipeline run and its tasks; the id is the pipeline run's.
    pub const PIPELINE_RUN: &str = "pipeline_run";
    /// A promotion: its state, gates, votes, comments.
    pub const PROMOTION: &str = "promotion";
    /// A recurring run: its schedule, whether it is switched on, what it made.
    pub const RECURRING_RUN: &str = "recurring_run";
    /// A run: its state, parameters, tags, lineage.
    pub const RUN: &str = "run";
    /// A runtime; it belongs to no team.
    pub const RUNTIME: &str = "runtime";
    /// Something the cluster is to start, or runs.
    pub const WORKLOAD: &str = "workload";

    /// What has events.
    pub const RECORDED: [&str; 23] = [
        "team",
        "member",
        "user",
        "token",
        "secret",
        "quota",
        "placement",
        RUNTIME,
        ENVIRONMENT,
        "notebook",
        "experiment",
        RUN,
        "code",
        "logged_model",
        "model",
        "model_version",
        DEPLOYMENT,
        "stage",
        PROMOTION,
        "webhook",
        PIPELINE,
        PIPELINE_RUN,
        RECURRING_RUN,
    ];
    /// What changes without an event: too often, or no work of anybody's.
    pub const UNRECORDED: [&str; 4] = [ARTIFACT, METRIC, NOTICE, WORKLOAD];
    /// Anything may have changed: the reader fell behind and must reload.
    pub const ALL: &str = "all";

    /// Whether changes of that kind are announced.
    pub fn known(kind: &str) -> bool {
        RECORDED.contains(&kind) || UNRECORDED.contains(&kind)
    }
}

/// One line of `GET /api/v1/teams/{team}/changes` (server-sent events, event name `change`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Change {
    /// Kind of the object: `notebook`, `run`, `workload`, `metric`, ... or `all` where the reader fell behind and must reload.
    pub kind: String,
    /// Id of the object.
    pub id: String,
    /// Its revision, where it has one.
    #[serde(default)]
    pub revision: i64,
}
