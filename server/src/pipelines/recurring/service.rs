//! What one may ask of recurring runs.

use super::{
    fire,
    placeholders::{self, Filling},
    schedule::Schedule,
    view,
};
use crate::{
    access::{TeamEditor, TeamMember},
    error::{Error, Result},
    ids,
    pipelines::{
        caps,
        gone::Gone,
        ir::plain,
        parameters,
        parsed::Parsed,
        runs_view,
        submit::{self, Of},
        upload::{self, text},
    },
    store::{
        Store, Tx,
        events::NewEvent,
        keyset::Keyset,
        recurring_runs::{NewRecurringRunRow, RecurringRunRow, RecurringRunSet},
    },
};
use app::api::{
    Page,
    changes::kinds,
    pipeline_runs::PipelineRun,
    recurring_runs::{NewRecurringRun, RecurringRun, RecurringRunChange, RecurringRunQuery, Schedule as Words, SchedulePreview},
};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// Longest name, in characters: those of the runs have the time behind it.
const MAX_NAME: usize = 200;
/// Longest description, in characters.
const MAX_DESCRIPTION: usize = 5000;
/// The version of a change that asks for the newest at each time.
const NEWEST: &str = "newest";

/// Recurring runs of a team, newest first; those of one pipeline also after it was deleted.
///
/// # Errors
/// No such pipeline; a page token that is not ours.
pub async fn list(store: &Store, by: &TeamMember, query: &RecurringRunQuery) -> Result<Page<RecurringRun>> {
    let keyset = Keyset::<String>::new(query.page_size, query.page_token.as_deref())?;
    let pipeline = match query.pipeline.as_deref().filter(|p| !p.is_empty()) {
        Some(pipeline) => Some(upload::known(store, by, pipeline).await?),
        None => None,
    };
    let rows = store.recurring_run_list(&by.team.id, pipeline.as_deref(), keyset.after.as_deref(), keyset.limit()).await?;
    let page = keyset.page(rows, |r| r.id.clone(), |r| r);
    let mut items = Vec::with_capacity(page.items.len());
    for row in page.items {
        items.push(view::whole(store, row).await?);
    }
    Ok(Page { items, next_page_token: page.next_page_token })
}

/// The row of a recurring run.
///
/// # Errors
/// Not there.
pub async fn row(store: &Store, by: &TeamMember, id: &str) -> Result<RecurringRunRow> {
    store.recurring_run(&by.team.id, id).await?.ok_or_else(|| Error::not_found("recurring run"))
}

/// A recurring run.
///
/// # Errors
/// Not there.
pub async fn get(store: &Store, by: &TeamMember, id: &str) -> Result<RecurringRun> {
    view::whole(store, row(store, by, id).await?).await
}

/// When a schedule would run.
///
/// # Errors
/// What is wrong with it.
pub fn preview(store: &Store, schedule: &Words) -> Result<SchedulePreview> {
    let now = store.clock().now();
    Ok(view::preview(&Schedule::asked(schedule, now)?, now, now))
}

/// Makes a recurring run.
///
/// # Errors
/// No such pipeline or version; what it brings is refused; a parameter or the schedule is wrong.
pub async fn create(parsed: &Parsed, store: &Store, by: &TeamEditor, new: &NewRecurringRun) -> Result<RecurringRun> {
    let of = submit::of(parsed, store, by, (new.pipeline.as_deref(), new.version.as_deref()), new.spec.as_deref()).await?;
    let now = store.clock().now();
    let schedule = Schedule::asked(&new.schedule, now)?;
    let parameters = given(&of, &new.parameters, &new.texts, next(&schedule, now))?;
    let name = match new.name.as_deref().filter(|n| !n.trim().is_empty()) {
        Some(name) => text("name", name, MAX_NAME)?,
        None => of.name().chars().take(MAX_NAME).collect(),
    };
    let description = text("description", new.description.as_deref().unwrap_or_default(), MAX_DESCRIPTION)?;
    caps::check("max_tasks", new.max_tasks)?;
    let max_active = most_active(new.max_active.unwrap_or(1))?;
    // Who names no version means the newest, also later.
    let version_id =
        if new.version.as_deref().is_some_and(|v| !v.is_empty()) { of.version.as_ref().map(|(id, _)| id.as_str()) } else { None };
    let enabled = new.enabled.unwrap_or(true);
    // What lies between a start in the past and now was missed.
    let settled_at = schedule.start.map_or(now, |start| now.min(start - 1));
    let next_at = schedule.after(settled_at);
    if enabled && next_at.is_none() {
        return Err(over());
    }
    let (id, actor) = (ids::new_id(&**store.clock()), by.actor());
    let mut tx = store.begin().await?;
    if let Some(spec) = &new.spec {
        tx.pipeline_spec_put(&of.digest, spec).await?;
    }
    let experiment = submit::experiment_of(&mut tx, store, by, (new.experiment.as_deref(), new.experiment_id.as_deref())).await?;
    tx.recurring_run_insert(&NewRecurringRunRow {
        id: &id,
        team_id: &by.team.id,
        pipeline_id: of.named.as_ref().map(|(id, _)| id.as_str()),
        pipeline: of.name(),
        spec_digest: of.named.is_none().then_some(of.digest.as_str()),
        experiment_id: &experiment.id,
        user_id: &by.principal.user_id,
        created_by: &actor,
        max_tasks: new.max_tasks,
        enabled,
        what: RecurringRunSet {
            name: &name,
            description: &description,
            version_id,
            parameters: &Value::Object(parameters).to_string(),
            cache: new.cache.unwrap_or(true),
            cron: schedule.cron.as_deref(),
            interval_s: schedule.interval_s,
            time_zone: schedule.zone_name(),
            start_at: schedule.start,
            end_at: schedule.end,
            anchor_at: now,
            max_active,
            overlap: new.overlap.unwrap_or_default().as_str(),
            catch_up: new.catch_up.unwrap_or(true),
            settled_at,
            next_at: next_at.filter(|_| enabled),
        },
    })
    .await?;
    let made = tx.recurring_run(&by.team.id, &id).await?.ok_or_else(|| Error::internal("the recurring run just made"))?;
    event(&mut tx, by, "create", &made, (None, Some(told(&made)))).await?;
    tx.wakes();
    tx.commit().await?;
    view::whole(store, made).await
}

fn over() -> Error {
    Error::invalid("schedule.end_at", "It would never run: its last time is past.").hint("Choose a later end, or leave it out.")
}

fn most_active(n: i64) -> Result<i64> {
    if (1..=10).contains(&n) { Ok(n) } else { Err(Error::invalid("max_active", "Between 1 and 10 runs of it are under way at once.")) }
}

/// What its next run would be filled in with.
fn next(schedule: &Schedule, now: i64) -> Filling<'static> {
    Filling { run: "0", scheduled: schedule.after(now).unwrap_or(now), now, index: 1 }
}

/// Parameters as they are kept: what is to be filled in stays a text, and is tried.
///
/// # Errors
/// Everything that is wrong with them, each with its field.
fn given(of: &Of, values: &BTreeMap<String, Value>, texts: &BTreeMap<String, String>, trial: Filling<'_>) -> Result<Map<String, Value>> {
    let (later, now): (BTreeMap<_, _>, BTreeMap<_, _>) = texts.clone().into_iter().partition(|(_, text)| placeholders::has(text));
    let mut out: Map<String, Value> = values.clone().into_iter().collect();
    out.extend(later.into_iter().map(|(name, text)| (name, Value::String(text))));
    let unread = parameters::read(&of.pipeline, &mut out, &now);
    match fire::filled(of, &out, trial) {
        Ok(_) if unread.is_empty() => {
            // A field of a form that was left as it stood asks for nothing: the default of the version that is run then counts.
            let default = |name: &str| of.pipeline.root.parameters.get(name).and_then(|p| p.default.clone()).map(plain);
            out.retain(|name, value| !texts.contains_key(name) || default(name) != Some(plain(value.clone())));
            Ok(out)
        }
        Ok(_) => Err(parameters::wrong(&unread, texts)),
        Err(more) => Err(parameters::wrong(&parameters::and(unread, more), texts)),
    }
}

/// What the events tell of it.
fn told(row: &RecurringRunRow) -> Value {
    json!({
        "name": row.name, "pipeline": row.pipeline, "version": row.version_id, "schedule": view::schedule_words(row),
        "parameters": serde_json::from_str::<Value>(&row.parameters).unwrap_or_default(), "max_active": row.max_active, "overlap": row.overlap,
        "catch_up": row.catch_up != 0, "enabled": row.enabled != 0,
    })
}

/// Changes a recurring run. With another schedule, times before the change are not made up for.
///
/// # Errors
/// Not there; somebody else changed it; no such version; a parameter or the schedule is wrong.
pub async fn change(parsed: &Parsed, store: &Store, by: &TeamEditor, id: &str, change: &RecurringRunChange) -> Result<RecurringRun> {
    let before = row(store, by, id).await?;
    Error::unless_stale(change.revision, before.revision, "The recurring run")?;
    let now = store.clock().now();
    let version_id = match change.version.as_deref() {
        None => before.version_id.clone(),
        Some(NEWEST) => None,
        // One that was deleted since stays until another is chosen.
        Some(version) if before.version_id.as_deref() == Some(version) => before.version_id.clone(),
        Some(version) => {
            let pipeline = before.pipeline_id.as_deref().ok_or_else(|| {
                Error::invalid("version", "It brought its own pipeline, which has no versions.").hint("Make another recurring run.")
            })?;
            Some(upload::version_row(store, by, pipeline, Some(version)).await?.id)
        }
    };
    let changed = RecurringRunRow { version_id, ..before.clone() };
    let there = view::schedule(&before)?;
    let asked = change.schedule.as_ref().map(|words| Schedule::asked(words, now)).transpose()?;
    let moved = asked.as_ref().is_some_and(|asked| !asked.says_the_same(&there));
    let (anchor_at, settled_at) = if moved { (now, now) } else { (before.anchor_at, before.settled_at) };
    let schedule = asked.filter(|_| moved).unwrap_or(there);
    let parameters = match &change.parameters {
        None if change.texts.is_empty() => before.parameters.clone(),
        parameters => {
            let of = fire::of(parsed, store, by, &changed).await?;
            let parameters = given(&of, parameters.as_ref().unwrap_or(&BTreeMap::new()), &change.texts, next(&schedule, now))?;
            Value::Object(parameters).to_string()
        }
    };
    let name = match change.name.as_deref().filter(|n| !n.trim().is_empty()) {
        Some(name) => text("name", name, MAX_NAME)?,
        None => before.name.clone(),
    };
    let description = text("description", change.description.as_deref().unwrap_or(&before.description), MAX_DESCRIPTION)?;
    let next_at = schedule.after(settled_at);
    if moved && before.enabled != 0 && next_at.is_none() {
        return Err(over());
    }
    let overlap = change.overlap.map_or(before.overlap.as_str(), |o| o.as_str());
    let set = RecurringRunSet {
        name: &name,
        description: &description,
        version_id: changed.version_id.as_deref(),
        parameters: &parameters,
        cache: change.cache.unwrap_or(before.cache != 0),
        cron: schedule.cron.as_deref(),
        interval_s: schedule.interval_s,
        time_zone: schedule.zone_name(),
        start_at: schedule.start,
        end_at: schedule.end,
        anchor_at,
        max_active: most_active(change.max_active.unwrap_or(before.max_active))?,
        overlap,
        catch_up: change.catch_up.unwrap_or(before.catch_up != 0),
        settled_at,
        next_at: next_at.filter(|_| before.enabled != 0),
    };
    let mut tx = store.begin().await?;
    if !tx.recurring_run_set(&before, &set).await? {
        return Err(Error::stale("The recurring run"));
    }
    let after = tx.recurring_run(&by.team.id, id).await?.ok_or_else(|| Error::not_found("recurring run"))?;
    event(&mut tx, by, "update", &after, (Some(told(&before)), Some(told(&after)))).await?;
    tx.wakes();
    tx.commit().await?;
    view::whole(store, after).await
}

/// Switches a recurring run on or off. What was missed meanwhile is made up for as it says.
///
/// # Errors
/// Not there; it has ended; somebody else changed it.
pub async fn enable(store: &Store, by: &TeamEditor, id: &str, enabled: bool) -> Result<()> {
    let before = row(store, by, id).await?;
    if (before.enabled != 0) == enabled {
        return Ok(());
    }
    let next_at = if enabled { view::schedule(&before)?.after(before.settled_at) } else { None };
    if enabled && next_at.is_none() {
        return Err(Error::conflict("It has ended: its last time is past.").hint("Give it another end, then switch it on."));
    }
    let mut tx = store.begin().await?;
    if !tx.recurring_run_enable(&before, enabled, next_at).await? {
        return Err(Error::stale("The recurring run"));
    }
    let after = RecurringRunRow { revision: before.revision + 1, ..before };
    event(&mut tx, by, if enabled { "enable" } else { "disable" }, &after, (None, None)).await?;
    tx.wakes();
    tx.commit().await
}

/// Deletes a recurring run. What it made stays, and what runs goes on.
///
/// # Errors
/// Not there.
pub async fn delete(store: &Store, by: &TeamEditor, id: &str) -> Result<()> {
    let before = row(store, by, id).await?;
    let mut tx = store.begin().await?;
    if !tx.recurring_run_delete(&by.team.id, id).await? {
        return Err(Error::not_found("recurring run"));
    }
    event(&mut tx, by, "delete", &before, (Some(told(&before)), None)).await?;
    tx.commit().await
}

/// Makes a run of it now, out of turn, for whoever asks.
///
/// # Errors
/// Not there; a run cannot be made, and why.
pub async fn run(parsed: &Parsed, store: &Store, by: &TeamEditor, id: &str) -> Result<PipelineRun> {
    let row = row(store, by, id).await?;
    let of = fire::of(parsed, store, by, &row).await?;
    let mut tx = store.begin().await?;
    let Some(before) = tx.recurring_run_count_one(&by.team.id, id).await? else { return Err(Error::not_found("recurring run")) };
    let now = tx.now();
    let made = fire::make(&mut tx, store, by, &row, &of, fire::Turn { at: None, index: before + 1, actor: &by.actor(), now }).await?;
    tx.changed(Some(&by.team.id), kinds::RECURRING_RUN, id, row.revision);
    tx.commit().await?;
    let run = store.pipeline_run(&by.team.id, &made).await?.ok_or_else(|| Error::internal("the pipeline run just made"))?;
    Ok(runs_view::run(run, &Gone::none()))
}

async fn event(
    tx: &mut Tx,
    by: &TeamEditor,
    action: &str,
    row: &RecurringRunRow,
    (before, after): (Option<Value>, Option<Value>),
) -> Result<()> {
    tx.event(NewEvent {
        team_id: Some(&by.team.id),
        actor: &by.actor(),
        action,
        kind: kinds::RECURRING_RUN,
        object_id: &row.id,
        object_name: &row.name,
        revision: row.revision,
        before,
        after,
    })
    .await
    .map(drop)
}
