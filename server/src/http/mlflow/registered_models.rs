//! `registered-models/*`

use super::{
    error::{MlflowError, Reply},
    registry_wire::{self as out, page},
    team::{Keeper, Reader, Writer},
    wire::{Args, Empty, Int, Pair, list, pairs, required},
};
use crate::{
    error::Result,
    http::state::Web,
    models::{aliases, names, registered, search},
    store::models::ModelFull,
};
use app::api::models::ModelChange;
use axum::{
    Json, Router,
    extract::State,
    routing::{delete, get, patch, post},
};
use serde::Deserialize;
use serde_json::{Value, json};

/// Every endpoint of this noun.
pub fn router() -> Router<Web> {
    Router::new()
        .route("/registered-models/create", post(create))
        .route("/registered-models/get", get(one))
        .route("/registered-models/update", patch(update))
        .route("/registered-models/rename", post(rename))
        .route("/registered-models/delete", delete(remove))
        .route("/registered-models/search", get(search_all))
        .route("/registered-models/get-latest-versions", get(latest).post(latest))
        .route("/registered-models/set-tag", post(tag_set))
        .route("/registered-models/delete-tag", delete(tag_remove))
        .route("/registered-models/alias", get(alias_get).post(alias_set).delete(alias_remove))
}

/// The arguments of all of them; each takes its own.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Named {
    name: Option<String>,
    new_name: Option<String>,
    description: Option<String>,
    #[serde(deserialize_with = "list")]
    tags: Vec<Pair>,
    #[serde(deserialize_with = "list")]
    stages: Vec<String>,
    key: Option<String>,
    value: Option<String>,
    alias: Option<String>,
    version: Option<Int>,
}

/// The arguments of a search.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct SearchArgs {
    pub filter: Option<String>,
    #[serde(deserialize_with = "list")]
    pub order_by: Vec<String>,
    pub max_results: Option<Int>,
    pub page_token: Option<String>,
}

impl SearchArgs {
    /// As the room takes it, with `default` rows in a page where nothing is said.
    pub(super) fn asked(&self, default: usize) -> search::Asked<'_> {
        search::Asked {
            filter: self.filter.as_deref().unwrap_or_default(),
            order_by: &self.order_by,
            max_results: self.max_results.map_or(default, |n| usize::try_from(n.0).unwrap_or(0)),
            page_token: self.page_token.clone(),
        }
    }
}

async fn answer(web: &Web, model: &ModelFull) -> Reply<Value> {
    let latest = web.store.versions_latest(&[&model.row.id]).await?;
    Ok(Json(json!({ "registered_model": out::model(model, &latest) })))
}

async fn create(State(web): State<Web>, Writer(by): Writer, Args(a): Args<Named>) -> Reply<Value> {
    let (name, tags) = (required(a.name, "name")?, pairs(a.tags, "tags")?);
    let model =
        registered::create(&web.store, &by, &name, a.description.as_deref().unwrap_or_default(), &tags.into_iter().collect()).await?;
    answer(&web, &model).await
}

async fn one(State(web): State<Web>, Reader(by): Reader, Args(a): Args<Named>) -> Reply<Value> {
    let model = registered::get(&web.store, &by, &required(a.name, "name")?).await?;
    answer(&web, &model).await
}

async fn update(State(web): State<Web>, Writer(by): Writer, Args(a): Args<Named>) -> Reply<Value> {
    let (name, description) = (required(a.name, "name")?, a.description.unwrap_or_default());
    let change = ModelChange { description: Some(description), ..ModelChange::default() };
    let model = registered::update(&web.store, &by, &name, &change).await?;
    answer(&web, &model).await
}

async fn rename(State(web): State<Web>, Keeper(by): Keeper, Args(a): Args<Named>) -> Reply<Value> {
    let model = registered::rename(&web.store, &by, &required(a.name, "name")?, &required(a.new_name, "new_name")?).await?;
    answer(&web, &model).await
}

async fn remove(State(web): State<Web>, Keeper(by): Keeper, Args(a): Args<Named>) -> Reply<Empty> {
    registered::delete(&web.store, &by, &required(a.name, "name")?).await?;
    Ok(Json(Empty {}))
}

async fn search_all(State(web): State<Web>, Reader(by): Reader, Args(a): Args<SearchArgs>) -> Reply<Value> {
    let found = search::models(&web.store, &by, &a.asked(100)).await?;
    let ids: Vec<&str> = found.items.iter().map(|m| m.row.id.as_str()).collect();
    let latest = web.store.versions_latest(&ids).await?;
    let items = found.items.iter().map(|m| out::model(m, &latest)).collect();
    Ok(Json(page("registered_models", items, found.next_page_token)))
}

async fn latest(State(web): State<Web>, Reader(by): Reader, Args(a): Args<Named>) -> Reply<Value> {
    let stages = a.stages.iter().map(|s| names::stage(s)).collect::<Result<Vec<_>>>()?;
    let model = registered::get(&web.store, &by, &required(a.name, "name")?).await?;
    let latest = web.store.versions_latest(&[&model.row.id]).await?;
    let wanted = latest.iter().filter(|v| stages.is_empty() || stages.contains(&v.row.stage.as_str()));
    Ok(Json(page("model_versions", wanted.map(out::version).collect(), None)))
}

async fn tag_set(State(web): State<Web>, Writer(by): Writer, Args(a): Args<Named>) -> Reply<Empty> {
    let (name, key) = (required(a.name, "name")?, required(a.key, "key")?);
    registered::tag_set(&web.store, &by, &name, &key, a.value.as_deref().unwrap_or_default()).await?;
    Ok(Json(Empty {}))
}

async fn tag_remove(State(web): State<Web>, Writer(by): Writer, Args(a): Args<Named>) -> Reply<Empty> {
    registered::tag_remove(&web.store, &by, &required(a.name, "name")?, &required(a.key, "key")?).await?;
    Ok(Json(Empty {}))
}

async fn alias_get(State(web): State<Web>, Reader(by): Reader, Args(a): Args<Named>) -> Reply<Value> {
    let version = aliases::get(&web.store, &by, &required(a.name, "name")?, &required(a.alias, "alias")?).await?;
    Ok(Json(json!({ "model_version": out::version(&version) })))
}

async fn alias_set(State(web): State<Web>, Writer(by): Writer, Args(a): Args<Named>) -> Reply<Empty> {
    let (name, alias) = (required(a.name, "name")?, required(a.alias, "alias")?);
    let version = a.version.ok_or_else(|| MlflowError(crate::runs::validate::missing("version")))?;
    aliases::set(&web.store, &by, &name, &alias, version.0).await?;
    Ok(Json(Empty {}))
}

async fn alias_remove(State(web): State<Web>, Writer(by): Writer, Args(a): Args<Named>) -> Reply<Empty> {
    aliases::remove(&web.store, &by, &required(a.name, "name")?, &required(a.alias, "alias")?).await?;
    Ok(Json(Empty {}))
}
