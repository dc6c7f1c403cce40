//! Versions of pipelines.

use super::{
    asker::{Asker, At},
    error::Reply,
    known::{Fields, Message},
    list::{Listing, Noun},
    pipelines::{NO_SOURCE, NO_TAGS},
    theirs::{VERSION, theirs},
    wire::{Body, Empty, no_text, not_here, time},
};
use crate::{
    error::{Error, Result},
    http::state::Web,
    pipelines::{
        describe::{self, Words},
        search, upload,
    },
    store::pipelines::PipelineVersionRow,
};
use app::api::pipelines::NewPipelineVersion;
use axum::{Json, extract::State};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// A version as Kubeflow Pipelines tells it.
#[derive(Debug, Serialize)]
pub struct Version {
    pipeline_id: String,
    pipeline_version_id: String,
    name: String,
    display_name: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    description: String,
    created_at: String,
    /// Not in lists: it may be large.
    #[serde(skip_serializing_if = "Option::is_none")]
    pipeline_spec: Option<Value>,
}

impl From<PipelineVersionRow> for Version {
    fn from(row: PipelineVersionRow) -> Self {
        Self {
            pipeline_id: row.pipeline_id,
            pipeline_version_id: row.id,
            name: row.name,
            display_name: row.display_name,
            description: row.description,
            created_at: time(row.created_at),
            pipeline_spec: None,
        }
    }
}

/// A version with what it says.
///
/// # Errors
/// The database does not answer.
pub async fn whole(web: &Web, row: PipelineVersionRow) -> Result<Version> {
    let spec = spec(web, &row.spec_digest).await?;
    Ok(Version { pipeline_spec: Some(spec), ..Version::from(row) })
}

/// What a digest says, as their answers have it: with the platform's part beside it, where there is one.
///
/// # Errors
/// The database does not answer.
pub async fn spec(web: &Web, digest: &str) -> Result<Value> {
    let pipeline = upload::pipeline_of(&web.pipelines, digest).await?;
    if pipeline.platform.is_null() {
        return Ok(pipeline.spec.clone());
    }
    Ok(json!({ "pipeline_spec": pipeline.spec, "platform_spec": pipeline.platform }))
}

/// A version in a request. What only answers say is passed over.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Asked {
    name: Option<String>,
    #[serde(alias = "displayName")]
    display_name: Option<String>,
    description: Option<String>,
    #[serde(alias = "pipelineSpec")]
    pipeline_spec: Option<Value>,
    #[serde(alias = "packageUrl")]
    package_url: Option<Value>,
    #[serde(alias = "codeSourceUrl")]
    code_source_url: Option<String>,
    tags: Option<Value>,
}

impl Message for Asked {
    const FIELDS: Fields = &[
        "pipeline_id",
        "pipeline_version_id",
        "display_name",
        "name",
        "description",
        "created_at",
        "package_url",
        "code_source_url",
        "pipeline_spec",
        "error",
        "tags",
    ];
}

impl Asked {
    /// What it says, as text.
    ///
    /// # Errors
    /// It is only somewhere else.
    pub fn spec(&self) -> Result<String> {
        self.refuse()?;
        match &self.pipeline_spec {
            Some(spec) if !spec.is_null() => Ok(spec.to_string()),
            _ => Err(Error::invalid("pipeline_spec", "There is no pipeline_spec.").hint("Send it, or upload a file to pipelines/upload.")),
        }
    }

    fn refuse(&self) -> Result<()> {
        not_here("package_url", self.package_url.as_ref(), "Pipelines are not fetched from elsewhere.")?;
        no_text("code_source_url", self.code_source_url.as_deref(), NO_SOURCE)?;
        not_here("tags", self.tags.as_ref(), NO_TAGS)
    }

    /// Its name, or the one for people.
    pub fn name(&self) -> Option<String> {
        self.name.clone().filter(|n| !n.is_empty()).or_else(|| self.display_name.clone().filter(|n| !n.is_empty()))
    }
}

/// A page of versions.
#[derive(Debug, Serialize)]
pub struct Found {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pipeline_versions: Vec<Version>,
    total_size: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_page_token: Option<String>,
}

pub async fn list(State(web): State<Web>, asker: Asker, At([pipeline]): At<1>) -> Reply<Found> {
    let by = asker.viewer(&web, None).await?;
    let listing = Listing::of(&asker.query, Noun::Version)?;
    let found = search::versions(&web.store, &by, &pipeline, &listing.asked).await?;
    let pipeline_versions = found.rows.into_iter().map(Into::into).collect();
    Ok(Json(Found { pipeline_versions, total_size: found.total, next_page_token: found.next }))
}

pub async fn create(State(web): State<Web>, asker: Asker, At([pipeline]): At<1>, Body(asked): Body<Asked>) -> Reply<Version> {
    let by = asker.editor(&web, None).await?;
    let new = NewPipelineVersion {
        name: asked.name(),
        display_name: asked.display_name.clone(),
        description: asked.description.clone(),
        spec: asked.spec()?,
    };
    let made = upload::create_version(&web.pipelines, &web.store, &by, &pipeline, &new).await.map_err(|e| theirs(VERSION, e))?;
    let row = upload::version_row(&web.store, &by, &made.pipeline_id, Some(&made.id)).await?;
    Ok(Json(whole(&web, row).await?))
}

pub async fn get(State(web): State<Web>, asker: Asker, At([pipeline, version]): At<2>) -> Reply<Version> {
    let by = asker.viewer(&web, None).await?;
    let row = upload::version_row(&web.store, &by, &pipeline, Some(&version)).await?;
    Ok(Json(whole(&web, row).await?))
}

pub async fn update(State(web): State<Web>, asker: Asker, At([pipeline, version]): At<2>, Body(asked): Body<Asked>) -> Reply<Version> {
    let by = asker.editor(&web, None).await?;
    asked.refuse()?;
    let words = Words { display_name: asked.display_name, description: asked.description };
    let row = describe::version(&web.store, &by, &pipeline, &version, &words).await?;
    Ok(Json(whole(&web, row).await?))
}

pub async fn delete(State(web): State<Web>, asker: Asker, At([pipeline, version]): At<2>) -> Reply<Empty> {
    let by = asker.editor(&web, None).await?;
    upload::delete_version(&web.store, &by, &pipeline, &version).await?;
    Ok(Json(Empty {}))
}
