//! The sequence of events, and the live stream of changes.

use crate::{
    access::{PlatformAdmin, TeamViewer},
    clock::rfc3339,
    error::Result,
    http::{extract::Query, state::Web},
    store::events::EventRow,
    wake::TeamChange,
};
use app::api::{
    Page, Problem,
    changes::{Change, kinds},
    events::{Event, EventQuery},
};
use axum::{
    Json,
    extract::State,
    response::sse::{self, KeepAlive, Sse},
};
use futures::{Stream, StreamExt};
use std::convert::Infallible;
use tokio_stream::wrappers::{BroadcastStream, WatchStream};

fn event(row: EventRow) -> Event {
    let json = |text: Option<String>| text.and_then(|t| serde_json::from_str(&t).ok());
    Event {
        seq: row.seq,
        time: rfc3339(row.time),
        team: row.team,
        actor: row.actor,
        action: row.action,
        kind: row.kind,
        object_id: row.object_id,
        object_name: row.object_name,
        before: json(row.before_json),
        after: json(row.after_json),
    }
}

/// Events of a team, newest first
#[utoipa::path(get, path = "/api/v1/teams/{team}/events", tag = "events", params(("team" = String, Path), EventQuery),
    responses((status = 200, body = Page<Event>)))]
pub async fn list(State(web): State<Web>, by: TeamViewer, Query(query): Query<EventQuery>) -> Result<Json<Page<Event>>> {
    let page = web.store.event_list(Some(&by.team.id), &query).await?;
    Ok(Json(Page { items: page.items.into_iter().map(event).collect(), next_page_token: page.next_page_token }))
}

/// Events of the whole platform, newest first
#[utoipa::path(get, path = "/api/v1/events", tag = "events", params(EventQuery),
    responses((status = 200, body = Page<Event>), (status = 403, body = Problem)))]
pub async fn list_all(State(web): State<Web>, _: PlatformAdmin, Query(query): Query<EventQuery>) -> Result<Json<Page<Event>>> {
    let page = web.store.event_list(None, &query).await?;
    Ok(Json(Page { items: page.items.into_iter().map(event).collect(), next_page_token: page.next_page_token }))
}

/// What changes in a team, as it happens: server-sent events named `change`
#[utoipa::path(get, path = "/api/v1/teams/{team}/changes", tag = "events", params(("team" = String, Path)),
    responses((status = 200, content_type = "text/event-stream", body = Change)))]
pub async fn changes(State(web): State<Web>, by: TeamViewer) -> Sse<impl Stream<Item = std::result::Result<sse::Event, Infallible>>> {
    let team = by.team.id.clone();
    let changes = BroadcastStream::new(web.store.bell().changes()).filter_map(move |change| {
        let line = match change {
            Ok(TeamChange { team_id, kind, id, revision }) if team_id.as_deref() == Some(team.as_str()) => {
                Some(Change { kind, id, revision })
            }
            // What belongs to the platform and is shown in every team.
            Ok(TeamChange { team_id: None, kind, id, revision }) if kind == kinds::ENVIRONMENT => Some(Change { kind, id, revision }),
            Ok(_) => None,
            // The reader fell behind: anything may have changed.
            Err(_) => Some(Change { kind: kinds::ALL.into(), id: String::new(), revision: 0 }),
        };
        futures::future::ready(line.and_then(|l| sse::Event::default().event("change").json_data(l).ok()).map(Ok))
    });
    let drained = WatchStream::new(web.drain.clone()).filter(|d| futures::future::ready(*d));
    Sse::new(changes.take_until(drained.into_future())).keep_alive(KeepAlive::default())
}
