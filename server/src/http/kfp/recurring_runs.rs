//! Recurring runs.

use super::{
    asker::{Asker, At, verb},
    error::Reply,
    known::{Fields, Message},
    list::{Listing, Noun},
    runs::{Asked, filled},
    theirs::{CRON, INTERVAL, RUN, theirs},
    versions,
    wire::{Both, Empty, time},
};
use crate::{
    access::{TeamEditor, TeamMember},
    error::{Error, Kind, Result},
    http::state::Web,
    pipelines::{recurring::service, search},
    records::search::{Op, Operand, PipelineField},
    runs::experiments::real_id,
    store::recurring_runs::RecurringRunRow,
};
use app::api::recurring_runs::{NewRecurringRun, Schedule, ScheduleKind};
use axum::{Json, extract::State};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

/// What stands in front of a cron whose clock is not UTC: theirs has no other place for a time zone.
const ZONE: [&str; 2] = ["CRON_TZ=", "TZ="];

/// A recurring run as Kubeflow Pipelines tells it.
#[derive(Debug, Serialize)]
pub struct RecurringRun {
    recurring_run_id: String,
    display_name: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    description: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pipeline_version_reference: Option<Value>,
    /// Of one that brought its own; not in lists, as it may be large.
    #[serde(skip_serializing_if = "Option::is_none")]
    pipeline_spec: Option<Value>,
    runtime_config: Value,
    max_concurrency: String,
    trigger: Value,
    mode: &'static str,
    status: &'static str,
    no_catchup: bool,
    created_at: String,
    updated_at: String,
    namespace: String,
    experiment_id: String,
    /// Why its last time made no run.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<super::wire::Status>,
}

impl RecurringRun {
    fn of(row: RecurringRunRow, team: &str) -> Self {
        let parameters: Map<String, Value> = serde_json::from_str(&row.parameters).unwrap_or_default();
        let version = row.version_id.as_deref();
        let reference = row.pipeline_id.as_deref().map(|pipeline| match version {
            Some(version) => json!({ "pipeline_id": pipeline, "pipeline_version_id": version }),
            None => json!({ "pipeline_id": pipeline }),
        });
        let (mode, status) = if row.enabled != 0 { ("ENABLE", "ENABLED") } else { ("DISABLE", "DISABLED") };
        Self {
            trigger: trigger(&row),
            runtime_config: json!({ "parameters": parameters }),
            pipeline_version_reference: reference,
            pipeline_spec: None,
            max_concurrency: row.max_active.to_string(),
            mode,
            status,
            no_catchup: row.catch_up == 0,
            created_at: time(row.created_at),
            updated_at: time(row.updated_at),
            namespace: team.to_owned(),
            experiment_id: row.experiment_id,
            recurring_run_id: row.id,
            display_name: row.name,
            description: row.description,
            error: row.problem.map(super::wire::Status::of),
        }
    }
}

fn trigger(row: &RecurringRunRow) -> Value {
    let mut schedule = Map::new();
    for (name, at) in [("start_time", row.start_at), ("end_time", row.end_at)] {
        if let Some(at) = at {
            schedule.insert(name.to_owned(), time(at).into());
        }
    }
    if let Some(seconds) = row.interval_s {
        schedule.insert("interval_second".to_owned(), seconds.to_string().into());
        return json!({ "periodic_schedule": schedule });
    }
    let cron = row.cron.as_deref().unwrap_or_default();
    let cron = if row.time_zone == "UTC" { cron.to_owned() } else { format!("{}{} {cron}", ZONE[0], row.time_zone) };
    schedule.insert("cron".to_owned(), cron.into());
    json!({ "cron_schedule": schedule })
}

/// What makes a run to make a recurring one. What only answers say is passed over.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Recurs {
    #[serde(alias = "maxConcurrency")]
    max_concurrency: Option<Value>,
    trigger: Option<Trigger>,
    mode: Option<String>,
    #[serde(alias = "noCatchup")]
    no_catchup: Option<bool>,
    namespace: Option<String>,
}

impl Message for Recurs {
    const FIELDS: Fields = &[
        "recurring_run_id",
        "display_name",
        "description",
        "pipeline_version_id",
        "pipeline_spec",
        "pipeline_version_reference",
        "pipeline_version_reference.pipeline_id",
        "pipeline_version_reference.pipeline_version_id",
        "runtime_config",
        "runtime_config.parameters",
        "runtime_config.pipeline_root",
        "service_account",
        "max_concurrency",
        "trigger",
        "trigger.cron_schedule",
        "trigger.cron_schedule.start_time",
        "trigger.cron_schedule.end_time",
        "trigger.cron_schedule.cron",
        "trigger.periodic_schedule",
        "trigger.periodic_schedule.start_time",
        "trigger.periodic_schedule.end_time",
        "trigger.periodic_schedule.interval_second",
        "mode",
        "created_at",
        "updated_at",
        "status",
        "error",
        "no_catchup",
        "namespace",
        "experiment_id",
        "plugins_input",
    ];
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Trigger {
    #[serde(alias = "cronSchedule")]
    cron_schedule: Option<Times>,
    #[serde(alias = "periodicSchedule")]
    periodic_schedule: Option<Times>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Times {
    #[serde(alias = "startTime")]
    start_time: Option<String>,
    #[serde(alias = "endTime")]
    end_time: Option<String>,
    cron: Option<String>,
    #[serde(alias = "intervalSecond")]
    interval_second: Option<Value>,
}

/// A whole number, which protobuf's JSON may write as text.
fn whole(field: &str, value: Option<Value>) -> Result<Option<i64>> {
    let wrong = || Error::invalid(field, format!("{field} is a whole number."));
    match value {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Number(n)) => n.as_i64().map(Some).ok_or_else(wrong),
        Some(Value::String(text)) => text.parse().map(Some).map_err(|_| wrong()),
        Some(_) => Err(wrong()),
    }
}

impl Trigger {
    fn schedule(self) -> Result<Schedule> {
        let schedule =
            |times: Times| Schedule { start_at: filled(times.start_time), end_at: filled(times.end_time), ..Schedule::default() };
        match (self.cron_schedule, self.periodic_schedule) {
            (Some(mut times), None) => {
                let text = filled(times.cron.take()).unwrap_or_default();
                let (zone, cron) =
                    match ZONE.iter().find_map(|prefix| text.strip_prefix(prefix)).map(|t| t.split_once(' ').unwrap_or((t, ""))) {
                        Some((zone, cron)) => (Some(zone.to_owned()), cron.to_owned()),
                        None => (None, text),
                    };
                Ok(Schedule { kind: Some(ScheduleKind::Cron), cron: Some(cron), time_zone: zone, ..schedule(times) })
            }
            (None, Some(mut times)) => {
                let interval_seconds = whole("trigger.periodic_schedule.interval_second", times.interval_second.take())?;
                Ok(Schedule { kind: Some(ScheduleKind::Interval), interval_seconds, ..schedule(times) })
            }
            (None, None) => {
                Err(Error::invalid("trigger", "Say with a trigger when it runs.").hint("Give a cron_schedule or a periodic_schedule."))
            }
            (Some(_), Some(_)) => Err(Error::invalid("trigger", "Give a cron_schedule or a periodic_schedule, but not both.")),
        }
    }
}

pub async fn create(State(web): State<Web>, asker: Asker, Both(mut asked, recurs): Both<Asked, Recurs>) -> Reply<RecurringRun> {
    let by = asker.editor(&web, recurs.namespace.as_deref()).await?;
    asked.refuse()?;
    let name = filled(asked.display_name.take()).ok_or_else(|| Error::invalid("display_name", "A recurring run has a name."))?;
    let enabled = match recurs.mode.as_deref() {
        Some("ENABLE") => true,
        None | Some("" | "DISABLE" | "MODE_UNSPECIFIED") => false,
        Some(_) => return Err(Error::invalid("mode", "The mode is ENABLE or DISABLE.").into()),
    };
    let (pipeline, version) = asked.version(&web, &by).await?;
    let new = NewRecurringRun {
        name: Some(name),
        pipeline,
        version,
        spec: asked.spec(),
        parameters: asked.parameters(),
        experiment_id: asked.experiment(&web, &by, asker.query.experiment_id).await?,
        description: asked.description,
        schedule: recurs.trigger.unwrap_or_default().schedule()?,
        max_active: whole("max_concurrency", recurs.max_concurrency)?,
        catch_up: recurs.no_catchup.map(|no| !no),
        enabled: Some(enabled),
        ..NewRecurringRun::default()
    };
    let times = if new.schedule.kind == Some(ScheduleKind::Interval) { INTERVAL } else { CRON };
    let made = service::create(&web.pipelines, &web.store, &by, &new).await.map_err(|e| theirs(times, theirs(RUN, e)))?;
    Ok(Json(one(&web, &by, &made.id).await?))
}

async fn one(web: &Web, by: &TeamMember, id: &str) -> Result<RecurringRun> {
    let row = service::row(&web.store, by, id).await?;
    let spec = match &row.spec_digest {
        Some(digest) => Some(versions::spec(web, digest).await?),
        None => None,
    };
    Ok(RecurringRun { pipeline_spec: spec, ..RecurringRun::of(row, &by.team.name) })
}

/// A page of recurring runs. Their name of the list is the only one that is not in snake_case.
#[derive(Debug, Serialize)]
pub struct Found {
    #[serde(rename = "recurringRuns", skip_serializing_if = "Vec::is_empty")]
    recurring_runs: Vec<RecurringRun>,
    total_size: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_page_token: Option<String>,
}

pub async fn list(State(web): State<Web>, asker: Asker) -> Reply<Found> {
    let by = asker.viewer(&web, None).await?;
    let mut listing = Listing::of(&asker.query, Noun::RecurringRun)?;
    if let Some(id) = asker.query.experiment_id.as_deref().filter(|id| !id.is_empty()) {
        listing.and(PipelineField::Experiment, Op::Eq, Operand::Text(real_id(&by.team.id, id).to_owned()));
    }
    let found = search::recurring(&web.store, &by, &listing.asked).await?;
    let recurring_runs = found.rows.into_iter().map(|row| RecurringRun::of(row, &by.team.name)).collect();
    Ok(Json(Found { recurring_runs, total_size: found.total, next_page_token: found.next }))
}

pub async fn get(State(web): State<Web>, asker: Asker, At([id]): At<1>) -> Reply<RecurringRun> {
    let by = asker.viewer(&web, None).await?;
    Ok(Json(one(&web, &by, &id).await?))
}

pub async fn delete(State(web): State<Web>, asker: Asker, At([id]): At<1>) -> Reply<Empty> {
    let by = asker.editor(&web, None).await?;
    service::delete(&web.store, &by, &id).await?;
    Ok(Json(Empty {}))
}

/// `{id}:enable` and `{id}:disable`.
pub async fn act(State(web): State<Web>, asker: Asker, At([last]): At<1>) -> Reply<Empty> {
    let (id, verb) = verb(&last)?;
    let by: TeamEditor = asker.editor(&web, None).await?;
    match verb {
        "enable" => service::enable(&web.store, &by, id, true).await?,
        "disable" => service::enable(&web.store, &by, id, false).await?,
        _ => return Err(Error::new(Kind::NotFound, "Recurring runs know :enable and :disable.").into()),
    }
    Ok(Json(Empty {}))
}
