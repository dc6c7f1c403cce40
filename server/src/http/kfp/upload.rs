//! Uploads: a form with one file, everything else in the query.

use super::{
    asker::Asker,
    error::{KfpError, Reply},
    package,
    pipelines::{NO_SOURCE, NO_TAGS, Pipeline},
    theirs::{UPLOAD, theirs},
    versions::{self, Version},
    wire::no_text,
};
use crate::{
    error::{Error, Kind, Result},
    http::state::Web,
    pipelines::upload,
};
use app::api::pipelines::{NewPipeline, NewPipelineVersion};
use axum::{
    Json,
    extract::{FromRequest, Multipart, Request, State, multipart::MultipartError},
    http::StatusCode,
};

/// The uploaded pipeline as text.
pub struct Uploaded(String);

impl FromRequest<Web> for Uploaded {
    type Rejection = KfpError;
    async fn from_request(request: Request, web: &Web) -> std::result::Result<Self, KfpError> {
        let mut form = Multipart::from_request(request, web).await.map_err(|_| none())?;
        while let Some(field) = form.next_field().await.map_err(|e| unread(&e))? {
            if field.name() == Some("uploadfile") {
                let bytes = field.bytes().await.map_err(|e| unread(&e))?;
                let text = tokio::task::spawn_blocking(move || package::text(&bytes)).await.map_err(Error::internal)??;
                return Ok(Self(text));
            }
        }
        Err(none().into())
    }
}

fn none() -> Error {
    Error::invalid("uploadfile", "There is no file in this upload.").hint("Send multipart/form-data with the pipeline as uploadfile.")
}

fn unread(error: &MultipartError) -> Error {
    if error.status() == StatusCode::PAYLOAD_TOO_LARGE {
        Error::new(Kind::TooLarge, "The file is larger than this server takes.")
    } else {
        Error::invalid("uploadfile", "The upload could not be read to its end.").context(error.body_text())
    }
}

fn refuse(asker: &Asker) -> Result<()> {
    no_text("tags", asker.query.tags.as_deref(), NO_TAGS)?;
    no_text("code_source_url", asker.query.code_source_url.as_deref(), NO_SOURCE)
}

pub async fn pipeline(State(web): State<Web>, asker: Asker, Uploaded(spec): Uploaded) -> Reply<Pipeline> {
    refuse(&asker)?;
    let by = asker.editor(&web, None).await?;
    let (name, shown) = (asker.query.name.clone().filter(|n| !n.is_empty()), asker.query.display_name.clone().filter(|n| !n.is_empty()));
    let new = NewPipeline {
        // Clients find it again by the name that they gave.
        display_name: shown.clone().or_else(|| name.clone()),
        name: name.or(shown),
        description: asker.query.description.clone(),
        spec,
        version: None,
    };
    let made = upload::create(&web.pipelines, &web.store, &by, &new).await.map_err(|e| theirs(UPLOAD, e))?;
    let row = upload::row(&web.store, &by, &made.id).await?;
    Ok(Json(Pipeline::of(row, &by.team.name)))
}

pub async fn version(State(web): State<Web>, asker: Asker, Uploaded(spec): Uploaded) -> Reply<Version> {
    refuse(&asker)?;
    let by = asker.editor(&web, None).await?;
    let pipeline = asker.query.pipelineid.as_deref().filter(|p| !p.is_empty());
    let pipeline = pipeline.ok_or_else(|| Error::invalid("pipelineid", "Say with pipelineid of which pipeline it is a version."))?;
    let (name, shown) = (asker.query.name.clone().filter(|n| !n.is_empty()), asker.query.display_name.clone().filter(|n| !n.is_empty()));
    let new = NewPipelineVersion {
        name: name.or_else(|| shown.clone()),
        display_name: shown,
        description: asker.query.description.clone(),
        spec,
    };
    let made = upload::create_version(&web.pipelines, &web.store, &by, pipeline, &new).await.map_err(|e| theirs(UPLOAD, e))?;
    let row = upload::version_row(&web.store, &by, &made.pipeline_id, Some(&made.id)).await?;
    Ok(Json(versions::whole(&web, row).await?))
}
