//! Notebooks.

use crate::{
    access::{TeamEditor, TeamViewer, Via},
    error::Result,
    http::{
        extract::{At, Payload, Query},
        plain_browser, proxy,
        state::Web,
    },
    notebooks::{NotebookKeys, prefix, service},
    store::sessions,
};
use app::api::{
    ListQuery, Page, Problem,
    logs::{LogPage, LogQuery},
    notebooks::{DeleteNotebook, NewNotebook, Notebook, NotebookChange, OpenNotebook},
};
use axum::{
    Json,
    extract::State,
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    response::{IntoResponse, Redirect, Response},
};
use tower_sessions::Session;

/// The team's notebooks
#[utoipa::path(get, path = "/api/v1/teams/{team}/notebooks", tag = "notebooks", params(("team" = String, Path), ListQuery),
    responses((status = 200, body = Page<Notebook>)))]
pub async fn list(State(web): State<Web>, by: TeamViewer, Query(query): Query<ListQuery>) -> Result<Json<Page<Notebook>>> {
    service::list(&web.store, &by, &query).await.map(Json)
}

/// Launch a notebook
#[utoipa::path(post, path = "/api/v1/teams/{team}/notebooks", tag = "notebooks", params(("team" = String, Path)),
    request_body = NewNotebook,
    responses((status = 201, body = Notebook), (status = 409, body = Problem), (status = 422, body = Problem)))]
pub async fn launch(State(web): State<Web>, by: TeamEditor, Payload(new): Payload<NewNotebook>) -> Result<(StatusCode, Json<Notebook>)> {
    let keys = NotebookKeys::new(web.sealer.clone());
    let notebook = service::launch(&web.store, &*web.cluster, &keys, &by, &new).await?;
    Ok((StatusCode::CREATED, Json(notebook)))
}

/// A notebook
#[utoipa::path(get, path = "/api/v1/teams/{team}/notebooks/{name}", tag = "notebooks",
    params(("team" = String, Path), ("name" = String, Path)), responses((status = 200, body = Notebook), (status = 404, body = Problem)))]
pub async fn get(State(web): State<Web>, by: TeamViewer, At([name]): At<1>) -> Result<Json<Notebook>> {
    service::get(&web.store, &by, &name).await.map(Json)
}

/// Change a notebook's environment and size, from its next start on
#[utoipa::path(patch, path = "/api/v1/teams/{team}/notebooks/{name}", tag = "notebooks",
    params(("team" = String, Path), ("name" = String, Path)), request_body = NotebookChange,
    responses((status = 200, body = Notebook), (status = 409, body = Problem), (status = 422, body = Problem)))]
pub async fn update(
    State(web): State<Web>,
    by: TeamEditor,
    At([name]): At<1>,
    Payload(change): Payload<NotebookChange>,
) -> Result<Json<Notebook>> {
    service::update(&web.store, &*web.cluster, &by, &name, &change).await.map(Json)
}

/// Delete a notebook; with `files=true` its files as well
#[utoipa::path(delete, path = "/api/v1/teams/{team}/notebooks/{name}", tag = "notebooks",
    params(("team" = String, Path), ("name" = String, Path), DeleteNotebook),
    responses((status = 204), (status = 404, body = Problem)))]
pub async fn delete(State(web): State<Web>, by: TeamEditor, At([name]): At<1>, Query(query): Query<DeleteNotebook>) -> Result<StatusCode> {
    service::delete(&web.store, &by, &name, query.files).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Start a notebook
#[utoipa::path(post, path = "/api/v1/teams/{team}/notebooks/{name}/start", tag = "notebooks",
    params(("team" = String, Path), ("name" = String, Path)), responses((status = 204), (status = 409, body = Problem)))]
pub async fn start(State(web): State<Web>, by: TeamEditor, At([name]): At<1>) -> Result<StatusCode> {
    service::start(&web.store, &NotebookKeys::new(web.sealer.clone()), &by, &name).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Stop a notebook; its files stay
#[utoipa::path(post, path = "/api/v1/teams/{team}/notebooks/{name}/stop", tag = "notebooks",
    params(("team" = String, Path), ("name" = String, Path)), responses((status = 204), (status = 404, body = Problem)))]
pub async fn stop(State(web): State<Web>, by: TeamEditor, At([name]): At<1>) -> Result<StatusCode> {
    service::stop(&web.store, &by, &name).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Open a notebook: an address on the notebook origin that works once, within a minute
#[utoipa::path(post, path = "/api/v1/teams/{team}/notebooks/{name}/open", tag = "notebooks",
    params(("team" = String, Path), ("name" = String, Path)),
    responses((status = 200, body = OpenNotebook), (status = 403, body = Problem), (status = 404, body = Problem)))]
pub async fn open(
    State(web): State<Web>,
    by: TeamEditor,
    session: Session,
    At([name]): At<1>,
    method: Method,
    headers: HeaderMap,
) -> Result<Response> {
    let portal_session = session.id().filter(|_| by.principal.via == Via::Session).map(|id| sessions::hash(&id));
    let ticket = service::open(&web.store, &by, &name, portal_session.as_deref()).await?;
    let host = headers.get(header::HOST).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let origin = proxy::notebook_origin(&web.config, host);
    let url = format!("{origin}{}-/open?ticket={ticket}", prefix(&by.team.name, &name));
    if !plain_browser::is_plain(&method, &headers) {
        return Ok(Json(OpenNotebook { url }).into_response());
    }
    let mut response = Redirect::to(&url).into_response();
    // The notebook origin sees that the browser comes from here, and nothing more of the address.
    response.headers_mut().insert(header::REFERRER_POLICY, HeaderValue::from_static("origin"));
    Ok(response)
}

/// The log of a notebook's last start
#[utoipa::path(get, path = "/api/v1/teams/{team}/notebooks/{name}/log", tag = "notebooks",
    params(("team" = String, Path), ("name" = String, Path), LogQuery),
    responses((status = 200, body = LogPage), (status = 404, body = Problem)))]
pub async fn log(State(web): State<Web>, by: TeamViewer, At([name]): At<1>, Query(query): Query<LogQuery>) -> Result<Json<LogPage>> {
    service::log(&web.store, &web.logs, &by, &name, &query).await.map(Json)
}
