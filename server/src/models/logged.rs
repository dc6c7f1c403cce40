//! Logged models: what runs made, before anybody registers it.

use super::{location, names};
use crate::{
    access::{TeamEditor, TeamMember},
    error::{Error, Kind, Result},
    ids,
    runs::tracking,
    store::{
        Store, Tx,
        events::NewEvent,
        logged_models::{LoggedModelFull, LoggedModelRow, NewLoggedModel},
        runs::RunRow,
    },
};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Tag with the versions registered from a logged model: a JSON list of `{name, version}`.
const VERSIONS_TAG: &str = "mlflow.modelVersions";
/// Most tags or parameters in one request.
const MAX_PAIRS: usize = 1000;

/// A logged model to make.
#[derive(Debug, Clone, Default)]
pub struct NewModel<'a> {
    /// Id of the experiment.
    pub experiment_id: &'a str,
    /// Name; made up when left out.
    pub name: Option<&'a str>,
    /// Free text.
    pub model_type: Option<&'a str>,
    /// The run that makes it.
    pub source_run_id: Option<&'a str>,
    /// Tags.
    pub tags: BTreeMap<String, String>,
    /// Parameters.
    pub params: BTreeMap<String, String>,
}

/// How far the files of a logged model are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// On their way.
    Pending,
    /// All there.
    Ready,
    /// The client gave up.
    UploadFailed,
}

impl Status {
    /// The word of the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Status::Pending => "PENDING",
            Status::Ready => "READY",
            Status::UploadFailed => "UPLOAD_FAILED",
        }
    }
}

/// The error for a logged model that is not there.
pub fn not_found(id: &str) -> Error {
    Error::new(Kind::NotFound, format!("Logged model with ID '{id}' not found."))
}

/// The token of a run writes what belongs to that run, or to a run that it made.
///
/// # Errors
/// It is such a token, and this belongs to another run or to none.
pub async fn own(store: &Store, member: &TeamMember, run_id: Option<&str>) -> Result<()> {
    if member.principal.run().is_none() {
        return Ok(());
    }
    let run = match run_id {
        Some(id) => store.run(&member.team.id, id).await?,
        None => None,
    };
    owned(member, run.as_ref())
}

fn owned(member: &TeamMember, run: Option<&RunRow>) -> Result<()> {
    match run {
        Some(run) => tracking::own(run, &member.principal),
        None if member.principal.run().is_none() => Ok(()),
        None => Err(Error::forbidden("The token of a run writes only what belongs to that run.")),
    }
}

/// A logged model; deleted ones only where `deleted` allows them.
///
/// # Errors
/// There is none.
pub async fn get(store: &Store, member: &TeamMember, id: &str, deleted: bool) -> Result<LoggedModelFull> {
    names::text("model_id", id, 64)?;
    let found = store.logged_model(&member.team.id, id).await?;
    found.filter(|m| deleted || m.row.deleted_at.is_none()).ok_or_else(|| not_found(id))
}

/// Makes a logged model whose files are on their way.
///
/// # Errors
/// No such experiment or run; a name or text is not allowed.
pub async fn create(store: &Store, editor: &TeamEditor, new: &NewModel<'_>) -> Result<LoggedModelFull> {
    names::text("model_type", new.model_type.unwrap_or_default(), 500)?;
    pairs(&new.tags, names::tag)?;
    pairs(&new.params, names::param)?;
    let id = format!("m-{}", ids::new_id(&**store.clock()));
    let made_up = format!("model-{}", &id[id.len() - 8..]);
    let name = new.name.filter(|n| !n.is_empty()).unwrap_or(&made_up);
    names::logged_model(name)?;

    let mut tx = store.begin().await?;
    let team = &editor.team.id;
    let missing = |what: &str, id: &str| Error::new(Kind::NotFound, format!("No {what} with id={id} exists"));
    let experiment = tx.experiment(team, new.experiment_id).await?.filter(|e| e.lifecycle == "active");
    let experiment = experiment.ok_or_else(|| missing("Experiment", new.experiment_id))?;
    let run = match new.source_run_id {
        Some(run) => Some(tx.run(team, run).await?.ok_or_else(|| missing("Run", run))?),
        None => None,
    };
    owned(editor, run.as_ref())?;
    let artifact_uri = location::model_uri(&experiment.artifact_location, &id);
    let row = NewLoggedModel {
        id: &id,
        experiment_id: &experiment.id,
        source_run_id: new.source_run_id,
        name,
        model_type: new.model_type,
        artifact_uri: &artifact_uri,
    };
    tx.logged_model_insert(team, &row).await?;
    for (key, value) in &new.tags {
        tx.logged_model_tag_set(&id, key, value).await?;
    }
    for (key, value) in &new.params {
        tx.logged_model_param(&id, key, value).await?;
    }
    let after = json!({ "experiment": experiment.name, "run_id": new.source_run_id, "tags": new.tags, "params": new.params });
    event(&mut tx, editor, "create", (&id, name, new.source_run_id), (None, Some(after))).await?;
    tx.commit().await?;
    get(store, editor, &id, false).await
}

fn pairs(map: &BTreeMap<String, String>, check: impl Fn(&str, &str) -> Result<()>) -> Result<()> {
    if map.len() > MAX_PAIRS {
        return Err(Error::invalid("", format!("One request takes at most {MAX_PAIRS} tags or parameters.")));
    }
    map.iter().try_for_each(|(key, value)| check(key, value))
}

/// Says how far its files are.
///
/// # Errors
/// There is no such model.
pub async fn finalize(store: &Store, editor: &TeamEditor, id: &str, status: Status) -> Result<LoggedModelFull> {
    let (mut tx, row) = begin(store, editor, id).await?;
    tx.logged_model_status(id, status.as_str()).await?;
    let change = (Some(json!({ "status": row.status })), Some(json!({ "status": status.as_str() })));
    event(&mut tx, editor, "finalize", of(&row), change).await?;
    tx.commit().await?;
    get(store, editor, id, false).await
}

/// Marks it deleted. Its files stay, for the versions registered from it.
///
/// # Errors
/// There is no such model.
pub async fn delete(store: &Store, editor: &TeamEditor, id: &str) -> Result<()> {
    let (mut tx, row) = begin(store, editor, id).await?;
    tx.logged_model_delete(id).await?;
    event(&mut tx, editor, "delete", of(&row), (Some(json!({ "status": row.status, "run_id": row.source_run_id })), None)).await?;
    tx.commit().await
}

/// Sets tags.
///
/// # Errors
/// There is no such model; a tag is not allowed.
pub async fn tags_set(store: &Store, editor: &TeamEditor, id: &str, tags: &BTreeMap<String, String>) -> Result<LoggedModelFull> {
    pairs(tags, names::tag)?;
    let (mut tx, row) = begin(store, editor, id).await?;
    let mut before = BTreeMap::new();
    for (key, value) in tags {
        before.insert(key, tx.logged_model_tag(id, key).await?);
        tx.logged_model_tag_set(id, key, value).await?;
    }
    event(&mut tx, editor, "update", of(&row), (Some(json!({ "tags": before })), Some(json!({ "tags": tags })))).await?;
    tx.commit().await?;
    get(store, editor, id, false).await
}

/// Removes a tag.
///
/// # Errors
/// There is no such model or tag.
pub async fn tag_remove(store: &Store, editor: &TeamEditor, id: &str, key: &str) -> Result<()> {
    names::text("tag_key", key, 250)?;
    let (mut tx, row) = begin(store, editor, id).await?;
    let before = tx.logged_model_tag(id, key).await?;
    if !tx.logged_model_tag_remove(id, key).await? {
        return Err(Error::new(Kind::NotFound, format!("No tag with key '{key}' found for model with ID '{id}'.")));
    }
    event(&mut tx, editor, "update", of(&row), (Some(json!({ "tags": { key: before } })), Some(json!({ "tags": { key: null } })))).await?;
    tx.commit().await
}

/// Logs parameters; one that is there keeps its value.
///
/// # Errors
/// There is no such model; a parameter is there already with another value.
pub async fn params(store: &Store, editor: &TeamEditor, id: &str, params: &BTreeMap<String, String>) -> Result<()> {
    pairs(params, names::param)?;
    let (mut tx, row) = begin(store, editor, id).await?;
    for (key, value) in params {
        match tx.logged_model_param(id, key, value).await? {
            Some(old) if old != *value => {
                return Err(Error::invalid(
                    "params",
                    format!("Changing param values is not allowed. Param with key='{key}' was already logged for model '{id}'."),
                ));
            }
            _ => {}
        }
    }
    event(&mut tx, editor, "update", of(&row), (None, Some(json!({ "params": params })))).await?;
    tx.commit().await
}

/// Notes in its tags that a version was registered from it.
pub(super) async fn note_version(tx: &mut Tx, id: &str, model: &str, version: i64) -> Result<()> {
    let old = tx.logged_model_tag(id, VERSIONS_TAG).await?;
    let mut list: Vec<Value> = old.and_then(|t| serde_json::from_str(&t).ok()).unwrap_or_default();
    let new = json!({ "name": model, "version": version.to_string() });
    if list.contains(&new) {
        return Ok(());
    }
    list.push(new);
    tx.logged_model_tag_set(id, VERSIONS_TAG, &Value::Array(list).to_string()).await
}

/// A transaction that holds the lock of the model.
async fn begin(store: &Store, editor: &TeamEditor, id: &str) -> Result<(Tx, LoggedModelRow)> {
    names::text("model_id", id, 64)?;
    let mut tx = store.begin().await?;
    let row = tx.logged_model_lock(&editor.team.id, id).await?.ok_or_else(|| not_found(id))?;
    let run = match &row.source_run_id {
        Some(run) => tx.run(&editor.team.id, run).await?,
        None => None,
    };
    owned(editor, run.as_ref())?;
    Ok((tx, row))
}

/// What an event is about: its id, its name, the run that made it.
type Of<'a> = (&'a str, &'a str, Option<&'a str>);

fn of(row: &LoggedModelRow) -> Of<'_> {
    (&row.id, &row.name, row.source_run_id.as_deref())
}

/// Records a change; the page of its run looks again.
async fn event(tx: &mut Tx, editor: &TeamEditor, action: &str, of: Of<'_>, change: (Option<Value>, Option<Value>)) -> Result<()> {
    let ((object_id, object_name, run), (before, after)) = (of, change);
    let (team_id, actor) = (Some(editor.team.id.as_str()), editor.actor());
    if let Some(run) = run {
        tx.changed(team_id, "run", run, 0);
    }
    let event = NewEvent { team_id, actor: &actor, action, kind: "logged_model", object_id, object_name, revision: 0, before, after };
    tx.event(event).await.map(drop)
}
