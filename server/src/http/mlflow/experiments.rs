//! Experiments.

use super::{
    error::Reply,
    team::{Reader, Writer},
    wire::{Args, Empty, Int, Pair, ViewType, list, pairs, required},
};
use crate::{
    http::state::Web,
    records::run::Lifecycle,
    runs::experiments::{self as room, Search, Tagged},
};
use axum::{Json, extract::State};
use serde::{Deserialize, Serialize};

/// An experiment as MLflow tells it.
#[derive(Debug, Serialize)]
pub struct Experiment {
    experiment_id: String,
    name: String,
    artifact_location: String,
    lifecycle_stage: String,
    last_update_time: i64,
    creation_time: i64,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tags: Vec<Pair>,
}

impl From<Tagged> for Experiment {
    fn from(Tagged { row, tags }: Tagged) -> Self {
        Self {
            experiment_id: room::shown_id(&row.team_id, &row.id).to_owned(),
            name: row.name,
            artifact_location: row.artifact_location,
            lifecycle_stage: row.lifecycle,
            last_update_time: row.updated_at,
            creation_time: row.created_at,
            tags: tags.into_iter().map(|t| Pair { key: Some(t.key), value: Some(t.value) }).collect(),
        }
    }
}

/// `{"experiment": …}`
#[derive(Debug, Serialize)]
pub struct One {
    experiment: Experiment,
}

/// Arguments that most calls share.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Asked {
    experiment_id: Option<String>,
    experiment_name: Option<String>,
    name: Option<String>,
    new_name: Option<String>,
    artifact_location: Option<String>,
    key: Option<String>,
    value: Option<String>,
    #[serde(deserialize_with = "list")]
    tags: Vec<Pair>,
}

#[derive(Debug, Serialize)]
pub struct Created {
    experiment_id: String,
}

pub async fn create(State(web): State<Web>, Writer(by): Writer, Args(asked): Args<Asked>) -> Reply<Created> {
    let (name, tags) = (required(asked.name, "name")?, pairs(asked.tags, "tags")?);
    let made = room::create(&web.store, &by, &name, asked.artifact_location.as_deref(), &tags).await?;
    Ok(Json(Created { experiment_id: made.id }))
}

pub async fn get(State(web): State<Web>, Reader(by): Reader, Args(asked): Args<Asked>) -> Reply<One> {
    let id = required(asked.experiment_id, "experiment_id")?;
    Ok(Json(One { experiment: room::get(&web.store, &by, &id).await?.into() }))
}

pub async fn by_name(State(web): State<Web>, Reader(by): Reader, Args(asked): Args<Asked>) -> Reply<One> {
    let name = required(asked.experiment_name, "experiment_name")?;
    Ok(Json(One { experiment: room::by_name(&web.store, &by, &name).await?.into() }))
}

pub async fn update(State(web): State<Web>, Writer(by): Writer, Args(asked): Args<Asked>) -> Reply<Empty> {
    let (id, name) = (required(asked.experiment_id, "experiment_id")?, required(asked.new_name, "new_name")?);
    room::rename(&web.store, &by, &id, &name).await?;
    Ok(Json(Empty {}))
}

pub async fn delete(State(web): State<Web>, Writer(by): Writer, Args(asked): Args<Asked>) -> Reply<Empty> {
    let id = required(asked.experiment_id, "experiment_id")?;
    room::set_lifecycle(&web.store, &by, &id, Lifecycle::Deleted).await?;
    Ok(Json(Empty {}))
}

pub async fn restore(State(web): State<Web>, Writer(by): Writer, Args(asked): Args<Asked>) -> Reply<Empty> {
    let id = required(asked.experiment_id, "experiment_id")?;
    room::set_lifecycle(&web.store, &by, &id, Lifecycle::Active).await?;
    Ok(Json(Empty {}))
}

pub async fn set_tag(State(web): State<Web>, Writer(by): Writer, Args(asked): Args<Asked>) -> Reply<Empty> {
    let (id, key) = (required(asked.experiment_id, "experiment_id")?, required(asked.key, "key")?);
    room::set_tag(&web.store, &by, &id, &key, &asked.value.unwrap_or_default()).await?;
    Ok(Json(Empty {}))
}

pub async fn delete_tag(State(web): State<Web>, Writer(by): Writer, Args(asked): Args<Asked>) -> Reply<Empty> {
    let (id, key) = (required(asked.experiment_id, "experiment_id")?, required(asked.key, "key")?);
    room::remove_tag(&web.store, &by, &id, &key).await?;
    Ok(Json(Empty {}))
}

/// A search.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Asking {
    max_results: Option<Int>,
    page_token: Option<String>,
    filter: Option<String>,
    #[serde(deserialize_with = "list")]
    order_by: Vec<String>,
    view_type: ViewType,
}

#[derive(Debug, Serialize)]
pub struct Found {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    experiments: Vec<Experiment>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_page_token: Option<String>,
}

pub async fn search(State(web): State<Web>, Reader(by): Reader, Args(asked): Args<Asking>) -> Reply<Found> {
    let search = Search {
        filter: asked.filter.as_deref().unwrap_or_default(),
        order_by: &asked.order_by,
        view: asked.view_type.0,
        max_results: asked.max_results.map_or(1000, |n| n.0),
        page_token: asked.page_token.as_deref().unwrap_or_default(),
    };
    let (found, next_page_token) = room::search(&web.store, &by, &search).await?;
    Ok(Json(Found { experiments: found.into_iter().map(Into::into).collect(), next_page_token }))
}
