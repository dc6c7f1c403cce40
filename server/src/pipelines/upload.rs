//! Pipelines and their versions: uploaded, listed, deleted.

use super::{gone::Gone, ir::Pipeline, parsed::Parsed, runs_view, view};
use crate::{
    access::{TeamEditor, TeamMember},
    clock::rfc3339,
    error::{Error, Result},
    ids,
    store::{
        Store, Tx,
        events::NewEvent,
        keyset::Keyset,
        pipeline_runs::PipelineRunRow,
        pipelines::{NewPipelineRow, NewPipelineVersionRow, PipelineRow, PipelineVersionRow},
    },
};
use app::api::{
    ListQuery, Page,
    changes::kinds,
    pipelines::{self as words, NewPipeline, NewPipelineVersion, PipelineOutline, PipelineSpec, PipelineVersion},
};
use serde_json::{Value, json};
use std::{collections::HashMap, sync::Arc};

/// How many of its last runs are shown beside a pipeline.
const RECENT: i64 = 10;
/// Longest name, in characters.
const MAX_NAME: usize = 128;
/// Longest description, in characters.
const MAX_DESCRIPTION: usize = 5000;

/// Pipelines of a team, newest first.
///
/// # Errors
/// A page token that is not ours.
pub async fn list(store: &Store, by: &TeamMember, query: &ListQuery) -> Result<Page<words::Pipeline>> {
    let keyset = Keyset::<String>::of(query)?;
    let rows = store.pipeline_list(&by.team.id, keyset.after.as_deref(), keyset.limit()).await?;
    let page = keyset.page(rows, |r| r.id.clone(), |r| r);
    Ok(Page { items: whole(store, by, page.items).await?, next_page_token: page.next_page_token })
}

/// Pipelines with their newest versions and their last runs.
async fn whole(store: &Store, by: &TeamMember, rows: Vec<PipelineRow>) -> Result<Vec<words::Pipeline>> {
    let ids: Vec<String> = rows.iter().map(|r| r.id.clone()).collect();
    let latest = store.pipelines_latest(&by.team.id, &ids).await?;
    let mut latest: HashMap<String, PipelineVersionRow> = latest.into_iter().map(|v| (v.pipeline_id.clone(), v)).collect();
    let mut runs: HashMap<String, Vec<PipelineRunRow>> = HashMap::new();
    for run in store.pipelines_recent(&by.team.id, &ids, RECENT).await? {
        runs.entry(run.pipeline_id.clone().unwrap_or_default()).or_default().push(run);
    }
    Ok(rows.into_iter().map(|row| one(latest.remove(&row.id), runs.remove(&row.id).unwrap_or_default(), row)).collect())
}

fn one(latest: Option<PipelineVersionRow>, runs: Vec<PipelineRunRow>, row: PipelineRow) -> words::Pipeline {
    words::Pipeline {
        id: row.id,
        name: row.name,
        display_name: row.display_name,
        description: row.description,
        created_by: row.created_by,
        created_at: rfc3339(row.created_at),
        max_tasks: row.max_tasks,
        latest: latest.map(view::version),
        runs: runs.into_iter().map(|r| runs_view::run(r, &Gone::none())).collect(),
    }
}

/// The row of a pipeline, by its id or its name.
///
/// # Errors
/// Not there.
pub async fn row(store: &Store, by: &TeamMember, pipeline: &str) -> Result<PipelineRow> {
    store.pipeline(&by.team.id, pipeline).await?.ok_or_else(|| Error::not_found("pipeline"))
}

/// Id of a pipeline, by its id or its name; of one that was deleted by its id, where something that ran is of it.
///
/// # Errors
/// There was none in the team.
pub async fn known(store: &Store, by: &TeamMember, pipeline: &str) -> Result<String> {
    match store.pipeline(&by.team.id, pipeline).await? {
        Some(row) => Ok(row.id),
        None if store.pipeline_ran(&by.team.id, pipeline).await? => Ok(pipeline.to_owned()),
        None => Err(Error::not_found("pipeline")),
    }
}

/// A pipeline.
///
/// # Errors
/// Not there.
pub async fn get(store: &Store, by: &TeamMember, pipeline: &str) -> Result<words::Pipeline> {
    let row = row(store, by, pipeline).await?;
    whole(store, by, vec![row]).await?.pop().ok_or_else(|| Error::not_found("pipeline"))
}

/// Versions of a pipeline, newest first.
///
/// # Errors
/// No such pipeline; a page token that is not ours.
pub async fn versions(store: &Store, by: &TeamMember, pipeline: &str, query: &ListQuery) -> Result<Page<PipelineVersion>> {
    let keyset = Keyset::<String>::of(query)?;
    let of = row(store, by, pipeline).await?;
    let rows = store.pipeline_versions(&by.team.id, &of.id, keyset.after.as_deref(), keyset.limit()).await?;
    Ok(keyset.page(rows, |r| r.id.clone(), view::version))
}

/// The row of a version, by ids or names; the newest where none is named.
///
/// # Errors
/// Not there.
pub async fn version_row(store: &Store, by: &TeamMember, pipeline: &str, version: Option<&str>) -> Result<PipelineVersionRow> {
    let of = row(store, by, pipeline).await?;
    let found = match version.filter(|v| !v.is_empty()) {
        Some(version) => store.pipeline_version(&by.team.id, &of.id, version).await?,
        None => store.pipeline_versions(&by.team.id, &of.id, None, 1).await?.pop(),
    };
    found.ok_or_else(|| Error::not_found("pipeline version"))
}

/// What was uploaded as a version.
///
/// # Errors
/// Not there.
pub async fn spec(store: &Store, by: &TeamMember, pipeline: &str, version: &str) -> Result<PipelineSpec> {
    let of = version_row(store, by, pipeline, Some(version)).await?;
    let spec = store.pipeline_spec(&of.spec_digest).await?.ok_or_else(|| Error::internal(format!("spec {}", of.spec_digest)))?;
    Ok(PipelineSpec { spec })
}

/// What a version says, for a form and a graph.
///
/// # Errors
/// Not there.
pub async fn outline(parsed: &Parsed, store: &Store, by: &TeamMember, pipeline: &str, version: &str) -> Result<PipelineOutline> {
    let of = version_row(store, by, pipeline, Some(version)).await?;
    let pipeline = pipeline_of(parsed, &of.spec_digest).await?;
    Ok(view::outline(&pipeline))
}

/// The pipeline of a digest that a row names.
///
/// # Errors
/// The database does not answer, or does not have it.
pub async fn pipeline_of(parsed: &Parsed, digest: &str) -> Result<Arc<Pipeline>> {
    parsed.of(digest).await?.ok_or_else(|| Error::internal(format!("no pipeline of digest {digest}")))
}

/// Makes a pipeline with its first version.
///
/// # Errors
/// What is uploaded is refused, with its places; the name is taken.
pub async fn create(parsed: &Parsed, store: &Store, by: &TeamEditor, new: &NewPipeline) -> Result<words::Pipeline> {
    let (digest, pipeline) = parsed.take(&new.spec).await?;
    let name = text("name", new.name.as_deref().unwrap_or(&pipeline.name), MAX_NAME)?;
    if name.is_empty() {
        return Err(Error::invalid("name", "A pipeline has a name of 1 to 128 characters."));
    }
    if matches!(name.as_str(), "." | "..") || name.contains(['\n', '\t']) {
        return Err(Error::invalid("name", "The name of a pipeline is one line, and neither \".\" nor \"..\"."));
    }
    // What somebody calls it is what it is found by: the SDK's own name for people is for who gives none.
    let called = if new.name.is_some() { name.as_str() } else { named(&pipeline, &name) };
    let shown = new.display_name.as_deref().filter(|d| !d.is_empty()).unwrap_or(called);
    let display_name = text("display_name", shown, MAX_NAME)?;
    let description = text("description", new.description.as_deref().unwrap_or(&pipeline.description), MAX_DESCRIPTION)?;
    let id = ids::new_id(&**store.clock());
    let actor = by.actor();
    let mut tx = store.begin().await?;
    tx.pipeline_insert(&NewPipelineRow {
        id: &id,
        team_id: &by.team.id,
        name: &name,
        display_name: &display_name,
        description: &description,
        created_by: &actor,
    })
    .await?;
    let version = text("version", new.version.as_deref().filter(|v| !v.is_empty()).unwrap_or(&name), MAX_NAME)?;
    let first = Wanted { name: &version, display_name: &version, description: "", spec: &new.spec, digest: &digest };
    insert_version(&mut tx, store, by, &id, &first).await?;
    event(&mut tx, by, "create", (&id, &name), 1, (None, Some(json!({ "version": version })))).await?;
    tx.commit().await?;
    get(store, by, &id).await
}

fn named<'a>(pipeline: &'a Pipeline, name: &'a str) -> &'a str {
    if pipeline.display_name.is_empty() { name } else { &pipeline.display_name }
}

/// Makes a version of a pipeline.
///
/// # Errors
/// No such pipeline; what is uploaded is refused; the name is taken.
pub async fn create_version(
    parsed: &Parsed,
    store: &Store,
    by: &TeamEditor,
    pipeline: &str,
    new: &NewPipelineVersion,
) -> Result<PipelineVersion> {
    let of = row(store, by, pipeline).await?;
    let (digest, _) = parsed.take(&new.spec).await?;
    let given = new.name.as_deref().filter(|n| !n.is_empty());
    let name = match given {
        Some(name) => text("name", name, MAX_NAME)?,
        None => format!("{} {}", of.name, rfc3339(store.clock().now())),
    };
    let display_name = text("display_name", new.display_name.as_deref().filter(|n| !n.is_empty()).unwrap_or(&name), MAX_NAME)?;
    let description = text("description", new.description.as_deref().unwrap_or_default(), MAX_DESCRIPTION)?;
    let mut tx = store.begin().await?;
    // Deleted meanwhile: its versions go with it.
    let Some(revision) = tx.pipeline_touch(&by.team.id, &of.id).await? else { return Err(Error::not_found("pipeline")) };
    let wanted = Wanted { name: &name, display_name: &display_name, description: &description, spec: &new.spec, digest: &digest };
    let id = insert_version(&mut tx, store, by, &of.id, &wanted).await?;
    event(&mut tx, by, "update", (&of.id, &of.name), revision, (None, Some(json!({ "version": name })))).await?;
    tx.commit().await?;
    version_row(store, by, &of.id, Some(&id)).await.map(view::version)
}

struct Wanted<'a> {
    name: &'a str,
    display_name: &'a str,
    description: &'a str,
    spec: &'a str,
    digest: &'a str,
}

async fn insert_version(tx: &mut Tx, store: &Store, by: &TeamEditor, pipeline_id: &str, new: &Wanted<'_>) -> Result<String> {
    let id = ids::new_id(&**store.clock());
    tx.pipeline_spec_put(new.digest, new.spec).await?;
    tx.pipeline_version_insert(&NewPipelineVersionRow {
        id: &id,
        team_id: &by.team.id,
        pipeline_id,
        name: new.name,
        display_name: new.display_name,
        description: new.description,
        spec_digest: new.digest,
        created_by: &by.actor(),
    })
    .await?;
    Ok(id)
}

/// Deletes a pipeline with its versions. What ran stays.
///
/// # Errors
/// Not there.
pub async fn delete(store: &Store, by: &TeamEditor, pipeline: &str) -> Result<()> {
    let of = row(store, by, pipeline).await?;
    let mut tx = store.begin().await?;
    if !tx.pipeline_delete(&by.team.id, &of.id).await? {
        return Err(Error::not_found("pipeline"));
    }
    event(&mut tx, by, "delete", (&of.id, &of.name), of.revision, (None, None)).await?;
    tx.commit().await
}

/// Deletes a version. What ran of it stays.
///
/// # Errors
/// Not there.
pub async fn delete_version(store: &Store, by: &TeamEditor, pipeline: &str, version: &str) -> Result<()> {
    let of = version_row(store, by, pipeline, Some(version)).await?;
    let mut tx = store.begin().await?;
    if !tx.pipeline_version_delete(&by.team.id, &of.pipeline_id, &of.id).await? {
        return Err(Error::not_found("pipeline version"));
    }
    event(&mut tx, by, "delete_version", (&of.pipeline_id, &of.pipeline), 0, (None, Some(json!({ "version": of.name })))).await?;
    tx.commit().await
}

/// The event of a change of a pipeline, or of its versions.
pub(super) async fn event(
    tx: &mut Tx,
    by: &TeamEditor,
    action: &str,
    (object_id, object_name): (&str, &str),
    revision: i64,
    (before, after): (Option<Value>, Option<Value>),
) -> Result<()> {
    tx.event(NewEvent {
        team_id: Some(&by.team.id),
        actor: &by.actor(),
        action,
        kind: kinds::PIPELINE,
        object_id,
        object_name,
        revision,
        before,
        after,
    })
    .await
    .map(drop)
}

/// A text of a request, without space around it.
///
/// # Errors
/// Too long, or with control characters.
pub fn text(field: &str, given: &str, most: usize) -> Result<String> {
    let given = given.trim();
    if given.chars().count() > most {
        return Err(Error::invalid(field, format!("It has at most {most} characters.")));
    }
    if given.chars().any(|c| c.is_control() && c != '\n' && c != '\t') {
        return Err(Error::invalid(field, "It has a control character in it."));
    }
    Ok(given.to_owned())
}
