//! Which environment stands for a container image where there are no containers.

use crate::{
    access::PlatformAdmin,
    error::Result,
    http::{extract::Payload, state::Web},
    pipelines::images,
};
use app::api::{
    Problem,
    pipeline_images::{PipelineImages, SetPipelineImages},
};
use axum::{Json, extract::State};

/// Which environment stands for which container image
#[utoipa::path(get, path = "/api/v1/pipeline-images", tag = "pipelines", responses((status = 200, body = PipelineImages), (status = 403, body = Problem)))]
pub async fn get(State(web): State<Web>, by: PlatformAdmin) -> Result<Json<PipelineImages>> {
    images::get(&web.store, &by).await.map(Json)
}

/// Say which environment stands for which container image; the whole table is replaced
#[utoipa::path(put, path = "/api/v1/pipeline-images", tag = "pipelines", request_body = SetPipelineImages,
    responses((status = 200, body = PipelineImages), (status = 403, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)))]
pub async fn set(State(web): State<Web>, by: PlatformAdmin, Payload(new): Payload<SetPipelineImages>) -> Result<Json<PipelineImages>> {
    images::set(&web.store, &by, &new).await.map(Json)
}
