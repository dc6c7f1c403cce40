//! The search over runs.

use super::{
    error::Reply,
    runs::Run,
    team::Reader,
    wire::{Args, Int, ViewType, list},
};
use crate::{
    http::state::Web,
    runs::tracked::{self, Search},
};
use axum::{Json, extract::State};
use serde::{Deserialize, Serialize};

/// A search.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Asked {
    #[serde(deserialize_with = "list")]
    experiment_ids: Vec<String>,
    filter: Option<String>,
    run_view_type: ViewType,
    max_results: Option<Int>,
    #[serde(deserialize_with = "list")]
    order_by: Vec<String>,
    page_token: Option<String>,
}

#[derive(Debug, Serialize)]
pub struct Found {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    runs: Vec<Run>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_page_token: Option<String>,
}

pub async fn search(State(web): State<Web>, Reader(by): Reader, Args(asked): Args<Asked>) -> Reply<Found> {
    let search = Search {
        experiments: Some(&asked.experiment_ids),
        filter: asked.filter.as_deref().unwrap_or_default(),
        order_by: &asked.order_by,
        view: asked.run_view_type.0,
        max_results: asked.max_results.map_or(1000, |n| n.0),
        page_token: asked.page_token.as_deref().unwrap_or_default(),
    };
    let (found, next_page_token) = tracked::search(&web.store, &by, &search).await?;
    Ok(Json(Found { runs: found.into_iter().map(Into::into).collect(), next_page_token }))
}
