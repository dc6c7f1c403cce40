//! The time of a recurring run has come: one transaction makes the pipeline run and settles the time.

use super::{
    placeholders::{self, Filling},
    plan::{Now, Plan, plan},
    schedule::Schedule,
    view,
};
use crate::{
    access::{Principal, TeamEditor, Via},
    clock::rfc3339,
    error::{Error, Kind, Result},
    ids,
    pipelines::{
        ir::Refusal,
        parameters,
        parsed::{Parsed, refused},
        submit::{self, Of, Ready},
        upload,
    },
    store::{
        Store, Tx,
        events::NewEvent,
        recurring_runs::{RecurringRunRow, RecurringRunStep},
    },
};
use app::api::changes::kinds;
use jiff::Timestamp;
use serde_json::{Map, Value, json};

/// Who acts when nobody asked.
const SLIPWAY: &str = "slipway";

/// What came of a look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Did {
    /// A run was made.
    Ran,
    /// A time was passed over, or made no run; why is said on the recurring run.
    Passed,
    /// There is nothing to do before a run ends, a time comes, or somebody changes something.
    Nothing,
}

/// Which run of a recurring run.
#[derive(Debug, Clone, Copy)]
pub struct Turn<'a> {
    /// The time it is for; none where somebody asked for it.
    pub at: Option<i64>,
    /// The how many-th, from 1.
    pub index: i64,
    /// Who makes it.
    pub actor: &'a str,
    /// Milliseconds since 1970.
    pub now: i64,
}

/// Does what is due about a recurring run, as far as one run.
///
/// # Errors
/// The database does not answer: nothing was done, and the time stays due.
pub async fn look(parsed: &Parsed, store: &Store, seen: &RecurringRunRow) -> Result<Did> {
    let Some(row) = store.recurring_run(&seen.team_id, &seen.id).await? else { return Ok(Did::Nothing) };
    if row.enabled == 0 {
        return Ok(Did::Nothing);
    }
    let schedule = view::schedule(&row)?;
    let asked = |active, now| {
        let overlap = row.overlap.parse().unwrap_or_default();
        plan(&schedule, Now { settled: row.settled_at, now, catch_up: row.catch_up != 0, overlap, max_active: row.max_active, active })
    };
    // Most looks end here: it waits for a run to end.
    if matches!(asked(store.recurring_run_active(&row.id).await?, store.clock().now()), Plan::Nothing | Plan::Wait) {
        return Ok(Did::Nothing);
    }
    // Whatever has to be read is read before: a transaction that writes is short.
    let ready = ready(parsed, store, &row).await;
    let mut tx = store.begin().await?;
    let now = tx.now();
    let plan = asked(tx.recurring_run_active(&row.id).await?, now);
    let at = match plan {
        Plan::Nothing | Plan::Wait => return Ok(Did::Nothing),
        Plan::Skip { to } => {
            let problem = "A time was passed over: as many runs as may be at once were still under way.";
            return settle(tx, &row, &schedule, (to, 0), (Some(problem), None)).await;
        }
        Plan::Run { at, .. } => at,
    };
    let older = matches!(plan, Plan::Run { older: true, .. } if row.catch_up != 0);
    let passed = older.then_some("More times were missed than are made up for: earlier ones were passed over.");
    // What was said stays as long as it makes up for what was missed.
    let said = passed.or_else(|| row.problem.as_deref().filter(|_| schedule.after(at).is_some_and(|next| next <= now)));
    let made = match ready {
        Ok((by, of)) => make(&mut tx, store, &by, &row, &of, Turn { at: Some(at), index: row.runs + 1, actor: SLIPWAY, now }).await,
        Err(error) => Err(error),
    };
    match made {
        Ok(_) => settle(tx, &row, &schedule, (at, 1), (said, older.then_some("miss"))).await,
        // Its clock went back.
        Err(error) if error.kind == Kind::Taken => {
            drop(tx);
            settle(store.begin().await?, &row, &schedule, (at, 0), (None, None)).await
        }
        Err(error) if matches!(error.kind, Kind::Invalid | Kind::NotFound | Kind::Forbidden | Kind::Conflict) => {
            // Nothing of the attempt stays.
            drop(tx);
            settle(store.begin().await?, &row, &schedule, (at, 0), (Some(&error.public), Some("fail"))).await
        }
        Err(error) => Err(error),
    }
}

/// Settles the times up to one, with so many runs made; and says what went wrong, also in an event of this action.
async fn settle(
    mut tx: Tx,
    row: &RecurringRunRow,
    schedule: &Schedule,
    (to, made): (i64, i64),
    (problem, action): (Option<&str>, Option<&str>),
) -> Result<Did> {
    let step = RecurringRunStep { settled_at: to, next_at: schedule.after(to), made, problem };
    if !tx.recurring_run_step(row, &step).await? {
        // Changed meanwhile: the next look sees how.
        return Ok(Did::Nothing);
    }
    // The same again is no news.
    match problem.filter(|p| row.problem.as_deref() != Some(*p)).zip(action) {
        Some((reason, action)) => {
            tx.event(NewEvent {
                team_id: Some(&row.team_id),
                actor: SLIPWAY,
                action,
                kind: kinds::RECURRING_RUN,
                object_id: &row.id,
                object_name: &row.name,
                revision: row.revision,
                before: None,
                after: Some(json!({ "reason": reason, "scheduled_at": rfc3339(to) })),
            })
            .await
            .map(drop)?;
        }
        None => tx.changed(Some(&row.team_id), kinds::RECURRING_RUN, &row.id, row.revision),
    }
    tx.commit().await?;
    Ok(if made > 0 { Did::Ran } else { Did::Passed })
}

/// For whom it runs, as what they may do is now; and what it runs.
async fn ready(parsed: &Parsed, store: &Store, row: &RecurringRunRow) -> Result<(TeamEditor, Of)> {
    let none = || Error::forbidden(format!("{} may not run pipelines in this team any more.", row.created_by));
    let user = store.user(&row.user_id).await?.filter(|u| !u.disabled()).ok_or_else(none)?;
    let team = store.team(&row.team_id).await?.ok_or_else(none)?;
    let (admin, via) = (user.admin(), Via::Session);
    let principal = Principal { user_id: user.id, user: user.name, display_name: user.display_name, admin, via };
    let by = TeamEditor::check(store, &principal, &team.name).await.map_err(|e| match e.kind {
        Kind::NotFound | Kind::Forbidden => none(),
        _ => e,
    })?;
    let of = of(parsed, store, &by, row).await?;
    Ok((by, of))
}

/// What a recurring run runs: its version, the newest, or its own.
///
/// # Errors
/// The pipeline or the version was deleted.
pub(super) async fn of(parsed: &Parsed, store: &Store, by: &TeamEditor, row: &RecurringRunRow) -> Result<Of> {
    let Some(pipeline_id) = &row.pipeline_id else {
        let digest = row.spec_digest.clone().ok_or_else(|| Error::internal(format!("recurring run {} is of nothing", row.id)))?;
        return Ok(Of { pipeline: upload::pipeline_of(parsed, &digest).await?, digest, named: None, version: None });
    };
    if store.pipeline(&by.team.id, pipeline_id).await?.is_none() {
        return Err(Error::conflict(format!("The pipeline {} was deleted.", row.pipeline)));
    }
    submit::of(parsed, store, by, (Some(pipeline_id.as_str()), row.version_id.as_deref()), None).await.map_err(|e| {
        match (e.kind, &row.version_id) {
            (Kind::NotFound, Some(_)) => Error::conflict(format!("Its version of the pipeline {} was deleted.", row.pipeline)),
            (Kind::NotFound, None) => Error::conflict(format!("The pipeline {} has no version any more.", row.pipeline)),
            _ => e,
        }
    })
}

/// Parameters of a run, filled in, checked and complete.
///
/// # Errors
/// Everything that is wrong with them.
pub(super) fn filled(of: &Of, given: &Map<String, Value>, with: Filling<'_>) -> std::result::Result<Map<String, Value>, Vec<Refusal>> {
    let filled = with.fill(given);
    // What was filled in is a text, and read as one of a form is: an index can be a number.
    let texts = given.iter().filter_map(|(name, value)| value.as_str().filter(|text| placeholders::has(text)).map(|_| name));
    let texts = texts.filter_map(|name| Some((name.clone(), filled.get(name)?.as_str()?.to_owned()))).collect();
    parameters::complete(&of.pipeline, filled, &texts)
}

/// Writes the pipeline run; its id.
///
/// # Errors
/// A parameter is not there any more, or is of another type; the experiment was deleted.
pub(super) async fn make(tx: &mut Tx, store: &Store, by: &TeamEditor, row: &RecurringRunRow, of: &Of, turn: Turn<'_>) -> Result<String> {
    let id = ids::new_id(&**store.clock());
    let given: Map<String, Value> = serde_json::from_str(&row.parameters)?;
    let scheduled = turn.at.unwrap_or(turn.now);
    let with = Filling { run: &id, scheduled, now: turn.now, index: turn.index };
    let parameters = filled(of, &given, with).map_err(|wrong| refused("parameters", &wrong))?;
    let experiment = tx.experiment(&row.team_id, &row.experiment_id).await?.filter(|e| e.is_active());
    let experiment = experiment
        .ok_or_else(|| Error::conflict("Its experiment was archived or deleted.").hint("Restore it, or make another recurring run."))?;
    let ready = Ready {
        of,
        id: &id,
        name: &named(row, scheduled),
        description: &row.description,
        parameters: &parameters,
        cache: row.cache != 0,
        max_tasks: row.max_tasks,
        recurring: Some((&row.id, turn.at)),
        actor: turn.actor,
    };
    submit::insert(tx, store, by, &experiment, &ready).await?;
    Ok(id)
}

/// The name of a run: with its time on the clock of the schedule's time zone.
fn named(row: &RecurringRunRow, at: i64) -> String {
    let zone = super::schedule::zone(Some(&row.time_zone)).unwrap_or(jiff::tz::TimeZone::UTC);
    let Ok(at) = Timestamp::from_millisecond(at) else { return row.name.clone() };
    let at = zone.to_datetime(at);
    let seconds = if at.second() == 0 { String::new() } else { format!(":{:02}", at.second()) };
    format!("{} {} {:02}:{:02}{seconds}", row.name, at.date(), at.hour(), at.minute())
}
