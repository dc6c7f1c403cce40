//! What one may ask of runs as they are tracked, whoever executes them.

use super::{
    experiments::{self, MAX_RESULTS},
    names, search,
    tracking::{self, NAME_TAG, no_run},
    validate,
};
use crate::{
    access::{TeamEditor, TeamViewer},
    error::{Error, Kind, Result},
    ids,
    records::{
        run::{Lifecycle, RunStatus},
        search::View,
    },
    store::{
        Store, Tx,
        events::NewEvent,
        experiments::ExperimentRow,
        keyset,
        run_inputs::{RunDatasetRow, RunModelRow},
        run_metrics::LatestMetricRow,
        run_search::{RunSearch, Scope},
        run_tags::{NewPair, PairRow},
        runs::{NewRunRow, RunChange, RunRow},
    },
};
use app::api::State;
use serde_json::json;
use std::collections::HashMap;

/// A run with everything that was logged to it.
#[derive(Debug, Clone)]
pub struct FullRun {
    /// The run.
    pub row: RunRow,
    /// Latest value of each metric.
    pub metrics: Vec<LatestMetricRow>,
    /// Parameters.
    pub params: Vec<PairRow>,
    /// Tags.
    pub tags: Vec<PairRow>,
    /// Datasets it read.
    pub datasets: Vec<RunDatasetRow>,
    /// Logged models it read or made.
    pub models: Vec<RunModelRow>,
}

/// A run to make.
#[derive(Debug, Clone, Default)]
pub struct NewRun<'a> {
    /// Id of the experiment; the Default where it is empty.
    pub experiment_id: &'a str,
    /// Name; made up where it is left out.
    pub name: Option<&'a str>,
    /// Milliseconds since 1970; now where it is left out.
    pub started_at: Option<i64>,
    /// Tags.
    pub tags: Vec<(String, String)>,
}

/// Makes a run that somebody else executes.
///
/// # Errors
/// No such experiment, a deleted one; a name or a tag that MLflow does not take.
pub async fn create(store: &Store, by: &TeamEditor, new: NewRun<'_>) -> Result<FullRun> {
    let mut tx = store.begin().await?;
    let experiment = experiments::active(experiments::locked(&mut tx, by, new.experiment_id).await?)?;
    let row = create_in(&mut tx, store, by, &experiment, new, State::Running).await?;
    tx.commit().await?;
    full(store, vec![row]).await?.pop().ok_or_else(|| Error::internal("the run that was just made"))
}

/// Makes a run in the transaction of something that needs one: in state `running` for one that somebody else executes, in state `queued`
/// for one that Slipway executes. Records the event.
///
/// # Errors
/// A name or a tag that MLflow does not take.
pub async fn create_in(
    tx: &mut Tx,
    store: &Store,
    by: &TeamEditor,
    experiment: &ExperimentRow,
    new: NewRun<'_>,
    state: State,
) -> Result<RunRow> {
    let name = run_name(&new)?;
    let mut tags = Vec::with_capacity(new.tags.len() + 1);
    for (i, (key, value)) in new.tags.iter().enumerate() {
        tags.push((key.clone(), validate::tag(&format!("tags[{i}].key"), key, value)?));
    }
    if !tags.iter().any(|(k, _)| k == NAME_TAG) {
        tags.push((NAME_TAG.into(), name.clone()));
    }
    let started_at = new.started_at.filter(|t| *t >= 0).unwrap_or(tx.now());
    let id = ids::new_id(&**store.clock());
    let row = tx
        .run_insert(&NewRunRow {
            id: &id,
            experiment,
            name: &name,
            user_name: &by.principal.user,
            created_by: &by.actor(),
            state,
            reason: None,
            submitted: state != State::Running,
            started_at,
        })
        .await?;
    let pairs: Vec<NewPair> =
        tags.into_iter().map(|(key, value)| NewPair { run_key: row.key, experiment_key: experiment.key, key, value }).collect();
    tx.run_tags_set(&pairs).await?;
    tx.experiment_touch(experiment.key).await?;
    event(tx, by, "create", &row, None, json!({ "name": name, "experiment": experiment.name, "state": row.state })).await?;
    Ok(row)
}

fn run_name(new: &NewRun<'_>) -> Result<String> {
    let tagged = new.tags.iter().find(|(k, _)| k == NAME_TAG).map(|(_, v)| v.as_str()).filter(|v| !v.is_empty());
    let given = new.name.filter(|n| !n.is_empty());
    if let (Some(given), Some(tagged)) = (given, tagged)
        && given != tagged
    {
        return Err(Error::invalid(
            "run_name",
            format!(
                "Both 'run_name' argument and 'mlflow.runName' tag are specified, but with different values (run_name='{given}', \
                 mlflow.runName='{tagged}')."
            ),
        ));
    }
    let name = given.or(tagged).map_or_else(names::random, str::to_owned);
    validate::run_name(&name)?;
    if new.tags.len() > validate::MAX_ENTITIES {
        return Err(Error::invalid("tags", format!("A run is made with at most {} tags.", validate::MAX_ENTITIES)));
    }
    Ok(name)
}

/// The run of this id, deleted or not.
///
/// # Errors
/// There is none in this team.
pub async fn get(store: &Store, by: &TeamViewer, id: &str) -> Result<FullRun> {
    let row = store.run(&by.team.id, id).await?.ok_or_else(|| no_run(id))?;
    full(store, vec![row]).await?.pop().ok_or_else(|| no_run(id))
}

/// Runs with everything that was logged to them, in their order.
///
/// # Errors
/// The database does not answer.
pub async fn full(store: &Store, rows: Vec<RunRow>) -> Result<Vec<FullRun>> {
    let keys: Vec<i64> = rows.iter().map(|r| r.key).collect();
    let place: HashMap<i64, usize> = keys.iter().enumerate().map(|(i, k)| (*k, i)).collect();
    let none = |row| FullRun { row, metrics: vec![], params: vec![], tags: vec![], datasets: vec![], models: vec![] };
    let mut out: Vec<FullRun> = rows.into_iter().map(none).collect();
    if keys.is_empty() {
        return Ok(out);
    }
    let (metrics, params, tags, datasets, models) = tokio::try_join!(
        store.metrics_latest(&keys),
        store.run_params(&keys),
        store.run_tags(&keys),
        store.run_datasets(&keys),
        store.run_models(&keys)
    )?;
    macro_rules! deal {
        ($($list:ident),*) => {$(
            for item in $list {
                if let Some(i) = place.get(&item.run_key) {
                    out[*i].$list.push(item);
                }
            }
        )*};
    }
    deal!(metrics, params, tags, datasets, models);
    Ok(out)
}

/// Changes what a client says of a run; the run after.
///
/// # Errors
/// No such run, a deleted one, not the asker's to write, a name that is too long.
pub async fn update(store: &Store, by: &TeamEditor, id: &str, change: &RunChange<'_>) -> Result<RunRow> {
    if let Some(name) = change.name {
        validate::run_name(name)?;
    }
    let mut tx = store.begin().await?;
    let row = tx.run(&by.team.id, id).await?.ok_or_else(|| no_run(id))?;
    tracking::writable(&row, &by.principal)?;
    tx.run_update(&row, change).await?;
    if let Some(name) = change.name {
        let pair = NewPair { run_key: row.key, experiment_key: row.experiment_key, key: NAME_TAG.into(), value: name.into() };
        tx.run_tags_set(&[pair]).await?;
    }
    let after = tx.run(&by.team.id, id).await?.ok_or_else(|| no_run(id))?;
    let told = |r: &RunRow| json!({ "name": r.name, "status": r.status });
    event(&mut tx, by, "update", &after, Some(told(&row)), told(&after)).await?;
    tx.commit().await?;
    Ok(after)
}

/// Deletes or restores a run.
///
/// # Errors
/// No such run, not the asker's to write; one that Slipway still executes is not deleted.
pub async fn set_lifecycle(store: &Store, by: &TeamEditor, id: &str, to: Lifecycle) -> Result<()> {
    let mut tx = store.begin().await?;
    let mut row = tx.run(&by.team.id, id).await?.ok_or_else(|| no_run(id))?;
    tracking::own(&row, &by.principal)?;
    if to == Lifecycle::Deleted && row.submitted != 0 && !row.state().is_final() {
        return Err(Error::conflict(format!("The run is {}: it is not deleted while it is under way.", row.state)).hint("Cancel it first."));
    }
    if to == Lifecycle::Active {
        let experiment = tx.experiment(&by.team.id, &row.experiment_id).await?;
        experiments::active(experiment.ok_or_else(|| no_run(id))?)?;
    }
    row.revision = tx
        .run_set_lifecycle(row.key, to)
        .await?
        .ok_or_else(|| Error::conflict(format!("The files of the run {} were freed by clean-up: it cannot be restored.", row.name)))?;
    let action = if to == Lifecycle::Active { "restore" } else { "delete" };
    let before = json!({ "lifecycle": row.lifecycle });
    event(&mut tx, by, action, &row, Some(before), json!({ "lifecycle": to.as_str() })).await?;
    tx.commit().await
}

/// Sets a tag, as somebody who is not the run itself: that is a change, with an event. What a run says of itself goes through the writer.
///
/// # Errors
/// No such run, a deleted one, not the asker's to write, a tag that MLflow does not take.
pub async fn set_tag(store: &Store, by: &TeamEditor, id: &str, key: &str, value: &str) -> Result<()> {
    tracking::run_id_form(id)?;
    let value = validate::tag("key", key, value)?;
    if key == NAME_TAG {
        validate::run_name(&value)?;
    }
    let mut tx = store.begin().await?;
    let row = tx.run(&by.team.id, id).await?.ok_or_else(|| no_run(id))?;
    tracking::writable(&row, &by.principal)?;
    let old = tx.run_tag(row.key, key).await?;
    if key == NAME_TAG {
        tx.run_rename(row.key, &value).await?;
    }
    let pair = NewPair { run_key: row.key, experiment_key: row.experiment_key, key: key.into(), value: value.clone() };
    tx.run_tags_set(&[pair]).await?;
    event(&mut tx, by, "update", &row, Some(json!({ "tags": { key: old } })), json!({ "tags": { key: value } })).await?;
    tx.commit().await
}

/// Removes a tag.
///
/// # Errors
/// No such run or tag, a deleted one, not the asker's to write.
pub async fn remove_tag(store: &Store, by: &TeamEditor, id: &str, key: &str) -> Result<()> {
    let mut tx = store.begin().await?;
    let row = tx.run(&by.team.id, id).await?.ok_or_else(|| no_run(id))?;
    tracking::writable(&row, &by.principal)?;
    let old = tx.run_tag(row.key, key).await?;
    if !tx.run_tag_remove(row.key, key).await? {
        let key = search::syntax::shorten(key);
        return Err(Error::new(Kind::NotFound, format!("No tag with name: {key} in run with id {id}")));
    }
    event(&mut tx, by, "update", &row, Some(json!({ "tags": { key: old } })), json!({ "tags": { key: null } })).await?;
    tx.commit().await
}

/// A search in MLflow's grammar.
#[derive(Debug, Clone, Default)]
pub struct Search<'a> {
    /// Ids of experiments; all of the team where it is `None`. Unknown ones have no runs.
    pub experiments: Option<&'a [String]>,
    /// Conditions.
    pub filter: &'a str,
    /// Fields to sort by.
    pub order_by: &'a [String],
    /// Active or deleted ones.
    pub view: View,
    /// Rows of a page.
    pub max_results: i64,
    /// Where the page before ended.
    pub page_token: &'a str,
}

/// Runs that a search finds, and the token of the next page.
///
/// # Errors
/// A search that cannot be understood.
pub async fn search(store: &Store, by: &TeamViewer, asked: &Search<'_>) -> Result<(Vec<FullRun>, Option<String>)> {
    if !(1..=MAX_RESULTS).contains(&asked.max_results) {
        return Err(Error::invalid(
            "max_results",
            format!("Invalid value {} for parameter 'max_results' supplied. It must be between 1 and {MAX_RESULTS}.", asked.max_results),
        ));
    }
    let conditions = search::runs::filter(asked.filter)?;
    let order = search::runs::order(asked.order_by)?;
    let after = match asked.page_token {
        "" => None,
        token => Some(keyset::decode(token).ok_or_else(|| Error::invalid("page_token", "Invalid page token, could not be decoded."))?),
    };
    let team_id = by.team.id.as_str();
    let scope = match asked.experiments {
        None => Scope::Team,
        Some(ids) => {
            let ids: Vec<String> = ids.iter().map(|id| experiments::real_id(team_id, id).to_owned()).collect();
            let keys: Vec<i64> = store.experiments_of(team_id, &ids).await?.iter().map(|e| e.key).collect();
            if keys.is_empty() {
                return Ok((vec![], None));
            }
            Scope::Experiments(keys)
        }
    };
    let query = RunSearch { team_id, scope, conditions: &conditions, order: &order, view: asked.view };
    let mut rows = store.run_search(&query, after.as_ref(), asked.max_results + 1).await?;
    let more = rows.len() as i64 > asked.max_results;
    rows.truncate(asked.max_results as usize);
    let next = match rows.last().filter(|_| more) {
        Some(last) => Some(keyset::encode(&store.run_cursor(&order, last).await?)),
        None => None,
    };
    Ok((full(store, rows).await?, next))
}

/// A status in MLflow's words.
///
/// # Errors
/// None of them.
pub fn status(text: &str) -> Result<RunStatus> {
    text.parse().map_err(|_| {
        let known = RunStatus::ALL.map(RunStatus::as_str).join(", ");
        validate::invalid_value("status", text, &format!("it is one of {known}."))
    })
}

/// Records a change of a run.
pub(super) async fn event(
    tx: &mut Tx,
    by: &TeamEditor,
    action: &str,
    row: &RunRow,
    before: Option<serde_json::Value>,
    after: serde_json::Value,
) -> Result<()> {
    tx.event(NewEvent {
        team_id: Some(&by.team.id),
        actor: &by.actor(),
        action,
        kind: "run",
        object_id: &row.id,
        object_name: &row.name,
        revision: row.revision,
        before,
        after: Some(after),
    })
    .await
    .map(drop)
}
