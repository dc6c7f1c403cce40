//! Promotions: requests to move a model version to a stage, with their gates and approvals.

use super::{
    Client, Page,
    client::{Reply, segment, team_path, with_query},
    logs::{LogPage, LogQuery},
};
use http::Method;
use serde::{Deserialize, Serialize};

/// What a stage asks of a version before it may have it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct StagePolicy {
    /// `Staging` or `Production`.
    pub stage: String,
    /// The alias that goes with it.
    pub alias: String,
    /// What is checked, in this order.
    pub gates: Vec<Gate>,
    /// Approvals by maintainers other than the one who asks; absent is one as soon as the team has two maintainers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approvals: Option<i64>,
    /// Approvals that a request needs now.
    pub approvals_needed: i64,
    /// Whether the alias and the stage are set by promotions only.
    pub protect: bool,
    /// Counts up with each change; 0 where nobody has changed it.
    pub revision: i64,
}

/// A change of a stage's policy; all of it is replaced.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct SetStagePolicy {
    /// The alias that goes with it; the stage in lower case when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alias: Option<String>,
    /// What is checked, in this order: objects, or lines such as `val_auc >= 0.92`.
    #[serde(default, deserialize_with = "super::gate_words::gates")]
    pub gates: Vec<Gate>,
    /// Approvals by maintainers other than the one who asks, 0 to 10; left out, one as soon as the team has two maintainers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approvals: Option<i64>,
    /// Whether the alias and the stage are set by promotions only.
    #[serde(default)]
    pub protect: bool,
    /// The revision that was seen; where it is no longer the one in force, nothing is changed (409).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision: Option<i64>,
}

/// Which way a metric is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// More is better.
    Maximize,
    /// Less is better.
    Minimize,
}

/// One thing that is checked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case", tag = "type")]
pub enum Gate {
    /// A metric of the version's run is within bounds.
    Metric {
        /// Name of the metric.
        name: String,
        /// At least this.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        min: Option<f64>,
        /// At most this.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        max: Option<f64>,
    },
    /// A metric is not worse than that of the version which has the alias now.
    NoWorse {
        /// Name of the metric.
        name: String,
        /// Which way it is better.
        direction: Direction,
        /// By how much it may be worse.
        #[serde(default)]
        tolerance: f64,
        /// Whether both have to be measured on the same data (digest of the runs' datasets).
        #[serde(default = "yes")]
        same_dataset: bool,
    },
    /// The model says what goes in and what comes out.
    Signature,
    /// The model is loaded in its serving environment and answers its own input example.
    Smoke {
        /// Longest time for the answer, milliseconds; absent is as long as it takes.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        within_ms: Option<i64>,
        /// Size by name, for a model that needs more than the smallest.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        size: Option<String>,
    },
    /// A command of the team's own looks at the version and at the one that has the alias now; exit code 0 passes.
    Script {
        /// Name for people.
        name: String,
        /// Environment by name.
        environment: String,
        /// Shell command; `SLIPWAY_VERSION_DIR` and `SLIPWAY_CURRENT_DIR` (not set where there is none) are the folders of the models. The last
        /// JSON object that it prints is kept as evidence, and its `detail` shown.
        command: String,
        /// Seconds it may take.
        #[serde(default = "minutes")]
        timeout_seconds: i64,
        /// Size by name, for a command that needs more than the smallest.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        size: Option<String>,
    },
}

impl Gate {
    /// In words: `val_auc at least 0.92`.
    pub fn title(&self) -> String {
        match self {
            Self::Metric { name, min: Some(min), max: Some(max) } => format!("{name} from {min} to {max}"),
            Self::Metric { name, min: Some(min), .. } => format!("{name} at least {min}"),
            Self::Metric { name, max: Some(max), .. } => format!("{name} at most {max}"),
            Self::Metric { name, .. } => format!("{name} is measured"),
            Self::NoWorse { name, tolerance, same_dataset, .. } => {
                let by = if *tolerance > 0.0 { format!(" by more than {tolerance}") } else { String::new() };
                let data = if *same_dataset { "" } else { ", on any data" };
                format!("{name} not worse{by} than the version there{data}")
            }
            Self::Signature => "Signature".into(),
            Self::Smoke { .. } => "Smoke test".into(),
            Self::Script { name, .. } => name.clone(),
        }
    }

    /// Whether a workload has to look at it.
    pub const fn by_workload(&self) -> bool {
        matches!(self, Self::Smoke { .. } | Self::Script { .. })
    }

    /// The size of that workload, where one is named.
    pub fn size(&self) -> Option<&str> {
        match self {
            Self::Smoke { size, .. } | Self::Script { size, .. } => size.as_deref(),
            _ => None,
        }
    }
}

const fn yes() -> bool {
    true
}

const fn minutes() -> i64 {
    600
}

/// How far a promotion is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum PromotionState {
    /// Its gates are looked at.
    Checking,
    /// All gates are green; approvals are missing.
    WaitingForApproval,
    /// The version has the alias and the stage.
    Promoted,
    /// A gate is red, or a maintainer said no.
    Refused,
    /// Taken back by who asked.
    Withdrawn,
    /// Another request took its place.
    Superseded,
}

impl PromotionState {
    /// Every state.
    pub const ALL: [Self; 6] = [Self::Checking, Self::WaitingForApproval, Self::Promoted, Self::Refused, Self::Withdrawn, Self::Superseded];

    /// The word of the API and the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Checking => "checking",
            Self::WaitingForApproval => "waiting_for_approval",
            Self::Promoted => "promoted",
            Self::Refused => "refused",
            Self::Withdrawn => "withdrawn",
            Self::Superseded => "superseded",
        }
    }

    /// The word for people.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Checking => "Checking",
            Self::WaitingForApproval => "Waiting for approval",
            Self::Promoted => "Promoted",
            Self::Refused => "Refused",
            Self::Withdrawn => "Withdrawn",
            Self::Superseded => "Superseded",
        }
    }

    /// Whether something may still happen by itself or by an approval.
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Checking | Self::WaitingForApproval)
    }
}

/// How far a gate is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum GateState {
    /// Not looked at yet.
    Open,
    /// A workload is at it.
    Running,
    /// Green.
    Passed,
    /// Red.
    Failed,
    /// It could not be looked at: its workload was lost, or its environment is gone. Red until it is looked at again.
    Broken,
}

impl GateState {
    /// Every state.
    pub const ALL: [Self; 5] = [Self::Open, Self::Running, Self::Passed, Self::Failed, Self::Broken];

    /// The word of the API and the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Running => "running",
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::Broken => "broken",
        }
    }
}

/// A gate of a promotion, with what it saw.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct GateResult {
    /// From 0, in the policy's order.
    pub position: i64,
    /// What is checked.
    pub gate: Gate,
    /// How far it is.
    pub state: GateState,
    /// What was seen, in a sentence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// Values that it rests on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<serde_json::Value>,
    /// RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<String>,
    /// How long it took, seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seconds: Option<f64>,
    /// Whether a workload looks, or looked, at it: then it has a log.
    #[serde(default)]
    pub log: bool,
}

/// What a maintainer said.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Vote {
    /// Who.
    pub user: String,
    /// Yes or no.
    pub approves: bool,
    /// Whether it counts: who is no maintainer of the team any more does not.
    pub counts: bool,
    /// RFC 3339.
    pub at: String,
}

/// Something that was said.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Comment {
    /// Who.
    pub user: String,
    /// Plain text.
    pub text: String,
    /// RFC 3339.
    pub at: String,
}

/// A request to move a version to a stage.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Promotion {
    /// Id.
    pub id: String,
    /// Name of the registered model.
    pub model: String,
    /// The version that is to be promoted.
    pub version: i64,
    /// Where to.
    pub stage: String,
    /// The alias that goes with it.
    pub alias: String,
    /// The version that had the alias when the gates were looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub current: Option<i64>,
    /// How far it is.
    pub state: PromotionState,
    /// Why it is refused, superseded, or what it waits for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Who asked.
    pub requested_by: String,
    /// Gates in order; empty in a list.
    #[serde(default)]
    pub gates: Vec<GateResult>,
    /// Gates that are green.
    pub gates_passed: i64,
    /// All gates.
    pub gates_total: i64,
    /// Approvals that it needs.
    pub approvals_needed: i64,
    /// Approvals that count; empty in a list.
    #[serde(default)]
    pub votes: Vec<Vote>,
    /// Who could approve it; empty in a list and where nobody is asked.
    #[serde(default)]
    pub approvers: Vec<String>,
    /// What was said; empty in a list.
    #[serde(default)]
    pub comments: Vec<Comment>,
    /// Counts up with each change.
    pub revision: i64,
    /// RFC 3339.
    pub created_at: String,
    /// Since when it is in this state, RFC 3339.
    pub state_since: String,
}

/// A promotion to ask for.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct NewPromotion {
    /// Name of the registered model.
    pub model: String,
    /// The version.
    pub version: i64,
    /// `Staging` or `Production`.
    pub stage: String,
    /// What the approvers shall know.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub comment: String,
}

/// Something to say with an answer, or alone.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Say {
    /// Plain text; may be empty where it goes with an answer.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub comment: String,
}

/// Which promotions.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::IntoParams))]
pub struct PromotionQuery {
    /// Of one model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// Of one version of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<i64>,
    /// Only those to which something may still happen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub open: Option<bool>,
    /// At most 500, 50 when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub page_size: Option<u32>,
    /// Where the page before ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub page_token: Option<String>,
}

impl Client {
    /// `GET /api/v1/teams/{team}/stages`
    pub fn stage_list(&self, team: &str) -> Reply<Vec<StagePolicy>> {
        self.get(team_path(team, "/stages"))
    }
    /// `PUT /api/v1/teams/{team}/stages/{stage}`
    pub fn stage_set(&self, team: &str, stage: &str, body: &SetStagePolicy) -> Reply<StagePolicy> {
        self.call(Method::PUT, team_path(team, &format!("/stages/{}", segment(stage))), body)
    }
    /// `GET /api/v1/teams/{team}/promotions`: newest first.
    pub fn promotion_list(&self, team: &str, query: &PromotionQuery) -> Reply<Page<Promotion>> {
        self.get(with_query(team_path(team, "/promotions"), query))
    }
    /// `POST /api/v1/teams/{team}/promotions`
    pub fn promotion_request(&self, team: &str, body: &NewPromotion) -> Reply<Promotion> {
        self.call(Method::POST, team_path(team, "/promotions"), body)
    }
    /// `GET /api/v1/teams/{team}/promotions/{id}`
    pub fn promotion(&self, team: &str, id: &str) -> Reply<Promotion> {
        self.get(path(team, id, ""))
    }
    /// `POST /api/v1/teams/{team}/promotions/{id}/approve`
    pub fn promotion_approve(&self, team: &str, id: &str, say: &Say) -> Reply<Promotion> {
        self.call(Method::POST, path(team, id, "/approve"), say)
    }
    /// `POST /api/v1/teams/{team}/promotions/{id}/refuse`
    pub fn promotion_refuse(&self, team: &str, id: &str, say: &Say) -> Reply<Promotion> {
        self.call(Method::POST, path(team, id, "/refuse"), say)
    }
    /// `POST /api/v1/teams/{team}/promotions/{id}/withdraw`
    pub fn promotion_withdraw(&self, team: &str, id: &str, say: &Say) -> Reply<Promotion> {
        self.call(Method::POST, path(team, id, "/withdraw"), say)
    }
    /// `POST /api/v1/teams/{team}/promotions/{id}/recheck`
    pub fn promotion_recheck(&self, team: &str, id: &str) -> Reply<Promotion> {
        self.call(Method::POST, path(team, id, "/recheck"), &Say::default())
    }
    /// `GET /api/v1/teams/{team}/promotions/{id}/gates/{position}/log`
    pub fn promotion_log(&self, team: &str, id: &str, position: i64, query: &LogQuery) -> Reply<LogPage> {
        self.get(with_query(log_path(team, id, position), query))
    }
    /// `POST /api/v1/teams/{team}/promotions/{id}/comments`
    pub fn promotion_comment(&self, team: &str, id: &str, say: &Say) -> Reply<Promotion> {
        self.call(Method::POST, path(team, id, "/comments"), say)
    }
}

/// Where the log of a gate is read.
pub fn log_path(team: &str, id: &str, position: i64) -> String {
    path(team, id, &format!("/gates/{position}/log"))
}

fn path(team: &str, id: &str, rest: &str) -> String {
    team_path(team, &format!("/promotions/{}{rest}", segment(id)))
}
