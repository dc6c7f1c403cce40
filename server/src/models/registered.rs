//! Registered models: make, rename, describe, tag, delete.

use super::{kept, names};
use crate::{
    access::{TeamEditor, TeamMember},
    error::{Error, Kind, Result},
    ids,
    promotions::guard,
    store::{
        Store, Tx,
        events::NewEvent,
        keyset::Keyset,
        model_search::{Search, Sort},
        models::{ModelFull, ModelRow},
    },
};
use app::api::{
    models::ModelChange,
    page::{ListQuery, Page},
};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The tag by which MLflow tells prompts from models.
pub const PROMPT_TAG: &str = "mlflow.prompt.is_prompt";

/// The model of this name.
///
/// # Errors
/// There is none.
pub async fn get(store: &Store, member: &TeamMember, name: &str) -> Result<ModelFull> {
    names::model("name", name)?;
    store.model(&member.team.id, name).await?.ok_or_else(|| not_found(name))
}

/// Registered models, last changed first; prompts are not models.
///
/// # Errors
/// A page size or token that is not right.
pub async fn list(store: &Store, member: &TeamMember, query: &ListQuery) -> Result<Page<ModelFull>> {
    let size = Keyset::<()>::new(query.page_size, None)?.size;
    let search = Search {
        without: Some(PROMPT_TAG),
        sort: vec![(Sort::Updated, false)],
        limit: size,
        page_token: query.page_token.clone().filter(|t| !t.is_empty()),
        ..Search::default()
    };
    store.model_search(&member.team.id, &search).await
}

/// The error for a model that is not there.
pub fn not_found(name: &str) -> Error {
    Error::new(Kind::NotFound, format!("Registered Model with name={name} not found"))
}

/// Makes a model without versions.
///
/// # Errors
/// The name is taken or not allowed; a tag is not allowed.
pub async fn create(
    store: &Store,
    editor: &TeamEditor,
    name: &str,
    description: &str,
    tags: &BTreeMap<String, String>,
) -> Result<ModelFull> {
    names::model("name", name)?;
    names::description(description)?;
    for (key, value) in tags {
        names::tag(key, value)?;
    }
    let mut tx = store.begin().await?;
    let row = insert(&mut tx, store, editor, name, description, tags).await?;
    tx.commit().await?;
    Ok(ModelFull { row, tags: tags.clone(), aliases: BTreeMap::new() })
}

/// Makes a model in a transaction that goes on.
pub(super) async fn insert(
    tx: &mut Tx,
    store: &Store,
    editor: &TeamEditor,
    name: &str,
    description: &str,
    tags: &BTreeMap<String, String>,
) -> Result<ModelRow> {
    let id = ids::new_id(&**store.clock());
    let row = tx.model_insert(&editor.team.id, &id, name, description).await.map_err(|e| taken(e, name))?;
    for (key, value) in tags {
        tx.model_tag_set(&id, key, value).await?;
    }
    event(tx, editor, "create", &row, None, Some(json!({ "description": description, "tags": tags }))).await?;
    Ok(row)
}

fn taken(e: Error, name: &str) -> Error {
    if e.kind == Kind::Taken { Error::taken(format!("Registered Model (name={name}) already exists.")) } else { e }
}

/// Gives a model another name; versions, aliases and tags stay with it.
///
/// # Errors
/// There is no such model; the name is taken or not allowed; a protected stage has a version of it.
pub async fn rename(store: &Store, editor: &TeamEditor, name: &str, new_name: &str) -> Result<ModelFull> {
    names::model("name", name)?;
    names::model("new_name", new_name)?;
    let mut tx = store.begin().await?;
    let mut row = lock(&mut tx, editor, name, true).await?;
    guard::rename(&mut tx, &editor.team.id, editor.role, &row).await?;
    tx.model_rename(&row.id, new_name).await.map_err(|e| taken(e, new_name))?;
    tx.promotions_rename(&row.id, new_name).await?;
    row.name = new_name.into();
    event(&mut tx, editor, "rename", &row, Some(json!({ "name": name })), Some(json!({ "name": new_name }))).await?;
    tx.commit().await?;
    get(store, editor, new_name).await
}

/// Changes description and tags; what is left out stays, or goes where the change replaces what was seen.
///
/// # Errors
/// There is no such model; a text is not allowed; a stale revision.
pub async fn update(store: &Store, editor: &TeamEditor, name: &str, change: &ModelChange) -> Result<ModelFull> {
    names::model("name", name)?;
    check(change)?;
    let mut tx = store.begin().await?;
    let row = lock(&mut tx, editor, name, description(change).is_some()).await?;
    // The lock has counted up.
    Error::unless_stale(change.revision, row.revision - 1, format!("The model {name}"))?;
    let (mut before, mut after) = (json!({}), json!({}));
    if let Some(text) = description(change) {
        tx.model_describe(&row.id, text).await?;
        (before["description"], after["description"]) = (json!(row.description), json!(text));
    }
    let old = tx.model_tags(&row.id).await?;
    for (key, value) in tags(change, &old) {
        before["tags"][key] = json!(old.get(key));
        after["tags"][key] = json!(value);
        match value {
            Some(value) => tx.model_tag_set(&row.id, key, value).await?,
            None => drop(tx.model_tag_remove(&row.id, key).await?),
        }
    }
    event(&mut tx, editor, "update", &row, Some(before), Some(after)).await?;
    tx.commit().await?;
    get(store, editor, name).await
}

/// Whether the texts of a change are allowed.
pub(super) fn check(change: &ModelChange) -> Result<()> {
    names::description(description(change).unwrap_or_default())?;
    change.tags.iter().try_for_each(|(key, value)| names::tag(key, value))
}

/// The description that a change sets.
pub(super) fn description(change: &ModelChange) -> Option<&str> {
    change.description.as_deref().or((change.replace && !change.keep_description).then_some(""))
}

/// The tags that a change sets, and with no value those of `old` that it removes.
pub(super) fn tags<'a>(change: &'a ModelChange, old: &BTreeMap<String, String>) -> BTreeMap<&'a str, Option<&'a str>> {
    let left_out = change.seen.iter().filter(|key| change.replace && old.contains_key(*key));
    let named = change.tags.iter().map(|(key, value)| (key.as_str(), (change.replace || !value.is_empty()).then_some(value.as_str())));
    left_out.map(|key| (key.as_str(), None)).chain(named).collect()
}

/// Sets a tag, also to an empty value.
///
/// # Errors
/// There is no such model; the tag is not allowed.
pub async fn tag_set(store: &Store, editor: &TeamEditor, name: &str, key: &str, value: &str) -> Result<()> {
    names::model("name", name)?;
    names::tag(key, value)?;
    let mut tx = store.begin().await?;
    let row = lock(&mut tx, editor, name, false).await?;
    let before = tx.model_tag(&row.id, key).await?;
    tx.model_tag_set(&row.id, key, value).await?;
    let change = |v: Option<&str>| Some(json!({ "tags": { key: v } }));
    event(&mut tx, editor, "update", &row, change(before.as_deref()), change(Some(value))).await?;
    tx.commit().await
}

/// Removes a tag; one that is not there is fine.
///
/// # Errors
/// There is no such model.
pub async fn tag_remove(store: &Store, editor: &TeamEditor, name: &str, key: &str) -> Result<()> {
    names::model("name", name)?;
    names::key(key)?;
    let mut tx = store.begin().await?;
    let row = lock(&mut tx, editor, name, false).await?;
    let Some(before) = tx.model_tag(&row.id, key).await? else { return Ok(()) };
    tx.model_tag_remove(&row.id, key).await?;
    event(&mut tx, editor, "update", &row, Some(json!({ "tags": { key: before } })), Some(json!({ "tags": { key: null } }))).await?;
    tx.commit().await
}

/// Deletes a model with its versions. Files stay with the runs and logged models they belong to.
///
/// # Errors
/// There is no such model; a deployment still needs one of its versions.
pub async fn delete(store: &Store, editor: &TeamEditor, name: &str) -> Result<()> {
    names::model("name", name)?;
    let mut tx = store.begin().await?;
    let row = lock(&mut tx, editor, name, true).await?;
    guard::delete(&mut tx, &editor.team.id, &row, None).await?;
    kept::unless(store, &editor.team.id, name, None).await?;
    tx.model_delete(&row.id).await?;
    let before = json!({ "description": row.description, "last_version": row.last_version });
    event(&mut tx, editor, "delete", &row, Some(before), None).await?;
    tx.commit().await
}

/// Locks a model of the team for a change.
pub(crate) async fn lock(tx: &mut Tx, editor: &TeamEditor, name: &str, updated: bool) -> Result<ModelRow> {
    tx.model_lock(&editor.team.id, name, updated).await?.ok_or_else(|| not_found(name))
}

/// Records a change of a model.
pub(super) async fn event(
    tx: &mut Tx,
    editor: &TeamEditor,
    action: &str,
    row: &ModelRow,
    before: Option<Value>,
    after: Option<Value>,
) -> Result<()> {
    tx.event(NewEvent {
        team_id: Some(&editor.team.id),
        actor: &editor.actor(),
        action,
        kind: "model",
        object_id: &row.id,
        object_name: &row.name,
        revision: row.revision,
        before,
        after,
    })
    .await
    .map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_change_leaves_out() {
        let map = |list: &[(&str, &str)]| list.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect::<BTreeMap<_, _>>();
        let old = map(&[("a", "1"), ("b", "2"), ("mlflow.source", "x")]);
        let mut change = ModelChange { tags: map(&[("b", "3"), ("c", "4"), ("d", "")]), ..ModelChange::default() };
        let wanted = BTreeMap::from([("b", Some("3")), ("c", Some("4")), ("d", None)]);
        assert_eq!((description(&change), tags(&change, &old)), (None, wanted));
        // `b` was added by somebody else and is named here by chance; `e` was removed by somebody else.
        change = ModelChange { replace: true, seen: vec!["a".into(), "e".into()], ..change };
        let wanted = BTreeMap::from([("a", None), ("b", Some("3")), ("c", Some("4")), ("d", Some(""))]);
        assert_eq!((description(&change), tags(&change, &old)), (Some(""), wanted));
        change.tags.clear();
        assert_eq!(tags(&change, &old), BTreeMap::from([("a", None)]));
    }
}
