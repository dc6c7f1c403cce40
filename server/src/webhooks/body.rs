//! What is sent: type, timestamp and data, as the Standard Webhooks specification has it.

use crate::{clock::rfc3339, notices::plan::Told, platform::home, store::notices::ToldRow};
use app::api::{client::segment, notices::NoticeKind};
use serde_json::json;

/// The type of a kind: `run.failed`.
pub fn type_of(kind: NoticeKind) -> String {
    kind.as_str().replacen('_', ".", 1)
}

/// A notice. `portal` is the URL under which browsers reach the portal.
pub fn of_notice(portal: &str, event: &ToldRow, told: &Told) -> String {
    let page = home::page(&event.team, told.kind.object(), &event.object_id, &event.object_name);
    json!({
        "type": type_of(told.kind),
        "timestamp": rfc3339(event.time),
        "data": {
            "team": event.team,
            "title": told.title,
            "detail": told.detail,
            "object": { "kind": told.kind.object(), "id": event.object_id, "name": event.object_name },
            "actor": event.actor,
            "event": event.seq,
            "url": format!("{portal}{page}"),
        },
    })
    .to_string()
}

/// A test, which is about nothing.
pub fn of_test(portal: &str, team: &str, webhook: &str, now: i64) -> String {
    json!({
        "type": "test",
        "timestamp": rfc3339(now),
        "data": {
            "team": team,
            "title": format!("A test of the webhook {webhook}"),
            "url": format!("{portal}/teams/{}/team?tab=webhooks&webhook={}", segment(team), segment(webhook)),
        },
    })
    .to_string()
}
