//! Registered models, their versions and aliases.

use crate::{
    access::{TeamEditor, TeamViewer},
    error::Result,
    http::{
        extract::{At, Payload, Query},
        state::Web,
    },
    models::{aliases, names, register, registered, versions, view},
};
use app::api::{
    ListQuery, Page, Problem,
    models::{Model, ModelChange, ModelVersion, NewModelVersion, SetAlias},
};
use axum::{Json, extract::State, http::StatusCode};

/// Registered models of a team, last changed first
#[utoipa::path(get, path = "/api/v1/teams/{team}/models", tag = "models", params(("team" = String, Path), ListQuery),
    responses((status = 200, body = Page<Model>), (status = 422, body = Problem)))]
pub async fn list(State(web): State<Web>, by: TeamViewer, Query(query): Query<ListQuery>) -> Result<Json<Page<Model>>> {
    let page = registered::list(&web.store, &by, &query).await?;
    let items = view::models(&web.store, page.items).await?;
    Ok(Json(Page { items, next_page_token: page.next_page_token }))
}

/// A registered model
#[utoipa::path(get, path = "/api/v1/teams/{team}/models/{model}", tag = "models", params(("team" = String, Path), ("model" = String, Path)),
    responses((status = 200, body = Model), (status = 404, body = Problem)))]
pub async fn get(State(web): State<Web>, by: TeamViewer, At([model]): At<1>) -> Result<Json<Model>> {
    let row = registered::get(&web.store, &by, &model).await?;
    view::model(&web.store, row).await.map(Json)
}

/// Change description and tags of a registered model
#[utoipa::path(patch, path = "/api/v1/teams/{team}/models/{model}", tag = "models", params(("team" = String, Path), ("model" = String, Path)),
    request_body = ModelChange, responses((status = 200, body = Model), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub async fn update(
    State(web): State<Web>,
    by: TeamEditor,
    At([model]): At<1>,
    Payload(change): Payload<ModelChange>,
) -> Result<Json<Model>> {
    let row = registered::update(&web.store, &by, &model, &change).await?;
    view::model(&web.store, row).await.map(Json)
}

/// Versions of a registered model, newest first
#[utoipa::path(get, path = "/api/v1/teams/{team}/models/{model}/versions", tag = "models",
    params(("team" = String, Path), ("model" = String, Path), ListQuery),
    responses((status = 200, body = Page<ModelVersion>), (status = 404, body = Problem)))]
pub async fn version_list(
    State(web): State<Web>,
    by: TeamViewer,
    At([model]): At<1>,
    Query(query): Query<ListQuery>,
) -> Result<Json<Page<ModelVersion>>> {
    let page = versions::list(&web.store, &by, &model, &query).await?;
    let items = view::versions(&web.store, &web.artifacts, &by.team.id, page.items).await?;
    Ok(Json(Page { items, next_page_token: page.next_page_token }))
}

/// A version, with where it came from and what it can do
#[utoipa::path(get, path = "/api/v1/teams/{team}/models/{model}/versions/{version}", tag = "models",
    params(("team" = String, Path), ("model" = String, Path), ("version" = i64, Path)),
    responses((status = 200, body = ModelVersion), (status = 404, body = Problem)))]
pub async fn version_get(State(web): State<Web>, by: TeamViewer, At([model, version]): At<2>) -> Result<Json<ModelVersion>> {
    let row = versions::get(&web.store, &by, &model, names::version(&version)?).await?;
    view::one(&web.store, &web.artifacts, &by.team.id, row).await.map(Json)
}

/// Change description and tags of a version
#[utoipa::path(patch, path = "/api/v1/teams/{team}/models/{model}/versions/{version}", tag = "models",
    params(("team" = String, Path), ("model" = String, Path), ("version" = i64, Path)), request_body = ModelChange,
    responses((status = 200, body = ModelVersion), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub async fn version_update(
    State(web): State<Web>,
    by: TeamEditor,
    At([model, version]): At<2>,
    Payload(change): Payload<ModelChange>,
) -> Result<Json<ModelVersion>> {
    let row = versions::update(&web.store, &by, &model, names::version(&version)?, &change).await?;
    view::one(&web.store, &web.artifacts, &by.team.id, row).await.map(Json)
}

/// Register a version from a run; the model is made where it does not exist
#[utoipa::path(post, path = "/api/v1/teams/{team}/model-versions", tag = "models", params(("team" = String, Path)),
    request_body = NewModelVersion,
    responses((status = 201, body = ModelVersion), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub async fn version_register(
    State(web): State<Web>,
    by: TeamEditor,
    Payload(new): Payload<NewModelVersion>,
) -> Result<(StatusCode, Json<ModelVersion>)> {
    let row = register::from_run(&web.store, &web.artifacts, &by, &new).await?;
    let version = view::one(&web.store, &web.artifacts, &by.team.id, row).await?;
    Ok((StatusCode::CREATED, Json(version)))
}

/// Point an alias at a version
#[utoipa::path(put, path = "/api/v1/teams/{team}/models/{model}/aliases/{alias}", tag = "models",
    params(("team" = String, Path), ("model" = String, Path), ("alias" = String, Path)), request_body = SetAlias,
    responses((status = 200, body = Model), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub async fn alias_set(
    State(web): State<Web>,
    by: TeamEditor,
    At([model, alias]): At<2>,
    Payload(body): Payload<SetAlias>,
) -> Result<Json<Model>> {
    aliases::set(&web.store, &by, &model, aliases::typed(&alias), body.version).await?;
    let row = registered::get(&web.store, &by, &model).await?;
    view::model(&web.store, row).await.map(Json)
}

/// Remove an alias
#[utoipa::path(delete, path = "/api/v1/teams/{team}/models/{model}/aliases/{alias}", tag = "models",
    params(("team" = String, Path), ("model" = String, Path), ("alias" = String, Path)),
    responses((status = 204), (status = 404, body = Problem)))]
pub async fn alias_remove(State(web): State<Web>, by: TeamEditor, At([model, alias]): At<2>) -> Result<StatusCode> {
    aliases::remove(&web.store, &by, &model, &alias).await?;
    Ok(StatusCode::NO_CONTENT)
}
