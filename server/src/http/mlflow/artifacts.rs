//! The artifact proxy, `mlflow-artifacts/artifacts`, and listings of runs' and models' files.

use super::{
    error::{MlflowError, Reply},
    team::{Reader, Writer},
    wire::{Args, Empty, run_id},
};
use crate::{
    artifacts::{ArtifactPath, Entry},
    error::Result,
    http::{extract::At, files, state::Web, uploads},
    models::proxy,
};
use axum::{
    Json, Router,
    body::Body,
    extract::{Path, State, rejection::PathRejection},
    http::{HeaderMap, header},
    response::Response,
    routing::get,
};
use serde::Deserialize;
use serde_json::{Value, json};

/// `mlflow-artifacts/*`
pub fn proxy_router() -> Router<Web> {
    Router::new().route("/artifacts", get(list)).route("/artifacts/{*path}", get(download).put(upload).delete(remove))
}

/// `mlflow/*`
pub fn router() -> Router<Web> {
    Router::new().route("/artifacts/list", get(of_run)).route("/logged-models/{model_id}/artifacts/directories", get(of_model))
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Which {
    run_id: Option<String>,
    run_uuid: Option<String>,
    path: Option<String>,
    artifact_directory_path: Option<String>,
}

type AnyPath = std::result::Result<Path<String>, PathRejection>;

fn text(path: AnyPath) -> Result<String> {
    path.map(|Path(p)| p).map_err(|_| crate::error::Error::invalid("path", "Invalid path: it is not valid UTF-8."))
}

fn entries(folder: &ArtifactPath, list: Vec<Entry>) -> Value {
    let one = |e: Entry| {
        let path = if folder.is_root() { e.name } else { format!("{folder}/{}", e.name) };
        match e.size {
            Some(size) => json!({ "path": path, "is_dir": false, "file_size": size }),
            None => json!({ "path": path, "is_dir": true }),
        }
    };
    list.into_iter().map(one).collect()
}

async fn list(State(web): State<Web>, Reader(by): Reader, Args(a): Args<Which>) -> Reply<Value> {
    let found = proxy::list(&web.store, &web.artifacts, &by, a.path.as_deref().unwrap_or_default()).await?;
    Ok(Json(json!({ "files": entries(&ArtifactPath::root(), found) })))
}

async fn download(
    State(web): State<Web>,
    Reader(by): Reader,
    path: AnyPath,
    headers: HeaderMap,
) -> std::result::Result<Response, MlflowError> {
    let path = text(path)?;
    let found = proxy::open(&web.store, &web.artifacts, &by, &path, files::range(&headers)).await;
    let name = path.rsplit('/').next().unwrap_or_default();
    Ok(files::answer(found, name, files::As::Bytes, &headers)?)
}

async fn upload(State(web): State<Web>, Writer(by): Writer, path: AnyPath, headers: HeaderMap, body: Body) -> Reply<Empty> {
    let path = text(path)?;
    let said = headers.get(header::CONTENT_LENGTH).and_then(|v| v.to_str().ok()).and_then(|v| v.parse::<u64>().ok());
    let mut body = body.into_data_stream();
    let put = if said.is_some_and(|n| n > web.artifacts.max_bytes()) {
        Err(web.artifacts.too_large())
    } else {
        proxy::put(&web.store, &web.artifacts, &by, &path, &mut body).await.map(drop)
    };
    if put.is_err() {
        uploads::drain(body).await;
    }
    put?;
    Ok(Json(Empty {}))
}

async fn remove(State(web): State<Web>, Writer(by): Writer, path: AnyPath) -> Reply<Empty> {
    proxy::delete(&web.store, &web.artifacts, &by, &text(path)?).await?;
    Ok(Json(Empty {}))
}

async fn of_run(State(web): State<Web>, Reader(by): Reader, Args(a): Args<Which>) -> Reply<Value> {
    let (id, path) = (run_id(a.run_id, a.run_uuid)?, a.path.unwrap_or_default());
    let (root, found) = proxy::list_run(&web.store, &web.artifacts, &by, &id, &path).await?;
    Ok(Json(json!({ "root_uri": root, "files": entries(&ArtifactPath::parse(&path)?, found) })))
}

async fn of_model(State(web): State<Web>, Reader(by): Reader, At([id]): At<1>, Args(a): Args<Which>) -> Reply<Value> {
    let path = a.artifact_directory_path.unwrap_or_default();
    let (root, found) = proxy::list_model(&web.store, &web.artifacts, &by, &id, &path).await?;
    Ok(Json(json!({ "root_uri": root, "files": entries(&ArtifactPath::parse(&path)?, found) })))
}
