//! Logs of runs: a piece, live, or whole.

use crate::{
    access::TeamViewer,
    error::{Error, Result},
    http::{
        extract::{At, Query},
        state::Web,
    },
    logs::LogStore,
    runs::log::{self, Place, Told},
};
use app::api::{
    Problem,
    logs::{LogLine, LogPage, LogQuery},
};
use axum::{
    Json,
    body::Body,
    extract::State,
    http::{HeaderMap, header},
    response::{
        IntoResponse, Response,
        sse::{Event, KeepAlive, Sse},
    },
};
use futures::StreamExt;
use std::convert::Infallible;

fn logs(web: &Web) -> LogStore {
    LogStore::new(&web.config.data)
}

/// A piece of a run's log
#[utoipa::path(get, path = "/api/v1/teams/{team}/runs/{id}/log", tag = "runs",
    params(("team" = String, Path), ("id" = String, Path), LogQuery),
    responses((status = 200, body = LogPage), (status = 404, body = Problem)))]
pub async fn page(State(web): State<Web>, by: TeamViewer, At([id]): At<1>, Query(query): Query<LogQuery>) -> Result<Json<LogPage>> {
    log::page(&web.store, &logs(&web), &by, &id, &query).await.map(Json)
}

/// A run's log as it grows: server-sent events `line` and `end`; `Last-Event-ID` goes on where it broke off
#[utoipa::path(get, path = "/api/v1/teams/{team}/runs/{id}/log/stream", tag = "runs",
    params(("team" = String, Path), ("id" = String, Path), LogQuery),
    responses((status = 200, body = LogLine, content_type = "text/event-stream"), (status = 404, body = Problem)))]
pub async fn stream(
    State(web): State<Web>,
    by: TeamViewer,
    At([id]): At<1>,
    Query(query): Query<LogQuery>,
    headers: HeaderMap,
) -> Result<Response> {
    let place = match headers.get("last-event-id").and_then(|v| v.to_str().ok()).filter(|v| !v.is_empty()) {
        Some(text) => Place::parse(text).ok_or_else(|| Error::invalid("", "This Last-Event-ID is not one of ours."))?,
        None => Place { offset: query.offset.unwrap_or(0), ..Place::default() },
    };
    let place = Place { attempt: place.attempt.or(query.attempt), node: query.node.or(place.node), ..place };
    let told = log::follow(web.store.clone(), logs(&web), &by, &id, place, query.attempt.is_some(), web.drain.clone()).await?;
    let events = told.map(|told| Ok::<_, Infallible>(event(&told)));
    Ok(Sse::new(events).keep_alive(KeepAlive::default()).into_response())
}

fn event(told: &Told) -> Event {
    let (event, data) = match told {
        Told::Line { id, line } => {
            let event = Event::default().event("line");
            (if let Some(id) = id { event.id(id) } else { event }, serde_json::to_string(line))
        }
        Told::End { state, reason } => {
            (Event::default().event("end"), serde_json::to_string(&serde_json::json!({ "state": state, "reason": reason })))
        }
    };
    // Texts and words, which always serialise.
    event.data(data.unwrap_or_default())
}

/// The whole log of an attempt, of one node, as text
#[utoipa::path(get, path = "/api/v1/teams/{team}/runs/{id}/log/text", tag = "runs",
    params(("team" = String, Path), ("id" = String, Path), LogQuery),
    responses((status = 200, body = String, content_type = "text/plain"), (status = 404, body = Problem)))]
pub async fn text(State(web): State<Web>, by: TeamViewer, At([id]): At<1>, Query(query): Query<LogQuery>) -> Result<Response> {
    let (name, stream) = log::text(&web.store, &logs(&web), &by, &id, &query).await?;
    let body = stream.map_or_else(Body::empty, Body::from_stream);
    let headers = [
        (header::CONTENT_TYPE, "text/plain; charset=utf-8".to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")),
    ];
    Ok((headers, body).into_response())
}
