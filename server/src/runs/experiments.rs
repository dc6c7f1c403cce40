//! What one may ask of experiments.

use super::{search, validate};
use crate::{
    access::{TeamEditor, TeamViewer},
    clock::rfc3339,
    error::{Error, Kind, Result},
    ids,
    records::{run::Lifecycle, search::View},
    store::{
        Store, Tx,
        events::NewEvent,
        experiment_search::ExperimentSearch,
        experiments::{ExperimentRow, ExperimentTagRow, default_location},
        keyset::{self, Keyset},
    },
};
use app::api::{ListQuery, Page, experiments::Experiment};
use serde_json::json;

/// MLflow's id of the Default experiment.
pub const DEFAULT: &str = "0";

/// The largest page of MLflow's searches.
pub const MAX_RESULTS: i64 = 50_000;

/// An experiment with its tags.
#[derive(Debug, Clone)]
pub struct Tagged {
    /// The experiment.
    pub row: ExperimentRow,
    /// Its tags.
    pub tags: Vec<ExperimentTagRow>,
}

/// The id in the database: MLflow's `0`, or nothing at all, is the team's Default.
pub fn real_id<'a>(team_id: &'a str, id: &'a str) -> &'a str {
    if matches!(id, "" | DEFAULT) { team_id } else { id }
}

/// The id that MLflow's clients see: `0` for the team's Default.
pub fn shown_id<'a>(team_id: &str, id: &'a str) -> &'a str {
    if id == team_id { DEFAULT } else { id }
}

fn none(id: &str) -> Error {
    Error::new(Kind::NotFound, format!("No Experiment with id={} exists", search::syntax::shorten(id)))
}

/// The experiment of this id, deleted or not.
///
/// # Errors
/// There is none in this team.
pub async fn get(store: &Store, by: &TeamViewer, id: &str) -> Result<Tagged> {
    let row = store.experiment(&by.team.id, real_id(&by.team.id, id)).await?.ok_or_else(|| none(id))?;
    with_tags(store, vec![row]).await?.pop().ok_or_else(|| none(id))
}

/// The experiment of this name, deleted or not.
///
/// # Errors
/// There is none in this team.
pub async fn by_name(store: &Store, by: &TeamViewer, name: &str) -> Result<Tagged> {
    let unknown = || Error::new(Kind::NotFound, format!("Could not find experiment with name '{}'", search::syntax::shorten(name)));
    let row = store.experiment_by_name(&by.team.id, name).await?.ok_or_else(unknown)?;
    with_tags(store, vec![row]).await?.pop().ok_or_else(unknown)
}

async fn with_tags(store: &Store, rows: Vec<ExperimentRow>) -> Result<Vec<Tagged>> {
    let keys: Vec<i64> = rows.iter().map(|r| r.key).collect();
    let mut tags = store.experiment_tags(&keys).await?;
    Ok(rows
        .into_iter()
        .map(|row| {
            let (own, rest) = std::mem::take(&mut tags).into_iter().partition(|t| t.experiment_key == row.key);
            tags = rest;
            Tagged { row, tags: own }
        })
        .collect())
}

/// Active experiments, last changed first.
///
/// # Errors
/// A page token that is not ours.
pub async fn list(store: &Store, by: &TeamViewer, query: &ListQuery) -> Result<Page<Experiment>> {
    let keyset = Keyset::<(i64, String)>::of(query)?;
    let rows = store.experiment_list(&by.team.id, keyset.after.clone(), keyset.limit()).await?;
    Ok(keyset.page(
        rows,
        |r| (r.updated_at, r.id.clone()),
        |row| Experiment { id: row.id, name: row.name, created_at: rfc3339(row.created_at), updated_at: rfc3339(row.updated_at) },
    ))
}

/// A search in MLflow's grammar.
#[derive(Debug, Clone, Default)]
pub struct Search<'a> {
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

/// Experiments that a search finds, and the token of the next page.
///
/// # Errors
/// A search that cannot be understood.
pub async fn search(store: &Store, by: &TeamViewer, asked: &Search<'_>) -> Result<(Vec<Tagged>, Option<String>)> {
    if !(1..=MAX_RESULTS).contains(&asked.max_results) {
        return Err(Error::invalid(
            "max_results",
            format!("Invalid value {} for parameter 'max_results' supplied. It must be between 1 and {MAX_RESULTS}.", asked.max_results),
        ));
    }
    let conditions = search::experiments::filter(asked.filter)?;
    let order = search::experiments::order(asked.order_by)?;
    let after = match asked.page_token {
        "" => None,
        token => Some(keyset::decode(token).ok_or_else(|| Error::invalid("page_token", "Invalid page token, could not be decoded."))?),
    };
    let query = ExperimentSearch { team_id: &by.team.id, conditions: &conditions, order: &order, view: asked.view };
    found(store, &query, after, asked.max_results).await
}

/// Experiments that a search finds after one, and the token of the next page.
///
/// # Errors
/// The database does not answer.
pub async fn found(store: &Store, query: &ExperimentSearch<'_>, after: Option<String>, size: i64) -> Result<(Vec<Tagged>, Option<String>)> {
    let mut rows = store.experiment_search(query, after.as_ref(), size + 1).await?;
    let more = rows.len() as i64 > size;
    rows.truncate(usize::try_from(size).unwrap_or_default());
    let next = rows.last().filter(|_| more).map(|r| keyset::encode(&r.id));
    Ok((with_tags(store, rows).await?, next))
}

/// Makes an experiment; its id.
///
/// # Errors
/// A name that is wrong or taken, a place for artifacts that is not ours to write to.
pub async fn create(
    store: &Store,
    by: &TeamEditor,
    name: &str,
    location: Option<&str>,
    tags: &[(String, String)],
) -> Result<ExperimentRow> {
    let mut tx = store.begin().await?;
    let row = create_in(&mut tx, store, by, name, location, tags).await?;
    tx.commit().await?;
    Ok(row)
}

/// As [`create`], in the transaction of something that needs an experiment.
///
/// # Errors
/// As [`create`].
pub async fn create_in(
    tx: &mut Tx,
    store: &Store,
    by: &TeamEditor,
    name: &str,
    location: Option<&str>,
    tags: &[(String, String)],
) -> Result<ExperimentRow> {
    validate::experiment_name(name)?;
    for (key, value) in tags {
        validate::experiment_tag(key, value)?;
    }
    let id = ids::new_id(&**store.clock());
    let place = location.filter(|l| !l.is_empty()).map_or_else(|| default_location(&id), str::to_owned);
    if !place.starts_with("mlflow-artifacts:/") || place.len() > 500 || place.contains("..") {
        return Err(Error::invalid(
            "artifact_location",
            "Artifacts are kept by this server: leave artifact_location out, or give one that begins with mlflow-artifacts:/.",
        ));
    }
    if let Some(taken) = tx.experiment_by_name(&by.team.id, name).await? {
        let deleted = if taken.is_active() { "" } else { " It is deleted: restore it, or choose another name." };
        return Err(Error::taken(format!("Experiment(name={name}) already exists.{deleted}")));
    }
    let row = tx.experiment_insert(&by.team.id, &id, name, &place).await?;
    for (key, value) in tags {
        tx.experiment_tag_set(row.key, key, value).await?;
    }
    event(tx, by, "create", &row, None, json!({ "name": name, "artifact_location": place })).await?;
    Ok(row)
}

/// Renames an experiment.
///
/// # Errors
/// There is none, it is deleted, the name is taken.
pub async fn rename(store: &Store, by: &TeamEditor, id: &str, name: &str) -> Result<()> {
    refuse_run_token(by)?;
    validate::experiment_name(name)?;
    let mut tx = store.begin().await?;
    let mut row = locked(&mut tx, by, id).await?;
    if !row.is_active() {
        return Err(Error::invalid("experiment_id", "Cannot rename a non-active experiment."));
    }
    let before = json!({ "name": row.name });
    row.revision = tx.experiment_rename(row.key, name).await?;
    name.clone_into(&mut row.name);
    event(&mut tx, by, "update", &row, Some(before), json!({ "name": name })).await?;
    tx.commit().await
}

/// Deletes or restores an experiment with its runs. The pipeline runs of one that is deleted are put away, and stay so.
///
/// # Errors
/// There is none in the state that this needs.
pub async fn set_lifecycle(store: &Store, by: &TeamEditor, id: &str, to: Lifecycle) -> Result<()> {
    refuse_run_token(by)?;
    let mut tx = store.begin().await?;
    let mut row = locked(&mut tx, by, id).await?;
    if row.is_active() == (to == Lifecycle::Active) {
        return Err(none(id));
    }
    row.revision = tx.experiment_set_lifecycle(row.key, to).await?;
    if to == Lifecycle::Deleted {
        tx.pipeline_runs_archive_of(&by.team.id, &row.id).await?;
    }
    let action = if to == Lifecycle::Active { "restore" } else { "delete" };
    let before = json!({ "lifecycle": row.lifecycle });
    event(&mut tx, by, action, &row, Some(before), json!({ "lifecycle": to.as_str() })).await?;
    tx.commit().await
}

/// Sets a tag.
///
/// # Errors
/// There is no such experiment, it is deleted, a tag that MLflow does not take.
pub async fn set_tag(store: &Store, by: &TeamEditor, id: &str, key: &str, value: &str) -> Result<()> {
    validate::experiment_tag(key, value)?;
    let mut tx = store.begin().await?;
    let row = active(locked(&mut tx, by, id).await?)?;
    let old = tx.experiment_tag(row.key, key).await?;
    tx.experiment_tag_set(row.key, key, value).await?;
    tx.experiment_touch(row.key).await?;
    event(&mut tx, by, "update", &row, Some(json!({ "tags": { key: old } })), json!({ "tags": { key: value } })).await?;
    tx.commit().await
}

/// Removes a tag.
///
/// # Errors
/// There is no such experiment or tag.
pub async fn remove_tag(store: &Store, by: &TeamEditor, id: &str, key: &str) -> Result<()> {
    let mut tx = store.begin().await?;
    let row = active(locked(&mut tx, by, id).await?)?;
    let old = tx.experiment_tag(row.key, key).await?;
    if !tx.experiment_tag_remove(row.key, key).await? {
        return Err(Error::new(Kind::NotFound, format!("No tag with name: {key} in experiment with id {id}")));
    }
    tx.experiment_touch(row.key).await?;
    event(&mut tx, by, "update", &row, Some(json!({ "tags": { key: old } })), json!({ "tags": { key: null } })).await?;
    tx.commit().await
}

/// The experiment that is to be changed or to get a run.
///
/// # Errors
/// There is none in this team.
pub(super) async fn locked(tx: &mut Tx, by: &TeamEditor, id: &str) -> Result<ExperimentRow> {
    tx.experiment(&by.team.id, real_id(&by.team.id, id)).await?.ok_or_else(|| none(id))
}

/// It, where it is not deleted.
///
/// # Errors
/// It is deleted.
pub(super) fn active(row: ExperimentRow) -> Result<ExperimentRow> {
    if row.is_active() {
        return Ok(row);
    }
    Err(Error::invalid(
        "experiment_id",
        format!("The experiment {} must be in the 'active' state. Current state is {}.", row.id, row.lifecycle),
    ))
}

fn refuse_run_token(by: &TeamEditor) -> Result<()> {
    match by.principal.run() {
        Some(_) => Err(Error::forbidden("The token of a run renames, deletes and restores no experiments.")),
        None => Ok(()),
    }
}

async fn event(
    tx: &mut Tx,
    by: &TeamEditor,
    action: &str,
    row: &ExperimentRow,
    before: Option<serde_json::Value>,
    after: serde_json::Value,
) -> Result<()> {
    tx.event(NewEvent {
        team_id: Some(&by.team.id),
        actor: &by.actor(),
        action,
        kind: "experiment",
        object_id: &row.id,
        object_name: &row.name,
        revision: row.revision,
        before,
        after: Some(after),
    })
    .await
    .map(drop)
}
