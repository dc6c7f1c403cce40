//! What a client asks about the server and itself.

use super::{asker::Asker, error::Reply, wire::Empty};
use crate::http::state::Web;
use axum::{Json, extract::State};
use serde::Serialize;

/// How the server is.
#[derive(Debug, Serialize)]
pub struct Health {
    /// A namespace is a team, and nobody sees those that they are not in.
    multi_user: bool,
}

pub async fn health() -> Json<Health> {
    Json(Health { multi_user: true })
}

/// Whether the asker may see (`GET`) or change something in a namespace.
pub async fn authorize(State(web): State<Web>, asker: Asker) -> Reply<Empty> {
    match asker.query.verb.as_deref() {
        Some("CREATE" | "DELETE" | "1" | "3") => asker.editor(&web, None).await.map(drop)?,
        _ => asker.viewer(&web, None).await.map(drop)?,
    }
    Ok(Json(Empty {}))
}
