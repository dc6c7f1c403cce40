//! What people read of a pipeline and of its versions; a pipeline that has no version yet, or none any more.

use super::upload::{self, event, text};
use crate::{
    access::{TeamEditor, TeamMember},
    error::{Error, Result},
    ids,
    store::{
        Store,
        pipelines::{NewPipelineRow, PipelineRow, PipelineVersionRow},
    },
};
use serde_json::json;

/// Longest name, in characters.
const MAX_NAME: usize = 128;
/// Longest description, in characters.
const MAX_DESCRIPTION: usize = 5000;

/// What people read of it; what is absent stays as it is.
#[derive(Debug, Clone, Default)]
pub struct Words {
    /// Name for people.
    pub display_name: Option<String>,
    /// What it is for.
    pub description: Option<String>,
}

impl Words {
    fn over(&self, display_name: &str, description: &str) -> Result<(String, String)> {
        let shown = self.display_name.as_deref().filter(|d| !d.trim().is_empty()).unwrap_or(display_name);
        let description = self.description.as_deref().unwrap_or(description);
        Ok((text("display_name", shown, MAX_NAME)?, text("description", description, MAX_DESCRIPTION)?))
    }
}

/// Makes a pipeline without a version.
///
/// # Errors
/// The name is wrong or taken.
pub async fn create(store: &Store, by: &TeamEditor, name: &str, words: &Words) -> Result<PipelineRow> {
    let name = text("name", name, MAX_NAME)?;
    if name.is_empty() {
        return Err(Error::invalid("name", "A pipeline has a name of 1 to 128 characters."));
    }
    let (display_name, description) = words.over(&name, "")?;
    let id = ids::new_id(&**store.clock());
    let mut tx = store.begin().await?;
    tx.pipeline_insert(&NewPipelineRow {
        id: &id,
        team_id: &by.team.id,
        name: &name,
        display_name: &display_name,
        description: &description,
        created_by: &by.actor(),
    })
    .await?;
    event(&mut tx, by, "create", (&id, &name), 1, (None, None)).await?;
    tx.commit().await?;
    upload::row(store, by, &id).await
}

/// Changes what people read of a pipeline.
///
/// # Errors
/// Not there; a text that is too long.
pub async fn pipeline(store: &Store, by: &TeamEditor, id: &str, words: &Words) -> Result<PipelineRow> {
    let row = upload::row(store, by, id).await?;
    let (display_name, description) = words.over(&row.display_name, &row.description)?;
    let mut tx = store.begin().await?;
    let Some(revision) = tx.pipeline_describe(&by.team.id, &row.id, &display_name, &description).await? else {
        return Err(Error::not_found("pipeline"));
    };
    let before = json!({ "display_name": row.display_name, "description": row.description });
    let after = json!({ "display_name": display_name, "description": description });
    event(&mut tx, by, "update", (&row.id, &row.name), revision, (Some(before), Some(after))).await?;
    tx.commit().await?;
    upload::row(store, by, &row.id).await
}

/// Changes what people read of a version.
///
/// # Errors
/// Not there; a text that is too long.
pub async fn version(store: &Store, by: &TeamEditor, pipeline: &str, version: &str, words: &Words) -> Result<PipelineVersionRow> {
    let row = upload::version_row(store, by, pipeline, Some(version)).await?;
    let (display_name, description) = words.over(&row.display_name, &row.description)?;
    let mut tx = store.begin().await?;
    let revision = tx.pipeline_touch(&by.team.id, &row.pipeline_id).await?;
    let described = tx.pipeline_version_describe(&by.team.id, &row.id, &display_name, &description).await?;
    let Some(revision) = revision.filter(|_| described) else { return Err(Error::not_found("pipeline version")) };
    let words = |shown: &str, description: &str| Some(json!({ "version": row.name, "display_name": shown, "description": description }));
    let told = (words(&row.display_name, &row.description), words(&display_name, &description));
    event(&mut tx, by, "update", (&row.pipeline_id, &row.pipeline), revision, told).await?;
    tx.commit().await?;
    upload::version_row(store, by, &row.pipeline_id, Some(&row.id)).await
}

/// A version by its id alone.
///
/// # Errors
/// Not there.
pub async fn version_by_id(store: &Store, by: &TeamMember, id: &str) -> Result<PipelineVersionRow> {
    store.pipeline_version_by_id(&by.team.id, id).await?.ok_or_else(|| Error::not_found("pipeline version"))
}

/// Deletes a pipeline that has no versions.
///
/// # Errors
/// Not there; it has some.
pub async fn delete_bare(store: &Store, by: &TeamEditor, pipeline: &str) -> Result<()> {
    let row = upload::row(store, by, pipeline).await?;
    let mut tx = store.begin().await?;
    // From here on nobody adds one.
    let Some(revision) = tx.pipeline_touch(&by.team.id, &row.id).await? else { return Err(Error::not_found("pipeline")) };
    if tx.pipeline_has_versions(&by.team.id, &row.id).await? {
        return Err(Error::conflict(format!("The pipeline {} has versions.", row.name))
            .hint("Delete them first, or send cascade=true to delete all of it."));
    }
    tx.pipeline_delete(&by.team.id, &row.id).await?;
    event(&mut tx, by, "delete", (&row.id, &row.name), revision, (None, None)).await?;
    tx.commit().await
}
