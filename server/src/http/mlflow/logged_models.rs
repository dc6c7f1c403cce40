//! `logged-models`

use super::{
    error::{MlflowError, Reply},
    registry_wire::{self as out, page},
    team::{Reader, Writer},
    wire::{Args, Empty, Int, Pair, list, pairs, required},
};
use crate::{
    access::TeamMember,
    error::Error,
    http::{extract::At, state::Web},
    models::{logged, logged::Status, logged_search},
    runs::experiments::real_id,
    store::{logged_model_search::OnDataset, logged_models::LoggedModelFull},
};
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
        .route("/logged-models", post(create))
        .route("/logged-models/search", post(search))
        .route("/logged-models/{model_id}", get(one).patch(finalize).delete(remove))
        .route("/logged-models/{model_id}/tags", patch(tags_set))
        .route("/logged-models/{model_id}/tags/{tag_key}", delete(tag_remove))
        .route("/logged-models/{model_id}/params", post(params))
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct New {
    experiment_id: Option<String>,
    name: Option<String>,
    model_type: Option<String>,
    source_run_id: Option<String>,
    #[serde(deserialize_with = "list")]
    params: Vec<Pair>,
    #[serde(deserialize_with = "list")]
    tags: Vec<Pair>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Change {
    status: Option<Value>,
    #[serde(deserialize_with = "list")]
    params: Vec<Pair>,
    #[serde(deserialize_with = "list")]
    tags: Vec<Pair>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Which {
    allow_deleted: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Search {
    #[serde(deserialize_with = "list")]
    experiment_ids: Vec<String>,
    filter: Option<String>,
    #[serde(deserialize_with = "list")]
    datasets: Vec<Dataset>,
    max_results: Option<Int>,
    #[serde(deserialize_with = "list")]
    order_by: Vec<OrderBy>,
    page_token: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Dataset {
    dataset_name: Option<String>,
    dataset_digest: Option<String>,
}

impl Dataset {
    fn on(self) -> OnDataset {
        OnDataset { name: self.dataset_name.unwrap_or_default(), digest: self.dataset_digest.filter(|d| !d.is_empty()) }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct OrderBy {
    field_name: Option<String>,
    ascending: Option<bool>,
    dataset_name: Option<String>,
    dataset_digest: Option<String>,
}

/// The word or the number of protobuf.
fn status(value: Option<Value>) -> Result<Status, MlflowError> {
    match value.as_ref().map(|v| v.as_str().map_or_else(|| v.to_string(), str::to_owned)).as_deref() {
        Some("LOGGED_MODEL_PENDING" | "1") => Ok(Status::Pending),
        Some("LOGGED_MODEL_READY" | "2") => Ok(Status::Ready),
        Some("LOGGED_MODEL_UPLOAD_FAILED" | "3") => Ok(Status::UploadFailed),
        _ => Err(Error::invalid(
            "status",
            "Invalid value for parameter 'status' supplied: it is LOGGED_MODEL_READY or LOGGED_MODEL_UPLOAD_FAILED.",
        )
        .into()),
    }
}

fn answer(by: &TeamMember, model: &LoggedModelFull) -> Json<Value> {
    Json(json!({ "model": out::logged(&by.team.id, model) }))
}

async fn create(State(web): State<Web>, Writer(by): Writer, Args(a): Args<New>) -> Reply<Value> {
    let experiment_id = required(a.experiment_id, "experiment_id")?;
    let new = logged::NewModel {
        experiment_id: real_id(&by.team.id, &experiment_id),
        name: a.name.as_deref(),
        model_type: a.model_type.as_deref().filter(|t| !t.is_empty()),
        source_run_id: a.source_run_id.as_deref().filter(|r| !r.is_empty()),
        tags: pairs(a.tags, "tags")?.into_iter().collect(),
        params: pairs(a.params, "params")?.into_iter().collect(),
    };
    Ok(answer(&by, &logged::create(&web.store, &by, &new).await?))
}

async fn one(State(web): State<Web>, Reader(by): Reader, At([id]): At<1>, Args(a): Args<Which>) -> Reply<Value> {
    let deleted = a.allow_deleted.is_some_and(|d| d.eq_ignore_ascii_case("true"));
    Ok(answer(&by, &logged::get(&web.store, &by, &id, deleted).await?))
}

async fn finalize(State(web): State<Web>, Writer(by): Writer, At([id]): At<1>, Args(a): Args<Change>) -> Reply<Value> {
    Ok(answer(&by, &logged::finalize(&web.store, &by, &id, status(a.status)?).await?))
}

async fn remove(State(web): State<Web>, Writer(by): Writer, At([id]): At<1>) -> Reply<Empty> {
    logged::delete(&web.store, &by, &id).await?;
    Ok(Json(Empty {}))
}

async fn tags_set(State(web): State<Web>, Writer(by): Writer, At([id]): At<1>, Args(a): Args<Change>) -> Reply<Value> {
    let tags = pairs(a.tags, "tags")?.into_iter().collect();
    Ok(answer(&by, &logged::tags_set(&web.store, &by, &id, &tags).await?))
}

async fn tag_remove(State(web): State<Web>, Writer(by): Writer, At([id, key]): At<2>) -> Reply<Empty> {
    logged::tag_remove(&web.store, &by, &id, &key).await?;
    Ok(Json(Empty {}))
}

async fn params(State(web): State<Web>, Writer(by): Writer, At([id]): At<1>, Args(a): Args<Change>) -> Reply<Empty> {
    logged::params(&web.store, &by, &id, &pairs(a.params, "params")?.into_iter().collect()).await?;
    Ok(Json(Empty {}))
}

async fn search(State(web): State<Web>, Reader(by): Reader, Args(a): Args<Search>) -> Reply<Value> {
    let order = |o: OrderBy| {
        let dataset = o.dataset_name.filter(|n| !n.is_empty());
        logged_search::OrderBy {
            field_name: o.field_name.unwrap_or_default(),
            ascending: o.ascending.unwrap_or(true),
            dataset: dataset.map(|name| OnDataset { name, digest: o.dataset_digest.filter(|d| !d.is_empty()) }),
        }
    };
    let asked = logged_search::Asked {
        experiments: a.experiment_ids.iter().map(|id| real_id(&by.team.id, id).to_owned()).collect(),
        filter: a.filter.unwrap_or_default(),
        datasets: a.datasets.into_iter().map(Dataset::on).collect(),
        order_by: a.order_by.into_iter().map(order).collect(),
        max_results: a.max_results.map_or(logged_search::DEFAULT_RESULTS, |n| usize::try_from(n.0).unwrap_or(0)),
        page_token: a.page_token,
    };
    let found = logged_search::search(&web.store, &by, asked).await?;
    Ok(Json(page("models", found.items.iter().map(|m| out::logged(&by.team.id, m)).collect(), found.next_page_token)))
}
