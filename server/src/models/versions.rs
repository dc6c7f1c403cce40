//! Versions of registered models: register, describe, tag, move to a stage, delete.

use super::{kept, location, mlmodel, names, registered, source};
use crate::{
    access::{TeamEditor, TeamMember},
    artifacts::{ArtifactPath, ArtifactStore},
    error::{Error, Kind, Result},
    ids,
    promotions::guard,
    store::{
        Store, Tx,
        events::NewEvent,
        keyset::Keyset,
        model_versions::{NewVersion, VersionFull, VersionRow},
    },
};
use app::api::{
    models::ModelChange,
    page::{ListQuery, Page},
};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// A version to register, as a client of MLflow gives it.
#[derive(Debug, Clone, Default)]
pub struct Registration<'a> {
    /// Name of the registered model.
    pub model: &'a str,
    /// Where its files are.
    pub source: &'a str,
    /// The run it comes from.
    pub run_id: Option<&'a str>,
    /// The logged model it comes from.
    pub model_id: Option<&'a str>,
    /// A link to the run elsewhere.
    pub run_link: Option<&'a str>,
    /// Free text.
    pub description: &'a str,
    /// Tags.
    pub tags: BTreeMap<String, String>,
    /// Make the registered model where it is not there.
    pub make_model: bool,
    /// Refuse a source that holds no model in Slipway.
    pub needs_files: bool,
}

/// A version of a model.
///
/// # Errors
/// There is none.
pub async fn get(store: &Store, member: &TeamMember, model: &str, version: i64) -> Result<VersionFull> {
    names::model("name", model)?;
    store.version(&member.team.id, model, version).await?.ok_or_else(|| not_found(model, version))
}

/// Versions of a model, newest first.
///
/// # Errors
/// There is no such model; a page size or token that is not right.
pub async fn list(store: &Store, member: &TeamMember, model: &str, query: &ListQuery) -> Result<Page<VersionFull>> {
    let keyset = Keyset::<i64>::of(query)?;
    let found = registered::get(store, member, model).await?;
    let rows = store.version_list(&found.row.id, keyset.after.unwrap_or(i64::MAX), keyset.limit()).await?;
    Ok(keyset.page(rows, |r| r.row.version, |r| r))
}

/// The error for a version that is not there.
pub fn not_found(model: &str, version: i64) -> Error {
    Error::new(Kind::NotFound, format!("Model Version (name={model}, version={version}) not found"))
}

/// Registers the next version of a model. Numbers count up without gaps, also when many register at once.
///
/// # Errors
/// There is no such model; the source is not the team's; a text is not allowed.
pub async fn create(store: &Store, artifacts: &ArtifactStore, editor: &TeamEditor, new: &Registration<'_>) -> Result<VersionFull> {
    check(new)?;
    // Looked for first: who names a model that is not there shall read that, not something about the source.
    if !new.make_model {
        registered::get(store, editor, new.model).await?;
    }
    let resolved = source::resolve(store, artifacts, editor, new.source, new.run_id, new.model_id).await?;
    if new.needs_files {
        holds_model(artifacts, editor, &resolved.storage).await?;
    }
    let id = ids::new_id(&**store.clock());
    let mut tx = store.begin().await?;
    let model = match tx.model_lock(&editor.team.id, new.model, true).await? {
        Some(model) => model,
        None if new.make_model => registered::insert(&mut tx, store, editor, new.model, "", &BTreeMap::new()).await?,
        None => return Err(registered::not_found(new.model)),
    };
    let row = NewVersion {
        id: &id,
        description: new.description,
        user_name: &editor.principal.user,
        source: &resolved.source,
        storage: &resolved.storage,
        run_id: resolved.run_id.as_deref().or(new.run_id),
        run_link: new.run_link,
        logged_model_id: resolved.logged_model_id.as_deref(),
    };
    if tx.files_freed(&editor.team.id, row.run_id, row.logged_model_id).await? {
        return Err(Error::invalid("source", "The files that it names were freed by clean-up: there is nothing left to register."));
    }
    let number = tx.version_insert(&editor.team.id, &model.id, &row).await?;
    for (key, value) in &new.tags {
        tx.version_tag_set(&id, key, value).await?;
    }
    let row = tx.version(&editor.team.id, new.model, number).await?.ok_or_else(|| not_found(new.model, number))?;
    let after = json!({ "source": row.source, "run_id": row.run_id, "model_id": row.logged_model_id, "tags": new.tags });
    event(&mut tx, editor, "create", &row, None, Some(after)).await?;
    if let Some(logged) = &row.logged_model_id {
        super::logged::note_version(&mut tx, logged, new.model, number).await?;
    }
    tx.changed(Some(&editor.team.id), "model", &model.id, model.revision);
    if let Some(run) = &row.run_id {
        tx.changed(Some(&editor.team.id), "run", run, 0);
    }
    tx.commit().await?;
    get(store, editor, new.model, number).await
}

async fn holds_model(artifacts: &ArtifactStore, editor: &TeamEditor, storage: &str) -> Result<()> {
    let file = location::path_of(storage)?.map(|folder| ArtifactPath::parse(mlmodel::FILE).map(|file| folder.join(&file))).transpose()?;
    let there = match &file {
        Some(file) => artifacts.size(&editor.team.id, file).await?.is_some(),
        None => false,
    };
    if there {
        return Ok(());
    }
    Err(Error::invalid("source", format!("There is no model at {storage}: it has no MLmodel file."))
        .hint("Give the URI of a logged model, or the path of a model in the run's artifacts."))
}

fn check(new: &Registration<'_>) -> Result<()> {
    names::model("name", new.model)?;
    names::source("source", new.source)?;
    names::source("run_link", new.run_link.unwrap_or_default())?;
    names::text("run_id", new.run_id.unwrap_or_default(), 64)?;
    names::text("model_id", new.model_id.unwrap_or_default(), 64)?;
    names::description(new.description)?;
    new.tags.iter().try_for_each(|(key, value)| names::tag(key, value))
}

/// Changes description and tags; what is left out stays, or goes where the change replaces what was seen.
///
/// # Errors
/// There is no such version; a text is not allowed; a stale revision.
pub async fn update(store: &Store, editor: &TeamEditor, model: &str, version: i64, change: &ModelChange) -> Result<VersionFull> {
    registered::check(change)?;
    let (mut tx, row) = begin(store, editor, model, version).await?;
    Error::unless_stale(change.revision, row.revision, format!("{model} v{version}"))?;
    let (mut before, mut after) = (json!({}), json!({}));
    if let Some(text) = registered::description(change) {
        tx.version_describe(&row.id, text).await?;
        (before["description"], after["description"]) = (json!(row.description), json!(text));
    }
    let old = tx.version_tags(&row.id).await?;
    for (key, value) in registered::tags(change, &old) {
        before["tags"][key] = json!(old.get(key));
        after["tags"][key] = json!(value);
        match value {
            Some(value) => tx.version_tag_set(&row.id, key, value).await?,
            None => drop(tx.version_tag_remove(&row.id, key).await?),
        }
    }
    event(&mut tx, editor, "update", &row, Some(before), Some(after)).await?;
    tx.commit().await?;
    get(store, editor, model, version).await
}

/// Sets a tag, also to an empty value.
///
/// # Errors
/// There is no such version; the tag is not allowed.
pub async fn tag_set(store: &Store, editor: &TeamEditor, model: &str, version: i64, key: &str, value: &str) -> Result<()> {
    names::tag(key, value)?;
    let (mut tx, row) = begin(store, editor, model, version).await?;
    tx.version_tag_set(&row.id, key, value).await?;
    event(&mut tx, editor, "update", &row, None, Some(json!({ "tags": { key: value } }))).await?;
    tx.commit().await
}

/// Removes a tag; one that is not there is fine.
///
/// # Errors
/// There is no such version.
pub async fn tag_remove(store: &Store, editor: &TeamEditor, model: &str, version: i64, key: &str) -> Result<()> {
    names::key(key)?;
    let (mut tx, row) = begin(store, editor, model, version).await?;
    if !tx.version_tag_remove(&row.id, key).await? {
        return Ok(());
    }
    event(&mut tx, editor, "update", &row, None, Some(json!({ "tags": { key: null } }))).await?;
    tx.commit().await
}

/// Moves a version to a stage; with `archive`, those that are in it go to `Archived`.
///
/// # Errors
/// There is no such version or stage; `archive` for a stage that is not in use.
pub async fn transition(store: &Store, editor: &TeamEditor, model: &str, version: i64, to: &str, archive: bool) -> Result<VersionFull> {
    let stage = names::stage(to)?;
    if archive && !matches!(stage, "Staging" | "Production") {
        return Err(Error::invalid(
            "archive_existing_versions",
            format!(
                "Model version transition cannot archive existing model versions because '{to}' is not an Active stage. \
                 Valid stages are ['Staging', 'Production']"
            ),
        ));
    }
    names::model("name", model)?;
    let mut tx = store.begin().await?;
    let locked = registered::lock(&mut tx, editor, model, true).await?;
    let row = tx.version(&editor.team.id, model, version).await?.ok_or_else(|| not_found(model, version))?;
    guard::stage(&mut tx, &editor.team.id, model, version, [&row.stage, stage]).await?;
    if archive {
        for other in tx.versions_in_stage(&locked.id, stage, version).await? {
            tx.version_stage(&other.id, "Archived").await?;
            event(&mut tx, editor, "stage", &other, Some(json!({ "stage": stage })), Some(json!({ "stage": "Archived" }))).await?;
        }
    }
    tx.version_stage(&row.id, stage).await?;
    event(&mut tx, editor, "stage", &row, Some(json!({ "stage": row.stage })), Some(json!({ "stage": stage }))).await?;
    tx.commit().await?;
    get(store, editor, model, version).await
}

/// Deletes a version with its aliases. Files stay with the run or logged model they belong to; the number is not given again.
///
/// # Errors
/// There is no such version; a deployment still needs it.
pub async fn delete(store: &Store, editor: &TeamEditor, model: &str, version: i64) -> Result<()> {
    names::model("name", model)?;
    let mut tx = store.begin().await?;
    let locked = registered::lock(&mut tx, editor, model, true).await?;
    let row = tx.version(&editor.team.id, model, version).await?.ok_or_else(|| not_found(model, version))?;
    guard::delete(&mut tx, &editor.team.id, &locked, Some(version)).await?;
    kept::unless(store, &editor.team.id, model, Some(version)).await?;
    tx.version_delete(&row).await?;
    event(&mut tx, editor, "delete", &row, Some(json!({ "source": row.source, "run_id": row.run_id })), None).await?;
    tx.commit().await
}

/// A transaction that holds the lock of the model, and the version.
async fn begin(store: &Store, editor: &TeamEditor, model: &str, version: i64) -> Result<(Tx, VersionRow)> {
    names::model("name", model)?;
    let mut tx = store.begin().await?;
    let found = tx.model_lock(&editor.team.id, model, false).await?;
    let row = if found.is_some() { tx.version(&editor.team.id, model, version).await? } else { None };
    Ok((tx, row.ok_or_else(|| not_found(model, version))?))
}

async fn event(
    tx: &mut Tx,
    editor: &TeamEditor,
    action: &str,
    row: &VersionRow,
    before: Option<Value>,
    after: Option<Value>,
) -> Result<()> {
    tx.event(NewEvent {
        team_id: Some(&editor.team.id),
        actor: &editor.actor(),
        action,
        kind: "model_version",
        object_id: &row.id,
        object_name: &format!("{} v{}", row.model, row.version),
        revision: row.revision,
        before,
        after,
    })
    .await
    .map(drop)
}
