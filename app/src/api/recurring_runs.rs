//! Recurring runs: pipelines that run by themselves, at the times of a cron or at an interval.

use super::{
    Client, Page,
    client::{Reply, segment, team_path, with_query},
    pipeline_runs::PipelineRun,
};
use http::Method;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// When something runs: a cron, or an interval.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema, utoipa::IntoParams))]
#[cfg_attr(feature = "ssr", into_params(parameter_in = Query))]
pub struct Schedule {
    /// Which of the two counts, where both are given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<ScheduleKind>,
    /// `second minute hour day month weekday`, on the clock of the time zone; 0 is Sunday.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cron: Option<String>,
    /// Seconds from one run to the next, counted from the start.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interval_seconds: Option<i64>,
    /// IANA name, as in `Europe/Berlin`; `UTC` when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_zone: Option<String>,
    /// Nothing runs before. RFC 3339, or a time on the clock of the time zone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start_at: Option<String>,
    /// Nothing runs after. RFC 3339, or a time on the clock of the time zone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end_at: Option<String>,
}

/// What a schedule is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ScheduleKind {
    /// The times of a cron.
    Cron,
    /// An interval.
    Interval,
}

/// What becomes of a time that comes while as many runs are under way as may be.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Overlap {
    /// It waits until a run ends.
    #[default]
    Wait,
    /// It is passed over.
    Skip,
}

impl Overlap {
    /// The word of the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Wait => "wait",
            Self::Skip => "skip",
        }
    }
}

impl std::str::FromStr for Overlap {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "wait" => Ok(Self::Wait),
            "skip" => Ok(Self::Skip),
            other => Err(format!("\"{other}\" is neither wait nor skip")),
        }
    }
}

/// A time that is to come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct NextTime {
    /// RFC 3339.
    pub at: String,
    /// The same in words, on the clock of the time zone: `tomorrow at 02:00`.
    pub words: String,
}

/// A schedule in words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct SchedulePreview {
    /// When it runs: `Every weekday at 02:00, Europe/Berlin`.
    pub when: String,
    /// The next five times.
    pub next: Vec<NextTime>,
}

/// A recurring run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct RecurringRun {
    /// Id.
    pub id: String,
    /// Name.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// Name of the pipeline, at the time.
    pub pipeline: String,
    /// Id of the pipeline; absent where it brought its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pipeline_id: Option<String>,
    /// Whether that pipeline was deleted since.
    #[serde(default)]
    pub pipeline_deleted: bool,
    /// Whether the version that it runs was deleted since: no time makes a run.
    #[serde(default)]
    pub version_deleted: bool,
    /// Id of the version; absent where each run takes the newest there is, or where it brought its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version_id: Option<String>,
    /// Id of the experiment that its runs go into.
    pub experiment_id: String,
    /// What its runs are given. `[[ScheduledTime]]`, `[[CurrentTime]]`, `[[Index]]` and `[[RunUUID]]` are filled in for each.
    pub parameters: BTreeMap<String, Value>,
    /// Whether tasks take over what others made of the same.
    pub cache: bool,
    /// Most tasks of a run at once; absent is as many as there is room for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_tasks: Option<i64>,
    /// When it runs.
    pub schedule: Schedule,
    /// The same in words.
    pub when: String,
    /// Most runs of it at once.
    pub max_active: i64,
    /// What becomes of a time that comes while there are as many.
    pub overlap: Overlap,
    /// Whether each missed time is made up for, the last hundred at most; otherwise only the last one is.
    pub catch_up: bool,
    /// Whether it is switched on.
    pub enabled: bool,
    /// The next five times; none where it is switched off or has ended. The first may have come, and wait.
    pub next: Vec<NextTime>,
    /// How many runs it made.
    pub made: i64,
    /// Its last runs, newest first, at most ten.
    pub runs: Vec<PipelineRun>,
    /// Why the last time made no run, or times were passed over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
    /// When that was, RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem_at: Option<String>,
    /// Who made it; its runs are for them.
    pub created_by: String,
    /// RFC 3339.
    pub created_at: String,
    /// RFC 3339.
    pub updated_at: String,
    /// Counts up with each change.
    pub revision: i64,
}

/// Which recurring runs.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::IntoParams))]
#[cfg_attr(feature = "ssr", into_params(parameter_in = Query))]
pub struct RecurringRunQuery {
    /// Id or name of a pipeline; of one that was deleted its id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pipeline: Option<String>,
    /// 1 to 1000; 50 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub page_size: Option<u32>,
    /// `next_page_token` of the page before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub page_token: Option<String>,
}

/// A recurring run to make: of a pipeline, or with a pipeline of its own.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct NewRecurringRun {
    /// Name; that of the pipeline, where it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Id or name of a pipeline of the team.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pipeline: Option<String>,
    /// Id or name of one of its versions; the newest at each time, where it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// What `kfp` compiled, YAML or JSON, instead of a pipeline of the team.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spec: Option<String>,
    /// Parameters by name.
    #[serde(default)]
    pub parameters: BTreeMap<String, Value>,
    /// Parameters by name as a form has them: each text is read as the type of its parameter.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub texts: BTreeMap<String, String>,
    /// Name of the experiment; `Default` when left out. It is made where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub experiment: Option<String>,
    /// Id of the experiment, instead of its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub experiment_id: Option<String>,
    /// Whether tasks take over what others made of the same; yes when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache: Option<bool>,
    /// Most tasks of a run at once; as many as there is room for when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_tasks: Option<i64>,
    /// When it runs.
    #[serde(default)]
    pub schedule: Schedule,
    /// Most runs of it at once, 1 to 10; 1 when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_active: Option<i64>,
    /// What becomes of a time that comes while there are as many; it waits when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub overlap: Option<Overlap>,
    /// Whether each missed time is made up for; yes when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub catch_up: Option<bool>,
    /// Whether it is switched on; yes when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
}

/// What to change of a recurring run; what is left out stays. Runs that were made already are not touched.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct RecurringRunChange {
    /// The revision that was seen; another one is refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision: Option<i64>,
    /// Name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Id or name of a version; `newest` for the newest at each time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// All parameters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parameters: Option<BTreeMap<String, Value>>,
    /// All parameters as a form has them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub texts: BTreeMap<String, String>,
    /// Whether tasks take over what others made of the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache: Option<bool>,
    /// The whole schedule. Times before the change are not made up for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schedule: Option<Schedule>,
    /// Most runs of it at once, 1 to 10.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_active: Option<i64>,
    /// What becomes of a time that comes while there are as many.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub overlap: Option<Overlap>,
    /// Whether each missed time is made up for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub catch_up: Option<bool>,
}

impl Client {
    /// `GET /api/v1/teams/{team}/recurring-runs`: newest first.
    pub fn recurring_run_list(&self, team: &str, query: &RecurringRunQuery) -> Reply<Page<RecurringRun>> {
        self.get(with_query(team_path(team, "/recurring-runs"), query))
    }
    /// `POST /api/v1/teams/{team}/recurring-runs`
    pub fn recurring_run_create(&self, team: &str, body: &NewRecurringRun) -> Reply<RecurringRun> {
        self.call(Method::POST, team_path(team, "/recurring-runs"), body)
    }
    /// `GET /api/v1/teams/{team}/recurring-runs/{id}`
    pub fn recurring_run(&self, team: &str, id: &str) -> Reply<RecurringRun> {
        self.get(path(team, id, ""))
    }
    /// `PATCH /api/v1/teams/{team}/recurring-runs/{id}`
    pub fn recurring_run_change(&self, team: &str, id: &str, body: &RecurringRunChange) -> Reply<RecurringRun> {
        self.call(Method::PATCH, path(team, id, ""), body)
    }
    /// `DELETE /api/v1/teams/{team}/recurring-runs/{id}`
    pub fn recurring_run_delete(&self, team: &str, id: &str) -> Reply<()> {
        self.act(Method::DELETE, path(team, id, ""))
    }
    /// `POST /api/v1/teams/{team}/recurring-runs/{id}/enable`
    pub fn recurring_run_enable(&self, team: &str, id: &str) -> Reply<()> {
        self.act(Method::POST, path(team, id, "/enable"))
    }
    /// `POST /api/v1/teams/{team}/recurring-runs/{id}/disable`
    pub fn recurring_run_disable(&self, team: &str, id: &str) -> Reply<()> {
        self.act(Method::POST, path(team, id, "/disable"))
    }
    /// `POST /api/v1/teams/{team}/recurring-runs/{id}/run`: out of turn.
    pub fn recurring_run_run(&self, team: &str, id: &str) -> Reply<PipelineRun> {
        self.call(Method::POST, path(team, id, "/run"), &serde_json::json!({}))
    }
    /// `GET /api/v1/schedule`: when a schedule runs, in words.
    pub fn schedule_preview(&self, schedule: &Schedule) -> Reply<SchedulePreview> {
        self.get(with_query("/api/v1/schedule".to_owned(), schedule))
    }
}

fn path(team: &str, id: &str, rest: &str) -> String {
    team_path(team, &format!("/recurring-runs/{}{rest}", segment(id)))
}
