//! Pipelines.

use super::{
    asker::{Asker, At},
    error::Reply,
    known::{Fields, Message},
    list::{Listing, Noun},
    theirs::{BOTH, FIRST, theirs},
    versions,
    wire::{Body, Empty, not_here, time},
};
use crate::{
    error::{Error, Result},
    http::state::Web,
    pipelines::{
        describe::{self, Words},
        search, upload,
    },
    store::pipelines::PipelineRow,
};
use app::api::pipelines::NewPipeline;
use axum::{Json, extract::State};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Why tags are refused.
pub(super) const NO_TAGS: &str = "Pipelines and their versions have no tags here.";
/// Why an address of sources is refused.
pub(super) const NO_SOURCE: &str = "Where the code of a pipeline lies is not kept here; the description may say it.";

/// A pipeline as Kubeflow Pipelines tells it.
#[derive(Debug, Serialize)]
pub struct Pipeline {
    pipeline_id: String,
    name: String,
    display_name: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    description: String,
    created_at: String,
    namespace: String,
}

impl Pipeline {
    pub(super) fn of(row: PipelineRow, team: &str) -> Self {
        Self {
            pipeline_id: row.id,
            name: row.name,
            display_name: row.display_name,
            description: row.description,
            created_at: time(row.created_at),
            namespace: team.to_owned(),
        }
    }
}

/// A pipeline in a request. What only answers say is passed over.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Asked {
    name: Option<String>,
    #[serde(alias = "displayName")]
    display_name: Option<String>,
    description: Option<String>,
    namespace: Option<String>,
    tags: Option<Value>,
}

impl Message for Asked {
    const FIELDS: Fields = &["pipeline_id", "display_name", "name", "description", "created_at", "namespace", "error", "tags"];
}

impl Asked {
    fn words(&self) -> Result<Words> {
        not_here("tags", self.tags.as_ref(), NO_TAGS)?;
        Ok(Words { display_name: self.display_name.clone(), description: self.description.clone() })
    }

    /// The name; where only the one for people is given, that.
    fn name(&self) -> Result<&str> {
        let name = self.name.as_deref().filter(|n| !n.is_empty()).or(self.display_name.as_deref());
        name.filter(|n| !n.is_empty()).ok_or_else(|| Error::invalid("name", "A pipeline has a name."))
    }
}

/// A page of pipelines.
#[derive(Debug, Serialize)]
pub struct Found {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pipelines: Vec<Pipeline>,
    total_size: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_page_token: Option<String>,
}

pub async fn list(State(web): State<Web>, asker: Asker) -> Reply<Found> {
    let by = asker.viewer(&web, None).await?;
    let listing = Listing::of(&asker.query, Noun::Pipeline)?;
    let found = search::pipelines(&web.store, &by, &listing.asked).await?;
    let pipelines = found.rows.into_iter().map(|row| Pipeline::of(row, &by.team.name)).collect();
    Ok(Json(Found { pipelines, total_size: found.total, next_page_token: found.next }))
}

pub async fn create(State(web): State<Web>, asker: Asker, Body(asked): Body<Asked>) -> Reply<Pipeline> {
    let by = asker.editor(&web, asked.namespace.as_deref()).await?;
    let row = describe::create(&web.store, &by, asked.name()?, &asked.words()?).await?;
    Ok(Json(Pipeline::of(row, &by.team.name)))
}

/// A pipeline with its first version.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Both {
    pipeline: Asked,
    #[serde(alias = "pipelineVersion")]
    pipeline_version: versions::Asked,
}

impl Message for Both {
    const FIELDS: Fields = &[
        "pipeline",
        "pipeline.pipeline_id",
        "pipeline.display_name",
        "pipeline.name",
        "pipeline.description",
        "pipeline.created_at",
        "pipeline.namespace",
        "pipeline.error",
        "pipeline.tags",
        "pipeline_version",
        "pipeline_version.pipeline_id",
        "pipeline_version.pipeline_version_id",
        "pipeline_version.display_name",
        "pipeline_version.name",
        "pipeline_version.description",
        "pipeline_version.created_at",
        "pipeline_version.package_url",
        "pipeline_version.code_source_url",
        "pipeline_version.pipeline_spec",
        "pipeline_version.error",
        "pipeline_version.tags",
    ];
}

pub async fn create_both(State(web): State<Web>, asker: Asker, Body(asked): Body<Both>) -> Reply<Pipeline> {
    let by = asker.editor(&web, asked.pipeline.namespace.as_deref()).await?;
    let of = |e| theirs(BOTH, e);
    let (name, words) = (asked.pipeline.name().map_err(of)?, asked.pipeline.words().map_err(of)?);
    let new = NewPipeline {
        name: Some(name.to_owned()),
        display_name: Some(words.display_name.unwrap_or_else(|| name.to_owned())),
        description: words.description,
        spec: asked.pipeline_version.spec().map_err(|e| theirs(FIRST, e))?,
        version: asked.pipeline_version.name(),
    };
    let made = upload::create(&web.pipelines, &web.store, &by, &new).await.map_err(of)?;
    let row = upload::row(&web.store, &by, &made.id).await?;
    Ok(Json(Pipeline::of(row, &by.team.name)))
}

pub async fn get(State(web): State<Web>, asker: Asker, At([id]): At<1>) -> Reply<Pipeline> {
    let by = asker.viewer(&web, None).await?;
    let row = upload::row(&web.store, &by, &id).await?;
    Ok(Json(Pipeline::of(row, &by.team.name)))
}

pub async fn update(State(web): State<Web>, asker: Asker, At([id]): At<1>, Body(asked): Body<Asked>) -> Reply<Pipeline> {
    let by = asker.editor(&web, None).await?;
    let row = describe::pipeline(&web.store, &by, &id, &asked.words()?).await?;
    Ok(Json(Pipeline::of(row, &by.team.name)))
}

pub async fn delete(State(web): State<Web>, asker: Asker, At([id]): At<1>) -> Reply<Empty> {
    let by = asker.editor(&web, None).await?;
    match asker.query.cascade.as_deref() {
        Some("true" | "1") => upload::delete(&web.store, &by, &id).await?,
        _ => describe::delete_bare(&web.store, &by, &id).await?,
    }
    Ok(Json(Empty {}))
}
