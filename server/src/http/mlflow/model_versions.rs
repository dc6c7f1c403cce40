//! `model-versions/*`

use super::{
    error::{MlflowError, Reply},
    registered_models::SearchArgs,
    registry_wire::{self as out, page},
    team::{Keeper, Reader, Writer},
    wire::{Args, Empty, Int, Pair, list, pairs, required},
};
use crate::{
    http::state::Web,
    models::{search, versions},
    runs::validate::missing,
    store::model_versions::VersionFull,
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
        .route("/model-versions/create", post(create))
        .route("/model-versions/get", get(one))
        .route("/model-versions/update", patch(update))
        .route("/model-versions/delete", delete(remove))
        .route("/model-versions/search", get(search_all))
        .route("/model-versions/get-download-uri", get(download_uri))
        .route("/model-versions/transition-stage", post(transition))
        .route("/model-versions/set-tag", post(tag_set))
        .route("/model-versions/delete-tag", delete(tag_remove))
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct New {
    name: Option<String>,
    source: Option<String>,
    run_id: Option<String>,
    run_link: Option<String>,
    model_id: Option<String>,
    description: Option<String>,
    #[serde(deserialize_with = "list")]
    tags: Vec<Pair>,
}

/// The arguments of all the others; each takes its own.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Which {
    name: Option<String>,
    version: Option<Int>,
    description: Option<String>,
    stage: Option<String>,
    archive_existing_versions: Option<bool>,
    key: Option<String>,
    value: Option<String>,
}

impl Which {
    fn which(&self) -> Result<(String, i64), MlflowError> {
        let name = required(self.name.clone(), "name")?;
        Ok((name, self.version.ok_or_else(|| missing("version"))?.0))
    }
}

fn answer(version: &VersionFull) -> Json<Value> {
    Json(json!({ "model_version": out::version(version) }))
}

async fn create(State(web): State<Web>, Writer(by): Writer, Args(a): Args<New>) -> Reply<Value> {
    let (name, source) = (required(a.name, "name")?, required(a.source, "source")?);
    let given = |text: &Option<String>| text.clone().filter(|t| !t.is_empty());
    let (run_id, run_link, model_id) = (given(&a.run_id), given(&a.run_link), given(&a.model_id));
    let new = versions::Registration {
        model: &name,
        source: &source,
        run_id: run_id.as_deref(),
        model_id: model_id.as_deref(),
        run_link: run_link.as_deref(),
        description: a.description.as_deref().unwrap_or_default(),
        tags: pairs(a.tags, "tags")?.into_iter().collect(),
        ..versions::Registration::default()
    };
    Ok(answer(&versions::create(&web.store, &web.artifacts, &by, &new).await?))
}

async fn one(State(web): State<Web>, Reader(by): Reader, Args(a): Args<Which>) -> Reply<Value> {
    let (name, version) = a.which()?;
    Ok(answer(&versions::get(&web.store, &by, &name, version).await?))
}

async fn update(State(web): State<Web>, Writer(by): Writer, Args(a): Args<Which>) -> Reply<Value> {
    let ((name, version), text) = (a.which()?, a.description.unwrap_or_default());
    let change = ModelChange { description: Some(text), ..ModelChange::default() };
    Ok(answer(&versions::update(&web.store, &by, &name, version, &change).await?))
}

async fn remove(State(web): State<Web>, Keeper(by): Keeper, Args(a): Args<Which>) -> Reply<Empty> {
    let (name, version) = a.which()?;
    versions::delete(&web.store, &by, &name, version).await?;
    Ok(Json(Empty {}))
}

async fn search_all(State(web): State<Web>, Reader(by): Reader, Args(a): Args<SearchArgs>) -> Reply<Value> {
    let found = search::versions(&web.store, &by, &a.asked(search::MAX_VERSIONS)).await?;
    Ok(Json(page("model_versions", found.items.iter().map(out::version).collect(), found.next_page_token)))
}

async fn download_uri(State(web): State<Web>, Reader(by): Reader, Args(a): Args<Which>) -> Reply<Value> {
    let (name, version) = a.which()?;
    let found = versions::get(&web.store, &by, &name, version).await?;
    Ok(Json(json!({ "artifact_uri": found.row.storage })))
}

async fn transition(State(web): State<Web>, Writer(by): Writer, Args(a): Args<Which>) -> Reply<Value> {
    let (name, version) = a.which()?;
    let (stage, archive) = (required(a.stage, "stage")?, a.archive_existing_versions.unwrap_or_default());
    Ok(answer(&versions::transition(&web.store, &by, &name, version, &stage, archive).await?))
}

async fn tag_set(State(web): State<Web>, Writer(by): Writer, Args(a): Args<Which>) -> Reply<Empty> {
    let ((name, version), key) = (a.which()?, required(a.key, "key")?);
    versions::tag_set(&web.store, &by, &name, version, &key, a.value.as_deref().unwrap_or_default()).await?;
    Ok(Json(Empty {}))
}

async fn tag_remove(State(web): State<Web>, Writer(by): Writer, Args(a): Args<Which>) -> Reply<Empty> {
    let ((name, version), key) = (a.which()?, required(a.key, "key")?);
    versions::tag_remove(&web.store, &by, &name, version, &key).await?;
    Ok(Json(Empty {}))
}
