//! Deployments.

use crate::{
    access::{TeamEditor, TeamViewer},
    cluster::Endpoint,
    deployments::{replica, routes::Route, service::Service},
    error::{Error, Kind, Result},
    http::{
        extract::{At, Payload, Query},
        gateway::forward::{Call, forward},
        problem,
        state::Web,
    },
    logs::LogStore,
};
use app::api::{
    ListQuery, Page, Problem,
    deployments::{Deployment, Example, NewDeployment, Redeploy, Revision, RevisionQuery, Traffic},
    logs::{LogPage, LogQuery},
    runtimes::Protocol,
};
use axum::{
    Json,
    body::{Body, to_bytes},
    extract::State,
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde_json::Value;
use std::{sync::Arc, time::Duration};

/// How long a model server may take to make an example.
const EXAMPLE_WITHIN: Duration = Duration::from_secs(20);
/// Largest answer that "Try it" shows, in bytes.
const LARGEST: usize = 8 << 20;

pub(super) fn service(web: &Web) -> Service {
    Service { store: web.store.clone(), artifacts: web.artifacts.clone(), cluster: web.cluster.clone() }
}

/// Deployments of a team
#[utoipa::path(get, path = "/api/v1/teams/{team}/deployments", tag = "deployments", params(("team" = String, Path), ListQuery),
    responses((status = 200, body = Page<Deployment>), (status = 422, body = Problem)))]
pub async fn list(State(web): State<Web>, by: TeamViewer, Query(query): Query<ListQuery>) -> Result<Json<Page<Deployment>>> {
    let mut page = service(&web).list(&by, &query).await?;
    page.items.iter_mut().for_each(|d| web.gateway.routes.tell(&by.team.name, d));
    Ok(Json(page))
}

/// Deploy a version of a model, or a program
#[utoipa::path(post, path = "/api/v1/teams/{team}/deployments", tag = "deployments", params(("team" = String, Path)),
    request_body = NewDeployment,
    responses((status = 201, body = Deployment), (status = 409, body = Problem), (status = 422, body = Problem)))]
pub async fn create(
    State(web): State<Web>,
    by: TeamEditor,
    Payload(new): Payload<NewDeployment>,
) -> Result<(StatusCode, Json<Deployment>)> {
    let made = service(&web).create(&by, &new).await?;
    Ok((StatusCode::CREATED, Json(made)))
}

/// A deployment
#[utoipa::path(get, path = "/api/v1/teams/{team}/deployments/{name}", tag = "deployments",
    params(("team" = String, Path), ("name" = String, Path)), responses((status = 200, body = Deployment), (status = 404, body = Problem)))]
pub async fn get(State(web): State<Web>, by: TeamViewer, At([name]): At<1>) -> Result<Json<Deployment>> {
    let mut found = service(&web).get(&by, &name).await?;
    web.gateway.routes.tell(&by.team.name, &mut found);
    Ok(Json(found))
}

/// Remove a deployment with its revisions
#[utoipa::path(delete, path = "/api/v1/teams/{team}/deployments/{name}", tag = "deployments",
    params(("team" = String, Path), ("name" = String, Path)), responses((status = 204), (status = 404, body = Problem)))]
pub async fn remove(State(web): State<Web>, by: TeamEditor, At([name]): At<1>) -> Result<StatusCode> {
    service(&web).delete(&by, &name).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Serve another version, or another program, without a dropped request
#[utoipa::path(post, path = "/api/v1/teams/{team}/deployments/{name}/redeploy", tag = "deployments",
    params(("team" = String, Path), ("name" = String, Path)), request_body = Redeploy,
    responses((status = 200, body = Deployment), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)))]
pub async fn redeploy(
    State(web): State<Web>,
    by: TeamEditor,
    At([name]): At<1>,
    Payload(body): Payload<Redeploy>,
) -> Result<Json<Deployment>> {
    service(&web).redeploy(&by, &name, &body).await.map(Json)
}

/// Start what was stopped or has failed
#[utoipa::path(post, path = "/api/v1/teams/{team}/deployments/{name}/start", tag = "deployments",
    params(("team" = String, Path), ("name" = String, Path)),
    responses((status = 204), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub async fn start(State(web): State<Web>, by: TeamEditor, At([name]): At<1>) -> Result<StatusCode> {
    service(&web).start(&by, &name).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Stop; requests under way are finished
#[utoipa::path(post, path = "/api/v1/teams/{team}/deployments/{name}/stop", tag = "deployments",
    params(("team" = String, Path), ("name" = String, Path)),
    responses((status = 204), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub async fn stop(State(web): State<Web>, by: TeamEditor, At([name]): At<1>) -> Result<StatusCode> {
    service(&web).stop(&by, &name).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Revisions, newest first
#[utoipa::path(get, path = "/api/v1/teams/{team}/deployments/{name}/revisions", tag = "deployments",
    params(("team" = String, Path), ("name" = String, Path), ListQuery),
    responses((status = 200, body = Page<Revision>), (status = 404, body = Problem)))]
pub async fn revisions(
    State(web): State<Web>,
    by: TeamViewer,
    At([name]): At<1>,
    Query(query): Query<ListQuery>,
) -> Result<Json<Page<Revision>>> {
    service(&web).revisions(&by, &name, &query).await.map(Json)
}

/// Traffic of the last half hour
#[utoipa::path(get, path = "/api/v1/teams/{team}/deployments/{name}/traffic", tag = "deployments",
    params(("team" = String, Path), ("name" = String, Path)), responses((status = 200, body = Traffic), (status = 404, body = Problem)))]
pub async fn traffic(State(web): State<Web>, by: TeamViewer, At([name]): At<1>) -> Result<Json<Traffic>> {
    let row = service(&web).row(&by, &name).await?;
    Ok(Json(web.gateway.routes.book().points(&row.id, web.clock.now())))
}

/// Request bodies to begin with, from the model's example or its signature
#[utoipa::path(get, path = "/api/v1/teams/{team}/deployments/{name}/example", tag = "deployments",
    params(("team" = String, Path), ("name" = String, Path)),
    responses((status = 200, body = Example), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub async fn example(State(web): State<Web>, by: TeamViewer, At([name]): At<1>) -> Result<Json<Example>> {
    let service = service(&web);
    if let Some(example) = service.example(&by, &name).await? {
        return Ok(Json(example));
    }
    let route = route(&web, &by, &name)?;
    let endpoint = ready(&route)?;
    let answer = replica::ask(&web.gateway.reach, &endpoint, "/slipway/example", EXAMPLE_WITHIN).await?;
    serde_json::from_value(answer).map(Json).map_err(Error::internal)
}

/// The log of the newest revision, or of one by its number
#[utoipa::path(get, path = "/api/v1/teams/{team}/deployments/{name}/log", tag = "deployments",
    params(("team" = String, Path), ("name" = String, Path), RevisionQuery, LogQuery),
    responses((status = 200, body = LogPage), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub async fn log(
    State(web): State<Web>,
    by: TeamViewer,
    At([name]): At<1>,
    Query(RevisionQuery { revision }): Query<RevisionQuery>,
    Query(query): Query<LogQuery>,
) -> Result<Json<LogPage>> {
    let logs = LogStore::new(&web.config.data);
    service(&web).log(&logs, &by, &name, revision, &query).await.map(Json)
}

/// A prediction with one's session, for "Try it": a body of V1 or of V2
#[utoipa::path(post, path = "/api/v1/teams/{team}/deployments/{name}/try", tag = "deployments",
    params(("team" = String, Path), ("name" = String, Path)), request_body = Value,
    responses((status = 200, body = Value), (status = 400, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub async fn try_it(State(web): State<Web>, by: TeamViewer, At([name]): At<1>, Payload(body): Payload<Value>) -> Result<Response> {
    service(&web).row(&by, &name).await?;
    let route = route(&web, &by, &name)?;
    ready(&route)?;
    if !route.spoken.iter().any(|p| matches!(p, Protocol::V1 | Protocol::V2)) {
        return Err(
            Error::conflict(format!("{name} speaks neither V1 nor V2.")).hint(format!("Ask /serve/{}/{name}/ with a token.", by.team.name))
        );
    }
    // A body without tensors is of V1, where that is spoken.
    let verb = if is_v2(&body) || !route.spoken.contains(&Protocol::V1) {
        format!("v2/models/{name}/infer")
    } else {
        format!("v1/models/{name}:predict")
    };
    let headers = HeaderMap::from_iter([(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))]);
    let call = Call { method: Method::POST, path: format!("/{verb}"), headers, body: Body::from(serde_json::to_vec(&body)?) };
    let answer = forward(&web.gateway, &by.team.name, &name, route, call).await;
    shown(answer).await
}

/// V2 names its tensors in a list; V1 has instances, or inputs by column.
fn is_v2(body: &Value) -> bool {
    body.get("inputs").and_then(Value::as_array).is_some_and(|all| all.iter().any(|t| t.get("datatype").is_some()))
}

/// The model server's answer; what it refused becomes a problem with its sentence.
async fn shown(answer: Response) -> Result<Response> {
    let (parts, body) = answer.into_parts();
    let bytes = to_bytes(body, LARGEST).await.map_err(|e| {
        Error::new(Kind::Upstream, "The answer is larger than 8 MiB, or broke off.").hint("Send fewer rows.").context(e.to_string())
    })?;
    let problem_json = parts.headers.get(header::CONTENT_TYPE).is_some_and(|t| t.as_bytes().starts_with(b"application/problem"));
    if parts.status.is_success() || problem_json {
        return Ok((parts.status, parts.headers, bytes).into_response());
    }
    let said: Option<Value> = serde_json::from_slice(&bytes).ok();
    let sentence = said.as_ref().and_then(|v| v.get("error")).and_then(Value::as_str).unwrap_or("The model server refused this.");
    let status = if parts.status.is_server_error() { StatusCode::BAD_GATEWAY } else { parts.status };
    Ok(problem::response(&Problem::new(status.as_u16(), sentence)))
}

fn route(web: &Web, by: &TeamViewer, name: &str) -> Result<Arc<Route>> {
    let table = web.gateway.routes.table();
    let route = table.get(&by.team.name, name).filter(|r| r.team_id == by.team.id);
    // Made a moment ago, or being removed.
    route.cloned().ok_or_else(|| Error::conflict(format!("{name} is not ready yet.")).hint("Try again in a moment."))
}

/// The portal is well where a deployment does not run: that clashes with what is asked, and is no failure of ours.
fn ready(route: &Route) -> Result<Endpoint> {
    let replica = route.split.any();
    let not = || Error::conflict(format!("{} does not run now.", route.name)).hint("Its page says why.");
    replica.map(|r| r.endpoint.clone()).ok_or_else(not)
}
